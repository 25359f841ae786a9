import numpy as np
import pytest

from synth.pen import Pen, Writing, draw, paint_writing, resampled

PLAIN = Pen(4.0, pressure=0.0, taper=0.0, tremor_px=0.0)


def writing(*strokes) -> Writing:
    return Writing.of([np.array(stroke, np.float32) for stroke in strokes])


def test_strokes_are_resampled_evenly_and_dots_stay_dots():
    even = resampled(writing([[0, 0], [1, 0], [10, 0]], [[5, 5]], [[0, 9], [0, 9.1]]), 2.0)
    assert even.counts.tolist() == [6, 1, 1]
    assert np.diff(even.points[:6, 0]) == pytest.approx(2.0)
    assert even.points[6].tolist() == [5, 5]


def test_a_resampled_stroke_keeps_its_ends_and_does_not_lead_to_the_next():
    even = resampled(writing([[0, 0], [9, 0]], [[100, 50], [100, 80]]), 1.0)
    assert even.points[even.starts].tolist() == [[0, 0], [100, 50]]
    first = even.points[: even.counts[0]]
    assert first[:, 0].max() == pytest.approx(9.0)
    assert first[:, 1].max() == 0


@pytest.mark.parametrize("width", [2.0, 4.0, 7.5])
def test_a_line_is_as_thick_as_the_pen(width):
    pen = Pen(width, pressure=0.0, taper=0.0, tremor_px=0.0)
    alpha = draw(writing([[10, 20], [90, 20]]), 100, 40, pen, np.random.default_rng(0))
    assert alpha[:, 50].sum() / 255 == pytest.approx(width, abs=0.3 + 0.07 * width)
    assert alpha[:, :5].max() == 0


def test_pressure_swells_the_line_and_taper_thins_its_ends():
    line = writing([[10, 20], [390, 20]])
    thickness = {}
    for name, pen in {"plain": PLAIN, "soft": Pen(4.0, 0.4, 0.0, 0.0), "tapered": Pen(4.0, 0.0, 0.6, 0.0)}.items():
        alpha = draw(line, 400, 40, pen, np.random.default_rng(1))
        thickness[name] = alpha[:, 20:380].sum(axis=0) / 255
    assert np.ptp(thickness["plain"]) < 0.3
    assert np.ptp(thickness["soft"]) > 1.5
    ends = draw(line, 400, 40, Pen(4.0, 0.0, 0.6, 0.0), np.random.default_rng(1))[:, 11].sum() / 255
    assert ends < thickness["tapered"][180] - 1


def test_a_pale_pen_draws_pale():
    alpha = draw(writing([[10, 20], [90, 20]]), 100, 40, Pen(4.0, darkness=0.5), np.random.default_rng(0))
    assert 120 <= alpha.max() <= 130


def test_each_sign_gets_the_box_of_its_strokes():
    painted = paint_writing(
        writing([[0, 0], [20, 0]], [[60, 30], [80, 50]], [[0, 10], [20, 10]]),
        [("=", (0, 2)), ("/", (1,))],
        PLAIN,
        np.random.default_rng(0),
        baseline=10.0,
    )
    (equals, first), (slash, second) = painted.glyphs
    assert (equals, slash) == ("=", "/")
    assert first.xyxy == pytest.approx((0, 0, 24, 14), abs=1)
    assert second.xyxy == pytest.approx((60, 30, 84, 54), abs=1)
    assert painted.baseline_px == pytest.approx(12, abs=1)
