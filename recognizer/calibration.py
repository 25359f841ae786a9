"""From the probabilities of a reading's tokens to the probability that the whole formula is exactly right.

A decoder trained with smoothed labels is never sure of a token, and errors of one reading come in groups, so the
product of the token probabilities is no such probability. How doubtful its least probable tokens are, and how many
tokens it has, go through a logistic function instead (Platt 1999, with more than one feature), whose parameters are
fitted to formulas of which the truth is known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FEATURES = 2
RISING = (True, False)
"""Whether a feature may only raise the probability: more probable tokens never make a reading less credible."""
LEAST_LOG, MOST_LOG = -60.0, -1e-6
"""Logarithms of probabilities are kept in these bounds, so that the log-odds are finite."""
FADING = 0.7
"""What a token weighs beside the next less probable one.

The best from 0.5 to 0.9 by cross-validation over print and ink, clean and captured; 0.6 to 0.75 are about as good. Of a
long formula, the three least probable tokens have two thirds of the weight.
"""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the token probabilities of a recognizer's readings are worth.

    Attributes:
        parameters: the constant and the weight of each feature (see `features`), as `fit` finds them; empty for a
            recognizer that was never calibrated.
    """

    parameters: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if len(self.parameters) not in (0, 1 + FEATURES) or not all(map(math.isfinite, self.parameters)):
            raise ValueError(f"a calibration has {1 + FEATURES} finite parameters or none, got {self.parameters}")

    def probability(self, log_probabilities: Sequence[float]) -> float:
        """Probability in [0, 1] that a formula is read exactly.

        Args:
            log_probabilities: natural logarithm of the probability that the decoder itself (no beam, no temperature,
                no mask) gave to each token of the reading, the end token included. Nothing read is worth 0.

        Returns:
            Without parameters the geometric mean of the token probabilities, which ranks readings but is too high.
        """
        if not len(log_probabilities):
            return 0.0
        if not self.parameters:
            return float(np.exp(np.mean(log_probabilities)))
        log_odds = self.parameters[0] + features(log_probabilities) @ self.parameters[1:]
        return float(_logistic(log_odds))


def features(log_probabilities: Sequence[float]) -> NDArray[np.float64]:
    """What a reading is judged by, float64 [2].

    The mean log-odds of its tokens, of which the least probable weighs most and each next one `FADING` times as much as
    the one before: a reading with several doubtful tokens is worse than one with a single such token, and the many sure
    ones of a long formula hide neither. And the logarithm of their number: of many tokens some look doubtful by chance.
    """
    odds = np.array([_log_odds(value) for value in sorted(log_probabilities)])
    weights = FADING ** np.arange(len(odds))
    return np.array([odds @ weights / weights.sum(), math.log(len(odds))])


def fit(readings: Sequence[Sequence[float]], right: Sequence[bool], *, ridge: float = 1.0) -> Calibration:
    """The calibration under which what happened is most probable.

    Newton's method (iteratively reweighted least squares) with a little pull of the weights towards 0; a rising
    feature whose weight would be negative is left out.

    Args:
        readings: log-probabilities of the tokens of each reading; none is empty.
        right: whether each was exactly right; there must be some of both.
        ridge: strength of the pull, in units of the standardised features: 1 is the weight of a few samples.

    Raises:
        ValueError: all readings are right, or all are wrong.
    """
    truth = np.asarray(right, np.float64)
    if not 0 < truth.sum() < len(truth):
        raise ValueError("a calibration needs readings that are right and readings that are wrong")
    rows = np.stack([features(reading) for reading in readings])
    mean, spread = rows.mean(axis=0), np.maximum(rows.std(axis=0), 1e-6)
    standard = (rows - mean) / spread
    used = np.ones(FEATURES, np.bool_)
    while True:
        weights = np.zeros(FEATURES)
        constant, weights[used] = _newton(standard[:, used], truth, ridge)
        falling = used & np.array(RISING) & (weights < 0)
        if not falling.any():
            break
        used &= ~falling
    scaled = weights / spread
    return Calibration((float(constant - scaled @ mean), *map(float, scaled)))


def _newton(rows: NDArray[np.float64], truth: NDArray[np.float64], ridge: float) -> tuple[float, NDArray[np.float64]]:
    """Constant and weights [k] of the logistic regression of `truth` [n] on `rows` [n, k], ridge on the weights."""
    design = np.column_stack([np.ones(len(rows)), rows])
    pull = np.diag([0.0] + [ridge] * rows.shape[1])
    solution = np.zeros(design.shape[1])
    for _ in range(50):
        expected = _logistic(design @ solution)
        slope = design.T @ (truth - expected) - pull @ solution
        # The small diagonal keeps the system solvable where all probabilities are near 0 or 1.
        curvature = (design.T * (expected * (1 - expected))) @ design + pull + 1e-9 * np.eye(len(solution))
        step = np.linalg.solve(curvature, slope)
        # A full step may overshoot on separable data; a longer one than this is never needed near the solution.
        solution += step * min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return float(solution[0]), solution[1:]


def _log_odds(log_probability: float) -> float:
    """log(p / (1 - p)) of p = exp(log_probability)."""
    bounded = min(max(log_probability, LEAST_LOG), MOST_LOG)
    return bounded - math.log(-math.expm1(bounded))


def _logistic(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 / (1 + exp(-x)), which overflows for no x."""
    value: NDArray[np.float64] = 0.5 * (1.0 + np.tanh(0.5 * np.asarray(log_odds, np.float64)))
    return value
