"""What pages are made of: typeset formulas, inks, written symbols, fonts, text. Loaded once per process."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt

from scanpage.errors import InputError, UsageError
from scanpage.latex import Refusal, normalise, to_latex
from synth.config import GenerateSettings
from synth.corpus import LayoutCorpus, build_layouts, load_layouts, save_layouts
from synth.flow import Formula
from synth.handwrite import SymbolBank
from synth.ink import Ink, read_inks, symbol_size
from synth.layout import Layout
from synth.lone_letters import lone_letter
from synth.paint import paint_print
from synth.prose import find_fonts, matplotlib_fonts, read_text
from synth.sheet import Source
from synth.typecase import TypeCase

# As many formulas of the built-in grammar are set before pages are made; pages draw from them with replacement.
GRAMMAR_FORMULAS = 3000
# matplotlib takes TeX's time a hundredfold, so it sets only so many, drawn at random.
MATHTEXT_FORMULAS = 300
SYMBOLS = (
    *"abcdefghkmnpqrstuvwxyzABCDEFGHKLMNPQRSTUVXYZ",
    r"\alpha",
    r"\beta",
    r"\theta",
    r"\lambda",
    r"\pi",
    r"\varphi",
)
# How often a formula of the wanted size is looked for before a page goes on without it.
TRIES = 24
# Lower ones (a lone dash, dots) are no formulas to anyone who sees them in prose.
LOWEST_EM = 0.3


# Letters without ascender: about two thirds as high as digits, by which the size of writing is told.
LOW_LETTERS = frozenset("aceimnorsuvwxz")
LOW_SHARE = 0.68

# One of these in its label, or a single letter for all of it, and an ink is no prose.
MATHEMATICS = re.compile(r"[\\^_={}+<>]|^\s*\S\s*$")


@dataclass(frozen=True, slots=True)
class Written:
    """A handwritten formula and its measures in the ink's own units: a digit's height, the whole width and height."""

    ink: Ink
    letter: float
    width: float
    height: float

    @staticmethod
    def measured(ink: Ink) -> Written:
        width, height = np.ptp(np.concatenate(ink.strokes), axis=0).tolist()
        letters = [
            float(np.ptp(np.concatenate([ink.strokes[i] for i in strokes])[:, 1]))
            / (LOW_SHARE if label in LOW_LETTERS else 1.0)
            for label, strokes in ink.symbols
            if strokes and len(label) == 1 and label.isalnum() and label.isascii()
        ]
        return Written(ink, max(float(np.median(letters)) if letters else symbol_size(ink.strokes), 1.0), width, height)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A corpus in order of length, so that formulas of any length are at hand however rare they are.

    Attributes:
        order: indices into the corpus by number of glyphs; `glyphs` those numbers.
    """

    corpus: LayoutCorpus
    order: npt.NDArray[np.intp]
    glyphs: npt.NDArray[np.int32]

    @staticmethod
    def of(corpus: LayoutCorpus) -> Shelf:
        order = np.argsort(corpus.glyph_counts, kind="stable")
        return Shelf(corpus, order, corpus.glyph_counts[order])

    def draw(self, rng: np.random.Generator, least: int, most: int) -> Layout | None:
        """A random formula of `least` to `most` glyphs; None if there is none."""
        low, high = np.searchsorted(self.glyphs, [least, most + 1])
        return self.corpus[int(self.order[rng.integers(low, high)])] if low < high else None


@dataclass(frozen=True)
class Stock:
    """The material of all pages of a run.

    Attributes:
        layouts: corpora of typeset formulas, each drawn from equally often.
        inks: handwritten formulas.
        lines: handwritten lines of prose.
        hand_fonts: fonts for handwritten prose; empty if none were given.
    """

    layouts: tuple[LayoutCorpus, ...]
    inks: tuple[Written, ...]
    lines: tuple[Ink, ...]
    hand_fonts: tuple[str, ...]
    printed_fonts: tuple[str, ...]
    text: tuple[str, ...]

    @cached_property
    def bank(self) -> SymbolBank | None:
        """Written symbols to paint layouts with, if there are inks."""
        return SymbolBank.from_inks([written.ink for written in self.inks]) if self.inks else None

    @cached_property
    def case(self) -> TypeCase:
        """Glyphs to set what pages invent."""
        return TypeCase.of(self.layouts)

    @cached_property
    def _shelves(self) -> tuple[Shelf, ...]:
        return tuple(Shelf.of(corpus) for corpus in self.layouts)

    def prepare(self) -> None:
        """Make now what is otherwise made by the first page that wants it, so that processes forked later share it."""
        if self.bank is not None:
            _ = self.bank.writers, self.bank.fluent
        _ = self.case, self._shelves

    def layout(
        self, rng: np.random.Generator, *, width_em: float, height_em: float, glyphs: tuple[int, int] = (1, 400)
    ) -> Layout | None:
        """A random formula no larger than this, with a number of glyphs in `glyphs`; None if none turned up."""
        for _ in range(TRIES):
            shelf = self._shelves[int(rng.integers(len(self._shelves)))]
            # What has more glyphs than this is never so narrow; not to draw it is far cheaper than to look at it.
            layout = shelf.draw(rng, glyphs[0], int(min(glyphs[1], 4 * width_em + 4)))
            if layout is not None:
                box = layout.box
                if box.width <= width_em and LOWEST_EM <= box.height <= height_em:
                    return layout
        return None

    def symbol(self, rng: np.random.Generator) -> Layout | None:
        """A lone letter, as often as formulas begin with it; None if none turned up."""
        for _ in range(TRIES):
            corpus = self.layouts[int(rng.integers(len(self.layouts)))]
            letter = lone_letter(corpus[int(rng.integers(len(corpus)))])
            if letter is not None:
                return letter
        return None

    def printed(
        self,
        rng: np.random.Generator,
        em_px: float,
        *,
        width_px: float,
        height_px: float,
        glyphs: tuple[int, int] = (1, 400),
        weight: float = 0.0,
    ) -> Formula | None:
        """A random formula in print, no larger than this."""
        layout = self.layout(rng, width_em=width_px / em_px - 0.2, height_em=height_px / em_px - 0.2, glyphs=glyphs)
        return None if layout is None else in_print(layout, rng, em_px, weight=weight)


def in_print(layout: Layout, rng: np.random.Generator, em_px: float, *, weight: float = 0.0) -> Formula:
    """A layout in print, at a random fraction of a pixel."""
    painted = paint_print(layout, em_px, weight=weight, shift=(float(rng.random()), float(rng.random())))
    return Formula(painted.alpha, painted.baseline_px, layout.latex, Source.TYPESET)


def load_stock(settings: GenerateSettings, layouts: Sequence[Path]) -> Stock:
    """Read all material.

    Args:
        layouts: files of typeset formulas, those of `prepare_layouts` included.

    Raises:
        InputError: a file cannot be read or holds nothing usable.
    """
    corpora = tuple(load_layouts(path) for path in layouts)
    for path, corpus in zip(layouts, corpora, strict=True):
        if len(corpus) == 0:
            raise InputError(f"{path} holds no formulas; give a file with some")
    formulas: list[Ink] = []
    lines: list[Ink] = []
    for path in settings.inks:
        for ink in read_inks(path):
            if is_formula(ink):
                formulas.append(replace(ink, label=_canonical(ink.label)))
            elif is_line(ink):
                lines.append(ink)
    if settings.inks and not formulas and not lines:
        raise InputError("the inks given with --inks are neither formulas cut into symbols nor lines of prose")
    return Stock(
        layouts=corpora,
        inks=tuple(Written.measured(ink) for ink in formulas),
        lines=tuple(lines),
        hand_fonts=find_fonts(settings.handwriting_fonts) if settings.handwriting_fonts else (),
        printed_fonts=find_fonts(settings.printed_fonts) if settings.printed_fonts else matplotlib_fonts(),
        text=read_text(settings.text) if settings.text else (),
    )


def _canonical(label: str) -> str:
    """The label in canonical tokens; as it is where the label language does not know it."""
    tokens = _tokens(label)
    return " ".join(tokens) if tokens else label


def is_formula(ink: Ink) -> bool:
    """Whether an ink is a formula: segmented, and not into words.

    Segments of formulas are labelled with single characters or LaTeX commands.
    """
    return bool(ink.symbols) and all(len(label) == 1 or label.startswith("\\") for label, _ in ink.symbols)


def is_line(ink: Ink) -> bool:
    """Whether words stand on one line: all of them together are hardly higher than one.

    An ink that is not segmented is a line unless its label is LaTeX: formulas of MathWriting come so.
    """
    boxes = [np.concatenate([ink.strokes[i] for i in strokes])[:, 1] for _, strokes in ink.symbols if strokes]
    if not boxes:
        return not MATHEMATICS.search(ink.label)
    tall = float(np.median([np.ptp(ys) for ys in boxes]))
    return float(np.ptp(np.concatenate(boxes))) < 2.6 * tall


def prepare_layouts(settings: GenerateSettings, typeset: Path) -> list[Path]:
    """Files of layouts for the workers to load: those given, and the file `typeset`, made here from formulas.

    Formulas come from `settings.formulas`; where neither they nor layouts are given, from the built-in grammar. They
    are typeset by TeX where it is installed, else by matplotlib; where `typeset` is there already, it is taken as is.

    Raises:
        InputError: a file cannot be read.
        OutputError: `typeset` cannot be written.
        UsageError: none of the formulas given can be typeset.
    """
    if settings.layouts and not settings.formulas:
        return list(settings.layouts)
    if not typeset.exists():
        _typeset(_read_all(settings.formulas) if settings.formulas else _invent(settings.seed), typeset, settings.seed)
    return [*settings.layouts, typeset]


def _read_all(paths: Iterable[Path]) -> list[str]:
    from synth.formulas import read_formulas

    return [formula for path in paths for formula in read_formulas(path)]


def _invent(seed: int) -> list[str]:
    from synth.grammar import random_formula

    # The third number keeps this stream apart from those of the pages, which have two.
    rng = np.random.default_rng([seed, 0, 1])
    # Prose is full of lone symbols, which a grammar hardly ever gives.
    return [*SYMBOLS, *(f"{symbol}_{k}" for symbol in SYMBOLS for k in "12in")] + [
        random_formula(rng) for _ in range(GRAMMAR_FORMULAS)
    ]


def _tokens(formula: str) -> list[str]:
    """Canonical tokens of a formula; none if it has no canonical form."""
    try:
        return normalise(formula)
    except Refusal:
        return []


def _typeset(formulas: list[str], path: Path, seed: int) -> None:
    from synth.mathtext import typeset_mathtext
    from synth.typeset import available

    if available():
        count = build_layouts(formulas, path, seed=seed).layouts
    else:
        if len(formulas) > MATHTEXT_FORMULAS:
            chosen = np.random.default_rng([seed, 0, 2]).choice(len(formulas), MATHTEXT_FORMULAS, replace=False)
            formulas = [formulas[i] for i in sorted(chosen)]
        labels = [tokens for formula in formulas if (tokens := _tokens(formula))]
        results = zip(labels, typeset_mathtext([to_latex(tokens) for tokens in labels]), strict=True)
        layouts = [replace(r, latex=" ".join(tokens)) for tokens, r in results if isinstance(r, Layout)]
        count = len(layouts)
        save_layouts(path, layouts)
    if count == 0:
        path.unlink()
        raise UsageError("none of the formulas can be typeset; give LaTeX that stands between dollar signs, one a line")
