"""The sheet to look at, and the command that draws it."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from scanpage.errors import ExitCode
from synth import cli, preview
from synth.layout import Layout
from synth.mathtext import typeset_mathtext


@pytest.fixture(autouse=True)
def no_tex(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preview, "available", lambda: False)


def command(*arguments: object) -> int:
    return cli.main(["preview", *map(str, arguments)])


def ink_of_columns(sheet: np.ndarray, columns: int) -> list[float]:
    return [float((255 - part).mean()) for part in np.array_split(sheet, columns, axis=1)]


def test_real_inks_stand_beside_painted_ones_of_the_same_formulas(inks: Path, tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    assert command("--inks", inks, "--out", out, "--count", 3) == ExitCode.DONE
    sheet = cv2.imread(str(out), cv2.IMREAD_GRAYSCALE)
    rows = np.array_split(sheet, 3)
    assert all(min(ink_of_columns(row, 3)) > 0.5 for row in rows)
    assert sheet.min() < 60 < 240 < np.median(sheet)


def test_layouts_alone_are_shown_in_print(layouts: Path, tmp_path: Path) -> None:
    out = tmp_path / "new" / "sheet.png"
    assert command("--layouts", layouts, "--out", out, "--count", 2) == ExitCode.DONE
    shares = ink_of_columns(cv2.imread(str(out), cv2.IMREAD_GRAYSCALE), 3)
    assert min(shares[:2]) > 0.5 > shares[2]  # the third place of the row stays empty


def test_inks_whose_formulas_the_layouts_have_come_first(monkeypatch: pytest.MonkeyPatch) -> None:
    from synth.pen import Ink

    stroke = np.array([[0, 0], [10, 20], [20, 5]], np.float32)
    inks = [Ink(f"w-{k}", label, (stroke,), ((label, (0,)),)) for k, label in enumerate(["a", "b", "c", "x+y"])]
    known = [result for result in typeset_mathtext(["x+y", "z"]) if isinstance(result, Layout)]
    known = [Layout(" ".join(layout.latex), layout.glyphs, layout.rules) for layout in known]
    shown = []
    monkeypatch.setattr(preview, "sheet", lambda rows: shown.extend(rows))
    for seed in range(5):
        shown.clear()
        preview.preview_inks(inks, known, 2, np.random.default_rng(seed))
        assert [cell.caption for cell in shown[0]] == ["written: x+y", "painted: x + y", "painted: x + y"]


def test_same_seed_same_sheet(inks: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{name}.png" for name in "abc"]
    for file, seed in zip(files, (1, 1, 2), strict=True):
        command("--inks", inks, "--out", file, "--count", 2, "--seed", seed)
    first, again, other = (file.read_bytes() for file in files)
    assert first == again != other


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--out", "sheet.png"], ExitCode.USAGE, "nothing to preview"),
        (["--out", "sheet.png", "--layouts", "a", "--count", "0"], ExitCode.USAGE, "at least 1"),
        (["--out", "sheet.png", "--layouts", "a", "--seed", "-1"], ExitCode.USAGE, "--seed"),
        (["--out", "sheet.xyz", "--layouts", "none.layouts"], ExitCode.UNWRITABLE_OUTPUT, "sheet.xyz"),
        (["--out", "sheet.png", "--inks", "none.jsonl"], ExitCode.UNREADABLE_INPUT, "none.jsonl"),
    ],
)
def test_mistakes_end_in_one_line_and_a_code(
    arguments: list[str], code: int, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command(*arguments) == code
    out, err = capsys.readouterr()
    assert not out
    assert words in err
    assert err.count("\n") == 1


def test_an_empty_list_of_inks_is_an_input_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "none.jsonl").write_text("\n")
    assert command("--inks", tmp_path / "none.jsonl", "--out", tmp_path / "s.png") == ExitCode.UNREADABLE_INPUT
    assert "no inks" in capsys.readouterr().err
