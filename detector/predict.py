"""Find formulas on a page with the exported model; no torch."""

from __future__ import annotations

from collections.abc import Sequence
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
        resize = Resize.to_fit(image.shape[1], image.shape[0], self.config)
        boxes, labels, scores = self._session.run(["boxes", "labels", "scores"], {"image": resize.image(image)})
        threshold = self.config.min_score if min_score is None else min_score
        scores = calibrated(scores, labels, self.config.calibration)
        return merge(to_regions(resize.boxes_back(boxes), labels, scores, min_score=threshold))


def calibrated(
    scores: NDArray[np.float32], labels: NDArray[Any], calibration: Sequence[Sequence[float]]
) -> NDArray[np.float32]:
    """Scores [n] as probabilities of being right, by the slope and offset of each one's kind (labels [n], from 1)."""
    slopes, offsets = np.array(calibration)[labels - 1].reshape(-1, 2).T
    return odds_mapped(scores, slopes, offsets).astype(np.float32)


def odds_mapped(scores: NDArray[Any], slope: Any, offset: Any) -> NDArray[np.float64]:
    """Probabilities with their log odds stretched by `slope` and moved by `offset`."""
    chances = np.clip(scores, 1e-6, 1 - 1e-6).astype(np.float64)
    odds = np.log(chances / (1 - chances))
    return np.asarray(1 / (1 + np.exp(-(slope * odds + offset))), np.float64)


def to_regions(
    boxes: NDArray[np.float32], labels: NDArray[Any], scores: NDArray[np.float32], *, min_score: float
) -> list[Region]:
    """Arrays of boxes [n, 4] xyxy, labels [n] and scores [n] as regions; empty boxes and low scores left out."""
    regions = []
    for (x0, y0, x1, y1), label, score in zip(boxes.tolist(), labels.tolist(), scores.tolist(), strict=True):
        if score >= min_score and x1 > x0 and y1 > y0:
            regions.append(Region(Box(x0, y0, x1, y1), RegionKind.from_coco_id(label), min(score, 1.0)))
    return regions
