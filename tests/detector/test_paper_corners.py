from __future__ import annotations

import cv2
import numpy as np
import pytest

from detector.paper_corners import corners_of, could_be_sheet
from detector.paper_edges import refined
from detector.paper_samples import mask_of

QUAD = np.array([[0.13, 0.08], [0.86, 0.12], [0.9, 0.93], [0.09, 0.88]])


def worst(found: np.ndarray, truth: np.ndarray) -> float:
    return float(np.abs(found - truth).max())


def test_corners_of_a_clear_mask() -> None:
    found = corners_of(mask_of(QUAD))
    assert found is not None and worst(found, QUAD) < 0.006


def test_a_hole_and_a_nibbled_side_do_not_matter() -> None:
    mask = mask_of(QUAD)
    mask[30:36, 20:40] = 0
    mask[20:26, 53:60] = 0
    found = corners_of(mask)
    assert found is not None and worst(found, QUAD) < 0.02


def test_where_a_side_is_cut_off_the_border_takes_its_place() -> None:
    cut = np.array([[-0.2, 0.1], [0.8, 0.1], [0.8, 0.9], [-0.2, 0.9]])
    found = corners_of(mask_of(cut))
    expected = np.array([[0.0, 0.1], [0.8, 0.1], [0.8, 0.9], [0.0, 0.9]])
    assert found is not None and worst(found, expected) < 0.02


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_a_picture_of_no_paper_or_of_paper_only_has_no_corners(value: float) -> None:
    assert corners_of(np.full((64, 64), value, np.float32)) is None


def test_a_scrap_is_no_page() -> None:
    assert corners_of(mask_of(0.4 + 0.2 * QUAD)) is None


def photo(quad: np.ndarray, width: int = 900, height: int = 1200) -> np.ndarray:
    """A bright sheet with lines of ink on a grainy desk."""
    rng = np.random.default_rng(5)
    image = rng.normal(90, 12, (height, width, 3))
    sheet = np.full((height, width, 3), 215.0)
    sheet[60:1140:40, 40:860] = 90
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, (quad * [width, height]).astype(np.float32))
    cover = cv2.warpPerspective(np.ones((height, width), np.float32), matrix, (width, height))[..., None]
    laid = cv2.warpPerspective(sheet, matrix, (width, height))
    return np.clip(image * (1 - cover) + laid * cover, 0, 255).astype(np.uint8)


def test_edges_that_are_roughly_known_are_found_to_a_thousandth() -> None:
    rough = QUAD + np.random.default_rng(3).uniform(-0.012, 0.012, (4, 2))
    found, seen = refined(photo(QUAD), rough)
    assert worst(found, QUAD) < 0.003 < worst(rough, QUAD)
    assert seen.min() > 0.9


def test_a_side_on_the_border_stays_there() -> None:
    quad = np.array([[0.0, 0.1], [0.8, 0.1], [0.8, 0.9], [0.0, 0.9]])
    found, _ = refined(photo(np.array([[-0.2, 0.1], [0.8, 0.1], [0.8, 0.9], [-0.2, 0.9]])), quad + 0.004)
    assert found[[0, 3], 0] == pytest.approx([0.004, 0.004], abs=1e-3)
    assert worst(found[1:3], quad[1:3]) < 0.003


@pytest.mark.parametrize(
    ("change", "possible"),
    [
        (np.zeros((4, 2)), True),
        (np.array([[-0.25, 0], [0, 0], [0, 0], [0, 0]]), True),  # a side that leaves the picture
        (np.array([[-9, 0], [0, 0], [0, 0], [0, 0]]), False),  # far away: nearly parallel sides
        (np.array([[0.6, 0.7], [0, 0], [0, 0], [0, 0]]), False),  # a corner turned inwards
        (np.array([[np.nan, 0], [0, 0], [0, 0], [0, 0]]), False),
    ],
)
def test_corners_that_no_sheet_can_have_are_told(change: np.ndarray, possible: bool) -> None:
    assert could_be_sheet(QUAD + change, (900, 1200)) == possible


def test_corners_in_another_order_are_no_sheet() -> None:
    assert not could_be_sheet(QUAD[::-1], (9, 12)) and not could_be_sheet(QUAD[[0, 2, 1, 3]], (9, 12))


def test_edges_that_are_not_there_are_not_seen() -> None:
    blank = np.full((600, 450, 3), 255, np.uint8)
    assert refined(blank, QUAD)[1].max() == 0
    blank[100:500:30, 80:380:7] = 0  # print on white
    assert refined(blank, QUAD)[1].mean() < 0.5
