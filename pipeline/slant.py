"""How a page lies, told by its text: lines meet at one far point, the margins at which they start and end in another.

Where the edges of a sheet are in the picture they tell more. This takes out what they leave, and the whole where a
photo shows no edge. After P. Clark and M. Mirmehdi, "Rectifying perspective views of text in 3D scenes using vanishing
points", Pattern Recognition 36 (2003).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.text_lines import TextLineBox
from scanpage.homography import Homography

Numbers = NDArray[np.float64]

MIN_LINES = 3
LEAST_SKEW = 0.4
MOST_SKEW = 15.0
"""Degrees of skew that are mended; less is not worth new pixels, more is not skew."""
AGREEMENT = 2.5
"""Lines that are spread by more degrees than this, from the first to the third quartile, name no skew."""
FAN_LINES, LEAST_FAN, BETTER_FAN = 10, 1.0, 0.7
"""So many lines at least fan out if those at the top and at the bottom of a page differ by so many degrees, and if all
are spread by so much less about the fan than about one direction. Fewer lines of a hand that slopes look like a fan."""
FIT_ROUNDS = 8
LEANS = np.arange(-6.0, 6.1, 0.2)
FANS = np.arange(-8.0, 8.1, 1.0)
"""Degrees by which margins are tried to lean, in the middle of a page, and more on its right than on its left."""
LEAST_LEAN = 0.5
BIN = 0.225
"""Lines that start or end within so many of their heights do so at one margin."""
LEAST_DEPTH = 0.75
"""Of a view, in which the middle is 1 deep, no corner may be nearer: a photo of a page is not taken from as near, and
what is beyond a fan's point would be turned inside out."""
MORE, ENOUGH = 1.15, 3.0
"""Margins lean if so many times more lines share one then than if none leaned, and each one with so many others.

On 197 pages of print, a third of them photos, of which 31 leaned by 0.4 degrees or more: what was told differed from
the truth by more than a degree on three; before, 19 leaned by more than a degree, at one edge at least."""


@dataclass(frozen=True, slots=True)
class Slant:
    """How the frame of a page's text stands askew, in degrees at the four edges of the picture.

    Attributes:
        top, bottom: by so much lines fall to the right there.
        left, right: by so much margins there run to the right on their way down.
    """

    top: float = 0.0
    bottom: float = 0.0
    left: float = 0.0
    right: float = 0.0

    def straightened(self, width: float, height: float) -> Homography:
        """The map that sets the frame of a picture of `width` x `height` pixels upright, about at its place."""
        top, bottom, left, right = np.tan(np.radians([self.top, self.bottom, self.left, self.right]))
        x, y = width / 2, height / 2

        def meet(column: float, lean: float, row: float, fall: float) -> tuple[float, float]:
            """Where the margin through (column, y) meets the line through (x, row)."""
            down = (row - y + fall * (column - x)) / (1 - fall * lean)
            return column + lean * down, y + down

        corners = [meet(0, left, 0, top), meet(width, right, 0, top)]
        corners += [meet(width, right, height, bottom), meet(0, left, height, bottom)]
        upright = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64)
        return Homography.from_corners(np.array(corners), upright)


def slant_of(lines: Sequence[TextLineBox], width: float, height: float) -> Slant:
    """How the level lines of a picture of `width` x `height` pixels stand; upright where they do not agree on more."""
    lines = [line for line in lines if 0 <= line.x <= width and 0 <= line.y <= height]
    if len(lines) < MIN_LINES:
        return Slant()
    top, bottom = _falls(lines, height)
    skew = (top + bottom) / 2
    left, right = _leans(lines, skew, width, height)
    slant = Slant(top, bottom, left - skew, right - skew)
    return slant if _depth(slant, width, height) >= LEAST_DEPTH else Slant(skew, skew, -skew, -skew)


def _depth(slant: Slant, width: float, height: float) -> float:
    """How near the nearest corner of a picture comes once it is set upright, its middle being 1."""
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height], [width / 2, height / 2]])
    depths = np.column_stack([corners, np.ones(5)]) @ slant.straightened(width, height).matrix[2]
    return float((depths[:4] / depths[4]).min())


def quartile_range(degrees: Numbers, lengths: Numbers) -> float:
    """From the first to the third quartile of the directions of lines, each weighing as much as it is long."""
    first, third = np.percentile(_weighted(degrees, lengths), [25, 75])
    return float(third - first)


def _weighted(values: Numbers, lengths: Numbers) -> Numbers:
    return np.repeat(values, np.maximum(1, lengths.round()).astype(int))


def _falls(lines: Sequence[TextLineBox], height: float) -> tuple[float, float]:
    """Degrees by which lines fall to the right at the top and the bottom of a picture."""
    degrees = np.array([line.direction for line in lines])
    lengths = np.array([line.length for line in lines])
    down = np.array([line.y for line in lines]) / height - 0.5
    even = float(np.median(_weighted(degrees, lengths)))
    spread = quartile_range(degrees, lengths)
    middle, fan = _fit(down, degrees, lengths)
    fanned = quartile_range(degrees - fan * down, lengths)
    if len(lines) >= FAN_LINES and abs(fan) >= LEAST_FAN and fanned < BETTER_FAN * spread:
        spread, top, bottom = fanned, middle - fan / 2, middle + fan / 2
    else:
        top = bottom = even
    if spread > AGREEMENT or not LEAST_SKEW <= max(abs(top), abs(bottom)) <= MOST_SKEW:
        return 0.0, 0.0
    return top, bottom


def _fit(x: Numbers, y: Numbers, weights: Numbers) -> tuple[float, float]:
    """The line y = a + b x through points of which some are far off: least squares, reweighted after Cauchy."""
    trust = weights
    matrix = np.column_stack([np.ones_like(x), x])
    for _ in range(FIT_ROUNDS):
        root = np.sqrt(trust)
        found, *_ = np.linalg.lstsq(matrix * root[:, None], y * root, rcond=None)
        far = np.abs(y - matrix @ found)
        trust = weights / (1 + (far / (2 * np.median(far) + 0.01)) ** 2)
    return float(found[0]), float(found[1])


def _leans(lines: Sequence[TextLineBox], skew: float, width: float, height: float) -> tuple[float, float]:
    """Degrees by which margins lean at the left and the right edge of a picture once it is turned level by `skew`."""
    angle = np.radians(skew)
    level = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    middles = np.array([(line.x - width / 2, line.y - height / 2) for line in lines]) @ level
    directions = np.radians([line.direction - skew for line in lines])
    along = np.column_stack([np.cos(directions), np.sin(directions)]) * [[line.length / 2] for line in lines]
    bin_px = BIN * float(np.median([line.height for line in lines]))
    leans, fans = (np.tan(np.radians(degrees)) for degrees in (LEANS, FANS / 2))
    starts, ends = (
        _shared(at, leans[:, None], fans / (width / 2), bin_px, width) for at in (middles - along, middles + along)
    )
    shared = (starts + ends) / (2 * len(lines))
    upright, parallel = abs(LEANS).argmin(), abs(FANS).argmin()
    lean, fan = np.unravel_index(shared.argmax(), shared.shape)
    if shared[lean, fan] < MORE * shared[:, parallel].max():
        lean, fan = shared[:, parallel].argmax(), parallel
    if shared[lean, fan] < max(ENOUGH, MORE * shared[upright, parallel]):
        return 0.0, 0.0
    left, right = (float(np.degrees(np.arctan(leans[lean] + side * fans[fan]))) for side in (-1, 1))
    if max(abs(left), abs(right)) < LEAST_LEAN:
        return 0.0, 0.0
    return left, right


def _shared(ends: Numbers, lean: Numbers, fan: Numbers, bin_px: float, width: float) -> Numbers:
    """How many pairs of lines start, or end, at one margin, for each way in which margins may lean.

    Args:
        ends: where lines start or end, [n, 2], from the picture's middle.
        lean: tangents by which margins lean in the middle, and `fan`, by how much more a pixel further to the right;
            the two are broadcast.
        bin_px: how wide a margin is.
        width: of the picture; what comes to lie further from its middle is taken together.
    """
    x, y = ends.T
    lean, fan = np.broadcast_arrays(lean, fan)
    places = np.clip((x - y * lean[..., None]) / np.maximum(1 + y * fan[..., None], 0.2), -width, width)
    pairs = np.zeros(lean.shape)
    for shift in (0.0, 0.5):  # what one row of bins cuts in two, the other holds together
        bins = np.floor(places / bin_px + shift).astype(np.int64)
        bins -= bins.min()
        count = int(bins.max()) + 1
        rows = np.arange(lean.size).reshape(lean.shape)[..., None] * count
        held = np.bincount((bins + rows).ravel(), minlength=lean.size * count).reshape(*lean.shape, count)
        pairs += (held * (held - 1)).sum(axis=-1) / 2
    return pairs
