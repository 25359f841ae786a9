"""Precision-recall curves against cases counted by hand."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytest.importorskip("matplotlib")

from detector.coco import CocoPage
from detector.evaluate import Counts
from detector.precision_recall import COLOURS, curve, draw_curves
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind


def _counts(scores: list[float], hits: list[bool], truths: int) -> Counts:
    return Counts(np.array(scores, float), np.array(hits, bool), truths)


def test_each_score_is_a_point_whatever_the_order() -> None:
    recall, precision = curve(_counts([0.2, 0.9, 0.5], [True, True, False], 4))
    assert recall.tolist() == [1 / 4, 1 / 4, 2 / 4]
    assert precision.tolist() == [1, 1 / 2, 2 / 3]


def test_detections_of_one_score_are_taken_together() -> None:
    recall, precision = curve(_counts([0.9, 0.9, 0.9, 0.3], [True, False, True, False], 2))
    assert recall.tolist() == [1, 1]
    assert precision.tolist() == [2 / 3, 2 / 4]


def test_every_threshold_gives_a_point_of_the_curve() -> None:
    rng = np.random.default_rng(0)
    counts = Counts(rng.integers(1, 10, 50) / 10, rng.random(50) < 0.6, 40)
    points = set(zip(*(axis.tolist() for axis in curve(counts)), strict=True))
    for threshold in np.unique(counts.scores):
        at = counts.at(float(threshold))
        assert (at["recall"], at["precision"]) in points


def test_nothing_found_is_a_curve_without_points_and_no_truth_is_none() -> None:
    recall, precision = curve(_counts([], [], 3))
    assert recall.size == precision.size == 0
    with pytest.raises(ValueError, match="at least one truth"):
        curve(_counts([0.5], [False], 0))


def _drawn(path: Path, found: list[Region], truths: tuple[Region, ...]) -> np.ndarray:
    draw_curves(path, [found], [CocoPage(Path("none.png"), 100, 100, truths)], threshold=0.5)
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return np.asarray(picture.convert("RGB")).astype(int)


def _painted(picture: np.ndarray, kind: RegionKind) -> int:
    colour = [int(COLOURS[kind][i : i + 2], 16) for i in (1, 3, 5)]
    return int((np.abs(picture - colour).sum(2) < 12).sum())


def test_kinds_with_truth_have_curves_in_their_colour(tmp_path: Path) -> None:
    inline = Region(Box(0, 0, 10, 10), RegionKind.INLINE)
    picture = _drawn(tmp_path / "curves.png", [Region(inline.box, RegionKind.INLINE, 0.9)], (inline,))
    assert _painted(picture, RegionKind.INLINE) > 50
    assert _painted(picture, RegionKind.ISOLATED) == 0


@pytest.mark.parametrize("found", [[], [Region(Box(0, 0, 10, 10), RegionKind.INLINE, 0.9)]])
def test_pages_without_formulas_have_no_curves_and_a_picture_still(tmp_path: Path, found: list[Region]) -> None:
    picture = _drawn(tmp_path / "curves.png", found, ())
    assert not any(_painted(picture, kind) for kind in RegionKind)
