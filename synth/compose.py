"""What stands on a page of each kind, and how such pages are captured."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from synth.config import PageKind
from synth.degrade import Capture
from synth.notes import compose_notes, draw_writer
from synth.printed import compose_article, compose_snippet, compose_worksheet, printed_sheet
from synth.sheet import Sheet
from synth.stock import Stock

# Height of the paper in widths: A4, letter, notebooks.
PAPER_RATIOS = (1.414, 1.414, 1.294, 1.36, 1.5)
CAPTURES: Mapping[PageKind, Mapping[Capture, float]] = {
    kind: dict(zip(Capture, odds, strict=True))
    for kind, odds in {
        # In the order of the enum: screen, scan, book, fax, photo.
        PageKind.ARTICLE: (0.3, 0.3, 0.1, 0.08, 0.22),
        PageKind.WORKSHEET: (0.25, 0.3, 0.07, 0.08, 0.3),
        PageKind.PROSE: (0.25, 0.28, 0.1, 0.07, 0.3),
        PageKind.NOTES: (0.04, 0.22, 0.0, 0.04, 0.7),
        PageKind.MIXED: (0.02, 0.4, 0.0, 0.05, 0.53),
        PageKind.SNIPPET: (0.7, 0.17, 0.03, 0.0, 0.1),
    }.items()
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
    return compose_worksheet(rng, stock, width, height, answer=writer.answer, sheet=sheet)
