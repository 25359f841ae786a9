"""Pages whose truth holds the ink, and on which nothing lies on anything else."""

from __future__ import annotations

import numpy as np
import pytest

from scanpage.geometry import Box
from scanpage.region import RegionKind
from synth.compose import compose
from synth.config import PageKind
from synth.sheet import BLACK, INK_THRESHOLD, Sheet, Source, blank_sheet, ink_rim
from synth.stock import Stock

LONG_SIDE = 900


def test_rim_is_tight_around_the_ink() -> None:
    alpha = np.zeros((30, 40), np.uint8)
    alpha[5:12, 7:20] = 255
    alpha[20, 3] = INK_THRESHOLD
    alpha[25, 30] = INK_THRESHOLD - 1  # fainter than ink
    rim = ink_rim(alpha, 100, 200)
    assert rim.min(axis=0).tolist() == [103, 205]
    assert rim.max(axis=0).tolist() == [120, 221]


def test_a_mask_without_ink_has_no_rim_and_no_truth() -> None:
    sheet = blank_sheet(50, 50)
    sheet.formula(np.zeros((5, 5), np.uint8), 3, 3, kind=RegionKind.INLINE, latex="x", source=Source.INK)
    assert sheet.marks == [] and sheet.taken == []


@pytest.mark.parametrize("colour", [BLACK, (30, 60, 170)])
def test_ink_gives_paper_its_colour(colour: tuple[int, int, int]) -> None:
    sheet = blank_sheet(20, 20)
    sheet.ink(np.full((4, 4), 255, np.uint8), 18, -2, colour=colour)  # half of it beyond the edge
    assert sheet.pixels[0, 19].tolist() == list(colour)
    assert sheet.pixels[10, 10].tolist() == [255, 255, 255]
    assert sheet.taken == [Box(18, 0, 20, 2)]


def overlaps(sheet: Sheet) -> list[tuple[Box, Box]]:
    boxes = sheet.taken
    return [(a, b) for k, a in enumerate(boxes) for b in boxes[:k] if a.intersection(b) > 0]


@pytest.mark.parametrize("kind", list(PageKind))
@pytest.mark.parametrize("real", [True, False], ids=["inks", "no inks"])
def test_formulas_touch_nothing(kind: PageKind, real: bool, stock: Stock, plain_stock: Stock) -> None:
    for seed in range(4):
        sheet = compose(np.random.default_rng(seed), stock if real else plain_stock, kind, LONG_SIDE)
        formulas = [mark.box for mark in sheet.marks]
        for box in formulas:
            others = [other for other in sheet.taken if other != box]
            assert all(box.padded(-1).intersection(other) == 0 for other in others), (seed, box)
        assert all(b.x0 >= 0 and b.y0 >= 0 and b.x1 <= sheet.width and b.y1 <= sheet.height for b in formulas)


def test_only_plain_prose_lacks_formulas(stock: Stock) -> None:
    for kind in PageKind:
        count = sum(len(compose(np.random.default_rng(seed), stock, kind, LONG_SIDE).marks) for seed in range(6))
        assert (count == 0) == (kind is PageKind.PROSE), kind


def test_notes_hold_isolated_formulas_of_the_inks(stock: Stock) -> None:
    sheets = [compose(np.random.default_rng(seed), stock, PageKind.NOTES, LONG_SIDE) for seed in range(8)]
    marks = [mark for sheet in sheets for mark in sheet.marks]
    assert sum(mark.kind is RegionKind.ISOLATED for mark in marks) > 10
    real = {mark.latex for mark in marks if mark.source is Source.INK}
    # Derivations are made of halves of inks, cut before the equals sign.
    labels = [written.ink.label for written in stock.inks]
    lefts, rights = ({label.partition(" = ")[k] for label in labels} for k in (0, 2))
    assert real
    for label in real:
        left, _, right = label.rpartition("= ")
        assert right in rights and left.strip() in lefts | {""}, label
