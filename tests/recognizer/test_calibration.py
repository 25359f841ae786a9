"""Token probabilities become the probability that a whole formula is right."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.calibration import FADING, FEATURES, Calibration, features, fit
from recognizer.config import RecognizerConfig
from scanpage.weights import read_json

LOGS = st.lists(st.floats(-30.0, 0.0), min_size=1, max_size=40)
FITTED = Calibration((-3.0, 1.5, 0.6))


def test_without_a_fit_it_is_the_geometric_mean() -> None:
    assert Calibration().probability(np.log([0.5, 0.5, 0.125]).tolist()) == pytest.approx(
        (0.5 * 0.5 * 0.125) ** (1 / 3)
    )


@pytest.mark.parametrize("calibration", [Calibration(), FITTED])
def test_nothing_read_is_worth_nothing(calibration: Calibration) -> None:
    assert calibration.probability([]) == 0.0


@given(LOGS)
def test_it_is_a_probability(logs: list[float]) -> None:
    for calibration in (Calibration(), FITTED, Calibration((0.0, 50.0, -50.0))):
        assert 0.0 <= calibration.probability(logs) <= 1.0


@given(LOGS, st.integers(0, 39), st.floats(0.0, 5.0))
def test_a_less_probable_token_never_raises_it(logs: list[float], place: int, drop: float) -> None:
    place %= len(logs)
    worse = [*logs[:place], logs[place] - drop, *logs[place + 1 :]]
    assert FITTED.probability(worse) <= FITTED.probability(logs) + 1e-12


@pytest.mark.parametrize(
    ("probabilities", "doubt"),
    [
        ([0.8], math.log(4)),
        ([0.8, 0.5], (0.0 + FADING * math.log(4)) / (1 + FADING)),  # the least probable weighs most, wherever it is
        ([0.5, 0.8], (0.0 + FADING * math.log(4)) / (1 + FADING)),
        ([0.9] * 200, math.log(9)),  # a mean, however many there are
    ],
)
def test_the_least_probable_tokens_weigh_most(probabilities: list[float], doubt: float) -> None:
    assert features(np.log(probabilities).tolist()) == pytest.approx([doubt, math.log(len(probabilities))])


def test_two_doubtful_tokens_are_worse_than_one() -> None:
    sure = math.log(0.95)
    one, two = [math.log(0.5)] + [sure] * 9, [math.log(0.5)] * 2 + [sure] * 8
    assert FITTED.probability(two) < FITTED.probability(one) - 0.1


@pytest.mark.parametrize(
    "parameters",
    [
        (1.0,),  # too few
        (1.0, 2.0, 3.0, 4.0),  # too many
        (1.0, float("nan"), 3.0),
        (1.0, float("inf"), 3.0),
    ],
)
def test_other_parameters_are_refused(parameters: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="finite parameters"):
        Calibration(parameters)


def _readings(rng: np.random.Generator, count: int) -> list[list[float]]:
    return [list(-rng.exponential(rng.exponential(0.1), rng.integers(1, 30))) for _ in range(count)]


def test_a_fit_finds_the_probabilities_that_the_truth_was_drawn_from() -> None:
    rng = np.random.default_rng(0)
    readings = _readings(rng, 4000)
    true = np.array([FITTED.probability(reading) for reading in readings])
    found = fit(readings, (rng.random(len(true)) < true).tolist())
    error = np.abs([found.probability(reading) - p for reading, p in zip(readings, true, strict=True)])
    assert error.mean() < 0.02
    assert error.max() < 0.1


def test_a_fit_never_rewards_less_probable_tokens() -> None:
    rng = np.random.default_rng(1)
    readings = _readings(rng, 300)
    contrary = [bool(features(reading)[0] < 2.0) for reading in readings]
    found = fit(readings, contrary)
    assert len(found.parameters) == 1 + FEATURES
    assert found.parameters[1] == 0.0


def test_truth_that_the_features_separate_still_gives_finite_parameters() -> None:
    readings = [[-0.01]] * 30 + [[-5.0]] * 30
    found = fit(readings, [True] * 30 + [False] * 30)
    assert found.probability([-0.01]) > 0.9
    assert found.probability([-5.0]) < 0.1


@pytest.mark.parametrize("right", [True, False])
def test_a_fit_needs_right_and_wrong_readings(right: bool) -> None:
    with pytest.raises(ValueError, match="right and readings that are wrong"):
        fit([[-0.1], [-0.2]], [right, right])


def test_a_calibration_comes_back_from_the_settings_file(tmp_path: Path) -> None:
    path = tmp_path / "recognizer.json"
    RecognizerConfig(calibration=FITTED).save(path)
    assert RecognizerConfig.from_json(read_json(path)).calibration == FITTED


def test_settings_of_an_older_version_have_no_calibration(tmp_path: Path) -> None:
    path = tmp_path / "recognizer.json"
    RecognizerConfig(calibration=FITTED).save(path)
    data = read_json(path)
    del data["calibration"]
    assert RecognizerConfig.from_json(data).calibration == Calibration()
