"""Scores made probabilities: how sure the network is of each kind, against how often it is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.coco import CocoPage
from detector.config import DetectorConfig
from detector.evaluate import LOWEST_SCORE, Counts, count, detect_all
from detector.predict import Detector
from scanpage import weights
from scanpage.errors import InputError
from scanpage.files import write_text
from scanpage.region import RegionKind

UNCALIBRATED = DetectorConfig().calibration
EVEN = 0.5
"""From here on a region is more likely right than wrong; it is the threshold of a calibrated model."""
ROUNDS = 30
START = np.array([1.0, 0.0])
RIDGE = 1.0
"""Holds slope and offset where few detections, or only right ones, say little."""
LEAST_SLOPE = 0.05
"""A surer detection never counts as less likely."""


def calibrate(folder: Path, pages: Sequence[CocoPage], *, threads: int = 0) -> DetectorConfig:
    """Fit the calibration of the model in `folder` on pages it has not seen, so that 0.5 is the score to trust from.

    Returns:
        The new settings, which are in the folder's `config.json` now.

    Raises:
        InputError: the pages hold no formulas of a kind.
        WeightsError, OutputError: the folder cannot be read or written.
    """
    detector = Detector(folder, threads)
    detector.config = replace(detector.config, calibration=UNCALIBRATED)
    found, _ = detect_all(lambda image: detector.detect(image, min_score=LOWEST_SCORE), pages)
    counts = count(found, pages)
    for kind, tally in counts.items():
        if tally.truths == 0 or not tally.hits.any():
            raise InputError(f"no {kind.value} formula was found here: calibrate on pages that hold both kinds")
    calibration = tuple(fit(counts[kind]) for kind in RegionKind)
    config = replace(detector.config, calibration=calibration, min_score=EVEN)
    weights.replace(folder, "config.json", lambda path: write_text(path, config.to_json()))
    return config


def fit(counts: Counts) -> tuple[float, float]:
    """Slope and offset on the log odds of the scores that make the hits likeliest.

    Logistic regression by Newton's method, each step halved until it helps.
    """
    scores = np.clip(counts.scores, 1e-6, 1 - 1e-6)
    inputs = np.stack([np.log(scores / (1 - scores)), np.ones_like(scores)], axis=1)
    found = START
    for _ in range(ROUNDS):
        chances = 1 / (1 + np.exp(-np.clip(inputs @ found, -50, 50)))
        downhill = inputs.T @ (chances - counts.hits) + RIDGE * (found - START)
        curvature = (inputs * (chances * (1 - chances))[:, None]).T @ inputs + RIDGE * np.eye(2)
        step = np.linalg.solve(curvature, downhill)
        while _loss(inputs, counts.hits, found - step) > _loss(inputs, counts.hits, found):
            step = step / 2
        found = found - step
    return max(float(found[0]), LEAST_SLOPE), float(found[1])


def _loss(inputs: NDArray[np.float64], hits: NDArray[np.bool_], found: NDArray[np.float64]) -> float:
    """Surprise at the hits, and at how far the map is from doing nothing."""
    odds = inputs @ found
    return float(np.logaddexp(0, np.where(hits, -odds, odds)).sum() + RIDGE / 2 * ((found - START) ** 2).sum())
