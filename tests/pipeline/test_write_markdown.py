from __future__ import annotations

import pytest
from documents import document, formula, paragraph, row

from pipeline.write_markdown import document_to_markdown
from scanpage.document import (
    Block,
    Display,
    Document,
    Page,
    ScannedPage,
    Versions,
)


def markdown(*blocks: Block, failure: str | None = None) -> str:
    source = document_to_markdown(document(*blocks, failure=failure))
    begins = "<!-- Made by scanpage 1.2.3 -->\n\n<!-- notes.pdf page 1 -->\n\n"
    assert source.startswith(begins)
    return source.removeprefix(begins).removesuffix("\n")


def test_prose_with_inline_formula() -> None:
    assert markdown(paragraph(("for all", formula(r"x \in A"), ", we have 5%"))) == r"for all $x \in A$, we have 5%"


def test_divided_word_is_joined() -> None:
    lines = ("the func-",), ("tion of Navier-",), ("Stokes",)
    assert markdown(paragraph(*lines)) == "the function of Navier-Stokes"


@pytest.mark.parametrize(
    ("prose", "source"),
    [
        ("2 * 3 * 4, a_1 and b_2", r"2 \* 3 \* 4, a\_1 and b\_2"),
        ("# no heading", r"\# no heading"),
        ("1. no list", r"1\. no list"),
        ("12) no list", r"12\) no list"),
        ("3.14 is pi, - and + too", r"3\.14 is pi, - and + too"),
        ("- 4", r"\- 4"),
        ("a < b | c", r"a \< b \| c"),
        ("R&D &amp; [x](y)", r"R\&D \&amp; \[x\](y)"),
        ("costs $5", "costs <span>&#36;</span>5"),
        ("see https://a.b or www.c.d", r"see https\://a.b or www\.c.d"),
        (r"C:\x `y` ~z~", r"C:\\x \`y\` \~z\~"),
    ],
)
def test_prose_does_not_become_markup(prose: str, source: str) -> None:
    assert markdown(paragraph((prose,))) == source


@pytest.mark.parametrize(
    ("latex", "source"),
    [
        ("a < b > c", r"a \lt b \gt c"),
        (r"\{ x \} * \| y \|", r"\lbrace x\rbrace \ast \Vert y\Vert"),
        (r"\hat { a } _ { 1 }", r"\hat{a} _ {1}"),
        ("x _ { 1 }", "x_{1}"),
        (r"\{ _ { 1 }", r"\lbrace _ {1}"),
        (r"\begin{matrix} a \\ { } ^ { 2 } b \end{matrix}", r"\begin{matrix}a \\{}^{2}b\end{matrix}"),
        (r"\mathrm { i f ~ x }", r"\mathrm{if\ x}"),
        ("[ a ] ( b )", "[a] (b)"),
    ],
)
def test_formulas_are_spelled_without_signs_of_markdown(latex: str, source: str) -> None:
    assert markdown(paragraph(("so", formula(latex)))) == f"so ${source}$"


def test_displays() -> None:
    assert markdown(Display((row("x = 1", tag="2.3"),))) == "$$\n    x = 1 \\qquad \\text{(2.3)}\n$$"
    derivation = markdown(Display((row("x ^ { 2 } = 4"), row("= 2 x"))))
    assert derivation == "$$\n    \\begin{aligned}\n    x^{2} &= 4 \\\\\n    &= 2x\n    \\end{aligned}\n$$"
    gathered = markdown(Display((row("a = 1", "b = 2"), row("c"))))
    assert gathered == "$$\n    \\begin{gathered}\n    a = 1 \\qquad b = 2 \\\\\n    c\n    \\end{gathered}\n$$"


def test_an_equation_number_holds_nothing_but_a_number() -> None:
    assert r"\text{(1inputx)}" in markdown(Display((row("x", tag=r"1\input{x}$_"),)))


def test_doubtful_readings_are_marked() -> None:
    assert markdown(paragraph(("see", formula("x", check=True), "."))) == "see **(?)** $x$."
    assert r"    \textbf{(?)}\; x = 1" in markdown(Display((row("x = 1", check=True),)))


@pytest.mark.parametrize("latex", ["", "{ x", r"\input { secret }"])
def test_unusable_reading_is_a_visible_marker(latex: str) -> None:
    source = markdown(Display((row("a", latex),)), paragraph((formula(latex),)))
    assert source.count("**[formula not read") == 2 and "    a\n$$" in source


def test_failed_page_is_told() -> None:
    assert markdown(failure="page 1 is *gone*") == r"**Page not read:** page 1 is \*gone\*"


def test_source_name_cannot_leave_its_comment() -> None:
    page = Page("a --> <b>\n", 1, 1, 1, 72.0)
    source = document_to_markdown(Document((ScannedPage(page),), Versions("0")))
    assert source.count("-->") == 2 and "<b>" not in source
