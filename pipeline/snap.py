"""Boxes grown to hold the signs that they cut: a missing limit or bracket spoils a whole reading."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from scanpage.geometry import Box
from scanpage.region import Region

OWN_SHARE = 0.3
"""A connected piece of ink belongs to a box that holds this share of the piece's own box."""
REACH_SHARE = 0.35
"""A box grows by this share of its height at most on each side: what reaches further is a ruled line or a frame."""
MIN_INK_PX = 4
"""Smaller specks are noise."""


def snapped(image: np.ndarray, regions: Sequence[Region]) -> list[Region]:
    """Regions of the page `image` [H, W, 3] (RGB, uint8), each grown around the signs that its edges cut."""
    if not regions:
        return []
    pieces = _pieces(image)
    return [Region(_grown(region.box, pieces), region.kind, region.score) for region in regions]


def _pieces(image: np.ndarray) -> np.ndarray:
    """Boxes xyxy of all connected pieces of ink on the page, float64 [n, 4]."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    # Against the mean of the neighbourhood, so that shadows are no ink; 12 grey levels are above a photo's noise.
    neighbourhood = max(15, max(grey.shape) // 40) | 1
    ink = cv2.adaptiveThreshold(grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, neighbourhood, 12)
    stats = cv2.connectedComponentsWithStats(ink, connectivity=8)[2][1:]
    stats = stats[stats[:, cv2.CC_STAT_AREA] >= MIN_INK_PX].astype(np.float64)
    return np.concatenate([stats[:, :2], stats[:, :2] + stats[:, 2:4]], axis=1)


def _grown(box: Box, pieces: np.ndarray) -> Box:
    reach = REACH_SHARE * box.height
    limits = np.array(box.padded(reach).xyxy)
    inner = np.minimum(pieces[:, 2:], [box.x1, box.y1]) - np.maximum(pieces[:, :2], [box.x0, box.y0])
    shared = np.clip(inner, 0, None).prod(axis=1)
    own = shared >= OWN_SHARE * (pieces[:, 2:] - pieces[:, :2]).prod(axis=1)
    near = (pieces[:, :2] >= limits[:2]).all(axis=1) & (pieces[:, 2:] <= limits[2:]).all(axis=1)
    chosen = pieces[own & near]
    if not len(chosen):
        return box
    x0, y0 = chosen[:, :2].min(axis=0)
    x1, y1 = chosen[:, 2:].max(axis=0)
    return Box(min(box.x0, x0), min(box.y0, y0), max(box.x1, x1), max(box.y1, y1))
