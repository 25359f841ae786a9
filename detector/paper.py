"""Find the sheet of paper in a photo with the exported network; no torch."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.paper_corners import corners_of, could_be_sheet
from detector.paper_edges import refined
from scanpage import weights

GRAPH = "model.onnx"
SHIPPED = weights.shipped("detector") / "paper"
SIDE_PX = 256
"""Height and width that pictures are stretched to: a sheet's edge is straight, so its place is known far better."""
LEAST_EDGE = 0.6
"""Edges of which less is seen are guesses: on clean white, as a PDF's pages are, there are none."""
MOST_LENGTHY = 2.5
"""Pictures so many times longer than wide are cut-outs; a lean of their ends says nothing of a sheet."""

Image = NDArray[np.uint8]


class PaperFinder:
    """The network that finds the sheet, in ONNX Runtime on the CPU.

    Args:
        folder: a model folder made by `detector train-paper`; None is the shipped model.
        threads: threads to compute with; 0 lets the runtime choose.

    Raises:
        WeightsError: the model is missing or damaged.
    """

    def __init__(self, folder: Path | None = None, threads: int = 0) -> None:
        self.folder = weights.locate("detector", SHIPPED if folder is None else folder)
        self._session = weights.open_session(self.folder / GRAPH, threads)

    @property
    def version(self) -> str:
        return weights.version(self.folder)

    def find(self, image: Image) -> NDArray[np.float64] | None:
        """Corners of the sheet in a picture, uint8 RGB [H, W, 3].

        Its sides are seen as edges, or lie on the picture's border.

        Returns:
            float64 [4, 2]: (x, y) in shares of width and height, from the top left one clockwise; outside [0, 1] where
            the sides that are seen meet outside the picture. None where the sheet fills the picture, or there is none.
        """
        if max(image.shape[:2]) > MOST_LENGTHY * min(image.shape[:2]):
            return None
        (mask,) = self._session.run(["mask"], {"image": to_input(image)})
        corners = corners_of(mask)
        size = image.shape[1], image.shape[0]
        if corners is None or not could_be_sheet(corners, size):
            return None
        better, seen = refined(image, corners)
        # Where all sides are cut off by the border, the picture is the sheet.
        if np.isnan(seen).all() or np.nanmean(seen) < LEAST_EDGE:
            return None
        return better if could_be_sheet(better, size) else corners


def to_input(image: Image) -> Image:
    """The picture in the size that the network sees."""
    return np.asarray(cv2.resize(image, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA))
