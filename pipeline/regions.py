"""What the detector found, made fit for reading: no formula twice, and crops with the margin a reader expects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanpage.geometry import Box
from scanpage.region import Region

SAME_IOU = 0.5
INSIDE_SHARE = 0.8
MARGIN_SHARE = 0.06
MIN_SIDE_PX = 3


def settle(regions: Sequence[Region], *, width: int, height: int) -> list[Region]:
    """Regions clipped to the page, without those that say again what a better or larger one says.

    A region falls where it overlaps a better scored one (IoU above 0.5, of either kind), or where most of it lies
    inside another one that was kept.
    """
    clipped = (Region(region.box.clipped(width, height), region.kind, region.score) for region in regions)
    sound = [region for region in clipped if min(region.box.width, region.box.height) >= MIN_SIDE_PX]
    kept: list[Region] = []
    for region in sorted(sound, key=lambda region: -region.score):
        if all(region.box.iou(other.box) <= SAME_IOU for other in kept):
            kept.append(region)
    return [region for region in kept if not any(_inside(region, other) for other in kept if other is not region)]


def crop(image: np.ndarray, box: Box) -> np.ndarray:
    """The pixels of `box` with a small margin, a view `[h, w, 3]` of `image` `[H, W, 3]`."""
    height, width = image.shape[:2]
    margin = max(2.0, MARGIN_SHARE * min(box.height, box.width))
    x0, y0, x1, y1 = box.padded(margin).clipped(width, height).pixels()
    return image[y0:y1, x0:x1]


def share_inside(inner: Box, outer: Box) -> float:
    """How much of `inner` lies in `outer`, 0 to 1."""
    return inner.intersection(outer) / inner.area if inner.area > 0 else 0.0


def _inside(region: Region, other: Region) -> bool:
    smaller = region.box.area < other.box.area or (region.box.area == other.box.area and region.score < other.score)
    return smaller and share_inside(region.box, other.box) >= INSIDE_SHARE
