"""Working by hand: lines of formulas under and beside each other, with what people add to them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from scanpage.geometry import Box
from scanpage.region import RegionKind
from synth.figures import arrow, brace, divider, frame, scribble, sketch, stroke_out
from synth.flow import Formula, place_line, slanted
from synth.hand import Align, Hand
from synth.prose import Prose
from synth.school import facts
from synth.sheet import LineRole, Pixels, Sheet
from synth.stock import Stock

# Who leaves less room than this between lines (in pitches) keeps to no ruling if it costs a line.
CROWDED = 0.1


@dataclass(frozen=True, slots=True)
class Working:
    """Writes formulas on one sheet in one hand."""

    rng: np.random.Generator
    stock: Stock
    sheet: Sheet
    prose: Prose
    hand: Hand

    def answer(self, box: Box) -> float:
        """Working from the top of `box`, perhaps in two columns; returns where it ends."""
        rng = self.rng
        rows = int(rng.integers(1, 8))
        y = self.column(replace(box, x1=self._right(box)), rows)
        if rng.random() < 0.35:
            middle = max(box.x0 + box.width * float(rng.uniform(0.45, 0.6)), self._reach(box) + self.hand.letter_px)
            if middle < box.x1 - 4 * self.hand.letter_px:
                middle = self._between(middle, Box(box.x0, box.y0, box.x1, y))
                y = max(y, self.column(Box(middle, box.y0, box.x1, box.y1), int(rng.integers(1, rows + 1))))
        elif rng.random() < 0.1:
            y = self.drawing(box, y)
        return y

    def column(self, box: Box, rows: int) -> float:
        """Lines of working under each other; returns where they end."""
        rng, hand = self.rng, self.hand
        y = box.y0
        if rng.random() < 0.12:
            y = self._side_by_side(box)
        height = min(3.5 * hand.pitch_px, box.y1 - y)
        formulas = hand.rows(rng, self.stock, box.width, height, rows)
        lettered = rng.random() < 0.1
        for k, (formula, x) in enumerate(zip(formulas, self.starts(formulas, box), strict=True)):
            bottom = self._row(formula, x, y, box, letter="abcdefgh"[k % 8] if lettered else "")
            if bottom is None:
                break
            y = bottom
            if k == len(formulas) - 1 and rng.random() < 0.2:
                y = self._frame(self.sheet.taken[-1])
            if rng.random() < 0.12:
                y += hand.pitch_px
        return y

    def starts(self, formulas: list[Formula], box: Box) -> list[float]:
        """Where each line begins."""
        rng, hand = self.rng, self.hand
        if hand.align is Align.RELATION:
            furthest = max((f.relation_px or 0.0 for f in formulas), default=0.0)
            offsets = [furthest - f.relation_px if f.relation_px is not None else 0.0 for f in formulas]
        elif hand.align is Align.STAIRS:
            steps = rng.uniform(-0.2, 2.0, len(formulas)) * hand.letter_px * (rng.random(len(formulas)) < 0.7)
            offsets = (np.cumsum(steps) - steps[:1].sum()).tolist()
        else:
            offsets = (rng.uniform(-0.1, 0.4, len(formulas)) * hand.letter_px).tolist()
        return [
            box.x0 + max(0.0, min(offset, box.width - f.width - 2)) for offset, f in zip(offsets, formulas, strict=True)
        ]

    def _row(self, formula: Formula, x: float, y: float, box: Box, *, letter: str = "") -> float | None:
        """One line of working; returns where it ends, or None where there is no place for it."""
        rng, hand = self.rng, self.hand
        # Some people's lines slant each in its own way.
        alpha, row = slanted(formula.alpha, formula.baseline_px, hand.slope + float(rng.normal(0, hand.sway)))
        baseline = self.baseline(y, row)
        top, bottom = baseline - row, baseline - row + alpha.shape[0]
        if bottom > box.y1 or not self.sheet.is_free(Box(x, top, x + alpha.shape[1], bottom)):
            return None
        if letter:
            x = self.label(f"{letter})", x, baseline) + 0.5 * hand.letter_px
        elif rng.random() < 0.05:
            x = self._word(x, baseline)
        place = Box(x, top, x + alpha.shape[1], bottom)
        if place.x1 > self.sheet.width - 2:
            return None
        if rng.random() < 0.03:
            return self.strike(alpha, place)
        return self.put(replace(formula, alpha=alpha), place.x0, place.y0)

    def put(self, formula: Formula, x: float, y: float) -> float | None:
        """A formula that stands alone, if there is room; returns where it ends."""
        left, top = round(x), round(y)
        place = Box(left, top, left + formula.width, top + formula.height)
        if not self.sheet.is_free(place):
            return None
        latex, source, colour = formula.latex, formula.source, self.hand.style.colour
        self.sheet.formula(
            formula.alpha, left, top, kind=RegionKind.ISOLATED, latex=latex, source=source, colour=colour
        )
        return place.y1

    def _side_by_side(self, box: Box) -> float:
        """A few short equations on one line, each a formula of its own; returns where they end."""
        rng, hand = self.rng, self.hand
        x, y = box.x0, box.y0
        for line in facts(rng):
            layout = self.stock.case.formula(line)
            formula = None if layout is None else hand.paint(rng, layout, box.x1 - x, 2 * hand.pitch_px)
            if formula is None:
                break
            top = self.baseline(box.y0, formula.baseline_px, wander=False) - formula.baseline_px
            end = self.put(formula, x, top) if top + formula.height < box.y1 else None
            if end is None:
                break
            y = max(y, end)
            x += formula.width + hand.letter_px * float(rng.uniform(1.8, 6))
        return y

    def label(self, text: str, x: float, baseline: float) -> float:
        """A question's number or letter; returns its right end."""
        scrap = self.hand.text(self.rng, self.stock, text)
        style = replace(self.hand.style, slope=0.0)
        return place_line(self.rng, self.sheet, [scrap or text], style, x, baseline, role=LineRole.LABEL)

    def _word(self, x: float, baseline: float) -> float:
        """A word before a formula, as in "Answer: x = 5"; returns where the formula begins."""
        word = self.prose.words(self.rng, 1)[0].strip(",.?;:") + ":"
        return self.label(word, x, baseline) + self.hand.letter_px * float(self.rng.uniform(0.6, 1.5))

    def strike(self, alpha: Pixels, place: Box) -> float | None:
        """A line that was crossed out: no formula any more."""
        left, top = round(place.x0), round(place.y0)
        if not self.sheet.is_free(place.padded(3)):
            return None
        struck = stroke_out(self.rng, alpha, self.hand.pen.width_px)
        self.sheet.ink(struck, left, top, colour=self.hand.style.colour)
        return place.y1 + 1

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

    def _between(self, x: float, beside: Box) -> float:
        """What may stand between two columns: an arrow, a line, a brace; returns where the second column begins."""
        draw, size, pen = self.rng.random(), self.hand.letter_px, self.hand.pen.width_px
        if draw < 0.3:
            mask = arrow(self.rng, round(size * float(self.rng.uniform(1.2, 3))), round(size), pen)
            top = round(self.baseline(beside.y0, size) - 0.8 * size)
        elif draw < 0.5 and beside.height > 2 * size:
            make: Callable[..., Pixels] = brace if self.rng.random() < 0.6 else divider
            mask = make(self.rng, round(0.8 * size), round(beside.height), pen)
            top = round(beside.y0)
        else:
            return x
        if not self.sheet.is_free(Box(x, top, x + mask.shape[1], top + mask.shape[0]).padded(2)):
            return x
        self.sheet.ink(mask, round(x), top, colour=self.hand.style.colour)
        return x + float(mask.shape[1]) + 0.6 * size

    def drawing(self, box: Box, y: float) -> float:
        """A sketch under the working, its sides named; returns where it ends."""
        rng = self.rng
        width, height = (round(v * self.hand.pitch_px) for v in rng.uniform(3, 7, 2))
        place = Box(box.x0, y + 6, box.x0 + width, y + 6 + height)
        if place.y1 > box.y1 or not self.sheet.is_free(place):
            return y
        mask = sketch(rng, width, height)
        for _ in range(int(rng.integers(0, 4))):
            name = self.hand.text(rng, self.stock, str(rng.choice(list("abcxhr3456789ABC"))))
            if name is not None and name.height < height / 2 and name.width < width / 2:
                at_x, at_y = int(rng.integers(width - name.width)), int(rng.integers(height - name.height))
                part = mask[at_y : at_y + name.height, at_x : at_x + name.width]
                np.maximum(part, name.alpha, out=part)
        self.sheet.drawing(mask, round(place.x0), round(place.y0), colour=self.hand.style.colour)
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

    def _right(self, box: Box) -> float:
        """Most working keeps to the left half of its page."""
        return box.x0 + box.width * float(self.rng.choice([0.55, 0.8, 1.0]))

    def _reach(self, box: Box) -> float:
        """Right end of what already stands beside `box.y0` and below."""
        return max(
            [t.x1 for t in self.sheet.taken if t.y1 > box.y0 and t.x0 < box.x1 and t.x1 > box.x0], default=box.x0
        )

    def baseline(self, y: float, above: float, *, wander: bool = True) -> float:
        """The next baseline for ink that reaches `above` pixels up and must stay under `y`."""
        hand, pitch = self.hand, self.hand.pitch_px
        if not hand.ruled:
            return y + above + (pitch * float(self.rng.uniform(0.0, hand.tight)) if wander else 0.0)
        first = self.sheet.first_line_px
        # Strokes may cross the line above a little, and crowded writing leaves its line rather than skip one.
        slack = 0.1 if hand.tight > CROWDED else 0.4
        line = math.ceil((y + above - slack * pitch - first) / pitch)
        raised = pitch * float(self.rng.uniform(0.0, 0.14)) if wander else 0.05 * pitch
        return max(first + line * pitch - raised, y + above)
