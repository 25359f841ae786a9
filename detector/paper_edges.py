"""The edges of a sheet of paper, found again in finer pixels, where they are roughly known.

Along each side, a strip of the picture is laid flat. In it the edge is the straight line across which colours differ
most, near to where it was thought to be.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.paper_corners import line_through, meeting

Image = NDArray[np.uint8]
Points = NDArray[np.float64]

SIDE_PX = 800
"""Long side of the picture that is looked at."""
REACH = 0.03
"""The edge is sought so far to either side, in shares of the diagonal, and most of all within half of this."""
SAMPLES = 96
WINDOW_PX = 3
"""Colours are compared over so many pixels inside and outside."""
ENDS = 0.04
"""Share of a side left out at each end, where the next side begins."""
VISIBLE = 6.0
"""Least difference of colours, 0 to 442, that is more than noise."""
LEAST_SHOWN = 0.3
"""A side of which less lies in the picture is cut off by the border."""
AT_BORDER = 0.008
"""A side whose ends are so near to the picture's border, in shares of its sides, is that border."""


def refined(image: Image, corners: Points) -> tuple[Points, Points]:
    """Better corners of a sheet, and how well each side is seen.

    Args:
        image: uint8 RGB [H, W, 3].
        corners: float64 [4, 2], (x, y) in shares of width and height, from the top left one clockwise.

    Returns:
        Corners in the same form; sides on the picture's border stay where they are. And for each side, top, right,
        bottom and left, the share of its length along which the colours differ across it; NaN where the border cuts it
        off.
    """
    scale = min(1.0, SIDE_PX / max(image.shape[:2]))
    size = max(2, round(image.shape[1] * scale)), max(2, round(image.shape[0] * scale))
    pixels = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    places = corners * size
    sides = [_side(pixels, places, corners, k) for k in range(4)]
    lines = [line_through(a, b) for a, b, _ in sides]
    found = np.asarray(np.array([meeting(lines[k - 1], lines[k]) for k in range(4)]) / size)
    return found, np.array([seen for _, _, seen in sides])


def _side(pixels: Image, places: Points, shares: Points, k: int) -> tuple[Points, Points, float]:
    """Two points of side `k`, which runs from corner k to the next, moved to the edge; and how much of it is seen."""
    a, b = places[k], places[(k + 1) % 4]
    ends = np.stack([shares[k], shares[(k + 1) % 4]])
    length = float(np.linalg.norm(b - a))
    if length < SAMPLES / 4 or _on_border(ends):
        return a, b, np.nan
    reach = max(4, round(REACH * float(np.hypot(*pixels.shape[:2]))))
    outward = np.array([(b - a)[1], -(b - a)[0]]) / length
    along = np.linspace(ENDS, 1 - ENDS, SAMPLES)
    across = np.arange(-reach - WINDOW_PX, reach + WINDOW_PX + 1)
    grid = (a + along[:, None] * (b - a))[:, None] + across[None, :, None] * outward
    inside = ((grid >= 0) & (grid <= np.array(pixels.shape[1::-1]) - 1)).all(2)
    strip = cv2.remap(pixels, grid.astype(np.float32), None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    contrast = np.where(inside[:, WINDOW_PX:-WINDOW_PX], _contrast(strip.astype(np.float32)), 0.0)
    columns = _straight(contrast, reach)
    on_edge = np.arange(SAMPLES), columns
    shown = (inside[:, : -2 * WINDOW_PX] & inside[:, 2 * WINDOW_PX :])[on_edge]
    seen = float((contrast[on_edge][shown] >= VISIBLE).mean()) if shown.mean() > LEAST_SHOWN else np.nan
    first, last = float(columns[0] - reach), float(columns[-1] - reach)
    return a + along[0] * (b - a) + first * outward, a + along[-1] * (b - a) + last * outward, seen


def _on_border(ends: Points) -> bool:
    return bool(((ends < AT_BORDER).all(0) | (ends > 1 - AT_BORDER).all(0)).any())


def _contrast(strip: NDArray[np.float32]) -> NDArray[np.float32]:
    """How much the colours on both sides of each place differ: strip [n, m, 3] to [n, m - 2 * WINDOW_PX].

    Each row counts at most as much as most do, so that ink or a shadow across the edge does not outvote it.
    """
    sums = np.concatenate([np.zeros_like(strip[:, :1]), strip.cumsum(1)], axis=1)
    means = (sums[:, WINDOW_PX:] - sums[:, :-WINDOW_PX]) / WINDOW_PX  # mean of the pixels from each place on
    before, after = means[:, : -WINDOW_PX - 1], means[:, WINDOW_PX + 1 :]
    difference = np.linalg.norm(after - before, axis=2)
    return np.asarray(np.minimum(difference, np.median(difference.max(1))), np.float32)


def _straight(contrast: NDArray[np.float32], reach: int) -> NDArray[np.intp]:
    """The best straight line down `contrast` [n, 2 * reach + 1]: its column in each row.

    Colours are compared over several pixels, so that the best line is no needle: every third one tells where it is.
    """
    rows = np.arange(len(contrast))
    share = rows / rows[-1]

    def best(firsts: NDArray[np.intp], lasts: NDArray[np.intp]) -> tuple[int, int, NDArray[np.intp]]:
        first, last = (grid.ravel() for grid in np.meshgrid(firsts, lasts, indexing="ij"))
        columns = np.rint(first[:, None] * (1 - share) + last[:, None] * share).astype(np.intp) + reach
        near = np.exp(-(first**2 + last**2) / (2 * (reach / 2) ** 2))
        k = int(np.argmax(contrast[rows, columns].mean(1) * near))
        return int(first[k]), int(last[k]), columns[k]

    first, last, _ = best(*[np.arange(-reach, reach + 1, WINDOW_PX)] * 2)
    around = np.arange(1 - WINDOW_PX, WINDOW_PX)
    return best(*(np.clip(middle + around, -reach, reach) for middle in (first, last)))[2]
