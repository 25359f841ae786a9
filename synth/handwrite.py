"""Layouts painted by hand: each glyph replaced by a symbol that someone wrote."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from scanpage.geometry import Box
from synth.layout import Layout
from synth.marks import Mark, MarkKind, marks_of
from synth.paint import Painted, trimmed
from synth.pen import Ink, Pen, Stroke, draw_strokes, stroke_box
from synth.skeleton import skeleton

_FLAT, _THIN = 0.2, 0.25
"""A sample with a smaller side ratio is a line: stretching it in its thin direction would only magnify tremor."""

_FREE = frozenset({"(", ")", "[", "]", r"\{", r"\}", "|", "/", r"\int", r"\sum", r"\rightarrow", "="})
"""Signs whose proportions are the layout's, not the writer's."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A symbol as someone wrote it: strokes in any unit, y down."""

    writer: str
    strokes: tuple[Stroke, ...]


@dataclass(frozen=True)
class SymbolBank:
    """Written symbols by label."""

    samples: dict[str, tuple[Sample, ...]]

    @staticmethod
    def from_inks(inks: Iterable[Ink]) -> SymbolBank:
        """The segmented symbols of inks."""
        samples: dict[str, list[Sample]] = defaultdict(list)
        for ink in inks:
            writer = writer_of(ink.id)
            for label, indices in ink.symbols:
                if indices:
                    samples[label].append(Sample(writer, tuple(ink.strokes[i] for i in indices)))
        return SymbolBank({label: tuple(found) for label, found in samples.items()})

    @cached_property
    def writers(self) -> tuple[str, ...]:
        """Every writer once per symbol, so that who wrote more is drawn more often."""
        return tuple(sample.writer for found in self.samples.values() for sample in found)

    @cached_property
    def _by_writer(self) -> dict[tuple[str, str], list[Sample]]:
        own: dict[tuple[str, str], list[Sample]] = defaultdict(list)
        for label, found in self.samples.items():
            for sample in found:
                own[label, sample.writer].append(sample)
        return dict(own)

    def by(self, writer: str, label: str) -> Sequence[Sample]:
        """A symbol as one writer wrote it, or as everyone did if the writer never has."""
        return self._by_writer.get((label, writer)) or self.samples.get(label, ())


def writer_of(ink_id: str) -> str:
    """Who wrote an ink, as far as CROHME's file names tell: `formulaire012-equation034`, `101_Fabricio`."""
    if re.match(r"\d+_[A-Za-z]", ink_id):
        return ink_id.split("_", 1)[1]
    return re.split(r"[-_](?=[^-_]*$)", ink_id)[0]


class Hand:
    """One writer at one formula: writes the same symbol in the same way, and leans to one side.

    Args:
        bank: where the symbols come from.
        rng: decides the writer and everything else.
        writer: whose symbols to prefer.
    """

    def __init__(self, bank: SymbolBank, rng: np.random.Generator, writer: str) -> None:
        self._bank = bank
        self._rng = rng
        self._writer = writer
        self._chosen: dict[str, list[Sample]] = {}
        self.slant = float(rng.normal(0.0, 0.12))
        self.untidiness = float(rng.uniform(0.4, 1.3))

    def sample(self, label: str) -> Sample | None:
        """A written symbol; None if the bank has none. A formula shows two forms of a symbol at most."""
        if label not in self._chosen:
            own = self._bank.by(self._writer, label)
            picks = self._rng.integers(0, len(own), 2).tolist() if own else []
            self._chosen[label] = [own[p] for p in picks]
        forms = self._chosen[label]
        return forms[int(self._rng.random() < 0.25)] if forms else None

    def write(self, mark: Mark) -> list[Stroke]:
        """Strokes of a mark, in em."""
        if mark.kind is MarkKind.RULE:
            return [self._line(mark.box)]
        if mark.kind is MarkKind.RADICAL:
            return [self._radical(mark.box, mark.hook)]
        sample = self.sample(mark.label) if mark.label else None
        if sample is not None:
            strokes = _fitted(sample.strokes, mark.box, free=mark.label in _FREE)
        else:
            assert mark.glyph is not None  # only rules have none
            glyph = mark.glyph
            origin = np.array([glyph.x, glyph.y])
            strokes = [stroke * glyph.size + origin for stroke in skeleton(glyph.shape)]
            strokes = _fitted(strokes, mark.box, free=True)
        return self._jittered(strokes, mark.box)

    def _jittered(self, strokes: Sequence[npt.NDArray[np.floating]], box: Box) -> list[Stroke]:
        """Strokes sheared, turned, resized and moved a little about the middle of their box, and bent smoothly."""
        rng, mess = self._rng, self.untidiness
        size = max(box.width, box.height)
        centre = np.array(box.center)
        turn = rng.normal(0.0, 0.04) * mess
        scale = np.exp(rng.normal(0.0, 0.05 * mess, 2))
        linear = np.array([[scale[0], -self.slant - turn], [turn, scale[1]]])
        # A lone small mark may stray by a share of the line, a wide one not by a share of its width.
        shift = rng.normal(0.0, 0.03 * mess, 2) * min(1.0, 0.3 + size)
        bend = rng.normal(0.0, 0.02 * mess, (2, 2)) * min(size, 1.5)
        phase = rng.uniform(0.0, 2 * math.pi, (2, 2))
        moved = []
        for stroke in strokes:
            local = (stroke - centre) / max(size, 1e-6)
            waves = sum(bend[k] * np.sin(3.0 * local[:, [k]] + phase[k]) for k in range(2))
            moved.append(((stroke - centre) @ linear.T + centre + shift + waves).astype(np.float32))
        return moved

    def _line(self, box: Box) -> Stroke:
        """A ruled line drawn freehand: a little askew, a little bent, its ends not quite where they belong."""
        rng, mess = self._rng, self.untidiness
        start, end = np.array([box.x0, box.center[1]]), np.array([box.x1, box.center[1]])
        if box.height > box.width:
            start, end = np.array([box.center[0], box.y0]), np.array([box.center[0], box.y1])
        start = start + rng.normal(0.0, 0.06 * mess, 2) * [1.0, 0.5]
        end = end + rng.normal(0.0, 0.06 * mess, 2) * [1.0, 0.5]
        t = np.linspace(0.0, 1.0, 9)[:, None]
        across = np.array([-(end - start)[1], (end - start)[0]]) / max(float(np.linalg.norm(end - start)), 1e-6)
        bow = rng.normal(0.0, 0.03 * mess) * np.sin(math.pi * t) + rng.normal(0.0, 0.015 * mess) * np.sin(5 * t)
        line: Stroke = (start + (end - start) * t + across * bow).astype(np.float32)
        return line

    def _radical(self, box: Box, hook: float) -> Stroke:
        """A radical sign in one stroke: tick, down, up, and along the bar."""
        rng, mess = self._rng, self.untidiness
        width, height = hook, box.height
        top = box.y0 + 0.03
        corners = np.array(
            [
                [box.x0, box.y1 - 0.45 * height],
                [box.x0 + 0.25 * width, box.y1 - 0.55 * height],
                [box.x0 + 0.55 * width, box.y1],
                [box.x0 + 0.95 * width, top],
                [box.x1, top],
            ]
        )
        corners += rng.normal(0.0, 0.04 * mess, corners.shape) * [1.0, 0.7]
        corners[:, 0] = np.maximum.accumulate(corners[:, 0])
        bar = self._line(Box(corners[3, 0], float(top), max(corners[4, 0], corners[3, 0] + 0.05), float(top)))
        return np.concatenate([corners[:4].astype(np.float32), bar[1:]])


def _fitted(strokes: Sequence[npt.NDArray[np.floating]], box: Box, *, free: bool) -> list[npt.NDArray[np.float64]]:
    """Strokes scaled into a box.

    A `free` sign fills the box both ways. Others take the height of the box and keep half of their own proportions.
    A line is scaled by its length alone.
    """
    points = np.concatenate(strokes).astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    width, height = np.maximum(high - low, 1e-6).tolist()
    sx, sy = box.width / width, box.height / height
    if height < _FLAT * width:
        sy = sx
    elif width < _THIN * height:
        sx = sy
    elif not free:
        sx = min(math.sqrt(sx * sy), 1.35 * sx)
    if max(width, height) <= 1e-6:
        sx = sy = 0.0
    middle = (low + high) / 2
    return [(stroke - middle) * [sx, sy] + np.array(box.center) for stroke in strokes]


def paint_by_hand(
    layout: Layout, bank: SymbolBank, em_px: float, rng: np.random.Generator, *, pen: Pen | None = None
) -> Painted:
    """Paints a layout in handwriting.

    Args:
        layout: the formula.
        bank: written symbols; what it lacks is copied from print, line by line.
        em_px: pixels per em; an x is about 0.43 em high.
        rng: decides the writer, the pen and all variation.
        pen: what to write with; None draws one.

    Returns:
        The picture; `glyphs` are the marks: labels for symbols, `\\sqrt` for radicals, `rule` for lines, and
        `font:name` for what was copied from print.
    """
    writers = bank.writers
    hand = Hand(bank, rng, writers[int(rng.integers(len(writers)))] if writers else "")
    pen = pen or Pen.drawn(rng, 0.65 * em_px)
    stretch = np.array([math.exp(rng.normal(0.08, 0.1)), 1.0])
    rise, waves, phase = rng.normal(0.0, 0.012), rng.uniform(0.2, 0.8), rng.uniform(0.0, 2 * math.pi)
    wander = abs(rng.normal(0.0, 0.05)) * hand.untidiness
    names: list[str] = []
    written: list[list[Stroke]] = []
    for mark in marks_of(layout):
        strokes = []
        for stroke in hand.write(mark):
            drift = rise * stroke[:, 0] + wander * np.sin(waves * stroke[:, 0] + phase)
            strokes.append(((stroke + np.stack([0 * drift, drift], axis=1)) * stretch * em_px).astype(np.float32))
        names.append(_name(mark, bank))
        written.append(strokes)
    return _drawn(names, written, pen, rng)


def _name(mark: Mark, bank: SymbolBank) -> str:
    if mark.kind is MarkKind.RULE:
        return "rule"
    if mark.kind is MarkKind.SYMBOL and mark.label not in bank.samples and mark.glyph is not None:
        return f"{mark.glyph.font}:{mark.glyph.name}"
    return mark.label


def _drawn(names: Sequence[str], written: Sequence[Sequence[Stroke]], pen: Pen, rng: np.random.Generator) -> Painted:
    """Groups of strokes, in pixels from the formula's origin, drawn on a canvas that holds them."""
    points = np.concatenate([stroke for group in written for stroke in group])
    margin = pen.width_px * 1.5 + pen.tremor_px + 2
    corner = np.floor(points.min(axis=0) - margin)
    width, height = (np.ceil(points.max(axis=0) + margin) - corner).astype(int).tolist()
    placed = [[(stroke - corner).astype(np.float32) for stroke in group] for group in written]
    canvas = np.zeros((height, width), dtype=np.uint8)
    draw_strokes(canvas, [stroke for group in placed for stroke in group], pen, rng)
    boxes = [(name, stroke_box(group, pen)) for name, group in zip(names, placed, strict=True)]
    return trimmed(canvas, boxes, float(-corner[1]))
