"""`recognizer evaluate`: how confidence compares with what was right."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("sacrebleu")  # of the extra `train`, as all that measures
from recognizer.cli import main
from recognizer.evaluate import Sample, confidence_bins
from recognizer.reading import Reading

CROP = np.full((8, 8), 255, np.uint8)


def test_a_reading_counts_as_right_only_where_all_its_tokens_are() -> None:
    readings = [Reading("x", 0.95, ("x",)), Reading("x y", 0.96, ("x", "y")), Reading("", 0.0, ())]
    samples = [Sample(CROP, ("x",)), Sample(CROP, ("x", "z")), Sample(CROP, ("x",))]
    bins = confidence_bins(readings, samples)
    assert [b.count for b in bins] == [1, *[0] * 13, 2]
    assert (bins[-1].accuracy, bins[0].accuracy) == (0.5, 0.0)


def test_the_calibration_error_is_told_and_drawn(
    model_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    strokes = [[0, 0, 0, 90], [50, 45, 90, 45], [70, 20, 70, 70]]
    (tmp_path / "a.jsonl").write_text(json.dumps({"id": "a", "label": "1 + x", "strokes": strokes}) + "\n", "utf-8")
    picture = tmp_path / "plots" / "reliability.png"
    command = ["evaluate", "--weights", str(model_folder), "--inks", str(tmp_path / "a.jsonl"), "--no-typeset"]
    assert main([*command, "--reliability", str(picture)]) == 0
    assert "calibration_error" in capsys.readouterr().out
    assert cv2.imread(str(picture)) is not None
