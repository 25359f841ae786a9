"""The LaTeX document as a form to fill in: fixed source, and slots for what a person may correct.

The form is what `document_to_tex` makes of the document with a keyword in place of each formula and stretch of text, so
that the program which fills it in knows nothing of how a LaTeX document is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count

from pipeline.write_tex import DECLARE, document_to_tex
from scanpage.document import Block, Display, DisplayRow, Document, Figure, Formula, Paragraph, TextLine

_KEYWORD = "slot"
_LETTERS = str.maketrans("0123456789", "abcdefghij")
_DIGITS = str.maketrans("abcdefghij", "0123456789")
_ENVIRONMENT = re.compile(r"(\\begin\{(?:gather|align)\*\}.*?\\end\{(?:gather|align)\*\})", re.DOTALL)

Part = dict[str, object]
"""JSON of a piece of the form; see `TexForm.parts`."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What a person may correct: a formula, or a stretch of text in a line.

    Attributes:
        path: keys and indices that lead to it in the JSON of the document.
        page: index of its page in the document.
        content: as it was read.
        line: the line of prose that it is in; None for displayed formulas.
    """

    path: tuple[str | int, ...]
    page: int
    content: str | Formula
    line: TextLine | None


@dataclass(frozen=True, slots=True)
class TexForm:
    """A LaTeX document to fill in.

    Attributes:
        head: the source up to where the document begins, without marks and declarations.
        parts: the rest: strings to be written as they are; `{"text": n}`, `{"inline": n}` and `{"display": n}` for the
            slots, by number; `{"aligned": [part …], "gathered": [part …], "slots": [n …]}` for rows that are aligned
            if each of their formulas has a relation. No blanks stand beside text, see `scanpage.document.gap`.
    """

    head: str
    parts: list[str | Part]


def slots_of(document: Document) -> list[Slot]:
    """All slots in reading order."""
    return list(_slots(document))


def _slots(document: Document) -> Iterator[Slot]:
    for p, scanned in enumerate(document.pages):
        for b, block in enumerate(scanned.blocks):
            path = ("pages", p, "blocks", b)
            if isinstance(block, Paragraph):
                for n, line in enumerate(block.lines):
                    for k, piece in enumerate(line.pieces):
                        yield Slot((*path, "lines", n, "pieces", k), p, piece, line)
            elif isinstance(block, Display):
                for n, row in enumerate(block.rows):
                    for k, formula in enumerate(row.formulas):
                        yield Slot((*path, "rows", n, "formulas", k), p, formula, None)


def tex_form(document: Document) -> TexForm:
    """The form of a document; its slots are numbered as `slots_of` lists them."""
    keyword = _KEYWORD
    while keyword in document_to_tex(document):
        keyword += "x"
    head, gathered = _halves(_with_keywords(document, keyword, behind=""))
    _, aligned = _halves(_with_keywords(document, keyword, behind=" = 0"))
    parts: list[str | Part] = []
    reader = _Reader(keyword)
    pieces = zip(_ENVIRONMENT.split(gathered), _ENVIRONMENT.split(aligned), strict=True)
    for index, (one, other) in enumerate(pieces):
        if index % 2 and other.startswith("\\begin{align"):
            rows = reader.parts(one)
            numbers = [part["display"] for part in rows if isinstance(part, dict)]
            parts.append({"aligned": reader.parts(other), "gathered": rows, "slots": numbers})
        else:
            parts += reader.parts(one)
    return TexForm(head, parts)


class _Reader:
    """Finds keywords in LaTeX source."""

    def __init__(self, keyword: str) -> None:
        formula = rf"\\mathrm\{{{keyword}([a-j]+)\}}"
        self._slot = re.compile(rf"\){keyword}([a-j]+)\(|\${formula}\$|{formula}(?: &= 0)?")

    def parts(self, source: str) -> list[str | Part]:
        """The source in parts, slots for its keywords."""
        result: list[str | Part] = []
        at = 0
        for match in self._slot.finditer(source):
            kind = ("text", "inline", "display")[(match.lastindex or 1) - 1]
            result += [source[at : match.start()]] if match.start() > at else []
            result.append({kind: int(match[match.lastindex or 1].translate(_DIGITS))})
            at = match.end()
        return [*result, source[at:]] if at < len(source) else result


def _halves(document: Document) -> tuple[str, str]:
    """The source before and behind the place of the declarations, which depend on what is filled in."""
    head, begin, body = document_to_tex(document).partition("\n\\begin{document}\n")
    return head.partition(DECLARE)[0], begin + body


def _with_keywords(document: Document, keyword: str, *, behind: str) -> Document:
    """The document with a numbered keyword as each text and as each formula, with some tokens `behind` it.

    Texts stand in brackets, so that no blanks are set beside them.
    """
    numbers = count()

    def word() -> str:
        return keyword + str(next(numbers)).translate(_LETTERS)

    def reading(old: Formula) -> Formula:
        return replace(old, latex=rf"\mathrm {{ {' '.join(word())} }}{behind}", check=False)

    def row(old: DisplayRow) -> DisplayRow:
        return replace(old, formulas=tuple(map(reading, old.formulas)))

    def line(old: TextLine) -> TextLine:
        pieces = (f"){word()}(" if isinstance(piece, str) else reading(piece) for piece in old.pieces)
        return replace(old, pieces=tuple(pieces))

    def block(old: Block) -> Block:
        if isinstance(old, Display):
            return replace(old, rows=tuple(map(row, old.rows)))
        if isinstance(old, Figure):
            return old
        return replace(old, lines=tuple(map(line, old.lines)))

    pages = tuple(replace(scanned, blocks=tuple(map(block, scanned.blocks))) for scanned in document.pages)
    return replace(document, pages=pages)
