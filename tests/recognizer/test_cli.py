"""The command `recognizer` as users call it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageGrab

from recognizer.cli import main
from recognizer.picture import open_picture
from recognizer.predict import Recognizer
from recognizer.reading import Reading

CALL = "import sys; from recognizer.cli import main; sys.exit(main())"
COMMANDS = ("train", "evaluate", "calibrate", "export", "read", "explain")


def called(*arguments: object, **options: Any) -> subprocess.CompletedProcess[Any]:
    command = [sys.executable, "-c", CALL, *map(str, arguments)]
    offline = os.environ | {"HF_HUB_OFFLINE": "1"}
    return subprocess.run(command, capture_output=True, timeout=120, check=False, env=offline, **options)


def recognizer(*arguments: object) -> subprocess.CompletedProcess[str]:
    return called(*arguments, text=True)


@pytest.fixture
def pictures(tmp_path: Path) -> list[Path]:
    """Three small pictures, of which the last lies across: a camera was turned."""
    paths = [tmp_path / name for name in ("a.png", "b.png", "c.jpg")]
    for path in paths:
        picture = np.full((40, 120), 255, np.uint8)
        cv2.putText(picture, path.stem, (20, 30), cv2.FONT_HERSHEY_SIMPLEX, 1.0, 0, 2)
        exif = Image.Exif()
        exif[0x0112] = 6
        Image.fromarray(picture).save(path, **({"exif": exif} if path.suffix == ".jpg" else {}))
    return paths


@pytest.mark.parametrize("arguments", [(), *((command,) for command in COMMANDS)])
def test_help_loads_no_engine(arguments: tuple[str, ...]) -> None:
    code = (
        "import sys\nfrom recognizer.cli import main\n"
        f"try:\n    main({[*arguments, '--help']})\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "assert not {'torch', 'onnxruntime', 'cv2', 'numpy', 'transformers'} & set(sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    assert "usage: recognizer" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["evaluate", "--weights", "nowhere", "--layouts", "x"], 4, "no model at nowhere"),
        (["read", "missing.png"], 3, "missing.png"),
        (["export", "nowhere", "--out", "out"], 4, "nowhere"),
        (["evaluate"], 2, "required"),
        ([], 2, "COMMAND"),
    ],
)
def test_errors_are_one_line_and_a_code(arguments: list[str], code: int, message: str) -> None:
    run = recognizer(*arguments)
    assert run.returncode == code
    assert message in run.stderr
    assert "Traceback" not in run.stderr
    # Wrong options are told below the usage.
    assert run.stderr.count("\n") == 1 or run.stderr.startswith("usage:")


def test_reads_pictures_to_stdout(model_folder: Path, pictures: list[Path]) -> None:
    run = recognizer("read", *pictures, "--weights", model_folder, "--threads", 1)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == [reading.latex for reading in read_here(model_folder, pictures)]
    assert run.stderr == ""


def read_here(model_folder: Path, pictures: list[Path], **options: Any) -> list[Reading]:
    return Recognizer(model_folder, threads=1).read_batch([open_picture(path) for path in pictures], **options)


def test_reads_standard_input(model_folder: Path, pictures: list[Path]) -> None:
    run = called("read", "-", pictures[1], "--weights", model_folder, input=pictures[0].read_bytes())
    assert run.returncode == 0, run.stderr
    assert run.stdout.decode().splitlines() == [reading.latex for reading in read_here(model_folder, pictures[:2])]


def test_json_names_source_score_and_alternatives(model_folder: Path, pictures: list[Path]) -> None:
    options = {"beams": 3, "alternatives": 2, "temperature": 1.5}
    flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    run = recognizer("read", *pictures[:2], "--weights", model_folder, "--threads", 1, "--json", *flags)
    assert run.returncode == 0, run.stderr
    rows, expected = json.loads(run.stdout), read_here(model_folder, pictures[:2], **options)
    assert [row["source"] for row in rows] == [str(path) for path in pictures[:2]]
    for row, reading in zip(rows, expected, strict=True):
        assert (row["latex"], row["score"]) == (reading.latex, pytest.approx(reading.score, abs=1e-4))
        assert [other["latex"] for other in row["alternatives"]] == [other.latex for other in reading.alternatives]
        assert len(row["alternatives"]) == 2 and row["latex"] not in [other["latex"] for other in row["alternatives"]]


def test_a_broken_picture_costs_only_its_own_line(
    model_folder: Path, pictures: list[Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(pictures[0].read_bytes()[:60])
    expected = [reading.latex for reading in read_here(model_folder, pictures[:2])]
    call = ["read", str(pictures[0]), str(broken), str(pictures[1]), "--weights", str(model_folder), "--threads", "1"]
    assert main(call) == 6
    out, error = capsys.readouterr()
    assert out.splitlines() == [expected[0], "", expected[1]]
    assert "broken.png is damaged" in error and error.count("\n") == 1
    assert main([*call, "--json"]) == 6
    rows = json.loads(capsys.readouterr().out)
    assert [row["latex"] for row in rows] == [expected[0], "", expected[1]]
    assert ["error" in row for row in rows] == [False, True, False] and rows[1]["score"] == 0.0


def test_where_no_picture_can_be_read_each_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["read", str(tmp_path / "a.png"), str(tmp_path / "b.png")]) == 3
    error = capsys.readouterr().err
    assert "a.png" in error and "b.png" in error and error.count("\n") == 2


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a file that is always full")
@pytest.mark.parametrize("arguments", [("read", "a.png"), ("read", "a.png", "--json"), ("explain", "a.png", "-o", "-")])
def test_a_full_disk_behind_standard_output_is_one_line(
    arguments: tuple[str, ...], model_folder: Path, pictures: list[Path]
) -> None:
    command = [sys.executable, "-c", CALL, "-q", *arguments, "--weights", str(model_folder)]
    with Path("/dev/full").open("wb") as full:
        run = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, text=True, cwd=pictures[0].parent, check=False
        )
    assert run.returncode == 5
    assert run.stderr == "recognizer: cannot write to standard output: No space left on device\n"


@pytest.mark.parametrize(("missing", "options"), [("jiwer", []), ("matplotlib", ["--reliability", "a.png"])])
def test_evaluate_tells_what_is_not_installed_before_it_reads(
    missing: str, options: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("sacrebleu")
    monkeypatch.setitem(sys.modules, missing, None)
    assert main(["evaluate", "--layouts", "nowhere", *options]) == 2
    assert capsys.readouterr().err == f"recognizer: {missing} is not installed: pip install 'scanpage[train]'\n"


@pytest.mark.parametrize(
    "command",
    [("explain", "a.png"), ("evaluate", "--inks", "a"), ("calibrate",), ("train", "--stage=rendered", "--out=a")],
)
def test_no_command_takes_less_than_no_threads(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*command, "--threads", "-1"]) == 2
    assert capsys.readouterr().err == "recognizer: --threads must not be negative, got -1\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [(["--limit", "0"], "--limit must be 1 or more"), (["--em", "-3"], "--em must be above 0")],
)
def test_evaluate_refuses_sizes_that_make_no_sense(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--layouts", "x", *options]) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "nothing to read"),
        (["-", "-"], "only once"),
        (["a.png", "--beams", "0"], "--beams must be at least 1, got 0"),
        (["a.png", "--alternatives", "-1", "--json"], "--alternatives must not be negative"),
        (["a.png", "--alternatives", "2"], "--json only"),
        (["a.png", "--temperature", "0"], "--temperature must be above 0"),
        (["a.png", "--temperature", "nan"], "--temperature must be above 0"),
        (["a.png", "--threads", "-1"], "--threads must not be negative"),
    ],
)
def test_options_that_make_no_sense_are_refused_in_one_line(
    options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["read", *options]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1


def test_without_a_clipboard_the_command_says_so(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setattr(ImageGrab, "grabclipboard", lambda: None)
    assert main(["read", "--clipboard"]) == 3
    assert capsys.readouterr().err == "recognizer: the clipboard holds no picture: copy one first\n"


def test_explain_draws_a_sheet_and_an_animation(
    model_folder: Path, pictures: list[Path], tmp_path: Path, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["explain", str(pictures[0]), "--gif", "a.gif", "--weights", str(model_folder)]) == 0
    with Image.open(tmp_path / "a-explained.png") as sheet, Image.open(tmp_path / "a.gif") as gif:
        assert sheet.format == "PNG" and sheet.width == 1500
        assert gif.n_frames > 3  # type: ignore[attr-defined]
    assert capsys.readouterr().out == ""


def test_explain_writes_to_standard_output(model_folder: Path, pictures: list[Path]) -> None:
    run = called("-q", "explain", "-", "-o", "-", "--weights", model_folder, input=pictures[0].read_bytes())
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith(b"\x89PNG") and run.stderr == b""


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["-o", "a.png"], 2, "a.png is the picture itself"),
        (["-o", "./../{folder}/a.png"], 2, "is the picture itself"),
        (["-o", "a.txt"], 2, "a sheet's name ends in .png"),
        (["--gif", "b.png"], 2, "an animation's name ends in .gif"),
        (["-o", "a.png/b.png"], 5, "cannot write a.png/b.png"),
    ],
)
def test_explain_does_not_write_what_it_should_not(
    options: list[str], code: int, message: str, model_folder: Path, pictures: list[Path], tmp_path: Path,
    monkeypatch: Any, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    before = pictures[0].read_bytes()
    options = [option.format(folder=tmp_path.name) for option in options]
    assert main(["-q", "explain", "a.png", *options, "--weights", str(model_folder)]) == code
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert pictures[0].read_bytes() == before


def test_the_package_itself_offers_the_recognizer() -> None:
    import recognizer as package

    assert package.Recognizer is Recognizer
    with pytest.raises(AttributeError, match="Nothing"):
        _ = package.Nothing


def test_evaluates_inks_and_writes_figures_and_pictures(model_folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("sacrebleu")
    inks = tmp_path / "inks.jsonl"
    rows = [
        {"id": "a", "label": "1 + x", "strokes": [[0, 0, 0, 90], [50, 45, 90, 45], [70, 20, 70, 70]]},
        {"id": "b", "label": "\\unknown", "strokes": [[0, 0, 60, 60], [60, 0, 0, 60]]},
    ]
    inks.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    run = recognizer(
        "evaluate", "--weights", model_folder, "--inks", inks, "--no-typeset", "--json", tmp_path / "out.json",
        "--worst", tmp_path / "worst", "--threads", 1,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    saved = json.loads((tmp_path / "out.json").read_text("utf-8"))
    assert saved["figures"]["samples"] == 2
    assert saved["figures"]["perplexity"] > 1.0
    assert [row["label"] for row in saved["readings"]] == ["1 + x", "\\unknown"]
    for name in ("exact_match", "bleu4", "cer", "wer", "edit_distance", "perplexity", "within_2"):
        assert name in run.stdout
    assert len(list((tmp_path / "worst").glob("*.png"))) == 2
