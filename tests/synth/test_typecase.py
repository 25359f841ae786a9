"""What pages invent is set in the glyphs of their corpus, in TeX's proportions."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from scanpage.latex import normalise
from synth.layout import Glyph, Layout, Shape
from synth.mathtext import typeset_mathtext
from synth.school import derivation, facts
from synth.typecase import TypeCase, token_of

SIGNS = r"0123456789+-=<>()[],.:/ abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\sqrt{x}\pi\Delta\theta\cdot"
MORE = r"\times\pm\leq\approx\Rightarrow\rightarrow\prime"


@pytest.fixture(scope="module")
def case() -> TypeCase:
    results = typeset_mathtext([SIGNS, MORE, r"\int"])
    return TypeCase.of([[result for result in results if isinstance(result, Layout)]])


def test_special_alphabets_do_not_stand_for_plain_letters() -> None:
    """TeX's fonts: calligraphic and bold glyphs have the names of plain ones."""
    shape = Shape("", "", ())
    told = [("cmmi10", "D"), ("cmr10", "D"), ("cmsy10", "D"), ("cmr10", "two"), ("cmbx10", "two"), ("msbm10", "R")]
    tokens = [token_of(Glyph(replace(shape, font=font, name=name), 0.0, 0.0, 1.0)) for font, name in told]
    assert tokens == ["D", "D", "", "2", "", ""]


def test_scripts_stand_above_and_below(case: TypeCase) -> None:
    layout = case.formula("x ^ { 2 } _ { 3 }")
    assert layout is not None
    x, two, three = (glyph.box for glyph in layout.glyphs)
    assert two.y1 < x.center[1] < three.y1
    assert two.x0 >= x.x1 - 0.1 and abs(two.x0 - three.x0) < 0.1
    assert two.height < 0.75 * 0.66


def test_a_fraction_has_its_bar_between_its_parts(case: TypeCase) -> None:
    layout = case.formula(r"\frac { a } { b } = 1")
    assert layout is not None
    a, b = layout.glyphs[0].box, layout.glyphs[1].box
    bar = layout.rules[0].box
    assert a.y1 < bar.y0 and bar.y1 < b.y0
    assert bar.x0 <= min(a.x0, b.x0) and bar.x1 >= max(a.x1, b.x1)


def test_a_root_spans_what_is_under_it(case: TypeCase) -> None:
    layout = case.formula(r"\sqrt { 3 6 + 6 4 }")
    assert layout is not None
    sign, *inside = (glyph.box for glyph in layout.glyphs)
    bar = layout.rules[0].box
    assert sign.x1 == pytest.approx(bar.x0, abs=0.01) and bar.y0 == pytest.approx(sign.y0, abs=0.01)
    assert all(bar.x0 < box.x0 and box.x1 < bar.x1 and box.y0 > bar.y1 and box.y1 <= sign.y1 for box in inside)


def test_nothing_is_set_without_its_glyphs(case: TypeCase) -> None:
    assert case.formula(r"x = \aleph") is None
    assert case.text("Nº 1") is None
    assert case.text("") is None


def test_neighbours_do_not_overlap(case: TypeCase) -> None:
    for text in ("1)", "(a)", "Q12.", "Ex 3:"):
        layout = case.text(text)
        assert layout is not None
        boxes = [glyph.box for glyph in layout.glyphs]
        assert all(left.x1 <= right.x0 for left, right in itertools.pairwise(boxes)), text


def test_derivations_are_canonical_and_can_be_set(case: TypeCase) -> None:
    for seed in range(150):
        rng = np.random.default_rng(seed)
        lines = derivation(rng) + facts(rng)
        assert 3 <= len(lines) <= 11
        for line in lines:
            assert " ".join(normalise(line)) == line
            layout = case.formula(line)
            assert layout is not None and layout.latex == line


def test_derivations_repeat_what_stands_on_the_left() -> None:
    """Most lines share their first sign with another line, or begin with the relation."""
    alike = total = 0
    for seed in range(100):
        lines = derivation(np.random.default_rng(seed))
        firsts = [line.split()[0] for line in lines]
        alike += sum(firsts.count(first) > 1 or first in ("=", r"\Rightarrow") for first in firsts)
        total += len(lines)
    assert alike > 0.6 * total
