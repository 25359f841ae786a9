"""Whether readings compile and look like the truth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.render_match import overlap, render, same_picture
from synth import typeset


def formula(*, tail: bool = False) -> NDArray[np.uint8]:
    """Thick strokes, and a small dot that may have a tail."""
    picture = np.zeros((40, 400), np.uint8)
    for x in range(10, 360, 20):
        picture[4:34, x : x + 8] = 255
    picture[30:34, 380:384] = 255
    if tail:
        picture[34:39, 381:384] = 255
    return picture


def test_equal_ink_is_the_same_picture_wherever_it_stands() -> None:
    assert same_picture(formula(), formula())
    assert same_picture(formula(), np.pad(formula(), ((0, 1), (2, 0))))


def test_pictures_of_other_sizes_differ() -> None:
    assert not same_picture(formula(), formula()[:, :380])


def test_a_small_sign_of_another_shape_is_seen() -> None:
    assert overlap(formula(), formula(tail=True)) > 0.99
    assert not same_picture(formula(), formula(tail=True))
    assert not same_picture(formula(tail=True), formula())


def test_overlap_is_the_share_of_common_ink() -> None:
    first, second = np.zeros((30, 80), np.uint8), np.zeros((30, 80), np.uint8)
    first[:, :40], second[:, :] = 255, 255
    assert overlap(first, second) == pytest.approx(2 / 3)


@pytest.mark.tex
@pytest.mark.skipif(not typeset.available(), reason="latex is not installed")
@pytest.mark.parametrize(
    ("prediction", "label", "compiles", "matches"),
    [
        ("x + y", "x + y", True, True),
        ("\\frac { a } { b }", "\\frac { a } { b } ^ { }", True, True),  # spelled otherwise, looks the same
        ("x + y", "x - y", True, False),
        ("x ^ { 2 }", "x _ { 2 }", True, False),
        ("a + b + c + d + e + f .", "a + b + c + d + e + f ,", True, False),  # one small sign
        ("\\frac { a }", "\\frac { a } { b }", False, False),
        ("", "x", False, False),
    ],
)
def test_render_compares_what_latex_makes(prediction: str, label: str, compiles: bool, matches: bool) -> None:
    [found] = render([prediction.split()], [label.split()])
    assert (found.compiles, found.matches) == (compiles, matches)
