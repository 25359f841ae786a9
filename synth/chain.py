"""Formulas cut at their relation signs and joined anew, so that the lines of a derivation look like each other.

Typeset formulas and handwritten ones are cut alike: where the ink of an equals sign has nothing above or below it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from synth.ink import Ink
from synth.layout import Layout, Rule
from synth.pen import Stroke
from synth.typecase import token_of

RELATION = "="
_OPENING, _CLOSING = frozenset({"{", r"\left"}), frozenset({"}", r"\right"})


@dataclass(frozen=True, slots=True)
class LayoutHalves:
    """A typeset formula cut before its first equals sign; the right half begins with the sign, at x = 0."""

    left: Layout
    right: Layout
    # Where the sign stood: what the right half is moved by to stand behind the left one again.
    at: float


@dataclass(frozen=True, slots=True)
class InkHalves:
    """A handwritten formula cut before its first equals sign; both halves have the middle of the sign at (0, 0)."""

    left: Ink
    right: Ink


def cut_layout(layout: Layout) -> LayoutHalves | None:
    """The halves of a layout; None if it has no equals sign, or one that stands in something else."""
    tokens = _cut_tokens(layout.latex)
    signs = [glyph for glyph in layout.glyphs if token_of(glyph) == RELATION]
    if tokens is None or len(signs) != tokens[2]:
        return None
    sign = min(signs, key=lambda g: g.x)
    x0, x1 = sign.box.x0, sign.box.x1
    others = [g.box for g in layout.glyphs if g is not sign] + [r.box for r in layout.rules]
    if any(x0 < box.x1 and box.x0 < x1 for box in others) or not any(box.x1 <= x0 for box in others):
        return None
    middle = (x0 + x1) / 2
    left = Layout(
        tokens[0],
        tuple(g for g in layout.glyphs if g.box.center[0] < middle and g is not sign),
        tuple(r for r in layout.rules if r.box.center[0] < middle),
    )
    right = Layout(
        tokens[1],
        tuple(replace(g, x=g.x - x0) for g in layout.glyphs if g.box.center[0] > middle or g is sign),
        tuple(Rule(r.box.translated(-x0, 0.0)) for r in layout.rules if r.box.center[0] > middle),
    )
    return LayoutHalves(left, right, x0) if len(right.glyphs) > 1 else None


def join_layouts(one: LayoutHalves, other: LayoutHalves) -> Layout:
    """The left half of one formula with the right half of the other."""
    return Layout(
        f"{one.left.latex} {other.right.latex}",
        one.left.glyphs + tuple(replace(g, x=g.x + one.at) for g in other.right.glyphs),
        one.left.rules + tuple(Rule(r.box.translated(one.at, 0.0)) for r in other.right.rules),
    )


def widened(layout: Layout, before: float, after: float) -> Layout:
    """A layout with more room (in em) before and behind its first equals sign; as it is if it cannot be cut."""
    halves = cut_layout(layout)
    if halves is None:
        return layout
    sign, *rest = sorted(halves.right.glyphs, key=lambda g: g.box.x0)
    at = halves.at + before
    behind = tuple(replace(g, x=g.x + at + after) for g in rest)
    rules = tuple(Rule(r.box.translated(at + after, 0.0)) for r in halves.right.rules)
    glyphs = (*halves.left.glyphs, replace(sign, x=sign.x + at), *behind)
    return Layout(layout.latex, glyphs, halves.left.rules + rules)


def cut_ink(ink: Ink) -> InkHalves | None:
    """The halves of a segmented ink; None as for `cut_layout`."""
    tokens = _cut_tokens(ink.label)
    parts = [(label, [ink.strokes[i] for i in indices]) for label, indices in ink.symbols if indices]
    signs = [k for k, (label, _) in enumerate(parts) if label == RELATION]
    if tokens is None or len(signs) != tokens[2] or sum(len(s) for _, s in parts) != len(ink.strokes):
        return None
    spans = [
        (min(float(s[:, 0].min()) for s in strokes), max(float(s[:, 0].max()) for s in strokes)) for _, strokes in parts
    ]
    sign = min(signs, key=lambda k: spans[k][0])
    x0, x1 = spans[sign]
    if any(x0 < b and a < x1 for k, (a, b) in enumerate(spans) if k != sign):
        return None
    points = np.concatenate(parts[sign][1])
    middle = ((points.min(axis=0) + points.max(axis=0)) / 2).astype(np.float32)
    left = [part for part, span in zip(parts, spans, strict=True) if span[1] <= x0]
    right = [part for k, part in enumerate(parts) if spans[k][0] >= x1 or k == sign]
    if not left or len(right) < 2:
        return None
    return InkHalves(_ink(ink.id, tokens[0], left, -middle), _ink(ink.id, tokens[1], right, -middle))


def join_inks(one: InkHalves, other: InkHalves, *, scale: float) -> Ink:
    """The left half of one ink with the right half of the other, which is scaled to the first one's size."""
    left, right = one.left, other.right
    count = len(left.strokes)
    return Ink(
        left.id,
        f"{left.label} {right.label}",
        left.strokes + tuple((stroke * np.float32(scale)).astype(np.float32) for stroke in right.strokes),
        left.symbols + tuple((label, tuple(i + count for i in indices)) for label, indices in right.symbols),
    )


def _ink(name: str, label: str, parts: Sequence[tuple[str, list[Stroke]]], shift: Stroke) -> Ink:
    strokes = tuple((stroke + shift).astype(np.float32) for _, group in parts for stroke in group)
    starts = np.cumsum([0] + [len(group) for _, group in parts]).tolist()
    symbols = tuple(
        (sign, tuple(range(start, start + len(group)))) for (sign, group), start in zip(parts, starts, strict=False)
    )
    return Ink(name, label, strokes, symbols)


def _cut_tokens(latex: str) -> tuple[str, str, int] | None:
    """What stands before the first equals sign, the sign with what stands behind it, and how many signs there are."""
    tokens = latex.split()
    count = tokens.count(RELATION)
    if not count or tokens[0] == RELATION or any(token.startswith(r"\begin") for token in tokens):
        return None
    depth = 0
    for token in tokens:
        depth += (token in _OPENING) - (token in _CLOSING)
        if token == RELATION and depth:
            return None
    at = tokens.index(RELATION)
    return " ".join(tokens[:at]), " ".join(tokens[at:]), count
