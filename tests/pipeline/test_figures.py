"""Figures and tables are cut out as pictures, those of print by its own rules, and nothing else is."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from pipeline.assemble import assemble
from pipeline.figures import cut_figures, find_figures
from scanpage.document import Figure, Formula, Page, TextLine
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

WIDTH, HEIGHT = 800, 1000
PLOT = Box(200, 420, 560, 640)


def line(x0: float, y0: float, x1: float, text: str, *, letter: float | None = 12) -> TextLine:
    return TextLine(Box(x0, y0, x1, y0 + 18), (text,), 0.9, letter)


PROSE = [line(80, 60 + 30 * k, 720, f"prose that has nothing to do with plots {k}") for k in range(10)]


def page(*boxes: Box) -> np.ndarray:
    """White paper with prose, and with a curve in axes at each box."""
    image = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    for each in PROSE:
        x0, y0, x1, y1 = each.box.pixels()
        image[y0 + 4 : y1 - 4, x0:x1:7] = 30
    for box in boxes:
        x0, y0, x1, y1 = box.pixels()
        cv2.line(image, (x0, y0), (x0, y1 - 1), (0, 0, 0), 2)
        cv2.line(image, (x0, y1 - 1), (x1 - 1, y1 - 1), (0, 0, 0), 2)
        steps = np.arange(0, x1 - x0, 4)
        curve = np.stack([x0 + steps, (y0 + y1) / 2 + (y1 - y0) * 0.45 * np.sin(steps / 30)], axis=1)
        cv2.polylines(image, [curve.astype(np.int32)], False, (200, 60, 30), 2)
    return image


def near(one: Box, other: Box) -> bool:
    return one.iou(other) > 0.9


def test_a_plot_is_found() -> None:
    (box,) = find_figures(page(PLOT), PROSE, [])
    assert near(box, PLOT)


def test_two_plots_apart_are_two_figures_from_top_to_bottom() -> None:
    below = Box(200, 720, 560, 900)
    first, second = find_figures(page(below, PLOT), PROSE, [])
    assert near(first, PLOT) and near(second, below)


def test_prose_alone_holds_no_figure() -> None:
    assert find_figures(page(), PROSE, []) == []


def test_what_reaches_the_edge_is_none() -> None:
    assert find_figures(page(Box(0, 420, 560, 999)), PROSE, []) == []


def test_a_frame_around_a_result_is_none() -> None:
    image = page()
    cv2.rectangle(image, (200, 420), (560, 520), (0, 0, 0), 2)
    result = Formula(Region(Box(230, 440, 530, 500), RegionKind.ISOLATED), "x = 1", 0.9)
    assert find_figures(image, PROSE, [result]) == []
    assert len(find_figures(image, PROSE, [])) == 1


def test_a_frame_around_prose_is_none() -> None:
    image = page()
    cv2.rectangle(image, (70, 415), (730, 515), (0, 0, 0), 2)
    theorem = [line(80, 425 + 22 * k, 720, "words in a frame") for k in range(4)]
    assert find_figures(image, [*PROSE, *theorem], []) == []


def test_numbers_of_axes_go_into_the_picture_and_captions_stay() -> None:
    ticks = [line(210, 645, 540, "0 10 20 30", letter=9), line(170, 500, 195, "5", letter=None)]
    caption = line(200, 690, 560, "Figure 1: a curve")
    figures, prose, _ = cut_figures(page(PLOT), [*PROSE, *ticks, caption], [])
    assert len(figures) == 1 and figures[0].box.y1 >= 660 and figures[0].box.x0 <= 175
    assert prose == [*PROSE, caption]
    picture = cv2.imdecode(np.frombuffer(figures[0].jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert abs(picture.shape[1] - figures[0].box.width) <= 8


def test_the_number_of_the_page_above_a_plot_is_none_of_its_axes() -> None:
    number = line(530, 385, 560, "607")
    figures, prose, _ = cut_figures(page(PLOT), [*PROSE, number], [])
    assert near(figures[0].box, PLOT) and prose == [*PROSE, number]


def test_the_name_of_an_axis_goes_into_the_picture_and_prose_that_touches_it_stays() -> None:
    name = line(300, 636, 420, "number of columns", letter=9)
    figures, prose, _ = cut_figures(page(PLOT), [*PROSE, name], [])
    assert figures[0].box.y1 == name.box.y1 and prose == PROSE
    caption = line(300, 636, 420, "Figure 1: columns", letter=9)
    assert cut_figures(page(PLOT), [*PROSE, caption], [])[1] == [*PROSE, caption]
    paragraph = [line(220, 636, 420, "prose that goes on"), line(220, 660, 420, "in a second line")]
    assert cut_figures(page(PLOT), [*PROSE, *paragraph], [])[1] == [*PROSE, *paragraph]
    for before in ("The names come below:", "Names that stand above"):
        above = line(220, 386, 420, before)
        assert cut_figures(page(PLOT), [*PROSE, above], [])[1] == [*PROSE, above]
    beside = line(555, 500, 780, "prose beside the plot")
    assert cut_figures(page(PLOT), [*PROSE, beside], [])[1] == [*PROSE, beside]


def test_in_handwriting_a_plot_is_cut_out_and_a_frame_around_writing_is_not() -> None:
    uneven = [line(80, 60 + 30 * k, 720, f"written words {k}", letter=8.0 + 5 * (k % 4)) for k in range(10)]
    image = page(PLOT)
    cv2.rectangle(image, (60, 40), (740, 375), (0, 0, 0), 2)
    (figure,), prose, _ = cut_figures(image, uneven, [])
    assert near(figure.box, PLOT) and prose == uneven


@pytest.mark.parametrize("beside", [False, True])
def test_figures_stand_where_they_were_among_the_prose(beside: bool) -> None:
    figure = Figure(Box(80, 100, 300, 300), b"\xff\xd8\xff")
    other = Figure(Box(400, 100, 700, 300), b"\xff\xd8\xff")
    lines = [line(80, 40, 720, "above"), line(80, 400, 720, "below")]
    blocks = assemble(Page("a.png", 1, WIDTH, HEIGHT, 150.0), lines, [], [other, figure] if beside else [figure]).blocks
    assert [type(block).__name__ for block in blocks] == ["Paragraph", *["Figure"] * (1 + beside), "Paragraph"]
    assert blocks[1] is figure
