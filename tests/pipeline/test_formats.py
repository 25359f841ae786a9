"""What holds for every document, in whatever format."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt

import pipeline
from pipeline.formats import Format, writer
from pipeline.prose_tex import clean
from pipeline.read_json import document_from_json
from scanpage.document import (
    JPEG_START,
    Alternative,
    Display,
    DisplayRow,
    Document,
    Figure,
    Formula,
    Page,
    Paragraph,
    ScannedPage,
    TextLine,
    Versions,
)
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

SCHEMA = Draft202012Validator(json.loads((Path(pipeline.__file__).parent / "document.schema.json").read_text("utf-8")))
MARKDOWN = MarkdownIt("gfm-like", {"linkify": False})

MARKUP = (
    r"<script> </p> <!-- --> $ $$x$$ ** _a_ ` # - + 1. 1) | a |- &amp; &#36; [a](b) ![a](b) https://a.b \( --- === :- "
    r"""~~a~~ \input{a} ]]> [a]: [^1] www.a.b % a- \ * > < " ' """
)
numbers = st.floats(0, 5000, allow_nan=False)
shares = st.floats(0, 1)
markup = st.sampled_from(MARKUP.split(" ")) | st.sampled_from(" \t\n")
prose = st.lists(markup | st.text(max_size=4), max_size=6).map("".join)
words = prose.filter(str.strip)
latex = prose | st.sampled_from(
    [r"x ^ { 2 } < y", r"\frac { a } { b } = \{ 1 \}", "- x = * 2", r"\hat { a } _ { 1 } b _ { 2 }"]
)
boxes = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), numbers, numbers, numbers, numbers)
regions = st.builds(Region, boxes, st.sampled_from(RegionKind), shares)
others = st.lists(st.builds(Alternative, prose, shares), max_size=2).map(tuple)
formulas = st.builds(Formula, regions, latex, shares, others, check=st.booleans())
sizes = st.none() | st.floats(0, 100)
text_lines = st.builds(
    lambda box, text, f, score, size: TextLine(box, (f, text, f), score, size), boxes, words, formulas, shares, sizes
)
rows = st.builds(DisplayRow, st.lists(formulas, min_size=1, max_size=2).map(tuple), st.none() | words)
figures = st.builds(lambda box, rest: Figure(box, JPEG_START + rest), boxes, st.binary(max_size=20))
blocks = (
    figures
    | st.builds(Paragraph, st.lists(text_lines, min_size=1, max_size=2).map(tuple), st.integers(0, 2))
    | st.builds(Display, st.lists(rows, min_size=1, max_size=2).map(tuple))
)
pages = st.builds(Page, prose, st.integers(1, 99), st.integers(0, 5000), st.integers(0, 5000), st.floats(1, 600))
scanned = st.builds(ScannedPage, pages, st.lists(blocks, max_size=3).map(tuple)) | st.builds(
    lambda page, reason: ScannedPage(page, failure=reason), pages, words
)
documents = st.builds(
    Document, st.lists(scanned, max_size=2).map(tuple), st.builds(Versions, prose, prose, prose, prose)
)


def written(document: Document, kind: Format) -> str:
    return writer(kind)(document, "figures").decode("utf-8")


@settings(deadline=None)
@given(documents)
def test_every_document_comes_back_from_json_and_is_as_the_schema_says(document: Document) -> None:
    value = json.loads(written(document, Format.JSON))
    SCHEMA.validate(value)
    assert document_from_json(value) == document


TAGS = (
    "html head meta title style body section h2 h3 figure img p strong div span code math mrow mi mn mo mtext mspace "
    "mtable mtr mtd msub msup msubsup mfrac mover munder munderover msqrt mroot mstyle"
)
ATTRIBUTES = (
    "alt src charset http-equiv content name class title display style stretchy fence form displaystyle lspace rspace "
    "movablelimits accent accentunder mathvariant width linethickness minsize maxsize scriptlevel"
)


class Tags(HTMLParser):
    """The elements and comments of a page."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.comments: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        assert {name for name, _ in attrs} <= set(ATTRIBUTES.split())

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)


@settings(deadline=None)
@given(documents)
def test_no_text_becomes_markup_in_html(document: Document) -> None:
    page = Tags(written(document, Format.HTML))
    assert set(page.names) <= set(TAGS.split()) and len(page.comments) == 1
    assert page.names.count("section") == len(document.pages)


@settings(deadline=None)
@given(st.lists(words, min_size=1, max_size=3))
def test_prose_is_the_same_in_markdown_for_whoever_reads_it(texts: list[str]) -> None:
    lines = tuple(TextLine(Box(0, 0, 1, 1), (text,)) for text in texts)
    page = ScannedPage(Page("a", 7, 1, 1, 72.0), (Paragraph(lines),))
    source = written(Document((page,), Versions("1")), Format.MARKDOWN)
    body = MARKDOWN.parse(source.partition("page 7 -->")[2])
    assert {token.type for token in body} <= {"paragraph_open", "inline", "paragraph_close"}
    parts = [child for token in body for child in token.children or ()]
    assert {part.type for part in parts} <= {"text", "text_special", "softbreak", "html_inline"}
    assert {part.content for part in parts if part.type == "html_inline"} <= {"<span>", "</span>"}
    shown = "".join("\n" if part.type == "softbreak" else part.content for part in parts if part.type != "html_inline")
    expected = "\n".join(filter(None, map(clean, texts)))
    # What becomes of a hyphen at the end of a line is stated in test_document.
    assert re.sub(r"[-\n]", "", shown) == re.sub(r"[-\n]", "", expected)


@settings(deadline=None)
@given(words, st.integers(1, 2))
def test_a_heading_in_markdown_says_what_it_said(text: str, level: int) -> None:
    page = ScannedPage(Page("a", 7, 1, 1, 72.0), (Paragraph((TextLine(Box(0, 0, 1, 1), (text,)),), level),))
    source = written(Document((page,), Versions("1")), Format.MARKDOWN)
    opening, inline, _ = MARKDOWN.parse(source.partition("page 7 -->")[2])
    assert opening.tag == f"h{level + 1}"
    parts = [part.content for part in inline.children or () if part.type != "html_inline"]
    assert "".join(parts) == clean(text)


BLOCKS = {"paragraph_open", "inline", "paragraph_close", "heading_open", "heading_close", "html_block", "hr"}


@settings(deadline=None)
@given(documents)
def test_a_document_in_markdown_has_paragraphs_and_headings_alone(document: Document) -> None:
    tokens = MARKDOWN.parse(written(document, Format.MARKDOWN))
    assert {token.type for token in tokens} <= BLOCKS
    parts = {child.type for token in tokens for child in token.children or ()}
    assert parts <= {"text", "text_special", "softbreak", "html_inline", "strong_open", "strong_close", "image"}
    blocks = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert len(blocks) == len(document.pages) + 1
    assert all(re.fullmatch(r"<!--[^>]*-->", block) for block in blocks)
