from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formula_tex import alignment_point, tidy, usable_tokens
from scanpage.latex import normalise, repair, to_latex, vocabulary


@pytest.mark.parametrize(
    ("canonical", "readable"),
    [
        ("x ^ { 2 } + 1 = 0", "x^{2} + 1 = 0"),
        ("- x + ( - 3 ) = - 5 , - y", "-x + (-3) = -5, -y"),  # signs stand at what they belong to
        (r"\frac { a } { b } \cdot c", r"\frac{a}{b} \cdot c"),
        (r"\alpha x \sin 2", r"\alpha x\sin 2"),
        ("f ( x ) , y", "f(x), y"),
        (r"\sqrt [ 3 ] { x }", r"\sqrt[3]{x}"),
        (r"\begin{aligned} a & = b \\ c & = d \end{aligned}", r"\begin{aligned}a & = b \\ c & = d\end{aligned}"),
        # a bracket after a line break would be read as its length, after \begin as an option
        (r"\begin{matrix} a \\ [ b ] \end{matrix}", r"\begin{matrix}a \\ {}[b]\end{matrix}"),
        (r"\begin{aligned} [ a ] \\ * \end{aligned}", r"\begin{aligned} {}[a] \\ {}*\end{aligned}"),
    ],
)
def test_tidy(canonical: str, readable: str) -> None:
    assert tidy(usable_tokens(canonical)) == readable


@given(st.integers(0, 10**6))
def test_tidy_source_is_still_the_same_formula(seed: int) -> None:
    rng = random.Random(seed)
    canonical = normalise(to_latex(repair(rng.choices(vocabulary(), k=rng.randint(1, 20)))) + " x")
    assert normalise(tidy(canonical)) == canonical


@pytest.mark.parametrize("latex", ["", " ", "{ x", r"\input { x }", r"\begin{document} x", "a $ b", "x }"])
def test_what_could_break_the_document_is_not_usable(latex: str) -> None:
    assert usable_tokens(latex) == []


@pytest.mark.parametrize(
    ("latex", "token_index"),
    [
        ("x = 1", 1),
        (r"\sum _ { i = 1 } ^ { n } i = 3", 12),
        (r"( a = b )", 2),  # round brackets are signs, not groups
        (r"\left ( \frac { a } { b } = c \right )", None),
        ("x", None),
    ],
)
def test_alignment_point_is_the_first_relation_outside_groups(latex: str, token_index: int | None) -> None:
    assert alignment_point(usable_tokens(latex)) == token_index
