"""Inks, and the pen that draws their strokes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from synth.paint import Painted, halved, trimmed

Stroke = npt.NDArray[np.float32]
"""Pen positions [n, 2], x to the right, y down."""

_HALVINGS = 2
SUPERSAMPLING = 2**_HALVINGS
"""Line widths are drawn to a quarter of a pixel."""

_SHIFT = 4
"""Positions on the supersampled canvas are given to cv2 in sixteenths."""

_STRAIGHT_PX = 0.3
"""A point may be left out if the line strays from there by half of this at most."""

_TAPERED = 3
"""Points at the ends of a stroke over which its width changes."""

Points = npt.NDArray[np.float64]
Counts = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Ink:
    """What someone wrote.

    Attributes:
        id: names the ink in its collection.
        label: LaTeX, or the words of a text line.
        strokes: the pen's paths, in the collection's own units.
        symbols: label and stroke indices of each symbol or word; empty if not segmented.
    """

    id: str
    label: str
    strokes: tuple[Stroke, ...]
    symbols: tuple[tuple[str, tuple[int, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class Pen:
    """A pen in a hand.

    Attributes:
        width_px: mean width of its line.
        pressure: how much the width swings along a stroke, as a share of it (0 is a fineliner, 0.4 a soft pen).
        taper: how much thinner a stroke begins and ends, as a share.
        tremor_px: how far the line strays, slowly, from its path.
        darkness: alpha of a full line (below 1: pencil, dry ballpoint).
    """

    width_px: float
    pressure: float = 0.2
    taper: float = 0.2
    tremor_px: float = 0.15
    darkness: float = 1.0

    @staticmethod
    def drawn(rng: np.random.Generator, size_px: float) -> Pen:
        """A random pen for writing whose usual letter is `size_px` high."""
        width = float(np.clip(size_px * np.exp(rng.normal(np.log(0.085), 0.3)), 1.0, 12.0))
        return Pen(
            width_px=width,
            pressure=float(rng.uniform(0.0, 0.35)),
            taper=float(rng.uniform(0.0, 0.4)),
            tremor_px=float(rng.uniform(0.0, 0.012) * size_px),
            darkness=float(rng.choice([1.0, rng.uniform(0.6, 1.0)])),
        )


@dataclass(frozen=True, slots=True)
class Writing:
    """Strokes end to end in one array, so that all are bent and drawn at once.

    Attributes:
        points: [n, 2] of all strokes, one stroke after the other.
        counts: [s], points of each stroke, each at least 1.
    """

    points: Points
    counts: Counts

    @staticmethod
    def of(strokes: Sequence[Stroke]) -> Writing:
        return Writing(
            np.concatenate(strokes).astype(np.float64), np.fromiter(map(len, strokes), np.intp, count=len(strokes))
        )

    @property
    def starts(self) -> Counts:
        """[s], where each stroke begins in `points`."""
        return np.cumsum(self.counts) - self.counts

    def bounds(self) -> tuple[Points, Points]:
        """Least and greatest coordinates of each stroke, [s, 2] each."""
        starts = self.starts
        return np.minimum.reduceat(self.points, starts), np.maximum.reduceat(self.points, starts)


def paint_writing(
    writing: Writing,
    signs: Sequence[tuple[str, Sequence[int]]],
    pen: Pen,
    rng: np.random.Generator,
    *,
    baseline: float,
) -> Painted:
    """Draws strokes on a canvas that fits them.

    Args:
        writing: strokes in pixels, wherever they stand.
        signs: label and strokes of each sign, which becomes a box; each has a stroke at least.
        pen: what to draw with.
        rng: decides how the line swells and trembles.
        baseline: y of the baseline, in the strokes' pixels.
    """
    margin = pen.width_px * 1.5 + pen.tremor_px + 2
    corner = np.floor(writing.points.min(axis=0) - margin)
    size = np.ceil(writing.points.max(axis=0) + margin) - corner
    placed = Writing(writing.points - corner, writing.counts)
    canvas = draw(placed, int(size[0]), int(size[1]), pen, rng)
    low, high = placed.bounds()
    order = np.fromiter((i for _, strokes in signs for i in strokes), np.intp)
    corners = np.zeros((0, 4))
    if len(order):
        ends = np.cumsum([len(strokes) for _, strokes in signs])
        firsts = np.concatenate([[0], ends[:-1]])
        reach = pen.width_px / 2
        corners = np.concatenate(
            [np.minimum.reduceat(low[order], firsts) - reach, np.maximum.reduceat(high[order], firsts) + reach], axis=1
        )
    return trimmed(canvas, [label for label, _ in signs], corners, baseline - float(corner[1]))


def draw(writing: Writing, width: int, height: int, pen: Pen, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Draws strokes, in pixels with centres at half integers; returns alpha, uint8 [height, width]."""
    fine = np.zeros((height * SUPERSAMPLING, width * SUPERSAMPLING), dtype=np.uint8)
    # A chord of this length strays a tenth of a pixel from a curve whose radius is four pixels, or four pen widths.
    step = min(max(0.7 * pen.width_px, 1.0), 3.0)
    even = resampled(writing, step)
    path, thickness = _swollen(even, step, pen, rng)
    points = np.round((path * SUPERSAMPLING - 0.5) * (1 << _SHIFT)).astype(np.int32)
    dots = np.flatnonzero(even.counts == 1)
    radius = max(1, round(pen.width_px * SUPERSAMPLING * 0.6))
    for point in points[even.starts[dots]].tolist():
        cv2.circle(fine, point, radius << _SHIFT, 255, -1, cv2.LINE_8, _SHIFT)
    kept = _needed(path, even)
    counts = np.add.reduceat(kept.astype(np.intp), even.starts)
    for width_fine, runs in _runs(points[kept], thickness[kept], counts).items():
        cv2.polylines(fine, runs, False, 255, width_fine, cv2.LINE_8, _SHIFT)
    drawn = halved(fine, _HALVINGS)
    return cv2.convertScaleAbs(drawn, alpha=pen.darkness) if pen.darkness < 1.0 else drawn


def _needed(path: Points, even: Writing) -> npt.NDArray[np.bool_]:
    """Which points of a path to draw through: every second one may go where the line is nearly straight."""
    index = np.arange(len(path)) - np.repeat(even.starts, even.counts)
    bend = np.zeros(len(path))
    bend[1:-1] = np.abs(path[:-2] - 2 * path[1:-1] + path[2:]).max(axis=1)
    to_end = np.minimum(index, np.repeat(even.counts - 1, even.counts) - index)
    needed: npt.NDArray[np.bool_] = (index % 2 == 0) | (to_end < _TAPERED) | (bend > _STRAIGHT_PX)
    return needed


def _swollen(even: Writing, step: float, pen: Pen, rng: np.random.Generator) -> tuple[Points, npt.NDArray[np.int64]]:
    """Where the line runs, [n, 2], and how thick it is there, [n] in supersampled pixels."""
    counts = even.counts
    index = np.arange(len(even.points)) - np.repeat(even.starts, counts)
    phases = np.repeat(rng.random((len(counts), 4)) * (2 * np.pi), counts, axis=0)
    along = index * (step / (8.0 * pen.width_px))  # swings about every fifty widths
    swing = 0.6 * np.sin(along + phases[:, 0]) + 0.4 * np.sin(2.3 * along + phases[:, 1])
    ends = np.minimum(index, np.repeat(counts - 1, counts) - index) * (step / (2.0 * pen.width_px))
    widths = pen.width_px * (1 + pen.pressure * swing) * (1 - pen.taper * np.exp(-ends))
    path = even.points
    if pen.tremor_px > 0:
        trembling = np.repeat(np.minimum(counts - 1, 2) * (pen.tremor_px / 2), counts)
        path = path.copy()
        path[:, 0] += trembling * np.sin(3 * along + phases[:, 2])
        path[:, 1] += trembling * np.sin(2.6 * along + phases[:, 3])
    # No eye sees an eighth of a width, and each change of width costs a call.
    grain = max(1, round(pen.width_px * SUPERSAMPLING / 8))
    return path, np.maximum(1, np.round(widths * (SUPERSAMPLING / grain)) * grain).astype(np.int64)


def _runs(
    points: npt.NDArray[np.int32], thickness: npt.NDArray[np.int64], counts: Counts
) -> dict[int, list[npt.NDArray[np.int32]]]:
    """Parts of strokes by thickness; each begins with the last point of the part before."""
    first = np.cumsum(counts) - counts
    opens = np.zeros(len(points), dtype=bool)
    opens[first] = True
    changes = np.diff(thickness, prepend=thickness[:1]) != 0
    begins = np.flatnonzero(opens | changes)
    ends = np.append(begins[1:], len(points))
    begins = begins - ~opens[begins]
    runs: dict[int, list[npt.NDArray[np.int32]]] = {}
    for begin, end, thick in zip(begins.tolist(), ends.tolist(), thickness[ends - 1].tolist(), strict=True):
        if end - begin > 1:
            runs.setdefault(thick, []).append(points[begin:end])
    return runs


def resampled(writing: Writing, step: float) -> Writing:
    """Strokes at even steps (pixels), their corners rounded a little; a dot is one point."""
    points, counts = writing.points, writing.counts
    last = np.cumsum(counts) - 1
    first = last - counts + 1
    lengths = np.hypot(*np.diff(points, axis=0, prepend=points[:1]).T)
    lengths[first] = 1.0  # from stroke to stroke: where no sample falls
    at = np.cumsum(lengths)
    reach = at[last] - at[first]
    samples = np.where(reach < 0.5 * step, 1, np.maximum(3, (reach / step).astype(np.intp) + 1))
    index = np.arange(samples.sum()) - np.repeat(np.cumsum(samples) - samples, samples)
    wanted = np.repeat(at[first], samples) + index * np.repeat(reach / np.maximum(samples - 1, 1), samples)
    even = np.stack([np.interp(wanted, at, points[:, 0]), np.interp(wanted, at, points[:, 1])], axis=1)
    inner = np.flatnonzero((index > 0) & (index < np.repeat(samples - 1, samples)))
    even[inner] = 0.25 * even[inner - 1] + 0.5 * even[inner] + 0.25 * even[inner + 1]
    return Writing(even, samples)
