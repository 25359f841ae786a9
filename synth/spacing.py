"""Where a hand puts what print puts elsewhere: uneven gaps, other sizes, looser scripts, lines further apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from synth.marks import Mark, MarkKind

Array = npt.NDArray[np.float64]

_WIDE, _TALL = 1.4, 1.1
"""Longer signs (in em) span others: they follow what they span, rather than keep their own size."""

_HOOK = 0.65
"""Width of a radical's hook against print's."""

_DIGIT = 0.68
"""Height of a digit, in em."""

_SUBSCRIPT = 0.88
"""Size of subscripts against superscripts, as CROHME's hands have it."""

_RAISED, _LOWERED = 0.05, 0.05
"""How much higher than print hands write superscripts, and how much lower subscripts, in em."""

_FRACTION_REACH = 1.0
"""How far from its bar the parts of a small fraction are, at most."""

_LEAST_GAP = 0.12
"""Gaps in print that are wider than this (in em) stay so."""

_SCRIPT = 0.95
"""Type below this size is a script."""


class Class(IntEnum):
    """Signs that a hand makes larger or smaller than print does, together."""

    OTHER = 0
    LOW = 1
    DESCENDING = 2
    OPERATOR = 3
    RELATION = 4
    INTEGRAL = 5
    COMMA = 6
    DOT = 7
    ACCENT = 8


_CLASSES = {
    **dict.fromkeys([*"acemnorsuvwxz", r"\alpha", r"\sigma", r"\pi"], Class.LOW),
    **dict.fromkeys([*"gpqyj", r"\mu", r"\gamma"], Class.DESCENDING),
    **dict.fromkeys(["+", "=", r"\lt", r"\gt"], Class.OPERATOR),
    **dict.fromkeys([r"\leq", r"\geq", r"\neq", r"\pm", r"\in"], Class.RELATION),
    **{r"\int": Class.INTEGRAL, ",": Class.COMMA, r"\prime": Class.COMMA, ".": Class.DOT},
    **dict.fromkeys(["circumflex", "hatwide", "tilde", "tildewide", "macron", "caron", "breve"], Class.ACCENT),
    **dict.fromkeys(["dotaccent", "dieresis", "vector", "acute", "grave", "ring"], Class.ACCENT),
}

# Size against print's, and the spread of its logarithm from hand to hand, as CROHME's hands have it.
_CLASS_SIZES = np.array(
    [(1.0, 0.08), (1.05, 0.2), (1.1, 0.15), (0.7, 0.2), (0.85, 0.2), (0.85, 0.15), (1.1, 0.15), (0.5, 0.3), (1.0, 0.0)]
)
_DESCENT = (1.6, 0.3)
"""The same of what hangs below the line."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How one writer departs from print.

    Attributes:
        untidiness: how much everything strays, about 1.
        slant: shear to the right, per unit of height.
        scripts: size of scripts, `fractions` of fractions that print sets in script size, both against print's.
        line_spread: factor between lines, scripts and what they belong to.
        gap: factor of the gaps that print has, `extra_gap` what is added to each, in em.
        overhang: how much longer than in print the bars of fractions and radicals are at their ends, in em.
        stretch: proportions of the whole, width to height.
        rise: slope of the line.
        classes: size of the signs of each `Class`, against print's.
        descent: length of what hangs below the line, against print's.
        wander: how far the baseline swings, in em, with `waves` radians per em from `phase` on.
    """

    untidiness: float
    slant: float
    scripts: float
    fractions: float
    line_spread: float
    gap: float
    extra_gap: float
    overhang: float
    stretch: float
    classes: Array
    descent: float
    rise: float
    wander: float
    waves: float
    phase: float

    @staticmethod
    def drawn(rng: np.random.Generator) -> Manner:
        """A random writer."""
        untidiness = float(rng.uniform(0.4, 1.4))
        classes = _CLASS_SIZES[:, 0] * np.exp(_CLASS_SIZES[:, 1] * _bounded(rng, len(_CLASS_SIZES)))
        classes[Class.ACCENT] = max(1.0, classes[Class.LOW])  # or a letter would grow into what stands above it
        return Manner(
            untidiness=untidiness,
            slant=float(rng.normal(0.02, 0.12)),
            scripts=float(rng.uniform(0.66, 1.0)),
            fractions=float(rng.uniform(0.95, 1.25)),
            line_spread=float(rng.uniform(1.0, 1.27)),
            gap=math.exp(rng.normal(-0.3, 0.35)),
            extra_gap=float(max(0.0, rng.normal(0.1, 0.08))),
            overhang=float(max(0.04, rng.normal(0.07, 0.07))),
            stretch=math.exp(rng.normal(0.0, 0.1)),
            classes=classes,
            descent=_DESCENT[0] * math.exp(_DESCENT[1] * float(_bounded(rng, 1)[0])),
            rise=float(rng.normal(0.0, 0.018)),
            wander=abs(rng.normal(0.0, 0.05)) * untidiness,
            waves=float(rng.uniform(0.2, 0.8)),
            phase=float(rng.uniform(0.0, 2 * math.pi)),
        )


def _runs(sizes: Sequence[float], lines: Sequence[float]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_]]:
    """`Places.runs` and `Places.below`, from the sizes of marks and the lines that they stand on."""
    runs, below = np.zeros(len(sizes), dtype=np.intp), np.zeros(len(sizes), dtype=bool)
    first, parent = 0, lines[0]
    for k in range(1, len(sizes)):
        if sizes[k] != sizes[k - 1] or lines[k] != lines[k - 1]:
            first = k
            if sizes[k] > sizes[k - 1]:
                parent = lines[k]
            elif sizes[k] < sizes[k - 1]:
                parent = lines[k - 1]
        runs[k], below[k] = first, lines[k] > parent
    return runs, below


def _bounded(rng: np.random.Generator, count: int) -> Array:
    """Normal, but never so far off that a hand's `x` could be taken for its `X` or for a dot."""
    drawn: Array = np.clip(rng.normal(0.0, 1.0, count), -1.4, 1.4)
    return drawn


@dataclass(frozen=True, slots=True)
class Places:
    """Where marks go, in em, before any hand; `m` marks.

    Attributes:
        corners: [m, 4] boxes in print (x0 y0 x1 y1).
        hooks: [m], where a radical's sign ends and its bar begins; x1 of other marks.
        baselines: [m], y of the line that a mark stands on.
        sizes: [m], size of the type.
        classes: [m], the `Class` of each.
        wide, tall: [m], whether a mark spans others across or down.
        bars: [m], whether a mark is a rule.
        runs: [m], the first of the marks of the same size and line that a mark follows.
        below: [m], whether a mark is smaller than what it follows, and below its line.
    """

    corners: Array
    hooks: Array
    baselines: Array
    sizes: Array
    classes: npt.NDArray[np.intp]
    wide: npt.NDArray[np.bool_]
    tall: npt.NDArray[np.bool_]
    bars: npt.NDArray[np.bool_]
    runs: npt.NDArray[np.intp]
    below: npt.NDArray[np.bool_]

    @staticmethod
    def of(marks: Sequence[Mark]) -> Places:
        rows = []
        for mark in marks:
            box, glyph = mark.box, mark.glyph
            whole = glyph is not None and mark.kind is MarkKind.SYMBOL and box.y0 - 1.0 < glyph.y < box.y1 + 0.6
            baseline = glyph.y if whole and glyph is not None else (box.y0 + box.y1) / 2
            hook = box.x0 + mark.hook if mark.hook else box.x1
            size = glyph.size if glyph is not None else 1.0
            sign = mark.label or (glyph.name if glyph is not None else "")
            drawn = (mark.kind is not MarkKind.SYMBOL) + (mark.kind is MarkKind.RULE)
            rows.append((*box.xyxy, hook, baseline, size, drawn, _CLASSES.get(sign, Class.OTHER)))
        table = np.array(rows)
        spans = table[:, 7] > 0
        runs, below = _runs(table[:, 6].tolist(), table[:, 5].tolist())
        return Places(
            corners=table[:, :4],
            hooks=table[:, 4],
            baselines=table[:, 5],
            sizes=table[:, 6],
            classes=table[:, 8].astype(np.intp),
            wide=spans | (table[:, 2] - table[:, 0] > _WIDE),
            tall=spans | (table[:, 3] - table[:, 1] > _TALL),
            bars=(table[:, 7] > 1) & (table[:, 2] - table[:, 0] > table[:, 3] - table[:, 1]),
            runs=runs,
            below=below,
        )

    def growth(self, manner: Manner) -> Array:
        """[m], how many times larger than in print each mark is written."""
        return np.where(self.tall | self.wide, 1.0, self._script_scale(manner)) * manner.classes[self.classes]

    def _script_scale(self, manner: Manner) -> Array:
        """[m], size of scripts against print's; 1 for what is none."""
        scripts = np.where(self.below, _SUBSCRIPT, 1.0) * manner.scripts
        return np.where(self.sizes < _SCRIPT, np.where(self._in_small_fractions(), manner.fractions, scripts), 1.0)

    def _in_small_fractions(self) -> npt.NDArray[np.bool_]:
        """[m], what stands above or below a bar all of whose neighbours are of script size."""
        x, y = (self.corners[:, 0] + self.corners[:, 2]) / 2, (self.corners[:, 1] + self.corners[:, 3]) / 2
        found = np.zeros(len(x), dtype=bool)
        for x0, y0, x1, _ in self.corners[self.bars].tolist():
            near = (x0 < x) & (x < x1) & (np.abs(y - y0) < _FRACTION_REACH) & ~self.bars
            if near.any() and self.sizes[near].max() < _SCRIPT:
                found |= near
        return found

    def rows(self, manner: Manner, growth: Array, rng: np.random.Generator) -> tuple[Array, Array]:
        """Upper and lower edges, [m] each, with lines spread; letters grow from their baselines, signs both ways."""
        spread = manner.line_spread
        middles = (self.corners[:, 1] + self.corners[:, 3]) / 2
        anchors = np.where(
            self.tall | ((self.classes >= Class.OPERATOR) & (self.classes < Class.ACCENT)), middles, self.baselines
        )
        lines = self.baselines * spread + self._script_shifts(manner, rng)
        at = np.where(self.tall, middles * spread, lines + anchors - self.baselines)
        growth = np.where(self.tall, growth * spread, growth)
        below = np.where((self.classes == Class.DESCENDING) & (self.sizes >= _SCRIPT), growth * manner.descent, growth)
        return at + (self.corners[:, 1] - anchors) * growth, at + (self.corners[:, 3] - anchors) * below

    def _script_shifts(self, manner: Manner, rng: np.random.Generator) -> Array:
        """[m], how far down scripts go: larger ones away from their line, smaller ones about their middles."""
        change = self.sizes * (self._script_scale(manner) - 1.0) * _DIGIT
        away = np.where(self.below, change, 0.0)
        about = change / 2 + np.where(self.below, _LOWERED, -_RAISED)
        loose = rng.normal(0.0, 0.05 * manner.untidiness, len(change))[self.runs]
        return np.where(self.sizes < _SCRIPT, np.where(change > 0, away, about) + loose, 0.0)

    def ruler(self, widths: Array, manner: Manner, rng: np.random.Generator) -> tuple[Array, Array]:
        """Where each x of print goes: pairs of x before and x after, both ascending, to interpolate between.

        Marks get room for `widths` [m], gaps are stretched unevenly. What spans others (a fraction bar) follows them.
        """
        starts, ends = self.corners[:, 0], np.where(self.wide, self.hooks, self.corners[:, 2])
        counting = ~self.wide | (self.hooks < self.corners[:, 2])
        knots = np.sort(np.concatenate([self.corners[:, 0], self.corners[:, 2], ends]))
        knots = knots[np.diff(knots, prepend=-np.inf) > 0]
        if len(knots) < 2:
            return knots, knots
        middles = (knots[1:] + knots[:-1]) / 2
        need = np.where(self.wide, _HOOK, widths / np.maximum(ends - starts, 1e-3))
        covered = (starts < middles[:, None]) & (middles[:, None] < ends) & counting
        slopes = np.max(covered * need, axis=1)
        lengths = np.diff(knots)
        uneven = np.exp(rng.normal(0.0, 0.4 * manner.untidiness, len(lengths)))
        extra = np.full(len(lengths) + 1, manner.extra_gap)
        extra[np.searchsorted(knots, starts[self.sizes < _SCRIPT])] = 0.0  # a script keeps to what it belongs to
        gaps = np.maximum((lengths * manner.gap + extra[1:]) * uneven, np.minimum(lengths, _LEAST_GAP))
        after = np.where(covered.any(axis=1), lengths * np.clip(slopes, 0.6, 1.7), gaps)
        np.add.at(after, np.searchsorted(knots, self.corners[self.bars, 0]), manner.overhang)
        overlined = self.bars | (self.hooks < self.corners[:, 2])
        np.add.at(after, np.searchsorted(knots, self.corners[overlined, 2]) - 1, manner.overhang)
        return knots, knots[0] + np.concatenate([[0.0], np.cumsum(after)])
