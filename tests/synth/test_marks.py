import numpy as np
import pytest

from scanpage.geometry import Box
from synth.layout import Glyph, Layout, Rule, Shape
from synth.marks import MarkKind, Style, marks_of
from synth.mathtext import typeset_mathtext


def square(font: str, name: str, width: int = 1000, height: int = 1000) -> Shape:
    corners = np.array([[0, 0], [width, 0], [width, -height], [0, -height]], dtype=np.int16)
    return Shape(font, name, (corners,))


def layout(*glyphs: Glyph) -> Layout:
    return Layout("", glyphs, ())


def test_extensible_pieces_become_one_delimiter():
    pieces = [Glyph(square("cmex10", f"parenleft{part}"), 1.0, y, 1.0) for y, part in enumerate(("tp", "ex", "bt"))]
    letter = Glyph(square("cmmi10", "x"), 2.0, 0.0, 1.0)
    delimiter, x = marks_of(layout(*pieces, letter))
    assert delimiter.label == "("
    assert delimiter.box.xyxy == pytest.approx((1.0, -0.5, 1.5, 2.0))
    assert x.label == "x"


def test_radicals_take_their_bar():
    sign = Glyph(square("cmsy10", "radical"), 0.0, 1.0, 1.0)
    bar, other = Rule(Box(0.5, 0.5, 2.0, 0.54)), Rule(Box(3.0, 0.0, 4.0, 0.04))
    radical, fraction = marks_of(Layout("", (sign,), (other, bar)))
    assert radical.kind is MarkKind.RADICAL
    assert radical.box.xyxy == pytest.approx((0.0, 0.5, 2.0, 1.0))
    assert radical.hook == pytest.approx(0.5)
    assert fraction.kind is MarkKind.RULE
    assert fraction.box == other.box


def test_pieces_of_a_tall_radical_are_one_sign():
    parts = [Glyph(square("cmex10", f"radical{part}"), 0.0, y, 1.0) for y, part in enumerate(("tp", "vertex", "bt"))]
    (radical,) = marks_of(layout(*parts))
    assert radical.kind is MarkKind.RADICAL
    assert radical.box.height == pytest.approx(2.5)


@pytest.mark.parametrize(
    ("font", "label", "style"),
    [
        ("cmmi10", "F", Style.PLAIN),
        ("rtxptmri", "F", Style.PLAIN),
        ("cmbx10", "F", Style.BOLD),
        ("rpxpplb", "F", Style.BOLD),
        ("msbm10", "F", Style.BLACKBOARD),
        ("cmsy10", "", Style.PLAIN),  # calligraphic: copied from print
        ("eufm10", "", Style.PLAIN),
    ],
)
def test_alphabets_are_told_apart(font, label, style):
    (mark,) = marks_of(layout(Glyph(square(font, "F"), 0.0, 0.0, 1.0)))
    assert (mark.label, mark.style) == (label, style)


def test_shaft_and_head_of_a_long_arrow_are_one_sign():
    shaft, head = (Glyph(square("cmsy10", name), x, 0.0, 1.0) for name, x in (("minus", 0.0), ("arrowright", 0.4)))
    (arrow,) = marks_of(layout(shaft, head))
    assert arrow.label == r"\rightarrow"
    assert arrow.box.xyxy == pytest.approx((0.0, -0.5, 0.9, 0.0))
    assert len(marks_of(layout(shaft, Glyph(head.shape, 0.8, 0.0, 1.0)))) == 2  # a minus, and then an arrow


def test_functions_are_one_word_where_asked():
    (result,) = typeset_mathtext([r"\sin x + \sinh s"])
    letters = [mark.label for mark in marks_of(result)]
    words = [mark.label for mark in marks_of(result, words=[r"\sin"])]
    assert letters == ["s", "i", "n", "x", "+", "s", "i", "n", "h", "s"]
    assert words == [r"\sin", "x", "+", "s", "i", "n", "h", "s"]
