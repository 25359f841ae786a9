"""Handwritten pages: questions with their working, line under line, or notes of a lecture."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from scanpage.geometry import Box
from synth.flow import Piece, break_lines, extent, is_torn, line_width, place_line, reads_on
from synth.hand import draw_hand
from synth.papers import Ruling, draw_stationery, make_paper
from synth.prose import Prose
from synth.script import script_words
from synth.setting import LONE_SHARE
from synth.sheet import Sheet
from synth.stock import Stock
from synth.working import Working

# Every fifth page of notes is a lecture's: sentences, formulas between and within them.
LECTURE_SHARE = 0.2


def draw_writer(
    rng: np.random.Generator, stock: Stock, sheet: Sheet, *, pitch_px: float, ruled: bool = False
) -> Writer:
    hand = draw_hand(rng, stock, pitch_px, ruled=ruled)
    return Writer(Working(rng, stock, sheet, Prose.of_page(rng, stock.text), hand))


def compose_notes(rng: np.random.Generator, stock: Stock, width: int, height: int) -> Sheet:
    """A page of handwritten notes."""
    stationery = draw_stationery(rng, height)
    sheet = make_paper(rng, stationery, width, height)
    ruled = stationery.ruling in (Ruling.RULED, Ruling.SQUARED) and rng.random() < 0.85
    writer = draw_writer(rng, stock, sheet, pitch_px=stationery.pitch_px, ruled=ruled)
    margin = max(sheet.content.x0, width * float(rng.uniform(0.02, 0.1)))
    if rng.random() < LECTURE_SHARE:
        writer.lecture(replace(sheet.content, x0=margin))
    else:
        writer.questions(replace(sheet.content, x0=margin))
    return sheet


@dataclass(frozen=True, slots=True)
class Writer:
    """Fills a sheet, or parts of it, in one hand."""

    working: Working

    def questions(self, content: Box) -> None:
        """Question after question, until the page is full or the work is done."""
        rng, pitch = self.working.rng, self.working.hand.pitch_px
        y = content.y0
        number = int(rng.integers(1, 9))
        done = float(rng.choice([1.0, 1.0, 0.7, 0.4])) * content.height + content.y0
        while y + 2.5 * pitch < min(content.y1, done):
            x, y = self.question(Box(content.x0, y, content.x1, content.y1), number)
            if x >= content.x1 or y >= content.y1:
                break
            y = self.answer(Box(x, y, content.x1, content.y1))
            y += pitch * float(rng.choice([0.2, 0.6, 1.0, 2.0]))
            number += 1
        self.working.scribbles(content)

    def answer(self, box: Box) -> float:
        """Working from the top of `box`; returns where it ends."""
        return self.working.answer(box)

    def lecture(self, content: Box) -> None:
        """Sentences with formulas in them, and formulas between them."""
        rng, hand = self.working.rng, self.working.hand
        y = content.y0
        inline = float(rng.choice([0.03, 0.1, 0.2]))
        while y + 2.5 * hand.pitch_px < content.y1:
            draw = rng.random()
            box = replace(content, y0=y)
            if draw < 0.5:
                y = self._lines(self._pieces(int(rng.integers(6, 40)), inline), box, most=8)
            elif draw < 0.93:
                indent = content.width * float(rng.choice([0.02, 0.15, 0.3]))
                y = self.working.column(replace(box, x0=content.x0 + indent), int(rng.integers(1, 4)))
            else:
                y = self.working.drawing(box, y)
            y += hand.pitch_px * float(rng.choice([0.0, 0.2, 1.0])) + 1

    def question(self, box: Box, number: int) -> tuple[float, float]:
        """A number, perhaps with words; returns where the working may begin (x, y)."""
        rng, hand = self.working.rng, self.working.hand
        if rng.random() < 0.1:
            return box.x0, box.y0
        name = str(number) if rng.random() < 0.85 else "abcdefgh"[number % 8]
        with_words = rng.random() < hand.prose
        pieces = self._pieces(int(rng.integers(2, 24)), 0.0) if with_words else []
        above = extent(pieces, hand.style.face)[0] if pieces else 0.9 * hand.letter_px
        baseline = self.working.baseline(box.y0, above)
        if baseline + hand.pitch_px > box.y1:
            return box.x0, box.y1
        right = self._number(hand.label.format(name), box.x0, baseline)
        if not pieces:
            # The working begins on the number's own line.
            return right, baseline - hand.letter_px * 1.25
        y = self._lines(pieces, replace(box, x0=right), most=4, first=baseline)
        return box.x0 + (right - box.x0) * float(rng.random()), y

    def _number(self, label: str, x: float, baseline: float) -> float:
        """A question's number, perhaps in a ring; returns where the question begins."""
        rng, hand, sheet = self.working.rng, self.working.hand, self.working.sheet
        end = self.working.label(label, x, baseline)
        if hand.circled:
            size, width = hand.letter_px, end - x
            axes = (round(width / 2 + 0.5 * size), round(0.85 * size))
            ring = np.zeros((2 * axes[1] + 8, 2 * axes[0] + 8), np.uint8)
            middle = (axes[0] + 4, axes[1] + 4)
            cv2.ellipse(ring, middle, axes, 0, 0, 360, 255, max(1, round(hand.pen.width_px)), cv2.LINE_AA)
            corner = (round(x + width / 2) - middle[0], round(baseline - 0.4 * size) - middle[1])
            sheet.ink(ring, *corner, colour=hand.style.colour, takes_place=False)
            end += 0.5 * size
        return end + hand.letter_px * float(rng.uniform(0.35, 1.5))

    def _pieces(self, count: int, inline: float) -> list[Piece]:
        """Words, in a font or cut from real lines, with formulas: one at the end or between, or `inline` a word."""
        rng, hand, stock = self.working.rng, self.working.hand, self.working.stock
        pieces: list[Piece] = []
        if stock.lines and rng.random() < hand.real_prose:
            pieces += script_words(rng, stock.lines, count, letter_px=hand.letter_px, pen=hand.pen)
        else:
            pieces += self.working.prose.words(rng, count)
        formulas = int((rng.random(count) < inline).sum()) if inline else int(rng.choice([0, 0, 1, 1, 2]))
        for _ in range(formulas):
            if rng.random() < LONE_SHARE:
                formula = hand.symbol(rng, stock)
            else:
                formula = hand.formula(rng, stock, 12 * hand.letter_px, 2.2 * hand.letter_px, simple=True)
            if formula is None or is_torn(formula.latex):
                continue
            at_end = not inline and rng.random() < 0.6
            at = len(pieces) if at_end else int(rng.integers(len(pieces)))
            # Beside a formula or a number it would read as more of that.
            if not any(map(reads_on, pieces[max(0, at - 1) : at + 1])):
                pieces.insert(at, formula)
        return pieces

    def _lines(self, pieces: list[Piece], box: Box, *, most: int, first: float = 0.0) -> float:
        """Up to `most` lines of words, the first one's baseline at `first` where given; returns where they end."""
        hand = self.working.hand
        y = box.y0
        for k, line in enumerate(break_lines(pieces, hand.style, box.width)[:most]):
            above, below = extent(line, hand.style.face)
            # Sloping lines rise or fall over their whole length.
            climb = max(0.0, -hand.slope) * line_width(line, hand.style)
            sink = max(0.0, hand.slope) * line_width(line, hand.style)
            baseline = first if first and k == 0 else self.working.baseline(y, above + climb)
            if baseline + below + sink > box.y1:
                break
            place_line(self.working.rng, self.working.sheet, line, hand.style, box.x0, baseline)
            y = baseline + below + sink
        return y
