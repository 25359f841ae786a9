"""Pages and boxes change size together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detector.config import DetectorConfig
from detector.resize import Resize

CONFIG = DetectorConfig(long_side_px=(960, 960), max_upscale=2.0)


def blank(width: int, height: int) -> np.ndarray:
    return np.full((height, width, 3), 255, np.uint8)


@pytest.mark.parametrize(
    ("size", "target"),
    [
        pytest.param((1600, 1920), (800, 960), id="shrinks to the long side"),
        pytest.param((480, 240), (960, 480), id="enlarges"),
        pytest.param((100, 50), (200, 100), id="enlarges no further than allowed"),
        pytest.param((9600, 1), (960, 4), id="keeps a few pixels of any side"),
    ],
)
def test_target_size(size: tuple[int, int], target: tuple[int, int]) -> None:
    assert Resize.to_fit(blank(*size), CONFIG).target == target


@settings(max_examples=30)
@given(st.integers(1, 2000), st.integers(1, 2000), st.floats(0, 0.5), st.floats(0.5, 1))
def test_boxes_come_back(width: int, height: int, low: float, high: float) -> None:
    resize = Resize.to_fit(blank(width, height), CONFIG)
    boxes = np.array([[width * low, height * low, width * high, height * high]], np.float32)
    np.testing.assert_allclose(resize.boxes_back(resize.boxes(boxes)), boxes, rtol=1e-4, atol=1e-2)


def test_a_box_stays_on_its_ink() -> None:
    page = np.full((400, 1000, 3), 255, np.uint8)
    page[100:200, 300:500] = 0
    resize = Resize.to_fit(page, DetectorConfig(long_side_px=(500, 500)))
    x0, y0, x1, y1 = resize.boxes(np.array([[300, 100, 500, 200]]))[0].astype(int)
    ink = np.argwhere(resize.image(page)[:, :, 0] < 128)
    assert ink.min(axis=0).tolist() == [y0, x0]
    assert (ink.max(axis=0) + 1).tolist() == [y1, x1]


@pytest.mark.parametrize(("letters_px", "side"), [(14, 857), (7, 1500), (60, 500), (5, 1500)])
def test_writing_gets_the_same_height_within_the_bounds(letters_px: int, side: int) -> None:
    page = blank(800, 1000)
    for y in range(80, 900, 2 * letters_px):
        for x in range(80, 700, letters_px):
            page[y : y + letters_px, x : x + letters_px // 2] = 20
    config = DetectorConfig(text_height_px=12.0, long_side_px=(500, 1500))
    assert Resize.to_fit(page, config).target == (round(side * 0.8), side)


def test_a_page_without_writing_gets_a_size_between_the_bounds() -> None:
    assert Resize.to_fit(blank(800, 1000), DetectorConfig(long_side_px=(900, 1600))).target == (960, 1200)


def test_models_of_before_see_all_pages_at_one_size() -> None:
    old = DetectorConfig.from_dict({"long_side_px": 1312})
    assert old.long_side_px == (1312, 1312)
    assert DetectorConfig.from_dict({**old.to_dict(), "long_side_px": [1312, 1312]}) == old
