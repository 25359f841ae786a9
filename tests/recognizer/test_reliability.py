"""Expected calibration error on values worked out by hand, and its picture."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.reliability import BINS, draw, expected_calibration_error, reliability


@pytest.mark.parametrize(
    ("confidences", "right", "bins", "expected"),
    [
        ([1.0, 1.0, 0.0], [True, True, False], 15, 0.0),  # sure and right, or unsure and wrong
        ([1.0, 1.0], [False, False], 15, 1.0),  # sure and wrong
        ([0.75] * 4, [True, True, True, False], 15, 0.0),  # three in four of 75 %
        ([0.9] * 10, [True] * 5 + [False] * 5, 15, 0.4),
        # Two of 0.2 and 0.4 share a bin of two: |0.3 - 0.5|; one of 0.9: |0.9 - 1|.
        ([0.2, 0.4, 0.9], [True, False, True], 2, (2 * 0.2 + 1 * 0.1) / 3),
        ([0.5, 0.5001], [True, False], 2, (0.5 + 0.5001) / 2),  # an edge belongs to the lower bin
        ([], [], 15, 0.0),
    ],
)
def test_expected_calibration_error(confidences: list[float], right: list[bool], bins: int, expected: float) -> None:
    found = expected_calibration_error(reliability(confidences, right, bins=bins))
    assert found == pytest.approx(expected)


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_every_reading_is_in_one_bin(readings: list[tuple[float, bool]]) -> None:
    confidences, right = [c for c, _ in readings], [r for _, r in readings]
    bins = reliability(confidences, right)
    assert sum(b.count for b in bins) == len(readings)
    assert sum(b.count * b.accuracy for b in bins) == pytest.approx(sum(right))
    for k, b in enumerate(bins):
        assert b.count == 0 or k / BINS - 1e-9 <= b.confidence <= (k + 1) / BINS + 1e-9


def test_what_is_no_probability_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        reliability([1.5], [True])
    with pytest.raises(ValueError, match="2 confidences for 1"):
        reliability([0.5, 0.5], [True])


@pytest.mark.parametrize("count", [0, 1, 500])
def test_the_plot_is_a_picture_for_any_number_of_readings(tmp_path: Path, count: int) -> None:
    pytest.importorskip("matplotlib")
    rng = np.random.default_rng(0)
    values = rng.random(count)
    draw(reliability(values.tolist(), (rng.random(count) < values).tolist()), tmp_path / "plot.png")
    picture = cv2.imread(str(tmp_path / "plot.png"))
    assert picture is not None and picture.shape == (900, 750, 3)
