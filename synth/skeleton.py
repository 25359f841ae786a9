"""The middle lines of a printed glyph, as strokes: how a hand would trace a sign that it was shown in print."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from synth.layout import UNITS_PER_EM, Shape
from synth.pen import Stroke

_PX_PER_EM = 48
_MIN_STROKE_PX = 3
"""Shorter branches are the corners of serifs, not strokes."""

_NEIGHBOURS = ((-1, 0), (0, 1), (1, 0), (0, -1), (-1, 1), (1, 1), (1, -1), (-1, -1))

_SMOOTHINGS = 4

Pixel = tuple[int, int]


@lru_cache(maxsize=5_000)
def skeleton(shape: Shape) -> tuple[Stroke, ...]:
    """Strokes of a glyph, in units of its font size, in the frame of its outline; at least one."""
    points = np.concatenate(shape.contours) * (_PX_PER_EM / UNITS_PER_EM)
    corner = np.floor(points.min(axis=0)) - 2
    width, height = (np.ceil(points.max(axis=0)) - corner + 3).astype(int)
    ink = np.zeros((height, width), dtype=np.uint8)
    polygons = [np.round((c * (_PX_PER_EM / UNITS_PER_EM) - corner) * 16).astype(np.int32) for c in shape.contours]
    cv2.fillPoly(ink, polygons, 1, lineType=cv2.LINE_8, shift=4)
    paths = trace(_with_dots(thin(ink.astype(bool)), ink))
    return tuple(((_smoothed(path)[:, ::-1] + corner) / _PX_PER_EM).astype(np.float32) for path in paths)


def _smoothed(path: Sequence[Pixel]) -> npt.NDArray[np.float64]:
    """A path without the steps from pixel to pixel; its ends stay."""
    points = np.array(path, dtype=np.float64)
    for _ in range(_SMOOTHINGS):
        points[1:-1] = 0.25 * points[:-2] + 0.5 * points[1:-1] + 0.25 * points[2:]
    half = np.linspace(0, len(points) - 1, (len(points) + 1) // 2).round().astype(np.intp)
    return points if len(points) < 5 else points[half]


def _with_dots(lines: npt.NDArray[np.bool_], ink: npt.NDArray[np.uint8]) -> npt.NDArray[np.bool_]:
    """Thin lines with a pixel in each blot of ink that thinning took away altogether (squares of two pixels)."""
    count, names, _, centres = cv2.connectedComponentsWithStats(ink, connectivity=8)
    for name in range(1, count):
        if not lines[names == name].any():
            x, y = np.round(centres[name]).astype(int)
            lines[y, x] = True
    return lines


def thin(ink: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Lines one pixel wide: Zhang and Suen, A fast parallel algorithm for thinning digital patterns (1984).

    Args:
        ink: [h, w] with an empty margin of a pixel.
    """
    fine = ink.astype(np.uint8)
    while True:
        before = fine
        for removable in _REMOVABLE:
            neighbours = cv2.filter2D(fine, -1, _BIT_OF_NEIGHBOUR, borderType=cv2.BORDER_CONSTANT)
            fine = fine & ~removable[neighbours]
        if np.array_equal(before, fine):
            return fine.astype(bool)


_CLOCKWISE = ((-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1))
_BIT_OF_NEIGHBOUR = np.zeros((3, 3), dtype=np.float32)
for _bit, (_dy, _dx) in enumerate(_CLOCKWISE):
    _BIT_OF_NEIGHBOUR[1 + _dy, 1 + _dx] = 1 << _bit


def _removable(*, first: bool) -> npt.NDArray[np.uint8]:
    """For each of the 256 neighbourhoods, 1 if its centre goes in the first or in the second half of a pass."""
    around = [(np.arange(256) >> bit) & 1 for bit in range(8)]
    count = sum(around)
    crossings = sum((a == 0) & (b == 1) for a, b in zip(around, around[1:] + around[:1], strict=True))
    north, east, south, west = around[::2]
    sides = (north * east * south) | (east * south * west) if first else (north * east * west) | (north * south * west)
    goes: npt.NDArray[np.bool_] = (count >= 2) & (count <= 6) & (crossings == 1) & (sides == 0)
    return goes.astype(np.uint8)


_REMOVABLE = (_removable(first=True), _removable(first=False))


def trace(lines: npt.NDArray[np.bool_]) -> list[list[Pixel]]:
    """Paths (row, column) that together cover thin lines, from line ends on, going straight where lines cross."""
    left: set[Pixel] = {(int(y), int(x)) for y, x in zip(*np.nonzero(lines), strict=True)}
    every = frozenset(left)
    paths: list[list[Pixel]] = []
    while left:
        start = min(left, key=lambda p: (len(_near(p, every)) != 1, p))
        path = _walk(start, left)
        touched = next((q for q in _near(start, every) if q not in path and q not in left), None)
        if touched is not None:
            path.insert(0, touched)
        if len(path) >= _MIN_STROKE_PX or all(q in path for p in path for q in _near(p, every)):
            paths.append(path)
    return paths


def _walk(start: Pixel, left: set[Pixel]) -> list[Pixel]:
    """From `start` as far as unvisited pixels go; takes them out of `left`."""
    left.discard(start)
    path = [start]
    while near := _near(path[-1], left):
        y, x = path[-1]
        back_y, back_x = path[max(0, len(path) - 5)]
        step = max(near, key=lambda p: (p[0] - y) * (y - back_y) + (p[1] - x) * (x - back_x))
        left.discard(step)
        path.append(step)
    return path


def _near(pixel: Pixel, among: set[Pixel] | frozenset[Pixel]) -> list[Pixel]:
    return [p for dy, dx in _NEIGHBOURS if (p := (pixel[0] + dy, pixel[1] + dx)) in among]
