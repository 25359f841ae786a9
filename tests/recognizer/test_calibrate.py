"""`recognizer calibrate`: what it reads, what it refuses, what it writes."""

from __future__ import annotations

import argparse
import errno
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from recognizer import cli_calibrate
from recognizer.calibration import Calibration
from recognizer.cli import main
from recognizer.config import RecognizerConfig
from recognizer.predict import Recognizer
from scanpage import weights
from scanpage.errors import ExitCode, UsageError

pytest.importorskip("sacrebleu")  # of the extra `train`, as all that measures
from recognizer import calibrate
from recognizer.evaluate import Sample

TRUE = Calibration((-3.0, 1.5, 0.6))


@pytest.fixture
def folder(model_folder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model."""
    return Path(shutil.copytree(model_folder, tmp_path / "model"))


@pytest.fixture
def inks(tmp_path: Path) -> Path:
    """Five written crosses that say 0 + x to 4 + x."""
    path = tmp_path / "inks.jsonl"
    strokes = [[0, 0, 0, 90], [50, 45, 90, 45], [70, 20, 70, 70]]
    rows = [{"id": str(k), "label": f"{k} + x", "strokes": strokes} for k in range(5)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def known_readings(*_: object) -> Iterator[calibrate.Truth]:
    """Readings that are right as often as `TRUE` says."""
    rng = np.random.default_rng(0)
    for _reading in range(1500):
        logs = (-rng.exponential(rng.exponential(0.1), rng.integers(1, 30))).tolist()
        yield logs, bool(rng.random() < TRUE.probability(logs))


def test_the_fit_is_written_sealed_and_used(
    folder: Path, inks: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(calibrate, "read", known_readings)
    before = RecognizerConfig.from_json(weights.read_json(folder / "recognizer.json"))
    assert main(["calibrate", "--weights", str(folder), "--inks", str(inks)]) == ExitCode.DONE
    weights.verify(folder)
    after = Recognizer(folder, threads=1).config
    assert after.vocabulary == before.vocabulary and after.image == before.image
    for logs in ([-0.01] * 5, [-0.1] * 20, [-2.0, -0.3]):
        assert after.calibration.probability(logs) == pytest.approx(TRUE.probability(logs), abs=0.06)
    figures = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert int(float(figures["readings"])) == 1500
    assert float(figures["error_after"]) < 0.05 < float(figures["error_before"])


def test_a_folder_that_cannot_be_written_is_told_before_anything_is_read(
    folder: Path, inks: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    def read(*arguments: object) -> None:
        pytest.fail("formulas were read")

    monkeypatch.setattr("scanpage.files.tempfile.TemporaryFile", refuse)
    monkeypatch.setattr(calibrate, "read", read)
    assert main(["calibrate", "--weights", str(folder), "--inks", str(inks)]) == ExitCode.UNWRITABLE_OUTPUT
    assert f"cannot write in {folder}: Permission denied" in capsys.readouterr().err


def test_too_few_formulas_are_refused_and_nothing_is_written(
    folder: Path, inks: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = (folder / "recognizer.json").read_bytes()
    assert main(["calibrate", "--weights", str(folder), "--inks", str(inks)]) == ExitCode.USAGE
    assert "are too few to calibrate on" in capsys.readouterr().err
    assert (folder / "recognizer.json").read_bytes() == settings


@pytest.mark.parametrize(
    ("right", "wrong", "enough"),
    [(100, 99, False), (100, 100, True), (19, 500, False), (500, 19, False), (20, 500, True)],
)
def test_what_is_enough(right: int, wrong: int, enough: bool) -> None:
    readings = [([-0.1], True)] * right + [([-0.1], False)] * wrong
    if enough:
        calibrate.check(readings)
    else:
        with pytest.raises(UsageError, match="too few"):
            calibrate.check(readings)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [([], "nothing to calibrate on"), (["--inks", "x", "--limit", "0"], "--limit must be 1 or more")],
)
def test_options_that_make_no_sense_are_refused(arguments: list[str], message: str) -> None:
    parser = argparse.ArgumentParser()
    cli_calibrate.add_arguments(parser)
    with pytest.raises(UsageError, match=message):
        cli_calibrate.run(parser.parse_args(arguments))


def test_each_ink_is_painted_clean_and_as_a_photo_shows_it(inks: Path) -> None:
    samples = list(calibrate.handwritten([inks], 100, np.random.default_rng(0)))
    assert [sample.label for sample in samples] == [(str(k), "+", "x") for k in range(5) for _ in range(2)]
    again = list(calibrate.handwritten([inks], 100, np.random.default_rng(0)))
    assert all((a.crop.shape == b.crop.shape) and (a.crop == b.crop).all() for a, b in zip(samples, again, strict=True))
    assert all(clean.crop.max() == 255 and clean.crop[0].min() == 255 for clean in samples[::2])


@pytest.mark.parametrize(("limit", "labels"), [(2, "03"), (3, "024"), (5, "01234")])
def test_a_limit_takes_formulas_from_all_over_the_file(limit: int, labels: str, inks: Path) -> None:
    samples = list(calibrate.handwritten([inks], limit, np.random.default_rng(0)))
    assert "".join(sample.label[0] for sample in samples[::2]) == labels


def test_printed_formulas_keep_their_labels(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    from synth.corpus import save_layouts
    from synth.layout import Layout
    from synth.mathtext import typeset_mathtext

    layouts = [found for found in typeset_mathtext(["x + 1", r"\alpha ^ { 2 }"]) if isinstance(found, Layout)]
    save_layouts(tmp_path / "formulas.layouts", layouts)
    samples = list(calibrate.printed([tmp_path / "formulas.layouts"], 10, np.random.default_rng(0)))
    assert [" ".join(sample.label) for sample in samples[::2]] == ["x + 1", r"\alpha ^ { 2 }"]
    assert len(samples) == 4


def test_readings_are_judged_against_their_labels(model_folder: Path, inks: Path) -> None:
    recognizer = Recognizer(model_folder, threads=1)
    samples = list(calibrate.handwritten([inks], 100, np.random.default_rng(0)))
    own = [recognizer.read(sample.crop).tokens for sample in samples]
    true = [Sample(sample.crop, tokens) for sample, tokens in zip(samples, own, strict=True)]
    assert [right for _, right in calibrate.read(recognizer, iter(true))] == [True] * 10
    assert not any(right for _, right in calibrate.read(recognizer, iter(samples)))


def test_help_is_quick() -> None:
    code = (
        "import sys\nfrom recognizer.cli import main\n"
        "try:\n    main(['calibrate', '--help'])\nexcept SystemExit as end:\n    assert end.code == 0\n"
        "assert not {'torch', 'onnxruntime', 'cv2', 'numpy', 'transformers'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
