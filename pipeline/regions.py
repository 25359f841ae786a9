"""What the detector found, made fit for reading: inside the page, and cut out with a margin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanpage.geometry import Box
from scanpage.region import Region

MARGIN_SHARE = 0.06
MIN_SIDE_PX = 3


def settle(regions: Sequence[Region], *, width: int, height: int) -> list[Region]:
    """Regions clipped to the page, without those of which nothing is left to read."""
    clipped = (Region(region.box.clipped(width, height), region.kind, region.score) for region in regions)
    return [region for region in clipped if min(region.box.width, region.box.height) >= MIN_SIDE_PX]


def crop(image: np.ndarray, box: Box) -> np.ndarray:
    """The pixels of `box` with a small margin, a view `[h, w, 3]` of `image` `[H, W, 3]`."""
    height, width = image.shape[:2]
    margin = max(2.0, MARGIN_SHARE * min(box.height, box.width))
    x0, y0, x1, y1 = box.padded(margin).clipped(width, height).pixels()
    return image[y0:y1, x0:x1]


def share_inside(inner: Box, outer: Box) -> float:
    """How much of `inner` lies in `outer`, 0 to 1."""
    return inner.intersection(outer) / inner.area if inner.area > 0 else 0.0
