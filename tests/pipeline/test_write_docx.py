from __future__ import annotations

import io
import re
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest

from pipeline.outputs import check_own
from pipeline.write_docx import document_to_docx, require_pandoc
from scanpage.document import Display, DisplayRow, Document, Formula, Page, Paragraph, ScannedPage, TextLine, Versions
from scanpage.errors import ExitCode, OutputError, UsageError
from scanpage.geometry import Box
from scanpage.latex import normalise, vocabulary
from scanpage.latex_symbols import ACCENTS, ALPHABETS, TWO_ARGUMENTS
from scanpage.region import Region, RegionKind

BOX = Box(0, 0, 10, 10)
needs_pandoc = pytest.mark.skipif(shutil.which("pandoc") is None, reason="pandoc is not installed")


def formula(latex: str, *, check: bool = False) -> Formula:
    return Formula(Region(BOX, RegionKind.ISOLATED), " ".join(normalise(latex)), 0.375, check=check)


def document(*rows: DisplayRow, text: str = "prose") -> Document:
    blocks = (Paragraph((TextLine(BOX, (text, formula("x", check=True))),)), Display(rows))
    return Document((ScannedPage(Page("a", 1, 1, 1, 72.0), blocks),), Versions("1.2.3"))


def word_xml(data: bytes) -> str:
    return zipfile.ZipFile(io.BytesIO(data)).read("word/document.xml").decode("utf-8")


@needs_pandoc
def test_formulas_are_equations_of_word() -> None:
    rows = DisplayRow((formula(r"\frac{a}{b} = 1"),), "7"), DisplayRow((formula(r"= \sqrt{2} < 3"),))
    source = word_xml(document_to_docx(document(*rows)))
    assert source.count("<m:oMath>") == 2 and "<m:f>" in source and "<m:rad>" in source
    assert "(7)" in source and "$" not in source and "\\" not in source


@needs_pandoc
def test_prose_stays_prose() -> None:
    text = r"1. *a* $5 & <b> \x [c](d) # :smile: https://e.f ~~g~~ ^h^"
    source = word_xml(document_to_docx(document(DisplayRow((formula("x"),)), text=text)))
    shown = "".join(re.findall(r"<w:t[^>]*>([^<]*)", source)).replace("&lt;", "<").replace("&gt;", ">")
    assert shown.replace("&amp;", "&").startswith(text)


def example(token: str) -> str:
    if token in TWO_ARGUMENTS:
        return f"{token}{{a}}{{b}}"
    if token in ALPHABETS:
        return f"{token}{{A}}"
    return f"{token}{{a}}" if token in ACCENTS or token == "\\sqrt" else f"a{token} b"


@needs_pandoc
def test_every_command_of_the_label_language_becomes_an_equation() -> None:
    left_out = {"{", "}", "^", "_", "&", "~", "\\\\", "\\left", "\\right"}
    tokens = [token for token in vocabulary() if token not in left_out and token[:5] not in ("\\begi", "\\end{")]
    tables = [rf"\begin{{{name}}} a & = b \\ c & d \end{{{name}}} + 1" for name in ("matrix", "cases", "aligned")]
    formulas = [formula(latex) for latex in [*map(example, tokens), *tables]]
    rows = [Display((DisplayRow((one,)),)) for one in formulas]
    page = ScannedPage(Page("a", 1, 1, 1, 72.0), tuple(rows))
    source = word_xml(document_to_docx(Document((page,), Versions("1"))))
    # What pandoc cannot convert stands there as text, its dollar signs around it.
    assert re.findall(r"<w:t(?: [^>]*)?>([^<]*)", source) == []
    assert source.count("<m:oMath>") == len(formulas)


@needs_pandoc
def test_a_document_of_our_making_is_known_again(tmp_path: Path) -> None:
    mine, other = tmp_path / "mine.docx", tmp_path / "other.docx"
    mine.write_bytes(document_to_docx(document(DisplayRow((formula("x"),)))))
    check_own(mine)
    subprocess.run(["pandoc", "-f", "markdown", "-o", str(other)], input=b"by hand", check=True, timeout=60)
    with pytest.raises(UsageError, match="was not made by scanpage"):
        check_own(other)


def test_without_pandoc_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutputError, match="apt install pandoc") as error:
        require_pandoc()
    assert error.value.exit_code == ExitCode.UNWRITABLE_OUTPUT


def test_what_pandoc_says_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "pandoc"
    program.write_text("#!/bin/sh\necho 'pandoc: disk\nfull' >&2\nexit 3\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutputError, match="pandoc said: pandoc: disk full"):
        document_to_docx(document(DisplayRow((formula("x"),))))
