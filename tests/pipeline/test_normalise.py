from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.deblur import blur_of
from pipeline.line_reader import LineReader
from pipeline.normalise import MARGIN, Normaliser, View, sets_awry, spread_of
from pipeline.text_lines import TextLineBox
from scanpage import weights
from scanpage.geometry import Box
from scanpage.homography import Homography

pytestmark = pytest.mark.skipif(
    not (weights.shipped("detector") / "paper" / weights.SUMS).is_file(), reason="no trained models in this checkout"
)

Maker = Callable[[], np.ndarray]

TEXT = (
    "Find all numbers which are equal to",
    "the sum of the cubes of their digits.",
    "Show that there are no others than",
    "those that you have found, and say",
    "how the answer would change if we",
    "wrote the numbers in another base.",
)
STAMP = Box(600, 620, 680, 660)
"""A dark rectangle on the sheet whose place is followed."""


def sheet() -> np.ndarray:
    """A page of print with a stamp, uint8 RGB [1000, 760, 3]."""
    picture = Image.new("RGB", (760, 1000), (238, 238, 234))
    draw = ImageDraw.Draw(picture)
    for row, line in enumerate(TEXT):
        draw.text((60, 90 + 80 * row), line, fill=(30, 30, 40), font=ImageFont.load_default(34))
    draw.rectangle((STAMP.x0, STAMP.y0, STAMP.x1 - 1, STAMP.y1 - 1), fill=(20, 20, 30))
    return np.asarray(picture)


@dataclass(frozen=True)
class Photo:
    """A photo of the sheet, and the map from the sheet's pixels to the photo's."""

    image: np.ndarray
    matrix: np.ndarray

    def stamp(self) -> Box:
        return Homography(self.matrix).box(STAMP)


def photo(turns: int = 0) -> Photo:
    """The sheet on a dark wooden desk, seen from a side, under a lamp."""
    rng = np.random.default_rng(2)
    height, width = 1200, 900
    grain = cv2.resize(rng.normal(0, 14, (12, 300, 1)).astype(np.float32), (width, height))[..., None]
    desk = np.array([110.0, 75, 50]) + grain
    source = np.array([[0, 0], [760, 0], [760, 1000], [0, 1000]], np.float32)
    target = np.array([[90, 70], [812, 110], [850, 1120], [50, 1090]], np.float32)
    matrix = cv2.getPerspectiveTransform(source, target)
    laid = cv2.warpPerspective(sheet(), matrix, (width, height), flags=cv2.INTER_AREA).astype(np.float64)
    cover = cv2.warpPerspective(np.ones((1000, 760)), matrix, (width, height))[..., None]
    light = np.linspace(1.0, 0.6, width)[None, :, None]
    image = np.clip((desk * (1 - cover) + laid * cover) * light, 0, 255).astype(np.uint8)
    for _ in range(turns):
        matrix = np.array([[0.0, 1, 0], [-1, 0, image.shape[1]], [0, 0, 1]]) @ matrix
        image = np.ascontiguousarray(np.rot90(image))
    return Photo(image, matrix)


@pytest.fixture(scope="module")
def normaliser() -> Normaliser:
    return Normaliser(threads=1)


def stamp_on(image: np.ndarray) -> Box:
    """Where the stamp stands: the largest dark piece."""
    dark = (image.max(2) < 90).astype(np.uint8)
    stats = cv2.connectedComponentsWithStats(cv2.erode(dark, np.ones((9, 9))))[2][1:]
    x, y, width, height, _ = stats[stats[:, 4].argmax()]
    return Box(float(x) - 4, float(y) - 4, float(x + width) + 4, float(y + height) + 4)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_photo_becomes_the_sheet(normaliser: Normaliser, turns: int) -> None:
    page = normaliser.normalise(photo(turns).image)
    assert (page.quarter_turns + turns) % 4 == 0
    height, width = page.image.shape[:2]
    margin = MARGIN * height / (1 + 2 * MARGIN)
    width, height = width - 2 * margin, height - 2 * margin
    assert height / width == pytest.approx(1000 / 760, rel=0.12)
    found = stamp_on(page.image).translated(-margin, -margin).scaled(760 / width, 1000 / height)
    assert found.iou(STAMP) > 0.8


@pytest.mark.parametrize("turns", [0, 3])
def test_a_box_on_the_page_has_its_place_in_the_photo(normaliser: Normaliser, turns: int) -> None:
    taken = photo(turns)
    page = normaliser.normalise(taken.image)
    assert page.to_original.box(stamp_on(page.image)).iou(taken.stamp()) > 0.8


def test_the_light_is_even(normaliser: Normaliser) -> None:
    image = normaliser.normalise(photo().image).image
    height, width = image.shape[:2]
    paper = image[round(0.75 * height) : round(0.95 * height), round(0.05 * width) : round(0.95 * width)]
    assert np.percentile(paper, 5) > 235


def test_a_scan_keeps_its_pixels_in_their_places(normaliser: Normaliser) -> None:
    page = normaliser.normalise(sheet())
    assert page.image.shape == sheet().shape and page.quarter_turns == 0
    assert np.array_equal(page.to_original.matrix, np.eye(3))


def test_a_tilted_scan_is_set_straight(normaliser: Normaliser) -> None:
    tilted = Image.fromarray(sheet()).rotate(-3, fillcolor=(238, 238, 234), resample=Image.Resampling.BICUBIC)
    page = normaliser.normalise(np.asarray(tilted))
    stamp = stamp_on(page.image)
    assert (stamp.width, stamp.height) == pytest.approx((STAMP.width, STAMP.height), abs=5)
    assert page.image.shape > sheet().shape  # nothing is cut off at its corners


@pytest.mark.parametrize("size", [(8, 8), (8, 900), (3000, 10)])
def test_strips_and_stamps_are_taken(normaliser: Normaliser, size: tuple[int, int]) -> None:
    assert normaliser.normalise(np.full((*size, 3), 230, np.uint8)).image.shape == (*size, 3)


@pytest.mark.parametrize("turns", [0, 2])
@pytest.mark.parametrize("chance", [0.3, 0.9])
def test_a_page_is_turned_only_if_it_reads_better_so(
    normaliser: Normaliser, monkeypatch: pytest.MonkeyPatch, turns: int, chance: float
) -> None:
    def say(image: np.ndarray, asked: list[TextLineBox]) -> list[float]:
        return [chance] * len(asked)

    monkeypatch.setattr(normaliser._lines, "upside_down", say)
    page = normaliser.normalise(np.ascontiguousarray(np.rot90(clean_page(), turns)))
    assert page.quarter_turns == turns


@pytest.mark.parametrize(("chance", "turns"), [(0.5, 0), (0.9, 2)])
def test_a_page_of_letters_that_nobody_knows_is_turned_only_if_the_classifier_is_sure(
    normaliser: Normaliser, monkeypatch: pytest.MonkeyPatch, chance: float, turns: int
) -> None:
    letters = iter([0.4, 3.0])
    monkeypatch.setattr(normaliser, "_letters", lambda image, lines: next(letters))
    monkeypatch.setattr(normaliser._lines, "upside_down", lambda image, asked: [chance] * len(asked))
    assert normaliser.normalise(clean_page()).quarter_turns == turns


def test_lines_that_are_surely_upright_are_not_read(normaliser: Normaliser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LineReader, "read", pytest.fail)
    assert normaliser.normalise(clean_page()).quarter_turns == 0


def lines(directions: list[float]) -> list[TextLineBox]:
    return [TextLineBox(100, 50 * k, 300, 20, direction) for k, direction in enumerate(directions)]


@pytest.mark.parametrize(
    ("corners", "awry"),
    [
        ([[0.1, 0.1], [0.9, 0.1], [0.9, 0.9], [0.1, 0.9]], False),
        ([[0.1, 0.1], [0.9, 0.1], [0.9, 1.0], [0.1, 0.7]], True),  # the lower edge slopes, but no line does
    ],
)
def test_corners_that_make_lines_less_parallel_are_wrong(corners: list[list[float]], awry: bool) -> None:
    page = np.zeros((1000, 800, 3), np.uint8)
    found = [TextLineBox(400, y, 500, 20, 0.0) for y in range(150, 700, 50)]
    assert sets_awry(found, View.of_sheet(np.array(corners), page)) == awry


def test_upright_lines_are_parallel_on_both_sides_of_the_vertical() -> None:
    assert spread_of(lines([89.5, -89.5, 89.5, -89.5])) == pytest.approx(1.0)


def test_margins_that_lean_in_a_photo_without_edges_are_set_upright(normaliser: Normaliser) -> None:
    page = clean_page()
    height, width = page.shape[:2]
    lean = np.array([[1, np.tan(np.radians(4)), 0], [0, 1, 0]])
    leaning = cv2.warpAffine(page, lean, (width + 130, height), borderValue=(255, 255, 255))
    normal = normaliser.normalise(leaning)
    starts = normal.to_original.inverse().points(np.array([[150.0, y] for y in (150, 1550)]) @ lean[:, :2].T)
    assert starts[0, 0] == pytest.approx(starts[1, 0], abs=12)  # of the 98 that they were apart


def test_a_page_out_of_focus_is_brought_into_it(normaliser: Normaliser) -> None:
    blurred = cv2.GaussianBlur(clean_page(), (0, 0), 1.8)
    assert blur_of(normaliser.normalise(blurred).image) < 0.85 * blur_of(blurred)


def slide() -> np.ndarray:
    """A title, a white panel and a footer on a coloured ground."""
    picture = Image.new("RGB", (1280, 720), (120, 150, 190))
    draw = ImageDraw.Draw(picture)
    draw.text((60, 30), "What a triangle adds up to", fill=(20, 20, 60), font=ImageFont.load_default(50))
    draw.rectangle((60, 120, 1220, 640), fill="white")
    for row, line in enumerate(TEXT):
        draw.text((90, 150 + 75 * row), line, fill=(30, 30, 40), font=ImageFont.load_default(34))
    draw.text((60, 660), "Lecture 3, on the geometry of the plane", fill=(20, 20, 60), font=ImageFont.load_default(30))
    return np.asarray(picture)


def clean_page() -> np.ndarray:
    """Black print on white without an edge, as a PDF has it."""
    picture = Image.new("RGB", (1240, 1754), "white")
    draw = ImageDraw.Draw(picture)
    for row in range(36):
        draw.text((150, 150 + 40 * row), TEXT[row % len(TEXT)], fill="black", font=ImageFont.load_default(28))
    return np.asarray(picture)


@pytest.mark.parametrize("make", [slide, clean_page])
def test_what_is_no_photo_of_a_sheet_keeps_all_that_is_written(normaliser: Normaliser, make: Maker) -> None:
    page = normaliser.normalise(make())
    assert np.array_equal(page.to_original.matrix, np.eye(3)) and page.quarter_turns == 0


def test_a_strip_with_desk_at_both_ends_is_not_stretched(normaliser: Normaliser) -> None:
    strip = np.full((90, 1200, 3), 70, np.uint8)
    cv2.fillPoly(strip, [np.array([[60, 0], [1130, 0], [1160, 90], [30, 90]])], (230, 230, 228))
    assert normaliser.normalise(strip).image.shape == strip.shape
