from __future__ import annotations

import numpy as np
import pytest

from scanpage.light import flatten


def page() -> np.ndarray:
    """Paper with lines of strokes, uint8 [400, 300, 3]."""
    image = np.full((400, 300, 3), 235, np.uint8)
    for top in range(40, 360, 30):
        for left in range(30, 270, 12):
            image[top : top + 12, left : left + 3] = 60
    return image


def shaded(image: np.ndarray) -> np.ndarray:
    """Under a lamp at the left, in warm light."""
    light = np.linspace(1.0, 0.45, image.shape[1])[None, :, None] * np.array([1.0, 0.92, 0.8])
    return (image * light).astype(np.uint8)


def test_paper_is_white_wherever_the_light_fell() -> None:
    flat = flatten(shaded(page()))
    paper = np.concatenate([flat[:30], flat[-30:]]).astype(int)
    assert paper.min() >= 245


def test_paper_is_white_where_most_of_it_lies_in_deep_shadow() -> None:
    image = page()
    image[:, :240] = image[:, :240] // 3
    paper = np.concatenate([flatten(image)[:30, :200], flatten(image)[-30:, :200]])
    assert paper.min() >= 200 and np.median(image) < 90


def test_ink_stays_dark() -> None:
    flat = flatten(shaded(page()))
    assert flat[45, 31].max() < 100 and flat[45, 259].max() < 100


def test_coloured_ink_keeps_its_hue() -> None:
    image = page()
    image[100:112, 60:63] = (30, 60, 190)
    red, green, blue = flatten(shaded(image))[105, 61].tolist()
    assert blue > 1.5 * green > 1.5 * red


def test_what_lies_around_the_paper_stays_dark() -> None:
    image = np.full((400, 400, 3), 25, np.uint8)
    image[:, 150:] = 220
    flat = flatten(image)
    assert flat[:, :100].max() < 120 and flat[:, 250:].min() > 245


def test_white_on_black_is_left_alone() -> None:
    image = 255 - page()
    assert flatten(image) is image


def test_tiny_pictures_are_taken() -> None:
    for size in ((1, 1), (1, 50), (50, 2)):
        assert flatten(np.full((*size, 3), 200, np.uint8)).shape == (*size, 3)


@pytest.mark.parametrize("ground", [(130, 130, 130), (150, 150, 150), (80, 80, 200), (200, 80, 0)])
def test_white_writing_on_a_coloured_ground_stays_legible(ground: tuple[int, int, int]) -> None:
    image = np.full((400, 300, 3), ground, np.uint8)
    image[(255 - page() > 100).all(2)] = 255
    flat = flatten(image).astype(int)
    before, after = (picture[45, 31].mean() - picture[45, 36].mean() for picture in (image.astype(int), flat))
    assert after > 0.5 * before


def test_white_writing_in_a_coloured_heading_stays_legible() -> None:
    image = page()
    band = np.full((100, 300, 3), (60, 110, 190), np.uint8)
    band[(255 - page()[:100] > 100).all(2)] = 255
    flat = flatten(np.concatenate([band, image])).astype(int)
    assert flat[45, 31].mean() - flat[45, 36].mean() > 80
    assert flat[120].min() > 240  # while the paper below is white
