"""Formulas come apart at their equals sign, and halves of two make a third."""

from __future__ import annotations

import numpy as np
import pytest

from synth.chain import cut_ink, cut_layout, join_inks, join_layouts
from synth.ink import Ink
from synth.layout import Layout
from synth.mathtext import typeset_mathtext


def layout(latex: str) -> Layout:
    (result,) = typeset_mathtext([latex.replace(" ", "")])
    assert isinstance(result, Layout)
    return Layout(latex, result.glyphs, result.rules)


def ink(label: str) -> Ink:
    """Every sign a slash of its own, a hundred units apart."""
    signs = label.split()
    strokes = tuple(np.array([[100 * k, 0], [100 * k + 60, 80]], np.float32) for k in range(len(signs)))
    return Ink("t", label, strokes, tuple((sign, (k,)) for k, sign in enumerate(signs)))


def test_halves_of_a_layout_join_to_the_whole() -> None:
    whole = layout("x ^ { 2 } = a + 1")
    halves = cut_layout(whole)
    assert halves is not None
    assert (halves.left.latex, halves.right.latex) == ("x ^ { 2 }", "= a + 1")
    assert len(halves.left.glyphs) == 2 and halves.right.box.x0 == pytest.approx(0.0, abs=1e-9)
    again = join_layouts(halves, halves)
    assert again.latex == whole.latex
    assert [g.box.xyxy for g in again.glyphs] == [pytest.approx(g.box.xyxy) for g in whole.glyphs]


def test_a_join_takes_its_right_side_from_the_other() -> None:
    one, other = cut_layout(layout("y = 3")), cut_layout(layout("x + z = 1 2 = k"))
    assert one is not None and other is not None
    row = join_layouts(one, other)
    assert row.latex == "y = 1 2 = k"
    assert [g.name for g in row.glyphs] == ["y", "equal", "one", "two", "equal", "k"]
    assert all(a.box.x1 <= b.box.x0 for a, b in zip(row.glyphs, row.glyphs[1:], strict=False))


@pytest.mark.parametrize(
    "latex",
    [
        "x + 1",  # no equals sign
        "= x",  # nothing before it
        "x _ { i = 1 } = 2",  # one stands in an index
        r"\frac { a = b } { c }",  # one stands in a fraction
    ],
)
def test_what_has_no_clear_cut_stays_whole(latex: str) -> None:
    assert cut_layout(layout(latex)) is None


def test_halves_of_an_ink_join_to_the_whole() -> None:
    whole = ink("x + 2 = y 3")
    halves = cut_ink(whole)
    assert halves is not None
    again = join_inks(halves, halves, scale=1.0)
    assert again.label == whole.label and [s for s, _ in again.symbols] == [s for s, _ in whole.symbols]
    shift = again.strokes[0][0] - whole.strokes[0][0]
    for new, old in zip(again.strokes, whole.strokes, strict=True):
        assert np.allclose(new, old + shift)


def test_a_joined_ink_is_scaled_about_the_sign() -> None:
    one, other = cut_ink(ink("x = 1")), cut_ink(ink("y = 2 3"))
    assert one is not None and other is not None
    row = join_inks(one, other, scale=0.5)
    assert row.label == "x = 2 3"
    sign = row.strokes[1]
    assert np.ptp(sign, axis=0).tolist() == [30, 40] and np.allclose(sign.mean(axis=0), 0)


def test_inks_with_unlabelled_strokes_stay_whole() -> None:
    whole = ink("x = 1")
    stray = Ink(whole.id, whole.label, (*whole.strokes, whole.strokes[0]), whole.symbols)
    assert cut_ink(stray) is None
