"""Ruled tables are found by their rules and columns; frames, rules around prose and formulas are none."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from pipeline.figures import cut_figures
from pipeline.tables import find_tables
from scanpage.document import Formula, TextLine
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

WIDTH, HEIGHT, LINE_PX = 1240, 1754, 30
TABLE = Box(300, 600, 900, 840)
ROWS, COLUMNS = 6, 4
ROW_PX, COLUMN_PX = 40, 150


def write(image: np.ndarray, x0: int, y0: int, x1: int) -> None:
    """Words of 30 to 70 pixels, 8 apart: gaps stand elsewhere in every line."""
    rng = np.random.default_rng(x0 + 7 * y0)
    x = x0
    while x < x1:
        end = min(x1, x + int(rng.integers(30, 70)))
        image[y0 + 6 : y0 + 22, x:end:4] = 20
        x = end + 8


def page(lines: Sequence[TextLine]) -> np.ndarray:
    image = np.full((HEIGHT, WIDTH, 3), 250, np.uint8)
    for line in lines:
        x0, y0, x1, _ = line.box.pixels()
        write(image, x0, y0, x1)
    return image


def paragraph(y0: int, count: int, x0: int = 120, x1: int = 1120) -> list[TextLine]:
    boxes = [Box(x0, y0 + 34 * k, x1, y0 + 34 * k + LINE_PX) for k in range(count)]
    return [TextLine(box, ("words of a paragraph that runs on and on",), 0.9, 16.0) for box in boxes]


PROSE = paragraph(120, 12)
CELLS = [
    TextLine(Box(x, y, x + 20 + 15 * ((row + column) % 4), y + LINE_PX), ("cell",), 0.9, 16.0)
    for row, y in enumerate(range(605, 840, ROW_PX))
    for column, x in enumerate(range(320, 900, COLUMN_PX))
]
CAPTION = TextLine(Box(300, 860, 800, 890), ("Table 1: values and words",), 0.9, 16.0)


def across(image: np.ndarray, *heights: int, x0: int = 300, x1: int = 900) -> np.ndarray:
    for y in heights:
        cv2.line(image, (x0, y), (x1, y), (60, 60, 60), 1)
    return image


def down(image: np.ndarray, *places: int, y0: int = 600, y1: int = 840) -> np.ndarray:
    for x in places:
        cv2.line(image, (x, y0), (x, y1), (60, 60, 60), 1)
    return image


def turned(image: np.ndarray, degrees: float) -> np.ndarray:
    way = cv2.getRotationMatrix2D((WIDTH / 2, HEIGHT / 2), degrees, 1.0)
    return np.asarray(cv2.warpAffine(image, way, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderValue=(250, 250, 250)))


def near(one: Box, other: Box) -> bool:
    return one.iou(other) > 0.93


@pytest.mark.parametrize(
    ("levels", "uprights"),
    [
        (range(600, 841, ROW_PX), range(300, 901, COLUMN_PX)),  # a full grid
        ((600, 640, 840), ()),  # booktabs: above and below the names of the columns, and at the end
        ((600, 840), ()),
        ((600, 640, 840), (450,)),
    ],
    ids=["grid", "three rules", "two rules", "three rules and an upright"],
)
def test_ruled_tables_are_found(levels: Sequence[int], uprights: Sequence[int]) -> None:
    (box,) = find_tables(down(across(page([*PROSE, *CELLS]), *levels), *uprights), [*PROSE, *CELLS])
    assert near(box, TABLE)


def test_the_rules_of_a_photo_may_be_slightly_tilted() -> None:
    image = turned(across(page([*PROSE, *CELLS]), 600, 640, 840), 0.3)
    (box,) = find_tables(image, [*PROSE, *CELLS])
    assert box.iou(TABLE) > 0.85


def test_cells_go_into_the_picture_and_the_caption_stays() -> None:
    formula = Formula(Region(Box(470, 690, 560, 715), RegionKind.ISOLATED), "x", 0.9)
    image = across(page([*PROSE, *CELLS, CAPTION]), 600, 640, 840)
    (figure,), prose, isolated = cut_figures(image, [*PROSE, *CELLS, CAPTION], [formula])
    assert near(figure.box, TABLE) and prose == [*PROSE, CAPTION] and isolated == []


def test_small_letters_of_cells_do_not_make_a_page_handwritten() -> None:
    cells = [TextLine(cell.box, ("all of a row read as one",), 0.9, 10.0) for cell in CELLS]
    figures, _, _ = cut_figures(across(page([*PROSE, *cells]), 600, 640, 840), [*PROSE, *cells], [])
    assert len(figures) == 1


def test_a_table_may_have_names_above_one_column_only() -> None:
    cells = [cell for cell in CELLS if cell.box.y0 > 640 or cell.box.x0 == 770]
    (box,) = find_tables(across(page([*PROSE, *cells]), 600, 640, 840), [*PROSE, *cells])
    assert near(box, TABLE)


def test_two_tables_with_prose_between_are_two() -> None:
    between = paragraph(870, 5, 300, 900)
    second = [TextLine(cell.box.translated(0, 500), ("cell",), 0.9, 16.0) for cell in CELLS]
    lines = [*PROSE, *CELLS, *between, *second]
    first, other = find_tables(across(page(lines), 600, 640, 840, 1100, 1140, 1340), lines)
    assert near(first, TABLE) and near(other, TABLE.translated(0, 500))


def test_the_rule_below_a_running_head_is_none_of_the_table() -> None:
    image = across(page([*PROSE, *CELLS]), 80, 600, 640, 840)
    (box,) = find_tables(image, [*PROSE, *CELLS])
    assert near(box, TABLE)


def test_a_caption_between_two_rules_stays_prose() -> None:
    lines = [*PROSE, *CELLS, *paragraph(565, 1, 300, 900)]
    (box,) = find_tables(across(page(lines), 560, 600, 640, 840), lines)
    assert near(box, TABLE)


def boxed_paragraph() -> tuple[np.ndarray, list[TextLine]]:
    lines = [*PROSE, *paragraph(610, 6, 310, 890)]
    return down(across(page(lines), 600, 840), 300, 900), lines


def ruled_algorithm() -> tuple[np.ndarray, list[TextLine]]:
    lines = [*PROSE, *paragraph(605, 1, 300, 560), *paragraph(645, 5, 300, 700)]
    return across(page(lines), 600, 640, 840), lines


def numbered_formula_between_rules() -> tuple[np.ndarray, list[TextLine]]:
    cells = [cell for cell in CELLS if cell.box.x0 in (320, 770) and cell.box.y0 < 690]
    return across(page([*PROSE, *cells]), 600, 690), [*PROSE, *cells]


def underlined_headings() -> tuple[np.ndarray, list[TextLine]]:
    lines = [*paragraph(120, 1, 120, 400), *paragraph(160, 6), *paragraph(400, 1, 120, 400), *paragraph(440, 6)]
    return across(page(lines), 150, 430, x0=120, x1=400), lines


def rules_within_prose() -> tuple[np.ndarray, list[TextLine]]:
    lines = [*PROSE, *[cell for cell in CELLS if cell.box.y0 < 800], *paragraph(800, 4)]
    return across(page(lines), 600, 640, 940), lines


def two_columns_between_rules() -> tuple[np.ndarray, list[TextLine]]:
    lines = [*paragraph(120, 40, 120, 600), *paragraph(120, 40, 640, 1120)]
    return across(page(lines), 100, 800, 1500, x0=120, x1=1120), lines


def matrix_and_fractions() -> tuple[np.ndarray, list[TextLine]]:
    cells = [cell for cell in CELLS if cell.box.x0 < 700]
    image = across(down(page([*PROSE, *cells]), 310, 690), 600, 840, x0=310, x1=322)
    across(image, 600, 840, x0=678, x1=690)
    return across(image, 640, 760, x0=320, x1=380), [*PROSE, *cells]


@pytest.mark.parametrize(
    "made",
    [
        boxed_paragraph,
        ruled_algorithm,
        numbered_formula_between_rules,
        underlined_headings,
        rules_within_prose,
        two_columns_between_rules,
        matrix_and_fractions,
    ],
)
def test_other_rules_make_no_table(made: object) -> None:
    assert callable(made)
    assert find_tables(*made()) == []


def test_nothing_is_found_where_nothing_is_written() -> None:
    assert find_tables(np.full((HEIGHT, WIDTH, 3), 255, np.uint8), []) == []
    assert find_tables(np.full((5, 5, 3), 255, np.uint8), [TextLine(Box(0, 0, 4, 4), ("a",))]) == []
    assert find_tables(np.zeros((HEIGHT, WIDTH, 3), np.uint8), PROSE) == []
