"""Setting type: how a printed page is set, and its blocks: paragraphs, displays, headings, figures."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scanpage.region import RegionKind
from synth.figures import figure, table
from synth.flow import (
    Formula,
    Piece,
    Scrap,
    Style,
    break_lines,
    extent,
    is_plain,
    is_torn,
    line_width,
    place_line,
    reads_on,
)
from synth.han import HanFace
from synth.prose import Face, Prose
from synth.sheet import BLACK, Colour, LineRole, Sheet
from synth.stock import Stock, in_print

# Pages in writing without letters.
HAN_SHARE = 0.06
# Formulas within prose that are one letter.
LONE_SHARE = 0.27


@dataclass(frozen=True, slots=True)
class Print:
    """How a printed page is set.

    Attributes:
        math_em_px, weight: size and extra weight of its formulas.
        leading: distance of baselines, in sizes of the face.
        inline: chance of a formula after a word.
        display: chance that a block is a display formula.
        emphasis: share of words in italics or bold; `italic` and `bold` are the faces for them.
        han: signs that stand for words, on pages in such writing.
        flush_left: display formulas are indented rather than centred.
        numbered: chance that a display formula has a number; `number_left` where it stands.
    """

    style: Style
    math_em_px: float
    weight: float
    leading: float
    justify: bool
    inline: float
    display: float
    flush_left: bool
    numbered: float
    number_left: bool
    emphasis: float
    italic: Face
    bold: Face
    han: HanFace | None

    @property
    def face(self) -> Face:
        return self.style.face

    @property
    def pitch(self) -> float:
        return self.face.size * self.leading


def draw_print(rng: np.random.Generator, stock: Stock, prose: Prose, size_px: float, *, formulas: bool = True) -> Print:
    """A random way to set a page of `prose` in type of about `size_px`."""
    # Fonts without a language's accents would only drop them.
    fonts = [path for path in stock.printed_fonts if prose.prints_in(path)] or stock.printed_fonts
    face = Face(fonts[int(rng.integers(len(fonts)))], max(9, round(size_px)))
    han = HanFace.drawn(rng, face.size) if not prose.text and rng.random() < HAN_SHARE else None
    shade = int(rng.integers(0, 60))
    colour: Colour = (shade, shade, shade) if rng.random() < 0.9 else BLACK
    return Print(
        style=Style(face, colour, space_scale=0.25 if han else float(rng.uniform(0.9, 1.2))),
        math_em_px=face.size * float(rng.uniform(0.95, 1.12)),
        weight=float(np.clip(rng.normal(0.0, 0.008), -0.012, 0.02)),
        leading=float(rng.uniform(1.15, 1.6)),
        justify=bool(rng.random() < 0.7),
        inline=float(rng.choice([0.0, 0.006, 0.02, 0.05, 0.1, 0.16])) if formulas else 0.0,
        display=float(rng.uniform(0.15, 0.5)) if formulas else 0.0,
        flush_left=bool(rng.random() < 0.15),
        numbered=float(rng.choice([0.0, 0.4, 0.9])),
        number_left=bool(rng.random() < 0.12),
        emphasis=float(rng.choice([0.0, 0.01, 0.04])),
        italic=face.variant("italic"),
        bold=face.variant("bold"),
        han=han,
    )


def word_scrap(face: Face, word: str) -> Scrap:
    """A word in another face than its line's."""
    strip = face.paint([(0.0, word)])
    rows = np.flatnonzero(strip.alpha.any(axis=1))
    top, bottom = (int(rows[0]), int(rows[-1]) + 1) if rows.size else (strip.baseline - 1, strip.baseline)
    right = strip.origin_x + math.ceil(face.width(word)) + 1
    return Scrap(strip.alpha[top:bottom, strip.origin_x : right], strip.baseline - top, text=face.printable(word))


@dataclass(slots=True)
class Column:
    """A column being filled from the top; `y` is where the next block begins."""

    x0: float
    x1: float
    y: float
    bottom: float

    @property
    def width(self) -> float:
        return self.x1 - self.x0

    @property
    def left(self) -> float:
        return self.bottom - self.y


@dataclass(frozen=True, slots=True)
class Setter:
    """Sets blocks on one page; each method returns whether the block fitted into its column."""

    rng: np.random.Generator
    sheet: Sheet
    stock: Stock
    prose: Prose
    print: Print

    def pieces(self, count: int) -> list[Piece]:
        """About `count` words with inline formulas, each between words that nobody takes for parts of it."""
        pieces: list[Piece] = []
        after_formula = False
        while len(pieces) < count:
            for word in self.prose.words(self.rng, int(self.rng.integers(5, 18))):
                if after_formula and reads_on(word):
                    continue
                pieces.append(self._word(word))
                after_formula = False
                if self.print.inline and self.rng.random() < self.print.inline and not reads_on(word):
                    formula = self._inline()
                    pieces += formula
                    after_formula = bool(formula)
        return pieces

    def _word(self, word: str) -> Piece:
        """A word as the page shows it."""
        if self.print.han is not None and self.rng.random() < 0.9:
            return self.print.han.word(self.rng, int(self.rng.integers(1, 5)))
        if self.print.emphasis and self.rng.random() < self.print.emphasis:
            return word_scrap(self.print.italic if self.rng.random() < 0.7 else self.print.bold, word)
        return word

    def _inline(self) -> list[Piece]:
        em = self.print.math_em_px
        draw = self.rng.random()
        # A third are single symbols, as in papers, and most of these plain letters; most others are short relations.
        if draw < LONE_SHARE:
            layout = self.stock.symbol(self.rng)
            formula = None if layout is None else in_print(layout, self.rng, em, weight=self.print.weight)
        else:
            glyphs = 1 if draw < 0.33 else 2 + int(self.rng.exponential(5.0))
            tall = 1.35 if self.rng.random() < 0.85 else 2.2
            formula = self.formula(15 * em, tall * em, (glyphs, glyphs + glyphs // 4))
        if formula is None or is_torn(formula.latex):
            return []
        mark = "" if self.rng.random() < 0.7 else ",.;:)"[int(self.rng.integers(5))]
        return [formula, mark] if mark else [formula]

    def formula(self, width: float, height: float, glyphs: tuple[int, int]) -> Formula | None:
        """A random formula no larger than `width` x `height` pixels, with a number of glyphs in `glyphs`."""
        em, weight = self.print.math_em_px, self.print.weight
        formula = self.stock.printed(self.rng, em, width_px=width, height_px=height, glyphs=glyphs, weight=weight)
        return None if formula is None or is_plain(formula.latex) else formula

    def lines(
        self,
        column: Column,
        pieces: list[Piece],
        *,
        indent: float = 0.0,
        hang: float = 0.0,
        role: LineRole = LineRole.TEXT,
    ) -> bool:
        """Lines of prose, the first one indented by `indent`, all by `hang`."""
        pitch, face = self.print.pitch, self.print.face
        broken = break_lines(pieces, self.print.style, column.width - hang, indent=indent)
        for k, line in enumerate(broken):
            above, below = extent(line, face)
            # Lines keep their distance unless a tall formula pushes them apart.
            height = max(pitch, above + below + 2)
            if column.left < height:
                return False
            baseline = column.y + max(above + 1, pitch * 0.72)
            first = indent if k == 0 else 0.0
            full = column.width - hang - first if self.print.justify and k < len(broken) - 1 else 0.0
            place_line(
                self.rng,
                self.sheet,
                line,
                self.print.style,
                column.x0 + hang + first,
                baseline,
                justify_to=full,
                role=role,
            )
            column.y = max(column.y + height, baseline + below + 1)
        return True

    def paragraph(self, column: Column) -> bool:
        indent = self.print.face.size * float(self.rng.choice([0.0, 1.5]))
        pieces = self.pieces(int(self.rng.integers(12, 80)))
        if self.rng.random() < 0.12:
            pieces.insert(0, word_scrap(self.print.bold, self.prose.words(self.rng, 1)[0]))
        return self.lines(column, pieces, indent=indent)

    def display(self, column: Column, *, hang: float = 0.0) -> bool:
        """A display formula with or without a number."""
        number = self._number() if self.rng.random() < self.print.numbered else ""
        room = self.print.face.width(number) + self.print.face.size if number else 0.0
        width = column.width - hang - 2 * room
        height = min(column.left - 2 * self.print.pitch, self.sheet.height * 0.3)
        # What is displayed is mostly longer than what stands in a line.
        formula = self.formula(width, height, (int(self.rng.choice([3, 6, 12, 18])), 400))
        if formula is None:
            return False
        column.y += self.print.pitch * float(self.rng.uniform(0.2, 0.8))
        middle = column.x0 + hang + (column.width - hang - formula.width) / 2
        x = column.x0 + hang + room if self.print.flush_left else middle
        self.isolated(formula, x, column.y)
        if number:
            baseline = column.y + np.clip(formula.baseline_px, self.print.face.size * 0.8, formula.height)
            at = column.x0 if self.print.number_left else column.x1 - self.print.face.width(number)
            place_line(self.rng, self.sheet, [number], self.print.style, at, float(baseline), role=LineRole.TAG)
        column.y += max(formula.height, self.print.face.size) + self.print.pitch * float(self.rng.uniform(0.3, 0.9))
        return True

    def isolated(self, formula: Formula, x: float, y: float) -> None:
        self.sheet.formula(
            formula.alpha,
            round(x),
            round(y),
            kind=RegionKind.ISOLATED,
            latex=formula.latex,
            source=formula.source,
            colour=self.print.style.colour,
        )

    def _number(self) -> str:
        a, b = (int(v) for v in self.rng.integers(1, 40, 2))
        return str(self.rng.choice([f"({a})", f"({a % 9 + 1}.{b})", f"({a}a)", f"[{a}]"]))

    def heading(self, column: Column) -> bool:
        face = Face(self.print.face.path, round(self.print.face.size * float(self.rng.uniform(1.1, 1.6))))
        style = Style(face, self.print.style.colour)
        number = f"{self.rng.integers(1, 9)}.{self.rng.integers(1, 9)}" if self.rng.random() < 0.6 else ""
        words = [w.strip(".,:?;") for w in self.prose.words(self.rng, int(self.rng.integers(1, 6)))]
        line: list[Piece] = [w for w in [number, *words] if w]
        if column.left < 2.5 * face.size or line_width(line, style) > column.width:
            return False
        centred = (column.width - line_width(line, style)) / 2 if self.rng.random() < 0.2 else 0.0
        place_line(
            self.rng, self.sheet, line, style, column.x0 + centred, column.y + 1.3 * face.size, role=LineRole.HEADING
        )
        column.y += 2.0 * face.size
        return True

    def picture(self, column: Column) -> bool:
        """A figure or a table with a caption."""
        pitch = self.print.pitch
        width = round(column.width * float(self.rng.uniform(0.5, 1.0)))
        if self.rng.random() < 0.4:
            alpha = table(self.rng, width, self.print.face)
        else:
            alpha = figure(self.rng, width, round(width * float(self.rng.uniform(0.4, 0.8))), self.print.face)
        if column.left < alpha.shape[0] + 3 * pitch:
            return False
        r, g, b = (int(v) for v in self.rng.integers(0, 180, 3))
        colour: Colour = BLACK if self.rng.random() < 0.6 else (r, g, b)
        column.y += pitch * 0.5
        self.sheet.drawing(alpha, round(column.x0 + (column.width - width) / 2), round(column.y), colour=colour)
        column.y += alpha.shape[0] + pitch * 0.6
        label = str(self.rng.choice(["Figure", "Fig.", "Table"])) + f" {self.rng.integers(1, 20)}:"
        return self.lines(column, [label, *self.pieces(6)], role=LineRole.CAPTION)
