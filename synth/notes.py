"""Handwritten pages: questions, a line of prose here and there, and working, line under line."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np

from scanpage.geometry import Box
from scanpage.region import RegionKind
from synth.figures import arrow, frame, scribble, sketch
from synth.flow import Formula, Piece, break_lines, extent, place_line, slanted
from synth.hand import Hand, draw_hand
from synth.ink import Ink, paint_ink
from synth.papers import Ruling, draw_stationery, make_paper
from synth.prose import Prose
from synth.sheet import Pixels, Sheet
from synth.stock import Stock


def draw_writer(
    rng: np.random.Generator, stock: Stock, sheet: Sheet, *, pitch_px: float, ruled: bool = False
) -> Writer:
    hand = draw_hand(rng, stock, pitch_px, ruled=ruled)
    return Writer(rng, stock, sheet, Prose.of_page(rng, stock.text), hand)


def compose_notes(rng: np.random.Generator, stock: Stock, width: int, height: int) -> Sheet:
    """A page of handwritten notes."""
    stationery = draw_stationery(rng, height)
    sheet = make_paper(rng, stationery, width, height)
    ruled = stationery.ruling in (Ruling.RULED, Ruling.SQUARED) and rng.random() < 0.85
    writer = draw_writer(rng, stock, sheet, pitch_px=stationery.pitch_px, ruled=ruled)
    writer.fill(sheet.content)
    return sheet


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes on one sheet in one hand."""

    rng: np.random.Generator
    stock: Stock
    sheet: Sheet
    prose: Prose
    hand: Hand

    def fill(self, content: Box) -> None:
        """Question after question, until the page is full or the work is done."""
        rng, hand = self.rng, self.hand
        y = content.y0
        number = int(rng.integers(1, 9))
        margin = max(content.x0, self.sheet.width * float(rng.uniform(0.02, 0.1)))
        done = float(rng.choice([1.0, 1.0, 0.7, 0.4])) * content.height + content.y0
        while y + 2.5 * hand.pitch_px < min(content.y1, done):
            x, y = self.question(Box(margin, y, content.x1, content.y1), number)
            if x >= content.x1 or y >= content.y1:
                break
            y = self.answer(Box(x, y, content.x1, content.y1))
            y += hand.pitch_px * float(rng.choice([0.2, 0.6, 1.0, 2.0]))
            number += 1
        self.scribbles(content)

    def question(self, box: Box, number: int) -> tuple[float, float]:
        """A number, perhaps with words; returns where the working may begin (x, y)."""
        rng, hand, face = self.rng, self.hand, self.hand.style.face
        label = hand.label.format(number)
        if rng.random() < 0.15:
            return box.x0, box.y0
        right = box.x0 + face.width(label) + hand.letter_px * float(rng.uniform(0.5, 1.5))
        with_words = rng.random() < hand.prose
        lines = self._words(box.x1 - right) if with_words else []
        above = extent(lines[0], face)[0] if lines else 0.9 * hand.letter_px
        baseline = self._baseline(box.y0, above)
        if baseline + hand.pitch_px > box.y1:
            return box.x0, box.y1
        self._label(label, box.x0, baseline)
        if not lines:
            # The working begins on the number's own line.
            return right, baseline - hand.letter_px * 1.25
        y = baseline
        for line in lines:
            above, below = extent(line, face)
            baseline = max(baseline, self._baseline(y, above) if line is not lines[0] else baseline)
            if baseline + below > box.y1:
                break
            self._line(line, right, baseline, box.x1)
            y = baseline + below + abs(hand.slope) * box.width
        return box.x0 + (right - box.x0) * float(rng.random()), y

    def _label(self, label: str, x: float, baseline: float) -> None:
        style = replace(self.hand.style, slope=0.0)
        place_line(self.rng, self.sheet, [label], style, x, baseline)
        if self.hand.circled:
            size = self.hand.letter_px
            centre = (round(x + style.face.width(label) / 2), round(baseline - 0.4 * size))
            axes = (round(style.face.width(label) / 2 + 0.5 * size), round(0.85 * size))
            ring = np.zeros((2 * axes[1] + 8, 2 * axes[0] + 8), np.uint8)
            middle = (axes[0] + 4, axes[1] + 4)
            cv2.ellipse(ring, middle, axes, 0, 0, 360, 255, max(1, round(self.hand.pen.width_px)), cv2.LINE_AA)
            at = (centre[0] - middle[0], centre[1] - middle[1])
            self.sheet.ink(ring, *at, colour=style.colour, takes_place=False)

    def _words(self, width: float) -> list[list[Piece]]:
        """Up to three lines of words, often with a formula at the end or between."""
        rng = self.rng
        pieces: list[Piece] = list(self.prose.words(rng, int(rng.integers(2, 16))))
        for _ in range(int(rng.choice([0, 0, 1, 1, 2]))):
            formula = self.hand.formula(self.rng, self.stock, width * 0.5, self.hand.letter_px * 2.2, simple=True)
            if formula is not None:
                pieces.insert(len(pieces) if rng.random() < 0.6 else int(rng.integers(len(pieces))), formula)
        return break_lines(pieces, self.hand.style, width)[:3]

    def _line(self, line: list[Piece], x: float, baseline: float, right: float) -> None:
        """A line of words in a handwriting font, or a real ink of about its length."""
        real = self.stock.lines and all(isinstance(p, str) for p in line) and self.rng.random() < self.hand.real_prose
        if not real:
            place_line(self.rng, self.sheet, line, self.hand.style, x, baseline)
            return
        ink = self.stock.lines[int(self.rng.integers(len(self.stock.lines)))]
        alpha, row = self._real_words(ink, right - x)
        alpha, row = slanted(alpha, row, self.hand.slope)
        self.sheet.ink(alpha, round(x), round(baseline - row), colour=self.hand.style.colour)

    def _real_words(self, ink: Ink, width: float) -> tuple[Pixels, float]:
        """As many strokes of a written line as fit into `width` pixels, and the row of its baseline."""
        height = self.hand.letter_px * 2.0
        units = max(float(np.ptp(np.concatenate(ink.strokes)[:, 1])), 1.0)
        limit = width * 0.9 / (height / units)
        strokes = [s for s in ink.strokes if float(s[:, 0].max()) <= limit] or list(ink.strokes[:1])
        painted = paint_ink(strokes, height, self.rng, pen=self.hand.pen, variation=0.5)
        return painted.alpha, 0.72 * painted.alpha.shape[0]

    def answer(self, box: Box) -> float:
        """Working from the top of `box`; returns where it ends."""
        rng = self.rng
        rows = int(rng.integers(1, 7))
        y = self.working(replace(box, x1=self._right(box)), rows)
        if rng.random() < 0.3:
            middle = max(box.x0 + box.width * float(rng.uniform(0.45, 0.6)), self._reach(box) + self.hand.letter_px)
            if middle < box.x1 - 4 * self.hand.letter_px:
                if rng.random() < 0.3:
                    middle = self._arrow(middle, box.y0)
                y = max(y, self.working(Box(middle, box.y0, box.x1, box.y1), int(rng.integers(1, rows + 1))))
        elif rng.random() < 0.07:
            y = self._drawing(box, y)
        return y

    def _right(self, box: Box) -> float:
        """Most working keeps to the left half of its page."""
        return box.x0 + box.width * float(self.rng.choice([0.55, 0.8, 1.0]))

    def _reach(self, box: Box) -> float:
        """Right end of what already stands beside `box.y0` and below."""
        return max(
            [t.x1 for t in self.sheet.taken if t.y1 > box.y0 and t.x0 < box.x1 and t.x1 > box.x0], default=box.x0
        )

    def working(self, box: Box, rows: int) -> float:
        """Lines of working under each other; returns where they end."""
        rng, hand = self.rng, self.hand
        x, y = box.x0, box.y0
        for k in range(rows):
            formula = self.hand.formula(self.rng, self.stock, box.x1 - x, min(3.5 * hand.pitch_px, box.y1 - y))
            if formula is None:
                break
            bottom = self._row(formula, x, y, box, last=k == rows - 1)
            if bottom is None:
                break
            y = bottom
            if rng.random() < hand.indent:
                x = box.x0 + float(rng.uniform(-0.1, 2.5)) * hand.letter_px
            if rng.random() < 0.12:
                y += hand.pitch_px
        return y

    def _row(self, formula: Formula, x: float, y: float, box: Box, *, last: bool) -> float | None:
        """One line of working; returns where it ends, or None where there is no place for it."""
        rng, hand = self.rng, self.hand
        # Some people's lines slant each in its own way.
        alpha, row = slanted(formula.alpha, formula.baseline_px, hand.slope + float(rng.normal(0, 0.008)))
        height, width = alpha.shape
        baseline = self._baseline(y, row)
        top, left = round(baseline - row), round(x)
        place = Box(left, top, left + width, top + height)
        if place.y1 > box.y1 or place.x1 > self.sheet.width - 2 or not self.sheet.is_free(place.padded(1)):
            return None
        self.sheet.formula(
            alpha,
            left,
            top,
            kind=RegionKind.ISOLATED,
            latex=formula.latex,
            source=formula.source,
            colour=hand.style.colour,
        )
        if last and rng.random() < 0.2:
            return self._frame(place)
        return place.y1

    def _frame(self, place: Box) -> float:
        """A box or a line around or under a result."""
        pad = self.hand.letter_px * float(self.rng.uniform(0.25, 0.5))
        around = place.padded(pad + 4)
        if sum(around.intersection(other) > 0 for other in self.sheet.taken) > 1:
            return place.y1
        mask = frame(self.rng, round(around.width), round(around.height), self.hand.pen.width_px)
        if self.rng.random() < 0.35:
            mask[: round(mask.shape[0] - pad - 2)] = 0
            mask[:, : round(pad)] = 0
            mask[:, round(mask.shape[1] - pad) :] = 0
        self.sheet.ink(mask, round(around.x0), round(around.y0), colour=self.hand.style.colour, takes_place=False)
        return around.y1 + 2

    def _arrow(self, x: float, y: float) -> float:
        """An arrow between columns of working; returns its right end."""
        size = self.hand.letter_px
        mask = arrow(self.rng, round(size * float(self.rng.uniform(1.2, 3))), round(size), self.hand.pen.width_px)
        top = round(self._baseline(y, size) - 0.8 * size)
        if self.sheet.is_free(Box(x, top, x + mask.shape[1], top + mask.shape[0])):
            self.sheet.ink(mask, round(x), top, colour=self.hand.style.colour)
            return x + float(mask.shape[1]) + size
        return x

    def _drawing(self, box: Box, y: float) -> float:
        """A sketch beside or under the working."""
        width, height = (round(v * self.hand.pitch_px) for v in self.rng.uniform(3, 7, 2))
        place = Box(box.x0, y + 6, box.x0 + width, y + 6 + height)
        if place.y1 > box.y1 or not self.sheet.is_free(place):
            return y
        self.sheet.ink(sketch(self.rng, width, height), round(place.x0), round(place.y0), colour=self.hand.style.colour)
        return place.y1

    def scribbles(self, content: Box) -> None:
        """Crossed-out patches where there is room."""
        for _ in range(int(self.rng.choice([0, 0, 0, 1, 2]))):
            width = round(self.hand.letter_px * float(self.rng.uniform(1.5, 8)))
            height = round(self.hand.letter_px * float(self.rng.uniform(0.8, 1.5)))
            x = float(self.rng.uniform(content.x0, max(content.x0 + 1, content.x1 - width)))
            y = float(self.rng.uniform(content.y0, max(content.y0 + 1, content.y1 - height)))
            if self.sheet.is_free(Box(x, y, x + width, y + height).padded(4)):
                mask = scribble(self.rng, width, height, self.hand.pen.width_px)
                self.sheet.ink(mask, round(x), round(y), colour=self.hand.style.colour)

    def _baseline(self, y: float, above: float) -> float:
        """The next baseline for ink that reaches `above` pixels up and must stay under `y`."""
        hand, pitch = self.hand, self.hand.pitch_px
        if not hand.ruled:
            return y + above + pitch * float(self.rng.uniform(0.04, 0.35))
        first = self.sheet.first_line_px
        # Strokes may cross the line above a little.
        line = math.ceil((y + above - 0.1 * pitch - first) / pitch)
        return max(first + line * pitch - pitch * float(self.rng.uniform(0.0, 0.14)), y + above + 1)
