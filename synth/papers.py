"""Papers to write on: blank, ruled, squared or dotted, with a red margin, a printed head, a notebook's wire."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import cv2
import numpy as np

from scanpage.geometry import Box
from synth.prose import Face, matplotlib_fonts, pseudo_word
from synth.sheet import Colour, Pixels, Sheet, lay


class Ruling(Enum):
    BLANK = "blank"
    RULED = "ruled"
    SQUARED = "squared"
    DOTTED = "dotted"


RULING_WEIGHTS = {Ruling.BLANK: 0.3, Ruling.RULED: 0.46, Ruling.SQUARED: 0.16, Ruling.DOTTED: 0.08}

# What notebooks print in small type.
WEEKDAYS = ("S T Q Q S S D", "S/L T/M Q/M Q/J S/V S/S D/D", "Mo Di Mi Do Fr Sa So", "M T W T F S S")
MONTHS = "Jan/Ene Feb/Fev Mar Abr/Apr Mai/May Jun Jul Ago/Aug Set/Sep Out/Oct Nov Dez/Dec"
SMALL_PRINT = 7  # a sans serif among matplotlib's fonts

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
    foot: bool
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
        pitch_px=height * float(rng.uniform(0.019, 0.037)),
        tint=(base, base - max(0, warm) // 3, max(0, base - abs(warm))),
        line=line,
        line_strength=float(rng.uniform(0.25, 0.95)),
        red_margin=bool(ruling is not Ruling.BLANK and rng.random() < 0.35),
        head=bool(ruling is not Ruling.BLANK and rng.random() < 0.4),
        foot=bool(ruling is not Ruling.BLANK and rng.random() < 0.15),
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
        lay(pixels, (mask * 0.7).astype(np.uint8), (220, 90, 100) if rng.random() < 0.75 else stationery.line)
    if stationery.head:
        _head(rng, pixels, left, right, round(top * 0.75), stationery.line)
    bottom = height * 0.97
    if stationery.foot:
        bottom = height * 0.93
        _foot(rng, pixels, left, right, round(height * 0.95), stationery.line)
    _edges(rng, cover, left, right, stationery.wire)
    if stationery.wire:
        _wire(rng, pixels, cover, left if stationery.wire < 0 else right, stationery.wire)
    hole = round(width * WIRE_INSIDE) if stationery.wire else 0
    x0 = max(margin, left + hole if stationery.wire < 0 else 0) + width * 0.015
    x1 = right - width * 0.025 - (hole if stationery.wire > 0 else 0)
    content = Box(x0, top + stationery.pitch_px * 0.3, x1, bottom)
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
    """What notebooks print at the top: weekdays, a place for the date, boxes, a double line."""
    width = right - left
    mask = np.zeros(pixels.shape[:2], np.uint8)
    unit = max(3, width // 110)
    kind = int(rng.integers(4))
    if kind == 0:
        x = left + round(width * float(rng.uniform(0.05, 0.6)))
        for k in range(int(rng.integers(4, 13))):
            corner = (x + 3 * k * unit, y - 2 * unit)
            cv2.rectangle(mask, corner, (corner[0] + 2 * unit, y - unit // 2), 255, 1 if rng.random() < 0.5 else -1)
    elif kind == 1:
        x = left + round(width * float(rng.uniform(0.6, 0.8)))
        for k in range(3):
            cv2.line(mask, (x + 6 * k * unit, y), (x + (6 * k + 4) * unit, y), 255, 1, cv2.LINE_AA)
            if k:
                cv2.line(mask, (x + (6 * k - 2) * unit, y), (x + (6 * k - 1) * unit, y - 2 * unit), 255, 1, cv2.LINE_AA)
    elif kind == 2:
        days = WEEKDAYS[int(rng.integers(len(WEEKDAYS)))].split()
        _cells(mask, days, left + round(width * float(rng.uniform(0.05, 0.6))), y, 2 * unit)
    else:
        x = left + round(width * float(rng.uniform(0.6, 0.7)))
        cv2.rectangle(mask, (x, y - 4 * unit), (x + 28 * unit, y), 255, 1)
        for k in (1, 2):
            cv2.line(mask, (x + 9 * k * unit, y - unit), (x + 9 * k * unit + unit, y - 3 * unit), 255, 1, cv2.LINE_AA)
    if rng.random() < 0.5:
        cv2.line(mask, (left, y + unit), (right, y + unit), 255, 1)
    lay(pixels, mask, colour)


def _foot(rng: np.random.Generator, pixels: Pixels, left: int, right: int, y: int, colour: Colour) -> None:
    """A row of months over a row of days, or the maker's name."""
    mask = np.zeros(pixels.shape[:2], np.uint8)
    size = max(7, round((right - left) * 0.012))
    if rng.random() < 0.6:
        _cells(mask, MONTHS.split(), left + 3 * size, y, size)
        _cells(mask, [f"{k:02d}" for k in range(1, 32)], left + 3 * size, y + 2 * size, size)
    else:
        x = right - 12 * size
        cv2.rectangle(mask, (x, y - 2 * size), (x + 8 * size, y + size), 255, 1)
        _cells(mask, [pseudo_word(rng)[:6]], x + size, y, size)
    lay(pixels, mask, colour)


def _cells(mask: Pixels, words: list[str], x: int, y: int, size: int) -> None:
    """Small words in a row on the baseline `y`, a bar behind each."""
    face = Face(matplotlib_fonts()[SMALL_PRINT], size)
    for word in words:
        strip = face.paint([(0.0, word)])
        top, at = y - strip.baseline, x - strip.origin_x
        part = mask[max(top, 0) : top + strip.alpha.shape[0], max(at, 0) : at + strip.alpha.shape[1]]
        np.maximum(part, strip.alpha[: part.shape[0], : part.shape[1]], out=part)
        x += round(face.width(word)) + size // 2
        cv2.line(mask, (x, y - size), (x, y + 2), 255, 1)
        x += size // 2


def _edges(rng: np.random.Generator, cover: Pixels, left: int, right: int, wire: int) -> None:
    """Paper torn along one side, or with rounded corners; most is neither."""
    height = cover.shape[0]
    draw = rng.random()
    if draw < 0.12 and wire <= 0:
        reach = max(3, (right - left) // 90)
        step = height / int(rng.integers(25, 60))
        rows = np.arange(height)
        depth = reach * (0.5 + 0.4 * np.sin(rows * (2 * np.pi / step))) + rng.normal(0, 0.08 * reach, height)
        cover[:, left : left + 2 * reach][np.arange(2 * reach)[None, :] < depth[:, None]] = 0
    elif draw < 0.35:
        radius = round((right - left) * float(rng.uniform(0.02, 0.05)))
        grid = np.arange(radius)
        outside = (radius - grid[:, None]) ** 2 + (radius - grid[None, :]) ** 2 > radius**2
        side = slice(right - radius, right)
        cover[:radius, side][outside[:, ::-1]] = 0
        cover[-radius:, side][outside[::-1, ::-1]] = 0


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
