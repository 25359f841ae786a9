"""What was read on one picture of a page, in the frame of another: read where it is flat, reported on the original."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from scanpage.document import Block, Display, DisplayRow, Figure, Formula, Page, Paragraph, ScannedPage, TextLine
from scanpage.geometry import Box
from scanpage.homography import Homography


def moved(scanned: ScannedPage, way: Homography, page: Page) -> ScannedPage:
    """What was read on one picture, with its places on `page`, clipped to it; `way` leads from one to the other."""
    mover = _Mover(way, page)
    return replace(scanned, page=page, blocks=tuple(mover.block(block) for block in scanned.blocks))


def upright(scanned: ScannedPage, image: np.ndarray) -> tuple[ScannedPage, np.ndarray]:
    """A page and its picture (uint8 RGB `[H, W, 3]`) with the picture turned upright and the places on it."""
    return upright_page(scanned), np.ascontiguousarray(np.rot90(image, scanned.page.quarter_turns))


def upright_page(scanned: ScannedPage) -> ScannedPage:
    """A page with its places on its picture as `upright` turns it."""
    page = scanned.page
    if page.quarter_turns == 0:
        return scanned
    width, height = page.width_px, page.height_px
    way = Homography.quarter_turns(page.quarter_turns, width, height)
    if page.quarter_turns % 2:
        width, height = height, width
    return moved(scanned, way, replace(page, width_px=width, height_px=height, quarter_turns=0))


class _Mover:
    def __init__(self, way: Homography, page: Page) -> None:
        self._way = way
        self._page = page

    def block(self, block: Block) -> Block:
        if isinstance(block, Paragraph):
            return replace(block, lines=tuple(self._line(line) for line in block.lines))
        if isinstance(block, Figure):
            return replace(block, box=self._box(block.box))
        return Display(tuple(DisplayRow(tuple(map(self._formula, row.formulas)), row.tag) for row in block.rows))

    def _line(self, line: TextLine) -> TextLine:
        pieces = tuple(piece if isinstance(piece, str) else self._formula(piece) for piece in line.pieces)
        return replace(line, box=self._box(line.box), pieces=pieces)

    def _formula(self, formula: Formula) -> Formula:
        return replace(formula, region=replace(formula.region, box=self._box(formula.box)))

    def _box(self, box: Box) -> Box:
        return self._way.box(box).clipped(self._page.width_px, self._page.height_px)
