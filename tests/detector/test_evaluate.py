"""Figures against cases counted by hand."""

from pathlib import Path

import pytest

from detector.coco import CocoPage
from detector.evaluate import count, match, metrics, table
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

ISOLATED, INLINE = RegionKind.ISOLATED, RegionKind.INLINE


def _page(*regions: Region) -> CocoPage:
    return CocoPage(Path("none.png"), 200, 200, regions)


def _box(x: float, y: float, size: float = 10.0) -> Box:
    return Box(x, y, x + size, y + size)


def test_each_truth_is_found_once() -> None:
    truth = Region(_box(0, 0), ISOLATED)
    found = [Region(_box(0, 0), ISOLATED, 0.6), Region(_box(1, 0), ISOLATED, 0.9)]
    counts = match(found, [truth])
    # The better score comes first and takes the truth (IoU 9/11), although the other fits exactly.
    assert counts.scores.tolist() == [0.9, 0.6]
    assert counts.hits.tolist() == [True, False]


# Boxes of 10 x 10 shifted by d pixels share (10 - d) / (10 + d): 3 gives 0.538, 4 gives 0.429.
@pytest.mark.parametrize(("shift", "hit"), [(3, True), (4, False)])
def test_half_of_the_union_must_be_shared(shift: float, hit: bool) -> None:
    counts = match([Region(_box(shift, 0), ISOLATED, 0.9)], [Region(_box(0, 0), ISOLATED)])
    assert counts.hits.tolist() == [hit]


def test_figures_of_a_case_counted_by_hand() -> None:
    pages = [
        _page(Region(_box(0, 0), ISOLATED), Region(_box(50, 0), INLINE), Region(_box(100, 0), INLINE)),
        _page(Region(_box(0, 50), ISOLATED)),
    ]
    found = [
        # one isolated right, one inline right, one inline of the wrong kind
        [Region(_box(0, 0), ISOLATED, 0.9), Region(_box(50, 0), INLINE, 0.8), Region(_box(100, 0), ISOLATED, 0.7)],
        # the isolated one missed, paper found instead, and a low score that the threshold leaves out
        [Region(_box(150, 150), ISOLATED, 0.6), Region(_box(0, 50), ISOLATED, 0.3)],
    ]
    pytest.importorskip("pycocotools")
    figures = metrics(found, pages, threshold=0.5)
    assert figures["isolated"]["precision"] == pytest.approx(1 / 3)
    assert figures["isolated"]["recall"] == pytest.approx(1 / 2)
    assert figures["isolated"]["f1"] == pytest.approx(2 / 5)
    assert figures["inline"]["precision"] == 1.0
    assert figures["inline"]["recall"] == pytest.approx(1 / 2)
    assert figures["all"]["f1"] == pytest.approx(2 * 2 / (4 + 4))
    assert figures["any_kind"]["recall"] == pytest.approx(3 / 4)
    # Inline: its one detection is right and finds half, so precision is 1 on recall 0 to 0.5: 51 of 101 points.
    assert figures["inline"]["ap50"] == pytest.approx(51 / 101)
    # Isolated, best first: right, wrong, wrong, right. Precision 1 to recall 0.5, and 2/4 from there.
    assert figures["isolated"]["ap50"] == pytest.approx((51 + 50 / 2) / 101)


def test_a_box_that_fits_roughly_counts_at_half_the_union_only() -> None:
    pytest.importorskip("pycocotools")
    pages = [_page(Region(_box(0, 0), INLINE), Region(_box(50, 0), INLINE)), _page()]
    # One fits exactly, one is shifted by 3 pixels (IoU 0.538), one stands on a page without formulas.
    found = [
        [Region(_box(0, 0), INLINE, 0.9), Region(_box(53, 0), INLINE, 0.8)],
        [Region(_box(9, 9), INLINE, 0.7), Region(_box(90, 90), INLINE, 0.2)],
    ]
    figures = metrics(found, pages, threshold=0.5)
    for name in ("inline", "all", "any_kind"):
        row = figures[name]
        assert (row["right"], row["right_75"], row["found"]) == (2, 1, 3)
        assert row["precision_75"] == pytest.approx(1 / 3)
        assert row["recall_75"] == pytest.approx(1 / 2)
        assert row["f1_75"] == pytest.approx(2 / 5)
        assert row["false_per_page"] == pytest.approx(1 / 2)
        assert row["ap75"] == pytest.approx(51 / 101)
    assert figures["isolated"]["false_per_page"] == 0


def test_kind_blind_precision_takes_a_formula_of_the_wrong_kind() -> None:
    pytest.importorskip("pycocotools")
    figures = metrics([[Region(_box(0, 0), ISOLATED, 0.9)]], [_page(Region(_box(0, 0), INLINE))], threshold=0.5)
    assert figures["all"]["ap"] == 0
    assert figures["any_kind"]["ap"] == pytest.approx(1)
    assert figures["all"]["false_per_page"] == 1
    assert figures["any_kind"]["false_per_page"] == 0


@pytest.mark.parametrize("found", [[Region(_box(0, 0), INLINE, 0.9)], []])
def test_pages_without_formulas_have_false_boxes_and_no_recall(found: list[Region]) -> None:
    pytest.importorskip("pycocotools")
    figures = metrics([found, [], [], []], [_page()] * 4, threshold=0.5)
    assert figures["inline"]["false_per_page"] == len(found) / 4
    heads, *rows = (line.split() for line in table(figures).splitlines()[:-1])
    cells = {row[0]: dict(zip(heads, row[1:], strict=True)) for row in rows}
    assert cells["any_kind"]["false/page"] == f"{len(found) / 4:.2f}"
    assert cells["any_kind"]["precision"] == ("0.0" if found else "-")
    for name in ("recall", "F1", "rec@.75", "F1@.75", "AP50", "AP75", "AP"):
        assert {row[name] for row in cells.values()} == {"-"}


def test_best_threshold_leaves_the_wrong_ones_out() -> None:
    pages = [_page(Region(_box(0, 0), INLINE))]
    counts = count([[Region(_box(0, 0), INLINE, 0.8), Region(_box(90, 90), INLINE, 0.4)]], pages)[INLINE]
    assert 0.4 < counts.best_threshold() <= 0.8


def test_finding_nothing_is_a_result_too() -> None:
    pytest.importorskip("pycocotools")
    figures = metrics([[]], [_page(Region(_box(0, 0), INLINE))])
    assert figures["all"]["f1"] == 0.0
    assert figures["inline"]["ap50"] == 0.0
    assert figures["isolated"]["ap50"] == -1.0
