from __future__ import annotations

import re
import shutil
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline import prose_tex
from pipeline.write_tex import document_to_tex
from scanpage.document import Document, Page, Paragraph, ScannedPage, TextLine, Versions
from scanpage.geometry import Box

needs_tex = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("50% of $5 & #1_a", r"50\% of \$5 \& \#1\_a"),
        ("{x} ~ ^", r"\{x\} \textasciitilde{} \textasciicircum{}"),
        (r"\input{/etc/passwd}", r"\textbackslash{}input\{/etc/passwd\}"),
        ("1---2 ,, '' <<", "1-{}-{}-2 ,{}, '{}' <{}<"),  # no dashes or quotes that are not on the page
        ("nai\u0308ve", "naïve"),  # composed
        ("a\x00b\u200bc\u2028d", "abc d"),  # control and format characters leave nothing, line ends a blank
        ("x\u0302", r"x\texttt{[U+0302]}\allowbreak{}"),
    ],
)
def test_escape(text: str, source: str) -> None:
    assert prose_tex.escape(text) == source


@pytest.mark.parametrize(
    ("char", "source"),
    [
        ("α", r"\ensuremath{\alpha}"),
        ("≤", r"\ensuremath{\le}"),
        ("ế", r"\'{\^{e}}"),
        ("中", r"\texttt{[U+4E2D]}\allowbreak{}"),
        ("ﬁ", "fi"),
        ("½", None),  # anything that compiles: the batch below sets it
        ("☃", r"\texttt{[U+2603]}\allowbreak{}"),
        ("й", r"\texttt{[U+0439]}\allowbreak{}"),  # no accent on what is no letter here
        ("ḑ", r"\texttt{[U+1E11]}\allowbreak{}"),  # Latin Modern has no cedilla for it
        ("ķ", r"\c{k}"),
    ],
)
def test_meaning(char: str, source: str | None) -> None:
    assert source is None or prose_tex.meaning(char) == source


@given(st.text())
def test_nothing_in_prose_is_a_command(text: str) -> None:
    source = prose_tex.escape(text)
    commands = set(re.findall(r"\\[A-Za-z]+|\\.", source))
    assert commands <= {
        *re.findall(r"\\[A-Za-z]+|\\.", "".join(prose_tex.SPECIAL.values())),
        r"\texttt",
        r"\allowbreak",
    }
    assert not re.search(r"(?<!\\)[%$&#_^~]", source)


@given(st.text())
def test_every_character_is_known_or_declared(text: str) -> None:
    source = prose_tex.escape(text)
    declared = {chr(int(line.split("{")[1].rstrip("}"), 16)) for line in prose_tex.declarations(source)}
    assert {char for char in source if not char.isascii()} <= declared | prose_tex.KNOWN_LETTERS


@given(st.text())
def test_clean_is_idempotent(text: str) -> None:
    assert prose_tex.clean(prose_tex.clean(text)) == prose_tex.clean(text)


def _page_of(texts: list[str]) -> Document:
    lines = [TextLine(Box(0, 0, 10, 10), (text,)) for text in texts if text.strip()]
    blocks = tuple(Paragraph((line,)) for line in lines)
    return Document((ScannedPage(Page("p.png", 1, 10, 10, 72.0), blocks),), Versions("0"))


def compile_tex(source: str, folder: Path, engine: str = "pdflatex") -> str:
    """Run a LaTeX that stops at the first error; returns its log."""
    (folder / "page.tex").write_text(source, "utf-8")
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=250, check=False)
    log = (folder / "page.log").read_text("utf-8", "replace") if (folder / "page.log").exists() else ""
    assert done.returncode == 0, "\n".join(line for line in log.splitlines() if line.startswith(("!", "l.")))
    return log


def _awkward_texts() -> list[str]:
    ascii_pairs = [f"{a}{b}" for a in "\\{}$&#_%^~\"'`<>|-,!?[]*@" for b in "\\{}$&#_%^~\"'`<>|-,!?[]*@ a"]
    letters = [chr(code) for code in range(0xA0, 0x2500) if unicodedata.category(chr(code)) != "Cn"]
    far = [chr(code) for code in range(0x2500, sys.maxunicode, 977) if not 0xD800 <= code < 0xE000]
    known = list(prose_tex.DECLARED) + sorted(prose_tex.KNOWN_LETTERS)
    return [
        " ".join(ascii_pairs),
        " ".join(letters),
        " ".join(far),
        " ".join(known),
        "[a] starts like an option",
        "* starts like a star",
        r"\end{document}",
        "%" * 5,
    ]


@pytest.mark.tex
@needs_tex
def test_any_text_compiles(tmp_path: Path) -> None:
    texts = _awkward_texts()
    log = compile_tex(document_to_tex(_page_of(texts)), tmp_path)
    assert "Missing character" not in log


@pytest.mark.tex
@pytest.mark.slow
@pytest.mark.skipif(shutil.which("lualatex") is None, reason="lualatex is not installed")
def test_the_same_source_compiles_with_lualatex(tmp_path: Path) -> None:
    bare = "\\documentclass{article}\\usepackage{fontspec,amsmath,amssymb}\\begin{document}x\\end{document}"
    try:
        compile_tex(bare, tmp_path, "lualatex")
    except AssertionError:
        pytest.skip("lualatex has no fonts here")
    compile_tex(document_to_tex(_page_of(["Für α ≤ β: 中文 ế — „so“", "50% & more"])), tmp_path, "lualatex")
