from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.places import moved
from pipeline.preview import (
    COLUMN_PX,
    DOUBT_COLOUR,
    KIND_COLOURS,
    OTHER_COLOUR,
    PAGE_SIDE_PX,
    Colour,
    PreviewFolder,
    Spot,
    draw_preview,
    place,
    wrap_text,
)
from scanpage.document import JPEG_START, Display, DisplayRow, Figure, Formula, Page, ScannedPage
from scanpage.errors import OutputError
from scanpage.geometry import Box
from scanpage.homography import Homography
from scanpage.region import Region, RegionKind

BLANK = np.full((300, 200, 3), 255, np.uint8)


def scanned(*boxes: Box, source: str = "a/notes.pdf", number: int = 1, check: bool = False) -> ScannedPage:
    formulas = [Formula(Region(box, RegionKind.ISOLATED), "x + 1", 0.4, check=check) for box in boxes]
    blocks = tuple(Display((DisplayRow((formula,)),)) for formula in formulas)
    return ScannedPage(Page(source, number, 200, 300, 100.0), blocks)


@pytest.mark.parametrize(("check", "colour"), [(False, KIND_COLOURS[RegionKind.ISOLATED]), (True, DOUBT_COLOUR)])
def test_boxes_stand_around_their_formulas_in_red_where_they_are_to_be_checked(check: bool, colour: Colour) -> None:
    picture = np.asarray(draw_preview(scanned(Box(50, 100, 150, 130), check=check), BLANK))
    scale = PAGE_SIDE_PX / 300
    assert picture.shape == (PAGE_SIDE_PX, 200 * scale + COLUMN_PX, 3)
    edge = picture[int(115 * scale), int(50 * scale) - 6 : int(50 * scale) + 2]
    assert (np.abs(edge.astype(int) - colour).sum(1) < 10).any()
    middle = picture[int(115 * scale), int(100 * scale)]
    assert middle.min() > 200  # the ink under the box stays readable


def test_a_picture_has_a_frame() -> None:
    page = replace(scanned(), blocks=(Figure(Box(50, 100, 150, 130), JPEG_START),))
    picture = np.asarray(draw_preview(page, BLANK))
    scale = PAGE_SIDE_PX / 300
    assert (picture[int(115 * scale), int(50 * scale)] == OTHER_COLOUR).all()
    assert (picture[int(115 * scale), int(100 * scale)] == 255).all()


def test_many_readings_fill_more_columns() -> None:
    boxes = [Box(50, 2 * n, 150, 2 * n + 2) for n in range(60)]
    few, many = (draw_preview(scanned(*boxes[:count]), BLANK) for count in (3, 60))
    assert (few.width, few.height) == (1000 + COLUMN_PX, PAGE_SIDE_PX)
    assert many.height == PAGE_SIDE_PX and many.width > few.width


@given(st.lists(st.tuples(st.floats(0, 1500), st.floats(10, 100)), max_size=60))
def test_entries_keep_their_order_and_never_overlap(entries: list[tuple[float, float]]) -> None:
    heights = [height for _, height in entries]
    spots = place([wanted for wanted, _ in entries], heights, 1500)
    for spot, height, following in zip(spots, heights, spots[1:], strict=False):
        below = following.column == spot.column and following.top >= spot.top + height - 1e-6
        assert below or following == Spot(spot.column + 1, following.top)
    assert all(20 <= spot.top <= 1500 - height for spot, height in zip(spots, heights, strict=True))


@given(st.text(alphabet="ab \\{}^", max_size=80), st.integers(30, 300))
def test_wrapped_lines_hold_the_whole_text(text: str, width: int) -> None:
    lines = wrap_text(text, width)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_files_are_named_by_source_and_page(tmp_path: Path) -> None:
    pages = [scanned(), scanned(number=2), scanned(source="b/notes.pdf"), scanned(source="<stdin>")]
    folder = PreviewFolder(tmp_path, [page.page.source for page in pages])
    names = [folder.add(page, BLANK).name for page in pages]
    assert names == ["notes-p001.jpg", "notes-p002.jpg", "notes-2-p001.jpg", "stdin-p001.jpg"]
    assert Image.open(tmp_path / names[0]).size == (1000 + COLUMN_PX, 1500)


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        PreviewFolder(tmp_path / "file", [scanned().page.source]).add(scanned(), BLANK)


def test_a_picture_that_lies_on_its_side_is_shown_upright() -> None:
    upright = scanned(Box(50, 100, 150, 130))
    lying = Page("a/notes.pdf", 1, 300, 200, 100.0, quarter_turns=1)
    sideways = moved(upright, Homography.quarter_turns(3, 200, 300), lying)
    turned = np.ascontiguousarray(np.rot90(BLANK, 3))
    assert np.array_equal(np.asarray(draw_preview(sideways, turned)), np.asarray(draw_preview(upright, BLANK)))
