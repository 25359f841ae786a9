"""From crops to the model's pictures: even paper, dark ink, signs of one height."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from recognizer.config import ImageConfig
from recognizer.image import (
    Frame,
    batch,
    ink_box,
    is_noise,
    prepare,
    prepare_with_points,
    scaled_size,
    sign_height,
)

CONFIG = ImageConfig()
Grey = NDArray[np.uint8]


def strokes(height: int = 120, width: int = 480, paper: int = 255, ink: int = 0) -> Grey:
    """A cross, a ring and a bar, with a margin."""
    crop = np.full((height, width), paper, np.uint8)
    for x in range(60, width - 60, 90):
        cv2.circle(crop, (x, height // 2), 24, ink, 5, cv2.LINE_AA)
        cv2.line(crop, (x + 30, height // 2 - 20), (x + 60, height // 2 + 20), ink, 5, cv2.LINE_AA)
    return crop


sides = st.integers(1, 4000)


@given(sides, sides, st.floats(1.0, 4000.0))
def test_sizes_keep_to_the_limits(height: int, width: int, sign: float) -> None:
    h, w = scaled_size(height, width, sign, CONFIG)
    assert 8 <= h <= CONFIG.max_height_px
    assert 8 <= w <= CONFIG.max_width_px
    if min(h, w) > 8:
        assert (h - 1) * (w - 1) <= CONFIG.max_area_px


@given(st.integers(20, 400), st.integers(20, 400), st.floats(0.05, 1.0), st.sampled_from([2, 3, 5]))
def test_the_size_does_not_depend_on_the_resolution(height: int, width: int, share: float, times: int) -> None:
    sign = share * height
    first = scaled_size(height, width, sign, CONFIG)
    second = scaled_size(times * height, times * width, times * sign, CONFIG)
    assert np.abs(np.subtract(first, second)).max() <= 1  # halves are rounded by the last bit


@pytest.mark.parametrize(("height", "width"), [(100, 100), (100, 300), (100, 900)])
def test_usual_shapes_keep_their_aspect(height: int, width: int) -> None:
    h, w = scaled_size(height, width, 50, CONFIG)
    assert w / h == pytest.approx(width / height, rel=0.03)


def test_long_formulas_get_as_many_pixels_for_each_sign_as_short_ones() -> None:
    (short, _), (long, _) = (scaled_size(60, width, 30, CONFIG) for width in (600, 1800))
    assert short == long == 60 * CONFIG.sign_px / 30


def test_a_single_sign_is_not_made_small_and_a_page_of_them_not_large() -> None:
    h, w = scaled_size(100, 100, 90, CONFIG)
    assert h * w == pytest.approx(CONFIG.min_area_px, rel=0.03)
    h, w = scaled_size(1000, 3000, 20, CONFIG)
    assert h * w == pytest.approx(CONFIG.max_area_px, rel=0.03)


def signs(*boxes: tuple[int, int]) -> Grey:
    """Filled boxes of these heights and widths, side by side on white."""
    even = np.full((120, 20 + sum(width + 10 for _, width in boxes)), 255, np.uint8)
    x = 10
    for height, width in boxes:
        even[10 : 10 + height, x : x + width] = 0
        x += width + 10
    return even


@pytest.mark.parametrize(
    ("boxes", "height"),
    [
        ([(20, 15)] * 5, 20),
        ([(20, 15)] * 5 + [(3, 200), (2, 60)], 20),  # a fraction bar and a ruled line
        ([(20, 15)] * 5 + [(2, 2)] * 30, 20),  # specks
        ([(20, 15)] * 5 + [(100, 6)] * 4, 20),  # tall brackets
        ([(20, 15)] * 4 + [(10, 8)] * 4, 20),  # scripts
    ],
)
def test_the_typical_sign_is_neither_bar_nor_speck_nor_bracket(boxes: list[tuple[int, int]], height: int) -> None:
    assert sign_height(signs(*boxes)) == height


@pytest.mark.parametrize("picture", [np.full((40, 100), 255, np.uint8), signs((4, 100))])
def test_a_picture_without_a_sign_that_counts_is_one_sign(picture: Grey) -> None:
    assert sign_height(picture) == max(picture.shape[0], picture.shape[1] / 2)


def seen_at(crop: Grey, zoom: float) -> Grey:
    """As a scanner of `zoom` times the resolution sees it."""
    size = (round(crop.shape[1] * zoom), round(crop.shape[0] * zoom))
    zoomed: Grey = cv2.resize(crop, size, interpolation=cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC)
    return zoomed


@pytest.mark.parametrize("zoom", [0.5, 0.7, 0.98, 1.02, 1.5, 2.0, 4.0])
def test_a_crop_is_the_same_picture_at_any_resolution(zoom: float) -> None:
    first, second = prepare(strokes(), CONFIG), prepare(seen_at(strokes(), zoom), CONFIG)
    assert np.abs(np.subtract(first.shape, second.shape)).max() <= 1
    height, width = np.minimum(first.shape, second.shape)
    apart = np.abs(np.subtract(first[:height, :width], second[:height, :width], dtype=int))
    assert apart.sum() < 0.2 * (255 - first.astype(int)).sum()


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5, 0.75])
def test_ink_is_found_to_fractions_of_a_pixel(shift: float) -> None:
    large = np.full((400, 800), 255, np.uint8)
    large[160:240, 200 + round(8 * shift) : 600 + round(8 * shift)] = 0
    crop = cv2.resize(large, None, fx=1 / 8, fy=1 / 8, interpolation=cv2.INTER_AREA)
    assert ink_box(crop) == pytest.approx((25 + shift, 20, 75 + shift, 30), abs=0.25)


@pytest.mark.parametrize("shift", [(0, 0), (1, 0), (2, 3), (3, 1)])
def test_ink_begins_at_the_same_fraction_of_a_pixel(shift: tuple[int, int]) -> None:
    fine = seen_at(strokes(), 4.0)
    moved = np.pad(fine, ((shift[1], 4 - shift[1]), (shift[0], 4 - shift[0])), constant_values=255)
    first, second = (prepare(seen_at(crop, 0.25), CONFIG) for crop in (fine, moved))
    assert np.abs(np.subtract(first, second, dtype=int)).sum() < 0.05 * (255 - first.astype(int)).sum()


def test_no_paper_is_added_to_a_crop_that_is_cut_through_its_ink() -> None:
    crop = strokes()[40:80, 50:430]
    picture = prepare(crop, CONFIG)
    assert picture[0].min() < 128 and picture[-1].min() < 128


@pytest.mark.parametrize("frame", [Frame(-3.5, -2.0, 0.5, 60, 200), Frame(10.25, 30.5, 1.7, 40, 90)])
def test_a_frame_cuts_where_it_says(frame: Frame) -> None:
    crop = np.full((100, 300), 255, np.uint8)
    cv2.circle(crop, (30, 40), 6, 0, -1)
    cut = frame.cut(crop)
    assert cut.shape == (frame.height, frame.width)
    ys, xs = np.nonzero(cut < 128)
    assert xs.mean() + 0.5 == pytest.approx((30.5 - frame.left) * frame.scale, abs=0.2)
    assert ys.mean() + 0.5 == pytest.approx((40.5 - frame.top) * frame.scale, abs=0.2)


def test_white_on_black_is_turned_over() -> None:
    normal, inverted = prepare(strokes(), CONFIG), prepare(255 - strokes(), CONFIG)
    assert normal.shape == inverted.shape
    assert np.abs(normal.astype(int) - inverted).mean() < 2


@pytest.mark.parametrize(("paper", "ink"), [(255, 0), (200, 60), (140, 20), (255, 150)])
def test_paper_becomes_white_and_ink_dark(paper: int, ink: int) -> None:
    picture = prepare(strokes(paper=paper, ink=ink), CONFIG)
    assert np.quantile(picture, 0.6) > 240
    assert picture.min() < 60


def test_uneven_light_is_evened_out() -> None:
    crop = strokes()
    light = np.linspace(0.4, 1.0, crop.shape[1])[None]
    picture = prepare((crop * light).astype(np.uint8), CONFIG)
    assert np.abs(picture.astype(int) - cv2.resize(prepare(crop, CONFIG), picture.shape[::-1])).mean() < 20


def noisy(crop: Grey, sigma: float, quality: int, rng: np.random.Generator) -> Grey:
    """As a camera sees it: noise, uneven light, JPEG."""
    light = np.linspace(rng.uniform(0.75, 1.0), 1.0, crop.shape[1])[None]
    seen = np.clip(crop * light + rng.normal(0.0, sigma, crop.shape), 0, 255).astype(np.uint8)
    decoded: Grey = cv2.imdecode(cv2.imencode(".jpg", seen, [cv2.IMWRITE_JPEG_QUALITY, quality])[1], 0)
    return decoded


@pytest.mark.parametrize("quality", [50, 80, 95])
@pytest.mark.parametrize("sigma", [1.0, 4.0, 7.0, 10.0])
def test_noise_on_blank_paper_is_blank(sigma: float, quality: int) -> None:
    rng = np.random.default_rng(int(sigma) + quality)
    pictures = [prepare(noisy(np.full((80, 300), 200, np.uint8), sigma, quality, rng), CONFIG) for _ in range(20)]
    assert sum(picture.min() == 255 for picture in pictures) >= 17  # some are skewed by chance


@pytest.mark.parametrize("sigma", [0.0, 4.0, 7.0, 10.0])
def test_faint_ink_in_noise_is_not_blank(sigma: float) -> None:
    rng = np.random.default_rng(int(sigma))
    for _ in range(20):
        picture = prepare(noisy(strokes(80, 300, 200, 160), sigma, 60, rng), CONFIG)
        assert picture.min() < 150


def test_a_faint_dot_on_a_large_sheet_is_not_noise() -> None:
    crop = np.full((300, 400), 200, np.uint8)
    cv2.circle(crop, (300, 100), 6, 165, -1)
    assert is_noise(noisy(np.full_like(crop, 200), 4.0, 80, np.random.default_rng(1)))
    assert not is_noise(noisy(crop, 4.0, 80, np.random.default_rng(1)))


def test_empty_paper_around_the_ink_does_not_matter() -> None:
    crop = strokes()
    wide = np.pad(crop, ((150, 10), (20, 200)), constant_values=255)
    first, second = prepare(crop, CONFIG), prepare(wide, CONFIG)
    assert np.abs(np.subtract(first.shape, second.shape)).max() <= 2


@pytest.mark.parametrize(
    "shape",
    [
        (1, 1),  # a pixel
        (1, 500),  # a line of pixels
        (500, 1),
        (7, 3000),  # beyond every limit
        (3000, 7),
        (2000, 2000),  # a large scan
        (40, 90, 3),  # colour
    ],
)
@pytest.mark.parametrize("fill", [0, 128, 255])
def test_odd_crops_become_pictures_too(shape: tuple[int, ...], fill: int) -> None:
    picture = prepare(np.full(shape, fill, np.uint8), CONFIG)
    assert picture.ndim == 2
    assert picture.dtype == np.uint8
    assert 8 <= picture.shape[0] <= CONFIG.max_height_px
    assert 8 <= picture.shape[1] <= CONFIG.max_width_px


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (5,), (2, 2, 2, 2)])
def test_what_is_no_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="crop"):
        prepare(np.zeros(shape, np.uint8), CONFIG)


def test_points_move_with_the_ink() -> None:
    crop = np.full((300, 900), 255, np.uint8)
    points = np.array([[100, 80], [700, 220], [450, 150]], np.float32)
    for x, y in points.astype(int):
        cv2.circle(crop, (int(x), int(y)), 12, 0, -1)
    picture, moved = prepare_with_points(crop, points, CONFIG)
    for x, y in moved.round().astype(int):
        assert picture[y, x] < 60


def test_a_batch_pads_with_paper_to_the_stride() -> None:
    pictures = [np.zeros((20, 50), np.uint8), np.zeros((33, 17), np.uint8)]
    stacked = batch(pictures, CONFIG)
    assert stacked.shape == (2, 1, 48, 64)
    for row, picture in zip(stacked, pictures, strict=True):
        height, width = picture.shape
        assert not row[0, :height, :width].any()
        assert (row[0, height:] == 255).all()
        assert (row[0, :, width:] == 255).all()


@pytest.mark.parametrize("zoom", [1, 3])
def test_a_formula_on_a_large_sheet_keeps_its_signs(zoom: int) -> None:
    crop = np.full((60, 200), 255, np.uint8)
    for x in range(20, 180, 30):
        cv2.rectangle(crop, (x, 20), (x + 16, 40), 0, 2)
    sheet = np.full((1000 * zoom, 1600 * zoom), 255, np.uint8)
    sheet[400:460, 1300:1500] = crop
    corners = np.array([[0, 0], [200, 60]], np.float32)
    alone, seen = prepare_with_points(crop, corners, ImageConfig())
    found, moved = prepare_with_points(sheet, corners + np.array([1300, 400], np.float32), ImageConfig())
    assert found.shape == pytest.approx(alone.shape, rel=0.1)
    np.testing.assert_allclose(moved, seen, atol=0.1 * alone.shape[0])
