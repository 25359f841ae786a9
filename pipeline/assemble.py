"""Lines of prose and isolated formulas to paragraphs and displays in reading order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from pipeline.order import overlap_share, reading_order
from pipeline.structure import Item, UsualLetters, begins_item, heading_level, usual_letters, without_furniture
from scanpage.document import Block, Display, DisplayRow, Figure, Formula, Page, Paragraph, Piece, ScannedPage, TextLine
from scanpage.geometry import Box

_NUMBER = re.compile(r"[(\[（]\s*([A-Za-z]?[-.]?\d{1,3}(?:[.\-–]\d{1,3}){0,2}\s*[a-z]?'?)\s*[)\]）]")
_LABEL = re.compile(r"\W{0,2}\w{0,3}\W{0,2}")
"""Numbers of exercises: `1.`, `a)`, `(ii)`, `②`."""
PARAGRAPH_GAP_HEIGHTS = 1.0
"""A wider gap between two lines, in line heights, parts paragraphs."""
INDENT_HEIGHTS = 1.0
SHORT_LINE_SHARE = 0.2
"""A line that ends so much before the next one was the last of its paragraph, or a heading."""
DERIVATION_GAP_HEIGHTS = 2.5
_ENDS = (".", ";", ":", "!", "?")
"""What stands before an item of a list."""


def assemble(
    page: Page, lines: Sequence[TextLine], isolated: Sequence[Formula], figures: Sequence[Figure] = ()
) -> ScannedPage:
    """Put what was read on a page in order.

    Args:
        page: the page that the boxes refer to.
        lines: prose, with inline formulas inside.
        isolated: displayed formulas.
        figures: pictures on it.
    """
    tags, prose, displayed = equation_numbers(lines, isolated)
    usual = usual_letters(lines)
    items = without_furniture(page, [*prose, *displayed, *figures], usual)
    rows = reading_order(items, lambda item: item.box)
    return ScannedPage(page, tuple(_blocks(rows, tags, usual)))


def equation_numbers(
    lines: Sequence[TextLine], isolated: Sequence[Formula]
) -> tuple[dict[Box, str], list[TextLine], list[Formula]]:
    """Numbers like `(3)` at the right end of a displayed formula's row, whether found as text or as a formula.

    Returns:
        The number of each formula that has one, by its box; the lines and the formulas that are no numbers.
    """
    tags: dict[Box, str] = {}
    prose = [line for line in lines if not _is_tag(line.text, line.box, isolated, tags)]
    texts = ((formula, formula.latex.replace(" ", "")) for formula in isolated)
    displayed = [formula for formula, text in texts if not _is_tag(text, formula.box, isolated, tags)]
    return tags, prose, displayed


def _is_tag(text: str, box: Box, isolated: Sequence[Formula], tags: dict[Box, str]) -> bool:
    """Whether `text` numbers a formula; if so, it is entered in `tags`."""
    match = _NUMBER.fullmatch(text.strip())
    owner = _owner(box, isolated) if match else None
    if match is None or owner is None or owner.box in tags:
        return False
    tags[owner.box] = match[1].replace(" ", "")
    return True


def _owner(box: Box, isolated: Sequence[Formula]) -> Formula | None:
    """The formula to the left of an equation number at `box`, the nearest one on its height."""
    beside = [formula for formula in isolated if formula.box.x1 <= box.x0 and overlap_share(formula.box, box) >= 0.5]
    return max(beside, key=lambda formula: formula.box.x1, default=None)


def _blocks(rows: Sequence[Sequence[Item]], tags: dict[Box, str], usual: UsualLetters | None) -> list[Block]:
    blocks: list[Block] = []
    parted = (part for row in rows for part in _parts(row))
    for kind, group in groupby(parted, key=_kind):
        if kind is Figure:
            blocks += [item for row in group for item in row if isinstance(item, Figure)]
        elif kind is Display:
            formulas = [tuple(item for item in row if isinstance(item, Formula)) for row in group]
            blocks += _displays([DisplayRow(row, _tag(row, tags)) for row in formulas])
        else:
            blocks += _paragraphs([_one_line(row) for row in group], usual)
    return blocks


def _parts(row: Sequence[Item]) -> list[Sequence[Item]]:
    """A row, in which figures come first, each by itself."""
    rest = [item for item in row if not isinstance(item, Figure)]
    figures: list[Sequence[Item]] = [[item] for item in row if isinstance(item, Figure)]
    return [*figures, *(_without_label(rest) if rest else [])]


def _kind(row: Sequence[Item]) -> type[Block]:
    """What a row becomes."""
    if isinstance(row[0], Figure):
        return Figure
    return Display if all(isinstance(item, Formula) for item in row) else Paragraph


def _without_label(row: Sequence[Item]) -> list[Sequence[Item]]:
    """A row as it is, or as two where it is an exercise's number and the first line of its calculation."""
    label, rest = row[0], row[1:]
    is_label = isinstance(label, TextLine) and not label.formulas and _LABEL.fullmatch(label.text) is not None
    if is_label and rest and all(isinstance(item, Formula) for item in rest):
        return [[label], rest]
    return [row]


def _tag(row: Sequence[Formula], tags: dict[Box, str]) -> str | None:
    return next((tags[formula.box] for formula in reversed(row) if formula.box in tags), None)


def _displays(rows: Sequence[DisplayRow]) -> list[Display]:
    """Rows that follow each other closely are one derivation."""
    groups: list[list[DisplayRow]] = []
    for row in rows:
        if groups and _follows(_box(groups[-1][-1]), _box(row), DERIVATION_GAP_HEIGHTS):
            groups[-1].append(row)
        else:
            groups.append([row])
    return [Display(tuple(group)) for group in groups]


def _box(row: DisplayRow) -> Box:
    return Box.around(formula.box for formula in row.formulas)


def _follows(above: Box, below: Box, gap_heights: float) -> bool:
    """Whether `below` comes right under `above`, in the same column."""
    gap = below.y0 - above.y1
    shares_column = min(above.x1, below.x1) > max(above.x0, below.x0)
    return shares_column and -below.height < gap <= gap_heights * min(above.height, below.height)


def _one_line(row: Sequence[Item]) -> TextLine:
    """A row with prose in it as one line: a formula that stands beside words is part of the sentence.

    Words far from each other are cells or labels, no heading: the size of their letters is left out.
    """
    pieces: list[Piece] = []
    told = [item for item in row if not isinstance(item, Figure)]
    for piece in (piece for item in told for piece in (item.pieces if isinstance(item, TextLine) else (item,))):
        if pieces and isinstance(piece, str) and isinstance(pieces[-1], str):
            pieces[-1] = f"{pieces[-1]} {piece}"
        else:
            pieces.append(piece)
    lines = [item for item in row if isinstance(item, TextLine)]
    sizes = (lines[0].letter_px, lines[0].stroke_px) if len(lines) == 1 else (None, None)
    box = Box.around(item.box for item in row)
    return TextLine(box, tuple(pieces), min(line.score for line in lines), *sizes)


def _paragraphs(lines: Sequence[TextLine], usual: UsualLetters | None) -> list[Paragraph]:
    groups: list[list[TextLine]] = []
    levels: list[int] = []
    for line, below in zip(lines, [*lines[1:], None], strict=True):
        follows_heading = bool(levels) and levels[-1] > 0
        above = groups[-1][-1] if groups and not follows_heading else None
        level = heading_level(line, usual, above=above, below=below, follows_heading=follows_heading)
        if groups and not level and not levels[-1] and _same_paragraph(groups[-1], line):
            groups[-1].append(line)
        else:
            groups.append([line])
            levels.append(level)
    return [Paragraph(tuple(group), level) for group, level in zip(groups, levels, strict=True)]


def _same_paragraph(group: Sequence[TextLine], line: TextLine) -> bool:
    above, last = group[-1].box, group[-1].pieces[-1]
    if line.box.y1 < above.y0:
        return _goes_on(last, line.pieces[0])  # at the top of the next column
    if not _follows(above, line.box, PARAGRAPH_GAP_HEIGHTS):
        return False
    if begins_item(line) and (begins_item(group[0]) or (isinstance(last, str) and last.rstrip().endswith(_ENDS))):
        return False
    if isinstance(last, str) and last.endswith("-"):
        return True
    is_indented = line.box.x0 - above.x0 >= INDENT_HEIGHTS * min(above.height, line.box.height)
    was_short = above.x1 < line.box.x1 - SHORT_LINE_SHARE * line.box.width
    return not (is_indented or was_short)


def _goes_on(last: Piece, following: Piece) -> bool:
    """Whether a sentence goes on: it is not ended, and what follows begins with a small letter."""
    if not isinstance(following, str) or not following[:1].islower():
        return False
    return not (isinstance(last, str) and last.rstrip().endswith(_ENDS))
