"""What a hand puts on a page: derivations in line, numbers and crossed-out lines that are no formulas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from scanpage.geometry import Box
from scanpage.region import RegionKind
from synth.flow import Formula
from synth.hand import Align, draw_hand
from synth.notes import Writer
from synth.prose import Prose
from synth.sheet import Source, blank_sheet
from synth.stock import Stock
from synth.working import Working

PAGE = Box(40, 40, 860, 1160)


def working(stock: Stock, seed: int, **changes: object) -> Working:
    rng = np.random.default_rng(seed)
    hand = replace(draw_hand(rng, stock, 34.0, ruled=False), **changes)  # type: ignore[arg-type]
    return Working(rng, stock, blank_sheet(900, 1200), Prose.of_page(rng), hand)


def formula(width: int, relation: float) -> Formula:
    return Formula(np.full((20, width), 255, np.uint8), 16, "x", Source.HAND, relation)


def test_lines_are_aligned_at_their_relation_signs(stock: Stock) -> None:
    writer = working(stock, 0, align=Align.RELATION)
    formulas = [formula(200, 90.0), formula(150, 40.0), formula(120, 10.0)]
    starts = writer.starts(formulas, PAGE)
    assert {start + f.relation_px for start, f in zip(starts, formulas, strict=True) if f.relation_px} == {130.0}


@pytest.mark.parametrize("align", list(Align))
def test_lines_stay_in_their_column(stock: Stock, align: Align) -> None:
    for seed in range(10):
        writer = working(stock, seed, align=align)
        formulas = [formula(width, 0.3 * width) for width in (300, 60, 250, 310, 40)]
        for start, f in zip(writer.starts(formulas, Box(100, 0, 420, 500)), formulas, strict=True):
            assert start >= 100 and start + f.width <= 420


def test_working_goes_down_the_page_and_is_isolated(stock: Stock) -> None:
    for seed in range(6):
        writer = working(stock, seed)
        end = writer.column(PAGE, 5)
        boxes = [mark.box for mark in writer.sheet.marks]
        assert all(mark.kind is RegionKind.ISOLATED for mark in writer.sheet.marks)
        assert all(PAGE.y0 <= box.y0 and box.y1 <= end + 1 for box in boxes)


def test_numbers_of_questions_are_no_formulas(stock: Stock) -> None:
    for written in (True, False):
        for seed in range(5):
            writer = working(stock, seed, written=written, prose=0.0)
            x, y = Writer(writer).question(PAGE, 3)
            assert writer.sheet.marks == []
            assert x >= max((box.x1 for box in writer.sheet.taken), default=0)
            assert y < PAGE.y1


def test_what_is_crossed_out_is_no_formula(stock: Stock) -> None:
    writer = working(stock, 1)
    alpha = np.full((30, 120), 200, np.uint8)
    end = writer.strike(alpha, Box(100, 100, 220, 130))
    assert end is not None and end >= 130
    assert writer.sheet.marks == [] and len(writer.sheet.taken) == 1


def test_nothing_is_written_where_something_stands(stock: Stock) -> None:
    writer = working(stock, 1)
    assert writer.put(formula(100, 20.0), 50, 50) == 70
    assert writer.put(formula(100, 20.0), 60, 60) is None
    assert len(writer.sheet.marks) == 1


def test_a_lecture_has_formulas_in_its_sentences(stock: Stock) -> None:
    kinds = set()
    for seed in range(6):
        writer = working(stock, seed)
        Writer(writer).lecture(PAGE)
        kinds |= {mark.kind for mark in writer.sheet.marks}
    assert kinds == set(RegionKind)


def test_no_two_formulas_of_a_sentence_touch(stock: Stock) -> None:
    found = 0
    for seed in range(10):
        writer = working(stock, seed)
        Writer(writer).lecture(PAGE)
        texts = [line.text for line in writer.sheet.lines]
        found += sum("$" in text for text in texts)
        assert not any("$ $" in text for text in texts)
    assert found > 5
