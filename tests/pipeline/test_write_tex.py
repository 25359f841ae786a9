from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from documents import PAGE, document, formula, paragraph, row

from pipeline.write_tex import Template, document_to_fragment, document_to_tex
from scanpage.document import (
    Block,
    Display,
    Document,
    Page,
    ScannedPage,
    Versions,
)
from scanpage.errors import UsageError
from scanpage.latex import repair, to_latex, tokenize


def tex(*blocks: Block, failure: str | None = None) -> str:
    return document_to_tex(document(*blocks, failure=failure))


def body(source: str) -> str:
    return source.split("notes.pdf page 1\n")[1].split("\\end{document}")[0].strip()


def test_prose_with_inline_formula() -> None:
    source = tex(paragraph(("for all", formula(r"x \in A"), "we have 5%")))
    assert body(source) == "\\noindent\nfor all $x \\in A$ we have 5\\%"


def test_punctuation_stands_at_its_formula() -> None:
    source = tex(paragraph(("see (", formula("x"), "), and", formula("y"), ".")))
    assert body(source) == "\\noindent\nsee ($x$), and $y$."


def test_divided_word_is_joined() -> None:
    source = tex(paragraph(("the func-",), ("tion of Navier-",), ("Stokes",)))
    assert body(source) == "\\noindent\nthe func%\ntion of Navier-%\nStokes"


def test_blackboard_digits_are_set_in_an_alphabet_that_has_digits() -> None:
    assert r"\mathbf{1}_{A}" in body(tex(Display((row(r"\mathbb { 1 } _ { A }"),))))
    assert r"\mathbb{R}" in body(tex(Display((row(r"\mathbb { R }"),))))


def test_one_row_is_a_plain_display() -> None:
    assert body(tex(Display((row("x = 1"),)))) == "\\[\n  x = 1\n\\]"


def test_equation_number_becomes_a_tag() -> None:
    assert r"x = 1 \tag{2.3}" in body(tex(Display((row("x = 1", tag="2.3"),))))


def test_derivation_is_aligned_at_its_relations() -> None:
    source = body(tex(Display((row("x ^ { 2 } = 4"), row("= 2 x"), row(r"x \geq 2", tag="1")))))
    expected = "\\begin{align*}\n  x^{2} &= 4 \\\\\n  &= 2x \\\\\n  x &\\geq 2 \\tag{1}\n\\end{align*}"
    assert source == expected


def test_rows_without_a_common_relation_are_gathered() -> None:
    source = body(tex(Display((row("a = 1", "b = 2"), row("[ c ]")))))
    assert source == "\\begin{gather*}\n  a = 1 \\qquad b = 2 \\\\\n  {}[c]\n\\end{gather*}"


@pytest.mark.parametrize("latex", ["", "{ x", r"\input { secret }"])
def test_unusable_reading_is_a_visible_marker(latex: str) -> None:
    source = tex(Display((row(latex),)), paragraph((formula(latex),)))
    assert source.count("formula not read") == 2
    assert "\\input" not in source


def test_what_is_long_does_not_leave_the_page() -> None:
    source = body(tex(Display((row("{" * 200, tag="1" * 200),)), paragraph((formula("{" * 200),))))
    assert source.count(r"\parbox{0.8\linewidth}") == 3


def test_doubtful_readings_are_marked_with_their_probability() -> None:
    source = tex(
        paragraph(("see (", formula("x", check=True), ") and", formula("y"))),
        Display((row("- a", check=True),)),
        Display((row("x = 1", check=True), row("= 2"))),
    )
    assert r"see (\tocheck{0.38}$x$) and $y$" in source
    assert "  \\tocheck{0.38}-a\n" in source
    assert "  \\tocheck{0.38}x &= 1 \\\\\n  &= 2\n" in source
    assert r"\providecommand{\tocheck}" in source


def test_a_document_without_doubts_has_no_marks() -> None:
    assert "tocheck" not in tex(Display((row("x = 1"),)))


def test_what_was_not_read_has_its_marker_only() -> None:
    assert r"\tocheck{" not in body(tex(Display((row("{ broken", check=True),))))


def test_failed_page_is_a_visible_marker() -> None:
    assert r"\textbf{Page not read:} notes.pdf page 1 is 50\% gone" in tex(failure="notes.pdf page 1 is 50% gone")


def test_source_name_cannot_leave_its_comment() -> None:
    page = Page("a\n\\input{x}", 1, 1, 1, 72.0)
    source = document_to_tex(Document((ScannedPage(page),), Versions("0")))
    assert "% a \\input{x} page 1" in source.splitlines()


ACCENTS = [
    r"\bar{\bar{a}\bar{b}}", r"\bar{\hat{x}}", r"\bar{\bar{\bar{x}}}", r"\hat{\bar{a}^{2}}", r"\tilde{a \hat{b}}",
    r"\vec{\hat{a}\vec{b}}", r"\bar{\bar{\bar{\bar{\bar{x}}}}}", r"\mathbf{\bar{\hat{x}}}",
    r"\bar{\mathbf{\hat{x}}}_{1}", r"\bar{\mathbf{\bar{a}\bar{b}}}", r"\hat{\overline{\bar{a}b}}",
]  # fmt: skip
"""Those that amsmath stops at where they are the first of a document stand as something else that it can set."""
FRESH = "".join(rf"\global\let\macc@{name}\undefined" for name in ("kerna", "kernb", "nucleus"))


@pytest.mark.tex
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_accents_under_accents_compile_as_the_first_of_a_document(tmp_path: Path) -> None:
    readings = [to_latex(repair(tokenize(source))) for source in ACCENTS]
    source = tex(*(Display((row(reading),)) for reading in readings))
    assert source.count("\\[\n") == len(ACCENTS) and "not read" not in source
    define = rf"\makeatletter\newcommand\fresh{{{FRESH}}}\makeatother" + "\n\\begin{document}"
    source = source.replace("\\begin{document}", define).replace("\\[\n", "\\fresh\\[\n")
    assert compiled(source, tmp_path) == ""


@pytest.mark.tex
@pytest.mark.skipif(shutil.which("xelatex") is None, reason="xelatex is not installed")
def test_no_accent_in_an_alphabet_is_lost_with_xelatex(tmp_path: Path) -> None:
    accents = ("hat", "dot", "ddot", "bar", "tilde", "check", "breve", "acute", "grave")
    over = " ".join(rf"\mathbf{{\{accent}{{x}}}} \mathrm{{\{accent}{{y}}}}" for accent in accents)
    reading = to_latex(repair(tokenize(over)))
    assert compiled(tex(Display((row(reading),))), tmp_path, "xelatex") == ""
    assert "Missing character" not in (tmp_path / "a.log").read_text("utf-8", "replace")


@pytest.mark.tex
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_every_kind_of_block_compiles(tmp_path: Path) -> None:
    matrix = r"\begin{pmatrix} a & b \\ [ c ] & * \end{pmatrix}"
    blocks: list[Block] = [
        paragraph(("[1] α — 中", formula(r"\frac { 1 } { 2 }"), "end"), ("* so-",), ("called",)),
        paragraph((formula("{ broken"),)),
        Display((row(matrix, tag="1"),)),
        Display((row("x = 1", tag="2a"), row("= 3"), row(matrix + " = * 2"))),
        Display((row("a", ""), row("[ b ]", tag="3"), row("* c"))),
        paragraph((formula("- x", check=True), "starts, (", formula("y", check=True), ") ends")),
        Display((row("- a", check=True),)),
        Display((row("x = 1", tag="2a", check=True), row("= 3", check=True), row("[ b ] = 1", check=True))),
        Display((row("a", "b", check=True), row("[ b ]", tag="3", check=True))),
        Display((row(r"\begin{cases} a & b \\ c & d \end{cases}"), row(r"\left [ x = 1 \right ]"))),
    ]
    pages = (ScannedPage(PAGE, tuple(blocks)), ScannedPage(PAGE, failure="c:\\x is {50%} gone_"), ScannedPage(PAGE))
    assert compiled(document_to_tex(Document(pages, Versions("0"))), tmp_path) == ""


BLOCKS: tuple[Block, ...] = (
    paragraph(("α — 中 „so“ Ł≤", formula(r"\mathscr { A }"), "end -\u2010- 5%"), ("100% of \\input{x}",)),
    Display((row("x = 1", tag="2a", check=True), row(r"= \mathbb { 1 }"))),
    paragraph((formula("{ broken"), formula("y", check=True))),
)
DOCUMENT = Document(
    (ScannedPage(Page("notes α.pdf", 1, 1, 1, 72.0), BLOCKS), ScannedPage(PAGE, failure="é")), Versions("7")
)
TEMPLATE = r"""\documentclass[a5paper]{report}
\usepackage{xcolor}
  %%scanpage:preamble%%
\newcommand{\mine}{\alpha}
\begin{document}
Mine: $\mine$.

%%scanpage:body%%

Over.
\end{document}
"""
HOST = r"""\documentclass{book}
\usepackage[T1]{fontenc}
\usepackage{amsmath,amssymb}
\begin{document}
\input{part}
\input{part}
\end{document}
"""


def test_a_fragment_is_the_body_with_its_definitions() -> None:
    source = document_to_fragment(DOCUMENT)
    assert source.startswith("% Made by scanpage 7.\n% To be read into a document by \\input")
    assert "\\documentclass" not in source and "\n\\usepackage" not in source and "\\begin{document}" not in source
    assert (
        r"\providecommand{\tocheck}" in source
        and r"{\ensuremath{\alpha}} {---} {\texttt{[U+4E2D]}\allowbreak{}}" in source
    )
    assert "% notes α.pdf page 1\n" in source


def test_a_fragment_brings_no_more_than_it_needs() -> None:
    source = document_to_fragment(Document((ScannedPage(PAGE, (paragraph(("plain",)),)),), Versions("7")))
    assert "provide" not in source and "color" not in source and "mathrsfs" not in source


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / "template.tex"
    path.write_text(TEMPLATE, "utf-8")
    return path


def test_a_template_is_filled_at_its_slots(template: Path) -> None:
    lines = Template.read(template).filled(DOCUMENT).splitlines()
    assert lines[0] == "% Made by scanpage 7."
    assert lines[1] == r"\documentclass[a5paper]{report}"
    assert not any("%%scanpage" in line for line in lines)
    parts = (
        r"\usepackage{amsmath,amssymb}",
        r"\newcommand{\mine}{\alpha}",
        r"\begin{document}",
        "% notes α.pdf page 1",
        "Over.",
    )
    order = [lines.index(line) for line in parts]
    assert order == sorted(order)
    assert not any("geometry" in line for line in lines)


def test_without_a_slot_for_the_preamble_the_body_brings_its_definitions(template: Path) -> None:
    template.write_text(TEMPLATE.replace("%%scanpage:preamble%%", ""), "utf-8")
    before, _, after = Template.read(template).filled(DOCUMENT).partition("\\begin{document}")
    assert r"\providecommand{\tocheck}" not in before and r"\providecommand{\tocheck}" in after


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("%%scanpage:preamble%%", r"template\.tex has no slot for the body: add a line %%scanpage:body%%"),
        ("see %%scanpage:body%% here", "has no slot for the body"),
        (
            "%%scanpage:body%%\n%%scanpage:title%%",
            r"template\.tex has a slot 'title': there are only preamble and body",
        ),
    ],
)
def test_a_template_without_the_right_slots_is_refused(template: Path, source: str, message: str) -> None:
    template.write_text(source, "utf-8")
    with pytest.raises(UsageError, match=message):
        Template.read(template)


@pytest.mark.tex
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_fragments_compile_in_another_document_even_twice(tmp_path: Path) -> None:
    (tmp_path / "part.tex").write_text(document_to_fragment(DOCUMENT), "utf-8")
    assert compiled(HOST, tmp_path) == ""


@pytest.mark.tex
@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_templates_compile_empty_and_filled(tmp_path: Path, template: Path) -> None:
    assert compiled(TEMPLATE, tmp_path) == ""
    assert compiled(Template.read(template).filled(DOCUMENT), tmp_path) == ""
    bare = TEMPLATE.replace("%%scanpage:preamble%%", r"\usepackage[T1]{fontenc}\usepackage{amsmath,amssymb}")
    template.write_text(bare, "utf-8")
    assert compiled(Template.read(template).filled(DOCUMENT), tmp_path) == ""


def compiled(source: str, folder: Path, engine: str = "pdflatex") -> str:
    """What LaTeX says where it stops at a document; nothing where all went well."""
    (folder / "a.tex").write_text(source, "utf-8")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "a.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    return "" if done.returncode == 0 else done.stdout.decode("utf-8", "replace")[-2000:]
