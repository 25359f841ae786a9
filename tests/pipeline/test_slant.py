from __future__ import annotations

import numpy as np
import pytest

from pipeline.slant import Slant, slant_of
from pipeline.text_lines import TextLineBox
from scanpage.geometry import Box

WIDTH, HEIGHT = 900.0, 1200.0


def lines(directions: list[float]) -> list[TextLineBox]:
    """Ragged ones, one below the other."""
    return [TextLineBox(100 + 23 * (k * k % 5), 50 * k, 300, 20, turn) for k, turn in enumerate(directions)]


def two_columns(rng: np.random.Generator) -> list[TextLineBox]:
    """Paragraphs of two justified columns, with indents and last lines that end early."""
    found = []
    for left in (80.0, 480.0):
        for y in np.arange(100.0, 1100.0, 26.0):
            start = left + rng.choice([0, 0, 0, 30])
            end = left + 340 - rng.choice([0, 0, 0, rng.uniform(50, 250)])
            found.append(TextLineBox(float(start + end) / 2, y, float(end - start), 20.0, 0.0))
    return found


def seen(slant: Slant) -> list[TextLineBox]:
    """The columns as a picture shows them that stands askew."""
    way = slant.straightened(WIDTH, HEIGHT).inverse()
    return [line.seen_through(way) for line in two_columns(np.random.default_rng(4))]


def edges(slant: Slant) -> list[float]:
    return [slant.top, slant.bottom, slant.left, slant.right]


@pytest.mark.parametrize(
    ("directions", "skew"),
    [
        ([2.0, 2.2, 1.9, 2.1], 2.05),
        ([0.1, 0.2, 0.1, 0.2], 0.0),  # too little to matter
        ([-8.0, 5.0, 1.0, 9.0, -3.0], 0.0),  # handwriting that goes as it likes
        ([30.0, 30.0, 30.0], 0.0),  # no skew any more
        ([3.0, 3.0], 0.0),  # too few
        ([4.0, 3.0, 2.0, 1.0], 2.5),  # too few to fan out
    ],
)
def test_skew_is_what_lines_agree_on(directions: list[float], skew: float) -> None:
    found = slant_of(lines(directions), 600, 600)
    assert (found.top, found.bottom) == pytest.approx((skew, skew), abs=0.06)
    assert (found.left, found.right) == (-found.top, -found.top)  # few lines share a margin: all is turned alike


@pytest.mark.parametrize(
    "slant",
    [
        Slant(left=3.8, right=3.8),
        Slant(left=-5.0, right=0.0),
        Slant(top=-2.0, bottom=2.0, left=2.0, right=-1.0),
        Slant(top=2.0, bottom=7.0, left=-8.0, right=-3.0),
        Slant(top=10.0, bottom=10.0, left=-8.0, right=-8.0),
    ],
)
def test_the_slant_of_two_columns_is_found(slant: Slant) -> None:
    assert edges(slant_of(seen(slant), WIDTH, HEIGHT)) == pytest.approx(edges(slant), abs=0.5)


def test_columns_that_stand_upright_are_left_alone() -> None:
    assert slant_of(seen(Slant()), WIDTH, HEIGHT) == Slant()


def test_ragged_handwriting_has_no_margins() -> None:
    rng = np.random.default_rng(1)
    ragged = [TextLineBox(float(rng.uniform(200, 600)), 40.0 * k, 250, 30, 0.0) for k in range(25)]
    assert slant_of(ragged, WIDTH, HEIGHT) == Slant()


def test_a_few_lines_of_a_hand_that_slopes_do_not_fan_out() -> None:
    sloping = [TextLineBox(400, 100.0 + 80 * k, 500, 30, 4.0 - 1.2 * k) for k in range(6)]
    found = slant_of(sloping, WIDTH, HEIGHT)
    assert found.top == found.bottom


@pytest.mark.parametrize("width", [1280.0, 320.0])
def test_no_view_is_turned_inside_out(width: float) -> None:
    """Lines that meet within a picture are no photo of a page."""
    fanned = [TextLineBox(width / 2, 40.0 + 20 * k, 200, 12, -14.0 + 2.3 * k) for k in range(13)]
    found = slant_of(fanned, width, 320)
    around = found.straightened(width, 320).box(Box(0, 0, width, 320))
    assert around.area < 2.5 * width * 320


def test_lines_far_outside_the_picture_tell_nothing_and_cost_nothing() -> None:
    slant = Slant(left=3.8, right=3.8)
    far = [TextLineBox(1e6, 600, 300, 20, 1.0), TextLineBox(450, -5e5, 2e5, 20, 9.0)]
    assert slant_of([*seen(slant), *far], WIDTH, HEIGHT) == slant_of(seen(slant), WIDTH, HEIGHT)


def test_turning_alone_keeps_right_angles_and_proportions() -> None:
    way = Slant(top=12, bottom=12, left=-12, right=-12).straightened(WIDTH, HEIGHT)
    origin, along, down = way.points(np.array([[450.0, 600], [550, 600], [450, 700]]))
    assert np.dot(along - origin, down - origin) == pytest.approx(0, abs=1)
    assert np.linalg.norm(along - origin) == pytest.approx(np.linalg.norm(down - origin), rel=0.001)
