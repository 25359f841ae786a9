"""Boxes: half-open, x to the right, y down."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanpage.geometry import Box

numbers = st.floats(-1000, 1000, allow_nan=False).map(lambda v: round(v, 2))


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    (x0, x1), (y0, y1) = sorted([draw(numbers), draw(numbers)]), sorted([draw(numbers), draw(numbers)])
    return Box(x0, y0, x1, y1)


@pytest.mark.parametrize(
    "corners",
    [(1, 0, 0, 1), (0, 1, 1, 0), (math.nan, 0, 1, 1), (0, 0, math.inf, 1)],
)
def test_a_box_has_finite_corners_in_order(corners: tuple[float, float, float, float]) -> None:
    with pytest.raises(ValueError, match="box"):
        Box(*corners)


def test_sides_area_and_orders_of_corners() -> None:
    box = Box(1, 2, 4, 8)
    assert (box.width, box.height, box.area) == (3, 6, 18)
    assert box.xyxy == (1, 2, 4, 8)
    assert box.xywh == (1, 2, 3, 6)
    assert box.center == (2.5, 5)


@pytest.mark.parametrize(
    ("other", "shared", "iou"),
    [
        (Box(0, 0, 10, 10), 100, 1.0),  # itself
        (Box(5, 0, 15, 10), 50, 50 / 150),  # half of each
        (Box(2, 2, 4, 4), 4, 4 / 100),  # inside
        (Box(10, 0, 20, 10), 0, 0.0),  # side by side: half-open, so nothing is shared
        (Box(50, 50, 60, 60), 0, 0.0),  # far off
        (Box(3, 3, 3, 9), 0, 0.0),  # empty
    ],
)
def test_intersection_and_iou(other: Box, shared: float, iou: float) -> None:
    box = Box(0, 0, 10, 10)
    assert box.intersection(other) == shared
    assert box.iou(other) == pytest.approx(iou)


def test_empty_boxes_have_no_iou() -> None:
    assert Box(1, 1, 1, 1).iou(Box(1, 1, 1, 1)) == 0.0


@given(boxes(), boxes())
def test_iou_is_symmetric_and_a_share(a: Box, b: Box) -> None:
    assert a.iou(b) == b.iou(a)
    assert 0.0 <= a.iou(b) <= 1.0 + 1e-9


@given(boxes(), st.floats(0.1, 10), numbers, numbers)
def test_scaling_and_moving_can_be_undone(box: Box, scale: float, dx: float, dy: float) -> None:
    assert box.scaled(scale).scaled(1 / scale).xyxy == pytest.approx(box.xyxy, abs=1e-6)
    assert box.translated(dx, dy).translated(-dx, -dy).xyxy == pytest.approx(box.xyxy, abs=1e-6)


def test_each_side_can_have_its_scale() -> None:
    assert Box(1, 2, 3, 4).scaled(2, 10) == Box(2, 20, 6, 40)


@given(boxes(), st.floats(1, 500), st.floats(1, 500))
def test_clipped_boxes_lie_in_the_image(box: Box, width: float, height: float) -> None:
    clipped = box.clipped(width, height)
    assert 0 <= clipped.x0 <= clipped.x1 <= width
    assert 0 <= clipped.y0 <= clipped.y1 <= height
    assert clipped.area == pytest.approx(box.intersection(Box(0, 0, width, height)), abs=1e-6)


def test_padding_grows_on_all_sides_and_cannot_turn_a_box_inside_out() -> None:
    assert Box(2, 2, 4, 4).padded(1) == Box(1, 1, 5, 5)
    with pytest.raises(ValueError, match="x0 <= x1"):
        Box(2, 2, 4, 4).padded(-2)


@given(boxes())
def test_pixels_cover_the_box(box: Box) -> None:
    x0, y0, x1, y1 = box.pixels()
    assert x0 <= box.x0 < x0 + 1
    assert y0 <= box.y0 < y0 + 1
    assert x1 - 1 < box.x1 <= x1
    assert y1 - 1 < box.y1 <= y1


@given(st.lists(boxes(), min_size=1, max_size=5))
def test_around_holds_all_boxes_tightly(some: list[Box]) -> None:
    whole = Box.around(some)
    assert all(whole.intersection(box) == pytest.approx(box.area) for box in some)
    assert whole.x0 == min(box.x0 for box in some)
    assert whole.y1 == max(box.y1 for box in some)


def test_around_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Box.around([])
