"""A hand: how one person writes on one page, and formulas written so."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from synth.flow import Formula, Style
from synth.handwrite import paint_by_hand
from synth.ink import Pen, paint_ink
from synth.paint import paint_print
from synth.prose import Face
from synth.sheet import INK_THRESHOLD, Colour, Pixels, Source
from synth.stock import TRIES, Stock

LABELS = ("{})", "{}.", "{}-", "{} -", "({})", "{}", "{}.)", "{}:")
# Letters of handwriting fonts are about two thirds of an em high.
EM_PER_LETTER = 1.45


@dataclass(frozen=True, slots=True)
class Hand:
    """How one person writes on one page.

    Attributes:
        letter_px: height of a usual digit.
        slope: of the lines, in pixels down per pixel.
        real: share of formulas that are real inks rather than layouts painted with written symbols.
        prose: chance that a question is put in words; `real_prose` the chance that the words are a real ink.
        pitch_px: distance of lines; `ruled` whether they keep to the paper's.
        indent: chance that a line of working is indented further than the one before.
    """

    style: Style
    pen: Pen
    letter_px: float
    slope: float
    real: float
    prose: float
    real_prose: float
    pitch_px: float
    ruled: bool
    label: str
    circled: bool
    indent: float

    def formula(
        self, rng: np.random.Generator, stock: Stock, width: float, height: float, *, simple: bool = False
    ) -> Formula | None:
        """A formula in this hand, no larger than `width` x `height` pixels; None if none turned up."""
        least = int(rng.choice([1, 4, 5, 6, 8]))
        most = 9 if simple else int(rng.choice([10, 14, 20, 32]))
        if stock.inks and rng.random() < self.real:
            return self._real(rng, stock, width, height, least, most)
        return self._by_hand(rng, stock, width, height, least, most)

    def _real(
        self, rng: np.random.Generator, stock: Stock, width: float, height: float, least: int, most: int
    ) -> Formula | None:
        letter = self.letter_px
        for _ in range(TRIES):
            written = stock.inks[int(rng.integers(len(stock.inks)))]
            if not least <= len(written.ink.symbols) <= most:
                continue
            scale = letter / written.letter * float(np.exp(rng.normal(0, 0.08)))
            tall = written.height * scale
            # Painting varies proportions by a tenth or so.
            if written.width * scale * 1.2 > width or tall * 1.1 > height or tall < 0.4 * letter:
                continue
            painted = paint_ink(written.ink, tall, rng, pen=self.pen)
            if painted.alpha.shape[1] <= width and painted.alpha.shape[0] <= height:
                return Formula(painted.alpha, painted.baseline_px, written.ink.label, Source.INK)
        return None

    def _by_hand(
        self, rng: np.random.Generator, stock: Stock, width: float, height: float, least: int, most: int
    ) -> Formula | None:
        em = self.letter_px * EM_PER_LETTER
        layout = stock.layout(rng, width_em=width / em * 0.85, height_em=height / em * 0.85, glyphs=(least, most))
        if layout is None:
            return None
        bank = stock.bank
        if bank is None:
            painted = paint_print(layout, em, weight=float(rng.uniform(-0.01, 0.02)))
            alpha = shaky(rng, painted.alpha, self.letter_px)
            return Formula(alpha, painted.baseline_px + 4, layout.latex, Source.HAND)
        painted = paint_by_hand(layout, bank, em, rng, pen=self.pen)
        if painted.alpha.shape[1] > width or painted.alpha.shape[0] > height or painted.alpha.max() < INK_THRESHOLD:
            return None
        return Formula(painted.alpha, painted.baseline_px, layout.latex, Source.HAND)


def draw_hand(rng: np.random.Generator, stock: Stock, pitch_px: float, *, ruled: bool) -> Hand:
    """A random hand for lines `pitch_px` apart."""
    letter = max(9.0, pitch_px * float(rng.uniform(0.45, 0.8)))
    fonts = stock.hand_fonts or stock.printed_fonts
    face = Face(
        fonts[int(rng.integers(len(fonts)))], max(10, round(letter * EM_PER_LETTER * float(rng.uniform(0.85, 1.1))))
    )
    slope = math.tan(math.radians(float(np.clip(rng.normal(0, 1.2), -4, 4)))) if rng.random() < 0.6 else 0.0
    pen = replace(
        Pen.drawn(rng, letter),
        width_px=float(np.clip(letter * math.exp(rng.normal(math.log(0.085), 0.25)), 1.1, 4.0)),
    )
    return Hand(
        style=Style(face, draw_ink_colour(rng), wander_px=letter * float(rng.uniform(0.0, 0.05)), slope=slope),
        pen=pen,
        letter_px=letter,
        slope=slope,
        real=float(rng.choice([0.0, 0.5, 1.0, 1.0])),
        prose=float(rng.choice([0.0, 0.0, 0.4, 0.9])),
        real_prose=float(rng.choice([0.0, 0.0, 0.3, 1.0])),
        pitch_px=pitch_px,
        ruled=ruled,
        label=LABELS[int(rng.integers(len(LABELS)))],
        circled=bool(rng.random() < 0.15),
        indent=float(rng.choice([0.1, 0.4, 0.8])),
    )


def draw_ink_colour(rng: np.random.Generator) -> Colour:
    """Ballpoint blue, black, pencil, seldom red or green."""
    centres = ((30, 45, 140), (25, 25, 30), (70, 70, 75), (45, 60, 110), (180, 40, 45), (30, 110, 60))
    centre = centres[int(rng.choice(len(centres), p=(0.34, 0.3, 0.16, 0.14, 0.04, 0.02)))]
    r, g, b = (int(np.clip(v + rng.normal(0, 12), 0, 200)) for v in centre)
    return (r, g, b)


def shaky(rng: np.random.Generator, alpha: Pixels, letter_px: float) -> Pixels:
    """Print bent as if by hand: each neighbourhood is shifted its own way. Four pixels of room are added all around."""
    padded = cv2.copyMakeBorder(alpha, 4, 4, 4, 4, cv2.BORDER_CONSTANT)
    height, width = padded.shape
    cells = (max(2, round(width / letter_px) + 1), max(2, round(height / letter_px) + 1))
    bend = np.clip(rng.normal(0, 0.07 * letter_px, (cells[1], cells[0], 2)), -3, 3).astype(np.float32)
    shift = cv2.resize(bend, (width, height), interpolation=cv2.INTER_LINEAR)
    x = np.arange(width, dtype=np.float32)[None, :] + shift[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + shift[..., 1]
    picture: Pixels = cv2.remap(padded, x, y, cv2.INTER_LINEAR)
    return picture
