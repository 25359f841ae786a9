from __future__ import annotations

import numpy as np
import pytest

from detector.calibrate import fit
from detector.evaluate import Counts
from detector.predict import calibrated, odds_mapped


def draws(slope: float, offset: float, count: int = 20_000) -> Counts:
    """Detections that are right as often as their scores say once they are mapped."""
    rng = np.random.default_rng(0)
    scores = rng.uniform(0.02, 0.98, count)
    return Counts(scores, rng.random(count) < odds_mapped(scores, slope, offset), count)


@pytest.mark.parametrize(("slope", "offset"), [(1.0, 0.0), (0.6, -0.8), (1.7, 0.5)])
def test_the_map_that_made_the_hits_is_found(slope: float, offset: float) -> None:
    found = fit(draws(slope, offset))
    assert found == pytest.approx((slope, offset), abs=0.08)


@pytest.mark.parametrize("right", [True, False])
def test_where_all_are_right_or_all_wrong_the_fit_stays_finite(right: bool) -> None:
    counts = Counts(np.linspace(0.1, 0.9, 20), np.full(20, right), 20)
    slope, offset = fit(counts)
    assert 0 < slope < 20 and abs(offset) < 20


def test_each_kind_has_its_own_map() -> None:
    scores = np.array([0.5, 0.5, 0.9], np.float32)
    mapped = calibrated(scores, np.array([1, 2, 2]), ((1.0, 0.0), (2.0, -1.0)))
    assert mapped.dtype == np.float32
    assert mapped[0] == pytest.approx(0.5)
    assert mapped[1] == pytest.approx(1 / (1 + np.exp(1)))
    assert mapped[1] < mapped[2] < 1


def test_nothing_found_is_nothing_mapped() -> None:
    assert calibrated(np.zeros(0, np.float32), np.zeros(0, np.int64), ((1.0, 0.0), (1.0, 0.0))).shape == (0,)


def test_scores_at_both_ends_do_not_run_away() -> None:
    rng = np.random.default_rng(1)
    scores = np.concatenate([np.full(800, 0.9999), np.full(800, 0.051)])
    hits = np.concatenate([rng.random(800) < 0.97, rng.random(800) < 0.001])
    slope, offset = fit(Counts(scores, hits, 900))
    assert 0.3 < slope < 3 and abs(offset) < 4
    sure = odds_mapped(np.array([0.9999, 0.051]), slope, offset)
    assert sure[0] == pytest.approx(0.97, abs=0.02) and sure[1] < 0.02


def test_a_surer_detection_is_never_the_less_likely_one() -> None:
    scores = np.linspace(0.1, 0.9, 200)
    assert fit(Counts(scores, scores < 0.5, 100))[0] > 0
