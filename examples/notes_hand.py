"""Formulas and prose in a hand: letters of a handwriting font, everything else drawn with a pen.

Formulas are laid out here and not by TeX, because people space them differently: scripts are larger and stray, bars
overshoot, brackets lean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from notes_sheet import Extent, Sheet
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

TOKEN = re.compile(r"\\[a-zA-Z]+|\S")
SCRIPT = 0.68  # size of scripts relative to their base

# Pen paths of the signs, in x-heights: x to the right, y up from the baseline.
SIGNS: dict[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "+": (((0.1, 0.55), (0.95, 0.5)), ((0.5, 1.0), (0.55, 0.05))),
    "-": (((0.1, 0.5), (0.9, 0.53)),),
    "=": (((0.05, 0.72), (1.0, 0.75)), ((0.08, 0.35), (1.02, 0.36))),
    r"\pm": (((0.1, 0.78), (0.95, 0.75)), ((0.5, 1.2), (0.52, 0.35)), ((0.1, 0.08), (0.98, 0.1))),
    r"\neq": (((0.05, 0.72), (1.0, 0.75)), ((0.08, 0.35), (1.02, 0.36)), ((0.85, 1.15), (0.2, -0.05))),
    ">": (((0.1, 0.95), (0.95, 0.52), (0.1, 0.08)),),
}
RELATIONS = {"=", ">", r"\neq"}
OPERATORS = {"+", "-", r"\pm"}


@dataclass(frozen=True, slots=True)
class Letter:
    """A character with its origin on the baseline; `size` is a multiple of the hand's size."""

    character: str
    x: float
    y: float
    size: float


@dataclass(frozen=True, slots=True)
class Line:
    """A pen line through corner points, drawn round where `curved`."""

    points: tuple[tuple[float, float], ...]
    curved: bool = False


@dataclass(frozen=True, slots=True)
class Piece:
    """Part of a formula, in x-heights, y down, origin on its baseline at the left."""

    marks: tuple[Letter | Line, ...]
    width: float
    ascent: float
    descent: float

    def moved(self, dx: float, dy: float) -> Piece:
        marks = tuple(_move(mark, dx, dy) for mark in self.marks)
        return Piece(marks, self.width + dx, self.ascent - dy, self.descent + dy)


class Hand:
    """One person's writing.

    Args:
        font: a handwriting font.
        size_px: font size in fine pixels.
        pen_px: width of the pen in fine pixels.
    """

    def __init__(self, font: Path, size_px: int, pen_px: float, rng: np.random.Generator) -> None:
        self._font = font
        self._size_px = size_px
        self._pen_px = pen_px
        self._rng = rng
        self._fonts: dict[int, ImageFont.FreeTypeFont] = {}
        self.x_height_px = -self._sized(1.0).getbbox("x", anchor="ls")[1]

    def advance(self, text: str) -> float:
        """Width of `text` in fine pixels."""
        return self._sized(1.0).getlength(text)

    def write(self, sheet: Sheet, text: str, x: float, y: float) -> None:
        """Write prose with its baseline starting at (x, y)."""
        for word in re.finditer(r"\S+", text):
            lift = self._rng.normal(0, 0.05) * self.x_height_px
            for index in range(*word.span()):
                start = x + self.advance(text[:index])
                self._letter(sheet, text[index], start, y + lift, 1.0, 0)

    def measure(self, latex: str, *, display: bool) -> Extent:
        """Extent of a formula; the hand knows one style only."""
        piece = self._row(TOKEN.findall(latex), 1.0)
        return Extent(*(self.x_height_px * side for side in (piece.width, piece.ascent, piece.descent)))

    def draw(self, sheet: Sheet, latex: str, x: float, y: float, *, display: bool, owner: int) -> None:
        """Draw a formula with its origin at (x, y): letters, digits, `SIGNS`, scripts, `\\frac`, `\\sqrt`, brackets."""
        unit = self.x_height_px
        for mark in self._row(TOKEN.findall(latex), 1.0).marks:
            if isinstance(mark, Letter):
                wander = self._rng.normal(0, 0.05, 2) * unit
                self._letter(
                    sheet,
                    mark.character,
                    x + mark.x * unit + wander[0],
                    y + mark.y * unit + wander[1],
                    mark.size,
                    owner,
                )
            else:
                corners = np.array(mark.points) * unit + (x, y)
                corners += self._rng.normal(0, 0.035 * unit, corners.shape)
                sheet.stroke(_pen_path(corners, mark.curved, self._rng), self._pen_px, owner)

    def _row(self, tokens: list[str], size: float) -> Piece:
        """Consume `tokens` up to the end or the closing brace or bracket, and set them side by side."""
        pieces: list[Piece] = []
        while tokens:
            token = tokens.pop(0)
            if token in {"}", r"\right"}:
                break
            if token in {"^", "_"}:
                pieces.append(self._scripts(pieces.pop(), token, tokens, size))
            else:
                pieces.append(self._atom(token, tokens, size, first=not pieces))
        return _beside(pieces)

    def _argument(self, tokens: list[str], size: float) -> Piece:
        opening = tokens.pop(0)
        if opening != "{":
            raise ValueError(f"expected a braced argument, got {opening!r}")
        return self._row(tokens, size)

    def _atom(self, token: str, tokens: list[str], size: float, *, first: bool) -> Piece:
        if token == r"\frac":
            return _fraction(self._argument(tokens, 0.92 * size), self._argument(tokens, 0.92 * size))
        if token == r"\sqrt":
            return _radical(self._argument(tokens, size))
        if token == r"\left":
            tokens.pop(0)
            inner = self._row(tokens, size)
            tokens.pop(0)
            return _bracketed(inner)
        if token in SIGNS:
            gap = 0.45 if token in RELATIONS else 0.28 if token in OPERATORS and not first else 0.05
            return _sign(token, size, gap * size)
        return self._character(token, size)

    def _scripts(self, base: Piece, token: str, tokens: list[str], size: float) -> Piece:
        script = self._argument(tokens, SCRIPT * size)
        rise = -(base.ascent - 0.35 * size) if token == "^" else base.descent + 0.5 * size
        script = script.moved(base.width + 0.06 * size, rise)
        return Piece(
            base.marks + script.marks,
            script.width + 0.08 * size,
            max(base.ascent, script.ascent),
            max(base.descent, script.descent),
        )

    def _character(self, character: str, size: float) -> Piece:
        font = self._sized(1.0)
        left, top, *_ = font.getbbox(character, anchor="ls")
        ink = font.getmask(character).getbbox()  # getbbox of the font would count the origin as ink
        left, top, right, bottom = (
            size * (side + start) / self.x_height_px for side, start in zip(ink, (left, top, left, top), strict=True)
        )
        gap = 0.12 * size
        sink = max(0.0, -bottom - 0.1)  # a figure that the font sets high comes down to the line
        letter = Letter(character, gap - left, sink, size)
        return Piece((letter,), right - left + 2 * gap, -top - sink, max(bottom, 0.0))

    def _letter(self, sheet: Sheet, character: str, x: float, y: float, size: float, owner: int) -> None:
        font = self._sized(size * self._rng.normal(1, 0.025))
        pen = max(
            0, round((self._pen_px - 0.05 * font.size) / 2)
        )  # the font's own stem is about a twentieth of its size
        left, top, right, bottom = font.getbbox(character, anchor="ls", stroke_width=pen)
        if right - left < 1 or bottom - top < 1:
            return
        margin = 8
        image = Image.new("L", (round(right - left) + 2 * margin, round(bottom - top) + 2 * margin))
        origin = (margin - left, margin - top)
        ImageDraw.Draw(image).text(origin, character, fill=255, font=font, anchor="ls", stroke_width=pen)
        tilt = float(self._rng.normal(0, 1.6))
        turned = image.rotate(tilt, Image.Resampling.BICUBIC)
        sheet.stamp(np.asarray(turned), x - origin[0], y - origin[1], owner)

    def _sized(self, size: float) -> ImageFont.FreeTypeFont:
        pixels = round(self._size_px * size)
        if pixels not in self._fonts:
            self._fonts[pixels] = ImageFont.truetype(str(self._font), pixels)
        return self._fonts[pixels]


def _move(mark: Letter | Line, dx: float, dy: float) -> Letter | Line:
    if isinstance(mark, Letter):
        return Letter(mark.character, mark.x + dx, mark.y + dy, mark.size)
    return Line(tuple((x + dx, y + dy) for x, y in mark.points), mark.curved)


def _beside(pieces: Sequence[Piece]) -> Piece:
    marks: tuple[Letter | Line, ...] = ()
    width = ascent = descent = 0.0
    for piece in pieces:
        marks += piece.moved(width, 0).marks
        width += piece.width
        ascent, descent = max(ascent, piece.ascent), max(descent, piece.descent)
    return Piece(marks, width, ascent, descent)


def _sign(token: str, size: float, gap: float) -> Piece:
    lines = tuple(Line(tuple((gap + x * size, -y * size) for x, y in path)) for path in SIGNS[token])
    return Piece(lines, size + 2 * gap, 1.1 * size, 0.1 * size)


def _fraction(above: Piece, below: Piece) -> Piece:
    axis, gap, overshoot = -0.5, 0.32, 0.3
    width = max(above.width, below.width) + 2 * overshoot
    above = above.moved((width - above.width) / 2, axis - gap - above.descent)
    below = below.moved((width - below.width) / 2, axis + gap + below.ascent)
    bar = Line(((0.1, axis), (width - 0.1, axis - 0.04)))
    return Piece((*above.marks, bar, *below.marks), width + 0.15, above.ascent, below.descent)


def _radical(body: Piece) -> Piece:
    top, bottom, start = -body.ascent - 0.3, body.descent, 0.85
    body = body.moved(start, 0)
    hook = Line(((0.05, -0.5), (0.28, -0.72), (0.5, bottom + 0.1), (start, top), (body.width + 0.15, top - 0.03)))
    return Piece((hook, *body.marks), body.width + 0.2, -top, max(bottom, 0.1))


def _bracketed(body: Piece) -> Piece:
    top, bottom, bow = -body.ascent - 0.15, body.descent + 0.15, 0.38
    middle = (top + bottom) / 2
    body = body.moved(bow + 0.2, 0)
    right = body.width + 0.1
    left_line = Line(((bow, top), (0.05, middle), (bow, bottom)), curved=True)
    right_line = Line(((right, top), (right + bow, middle), (right, bottom)), curved=True)
    return Piece((left_line, *body.marks, right_line), right + bow + 0.1, -top, bottom)


def _pen_path(corners: NDArray[np.float64], curved: bool, rng: np.random.Generator) -> NDArray[np.float64]:
    """Fine pixels along a line through `corners`: an arc through three where `curved`, else straight runs that sag."""
    steps = np.linspace(0, 1, 24)[:, None]
    if curved:
        start, middle, end = corners
        control = 2 * middle - (start + end) / 2
        return np.asarray((1 - steps) ** 2 * start + 2 * steps * (1 - steps) * control + steps**2 * end)
    runs = []
    for start, end in pairwise(corners):
        along = end - start
        sag = rng.normal(0, 0.012) * np.sin(np.pi * steps) * np.array([-along[1], along[0]])
        runs.append(start + steps * along + sag)
    return np.concatenate(runs)
