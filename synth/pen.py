"""Inks, and the pen that draws their strokes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from scanpage.geometry import Box

Stroke = npt.NDArray[np.float32]
"""Pen positions [n, 2], x to the right, y down."""

SUPERSAMPLING = 4
"""Line widths are drawn to a quarter of a pixel."""

_STEP_PX = 1.0
"""Distance of the points that a stroke is resampled to."""


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


def draw_strokes(canvas: npt.NDArray[np.uint8], strokes: Sequence[Stroke], pen: Pen, rng: np.random.Generator) -> None:
    """Draws strokes (in pixels of the canvas; pixel centres at half integers) onto a uint8 alpha canvas [h, w]."""
    height, width = canvas.shape
    fine = np.zeros((height * SUPERSAMPLING, width * SUPERSAMPLING), dtype=np.uint8)
    for stroke in strokes:
        _draw_stroke(fine, stroke, pen, rng)
    drawn = cv2.resize(fine, (width, height), interpolation=cv2.INTER_AREA)
    if pen.darkness < 1.0:
        drawn = cv2.convertScaleAbs(drawn, alpha=pen.darkness)
    np.maximum(canvas, drawn, out=canvas)


def stroke_box(strokes: Sequence[Stroke], pen: Pen) -> Box:
    """The ink of strokes drawn with a pen, in the strokes' pixels."""
    points = np.concatenate(strokes)
    (x0, y0), (x1, y1) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
    return Box(x0, y0, x1, y1).padded(pen.width_px / 2)


def _draw_stroke(fine: npt.NDArray[np.uint8], stroke: Stroke, pen: Pen, rng: np.random.Generator) -> None:
    path = resampled(stroke)
    count = len(path)
    phases = rng.random(4) * (2 * np.pi)
    along = np.arange(count) * _STEP_PX / (8.0 * pen.width_px)  # swings about every fifty widths
    swing = 0.6 * np.sin(along + phases[0]) + 0.4 * np.sin(2.3 * along + phases[1])
    ends = np.minimum(np.arange(count), np.arange(count)[::-1]) * _STEP_PX / (2.0 * pen.width_px)
    widths = pen.width_px * (1 + pen.pressure * swing) * (1 - pen.taper * np.exp(-ends))
    if pen.tremor_px > 0 and count > 2:
        path = path + pen.tremor_px * np.stack([np.sin(3 * along + phases[2]), np.sin(2.6 * along + phases[3])], axis=1)
    thickness = np.maximum(1, np.round(widths * SUPERSAMPLING)).astype(int)
    points = np.round((path * SUPERSAMPLING - 0.5) * 16).astype(np.int32)
    if count == 1:
        radius = max(1, round(pen.width_px * SUPERSAMPLING * 0.6))
        cv2.circle(fine, points[0].tolist(), radius * 16, 255, -1, cv2.LINE_8, 4)
        return
    changes = [0, *(np.flatnonzero(np.diff(thickness)) + 1).tolist(), count]
    for start, end in itertools.pairwise(changes):
        run = points[max(start - 1, 0) : end]
        cv2.polylines(fine, [run], False, 255, int(thickness[start]), cv2.LINE_8, 4)


def resampled(stroke: Stroke) -> npt.NDArray[np.float64]:
    """The stroke at even steps of a pixel, its corners rounded a little; one point for a dot."""
    points = np.asarray(stroke, dtype=np.float64)
    steps = np.hypot(*np.diff(points, axis=0).T) if len(points) > 1 else np.zeros(0)
    lengths = np.concatenate([[0.0], np.cumsum(steps)])
    if lengths[-1] < 0.5 * _STEP_PX:
        return points[:1]
    at = np.linspace(0.0, lengths[-1], max(3, int(lengths[-1] / _STEP_PX) + 1))
    even = np.stack([np.interp(at, lengths, points[:, 0]), np.interp(at, lengths, points[:, 1])], axis=1)
    even[1:-1] = 0.25 * even[:-2] + 0.5 * even[1:-1] + 0.25 * even[2:]
    return even
