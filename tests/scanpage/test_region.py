"""Regions and their kinds."""

from __future__ import annotations

import math

import pytest

from scanpage.geometry import Box
from scanpage.region import Region, RegionKind


def test_kinds_and_coco_categories_map_both_ways() -> None:
    assert [kind.coco_id for kind in RegionKind] == [1, 2]
    assert all(RegionKind.from_coco_id(kind.coco_id) is kind for kind in RegionKind)


@pytest.mark.parametrize("coco_id", [0, 3, -1])
def test_other_categories_are_refused(coco_id: int) -> None:
    with pytest.raises(ValueError, match="1 is isolated, 2 is inline"):
        RegionKind.from_coco_id(coco_id)


@pytest.mark.parametrize("score", [0.0, 0.5, 1.0])
def test_scores_are_shares(score: float) -> None:
    assert Region(Box(0, 0, 1, 1), RegionKind.INLINE, score).score == score


@pytest.mark.parametrize("score", [-0.01, 1.01, math.nan])
def test_other_scores_are_refused(score: float) -> None:
    with pytest.raises(ValueError, match="score"):
        Region(Box(0, 0, 1, 1), RegionKind.INLINE, score)
