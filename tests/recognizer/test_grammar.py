"""The grammar takes every canonical formula, and whatever it lets through parses."""

from __future__ import annotations

import random
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recognizer.grammar import Free, Grammar, State
from recognizer.tokenizer import LatexTokenizer
from scanpage.latex import normalise, repair, to_latex, tokenize, vocabulary
from scanpage.latex_symbols import HATS

TOKENIZER = LatexTokenizer()
START = Grammar(TOKENIZER.tokens, TOKENIZER.eos_id).start()
END = TOKENIZER.eos_id
SPACIOUS = 1000

FORMULAS = [
    r"x",
    r"\frac{a}{b}^{2}",
    r"\frac{}{x}",
    r"\sqrt[3]{\sqrt{x}}",
    r"x_{i}^{2} + {x_{i}}_{j} + {x^{2}}^{3} + {}^{14}C + {}_{2}^{4}\mathrm{He}",
    r"f^{\prime\prime}_{n}",
    r"\left( \frac{a}{b} \right]",
    r"\left. \frac{a}{b} \right|_{x = 0}",
    r"[0, 1) \cup \{ x \} \| y \|",
    r"\mathbf{x} \mathcal{L} \mathbb{R} \mathbb{1} \mathfrak{g} \mathscr{H} \mathsf{T} \mathtt{a} \boldsymbol{\alpha}",
    r"\boldsymbol{\mathcal{A}} \mathbf{\hat{n}} \boldsymbol{\vec{v}} \mathrm{\overline{MS}}",
    r"x \text{ if } y \text{ and so on}",
    r"\mathrm{argmax}_{x} \sin x \lim_{x \to 0} \operatorname{sinc} x",
    r"\hat{x} \overline{x + y} \xrightarrow{} \xrightarrow{f} \widehat{\tilde{\bar{\vec{x}}}}",
    r"\begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}",
    r"\begin{matrix} & a \\ \\ b \end{matrix}",
    r"\begin{cases} x & y > 0 \\ -x \end{cases}",
    r"\begin{aligned} a & = b \\ & = c \end{aligned}",
    r"\overset{!}{=} \underset{x}{\max} \binom{n}{k}",
    r"R^{a}{}_{b} \text{~}_{b}",
    r"\underbrace{a + b}_{c}",
    r"{\overline{x}_{a}}^{2} + \vec{\widetilde{Q}}_{i} + \hat{\dddot{x} y}",
    r"{\dot{x}_{a}}^{2} + \bar{\bar{\boldsymbol{x}}}_{i} + {\hat{x} y^{a}}^{b}",
    r"\mathrm{exp \left( \frac{a}{b} \right)} + \sqrt[\frac{n}{2}]{x}",
]

REFUSED = [
    r"{ { \hat { x } _ { a } } ^ { b } } ^ { c }",
    r"{ \hat { x } _ { a } } ^ { b }",  # the group is none to TeX
    r"\overset { a } { \overset { b } { \overset { c } { \overset { d } { \overset { e } { x } } } } }",
    r"\sqrt [ 3 ] { \sqrt [ 3 ] { \hat { \hat { \sqrt [ 3 ] { x } } } } }",
    r"",
    r"_ { a }",
    r"^ { a }",
    r"x _ { }",
    r"x _ a",
    r"x ^ { a } _ { b }",  # the subscript comes first
    r"x ^ { a } ^ { b }",
    r"x _ { a } _ { b }",
    r"x ^ { \prime } ^ { 2 }",
    r"{ x }",
    r"{ x } ^ { 2 }",  # the group does nothing
    r"{ x ^ { a } } _ { b }",
    r"{ }",
    r"\frac { a }",
    r"\frac a b",
    r"\frac [ a ]",
    r"\hat { }",
    r"\hat x",
    r"\hat { \hat { \hat { \hat { \hat { x } } } } }",
    r"\sqrt [ ] { x }",
    r"\sqrt x",
    r"\mathbf { a b }",
    r"\mathbf { + }",
    r"\mathbb { a }",
    r"\mathcal { 1 }",
    r"\mathrm { }",
    r"\mathrm { ~ a }",
    r"\mathrm { x _ { 1 } }",
    r"\boldsymbol { \binom { a } { b } }",
    r"\boldsymbol { \sqrt { \boldsymbol { x } } }",
    r"x ~ y",
    r"x \mid y",  # another name of |
    r"\left ( x",
    r"\left x \right )",
    r"\left < x \right >",
    r"\left ( \right )",
    r"x \right )",
    r"\frac { \left ( x } { y } \right )",
    r"a & b",
    r"a \\ b",
    r"\begin{matrix} \end{matrix}",
    r"\begin{matrix} a & \\ b \end{matrix}",
    r"\begin{matrix} a \\ \end{matrix}",
    r"\begin{matrix} a \end{cases}",
    r"\begin{cases} a & b & c \end{cases}",
    r"\begin{aligned} a & b \end{aligned}",
    r"\frac { \begin{matrix} a } { b \end{matrix} }",
    r"}",
    r"\end{matrix}",
    # These parse, but LaTeX stops at them, or does for what they can be respelt to.
    r"\hat { \bar { a } + \bar { b } }",
    r"\hat { \sqrt { \hat { x } } }",
    r"\hat { \tilde { x ^ { 2 } } } ^ { c }",
    r"{ \hat { x } ^ { a } } ^ { b }",
    r"{ \mathbf { \hat { x } } ^ { a } } ^ { b }",
    r"\sqrt [ \begin{matrix} a & b \end{matrix} ] { x }",
    r"\sqrt [ \sqrt [ 3 ] { x } ] { y }",
    r"\left . x ^ { a } \right . _ { b }",
    r"\mathcal { \left ( 1 \right ) }",
]


def follow(tokens: Sequence[str], limit: int = SPACIOUS) -> bool:
    """Whether the grammar lets a formula through, its end included."""
    state: State = START
    ids = TOKENIZER.encode(tokens)[1:]
    for at, token in enumerate(ids):
        if not state.permits(token, limit - at):
            return False
        if token != END:
            state = state.after(token)
    return True


def wander(rng: random.Random, limit: int, liking: Sequence[str] = ()) -> list[str]:
    """A formula of at most `limit` tokens, its end included: any permitted token, or rather one that is liked."""
    state: State = START
    liked = {TOKENIZER.encode([token])[1] for token in liking}
    out: list[int] = []
    while True:
        permitted = np.flatnonzero(state.mask(limit - len(out))).tolist()
        preferred = [token for token in permitted if token in liked]
        token = rng.choice(preferred if preferred and rng.random() < 0.6 else permitted)
        if token == END:
            return TOKENIZER.decode(out)
        out.append(token)
        state = state.after(token)


@pytest.mark.parametrize("source", FORMULAS)
def test_canonical_formulas_are_let_through(source: str) -> None:
    tokens = normalise(source)
    assert follow(tokens)


@pytest.mark.parametrize("source", FORMULAS)
def test_a_formula_fits_into_exactly_its_length(source: str) -> None:
    tokens = normalise(source)
    assert follow(tokens, len(tokens) + 1)
    assert not follow(tokens, len(tokens))


@pytest.mark.parametrize("written", REFUSED)
def test_what_does_not_parse_or_is_spelt_otherwise_is_not_let_through(written: str) -> None:
    assert not follow(written.split())


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        # Which delimiters grow depends on what stands between them; either way they say the same.
        (r"\left ( x \right )", "( x )"),
        (r"( \sum )", r"\left ( \sum \right )"),
        # Upright letters make one word, and words may name functions.
        (r"\mathrm { a } \mathrm { b }", r"\mathrm { a b }"),
        (r"\mathrm { s i n }", r"\sin"),
        (r"\mathrm { a ~ } b", r"\mathrm { a } b"),
    ],
)
def test_what_repair_only_respells_is_let_through(written: str, canonical: str) -> None:
    assert follow(written.split())
    assert repair(written.split()) == canonical.split()


STRUCTURE = [
    *tokenize(r"{ } ^ _ & ~ \\ \left \right [ ] ( \sqrt \frac \hat \mathrm \mathbf \boldsymbol \xrightarrow"),
    *(f"\\{side}{{{name}}}" for side in ("begin", "end") for name in ("matrix", "cases", "aligned")),
]
OPENING = ["{", "^", "\\left", "\\sqrt", "\\frac", "[", "\\boldsymbol", "\\begin{aligned}", "\\hat", "\\mathrm"]


@settings(max_examples=200)
@given(st.randoms(use_true_random=False), st.integers(2, 260), st.sampled_from([STRUCTURE, OPENING, ()]))
def test_whatever_is_let_through_parses_within_its_limit(rng: random.Random, limit: int, liking: Sequence[str]) -> None:
    tokens = wander(rng, limit, liking)
    assert 1 <= len(tokens) < limit
    assert normalise(to_latex(tokens)) == repair(tokens)


@settings(max_examples=200)
@given(st.randoms(use_true_random=False), st.integers(2, 120))
def test_without_grown_delimiters_and_words_it_is_canonical(rng: random.Random, limit: int) -> None:
    tokens = wander(rng, limit, STRUCTURE)
    if {"\\left", "\\mathrm", "(", "[", "\\{"}.isdisjoint(tokens):
        assert repair(tokens) == tokens


@pytest.mark.tex
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_whatever_is_let_through_compiles(pdflatex: ModuleType, tmp_path: Path) -> None:
    rng = random.Random(0)
    formulas = [wander(rng, rng.randint(2, 250), rng.choice([STRUCTURE, OPENING, ()])) for _ in range(150)]
    # As it stands, and as repair spells it.
    sources = [to_latex(spelt) for tokens in formulas for spelt in (tokens, repair(tokens))]
    assert pdflatex.refusal(pdflatex.displays(sources), tmp_path) == ""


@settings(max_examples=200)
@given(st.lists(st.sampled_from(sorted(set(vocabulary()) - HATS - {"\\sqrt", "\\left"})), max_size=30))
def test_what_repair_makes_of_anything_is_let_through(tokens: list[str]) -> None:
    repaired = repair(tokens)
    if repaired:
        assert follow(repaired)


@settings(max_examples=50)
@given(st.randoms(use_true_random=False), st.integers(2, 80))
def test_need_is_the_shortest_way_to_the_end(rng: random.Random, limit: int) -> None:
    state: State = START
    for token in TOKENIZER.encode(wander(rng, limit, OPENING))[1:-1]:
        state = state.after(token)
        assert not state.mask(state.need - 1).any()
        assert state.mask(state.need).any()


def test_a_mask_is_what_is_permitted() -> None:
    state = START.after(TOKENIZER.encode(["\\frac"])[1]).after(TOKENIZER.encode(["{"])[1])
    for remaining in (state.need, state.need + 1, state.need + 5, SPACIOUS):
        permitted = [state.permits(token, remaining) for token in range(len(TOKENIZER))]
        assert state.mask(remaining).tolist() == permitted


@pytest.mark.parametrize("command", ["\\input", "\\write", "\\def", "\\include", "\\csname", "\\catcode", "\\openout"])
def test_commands_that_could_do_harm_are_not_in_the_vocabulary(command: str) -> None:
    assert command not in TOKENIZER.tokens
    assert not any(command in token for token in TOKENIZER.tokens)


def test_tokens_that_the_label_language_lacks_are_never_permitted() -> None:
    tokenizer = LatexTokenizer([*vocabulary(), "\\input", "\\write"])
    state = Grammar(tokenizer.tokens, tokenizer.eos_id).start()
    rng = random.Random(0)
    unknown = [*range(tokenizer.eos_id), tokenizer.unk_id, *tokenizer.encode(["\\input", "\\write"])[1:-1]]
    for _ in range(300):
        mask = state.mask(SPACIOUS)
        assert not mask[unknown].any()
        mask[tokenizer.eos_id] = False
        state = state.after(rng.choice(np.flatnonzero(mask).tolist()))


def test_nothing_follows_the_end() -> None:
    state = START.after(TOKENIZER.encode(["x"])[1])
    with pytest.raises(ValueError, match="end"):
        state.after(END)


def test_without_a_grammar_all_is_permitted() -> None:
    free = Free()
    assert free.permits(END, 1) and free.mask(1).all() and free.after(3).need == 0
