"""Handwritten lines come apart into words, and words make up sentences in a real hand."""

from __future__ import annotations

import numpy as np

from synth.flow import Formula, Scrap, Style, break_lines, place_line
from synth.ink import Ink, Pen, Stroke
from synth.prose import Face, matplotlib_fonts
from synth.script import cut_words, script_words
from synth.sheet import Source, blank_sheet


def stroke(x0: float, x1: float, top: float = 0.0, bottom: float = 100.0) -> Stroke:
    return np.array([[x0, bottom], [(x0 + x1) / 2, top], [x1, bottom]], np.float32)


def test_words_are_cut_at_wide_gaps_whatever_the_order_of_strokes() -> None:
    strokes = [stroke(300, 380), stroke(0, 50), stroke(60, 120), stroke(10, 30), stroke(390, 400)]
    words = cut_words(strokes, 40)
    assert [len(word) for word in words] == [3, 2]
    assert words[0][0][0, 0] == 0 and words[1][0][0, 0] == 300


def test_words_keep_the_size_of_their_line() -> None:
    """A low word of a line stays low, and stands on the baseline that all have."""
    line = Ink("a", "", (stroke(0, 100), stroke(200, 300), stroke(400, 500, top=50.0)))
    words = script_words(np.random.default_rng(0), [line], 3, letter_px=40, pen=Pen(2.0, 0.0, 0.0, 0.0))
    assert len(words) == 3
    tall, _, low = words
    assert 0.35 < low.height / tall.height < 0.65
    bottoms = [word.height - word.baseline_px for word in words]
    assert max(bottoms) - min(bottoms) < 6


def test_as_many_words_as_asked_for() -> None:
    line = Ink("a", "", (stroke(0, 100), stroke(200, 300)))
    for count in (1, 2, 5):
        words = script_words(np.random.default_rng(count), [line], count, letter_px=30, pen=Pen(2.0))
        assert len(words) == count


def test_words_in_a_line_are_ink_and_formulas_truth() -> None:
    sheet = blank_sheet(500, 100)
    word = Scrap(np.full((20, 60), 255, np.uint8), 15)
    formula = Formula(np.full((30, 80), 255, np.uint8), 20, "x", Source.INK)
    style = Style(Face(matplotlib_fonts()[0], 20))
    (line,) = break_lines([word, formula, "and", word], style, 400)
    place_line(np.random.default_rng(0), sheet, line, style, 20, 50)
    (mark,) = sheet.marks
    assert mark.latex == "x" and (mark.box.y0, mark.box.y1) == (30, 60)
    assert len(sheet.taken) == 4
    assert all(a.intersection(b) == 0 for k, a in enumerate(sheet.taken) for b in sheet.taken[:k])
