"""Drawings in handwriting are cut out as pictures; writing, what people add to it and what paper shows are not."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from pipeline.drawings import find_drawings
from pipeline.figures import cut_figures
from scanpage.document import Formula, TextLine
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

WIDTH, HEIGHT, LINE_PX = 800, 1000, 30
INK = (40, 40, 120)
WRITTEN = [Box(100, 60 + 60 * k, 460, 60 + 60 * k + LINE_PX) for k in range(6)]


def page(*, ruled: bool = False, squared: bool = False) -> np.ndarray:
    """Paper with six lines of writing above and room below."""
    image = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    if ruled or squared:
        for y in range(30, HEIGHT - 10, 30):
            cv2.line(image, (0, y), (WIDTH, y + 4), (150, 150, 170), 1)
    if squared:
        for x in range(30, WIDTH - 10, 30):
            cv2.line(image, (x, 0), (x + 4, HEIGHT), (150, 150, 170), 1)
    for box in WRITTEN:
        write(image, box)
    return image


def write(image: np.ndarray, box: Box) -> None:
    x0, y0, x1, y1 = box.pixels()
    for x in range(x0 + 4, x1 - 12, 18):
        cv2.ellipse(image, (x + 5, (y0 + y1) // 2), (6, 9), 20, 0, 300, INK, 2)


def triangle(image: np.ndarray) -> Box:
    cv2.polylines(image, [np.array([[200, 700], [420, 700], [230, 560]])], True, INK, 2, cv2.LINE_AA)
    return Box(200, 560, 420, 700)


def circle(image: np.ndarray) -> Box:
    cv2.circle(image, (300, 640), 75, INK, 2, cv2.LINE_AA)
    return Box(225, 565, 375, 715)


def axes(image: np.ndarray) -> Box:
    cv2.arrowedLine(image, (300, 720), (300, 550), INK, 2, cv2.LINE_AA, tipLength=0.05)
    cv2.arrowedLine(image, (200, 680), (400, 680), INK, 2, cv2.LINE_AA, tipLength=0.05)
    x = np.linspace(-80, 80, 40)
    curve = np.stack([300 + x, 690 - 0.02 * x**2], axis=1)
    cv2.polylines(image, [curve.astype(np.int32)], False, INK, 2, cv2.LINE_AA)
    return Box(200, 550, 400, 720)


@pytest.mark.parametrize("draw", [triangle, circle, axes])
@pytest.mark.parametrize("paper", [{}, {"ruled": True}, {"squared": True}], ids=["plain", "ruled", "squared"])
def test_a_drawing_is_found_on_any_paper(draw: Callable[[np.ndarray], Box], paper: dict[str, bool]) -> None:
    image = page(**paper)
    place = draw(image)
    (box,) = find_drawings(image, WRITTEN)
    # On ruled paper strokes may be lost that lie on its lines.
    assert box.iou(place) > 0.6


@pytest.mark.parametrize("paper", [{}, {"ruled": True}, {"squared": True}], ids=["plain", "ruled", "squared"])
def test_writing_and_paper_alone_hold_none(paper: dict[str, bool]) -> None:
    assert find_drawings(page(**paper), WRITTEN) == []


@pytest.mark.parametrize(("bend_px", "part"), [(25, slice(None)), (0, slice(200, 600))], ids=["bent", "a part"])
def test_squares_of_paper_are_no_cells_of_a_table(bend_px: float, part: slice) -> None:
    image = page()
    ys, xs = np.mgrid[0:HEIGHT, 0:WIDTH]
    bent_ys = ys + bend_px * np.sin(2 * np.pi * xs / WIDTH)
    bent_xs = xs + bend_px * np.sin(2 * np.pi * ys / HEIGHT)
    squares = (bent_ys % 30 < 2) | (bent_xs % 30 < 2)
    image[part, part][squares[part, part]] = 110
    assert find_drawings(image, WRITTEN) == []


def boxed_result(image: np.ndarray) -> list[Box]:
    cv2.rectangle(image, (90, 500), (480, 640), INK, 2)
    result = Box(110, 510, 460, 630)
    write(image, result)
    return [result]


def frame_at_a_brace(image: np.ndarray) -> list[Box]:
    cv2.rectangle(image, (120, 500), (480, 550), INK, 2)
    cv2.polylines(image, [np.array([[110, 500], [118, 540], [110, 600], [125, 660], [112, 720]])], False, INK, 2)
    cv2.line(image, (115, 525), (120, 525), INK, 2)
    result = Box(130, 510, 460, 540)
    write(image, result)
    return [result]


def empty_frame(image: np.ndarray) -> list[Box]:
    cv2.rectangle(image, (90, 500), (480, 640), INK, 2)
    return []


def long_division(image: np.ndarray) -> list[Box]:
    cv2.line(image, (300, 500), (300, 640), INK, 2)
    cv2.line(image, (300, 540), (400, 540), INK, 2)
    return []


def arrow(image: np.ndarray) -> list[Box]:
    cv2.arrowedLine(image, (150, 500), (400, 700), INK, 2, cv2.LINE_AA, tipLength=0.1)
    return []


def margin_line(image: np.ndarray) -> list[Box]:
    cv2.line(image, (60, 300), (130, 850), INK, 2, cv2.LINE_AA)
    return []


def struck_out(image: np.ndarray) -> list[Box]:
    """Half of it is taken for a line."""
    for y in (520, 550):
        write(image, Box(100, y, 320, y + LINE_PX))
    cv2.line(image, (100, 515), (320, 585), INK, 2)
    cv2.line(image, (100, 585), (320, 515), INK, 2)
    return []


def at_the_edge(image: np.ndarray) -> list[Box]:
    cv2.circle(image, (0, 640), 75, INK, 2)
    return []


def small(image: np.ndarray) -> list[Box]:
    cv2.circle(image, (300, 640), 25, INK, 2)
    return []


def root(image: np.ndarray) -> list[Box]:
    corners = np.array([[100, 600], [115, 640], [130, 520], [420, 520]])
    cv2.polylines(image, [corners], False, INK, 2, cv2.LINE_AA)
    return [Box(98, 515, 425, 645)]


@pytest.mark.parametrize(
    "draw",
    [
        boxed_result,
        frame_at_a_brace,
        empty_frame,
        long_division,
        arrow,
        margin_line,
        struck_out,
        at_the_edge,
        small,
        root,
    ],
)
def test_what_belongs_to_writing_is_no_drawing(draw: Callable[[np.ndarray], list[Box]]) -> None:
    image = page()
    assert find_drawings(image, [*WRITTEN, *draw(image)]) == []


def drawn_table(image: np.ndarray) -> list[Box]:
    """Shaky lines, three columns and four rows of writing."""
    for k in range(5):
        cv2.line(image, (98, 500 + 50 * k), (503, 503 + 50 * k + k % 2), INK, 2, cv2.LINE_AA)
    for k in range(4):
        cv2.line(image, (100 + 133 * k, 498), (103 + 133 * k, 705), INK, 2, cv2.LINE_AA)
    cells = [Box(115 + 133 * c, 510 + 50 * r, 215 + 133 * c, 540 + 50 * r) for r in range(4) for c in range(3)]
    for cell in cells:
        write(image, cell)
    return cells


def test_a_drawn_table_is_found_though_it_is_full_of_writing() -> None:
    image = page()
    cells = drawn_table(image)
    (box,) = find_drawings(image, [*WRITTEN, *cells])
    assert box.iou(Box(98, 498, 503, 706)) > 0.9


def test_a_drawing_without_any_writing_is_found() -> None:
    image = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
    place = axes(image)
    (box,) = find_drawings(image, [])
    assert box.iou(place) > 0.9


def line(box: Box, text: str) -> TextLine:
    return TextLine(box, (text,), 0.9, None)


def formula(box: Box, latex: str) -> Formula:
    return Formula(Region(box, RegionKind.ISOLATED), latex, 0.9)


def test_names_of_sides_go_into_the_picture_and_lines_beside_it_stay() -> None:
    image = page()
    triangle(image)
    written = [line(box, "a line of writing") for box in WRITTEN]
    inside, beside = line(Box(240, 640, 260, 665), "8"), formula(Box(172, 620, 192, 645), "h")
    sentence, result = line(Box(460, 600, 700, 630), "the height is"), formula(Box(200, 760, 320, 790), "h = 3")
    figures, prose, displayed = cut_figures(image, [*written, inside, sentence], [beside, result])
    assert len(figures) == 1 and figures[0].box.x0 == 172
    assert prose == [*written, sentence] and displayed == [result]
