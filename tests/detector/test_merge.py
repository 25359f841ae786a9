"""One formula, one region."""

import pytest

from detector.merge import merge
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

WHOLE = Box(0, 0, 100, 20)
PART = Box(5, 2, 30, 18)
OTHER_PART = Box(60, 2, 95, 18)
ELSEWHERE = Box(0, 50, 100, 70)


def _isolated(box: Box, score: float) -> Region:
    return Region(box, RegionKind.ISOLATED, score)


def _inline(box: Box, score: float) -> Region:
    return Region(box, RegionKind.INLINE, score)


CASES = [
    pytest.param([_isolated(WHOLE, 0.9), _isolated(ELSEWHERE, 0.8)], [0, 1], id="formulas apart stay"),
    pytest.param([_isolated(WHOLE, 0.6), _inline(WHOLE, 0.7)], [1], id="of two kinds at one place the surer stays"),
    pytest.param([_isolated(WHOLE, 0.9), _inline(PART, 0.8)], [0], id="a part of a formula goes"),
    pytest.param([_isolated(WHOLE, 0.7), _inline(PART, 0.9)], [0], id="a whole nearly as sure as its part stays"),
    pytest.param([_isolated(WHOLE, 0.2), _inline(PART, 0.9), _inline(OTHER_PART, 0.8)], [1, 2], id="no paragraphs"),
    pytest.param([_isolated(WHOLE, 0.8), _inline(PART, 0.9), _inline(OTHER_PART, 0.85)], [0], id="whole over parts"),
    pytest.param([], [], id="nothing"),
]


@pytest.mark.parametrize(("regions", "kept"), CASES)
def test_doubled_and_nested_regions_become_one(regions: list[Region], kept: list[int]) -> None:
    assert merge(regions) == sorted((regions[index] for index in kept), key=lambda region: -region.score)


def test_merging_twice_changes_nothing() -> None:
    regions = merge([_isolated(WHOLE, 0.7), _inline(PART, 0.9), _inline(ELSEWHERE, 0.5), _isolated(ELSEWHERE, 0.4)])
    assert merge(regions) == regions
