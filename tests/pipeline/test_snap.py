from __future__ import annotations

import numpy as np

from pipeline.snap import snapped
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind


def page(*boxes: tuple[int, int, int, int]) -> np.ndarray:
    image = np.full((200, 300, 3), 230, np.uint8)
    for x0, y0, x1, y1 in boxes:
        image[y0:y1, x0:x1] = 30
    return image


def snap(image: np.ndarray, box: Box) -> Box:
    return snapped(image, [Region(box, RegionKind.ISOLATED, 0.5)])[0].box


def test_a_sign_that_the_edge_cuts_is_taken_in() -> None:
    image = page((60, 60, 70, 80), (100, 75, 106, 95))  # the second ends 5 px below the box
    assert snap(image, Box(55, 55, 120, 90)) == Box(55, 55, 120, 95)


def test_a_neighbour_that_only_just_reaches_in_stays_out() -> None:
    image = page((60, 60, 70, 80), (100, 86, 106, 106))  # a fifth of it lies in the box
    assert snap(image, Box(55, 55, 120, 90)) == Box(55, 55, 120, 90)


def test_a_ruled_line_does_not_stretch_the_box() -> None:
    image = page((60, 60, 70, 80), (0, 70, 300, 72))
    assert snap(image, Box(55, 55, 120, 90)) == Box(55, 55, 120, 90)


def test_shadow_is_no_ink() -> None:
    image = page()
    image[:, 150:] = 120
    assert snap(image, Box(140, 55, 200, 90)) == Box(140, 55, 200, 90)


def test_a_page_without_regions_or_ink_is_left_alone() -> None:
    assert snapped(page(), []) == []
    assert snap(page(), Box(10, 10, 40, 30)) == Box(10, 10, 40, 30)
