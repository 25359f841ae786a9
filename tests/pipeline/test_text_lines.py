from __future__ import annotations

from difflib import SequenceMatcher

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.prose import RapidProse
from pipeline.text_lines import TextLineFinder

TEXT = (
    "The sum of all angles in a triangle",
    "is half of a full turn, as was shown",
    "in the chapter before this one, and",
    "for a square it is a full turn more.",
    "Find the third angle of a triangle",
    "when two of them are known to us.",
)


def page(degrees: float = 0.0) -> np.ndarray:
    """Six lines of print, uint8 RGB; tilted so that they fall to the right by `degrees`."""
    picture = Image.new("RGB", (800, 700), "white")
    draw = ImageDraw.Draw(picture)
    for row, line in enumerate(TEXT):
        draw.text((70, 90 + 85 * row), line, fill=(30, 30, 40), font=ImageFont.load_default(34))
    return np.asarray(picture.rotate(-degrees, fillcolor="white", resample=Image.Resampling.BICUBIC))


@pytest.fixture(scope="module")
def finder() -> TextLineFinder:
    return TextLineFinder(threads=1)


def test_level_lines_are_found_each_once(finder: TextLineFinder) -> None:
    lines = finder.find(page())
    assert len(lines) == len(TEXT)
    assert all(abs(line.direction) < 1 and line.length > 400 for line in lines)
    assert sorted(round((line.y - 110) / 85) for line in lines) == list(range(len(TEXT)))


@pytest.mark.parametrize("degrees", [-4.0, 3.0])
def test_their_direction_is_that_of_the_page(finder: TextLineFinder, degrees: float) -> None:
    directions = [line.direction for line in finder.find(page(degrees))]
    assert float(np.median(directions)) == pytest.approx(degrees, abs=0.5)


@pytest.mark.parametrize(("turns", "upside_down"), [(0, False), (2, True)])
def test_lines_on_their_heads_are_told(finder: TextLineFinder, turns: int, upside_down: bool) -> None:
    image = np.ascontiguousarray(np.rot90(page(), turns))
    chances = finder.upside_down(image, finder.find(image))
    assert (np.mean(chances) > 0.5) == upside_down
    assert abs(np.mean(chances) - 0.5) > 0.3


def test_an_empty_page_has_no_lines(finder: TextLineFinder) -> None:
    assert finder.find(np.full((500, 400, 3), 255, np.uint8)) == []
    assert finder.upside_down(np.full((500, 400, 3), 255, np.uint8), []) == []


def test_stretches_are_found_each_with_its_corners_in_order(finder: TextLineFinder) -> None:
    found = sorted(finder.stretches(page()), key=lambda corners: float(corners[:, 1].min()))
    assert len(found) == len(TEXT)
    for corners in found:
        top_left, top_right, bottom_right, bottom_left = corners
        assert top_left[0] < 80 and bottom_left[0] < 80 and top_right[0] > 500 and bottom_right[0] > 500
        assert top_left[1] < bottom_left[1] and top_right[1] < bottom_right[1]


def curled(image: np.ndarray, depth_px: float) -> np.ndarray:
    """A page whose lines sag by so much in their middle."""
    height, width = image.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    sag = (depth_px * np.sin(np.pi * x / width)).astype(np.float32)
    return np.asarray(cv2.remap(image, x, y - sag, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def test_lines_of_a_page_that_curls_come_in_straight_pieces(finder: TextLineFinder) -> None:
    image = curled(page(), 80)
    pieces = finder.stretches(image)
    assert len(TEXT) < len(pieces) <= 4 * len(TEXT)
    read = RapidProse(1).read(image, [])
    assert len(read) == len(TEXT)
    said = " ".join(line.text for line in read)
    assert SequenceMatcher(None, said, " ".join(TEXT), autojunk=False).ratio() > 0.95


def test_a_letter_by_itself_is_a_stretch_but_no_line(finder: TextLineFinder) -> None:
    picture = Image.new("RGB", (600, 400), "white")
    ImageDraw.Draw(picture).text((300, 200), "B", fill="black", font=ImageFont.load_default(40))
    (corners,) = finder.stretches(np.asarray(picture))
    assert corners[:, 0].min() < 305 < 320 < corners[:, 0].max()
    assert finder.find(np.asarray(picture)) == []


def test_stretches_lie_within_the_picture(finder: TextLineFinder) -> None:
    cut = np.ascontiguousarray(page()[95:, 75:560])  # through the first line, and through all of them
    found = np.stack(finder.stretches(cut))
    assert len(found) >= len(TEXT) - 1
    assert found.min() >= 0 and found[..., 0].max() < cut.shape[1] and found[..., 1].max() < cut.shape[0]


def test_an_empty_page_has_no_stretches(finder: TextLineFinder) -> None:
    assert finder.stretches(np.full((500, 400, 3), 255, np.uint8)) == []
