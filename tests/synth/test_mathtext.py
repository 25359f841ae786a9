import pytest

from synth.layout import Failure, Layout
from synth.mathtext import MathtextFamily, typeset_mathtext


@pytest.mark.parametrize("family", MathtextFamily)
def test_baseline_is_at_zero_and_units_are_em(family):
    (letter,) = typeset_mathtext(["x"], family=family)
    assert isinstance(letter, Layout)
    assert letter.glyphs[0].y == pytest.approx(0.0, abs=0.01)
    assert letter.glyphs[0].size == 1.0
    assert -0.65 < letter.box.y0 < -0.35
    assert letter.box.y1 == pytest.approx(0.0, abs=0.03)


def test_fraction_has_a_bar_between_its_parts():
    (layout,) = typeset_mathtext([r"\frac{a}{b}"])
    (bar,) = layout.rules
    top, bottom = sorted(layout.glyphs, key=lambda g: g.y)
    assert top.name == "a"
    assert top.box.y1 < bar.box.y0 < bar.box.y1 < bottom.box.y0


def test_unknown_commands_cost_only_themselves():
    results = typeset_mathtext(["a", r"\nosuch", "b"])
    assert [isinstance(r, Layout) for r in results] == [True, False, True]
    assert isinstance(results[1], Failure)
    assert "nosuch" in results[1].reason
