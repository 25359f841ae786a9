"""Writing without letters: made-up square signs that look like Chinese or Japanese print from a little way off.

No font that is free to ship here has such signs, and a detector that has never seen any takes them for formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from synth.flow import Scrap
from synth.sheet import Pixels

PALETTE = 48
SUPERSAMPLING = 4
# A sign fills nearly all of its square, and stands a little below the baseline.
FILL, BASELINE = 0.92, 0.84

Points = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HanFace:
    """A set of signs at one size; a page uses the same ones over and over."""

    size: int
    signs: tuple[Pixels, ...]

    @staticmethod
    def drawn(rng: np.random.Generator, size: int) -> HanFace:
        thickness = max(1, round(size * SUPERSAMPLING * float(rng.uniform(0.03, 0.055))))
        return HanFace(size, tuple(_sign(rng, size, thickness) for _ in range(PALETTE)))

    def word(self, rng: np.random.Generator, count: int) -> Scrap:
        """`count` signs in a row."""
        signs = [self.signs[k] for k in rng.integers(len(self.signs), size=count)]
        return Scrap(np.hstack(signs), BASELINE * self.size)


def _sign(rng: np.random.Generator, size: int, thickness: int) -> Pixels:
    side = size * SUPERSAMPLING
    canvas = np.zeros((side, side), np.uint8)
    for x0, y0, x1, y1 in _parts(rng):
        low = np.array([x0, y0]) * FILL + (1 - FILL) / 2
        extent = np.array([x1 - x0, y1 - y0]) * FILL
        for line in _strokes(rng):
            points = np.round((line * extent + low) * side).astype(np.int32)
            cv2.polylines(canvas, [points], False, 255, thickness)
    sign: Pixels = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    return sign


def _parts(rng: np.random.Generator) -> list[tuple[float, float, float, float]]:
    """Boxes of a sign's parts in the unit square: one, two beside or above each other, or three."""
    cut = float(rng.uniform(0.3, 0.5))
    kind = int(rng.choice(4, p=(0.2, 0.4, 0.25, 0.15)))
    if kind == 0:
        return [(0.0, 0.0, 1.0, 1.0)]
    if kind == 1:
        return [(0.0, 0.0, cut - 0.06, 1.0), (cut + 0.04, 0.0, 1.0, 1.0)]
    if kind == 2:
        return [(0.0, 0.0, 1.0, cut - 0.04), (0.0, cut + 0.06, 1.0, 1.0)]
    return [(0.0, 0.0, cut - 0.06, 1.0), (cut + 0.04, 0.0, 1.0, 0.45), (cut + 0.04, 0.56, 1.0, 1.0)]


def _strokes(rng: np.random.Generator) -> list[Points]:
    """Strokes of one part in the unit square: level ones, an upright, a box, slanted ones."""
    lines = [np.array([[0.05, y], [0.95, y]]) for y in np.linspace(0.1, 0.85, int(rng.integers(1, 4)))]
    if rng.random() < 0.7:
        x = float(rng.choice([0.5, 0.5, 0.15]))
        lines.append(np.array([[x, 0.0], [x, 1.0]]))
    if rng.random() < 0.35:
        lines.append(np.array([[0.12, 0.3], [0.88, 0.3], [0.88, 0.92], [0.12, 0.92], [0.12, 0.3]]))
    if rng.random() < 0.5:
        lines += [np.array([[0.5, 0.4], [0.05, 1.0]]), np.array([[0.5, 0.4], [0.95, 1.0]])]
    return lines
