"""Small documents to write, for the tests of what is written."""

from __future__ import annotations

from scanpage.document import (
    Block,
    DisplayRow,
    Document,
    Formula,
    Page,
    Paragraph,
    Piece,
    ScannedPage,
    TextLine,
    Versions,
)
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

BOX = Box(0, 0, 10, 10)
PAGE = Page("notes.pdf", 1, 100, 100, 200.0)


def formula(latex: str, *, check: bool = False) -> Formula:
    return Formula(Region(BOX, RegionKind.ISOLATED), latex, 0.375, check=check)


def row(*latex: str, tag: str | None = None, check: bool = False) -> DisplayRow:
    return DisplayRow(tuple(formula(text, check=check) for text in latex), tag)


def paragraph(*lines: tuple[Piece, ...]) -> Paragraph:
    return Paragraph(tuple(TextLine(BOX, pieces) for pieces in lines))


def document(*blocks: Block, failure: str | None = None) -> Document:
    return Document((ScannedPage(PAGE, blocks, failure),), Versions("1.2.3"))
