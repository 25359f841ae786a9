from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.regions import crop, settle, share_inside
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind


def test_regions_are_clipped_and_slivers_dropped() -> None:
    regions = [
        Region(Box(-5, 10, 50, 30), RegionKind.INLINE, 0.5),
        Region(Box(99, 10, 120, 30), RegionKind.INLINE, 0.9),  # one pixel of it is on the page
    ]
    assert settle(regions, width=100, height=40) == [Region(Box(0, 10, 50, 30), RegionKind.INLINE, 0.5)]


@given(st.integers(0, 90), st.integers(0, 50), st.integers(3, 60), st.integers(3, 60))
def test_crop_holds_the_whole_box_and_never_leaves_the_page(x: int, y: int, width: int, height: int) -> None:
    page = np.zeros((60, 100, 3), np.uint8)
    box = Box(x, y, x + width, y + height).clipped(100, 60)
    page[y : y + height, x : x + width] = 255
    cut = crop(page, box)
    assert (cut == 255).sum() == (page == 255).sum()


def test_share_inside() -> None:
    assert share_inside(Box(0, 0, 10, 10), Box(5, 0, 30, 30)) == 0.5
    assert share_inside(Box(3, 3, 3, 9), Box(0, 0, 10, 10)) == 0
