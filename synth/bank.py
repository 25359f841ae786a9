"""A bank of written symbols: what each writer's hand has shown of each label."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from synth.pen import Counts, Ink, Points, Stroke, Writing

_FLUENT = 25
"""Labels that a writer must have written to lend symbols to others: enough that most come from one hand."""

_SAME = {"<": r"\lt", ">": r"\gt", r"\le": r"\leq", r"\ge": r"\geq", r"\ne": r"\neq", r"\to": r"\rightarrow"}
_SAME |= {"'": r"\prime", r"\vert": "|", r"\lbrack": "[", r"\rbrack": "]", r"\lbrace": r"\{", r"\rbrace": r"\}"}
"""Other names of labels, as MathWriting has them, and CROHME's."""

_STRAIGHT = 1.06
"""A symbol is a mere line if its strokes are no longer than the diagonal of its box, times this."""

_CURVED = frozenset({"(", ")", "[", "]", r"\{", r"\}"})
"""Labels of which a straight sample, taken out of its formula, reads as another."""

_FEW_LINES, _FEW_STROKES = 0.12, 0.05
"""Where a smaller share of a label's samples are mere lines, or have so few strokes, those were cut off or scrawled."""


_Written = tuple[str, list[Stroke]]
"""A writer, and the strokes of one symbol."""


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """Strokes ready to be fitted into a box.

    Attributes:
        points: [n, 2] of all strokes, one after the other, in any unit, y down, the middle of their box at the origin.
        counts: points of each stroke.
        width, height: of their box.
    """

    points: Points
    counts: tuple[int, ...]
    width: float
    height: float

    @staticmethod
    def of(strokes: Sequence[npt.NDArray[np.floating]]) -> Form:
        points = np.concatenate(strokes).astype(np.float64)
        low, high = points.min(axis=0), points.max(axis=0)
        width, height = (high - low).tolist()
        return Form(points - (low + high) / 2, tuple(map(len, strokes)), width, height)

    def strokes(self) -> list[Points]:
        return np.split(self.points, np.cumsum(self.counts)[:-1])


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A symbol as someone wrote it."""

    writer: str
    form: Form


@dataclass(frozen=True)
class SymbolBank:
    """Written symbols by label."""

    samples: dict[str, tuple[Sample, ...]]

    @staticmethod
    def from_inks(inks: Iterable[Ink]) -> SymbolBank:
        """The segmented symbols of inks."""
        written: dict[str, list[_Written]] = defaultdict(list)
        for ink in inks:
            writer = writer_of(ink.id)
            for label, indices in ink.symbols:
                if indices:
                    written[_SAME.get(label, label)].append((writer, [ink.strokes[i] for i in indices]))
        return SymbolBank({label: _samples(found, curved=label in _CURVED) for label, found in written.items()})

    @cached_property
    def writers(self) -> tuple[str, ...]:
        """Every writer once per symbol, so that who wrote more is drawn more often."""
        return tuple(sample.writer for found in self.samples.values() for sample in found)

    @cached_property
    def fluent(self) -> tuple[str, ...]:
        """Writers of many different symbols, or of more than half as many as anyone."""
        labels = Counter(writer for _, writer in self._by_writer)
        most = max(labels.values(), default=0)
        # Where nobody wrote so many, one or two of them would write for everyone.
        return tuple(writer for writer, count in labels.items() if count >= _FLUENT or count > most / 2)

    @cached_property
    def _by_writer(self) -> dict[tuple[str, str], list[Sample]]:
        own: dict[tuple[str, str], list[Sample]] = defaultdict(list)
        for label, found in self.samples.items():
            for sample in found:
                own[label, sample.writer].append(sample)
        return dict(own)

    def by(self, label: str, *writers: str) -> Sequence[Sample]:
        """A symbol as the first of `writers` who ever wrote it did, or as everyone did if none has."""
        for writer in writers:
            own = self._by_writer.get((label, writer))
            if own:
                return own
        return self.samples.get(label, ())


def _samples(written: Sequence[_Written], *, curved: bool) -> tuple[Sample, ...]:
    """Samples of one label, without fragments; all at once, as there are tens of thousands.

    `curved` leaves out mere lines, however many there are, unless there is nothing else.
    """
    writing = Writing.of([stroke for _, strokes in written for stroke in strokes])
    strokes = np.array([len(strokes) for _, strokes in written])
    firsts = np.cumsum(strokes) - strokes
    lows, highs = writing.bounds()
    low, high = np.minimum.reduceat(lows, firsts), np.maximum.reduceat(highs, firsts)
    sizes = np.add.reduceat(writing.counts, firsts)
    points = np.split(writing.points - np.repeat((low + high) / 2, sizes, axis=0), np.cumsum(sizes)[:-1])
    kept = ~_fragments(writing, firsts, strokes, high - low, most_lines=1.0 if curved else _FEW_LINES)
    return tuple(
        Sample(writer, Form(points[k], tuple(map(len, parts)), *(high[k] - low[k]).tolist()))
        for k, (writer, parts) in enumerate(written)
        if kept[k]
    )


def _fragments(
    writing: Writing, firsts: Counts, strokes: Counts, boxes: Points, *, most_lines: float
) -> npt.NDArray[np.bool_]:
    """Which samples are mere lines, of fewer strokes or of other proportions where hardly any others are.

    Args:
        writing: strokes of all samples.
        firsts: [n], the first stroke of each sample; `strokes` [n] how many it has.
        boxes: [n, 2], its width and height.
        most_lines: the share of lines from which on they are how the label is written.
    """
    steps = np.hypot(*np.diff(writing.points, axis=0, prepend=writing.points[:1]).T)
    steps[writing.starts] = 0.0
    lengths = np.add.reduceat(np.add.reduceat(steps, writing.starts), firsts)
    lines = lengths <= _STRAIGHT * np.hypot(*boxes.T)
    lost: npt.NDArray[np.bool_] = lines if lines.mean() < most_lines else np.zeros_like(lines)
    lost = lost | (np.searchsorted(np.sort(strokes), strokes, side="right") < _FEW_STROKES * len(strokes))
    slopes = np.arctan2(boxes[:, 1], boxes[:, 0] + 1e-6)
    strange = np.abs(slopes - np.median(slopes))
    lost = lost | (strange > max(6.0 * float(np.median(strange)), 0.4))
    return lost


def writer_of(ink_id: str) -> str:
    """Who wrote an ink, as far as CROHME's file names tell: `formulaire012-equation034`, `101_Fabricio`."""
    if re.match(r"\d+_[A-Za-z]", ink_id):
        return ink_id.split("_", 1)[1]
    return re.split(r"[-_](?=[^-_]*$)", ink_id)[0]
