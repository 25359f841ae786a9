from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.order import columns, gutters, reading_order
from scanpage.geometry import Box


def order(*boxes: tuple[float, float, float, float]) -> list[list[int]]:
    """Rows of indices of `boxes`."""
    items = [Box(*corners) for corners in boxes]
    return reading_order(list(range(len(items))), lambda index: items[index])


def lines(
    x0: float, x1: float, count: int, *, top: float = 0, step: float = 20
) -> list[tuple[float, float, float, float]]:
    return [(x0, top + n * step, x1, top + n * step + 14) for n in range(count)]


def test_rows_run_down_and_each_to_the_right() -> None:
    assert order((100, 0, 150, 20), (0, 3, 80, 18), (0, 40, 80, 60)) == [[1, 0], [2]]


def test_a_skewed_line_stays_one_row() -> None:
    # each piece is a little lower than the one before: the last shares no height with the first
    pieces = [(n * 50.0, n * 6.0, n * 50.0 + 45, n * 6.0 + 20) for n in range(6)]
    assert order(*pieces) == [[0, 1, 2, 3, 4, 5]]


def test_what_stands_below_starts_a_row_even_if_heights_overlap() -> None:
    assert order((0, 0, 100, 30), (10, 20, 110, 50)) == [[0], [1]]


def test_columns_of_a_paper_are_read_one_after_the_other() -> None:
    rows = order(*lines(0, 200, 12), *lines(230, 430, 12))
    assert [row[0] for row in rows] == list(range(24))


def test_title_and_wide_formula_cut_the_columns() -> None:
    title, wide = (50, 0, 380, 20), (20, 300, 410, 330)
    upper = [*lines(0, 200, 10, top=40), *lines(230, 430, 10, top=40)]
    lower = [*lines(0, 200, 10, top=350), *lines(230, 430, 10, top=350)]
    rows = order(title, wide, *upper, *lower)
    assert [row[0] for row in rows] == [0, *range(2, 22), 1, *range(22, 42)]


def test_calculations_side_by_side_end_with_their_exercise() -> None:
    # two exercises, each with a left and a right calculation, with blank paper between them
    first = [*lines(0, 100, 2), *lines(200, 300, 2)]
    second = [*lines(0, 100, 2, top=120), *lines(200, 300, 2, top=120)]
    assert [row[0] for row in order(*first, *second)] == list(range(8))


def test_values_on_one_line_are_no_columns() -> None:
    assert order((0, 0, 50, 20), (150, 0, 200, 20), (300, 0, 350, 20), (450, 0, 500, 20)) == [[0, 1, 2, 3]]


def test_a_grid_of_values_is_read_row_by_row() -> None:
    upper = [(0, 0, 60, 20), (100, 0, 160, 20), (300, 0, 360, 20)]
    lower = [(0, 25, 60, 45), (300, 25, 360, 45)]
    assert order(*upper, *lower) == [[0, 1, 2], [3, 4]]


def test_labels_beside_their_lines_are_no_column() -> None:
    labels, formulas = lines(0, 15, 8, step=18), lines(40, 300, 8, step=18)
    assert order(*labels, *formulas) == [[n, n + 8] for n in range(8)]


def test_an_empty_page_has_no_rows() -> None:
    assert order() == []


coordinates = st.integers(0, 500)
boxes = st.builds(
    lambda x, y, w, h: (float(x), float(y), float(x + w), float(y + h)),
    coordinates,
    coordinates,
    st.integers(0, 200),
    st.integers(0, 60),
)


@given(st.lists(boxes, max_size=40))
def test_every_item_is_in_exactly_one_row(corners: list[tuple[float, float, float, float]]) -> None:
    rows = order(*corners)
    assert sorted(index for row in rows for index in row) == list(range(len(corners)))
    assert all(row for row in rows)


@pytest.mark.parametrize("scale", [0.1, 7.0])
def test_order_does_not_depend_on_the_resolution(scale: float) -> None:
    page = [*lines(0, 200, 9), *lines(230, 430, 9), (50, -30, 380, -10)]
    scaled = [tuple(v * scale for v in corners) for corners in page]
    assert order(*scaled) == order(*page)  # type: ignore[arg-type]


def test_gutters_part_the_columns_of_a_paper() -> None:
    lines = [Box(x, 20 * k, x + 180, 20 * k + 15) for k in range(20) for x in (0, 190, 380)]
    title = Box(0, -40, 560, -20)
    assert gutters([title, *lines]) == [pytest.approx(185, abs=5), pytest.approx(375, abs=5)]
    assert gutters([Box(0, 20 * k, 560, 20 * k + 15) for k in range(20)]) == []


@pytest.mark.parametrize(("across", "found"), [(0, 1), (1, 1), (3, 0)])
def test_a_narrow_gutter_is_one_where_next_to_nothing_runs_across_it(across: int, found: int) -> None:
    sides = [*lines(0, 214, 12), *lines(216, 430, 12)]
    assert len(gutters([Box(*corners) for corners in [*sides, *lines(0, 430, across, top=260)]])) == found


def test_lines_across_the_page_are_no_columns_though_a_table_stands_among_them() -> None:
    prose = [Box(0, 20 * k, 560, 20 * k + 15) for k in range(12)]
    table = [Box(x, 300 + 20 * k, x + 60, 315 + 20 * k) for k in range(8) for x in (0, 150, 300)]
    assert gutters([*prose, *table]) == []


def test_a_short_last_column_is_a_column() -> None:
    left = [Box(0, 20 * k, 250, 20 * k + 15) for k in range(40)]
    right = [Box(280, 20 * k, 530, 20 * k + 15) for k in range(21)]
    assert columns([*right, *left], lambda box: box) == [left, right]
