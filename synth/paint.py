"""Layouts painted in print: anti-aliased glyphs at any size, weight and sub-pixel position."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from scanpage.geometry import Box
from synth.layout import UNITS_PER_EM, Glyph, Layout, Shape

SUPERSAMPLING = 8
"""Fineness of outlines: half of it for large type, where an eighth of a pixel is a smaller share of a stem."""

_LARGE_PX = 32.0
"""Size of large type, in pixels per em."""

PHASES = 4
"""Glyphs are placed to a quarter of a pixel, so that a glyph of a size is rasterised at most 16 times."""

SIZES_PER_PX = 4
"""Glyph sizes are rounded to a quarter of a pixel per em: a glyph is off by an eighth of a pixel at most."""

_CLEAR = 16
"""Alpha below this is not ink: the margins are cut to what an eye could see."""


@dataclass(frozen=True, slots=True)
class Painted:
    """Ink without paper.

    Attributes:
        alpha: uint8 [h, w], 255 where ink covers the whole pixel; tight to the ink.
        glyphs: what was painted, in the layout's order: `font:name` in print, the symbol's label by hand, and its box
            in pixels of `alpha`.
        baseline_px: y of the baseline in pixels of `alpha`; may lie outside.
    """

    alpha: npt.NDArray[np.uint8]
    glyphs: tuple[tuple[str, Box], ...]
    baseline_px: float


def paint_print(
    layout: Layout, em_px: float, *, weight: float = 0.0, shift: tuple[float, float] = (0.0, 0.0)
) -> Painted:
    """Paints a layout as a printer would.

    Args:
        layout: the formula.
        em_px: pixels per em (10 pt type at 200 dpi has 28).
        weight: how far each outline is moved outwards (inwards if negative), in em; 0.01 is ink that bled,
            0.02 is nearly bold, -0.01 is worn.
        shift: where in its pixel the formula's origin falls, in pixels (x, y); moves edges, not the picture.
    """
    extent = layout.box.scaled(em_px).padded(max(weight, 0.0) * em_px + 2.0)
    left, top = math.floor(extent.x0), math.floor(extent.y0)
    canvas = np.zeros((math.ceil(extent.y1) - top + 1, math.ceil(extent.x1) - left + 1), dtype=np.uint8)
    origin_x, origin_y = shift[0] % 1.0 - left, shift[1] % 1.0 - top
    for glyph in layout.glyphs:
        _paint_glyph(canvas, glyph, em_px, weight, (origin_x, origin_y))
    for rule in layout.rules:
        thinnest = -min(rule.box.width, rule.box.height) / 4
        paint_rectangle(canvas, rule.box.padded(max(weight, thinnest)).scaled(em_px).translated(origin_x, origin_y))
    names = [f"{g.font}:{g.name}" for g in layout.glyphs]
    inks = np.array([g.shape.ink.xyxy for g in layout.glyphs]).reshape(-1, 4)
    places = np.array([(g.x, g.y, g.size) for g in layout.glyphs]).reshape(-1, 3)
    corners = (inks * places[:, [2]] + places[:, [0, 1, 0, 1]]) * em_px + [origin_x, origin_y] * 2
    return trimmed(canvas, names, corners, origin_y)


def trimmed(
    canvas: npt.NDArray[np.uint8], names: Sequence[str], corners: npt.NDArray[np.float64], baseline_px: float
) -> Painted:
    """The canvas cut to its ink, boxes (`corners` [n, 4], xyxy) and baseline moved along."""
    rows = np.flatnonzero(canvas.max(axis=1) >= _CLEAR)
    columns = np.flatnonzero(canvas.max(axis=0) >= _CLEAR)
    top, bottom, left, right = 0, canvas.shape[0], 0, canvas.shape[1]
    if len(rows):
        top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
    alpha = np.ascontiguousarray(canvas[top:bottom, left:right])
    moved = np.clip(corners - [left, top] * 2, 0.0, [right - left, bottom - top] * 2)
    boxes = tuple((name, Box(*row)) for name, row in zip(names, moved.tolist(), strict=True))
    return Painted(alpha, boxes, baseline_px - top)


def halved(fine: npt.NDArray[np.uint8], times: int) -> npt.NDArray[np.uint8]:
    """Each 2 x 2 pixels averaged, so many times: cv2 does it twenty times faster than one step of the same size."""
    for _ in range(times):
        fine = cv2.resize(fine, (fine.shape[1] // 2, fine.shape[0] // 2), interpolation=cv2.INTER_AREA)
    return fine


def paint_rectangle(canvas: npt.NDArray[np.uint8], box: Box) -> None:
    """Fills a box of the canvas, each pixel by the share that the box covers."""
    height, width = canvas.shape
    x0, y0, x1, y1 = box.clipped(width, height).pixels()
    columns, rows = np.arange(x0, x1), np.arange(y0, y1)
    across = np.minimum(columns + 1, box.x1) - np.maximum(columns, box.x0)
    down = np.minimum(rows + 1, box.y1) - np.maximum(rows, box.y0)
    cover = np.clip(np.outer(down, across), 0.0, 1.0) * 255
    part = canvas[y0:y1, x0:x1]
    np.maximum(part, cover.astype(np.uint8), out=part)


def _paint_glyph(
    canvas: npt.NDArray[np.uint8], glyph: Glyph, em_px: float, weight: float, origin: tuple[float, float]
) -> None:
    x, y = glyph.x * em_px + origin[0], glyph.y * em_px + origin[1]
    x_steps, y_steps = round(x * PHASES), round(y * PHASES)
    size = max(1, round(glyph.size * em_px * SIZES_PER_PX))
    grow = round(weight * em_px * SUPERSAMPLING)
    left, top, mask = _glyph_mask(glyph.shape, size, x_steps % PHASES, y_steps % PHASES, grow)
    left, top = left + x_steps // PHASES, top + y_steps // PHASES
    part = canvas[max(top, 0) : top + mask.shape[0], max(left, 0) : left + mask.shape[1]]
    mask = mask[max(-top, 0) :, max(-left, 0) :][: part.shape[0], : part.shape[1]]
    np.maximum(part, mask, out=part)


@lru_cache(maxsize=20_000)
def _outline(shape: Shape) -> tuple[npt.NDArray[np.float64], tuple[int, ...]]:
    """Points [n, 2] of all contours in em, and where each contour begins and the last one ends."""
    ends = itertools.accumulate((len(contour) for contour in shape.contours), initial=0)
    return np.concatenate(shape.contours) / UNITS_PER_EM, tuple(ends)


@lru_cache(maxsize=20_000)
def _glyph_mask(
    shape: Shape, size: int, x_phase: int, y_phase: int, grow: int
) -> tuple[int, int, npt.NDArray[np.uint8]]:
    """A glyph's coverage and where it stands.

    Args:
        shape: the outline.
        size: in 1 / `SIZES_PER_PX` pixels per em.
        x_phase, y_phase: where in its pixel the origin stands, in 1 / `PHASES`.
        grow: how far the outline moves outwards, in 1 / `SUPERSAMPLING` pixels.

    Returns:
        Left and top pixel of the mask relative to the origin's pixel, and the mask.
    """
    halvings = 2 if size >= _LARGE_PX * SIZES_PER_PX else 3
    fineness = 2**halvings
    grow = round(grow * fineness / SUPERSAMPLING)
    em = size / SIZES_PER_PX
    x, y = x_phase / PHASES, y_phase / PHASES
    margin = (max(grow, 0) + 1) / fineness
    ink = shape.ink
    left, right = math.floor(ink.x0 * em + x - margin), math.ceil(ink.x1 * em + x + margin) + 1
    top, bottom = math.floor(ink.y0 * em + y - margin), math.ceil(ink.y1 * em + y + margin) + 1
    fine = np.zeros(((bottom - top) * fineness, (right - left) * fineness), dtype=np.uint8)
    points, ends = _outline(shape)
    # cv2.fillPoly fills the pixels on the outline as well: half a pixel too much on all sides, eroded by the -0.5.
    corner = np.array([x - left, y - top]) * fineness - 0.5
    outline = np.round(points * (em * fineness * 16) + corner * 16).astype(np.int32)
    polygons = [outline[start:end] for start, end in itertools.pairwise(ends)]
    cv2.fillPoly(fine, polygons, 255, lineType=cv2.LINE_8, shift=4)
    if grow:
        # A thick line along the outline: the same as dilating or eroding with a disc, and many times faster.
        thickness = 2 * grow if grow > 0 else max(1, -2 * grow - 2)
        cv2.polylines(fine, polygons, True, 255 if grow > 0 else 0, thickness, cv2.LINE_8, 4)
    return left, top, halved(fine, halvings)
