"""A `Document` as Markdown of GitHub's flavour (GFM), its formulas between dollar signs."""

from __future__ import annotations

import re
from collections.abc import Collection

from pipeline import formula_tex
from pipeline.outputs import FIGURES, MADE_BY
from pipeline.prose_tex import clean
from scanpage.document import Block, Display, DisplayRow, Document, Figure, Formula, Paragraph, Piece, ScannedPage

DOUBTFUL = "**(?)**"
"""Stands before a reading that is to be checked."""
_DOUBTFUL_IN_DISPLAY = r"\textbf{(?)}\; "
_DOLLAR = "<span>&#36;</span>"
"""As GitHub's manual has it: beside a formula, a backslash before a dollar sign is not enough."""
_MARKUP = re.compile(r"[\\`*_\[\]<|~]|&(?=[#A-Za-z])|\$")
_ADDRESS = re.compile(r"(?<=http)(?=://)|(?<=https)(?=://)|(?<=ftp)(?=://)|(?<=www)(?=\.)", re.IGNORECASE)
_LINE_START = re.compile(r"^(?:([-+=#>:])|(\d{1,9})(?=[.)]))", re.MULTILINE)
_NO_NUMBER = re.compile(r"[^\w.\-–' ]|_")
_ROW_INDENT = "    "
"""So deep in, a sign at the beginning of a row makes neither a list nor a heading, whatever reads the file."""


def document_to_markdown(document: Document, figures: str = FIGURES) -> str:
    """The whole `.md` file, ending in a newline; pictures lie in the folder `figures`, by their names."""
    made_by = f"<!-- {MADE_BY} {_comment(document.versions.scanpage)} -->"
    compounds = document.compounds
    pages = (_page(scanned, figures, compounds) for scanned in document.pages)
    return "\n\n".join([made_by, "\n\n---\n\n".join(pages)]).rstrip() + "\n"


def _page(scanned: ScannedPage, figures: str, compounds: Collection[str]) -> str:
    blocks = [f"<!-- {_comment(scanned.page.name)} -->"]
    if scanned.failure is not None:
        blocks.append(f"**Page not read:** {escape(scanned.failure)}")
    return "\n\n".join(blocks + [_block(block, figures, compounds) for block in scanned.blocks])


def _comment(text: str) -> str:
    """Text that cannot end the comment that it stands in."""
    return clean(text).replace(">", "&gt;")


def _block(block: Block, figures: str, compounds: Collection[str]) -> str:
    if isinstance(block, Figure):
        return f"![figure]({figures}/{block.name})"
    return _display(block) if isinstance(block, Display) else _paragraph(block, compounds)


def _paragraph(paragraph: Paragraph, compounds: Collection[str]) -> str:
    text = paragraph.joined(_piece, compounds=compounds)
    if paragraph.heading:
        # A number sign at the end would be taken for the heading's own.
        return "#" * (paragraph.heading + 1) + " " + re.sub("#$", r"\\#", " ".join(text.split()))
    return _LINE_START.sub(r"\2\\\1", text)


def _piece(piece: Piece) -> str:
    return escape(piece) if isinstance(piece, str) else _inline(piece)


def escape(text: str) -> str:
    """Prose that stays prose inside a line: no emphasis, link, HTML, table or formula.

    The beginning of a line, where more signs mean something, is the paragraph's matter.
    """
    escaped = _MARKUP.sub(lambda match: _DOLLAR if match[0] == "$" else f"\\{match[0]}", clean(text))
    return _ADDRESS.sub(r"\\", escaped)


def _inline(formula: Formula) -> str:
    tokens = formula_tex.usable_tokens(formula.latex)
    if not tokens:
        return _marker(formula)
    mark = f"{DOUBTFUL} " if formula.check else ""
    return f"{mark}${source(tokens)}$"


def _marker(formula: Formula) -> str:
    """What stands for a formula without a usable reading: visible, and with the reading to mend."""
    reading = escape(formula.latex)
    return f"**[formula not read{': ' if reading else ''}{reading}]**"


def source(tokens: list[str]) -> str:
    """A formula for those who read Markdown: spelled so that no sign of it means anything outside of formulas."""
    text = _TOKEN.sub(_spelled, formula_tex.tidy(tokens))
    return _LINK.sub("] ", _EMPHASIS.sub(" _ ", text)).strip()


def _spelled(match: re.Match[str]) -> str:
    spelling = _SPELLINGS.get(match[1])
    if spelling is None:
        return match[0]
    return f"{spelling} " if spelling[-1].isalpha() else spelling + match[2]


_TOKEN = re.compile(r"(\\(?:[A-Za-z]+|.)|[<>*~])( ?)")
_SPELLINGS = {
    "\\{": r"\lbrace",
    "\\}": r"\rbrace",
    "\\|": r"\Vert",
    "<": r"\lt",
    ">": r"\gt",
    "*": r"\ast",
    "~": "\\ ",
    # Signs of prose, which not all that reads formulas knows.
    r"\P": r"\text{¶}",
    r"\S": r"\text{§}",
    r"\copyright": r"\text{©}",
}
_EMPHASIS = re.compile(r" _|(?<![A-Za-z0-9 ])_")
"""It would begin neither behind a letter nor before a blank."""
_LINK = re.compile(r"\](?=[(\[:])")


def _display(display: Display) -> str:
    aligned = formula_tex.aligned_rows(display)
    if aligned is None:
        environment, rows = "gathered", [_row(row) for row in display.rows]
    else:
        environment, rows = "aligned", [_aligned(*sides, row) for sides, row in zip(aligned, display.rows, strict=True)]
    lines = [row for row in rows if row]
    if len(lines) > 1:
        lines = [f"\\begin{{{environment}}}", *(f"{row} \\\\" for row in lines[:-1]), lines[-1]]
        lines.append(f"\\end{{{environment}}}")
    blocks = ["\n".join(["$$", *(_ROW_INDENT + line for line in lines), "$$"])] if lines else []
    # What was not read stands behind the others: its source is text.
    unread = (formula for formula in display.formulas if not formula_tex.usable_tokens(formula.latex))
    return "\n\n".join([*blocks, *map(_marker, unread)])


def _row(row: DisplayRow) -> str:
    shown = ((formula, formula_tex.usable_tokens(formula.latex)) for formula in row.formulas)
    formulas = [_mark(formula) + source(tokens) for formula, tokens in shown if tokens]
    return r" \qquad ".join(formulas) + _tag(row) if formulas else ""


def _aligned(left: list[str], right: list[str], row: DisplayRow) -> str:
    return f"{_mark(row.formulas[0])}{source(left)} &{source(right)}".lstrip() + _tag(row)


def _mark(formula: Formula) -> str:
    return _DOUBTFUL_IN_DISPLAY if formula.check else ""


def _tag(row: DisplayRow) -> str:
    """The equation number as a part of the formula: not all that reads Markdown knows `\\tag`."""
    number = "" if row.tag is None else _NO_NUMBER.sub("", clean(row.tag))
    return rf" \qquad \text{{({number})}}" if number else ""
