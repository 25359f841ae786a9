"""A sheet of painted formulas to look at: print, or real handwriting beside painted of the same formulas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from scanpage.errors import InputError
from scanpage.latex import Refusal, normalise, to_latex
from synth.bank import SymbolBank
from synth.corpus import LayoutCorpus
from synth.handwrite import paint_by_hand
from synth.ink import Ink, paint_ink
from synth.layout import Layout
from synth.mathtext import typeset_mathtext
from synth.paint import paint_print
from synth.typeset import available, typeset

Pixels = npt.NDArray[np.uint8]

_PICTURE_PX, _CAPTION_PX, _MARGIN_PX, _CELL_WIDTH_PX = 96, 20, 8, 560
_LARGEST_EM_PX = 56.0
_INK, _GREY, _RULE = 20, 120, 200
_PAINTINGS = 2
"""Painted versions beside each real ink: different hands at the same formula."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture (uint8 alpha [h, w]; None leaves the place empty) and the line under it."""

    alpha: Pixels | None
    caption: str


def preview_inks(inks: Sequence[Ink], layouts: Sequence[Layout], count: int, rng: np.random.Generator) -> Pixels:
    """Real inks on the left, the same formulas painted with the inks' own symbols on the right.

    Args:
        inks: real handwriting; its segmented symbols are what is painted with.
        layouts: typeset formulas. Inks of the same formulas are shown first; beside others stand any layouts. Without
            layouts the inks' labels are typeset here.
        count: rows.
        rng: decides which inks and every painting.

    Returns:
        uint8 [h, w], black on white.

    Raises:
        InputError: there are no inks.
    """
    if not inks:
        raise InputError("there are no inks to preview")
    bank = SymbolBank.from_inks(inks)
    labels = [_canonical(ink.label) for ink in inks]
    known = {label: i for i, label in enumerate(labels_of(layouts))}
    chosen = sorted(rng.permutation(len(inks)).tolist(), key=lambda i: labels[i] not in known)[:count]
    typeset_here = {} if known else _typeset([labels[i] for i in chosen if labels[i]])
    rows = []
    for i in chosen:
        layout = typeset_here.get(labels[i])
        if known:
            layout = layouts[known.get(labels[i], int(rng.integers(len(layouts))))]
        real = paint_ink(inks[i], _height(layout), rng, variation=0.0).alpha
        rows.append(
            [Cell(real, f"written: {inks[i].label}"), *(_painted(layout, bank, rng) for _ in range(_PAINTINGS))]
        )
    return sheet(rows)


def preview_layouts(layouts: Sequence[Layout], count: int, rng: np.random.Generator) -> Pixels:
    """Layouts drawn at random, in print, as uint8 [h, w], black on white. Raises `InputError` if there are none."""
    if not len(layouts):
        raise InputError("there are no layouts to preview")
    chosen = [layouts[int(i)] for i in rng.permutation(len(layouts))[:count]]
    cells = [Cell(paint_print(layout, _em_px(layout)).alpha, layout.latex) for layout in chosen]
    cells += [Cell(None, "")] * (-len(cells) % 3)
    return sheet([cells[k : k + 3] for k in range(0, len(cells), 3)])


def labels_of(layouts: Sequence[Layout]) -> Sequence[str]:
    """The LaTeX of layouts, without making those of a corpus."""
    return layouts.labels if isinstance(layouts, LayoutCorpus) else [layout.latex for layout in layouts]


def sheet(rows: Sequence[Sequence[Cell]]) -> Pixels:
    """Cells side by side and one row under the other."""
    lines = [np.hstack([_drawn(cell) for cell in row]) for row in rows]
    for line in lines:
        line[-1] = _RULE
    return np.vstack(lines)


def _canonical(label: str) -> str:
    """The label in canonical tokens; as it is where the label language does not know it."""
    try:
        return " ".join(normalise(label))
    except Refusal:
        return label


def _typeset(labels: Sequence[str]) -> Mapping[str, Layout]:
    """Layouts of labels: by TeX, or without one by mathtext, which knows less."""
    sources = [to_latex(label.split(" ")) for label in labels]
    found = typeset(sources) if available() else typeset_mathtext(sources)
    return {label: layout for label, layout in zip(labels, found, strict=True) if isinstance(layout, Layout)}


def _painted(layout: Layout | None, bank: SymbolBank, rng: np.random.Generator) -> Cell:
    if layout is None:
        return Cell(None, "not typeset")
    return Cell(paint_by_hand(layout, bank, _em_px(layout), rng).alpha, f"painted: {layout.latex}")


def _em_px(layout: Layout) -> float:
    return min(_LARGEST_EM_PX, _PICTURE_PX / max(layout.box.height, 1e-3))


def _height(layout: Layout | None) -> float:
    """Pixels that an ink gets, so that it is written about as large as its layout."""
    return _PICTURE_PX if layout is None else min(float(_PICTURE_PX), 1.1 * layout.box.height * _em_px(layout))


def _drawn(cell: Cell) -> Pixels:
    """A cell as uint8 [h, w], black on white."""
    drawn: Pixels = np.full((_PICTURE_PX + _CAPTION_PX + 2 * _MARGIN_PX, _CELL_WIDTH_PX), 255, np.uint8)
    if cell.alpha is not None and cell.alpha.size:
        height, width = cell.alpha.shape
        scale = min(1.0, _PICTURE_PX / height, (_CELL_WIDTH_PX - 2 * _MARGIN_PX) / width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        alpha = cv2.resize(cell.alpha, size, interpolation=cv2.INTER_AREA).astype(np.float32) / 255
        top = _MARGIN_PX + (_PICTURE_PX - size[1]) // 2
        part = drawn[top : top + size[1], _MARGIN_PX : _MARGIN_PX + size[0]]
        part[:] = np.round(255 - alpha * (255 - _INK)).astype(np.uint8)
    caption = cell.caption.encode("ascii", errors="replace").decode()
    longest = (_CELL_WIDTH_PX - 2 * _MARGIN_PX) // 7  # the letters below are seven pixels wide
    caption = caption if len(caption) <= longest else caption[: longest - 3] + "..."
    place = (_MARGIN_PX, drawn.shape[0] - _MARGIN_PX)
    cv2.putText(drawn, caption, place, cv2.FONT_HERSHEY_SIMPLEX, 0.4, _GREY, 1, cv2.LINE_AA)
    return drawn
