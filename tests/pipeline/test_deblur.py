from __future__ import annotations

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.deblur import blur_of, deblurred
from scanpage.geometry import Box


def page() -> np.ndarray:
    """Blue print on yellowish paper."""
    picture = Image.new("RGB", (800, 600), (255, 252, 250))
    draw = ImageDraw.Draw(picture)
    for row in range(12):
        text = "Show that there are no others than those"
        draw.text((40, 30 + 45 * row), text, (20, 20, 90), ImageFont.load_default(26))
    return np.asarray(picture)


LINES = [Box(40, 30 + 45 * row, 560, 60 + 45 * row) for row in range(12)]


def blurred(blur_px: float) -> np.ndarray:
    return cv2.GaussianBlur(page(), (0, 0), blur_px)


@pytest.mark.parametrize("lines", [LINES, []])
@pytest.mark.parametrize("blur_px", [1.2, 1.6, 2.0])
def test_the_blur_is_measured(blur_px: float, lines: list[Box]) -> None:
    whole = np.hypot(blur_px, 0.65)
    assert blur_of(blurred(blur_px), lines) == pytest.approx(whole, rel=0.2)


def test_a_sharp_page_is_given_back_as_it_is() -> None:
    sharp = page()
    assert blur_of(sharp, LINES) < 1.0
    assert deblurred(sharp, blur_of(sharp, LINES)) is sharp


@pytest.mark.parametrize("blur_px", [1.4, 2.0])
def test_a_blurred_page_comes_nearer_to_the_sharp_one(blur_px: float) -> None:
    sharp, seen = page().astype(int), blurred(blur_px)
    mended = deblurred(seen, blur_of(seen, LINES))
    assert mended.shape == seen.shape and mended.dtype == np.uint8
    assert np.abs(mended - sharp).mean() < 0.95 * np.abs(seen - sharp).mean()
    assert blur_of(mended, LINES) < 0.85 * blur_of(seen, LINES)


@pytest.mark.parametrize("height_px", [100, 300, 600])
def test_large_letters_are_as_sharp_as_small_ones(height_px: int) -> None:
    picture = Image.new("RGB", (4 * height_px, 2 * height_px), "white")
    ImageDraw.Draw(picture).text((40, 40), "x = 3 y", "black", ImageFont.load_default(height_px))
    letters = np.asarray(picture)
    assert 0.5 < blur_of(letters, [Box(0, 20, 4 * height_px, 20 + 1.4 * height_px)]) < 1.0


def test_what_changes_over_many_pixels_is_no_blurred_writing() -> None:
    gradient = np.repeat(np.linspace(0, 255, 600).astype(np.uint8)[None, :, None], 600, axis=0).repeat(3, axis=2)
    assert deblurred(gradient, blur_of(gradient)) is gradient


def test_white_paper_stays_white() -> None:
    blank = np.full((300, 300, 3), 255, np.uint8)
    assert (deblurred(blank, 2.0) == 255).all()


def test_colours_stay() -> None:
    ink = deblurred(blurred(1.8), 1.9)[page().sum(axis=2) < 300].astype(int)
    assert (ink[:, 2] - ink[:, 0]).mean() > 25


@pytest.mark.parametrize("shape", [(3, 900, 3), (60, 60, 3)])
def test_where_nothing_is_written_nothing_is_blurred(shape: tuple[int, int, int]) -> None:
    blank = np.full(shape, 240, np.uint8)
    assert blur_of(blank) == 0.0
    assert blur_of(blank, [Box(10, 10, 40, 30)]) == 0.0
    assert deblurred(blank, 0.0) is blank


def test_a_line_beyond_the_picture_is_passed_over() -> None:
    assert blur_of(page(), [Box(900, 10, 1000, 40)]) == 0.0
