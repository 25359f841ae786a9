"""The judge of the label language: which pictures it takes for the same, and which not."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from synth.layout import Layout
from synth.typeset import available, typeset

pytestmark = [pytest.mark.tex, pytest.mark.skipif(not available(), reason="latex is not installed")]
BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def same_signs(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("same_signs")


SAME = [
    (r"a\,b", r"a \quad b"),  # gaps
    (r"\left( \frac ab \right)", r"( \frac ab )"),  # sizes of delimiters
    (
        r"\left\{ \begin{matrix} a\\b\\c\\d\\e \end{matrix} \right.",
        r"\bigl\{ \begin{matrix} a\\b\\c\\d\\e \end{matrix}",
    ),
    (r"\sum\limits_a^b x", r"\sum\nolimits_a^b x"),  # limits beside or above
    (r"\max\limits_a^b x", r"\mathrm{max}_a^b x"),
    (r"\text{non-zero offer}", r"\mathrm{non} - \mathrm{zero} \mathrm{offer}"),  # ligatures, marks of text
    (r"a \not\in b", r"a \notin b"),  # strokes
    (r"\begin{aligned} a &= b \\ &= c \end{aligned}", r"\begin{gathered} a = b \\ = c \end{gathered}"),  # alignment
    (r"\begin{aligned} \overline{ab} \\ c \end{aligned}", r"\begin{gathered} \overline{ab} \\ \qquad c \end{gathered}"),
]
DIFFERENT = [
    ("x^2", "x_2", "place"),
    ("x_1", "x{\\scriptstyle 1}", "place"),
    ("a b", "b a", "signs"),
    ("a", r"\mathrm{a}", "signs"),
    ("a", r"\boldsymbol{a}", "signs"),
    ("a_{b_c}", "a_{bc}", "size"),
    (r"V_a{}^b", "V_a^b", "signs"),  # one script behind the other
    (r"\frac ab", r"\begin{matrix} a \\ b \end{matrix}", "rules"),
    (r"\sqrt{ab}", r"\sqrt a b", "reach of a rule"),
    (r"\overline{ab} c", r"\overline{abc}", "reach of a rule"),
    (r"\frac{a + b}{c} + d", r"\frac{a + b}{c + d}", "place"),
    (r"D\!\!\!\!/", "D /", "place"),  # one over the other
    (r"a \\ b".join((r"\begin{aligned} ", r" \end{aligned}")), "a b", "place"),
]


def pictures(*sources: str) -> list[Layout]:
    """The layouts of formulas, all of which typeset."""
    layouts = typeset(sources)
    assert all(isinstance(layout, Layout) for layout in layouts)
    return [layout for layout in layouts if isinstance(layout, Layout)]


def test_what_the_label_language_leaves_out_makes_no_other_picture(same_signs: ModuleType) -> None:
    for one, other in SAME:
        assert same_signs.difference(*pictures(one, other)) is None, (one, other)


def test_another_reading_is_another_picture(same_signs: ModuleType) -> None:
    for one, other, kind in DIFFERENT:
        assert same_signs.difference(*pictures(one, other)) == kind, (one, other)
