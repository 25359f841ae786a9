"""Layouts painted by hand: each glyph replaced by a symbol that someone wrote."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache

import numpy as np

from synth import radical
from synth.bank import Form, Sample, SymbolBank, writer_of
from synth.layout import Glyph, Layout, Shape
from synth.letterforms import blackboard, bold, form_of
from synth.marks import Mark, MarkKind, Style, marks_of, sign_name
from synth.paint import Painted
from synth.pen import Pen, Points, Writing, paint_writing
from synth.skeleton import skeleton
from synth.spacing import Array, Manner, Places

__all__ = ["Sample", "SymbolBank", "paint_by_hand", "writer_of"]

_FLAT, _THIN = 0.2, 0.25
"""A form with a smaller side ratio is a line: stretching it in its thin direction would only magnify tremor."""


class Fit(IntEnum):
    """How a form is brought into a box."""

    OWN = 0
    """It takes the height, and keeps most of its own proportions."""
    FILL = 1
    """It fills the box both ways; a mere line only lengthwise."""
    LONG = 2
    """It takes the length, and keeps its own proportions."""
    SPAN = 3
    """It goes from corner to corner, however straight it is."""


_FITS = {
    **dict.fromkeys(["(", ")", "[", "]", r"\{", r"\}", r"\int", r"\sum", r"\rightarrow"], Fit.FILL),
    **{"-": Fit.LONG, "=": Fit.LONG, "/": Fit.SPAN, "|": Fit.SPAN},
}
"""Signs whose proportions or length are the layout's, not the writer's."""

_FUNCTIONS = (r"\sin", r"\cos", r"\tan", r"\log", r"\lim")

_OTHER_WAY = 0.25
"""How often a hand writes a symbol in another way than it mostly does."""

_LINE = Form(np.stack([np.linspace(-0.5, 0.5, 9), np.zeros(9)], axis=1), (9,), 1.0, 0.0)
_UPRIGHT_LINE = Form(_LINE.points[:, ::-1].copy(), (9,), 0.0, 1.0)


@dataclass(frozen=True, slots=True)
class Choice:
    """How a hand writes a mark.

    Attributes:
        form: its strokes.
        fit: how they are brought into the mark's box.
        wide, tall: how much wider and taller than others this hand writes it.
    """

    form: Form
    fit: Fit
    wide: float = 1.0
    tall: float = 1.0


class Hand:
    """One writer: writes the same symbol in the same way, in one formula or in all of a page.

    Args:
        bank: where the symbols come from.
        rng: decides the writer and everything else, also later on.

    Attributes:
        manner: how the writer departs from print.
    """

    def __init__(self, bank: SymbolBank, rng: np.random.Generator) -> None:
        self.manner = Manner.drawn(rng)
        self._bank = bank
        self._rng = rng
        # What the writer never wrote is borrowed from the same few others.
        self._writers = [
            found[int(rng.integers(len(found)))] for found in (bank.writers, bank.fluent, bank.fluent) if found
        ]
        self._samples: dict[tuple[str, bool], Form | None] = {}
        self._chosen: dict[tuple[str, str, Style, bool], Choice] = {}

    def choose(self, mark: Mark) -> Choice:
        """How the hand writes a mark this time: in one of two ways at most."""
        if mark.glyph is None:
            return Choice(_LINE if mark.box.width >= mark.box.height else _UPRIGHT_LINE, Fit.LONG)
        other = self._rng.random() < _OTHER_WAY
        key = (mark.label, "" if mark.label else mark.glyph.font + mark.glyph.name, mark.style, other)
        if key not in self._chosen:
            wide, tall = (math.exp(v) for v in self._rng.normal(0.0, 0.1, 2).tolist())
            self._chosen[key] = Choice(*self._form(mark, mark.glyph, other), wide, tall)
        return self._chosen[key]

    def written(self, label: str, other: bool = False) -> Form | None:
        """A symbol as the hand writes it, or as it does now and then; None if the bank has none."""
        key = (label, other)
        if key not in self._samples:
            found = self._bank.by(label, *self._writers)
            self._samples[key] = found[int(self._rng.random() * len(found))].form if found else None
        return self._samples[key]

    def _form(self, mark: Mark, glyph: Glyph, other: bool) -> tuple[Form, Fit]:
        form = self.written(mark.label, other) if mark.label else None
        if mark.kind is MarkKind.RADICAL:
            return form or radical.PLAIN, Fit.FILL
        fit = Fit.FILL if form is None else _FITS.get(mark.label, Fit.OWN)
        if form is None and (mark.label or len(glyph.name) > 1):
            form = form_of(sign_name(glyph.name), self._rng.random(), self.written)
        if form is not None and mark.style is Style.BOLD:
            form = bold(form)
        elif form is not None and mark.style is Style.BLACKBOARD:
            form, fit = blackboard(form, glyph.name), Fit.FILL
        return (form, fit) if form is not None else (_traced(glyph.shape), Fit.FILL)


@lru_cache(maxsize=5_000)
def _traced(shape: Shape) -> Form:
    """A sign copied from print, line by line."""
    return Form.of(skeleton(shape))


def paint_by_hand(
    layout: Layout,
    bank: SymbolBank,
    em_px: float,
    rng: np.random.Generator,
    *,
    pen: Pen | None = None,
    hand: Hand | None = None,
) -> Painted:
    """Paints a layout in handwriting.

    Args:
        layout: the formula.
        bank: written symbols; what it lacks is put together from others, drawn plainly, or copied from print.
        em_px: pixels per em; an x is about 0.43 em high.
        rng: decides the writer, the pen and all variation.
        pen: what to write with; None draws one.
        hand: who writes, if several formulas are to be of one writer; None draws one.

    Returns:
        The picture; `glyphs` are the marks: labels for symbols, `\\sqrt` for radicals, `rule` for lines, and
        `font:name` for what the bank lacks.
    """
    hand = hand or Hand(bank, rng)
    manner = hand.manner
    pen = pen or Pen.drawn(rng, 0.65 * em_px)
    marks = marks_of(layout, words=[name for name in _FUNCTIONS if name in bank.samples])
    choices = [hand.choose(mark) for mark in marks]
    corners, scales, choices = _places(marks, choices, manner, rng)
    centres = (corners[:, :2] + corners[:, 2:]) / 2
    points = _bent(choices, centres, scales, manner, rng)
    points[:, 1] += manner.rise * points[:, 0] + manner.wander * np.sin(manner.waves * points[:, 0] + manner.phase)
    points *= [manner.stretch * em_px, em_px]
    writing = Writing(points, np.fromiter((n for choice in choices for n in choice.form.counts), np.intp))
    ends = np.cumsum([len(choice.form.counts) for choice in choices]).tolist()
    signs = [(_name(mark, bank), range(first, end)) for mark, first, end in zip(marks, [0, *ends], ends, strict=False)]
    return paint_writing(writing, signs, pen, rng, baseline=0.0)


def _places(
    marks: Sequence[Mark], choices: Sequence[Choice], manner: Manner, rng: np.random.Generator
) -> tuple[Array, Array, list[Choice]]:
    """Boxes of the marks [m, 4] and the scales of their forms [m, 2], and the forms, radical signs made to measure."""
    places = Places.of(marks)
    growth = places.growth(manner)
    tops, bottoms = places.rows(manner, growth, rng)
    sizes = np.stack([(places.corners[:, 2] - places.corners[:, 0]) * growth, bottoms - tops], axis=1)
    scales = _scales(choices, sizes)
    widths = scales[:, 0] * [choice.form.width for choice in choices]
    before, after = places.ruler(widths, manner, rng)
    left, right, hooks = (
        np.interp(x, before, after) for x in (places.corners[:, 0], places.corners[:, 2], places.hooks)
    )
    fitted = list(choices)
    for k, mark in enumerate(marks):
        if mark.kind is MarkKind.SYMBOL and not places.wide[k]:
            continue
        if mark.kind is MarkKind.RADICAL:
            width, hook = max(right[k] - left[k], 1e-3), hooks[k] - left[k]
            form = radical.fitted(choices[k].form, width, float(sizes[k, 1]), min(hook, 0.9 * width))
            fitted[k] = Choice(form, Fit.FILL)
            scales[k] = 1.0
        elif places.wide[k]:
            scales[k, 0] = max(right[k] - left[k], 1e-3) / max(choices[k].form.width, 1e-6)
    return np.stack([left, tops, right, bottoms], axis=1), scales, fitted


def _scales(choices: Sequence[Choice], sizes: Array) -> Array:
    """Factors [m, 2] that bring each form to a box of `sizes` [m, 2]. A line is scaled by its length alone."""
    table = np.array([(c.form.width, c.form.height, c.fit, c.wide, c.tall) for c in choices])
    own, fit, taste = table[:, :2], table[:, 2], table[:, 3:]
    fill = sizes / np.maximum(own, 1e-6) * np.where(fit[:, None] == Fit.FILL, 1.0, taste)
    across, down = fill.T
    long, thin = own[:, 1] < _FLAT * own[:, 0], own[:, 0] < _THIN * own[:, 1]
    long = (long | (fit == Fit.LONG) & ~thin) & (fit != Fit.SPAN)
    thin &= fit != Fit.SPAN
    between = np.minimum(across**0.15 * down**0.85, 1.35 * across)
    filling = (fit == Fit.FILL) | (fit == Fit.SPAN)
    x = np.where(long, across, np.where(thin, down, np.where(filling, across, between)))
    scales: Array = np.stack([x, np.where(long, across, down)], axis=1)
    scales[own.max(axis=1) <= 1e-6] = 0.0
    return scales


def _bent(choices: Sequence[Choice], centres: Array, scales: Array, manner: Manner, rng: np.random.Generator) -> Points:
    """Points of all forms, each sheared, turned, resized and moved a little about its centre, and bent smoothly."""
    forms = [choice.form for choice in choices]
    count, mess = len(forms), manner.untidiness
    sizes = np.maximum(np.array([(form.width, form.height) for form in forms]) * scales, 1e-6)
    longest = sizes.max(axis=1)
    # A lone small mark may stray by a share of the line, a wide one not by a share of its width.
    calm = np.minimum(1.0, 1.0 / longest)
    turn = rng.normal(0.0, 0.04 * mess, count) * calm
    stretch = np.exp(rng.normal(0.0, 0.05 * mess, (count, 2)) * calm[:, None]) * scales
    shear = turn + manner.slant * np.minimum(1.0, 1.2 / sizes[:, 1])
    shift = rng.normal(0.0, 0.03 * mess, (count, 2)) * np.minimum(1.0, 0.3 + longest)[:, None] + centres
    bend = rng.normal(0.0, 0.02 * mess, (count, 4)) * np.minimum(longest, 1.5)[:, None]
    phases = rng.uniform(0.0, 2 * math.pi, (count, 4))
    # One row a quantity, one column a point.
    table = np.column_stack([stretch, 3.0 / longest, shear, turn, shift, bend, phases])
    of = np.repeat(table, [len(form.points) for form in forms], axis=0).T
    x, y = np.concatenate([form.points for form in forms]).T * of[:2]
    waves = of[7:11] * np.sin(np.stack([x, x, y, y]) * of[2] + of[11:15])
    moved: Points = np.stack([x - of[3] * y + waves[0] + waves[2], y + of[4] * x + waves[1] + waves[3]], axis=1)
    moved += of[5:7].T
    return moved


def _name(mark: Mark, bank: SymbolBank) -> str:
    if mark.kind is MarkKind.RULE:
        return "rule"
    if mark.kind is MarkKind.RADICAL or mark.glyph is None:
        return mark.label
    if mark.style is Style.PLAIN and mark.label in bank.samples:
        return mark.label
    return f"{mark.glyph.font}:{mark.glyph.name}"
