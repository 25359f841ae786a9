"""What stands on a page of each kind, and how such pages are captured."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scanpage.geometry import Box
from synth.config import PageKind
from synth.degrade import Capture
from synth.notes import compose_notes, draw_writer
from synth.printed import compose_article, compose_snippet, compose_worksheet, printed_sheet
from synth.sheet import Sheet
from synth.stock import Stock

# Height of the paper in widths: A4, letter, notebooks.
PAPER_RATIOS = (1.414, 1.414, 1.294, 1.36, 1.5)
CAPTURES: Mapping[PageKind, Mapping[Capture, float]] = {
    PageKind.ARTICLE: {Capture.SCREEN: 0.3, Capture.SCAN: 0.38, Capture.FAX: 0.1, Capture.PHOTO: 0.22},
    PageKind.WORKSHEET: {Capture.SCREEN: 0.25, Capture.SCAN: 0.35, Capture.FAX: 0.1, Capture.PHOTO: 0.3},
    PageKind.PROSE: {Capture.SCREEN: 0.25, Capture.SCAN: 0.35, Capture.FAX: 0.1, Capture.PHOTO: 0.3},
    PageKind.NOTES: {Capture.SCREEN: 0.04, Capture.SCAN: 0.22, Capture.FAX: 0.04, Capture.PHOTO: 0.7},
    PageKind.MIXED: {Capture.SCREEN: 0.02, Capture.SCAN: 0.4, Capture.FAX: 0.05, Capture.PHOTO: 0.53},
    PageKind.SNIPPET: {Capture.SCREEN: 0.7, Capture.SCAN: 0.2, Capture.FAX: 0.0, Capture.PHOTO: 0.1},
}


def compose(rng: np.random.Generator, stock: Stock, kind: PageKind, long_side: int) -> Sheet:
    """A clean sheet of this kind, `long_side` pixels on its longer side."""
    width, height = round(long_side / PAPER_RATIOS[int(rng.integers(len(PAPER_RATIOS)))]), long_side
    if kind is PageKind.SNIPPET:
        return compose_snippet(rng, stock, long_side)
    if kind is PageKind.ARTICLE or kind is PageKind.PROSE:
        return compose_article(rng, stock, width, height, formulas=kind is PageKind.ARTICLE)
    if kind is PageKind.WORKSHEET:
        return compose_worksheet(rng, stock, width, height, sheet=printed_sheet(rng, width, height))
    if kind is PageKind.MIXED:
        return _compose_mixed(rng, stock, width, height)
    return compose_notes(rng, stock, width, height)


def _compose_mixed(rng: np.random.Generator, stock: Stock, width: int, height: int) -> Sheet:
    """Printed questions, answered by hand."""
    sheet = printed_sheet(rng, width, height)
    writer = draw_writer(rng, stock, sheet, pitch_px=height * float(rng.uniform(0.025, 0.04)))

    def answer(box: Box) -> float:
        return writer.answer(box)

    return compose_worksheet(rng, stock, width, height, answer=answer, sheet=sheet)
