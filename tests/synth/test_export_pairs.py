"""Layouts out, as pictures with LaTeX that other programs read."""

from __future__ import annotations

import errno
import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanpage.errors import ExitCode, OutputError, UsageError
from synth.cli import main
from synth.corpus import save_layouts
from synth.export_pairs import Measure, Size, export_pairs
from synth.layout import Layout
from synth.mathtext import typeset_mathtext

LATEX = [r"\frac{a}{b}", "x=1", r"\sqrt{2}", "-"]
TOKENS = [r"\frac { a } { b }", "x = 1", r"\sqrt { 2 }", "-"]


@pytest.fixture
def layouts() -> list[Layout]:
    pytest.importorskip("matplotlib")
    made = [layout for layout in typeset_mathtext(LATEX) if isinstance(layout, Layout)]
    return [replace(it, latex=tokens, source=latex) for it, latex, tokens in zip(made, LATEX, TOKENS, strict=True)]


def pictures(folder: Path) -> list[np.ndarray]:
    return [cv2.imread(str(path), cv2.IMREAD_GRAYSCALE) for path in sorted((folder / "images").iterdir())]


def inks(path: Path) -> str:
    """Digits and letters written as zigzags."""
    symbols = "ab12x=-"
    strokes = [[100 * k + v for v in (0, 0, 60, 90, 0, 90, 60, 0)] for k in range(len(symbols))]
    ink = {
        "id": "w",
        "label": " ".join(symbols),
        "strokes": strokes,
        "symbols": [[s, [k]] for k, s in enumerate(symbols)],
    }
    with gzip.open(path, "wt") as file:
        file.write(json.dumps(ink) + "\n")
    return str(path)


def test_each_picture_has_its_latex_and_tokens(layouts: Sequence[Layout], tmp_path: Path) -> None:
    assert export_pairs(layouts, tmp_path / "out", size=Size(40)) == 4
    rows = [json.loads(line) for line in (tmp_path / "out" / "metadata.jsonl").read_text().splitlines()]
    assert [row["latex"] for row in rows] == LATEX
    assert [row["tokens"] for row in rows] == TOKENS
    assert [row["file_name"] for row in rows] == [f"images/{k:06d}.png" for k in range(4)]


def test_datasets_reads_it_as_an_image_folder(layouts: Sequence[Layout], tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    out = tmp_path / "out"
    export_pairs(layouts, out, size=Size(40))
    rows = datasets.load_dataset("imagefolder", data_dir=str(out), split="train", cache_dir=str(tmp_path / "cache"))
    assert rows["latex"] == LATEX
    assert rows["tokens"] == TOKENS
    for row, picture in zip(rows, pictures(out), strict=True):
        assert (np.array(row["image"].convert("L")) == picture).all()


@pytest.mark.parametrize("em_px", [20.0, 40.0])
def test_an_em_has_as_many_pixels_as_asked_for(layouts: Sequence[Layout], tmp_path: Path, em_px: float) -> None:
    export_pairs(layouts, tmp_path / "out", size=Size(em_px))
    for layout, picture in zip(layouts, pictures(tmp_path / "out"), strict=True):
        rows, columns = np.nonzero(picture < 200)
        assert np.ptp(rows) + 1 == pytest.approx(layout.box.height * em_px, abs=2)
        assert np.ptp(columns) + 1 == pytest.approx(layout.box.width * em_px, abs=2)
        assert picture[0].min() == picture[-1].min() == 255


def test_ink_is_as_high_as_asked_for_unless_it_is_a_mere_dash(layouts: Sequence[Layout], tmp_path: Path) -> None:
    export_pairs(layouts, tmp_path / "out", size=Size(64, Measure.HEIGHT))
    heights = [np.ptp(np.nonzero(picture < 200)[0]) + 1 for picture in pictures(tmp_path / "out")]
    assert heights[0] == pytest.approx(64, abs=2)
    assert heights[3] < 16


def test_the_command_writes_the_same_files_each_time(
    layouts: Sequence[Layout], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_layouts(tmp_path / "a.layouts", layouts)
    options = ["--inks", inks(tmp_path / "inks.jsonl.gz"), "--height", "64", "--limit", "3", "--seed", "5"]
    for name in ("one", "two"):
        code = main(["formulas", "export", str(tmp_path / "a.layouts"), "--out", str(tmp_path / name), *options])
        assert code == ExitCode.DONE
    assert "3 pictures" in capsys.readouterr().err
    one, two = pictures(tmp_path / "one"), pictures(tmp_path / "two")
    assert len(one) == 3
    for a, b in zip(one, two, strict=True):
        assert (a == b).all()
    assert main(["formulas", "export", str(tmp_path / "a.layouts"), "--out", str(tmp_path / "print"), "-q"]) == 0
    assert (one[0].shape != pictures(tmp_path / "print")[0].shape) or (one[0] != pictures(tmp_path / "print")[0]).any()


def test_a_folder_in_use_is_left_alone(layouts: Sequence[Layout], tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("")
    with pytest.raises(UsageError, match="not empty"):
        export_pairs(layouts, tmp_path, size=Size(40))
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_full_disk_leaves_nothing(layouts: Sequence[Layout], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.name == "000002.png":
            raise OSError(errno.ENOSPC, "No space left on device")
        return written(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match="No space left"):
        export_pairs(layouts, tmp_path / "out", size=Size(40))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("pixels", [0, -3, 1e6, float("nan")])
def test_senseless_sizes_are_refused(pixels: float) -> None:
    with pytest.raises(UsageError):
        Size(pixels)


def test_a_missing_corpus_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["formulas", "export", str(tmp_path / "none"), "--out", str(tmp_path / "out")])
    assert code == ExitCode.UNREADABLE_INPUT
    assert "none" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
