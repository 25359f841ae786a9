"""Pages and boxes change size together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.config import DetectorConfig
from detector.resize import Resize

CONFIG = DetectorConfig(long_side_px=960, max_upscale=2.0)


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
    assert Resize.to_fit(*size, CONFIG).target == target


@given(st.integers(1, 5000), st.integers(1, 5000), st.floats(0, 0.5), st.floats(0.5, 1))
def test_boxes_come_back(width: int, height: int, low: float, high: float) -> None:
    resize = Resize.to_fit(width, height, CONFIG)
    boxes = np.array([[width * low, height * low, width * high, height * high]], np.float32)
    np.testing.assert_allclose(resize.boxes_back(resize.boxes(boxes)), boxes, rtol=1e-4, atol=1e-2)


def test_a_box_stays_on_its_ink() -> None:
    page = np.full((400, 1000, 3), 255, np.uint8)
    page[100:200, 300:500] = 0
    resize = Resize.to_fit(1000, 400, DetectorConfig(long_side_px=500))
    x0, y0, x1, y1 = resize.boxes(np.array([[300, 100, 500, 200]]))[0].astype(int)
    ink = np.argwhere(resize.image(page)[:, :, 0] < 128)
    assert ink.min(axis=0).tolist() == [y0, x0]
    assert (ink.max(axis=0) + 1).tolist() == [y1, x1]
