"""Papers to write on: blank, ruled, squared or dotted, with a red margin, a printed head, a notebook's wire."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np

from scanpage.geometry import Box
from synth.sheet import Colour, Pixels, Sheet, lay


class Ruling(Enum):
    BLANK = "blank"
    RULED = "ruled"
    SQUARED = "squared"
    DOTTED = "dotted"


RULING_WEIGHTS = {Ruling.BLANK: 0.3, Ruling.RULED: 0.46, Ruling.SQUARED: 0.16, Ruling.DOTTED: 0.08}

# Where the wire runs, in widths of the page: beside it for the loops, and in it for the holes.
WIRE_OUTSIDE, WIRE_INSIDE = 0.035, 0.03


@dataclass(frozen=True, slots=True)
class Stationery:
    """How a paper looks.

    Attributes:
        pitch_px: distance of ruled lines, in pixels; rows of writing keep to it on blank paper too.
        wire: side of a notebook's wire, -1 left, 1 right, 0 none.
    """

    ruling: Ruling
    pitch_px: float
    tint: Colour
    line: Colour
    line_strength: float
    red_margin: bool
    head: bool
    wire: int


def draw_stationery(rng: np.random.Generator, height: int) -> Stationery:
    """Stationery for a page of `height` pixels."""
    rulings = list(RULING_WEIGHTS)
    ruling = rulings[int(rng.choice(len(rulings), p=list(RULING_WEIGHTS.values())))]
    base = int(rng.integers(238, 256))
    warm = int(rng.integers(-4, 16)) if rng.random() < 0.5 else 0
    grey = int(rng.integers(90, 190))
    line = (grey, grey, grey) if rng.random() < 0.5 else (grey - 20, grey + 10, min(255, grey + 60))
    return Stationery(
        ruling=ruling,
        pitch_px=height * float(rng.uniform(0.022, 0.042)),
        tint=(base, base - max(0, warm) // 3, max(0, base - abs(warm))),
        line=line,
        line_strength=float(rng.uniform(0.25, 0.95)),
        red_margin=bool(ruling is not Ruling.BLANK and rng.random() < 0.35),
        head=bool(ruling is not Ruling.BLANK and rng.random() < 0.35),
        wire=int(rng.choice([-1, 0, 0, 0, 1])),
    )


def make_paper(rng: np.random.Generator, stationery: Stationery, width: int, height: int) -> Sheet:
    """A sheet of this stationery; its `content` leaves margins, head and wire free."""
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = stationery.tint
    left, right = 0, width
    cover = np.full((height, width), 255, np.uint8)
    inset = round(width * WIRE_OUTSIDE)
    if stationery.wire:
        left, right = (inset, width) if stationery.wire < 0 else (0, width - inset)
        cover[:, :left] = 0
        cover[:, right:] = 0
    top = height * (0.09 if stationery.head else float(rng.uniform(0.02, 0.06)))
    lines = np.zeros((height, width), np.uint8)
    _rule(lines, stationery, left, right, top)
    lay(pixels, (lines * stationery.line_strength).astype(np.uint8), stationery.line)
    margin = left + width * 0.03
    if stationery.red_margin:
        margin = left + width * float(rng.uniform(0.09, 0.16))
        mask = np.zeros((height, width), np.uint8)
        cv2.line(mask, (round(margin), 0), (round(margin), height), 255, 1 + int(height > 1100), cv2.LINE_AA)
        lay(pixels, (mask * 0.7).astype(np.uint8), (220, 90, 100))
    if stationery.head:
        _head(rng, pixels, left, right, round(top * 0.75), stationery.line)
    if stationery.wire:
        _wire(rng, pixels, cover, left if stationery.wire < 0 else right, stationery.wire)
    hole = round(width * WIRE_INSIDE) if stationery.wire else 0
    x0 = max(margin, left + hole if stationery.wire < 0 else 0) + width * 0.015
    x1 = right - width * 0.025 - (hole if stationery.wire > 0 else 0)
    content = Box(x0, top + stationery.pitch_px * 0.3, x1, height * 0.97)
    return Sheet(pixels, cover, content, pitch_px=stationery.pitch_px, first_line_px=top)


def _rule(lines: Pixels, stationery: Stationery, left: int, right: int, top: float) -> None:
    height = lines.shape[0]
    rows = np.arange(top, height - stationery.pitch_px * 0.4, stationery.pitch_px)
    if stationery.ruling is Ruling.RULED:
        lines[np.round(rows).astype(int), left:right] = 255
        if height > 1150:
            lines[np.round(rows).astype(int) + 1, left:right] = 120
    elif stationery.ruling is not Ruling.BLANK:
        # Squares are half as wide as rows are high: two squares make a row of writing.
        step = stationery.pitch_px / 2
        rows = np.round(np.arange(step / 2, height - 1, step)).astype(int)
        columns = np.round(np.arange(left + step / 2, right - 1, step)).astype(int)
        if stationery.ruling is Ruling.SQUARED:
            lines[rows, left:right] = 150
            lines[:, columns] = 150
        else:
            grid_y, grid_x = np.meshgrid(rows, columns, indexing="ij")
            for dy, dx in ((0, 0), (0, 1), (1, 0), (1, 1)):
                lines[np.minimum(grid_y + dy, height - 1), np.minimum(grid_x + dx, right - 1)] = 220


def _head(rng: np.random.Generator, pixels: Pixels, left: int, right: int, y: int, colour: Colour) -> None:
    """What notebooks print at the top: a row of weekdays, a place for the date, boxes, a double line."""
    width = right - left
    mask = np.zeros(pixels.shape[:2], np.uint8)
    unit = max(3, width // 110)
    if rng.random() < 0.6:
        x = left + round(width * float(rng.uniform(0.05, 0.6)))
        for k in range(int(rng.integers(4, 13))):
            corner = (x + 3 * k * unit, y - 2 * unit)
            cv2.rectangle(mask, corner, (corner[0] + 2 * unit, y - unit // 2), 255, 1 if rng.random() < 0.5 else -1)
    else:
        x = left + round(width * float(rng.uniform(0.6, 0.8)))
        for k in range(3):
            cv2.line(mask, (x + 6 * k * unit, y), (x + (6 * k + 4) * unit, y), 255, 1, cv2.LINE_AA)
            if k:
                cv2.line(mask, (x + (6 * k - 2) * unit, y), (x + (6 * k - 1) * unit, y - 2 * unit), 255, 1, cv2.LINE_AA)
    if rng.random() < 0.5:
        cv2.line(mask, (left, y + unit), (right, y + unit), 255, 1)
    lay(pixels, mask, colour)


def _wire(rng: np.random.Generator, pixels: Pixels, cover: Pixels, edge: int, side: int) -> None:
    """A spiral's holes in the paper at column `edge`, and its loops over them and beyond the paper."""
    height, width = cover.shape
    reach = round(width * WIRE_OUTSIDE)
    step = height * float(rng.uniform(0.018, 0.03))
    metal = int(rng.choice([25, 40, 60, 170, 200]))
    thickness = max(2, round(step * float(rng.uniform(0.12, 0.3))))
    tilt = float(rng.uniform(-0.2, 0.2)) * step
    loops = np.zeros((height, width), np.uint8)
    holes = np.zeros((height, width), np.uint8)
    inside = edge - side * round(width * WIRE_INSIDE * 0.6)
    for y in np.arange(step, height - step, step):
        cv2.circle(holes, (inside, round(y)), max(2, round(step * 0.18)), 255, -1, cv2.LINE_AA)
        centre = ((inside + edge + side * reach) // 2, round(y + tilt))
        axes = (abs(edge + side * reach - inside) // 2 - 1, max(2, round(step * 0.22)))
        cv2.ellipse(loops, centre, axes, 0, 170, 370, 255, thickness, cv2.LINE_AA)
    lay(pixels, holes, (60, 55, 50))
    pixels[loops > 100] = metal
    np.maximum(cover, loops, out=cover)
