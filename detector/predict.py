"""Find formulas on a page with the exported model; no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.config import DetectorConfig
from detector.merge import merge
from detector.resize import Resize
from scanpage import weights
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

GRAPH = "model.onnx"


class Detector:
    """A detector in ONNX Runtime on the CPU.

    Args:
        folder: a model folder made by `detector export`; None is the shipped model.
        threads: threads to compute with; 0 lets the runtime choose.

    Raises:
        WeightsError: the model is missing or damaged.
    """

    def __init__(self, folder: Path | None = None, threads: int = 0) -> None:
        self.folder = weights.locate("detector", folder)
        self.config = DetectorConfig.from_dict(weights.read_config(self.folder))
        self._session = weights.open_session(self.folder / GRAPH, threads)

    @property
    def version(self) -> str:
        return weights.version(self.folder)

    def detect(self, image: NDArray[np.uint8], *, min_score: float | None = None) -> list[Region]:
        """Formulas on a page.

        Args:
            image: RGB uint8 [H, W, 3].
            min_score: leave out regions below this score, in [0, 1]; None is the model's own default.

        Returns:
            Regions in pixels of `image`, best score first, none of them doubled or nested. The score is the probability
            that the region is right, as measured where the model was calibrated.

        Raises:
            ValueError: `image` has another form.
        """
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
            raise ValueError(f"a page must be uint8 [H, W, 3], got {image.dtype} {list(image.shape)}")
        resize = Resize.to_fit(image, self.config)
        boxes, labels, scores = self._session.run(["boxes", "labels", "scores"], {"image": resize.image(image)})
        found = merge(to_regions(resize.boxes_back(boxes), labels, scores))
        threshold = self.config.min_score if min_score is None else min_score
        return [region for region in calibrated(found, self.config.calibration) if region.score >= threshold]


def calibrated(regions: Sequence[Region], calibration: Sequence[Sequence[float]]) -> list[Region]:
    """The regions of a page with the probability that each is right as its score, best first.

    Its log odds are a weighted sum (Platt 1999) of those of the network's score, one, and the region's company: where
    a page has many formulas of a kind, one more is likely, while the one in a page of prose is mostly an italic word.

    Args:
        regions: all that was found on the page, however doubtful, with the network's scores.
        calibration: the three weights for each kind.
    """
    mapped = []
    for kind, shares in zip(RegionKind, calibration, strict=True):
        own = [region for region in regions if region.kind is kind]
        odds = evidence(np.array([region.score for region in own])) @ np.array(shares)
        mapped += [replace(region, score=float(p)) for region, p in zip(own, 1 / (1 + np.exp(-odds)), strict=True)]
    return sorted(mapped, key=lambda region: -region.score)


def evidence(scores: NDArray[Any]) -> NDArray[np.float64]:
    """What `calibrated` weighs, for the scores [n] of all regions of one kind on one page: float64 [n, 3]."""
    chances = np.clip(scores, 1e-6, 1 - 1e-6).astype(np.float64)
    company = np.log1p((scores**2).sum() - scores**2)  # sure ones count, the doubtful hardly
    return np.stack([np.log(chances / (1 - chances)), np.ones_like(chances), company], axis=1)


def to_regions(boxes: NDArray[np.float32], labels: NDArray[Any], scores: NDArray[np.float32]) -> list[Region]:
    """Arrays of boxes [n, 4] xyxy, labels [n] and scores [n] as regions; empty boxes are left out."""
    regions = []
    for (x0, y0, x1, y1), label, score in zip(boxes.tolist(), labels.tolist(), scores.tolist(), strict=True):
        if x1 > x0 and y1 > y0:
            regions.append(Region(Box(x0, y0, x1, y1), RegionKind.from_coco_id(label), min(score, 1.0)))
    return regions
