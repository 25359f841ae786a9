from __future__ import annotations

import numpy as np
import pytest

from scanpage.geometry import Box
from scanpage.homography import Homography

QUAD = np.array([[10.0, 5.0], [90.0, 12.0], [84.0, 70.0], [4.0, 62.0]])
SQUARE = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 80.0], [0.0, 80.0]])


def test_corners_go_to_corners_and_back() -> None:
    way = Homography.from_corners(QUAD, SQUARE)
    assert np.allclose(way.points(QUAD), SQUARE, atol=1e-4)
    assert np.allclose(way.inverse().points(SQUARE), QUAD, atol=1e-4)


def test_one_map_after_another_is_one_map() -> None:
    first, second = Homography.from_corners(QUAD, SQUARE), Homography.from_corners(SQUARE, QUAD[[1, 2, 3, 0]])
    points = np.array([[20.0, 30.0], [50.0, 40.0]])
    assert np.allclose(first.then(second).points(points), second.points(first.points(points)))


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_quarter_turns_are_those_of_numpy(turns: int) -> None:
    image = np.zeros((6, 9), np.uint8)
    image[1, 7] = 255
    way = Homography.quarter_turns(turns, 9, 6)
    ((x, y),) = way.points(np.array([[7.5, 1.5]]))
    turned = np.rot90(image, turns)
    assert turned[int(y), int(x)] == 255
    assert way.box(Box(0, 0, 9, 6)) == Box(0, 0, turned.shape[1], turned.shape[0])


def test_a_box_goes_to_the_box_around_its_corners() -> None:
    way = Homography.from_corners(SQUARE, QUAD)
    assert way.box(Box(0, 0, 100, 80)).xyxy == pytest.approx((4, 5, 90, 70), abs=1e-4)
