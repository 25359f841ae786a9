from __future__ import annotations

import numpy as np
import pytest

from detector.calibrate import fit
from detector.config import DetectorConfig
from detector.predict import calibrated, evidence
from scanpage.errors import WeightsError
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

PAGES = 2000
NOTHING = ((1.0, 0.0, 0.0), (1.0, 0.0, 0.0))


def chance(odds: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-odds))


def draws(*weights: float) -> tuple[np.ndarray, np.ndarray]:
    """Evidence of the detections of many pages, right as often as these weights say."""
    rng = np.random.default_rng(0)
    inputs = np.concatenate([evidence(rng.uniform(0.02, 0.98, rng.integers(1, 100))) for _ in range(PAGES)])
    return inputs, rng.random(len(inputs)) < chance(inputs @ np.array(weights))


def regions(kind: RegionKind, *scores: float) -> list[Region]:
    return [Region(Box(20 * k, 0, 20 * k + 10, 10), kind, score) for k, score in enumerate(scores)]


@pytest.mark.parametrize("weights", [(1.0, 0.0, 0.0), (0.6, -0.8, 0.4), (1.7, 0.5, -0.2)])
def test_the_weights_that_made_the_hits_are_found(weights: tuple[float, float, float]) -> None:
    assert fit(*draws(*weights)) == pytest.approx(weights, abs=0.15)


@pytest.mark.parametrize("right", [True, False])
def test_where_all_are_right_or_all_wrong_the_fit_stays_finite(right: bool) -> None:
    slope, offset, company = fit(evidence(np.linspace(0.1, 0.9, 20)), np.full(20, right))
    assert 0 < slope < 20 and abs(offset) < 20 and abs(company) < 20


def test_each_kind_has_its_own_weights() -> None:
    page = regions(RegionKind.ISOLATED, 0.5) + regions(RegionKind.INLINE, 0.5)
    first, second = calibrated(page, ((1.0, 0.0, 0.0), (2.0, -1.0, 0.0)))
    assert (first.kind, first.score) == (RegionKind.ISOLATED, pytest.approx(0.5))
    assert (second.kind, second.score) == (RegionKind.INLINE, pytest.approx(1 / (1 + np.exp(1))))


def test_without_weights_nothing_changes() -> None:
    page = regions(RegionKind.INLINE, 0.9, 0.7, 0.2)
    assert [r.score for r in calibrated(page, NOTHING)] == pytest.approx([0.9, 0.7, 0.2])
    assert [r.box for r in calibrated(page, NOTHING)] == [r.box for r in page]
    assert calibrated([], NOTHING) == []


def test_one_more_formula_is_likelier_where_there_are_many() -> None:
    weights = ((1.0, -1.0, 0.5), (1.0, -1.0, 0.5))
    alone = calibrated(regions(RegionKind.INLINE, 0.6), weights)[-1].score
    doubtful = calibrated(regions(RegionKind.INLINE, 0.6, *[0.1] * 5), weights)[0].score
    among_sure = calibrated(regions(RegionKind.INLINE, *[0.9] * 5, 0.6), weights)[-1].score
    others = calibrated(regions(RegionKind.INLINE, 0.6) + regions(RegionKind.ISOLATED, *[0.9] * 5), weights)[-1].score
    assert alone == others < doubtful < among_sure


def test_scores_at_both_ends_do_not_run_away() -> None:
    rng = np.random.default_rng(1)
    inputs = np.concatenate([evidence(np.array([score])) for score in [0.9999] * 800 + [0.051] * 800])
    hits = np.concatenate([rng.random(800) < 0.97, rng.random(800) < 0.001])
    slope, offset, _ = fit(inputs, hits)
    assert 0.3 < slope < 3 and abs(offset) < 4
    sure, doubtful = chance(inputs[[0, -1], :2] @ np.array([slope, offset]))
    assert sure == pytest.approx(0.97, abs=0.02) and doubtful < 0.02


def test_a_surer_detection_is_never_the_less_likely_one() -> None:
    scores = np.linspace(0.1, 0.9, 200)
    assert fit(evidence(scores), scores < 0.5)[0] > 0


def test_models_of_before_know_nothing_of_company() -> None:
    old = DetectorConfig.from_dict({"calibration": [[1.2, -2.0], [0.9, -0.5]]})
    assert old.calibration == ((1.2, -2.0, 0.0), (0.9, -0.5, 0.0))
    with pytest.raises(WeightsError, match="three numbers"):
        DetectorConfig.from_dict({"calibration": [[1.2], [0.9]]})
