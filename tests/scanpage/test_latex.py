"""The label language: one spelling for each picture, and a compilable one for whatever a model writes."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scanpage.latex import Refusal, is_tall, normalise, repair, to_latex, tokenize, vocabulary
from scanpage.latex_symbols import HATS

VOCABULARY = vocabulary()
STRUCTURE = [
    "{", "}", "^", "_", "&", "\\\\", "\\left", "\\right", "\\sqrt", "[", "]", "\\frac", "\\prime", "~", ".", "\\mathrm",
    "\\begin{matrix}", "\\end{matrix}", "\\begin{cases}", "\\end{cases}", "\\begin{aligned}", "\\end{aligned}",
]  # fmt: skip

# What models write: mostly signs, with structure more often than its share of the vocabulary.
token_lists = st.lists(st.one_of(st.sampled_from(VOCABULARY), st.sampled_from(STRUCTURE)), max_size=40)
hatted = st.lists(st.sampled_from([*sorted(HATS), "\\widehat", "{", "}", "^", "_", "x", "~", "\\mathbf"]), max_size=25)
# What people write, in any order.
PIECES = r"""
x y_1 ^2 ' { } \\ & \\[2pt] \\* \left( \right) \left. \right\} \text{if~$x$} \mbox{ \textbf{a \bf $ \( \) [ ]
* . ! , / \! \begin{aligned} \end{aligned} \begin{array}{l@{\,}r} \end{array} \begin{cases} \end{cases}
\begin{alignat}{2} \end{alignat}
\frac \sqrt[3] \over \atop \not \dots + \mathop \limits \kern-3pt \hspace{1em} \mathbb k \mathit \Gamma \hat
\boldsymbol \prescript \mathchoice \xrightarrow[a] \setlength\jot{1pt} \big{|} % \unknown é
"""
pieces = st.sampled_from(PIECES.split())
sources = st.one_of(st.text(max_size=30), st.lists(pieces, max_size=30).map(" ".join), st.lists(pieces).map("".join))
formulas = st.recursive(
    st.sampled_from(
        [
            "x",
            "y",
            "2",
            "+",
            "=",
            r"\alpha",
            r"\sum",
            r"\sin",
            r"\infty",
            "f ( x )",
            r"\mathrm{if}",
            "n!",
            r"\hat{x}y",
            r"\bar{\vec{x^2}}",
            r"\mathbf{\tilde{x}}^2z",
            r"\overline{x + y}",
        ]
    ),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(" ".join),
        st.tuples(inner, inner).map(lambda p: f"\\frac{{{p[0]}}}{{{p[1]}}}"),
        inner.map(lambda f: f"\\sqrt{{{f}}}"),
        inner.map(lambda f: f"\\left( {f} \\right)"),
        inner.map(lambda f: f"\\mathbf{{{f}}}"),
        inner.map(lambda f: f"\\binom{{n}}{{{f}}}"),
        st.tuples(inner, inner).map(lambda p: f"{{{p[0]}}}_{{{p[1]}}}"),
        st.tuples(inner, inner).map(lambda p: f"{{{p[0]}}}^{{{p[1]}}}"),
        st.tuples(inner, inner).map(lambda p: f"\\begin{{pmatrix}} {p[0]} & 1 \\\\ 0 & {p[1]} \\end{{pmatrix}}"),
        st.tuples(inner, inner).map(lambda p: f"\\begin{{cases}} {p[0]} & x \\\\ {p[1]} \\end{{cases}}"),
        inner.map(lambda f: f"\\text{{if ${f}$ or}}"),
        st.tuples(inner, inner).map(lambda p: f"\\begin{{split}} {p[0]} &= 1 \\\\ &< {p[1]} \\end{{split}}"),
    ),
    max_leaves=12,
)
# Several lines, as `align`, `eqnarray` and `gather` have them.
derivations = st.tuples(
    st.sampled_from([r"%s &= %s \\ &< %s", r"%s &=& %s \\[1ex] & & + %s \\", r"%s \\ %s \\* %s", r"%s & %s \cr %s"]),
    formulas,
    formulas,
    formulas,
).map(lambda parts: parts[0] % parts[1:])


@pytest.mark.parametrize(
    ("source", "canonical"),
    [
        ("x^2_1", "x _ { 1 } ^ { 2 }"),  # subscript first, braces always
        (r"\frac12", r"\frac { 1 } { 2 }"),  # arguments as TeX takes them
        (r"\dfrac{a}{b}", r"\frac { a } { b }"),  # no style commands
        (r"a\,b\;c\quad d", r"a b c \quad d"),  # no thin spaces
        (r"a \le b \to c", r"a \leq b \rightarrow c"),  # one name for a sign
        (r"f''", r"f ^ { \prime \prime }"),  # primes are superscripts
        ("f'^2", r"f ^ { \prime 2 }"),  # and join others
        (r"\left( x \right)", "( x )"),  # nothing tall inside
        (r"\bigl( x \bigr)", "( x )"),
        (r"( \frac{a}{b} )^2", r"\left ( \frac { a } { b } \right ) ^ { 2 }"),  # brackets grow with what is tall
        (r"[ 0, \frac{1}{2} )", r"[ 0 , \frac { 1 } { 2 } )"),  # but only in pairs
        (r"( a ) ( \{ \frac{a}{b} \} )", r"( a ) \left ( \left \{ \frac { a } { b } \right \} \right )"),
        (r"\left( \sum x \right.", r"\left ( \sum x \right ."),
        (r"\left\{\begin{array}{ll} a & b \\ c \end{array}\right.", r"\begin{cases} a & b \\ c \end{cases}"),
        (
            r"\left\{\begin{array}{lll} a & b & c \end{array}\right.",  # three columns are too many for cases
            r"\left \{ \begin{matrix} a & b & c \end{matrix} \right .",
        ),
        (r"\begin{pmatrix} a \\ b \end{pmatrix}", r"\left ( \begin{matrix} a \\ b \end{matrix} \right )"),
        (r"\mathrm{sin} x", r"\sin x"),  # words that name a function
        (r"\text{for all } x", r"\mathrm { f o r ~ a l l } x"),
        (r"\operatorname{rank} A", r"\mathrm { r a n k } A"),
        (r"\mathbf{xy}", r"\mathbf { x } \mathbf { y }"),  # letter by letter
        (r"{\bf x} y", r"\mathbf { x } y"),  # a switch ends with its group
        (r"( \frac12 ) \over b", r"\frac { \left ( \frac { 1 } { 2 } \right ) } { b }"),
        (r"a \over b", r"\frac { a } { b }"),
        (r"\not= \not\in", r"\neq \notin"),
        (r"\sqrt[3]{x}", r"\sqrt [ 3 ] { x }"),
        (r"\sqrt[{[a]}]{x}", r"\sqrt [ { [ a ] } ] { x }"),  # a bracket in the index is shut in
        (r"{x^2}^3", r"{ x ^ { 2 } } ^ { 3 }"),  # braces that keep scripts apart stay
        (r"x^{}", "x"),  # nothing is written there
        (r"\mathrm{a{}_{}b}", r"\mathrm { a b }"),
        (r"{x^a}^{}_b", "x _ { b } ^ { a }"),
        (r"V_a{}_{}^b", r"V _ { a } { } ^ { b }"),
        (r"\hat\begin{split} [ & \sum ] \end{split}", r"\hat { \left [ \sum \right ] }"),  # one argument
        (r"{\hat{x}_a}^b", r"\hat { x } _ { a } ^ { b }"),  # which those around one accent are not
        (r"{\hat{\bar{x}}_a}^b", r"{ \hat { \bar { x } } _ { a } } ^ { b }"),  # two are more than one
        (r"{\overline{x}^a}^b", r"{ \overline { x } ^ { a } } ^ { b }"),  # this is none to TeX
        (r"\hat{\tilde{x^2}}^c", r"{ \hat { \tilde { x ^ { 2 } } } } ^ { c }"),  # LaTeX would set 2 and c together
        (r"\mathbf{\hat{\tilde{x^2}}^c}", r"{ \mathbf { \hat { \tilde { x ^ { 2 } } } } } ^ { \mathbf { c } }"),
        (r"\boldsymbol{\overset{a}{b}}", r"\overset { a } { b }"),  # bold packages hang on it
        (r"\begin{aligned} a &= b \end{aligned}", "a = b"),  # one line needs no alignment
        ("x % remark", "x"),
        (r"a &= b \\[2pt] &\le c \\", r"\begin{aligned} a & = b \\ & \leq c \end{aligned}"),  # lines are one body
        (r"a &= b \nonumber \label{x}", "a = b"),
        (r"a &=& b \\ &=& c", r"\begin{aligned} a & = b \\ & = c \end{aligned}"),  # columns of eqnarray
        (r"& [ & \sum ] \\ a", r"\begin{aligned} & \left [ \sum \right ] \\ a \end{aligned}"),
        (r"a && b \\ c", r"\begin{aligned} a & & b \\ c \end{aligned}"),  # which this is not
        (r"a \\* b \cr c", r"\begin{aligned} a \\ b \\ c \end{aligned}"),
        (r"\begin{align*} a \\ b \end{align*}", r"\begin{aligned} a \\ b \end{aligned}"),
        (r"\begin{eqnarray} a &=& b \\ &=& c \end{eqnarray}", r"\begin{aligned} a & = b \\ & = c \end{aligned}"),
        (r"\begin{alignat}{2} a & b & c \\ d \end{alignat}", r"\begin{aligned} a & b & c \\ d \end{aligned}"),
        (r"\begin{equation} a \\ b \end{equation}", "a b"),  # LaTeX breaks no line there
        (
            r"\begin{gather} \begin{split} a \\ b \end{split} \\ c \end{gather}",
            r"\begin{aligned} \begin{aligned} a \\ b \end{aligned} \\ c \end{aligned}",
        ),
        (r"\begin{array}{*{2}{c}@{\,}l} a & b \\ c \end{array}", r"\begin{matrix} a & b \\ c \end{matrix}"),
        (r"\begin{psmallmatrix} a \\ b \end{psmallmatrix}", r"\left ( \begin{matrix} a \\ b \end{matrix} \right )"),
        ("$x$", "x"),  # what formulas come in
        (" $$ x^2 $$ ", "x ^ { 2 }"),
        (r"\(\text{if $x$}\)", r"\mathrm { i f } x"),
        (r"\[ x \]", "x"),
        (r"\text{if $x>0$ or}", r"\mathrm { i f } x > 0 \mathrm { o r }"),  # mathematics in text
        (
            r"\text{a \textbf{b $c d$} $\mathbf{e \text{f g}}$}",
            r"\mathrm { a } \mathbf { b } c d \mathbf { e } \mathrm { f ~ g }",
        ),
        (r"\text{{for $a$} b}", r"\mathrm { f o r } a \mathrm { b }"),
        (r"\mbox{\boldmath{$x$}}", r"\boldsymbol { x }"),
        (r"\textbf{$x$ is}", r"x \mathbf { i } \mathbf { s }"),
        (r"\mbox{\boldmath $x$}", r"\boldsymbol { x }"),
        (r"\text{\textit{a} b}", r"a \mathrm { b }"),  # the inner alphabet counts
        (r"\textbf{\textit{a}}", r"\boldsymbol { a }"),  # and in text both do
        (r"\textbf{\text{a}}", r"\mathbf { a }"),
        (r"\frak{g} h", r"\mathfrak { g } h"),
        (r"\mathbf{\Gamma}", r"\boldsymbol { \Gamma }"),
        (r"\boldsymbol{\mathrm{a}}", r"\mathbf { a }"),
        (r"\boldsymbol{\hat{\boldsymbol{a}}}", r"\hat { \boldsymbol { a } }"),  # bold twice over hangs TeX
        (r"{\bf x_{\rm 1}}", r"\mathbf { x } _ { 1 }"),
        (r"a \kern 3pt b \hspace{1cm} c \hskip-2em d", "a b c d"),
        (r"a + \dots + b, \dots", r"a + \cdots + b , \ldots"),  # where TeX raises the dots
        (r"\left< a \right>", r"\langle a \rangle"),
        (r"\Big{|} a", "| a"),
        (r"{V_a}^b", r"{ V _ { a } } ^ { b }"),  # one script behind the other, not above it
        (r"V_a{}^b", r"V _ { a } { } ^ { b }"),
        (r"V_a\!^b", r"V _ { a } { } ^ { b }"),
        (r"\sum\limits_a^b", r"\sum _ { a } ^ { b }"),
        (r"\mathop{\rm max}\limits_a x", r"\max _ { a } x"),
        (r"\mathop{=}\limits^a b", r"\overset { a } { = } b"),  # scripts of no operator
        (r"\xrightarrow[a]{b}", r"\underset { a } { \xrightarrow { b } }"),
        (r"\prescript{a}{b}{X}", r"{ } _ { b } ^ { a } X"),
        (r"a \pmod n", r"a ( \bmod n )"),
        (r"\text{F\'Et}", r"\mathrm { F \acute { E } t }"),
    ],
)
def test_normalise_spells_canonically(source: str, canonical: str) -> None:
    assert " ".join(normalise(source)) == canonical


@pytest.mark.parametrize(
    "source",
    [
        "",  # nothing
        r"\unknown x",
        "$x$ and $y$",  # two formulas
        "$x",
        "{ x",  # unbalanced
        "x }",
        "x ^ 1 ^ 2",  # double scripts
        "x _ 1 _ 2",
        r"\left( x",
        r"\hat{}",  # an accent over nothing
        r"\bar{\bar{\bar{\bar{\bar{x}}}}}",  # accents nested too deeply
        r"\sqrt[3]{\sqrt[3]{\sqrt[3]{\sqrt[3]{\sqrt[3]{x}}}}}",  # what takes LaTeX four times as long each time
        r"\sqrt[\begin{matrix} a & b \end{matrix}]{x}",  # LaTeX stops, if it stands in another alignment
        r"\hat{\bar{a} + \bar{b}}",  # LaTeX stops
        r"\hat{\bar{a} + b}",  # or prints a over b
        r"\hat{\mathbf{\bar{x}}}",  # or loses the alphabet
        r"{\hat{x}^a}^b",  # the braces are none to TeX
        r"{\mathbf{\widehat{x}}^a}^b",
        r"{{\hat{x}_a}^b}^c",
        r"{{}^{} \hat{x}_a}_b",
        r"\begin{matrix} a",
        r"\begin{tikzcd} a \end{tikzcd}",
        r"\frac{a}",
        r"\begin{cases} a & b & c \end{cases}",  # amsmath takes two columns
        r"\begin{array}{c|c} a & b \end{array}",  # lines
        r"\begin{cases*} a & b \end{cases*}",  # text in the second column
        r"D\!\!\!\!/",  # signs over one another
        r"\beta\kern-5pt\beta",
        r"\mathit{\Gamma}",  # no token for it
        r"\mathbb{k}",  # no sign for it
        r"\mathcal{8}",
        r"\mathsf{\Gamma}",
        r"\sum_{\substack{a \\ b}}",
        r"a \atop b",
        r"\not\equiv",
        "x ^",
        "{" * 60 + "x" + "}" * 60,  # too deep
    ],
)
def test_normalise_refuses_what_the_label_language_leaves_out(source: str) -> None:
    with pytest.raises(Refusal):
        normalise(source)


@given(st.one_of(formulas, derivations))
def test_normalise_is_idempotent(source: str) -> None:
    tokens = normalise(source)
    assert normalise(to_latex(tokens)) == tokens


@given(st.one_of(formulas, derivations))
def test_repair_leaves_canonical_tokens_alone(source: str) -> None:
    tokens = normalise(source)
    assert repair(tokens) == tokens


@given(st.one_of(formulas, derivations))
def test_canonical_tokens_are_in_the_vocabulary(source: str) -> None:
    assert set(normalise(source)) <= set(VOCABULARY)


@given(derivations)
def test_several_lines_are_one_aligned_body(source: str) -> None:
    tokens = normalise(source)
    assert tokens[0] == r"\begin{aligned}" and tokens[-1] == r"\end{aligned}"


@given(sources)
def test_normalise_raises_nothing_but_refusals_whatever_the_string(source: str) -> None:
    try:
        tokens = normalise(source)
    except Refusal as refusal:
        assert str(refusal)
    else:
        assert set(tokens) <= set(VOCABULARY)
        assert normalise(to_latex(tokens)) == tokens
        assert repair(tokens) == tokens


@pytest.mark.parametrize(
    "source",
    ["{" * 5000, r"\left(" * 5000, r"\text{$" * 5000, "x^" * 5000, r"\bf " * 5000, r"\over " * 5000, r"\hat" * 5000,
     r"\begin{array}{c}" * 5000, "\\" * 5001, "$" * 5000, r"\not" * 5000, r"\mathop" * 5000],
)  # fmt: skip
def test_normalise_refuses_deep_nests_in_time(source: str) -> None:
    with pytest.raises(Refusal):
        normalise(source)


@given(st.one_of(token_lists, hatted))
def test_repair_makes_canonical_tokens_of_anything(tokens: list[str]) -> None:
    repaired = repair(tokens)
    assert set(repaired) <= set(VOCABULARY)
    assert repair(repaired) == repaired
    if repaired:
        assert normalise(to_latex(repaired)) == repaired


@pytest.mark.parametrize(
    ("written", "mended"),
    [
        (r"\hat { \bar { a } + b }", r"\widehat { \bar { a } + b }"),  # the like of it that LaTeX takes
        (r"\sqrt [ \begin{matrix} a & b \end{matrix} ] { x }", r"\sqrt { x }"),
        (r"\dot { \bar { a } + b }", r"\bar { a } + b"),  # where it has one
        (r"{ \hat { x } ^ { a } } ^ { b }", r"\hat { x } ^ { a b }"),
        (r"{ ~ \mathbf { \hat { x } } ^ { a } } ^ { b }", r"\mathbf { \hat { x } } ^ { a b }"),
        (r"\overset { a } { " * 5 + "x " + "} " * 5, r"\overset { a } { " * 4 + "a x" + " }" * 4),
        (r"\sqrt [ 3 ] { " * 5 + "x " + "} " * 5, r"\sqrt [ 3 ] { " * 4 + r"\sqrt { x }" + " }" * 4),
    ],
)
def test_repair_loses_little(written: str, mended: str) -> None:
    assert " ".join(repair(written.split())) == mended


@given(token_lists)
def test_repair_balances_braces(tokens: list[str]) -> None:
    depth = 0
    for token in repair(tokens):
        depth += (token == "{") - (token == "}")
        assert depth >= 0
    assert depth == 0


@given(st.lists(st.text(max_size=6), max_size=10))
def test_repair_takes_tokens_of_no_vocabulary(tokens: list[str]) -> None:
    assert set(repair(tokens)) <= set(VOCABULARY)


NESTS = [
    ["{"], ["\\left"], ["\\sqrt"], ["^"], ["\\begin{matrix}"], ["\\mathrm"], ["\\frac"], ["\\boldsymbol"],
    ["\\frac", "{"], ["x", "^", "{"], ["\\sqrt", "["], ["\\begin{cases}", "x", "&"], ["\\overbrace"],
    ["\\left", "(", "\\sum"], ["\\overset", "{", "\\begin{aligned}", "a", "\\\\"],
    ["\\overset", "a", "{"], ["\\sqrt", "[", "3", "]", "{"],
]  # fmt: skip


@pytest.mark.parametrize("opening", NESTS, ids=" ".join)
def test_repair_is_total_on_deep_nests(opening: list[str]) -> None:
    repaired = repair(opening * 1000)
    assert set(repaired) <= set(VOCABULARY)
    assert repaired.count("{") == repaired.count("}") < 200


@given(st.sampled_from(VOCABULARY))
def test_every_token_of_the_vocabulary_is_one_token(token: str) -> None:
    assert tokenize(token) == [token]


def test_the_vocabulary_names_each_token_once_and_in_a_fixed_order() -> None:
    assert len(set(VOCABULARY)) == len(VOCABULARY)
    assert vocabulary() == VOCABULARY


def test_a_bracket_that_begins_a_row_is_kept_from_the_row_break() -> None:
    tokens = normalise(r"\begin{matrix} a \\ {[} b ] \end{matrix}")
    assert to_latex(tokens) == r"\begin{matrix} a \\ {} [ b ] \end{matrix}"
    assert normalise(to_latex(tokens)) == tokens


def test_tall_things_make_delimiters_grow() -> None:
    assert is_tall(["x", "\\frac"])
    assert not is_tall(["x", "^", "{", "2", "}"])


SEVERAL_LINES = [
    r"a &= b \\ &= [c] \\ [d] &= e", r"a &=& b \\ & & + c", r"* \\ *",
    r"\left\{ \begin{array}{l} a \\ b \end{array} \right. \\ c",
    r"\begin{split} a &= \begin{cases} b & c \\ d \end{cases} \\ e \end{split}", r"a & b & c & d \\ e & f",
]  # fmt: skip


# Where amsmath stops at an accent depends on those of earlier formulas: here each formula is the first.
FRESH = "".join(rf"\global\let\macc@{name}\undefined" for name in ("kerna", "kernb", "nucleus"))
FRESH = rf"\makeatletter\newcommand\fresh{{{FRESH}}}\makeatother" + "\n"
HATTED = [*sorted(HATS), "\\widehat", "\\overline", *("{", "}", "^", "_", "x", "\\mathbf", "\\boldsymbol") * 3]


@pytest.mark.tex
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_whatever_is_repaired_compiles(pdflatex: ModuleType, tmp_path: Path) -> None:
    rng = random.Random(0)
    written = [
        [rng.choice(STRUCTURE if rng.random() < 0.5 else VOCABULARY) for _ in range(rng.randint(1, 40))]
        for _ in range(300)
    ]
    written += [[rng.choice(HATTED) for _ in range(rng.randint(5, 40))] for _ in range(300)]
    sources = [to_latex(repair(tokens)) for tokens in written] + [to_latex(repair([token])) for token in VOCABULARY]
    sources += [to_latex(repair([*(opening * 300), "x"])) for opening in NESTS]
    body = FRESH + "\n\n".join(f"\\fresh ${source}$" for source in sources if source)
    body += pdflatex.displays([to_latex(repair(normalise(source))) for source in SEVERAL_LINES])
    assert pdflatex.refusal(body, tmp_path) == ""
    assert (tmp_path / "all.pdf").stat().st_size > 20_000
