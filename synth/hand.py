"""A hand: how one person writes on one page, and formulas, labels and words written so."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

import cv2
import numpy as np

from scanpage.geometry import Box
from synth.chain import cut_ink, cut_layout, join_inks, join_layouts, widened
from synth.flow import Formula, Scrap, Style, is_plain
from synth.handwrite import SymbolBank, paint_by_hand
from synth.ink import Pen, paint_ink
from synth.layout import Layout
from synth.paint import paint_print
from synth.prose import Face
from synth.school import derivation
from synth.sheet import INK_THRESHOLD, Colour, Pixels, Source
from synth.stock import TRIES, Stock, Written
from synth.typecase import RELATIONS

LABELS = ("{})", "{}.", "{}-", "{} -", "({})", "{}", "{}.)", "{}-)", "{}:", "Q{}", "Ex {}:", "{}a)", "No {}.")
# Letters of handwriting fonts are about two thirds of an em high.
EM_PER_LETTER = 1.45
# Pencils and dry pens leave grey lines, but never so faint that nobody could read them.
FAINTEST = 0.45


class Align(Enum):
    """What stands under each other in the lines of working."""

    LEFT = "left"
    RELATION = "relation"
    STAIRS = "stairs"


@dataclass(frozen=True, slots=True)
class Hand:
    """How one person writes on one page.

    Attributes:
        letter_px: height of a usual digit.
        bank: written symbols of this writer; None where there are no inks.
        slope: of the lines, in pixels down per pixel.
        real: share of formulas that are real inks rather than layouts painted with written symbols.
        invented: share of working that is invented derivations; of the rest, `chained` is the share whose lines
            resemble each other.
        prose: chance that a question is put in words; `real_prose` the chance that the words are a real ink.
        pitch_px: distance of lines; `ruled` whether they keep to the paper's.
        sway: standard deviation of what each line adds to the slope.
        tight: how much room is left between lines that keep to no ruling, in pitches at most.
        loose: room around relation signs beyond print's, in em at most.
        label: how questions are numbered; `written` whether in the writer's own symbols rather than a font's.
    """

    style: Style
    pen: Pen
    letter_px: float
    bank: SymbolBank | None
    slope: float
    real: float
    invented: float
    chained: float
    prose: float
    real_prose: float
    pitch_px: float
    ruled: bool
    sway: float
    tight: float
    align: Align
    loose: float
    label: str
    written: bool
    circled: bool

    @property
    def em_px(self) -> float:
        return self.letter_px * EM_PER_LETTER

    def formula(
        self, rng: np.random.Generator, stock: Stock, width: float, height: float, *, simple: bool = False
    ) -> Formula | None:
        """A formula in this hand, no larger than `width` x `height` pixels; None if none turned up."""
        least = int(rng.choice([1, 4, 5, 6, 8]))
        most = 9 if simple else int(rng.choice([10, 14, 20, 32]))
        if stock.inks and rng.random() < self.real:
            written = self._draw_ink(rng, stock, width, height, (least, most))
            return None if written is None else self._paint_ink(rng, written, width, height)
        layout = self._draw_layout(rng, stock, width, height, (least, most))
        return None if layout is None else self.paint(rng, layout, width, height)

    def symbol(self, rng: np.random.Generator, stock: Stock) -> Formula | None:
        """A lone letter in this hand; None if none turned up."""
        layout = stock.symbol(rng)
        return None if layout is None else self.paint(rng, layout, math.inf, math.inf)

    def rows(self, rng: np.random.Generator, stock: Stock, width: float, height: float, count: int) -> list[Formula]:
        """Up to `count` lines of one derivation, each no larger than `width` x `height` pixels."""
        if rng.random() < self.invented:
            layouts = [stock.case.formula(line) for line in derivation(rng)]
            rows = [self.paint(rng, layout, width, height) for layout in layouts if layout is not None]
            # A derivation does not begin in its middle.
            rows = rows if rows and rows[0] is not None else [self.formula(rng, stock, width, height)]
        elif rng.random() < self.chained:
            rows = self._chain(rng, stock, width, height, count)
        else:
            rows = [self.formula(rng, stock, width, height) for _ in range(count)]
        return [row for row in rows if row is not None]

    def text(self, rng: np.random.Generator, stock: Stock, text: str) -> Scrap | None:
        """A label in the writer's own symbols; None if this hand labels in a font's, or lacks a symbol."""
        layout = stock.case.text(text) if self.written else None
        if layout is None:
            return None
        formula = self.paint(rng, layout, math.inf, math.inf)
        return formula and Scrap(formula.alpha, formula.baseline_px, text=text)

    def paint(self, rng: np.random.Generator, layout: Layout, width: float, height: float) -> Formula | None:
        """A layout in this hand; None if it is larger than `width` x `height` pixels, or hardly visible."""
        if self.loose:
            before, after = rng.uniform(0.0, self.loose, 2).tolist()
            layout = widened(layout, before, after)
        box = layout.box.scaled(self.em_px)
        if box.width > width or box.height > height:
            return None
        if self.bank is None:
            painted = paint_print(layout, self.em_px, weight=float(rng.uniform(-0.01, 0.02)))
            alpha, baseline = shaky(rng, painted.alpha, self.letter_px), painted.baseline_px + ROOM_PX
        else:
            painted = paint_by_hand(layout, self.bank, self.em_px, rng, pen=self.pen)
            alpha, baseline = painted.alpha, painted.baseline_px
        if alpha.shape[1] > width or alpha.shape[0] > height or alpha.max() < INK_THRESHOLD:
            return None
        return Formula(alpha, baseline, layout.latex, Source.HAND, _relation(painted.glyphs))

    def _chain(
        self, rng: np.random.Generator, stock: Stock, width: float, height: float, count: int
    ) -> list[Formula | None]:
        """Formulas that share their left side, or of which all but the first begin with the relation."""
        repeated = bool(rng.random() < 0.6)
        most = int(rng.choice([10, 14, 20]))
        if stock.inks and rng.random() < self.real:
            inks = [self._draw_ink(rng, stock, width, height, (4, most)) for _ in range(2 * count)]
            return [self._paint_ink(rng, w, width, height) for w in _chained_inks(inks, repeated=repeated)[:count]]
        layouts = [self._draw_layout(rng, stock, width, height, (4, most)) for _ in range(2 * count)]
        return [self.paint(rng, one, width, height) for one in _chained_layouts(layouts, repeated=repeated)[:count]]

    def _draw_layout(
        self, rng: np.random.Generator, stock: Stock, width: float, height: float, glyphs: tuple[int, int]
    ) -> Layout | None:
        em = self.em_px
        layout = stock.layout(rng, width_em=width / em * 0.85, height_em=height / em * 0.85, glyphs=glyphs)
        return None if layout is None or is_plain(layout.latex) else layout

    def _draw_ink(
        self, rng: np.random.Generator, stock: Stock, width: float, height: float, symbols: tuple[int, int]
    ) -> Written | None:
        for _ in range(TRIES):
            written = stock.inks[int(rng.integers(len(stock.inks)))]
            scale = self.letter_px / written.letter
            tall = written.height * scale
            # Painting varies sizes and proportions by a tenth or so.
            fits = written.width * scale * 1.25 < width and tall * 1.2 < height and tall > 0.4 * self.letter_px
            fits = fits and not is_plain(written.ink.label)
            if fits and symbols[0] <= len(written.ink.symbols) <= symbols[1]:
                return written
        return None

    def _paint_ink(self, rng: np.random.Generator, written: Written, width: float, height: float) -> Formula | None:
        tall = written.height * self.letter_px / written.letter * float(np.exp(rng.normal(0, 0.06)))
        painted = paint_ink(written.ink, tall, rng, pen=self.pen)
        alpha = painted.alpha
        if alpha.shape[1] > width or alpha.shape[0] > height or alpha.max() < INK_THRESHOLD:
            return None
        return Formula(alpha, painted.baseline_px, written.ink.label, Source.INK, _relation(painted.glyphs))


# Room that `shaky` adds on each side.
ROOM_PX = 4


def _relation(glyphs: Sequence[tuple[str, Box]]) -> float | None:
    """Where the first relation sign among painted glyphs begins."""
    return min((box.x0 for name, box in glyphs if name in RELATIONS or name.endswith(":equal")), default=None)


def _chained_layouts(layouts: Sequence[Layout | None], *, repeated: bool) -> list[Layout]:
    halves = [cut for layout in layouts if layout is not None and (cut := cut_layout(layout)) is not None]
    if not halves:
        return []
    first, *others = halves
    return [join_layouts(first, first)] + [join_layouts(first, h) if repeated else h.right for h in others]


def _chained_inks(inks: Sequence[Written | None], *, repeated: bool) -> list[Written]:
    halves = [(ink, cut) for ink in inks if ink is not None and (cut := cut_ink(ink.ink)) is not None]
    if not halves:
        return []
    (first, start), *others = halves
    rows = [first.ink] + [
        join_inks(start, h, scale=first.letter / w.letter) if repeated else h.right for w, h in others
    ]
    return [Written.measured(ink) for ink in rows]


def draw_hand(rng: np.random.Generator, stock: Stock, pitch_px: float, *, ruled: bool) -> Hand:
    """A random hand for lines `pitch_px` apart."""
    letter = max(9.0, pitch_px * float(rng.uniform(0.55, 0.95)))
    fonts = stock.hand_fonts or stock.printed_fonts
    face = Face(
        fonts[int(rng.integers(len(fonts)))], max(10, round(letter * EM_PER_LETTER * float(rng.uniform(0.85, 1.1))))
    )
    slope = math.tan(math.radians(float(np.clip(rng.normal(0, 1.2), -4, 4)))) if rng.random() < 0.6 else 0.0
    pen = Pen.drawn(rng, letter)
    pen = replace(
        pen,
        width_px=float(np.clip(letter * math.exp(rng.normal(math.log(0.085), 0.25)), 1.1, 4.0)),
        darkness=max(pen.darkness, FAINTEST),
    )
    return Hand(
        style=Style(face, draw_ink_colour(rng), wander_px=letter * float(rng.uniform(0.0, 0.05)), slope=slope),
        pen=pen,
        letter_px=letter,
        bank=stock.bank and one_writer(stock.bank, rng),
        slope=slope,
        real=float(rng.choice([0.0, 0.0, 0.5, 1.0])),
        invented=float(rng.choice([0.0, 0.5, 0.9])),
        chained=float(rng.choice([0.0, 0.5, 0.8])),
        prose=float(rng.choice([0.0, 0.0, 0.4, 0.9])),
        real_prose=float(rng.choice([0.0, 0.3, 1.0])),
        pitch_px=pitch_px,
        ruled=ruled,
        tight=float(rng.choice([0.0, 0.03, 0.15, 0.5], p=(0.3, 0.25, 0.25, 0.2))),
        sway=float(rng.choice([0.004, 0.01, 0.025])),
        align=list(Align)[int(rng.integers(3))],
        loose=float(rng.choice([0.0, 0.0, 0.5, 1.4])),
        label=LABELS[int(rng.integers(len(LABELS)))],
        written=bool(rng.random() < 0.75),
        circled=bool(rng.random() < 0.15),
    )


def one_writer(bank: SymbolBank, rng: np.random.Generator) -> SymbolBank:
    """The symbols of one writer; those the writer never wrote as one or two others did."""
    writers = [found[int(rng.integers(len(found)))] for found in (bank.writers, bank.fluent, bank.fluent)]
    own = {}
    for label in sorted(bank.samples):
        samples = bank.by(label, *writers)
        if samples and samples[0].writer not in writers:
            samples = [samples[int(rng.integers(len(samples)))]]
        if samples:
            own[label] = tuple(samples)
    return SymbolBank(own)


def draw_ink_colour(rng: np.random.Generator) -> Colour:
    """Ballpoint blue, black, pencil (dark or faint), seldom red or green."""
    centres = ((30, 45, 140), (25, 25, 30), (70, 70, 75), (105, 105, 112), (45, 60, 110), (180, 40, 45), (30, 110, 60))
    centre = centres[int(rng.choice(len(centres), p=(0.32, 0.28, 0.15, 0.06, 0.13, 0.04, 0.02)))]
    r, g, b = (int(np.clip(v + rng.normal(0, 12), 0, 200)) for v in centre)
    return (r, g, b)


def shaky(rng: np.random.Generator, alpha: Pixels, letter_px: float) -> Pixels:
    """Print bent as if by hand: each neighbourhood is shifted its own way. `ROOM_PX` are added all around."""
    padded = cv2.copyMakeBorder(alpha, ROOM_PX, ROOM_PX, ROOM_PX, ROOM_PX, cv2.BORDER_CONSTANT)
    height, width = padded.shape
    cells = (max(2, round(width / letter_px) + 1), max(2, round(height / letter_px) + 1))
    bend = np.clip(rng.normal(0, 0.07 * letter_px, (cells[1], cells[0], 2)), -3, 3).astype(np.float32)
    shift = cv2.resize(bend, (width, height), interpolation=cv2.INTER_LINEAR)
    x = np.arange(width, dtype=np.float32)[None, :] + shift[..., 0]
    y = np.arange(height, dtype=np.float32)[:, None] + shift[..., 1]
    picture: Pixels = cv2.remap(padded, x, y, cv2.INTER_LINEAR)
    return picture
