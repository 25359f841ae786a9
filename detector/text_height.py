"""How large a page is written: the size at which a detector looks at it follows from that."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

LOOK_SIDE_PX = 1312
"""Larger pictures are measured at this long side, where letters of small print are still apart."""
NEIGHBOURHOOD_PX = 41
"""Ink is darker than the mean of the square of this side around it."""
INK_SHARE = 0.4
"""Ink is this share as dark against its surroundings as the darkest strokes are; ruled lines are mostly fainter."""
DARKEST_PERCENTILE = 97
LEAST_CONTRAST = 10
"""Grey levels; paper has less."""
BLOB_PX = (4, 150)
"""Least and greatest height of a blob; specks and figures are no text."""
LEAST_WIDTH_PX, LEAST_AREA_PX = 2, 6
WIDEST, TALLEST = 6, 8
"""A letter or joined letters are at most so many times wider than high, or higher than wide; rules are more."""
FEWEST = 8
"""Fewer blobs tell nothing."""


def text_height(image: NDArray[np.uint8]) -> float | None:
    """Height of a usual blob of ink, a letter or some that touch, in pixels; None where there is hardly any ink.

    It is the median in which each blob weighs by its height, so that dots do not count for much. Printed letters of
    10 points measure about 5.5 points.

    Args:
        image: uint8 RGB [H, W, 3], dark writing on light paper.
    """
    scale = min(1.0, LOOK_SIDE_PX / max(image.shape[:2]))
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    if scale < 1.0:
        size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
        grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    darkness = cv2.subtract(cv2.blur(grey, (NEIGHBOURHOOD_PX, NEIGHBOURHOOD_PX)), grey)
    least = max(LEAST_CONTRAST, INK_SHARE * float(np.percentile(darkness[::2, ::2], DARKEST_PERCENTILE)))
    _, _, blobs, _ = cv2.connectedComponentsWithStats((darkness > least).astype(np.uint8))
    width, height, area = blobs[1:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA]].T
    letters = (height >= BLOB_PX[0]) & (height <= BLOB_PX[1]) & (width >= LEAST_WIDTH_PX) & (area >= LEAST_AREA_PX)
    letters &= (width < WIDEST * height) & (height < TALLEST * width)
    heights = np.sort(height[letters])
    if len(heights) < FEWEST:
        return None
    total = np.cumsum(heights)
    return float(heights[np.searchsorted(total, total[-1] / 2)] / scale)
