from __future__ import annotations

import numpy as np
import pytest

from pipeline.places import moved
from scanpage.document import Display, DisplayRow, Formula, Page, Paragraph, ScannedPage, TextLine
from scanpage.geometry import Box
from scanpage.homography import Homography
from scanpage.region import Region, RegionKind


def formula(box: Box, kind: RegionKind) -> Formula:
    return Formula(Region(box, kind, 0.5), "x", 0.75)


def scanned() -> ScannedPage:
    inline = formula(Box(60, 10, 80, 20), RegionKind.INLINE)
    line = TextLine(Box(10, 10, 100, 20), ("for all", inline), 0.9, 8.0)
    row = DisplayRow((formula(Box(30, 50, 90, 70), RegionKind.ISOLATED),), "3")
    return ScannedPage(Page("a.png", 1, 200, 100, 200.0), (Paragraph((line,), heading=1), Display((row,))))


def test_every_box_moves_and_nothing_else_changes() -> None:
    page = Page("a.png", 1, 100, 200, 200.0, quarter_turns=1)
    there = moved(scanned(), Homography.quarter_turns(3, 200, 100), page)
    assert there.page is page
    paragraph, display = there.blocks
    assert paragraph.box == Box(80, 10, 90, 100)
    assert paragraph.formulas[0].box == Box(80, 60, 90, 80)
    assert display.box == Box(30, 30, 50, 90)
    back = moved(there, Homography.quarter_turns(1, 100, 200), scanned().page)
    assert back == scanned()


def test_what_leaves_the_picture_is_clipped_to_it() -> None:
    shift = Homography(np.array([[1.0, 0, -70], [0, 1, 0], [0, 0, 1]]))
    there = moved(scanned(), shift, Page("a.png", 1, 15, 100, 200.0))
    assert there.formulas[0].box.xyxy == pytest.approx((0, 10, 10, 20))
    assert all(0 <= f.box.x0 <= f.box.x1 <= 15 for f in there.formulas)
