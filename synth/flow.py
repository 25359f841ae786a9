"""Lines of prose with formulas in them: broken, justified, put on a sheet."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from scanpage.latex_symbols import ARROWS, OPERATORS, RELATIONS
from scanpage.region import RegionKind
from synth.prose import Face
from synth.sheet import BLACK, UNKNOWN, Colour, LineRole, Pixels, Sheet, Source

# Lines that would need wider spaces than this stay ragged.
MAX_STRETCH_EM = 0.9
# A formula of nothing but these is a number to anyone who reads it, and looks like one of a question or equation.
NUMBER_SIGNS = frozenset("0123456789.,()[]:%-~")
UPRIGHT = re.compile(r"\\mathrm \{ ([^{}]*) \}")
# Scripts of nothing are how authors raise the marks of footnotes.
BARE_SCRIPTS = ("{ } ^", "{ } _")
# So many letters one after the other are words that someone set as mathematics.
WORDS = re.compile(r"(?<!\S)(?:[A-Za-z] ){9}")
SIGNS = OPERATORS | RELATIONS | ARROWS | frozenset("=<>+-")
NO_SPACE_BEFORE = frozenset(",.;:)")


@dataclass(frozen=True, slots=True)
class Scrap:
    """Painted ink that stands in a line: uint8[h, w], its baseline in rows from the top."""

    alpha: Pixels
    baseline_px: float
    text: str = field(default=UNKNOWN, kw_only=True)

    @property
    def width(self) -> int:
        return int(self.alpha.shape[1])

    @property
    def height(self) -> int:
        return int(self.alpha.shape[0])


@dataclass(frozen=True, slots=True)
class Formula(Scrap):
    """A painted formula: what it says, how it was made, and where its first relation sign begins, if it has one."""

    latex: str
    source: Source
    relation_px: float | None = None


Piece = str | Scrap


@dataclass(frozen=True, slots=True)
class Style:
    """How lines are written.

    Attributes:
        wander_px: standard deviation of each word's distance from the baseline.
        slope: rise of the lines to the right, in pixels down per pixel (negative rises).
    """

    face: Face
    colour: Colour = BLACK
    wander_px: float = 0.0
    slope: float = 0.0
    space_scale: float = 1.0

    @property
    def space(self) -> float:
        return self.face.space * self.space_scale


def is_plain(latex: str) -> bool:
    """Whether canonical LaTeX says no more than a number, a few words, or the mark of a footnote."""
    if latex.startswith(BARE_SCRIPTS):
        return True
    tokens = latex.split()
    letters = sum(len(group.split()) for group in UPRIGHT.findall(latex))
    return (
        NUMBER_SIGNS.issuperset(tokens)
        or (letters > 5 and letters > 0.4 * len(tokens))
        or WORDS.search(latex) is not None
    )


def is_torn(latex: str) -> bool:
    """Whether canonical LaTeX stops at a sign whose other side is missing, for which the next word would be taken.

    Signs before a formula are no fault (`\\geq 48`, `\\sim 175`), but for the equals sign of a line of working.
    """
    tokens = latex.split()
    return len(tokens) > 1 and (tokens[-1] in SIGNS or tokens[0] == "=")


def reads_on(piece: Piece) -> bool:
    """Whether a piece beside a formula would be read as more of it: a formula, a number, a lone letter."""
    if isinstance(piece, Scrap):
        return isinstance(piece, Formula)
    return any(c.isdigit() for c in piece) or sum(c.isalpha() for c in piece) == 1


def piece_width(piece: Piece, face: Face) -> float:
    return face.width(piece) if isinstance(piece, str) else float(piece.width)


def gap_before(piece: Piece, style: Style) -> float:
    return 0.0 if isinstance(piece, str) and piece in NO_SPACE_BEFORE else style.space


def break_lines(pieces: Sequence[Piece], style: Style, width: float, *, indent: float = 0.0) -> list[list[Piece]]:
    """Lines no wider than `width` (the first one shorter by `indent`), as full as they get; a piece that is wider than
    a whole line is left out."""
    lines: list[list[Piece]] = [[]]
    used = indent
    for piece in pieces:
        wide = piece_width(piece, style.face)
        if wide > width - indent:
            continue
        gap = gap_before(piece, style) if lines[-1] else 0.0
        # Punctuation stays with what it follows.
        if lines[-1] and gap and used + gap + wide > width:
            lines.append([])
            used, gap = 0.0, 0.0
        lines[-1].append(piece)
        used += gap + wide
    return [line for line in lines if line]


def extent(line: Sequence[Piece], face: Face) -> tuple[float, float]:
    """Height of a line above and below its baseline, in pixels."""
    painted = [p for p in line if isinstance(p, Scrap)]
    # Letters reach less far than the font's metrics, which leave room for stacked accents.
    above = max([0.8 * face.size, *(p.baseline_px for p in painted)])
    below = max([0.25 * face.size, *(p.height - p.baseline_px for p in painted)])
    return above, below


def line_width(line: Sequence[Piece], style: Style) -> float:
    gaps = sum(gap_before(piece, style) for piece in line[1:])
    return gaps + sum(piece_width(piece, style.face) for piece in line)


def place_line(
    rng: np.random.Generator,
    sheet: Sheet,
    line: Sequence[Piece],
    style: Style,
    x: float,
    baseline: float,
    *,
    justify_to: float = 0.0,
    role: LineRole = LineRole.TEXT,
) -> float:
    """Put a line on the sheet, its left end at x; spaces are stretched to fill `justify_to` pixels where given.

    Returns:
        The right end of the line.
    """
    gaps = sum(gap_before(piece, style) > 0 for piece in line[1:])
    stretch = max(0.0, justify_to - line_width(line, style)) / gaps if gaps else 0.0
    if stretch > MAX_STRETCH_EM * style.face.size:
        stretch = 0.0
    words: list[tuple[float, str]] = []
    start = at = x
    since = len(sheet.taken)
    for k, piece in enumerate(line):
        gap = gap_before(piece, style) if k else 0.0
        at += gap + (stretch if gap else 0.0)
        if isinstance(piece, Scrap):
            _place_words(rng, sheet, words, style, start, baseline + style.slope * (start - x))
            _place_scrap(sheet, piece, style, at, baseline + style.slope * (at - x))
            words = []
        else:
            if not words:
                start = at
            words.append((at - start, piece))
        at += piece_width(piece, style.face)
    _place_words(rng, sheet, words, style, start, baseline + style.slope * (start - x))
    sheet.line(text_of(line, style.face), role, since=since)
    return at


def text_of(line: Sequence[Piece], face: Face) -> str:
    """What a line says, formulas as `$LaTeX$`."""
    text = ""
    for piece in line:
        if isinstance(piece, Formula):
            said = f"${piece.latex}$"
        else:
            said = face.printable(piece) if isinstance(piece, str) else piece.text
        text += said if said in NO_SPACE_BEFORE or not text else f" {said}"
    return text


def slanted(alpha: Pixels, baseline: float, slope: float) -> tuple[Pixels, float]:
    """Ink turned so that its baseline has `slope`, and the row of the baseline's left end afterwards."""
    if abs(slope) < 1e-3:
        return alpha, baseline
    height, width = alpha.shape
    angle = math.atan(slope)
    cos, sin = math.cos(angle), math.sin(angle)
    # Turned about the left end of the baseline; shifted to where all of it has positive coordinates.
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float64) - [0, baseline]
    turned = corners @ np.array([[cos, sin], [-sin, cos]])
    low = np.floor(turned.min(axis=0))
    size = np.ceil(turned.max(axis=0) - low).astype(int) + 1
    matrix = np.array([[cos, -sin, sin * baseline - low[0]], [sin, cos, -cos * baseline - low[1]]])
    picture: Pixels = cv2.warpAffine(alpha, matrix, (int(size[0]), int(size[1])), flags=cv2.INTER_LINEAR)
    return picture, float(-low[1])


def _place_words(
    rng: np.random.Generator, sheet: Sheet, words: list[tuple[float, str]], style: Style, x: float, baseline: float
) -> None:
    if not words:
        return
    wander = (rng.normal(0, style.wander_px, len(words))).tolist() if style.wander_px else None
    strip = style.face.paint(words, wander=wander)
    alpha, row = slanted(strip.alpha, strip.baseline, style.slope)
    sheet.ink(alpha, round(x) - strip.origin_x, round(baseline - row), colour=style.colour)


def _place_scrap(sheet: Sheet, piece: Scrap, style: Style, x: float, baseline: float) -> None:
    alpha, row = slanted(piece.alpha, piece.baseline_px, style.slope)
    left, top = round(x), round(baseline - row)
    if isinstance(piece, Formula):
        latex, source = piece.latex, piece.source
        sheet.formula(alpha, left, top, kind=RegionKind.INLINE, latex=latex, source=source, colour=style.colour)
    else:
        sheet.ink(alpha, left, top, colour=style.colour)
