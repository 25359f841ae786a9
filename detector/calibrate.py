"""Scores made probabilities: how sure the network is of each kind, against how often it is right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from detector.coco import CocoPage
from detector.config import DetectorConfig
from detector.evaluate import LOWEST_SCORE, detect_all, matches
from detector.predict import Detector, evidence
from scanpage import weights
from scanpage.errors import InputError
from scanpage.files import write_text
from scanpage.region import Region, RegionKind

Weights = tuple[float, float, float]
UNCALIBRATED = DetectorConfig().calibration
EVEN = 0.5
"""From here on a region is more likely right than wrong; it is the threshold of a calibrated model."""
ROUNDS = 30
START = np.array([1.0, 0.0, 0.0])
RIDGE = 1.0
"""Holds the weights where few detections, or only right ones, say little."""
LEAST_SLOPE = 0.05
"""A surer detection never counts as less likely."""


def calibrate(folder: Path, pages: Sequence[CocoPage], *, threads: int = 0) -> DetectorConfig:
    """Fit the calibration of the model in `folder` on pages it has not seen, so that 0.5 is the score to trust from.

    Args:
        folder: a model folder.
        pages: of the kinds that the model will see; those without formulas tell what company is worth.
        threads: threads to compute with; 0 lets the runtime choose.

    Returns:
        The new settings, which are in the folder's `config.json` now.

    Raises:
        InputError: the pages hold no formulas of a kind.
        WeightsError, OutputError: the folder cannot be read or written.
    """
    detector = Detector(folder, threads)
    detector.config = replace(detector.config, calibration=UNCALIBRATED)
    found, _ = detect_all(lambda image: detector.detect(image, min_score=LOWEST_SCORE), pages)
    calibration = tuple(_fitted(kind, found, pages) for kind in RegionKind)
    config = replace(detector.config, calibration=calibration, min_score=EVEN)
    weights.replace(folder, "config.json", lambda path: write_text(path, config.to_json()))
    return config


def _fitted(kind: RegionKind, found: Sequence[list[Region]], pages: Sequence[CocoPage]) -> Weights:
    parts = matches(kind, found, pages)
    hits = np.concatenate([part.hits for part in parts])
    if not hits.any():
        raise InputError(f"no {kind.value} formula was found here: calibrate on pages that hold both kinds")
    return fit(np.concatenate([evidence(part.scores) for part in parts]), hits)


def fit(inputs: NDArray[np.float64], hits: NDArray[np.bool_]) -> Weights:
    """Weights of `detector.predict.evidence` [n, 3] that make the hits [n] likeliest.

    Logistic regression by Newton's method, each step halved until it helps.
    """
    found = START
    for _ in range(ROUNDS):
        chances = 1 / (1 + np.exp(-np.clip(inputs @ found, -50, 50)))
        downhill = inputs.T @ (chances - hits) + RIDGE * (found - START)
        curvature = (inputs * (chances * (1 - chances))[:, None]).T @ inputs + RIDGE * np.eye(len(START))
        step = np.linalg.solve(curvature, downhill)
        while _loss(inputs, hits, found - step) > _loss(inputs, hits, found):
            step = step / 2
        found = found - step
    slope, offset, company = found.tolist()
    return max(slope, LEAST_SLOPE), offset, company


def _loss(inputs: NDArray[np.float64], hits: NDArray[np.bool_], found: NDArray[np.float64]) -> float:
    """Surprise at the hits, and at how far the map is from doing nothing."""
    odds = inputs @ found
    return float(np.logaddexp(0, np.where(hits, -odds, odds)).sum() + RIDGE / 2 * ((found - START) ** 2).sum())
