"""What lines of a page are besides prose: its running head and number, headings, items of a list."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.order import rows
from scanpage.document import Figure, Formula, Page, TextLine
from scanpage.geometry import Box

Item = TextLine | Formula | Figure

MARGIN_SHARE, OUTER_SHARE = 0.13, 0.1
"""Running heads and page numbers stand this near to the top or bottom, in shares of the page's height."""
ACROSS = 0.5
"""Farther in than the second share a number belongs to the page if the row with it is so wide, in shares of the page's
width: a table may begin there."""
MARGIN_GAP_HEIGHTS = 0.6
"""And so far from all else, in their own heights."""
LEFT_THIRD = 1 / 3
"""A number alone in the left third is a question's."""
SMALL, HEAD_GAP_HEIGHTS = 0.9, 1.0
"""Letters of a running head without a number in usual ones at most, and its room, as it may as well be a caption."""
_PAGE_NUMBER = re.compile(
    r"[^\w()\[\]]*(?:(?:page|p\.|seite|trang|página|pagina)\s*)?(?:\d{1,4}|[ivx]|[ivxlc]{2,6})(?:\s*(?:/|of|von|de)\s*\d{1,4})?"
    r"[^\w()\[\]]*",
    re.IGNORECASE,
)
"""In brackets it may be an equation's number, apart from that."""
_QUESTION = re.compile(r"\w+[.):]")
"""`3)`: what stands behind it is no running head."""

FEWEST_LINES, LONG_LINE, EVEN = 5, 15, 1.35
"""Print is told from handwriting by letters of even height: of so many lines of so many characters, the third quartile
is so many times the first at most."""
LARGE, FULL = 1.15, 0.95
"""Letters of headings in usual ones: what is told by its size alone, and what numbered and bold ones need at least."""
BOLD, MOST_BOLD = 1.25, 3.0
"""Size of letters times thickness of strokes, both in usual ones: from here on both together make a heading. Strokes of
bold letters are 1.5 times as thick, at the same size; what is far thicker is a shadow."""
LARGER = 1.3
"""Letters of less than so many usual ones may be large by chance, on a bent or blurred page; such a line is a heading
if it is no part of a paragraph."""
APART_HEIGHTS, SHORT_HEIGHTS = 0.1, 0.5
"""It is none if it stands so far from the line above, in its own heights, does not end where that does, and ends so
much before the line below. Within a paragraph the boxes of lines overlap."""
CAPITALS, SMALL_CAPITALS = 6, 0.75
"""So many letters at least, all of them capitals, make a heading, too, not an abbreviation; small ones are so large."""
_WORD, _RELATION = re.compile(r"[^\W\d_]{5}"), re.compile(r"[=<>~≅≤≥*+]")
"""They hold a word and no relation: names of points are capitals, too."""
MANY = 0.25
"""Where this share of the usual lines is in capitals, these make no headings."""
LONGEST_HEADING = 80
_NUMBERED = re.compile(r"(?:chapter|section|§)?\s*(\d+(?:\.\d+)+|[A-Z](?:\.\d+)+)\.?\s+[^\W\d_]", re.IGNORECASE)
_TITLE = re.compile(r"\w.*[^\W\d_]{2}")
_FIGURE = re.compile(r"(?:fig(?:ure|\.)|table)\s*\d", re.IGNORECASE)
"""`Figure 3`, however large or bold, is no heading; `Lecture 3` may well be one, so that no other word counts here."""
_NUMBERED_WORD = re.compile(r"[^\W\d_]+\.?\s*\d")
"""Small print that begins so is kept, since it may be a caption in any language: `Abb. 3`."""
_TALL, LEAST_TALL = frozenset("bdfhklt"), 0.15
"""Where fewer letters are tall the height of a line, a percentile, is that of low ones; of usual words a third is."""

_ENDS = (".", ",", ";", ":", "\u3002", "\uff0e")
"""How sentences and their parts end, but no headings."""
_RUN_IN = re.compile(r"[a-zà-ÿ]{3}[.?!]\s+\w")
"""Where a sentence begins behind a heading, on the same line."""
_ITEM = re.compile(r"(?:\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)]|\[\d{1,3}\]|[•–∙▪*-])\s+\S")
"""How items of a list begin."""


def without_furniture(page: Page, items: Sequence[Item], usual: UsualLetters | None = None) -> list[Item]:
    """What stands on a page without its running head and its number.

    A row across the page, whatever its columns, is left out if it stands alone at the top or bottom, and holds nothing
    but a number, or words with a number at one end. Figures reach beyond their ink, so they are no neighbours to it.
    Words without a number are left out if they stand alone above all else, in smaller letters than usual ones.
    """
    across = rows([item for item in items if not isinstance(item, Figure)], lambda item: item.box)
    boxes = [Box.around(item.box for item in row) for row in across]
    figures = [item.box for item in items if isinstance(item, Figure)]

    def is_furniture(row: Sequence[TextLine | Formula], box: Box) -> bool:
        if not _in_margin(box, page, MARGIN_SHARE):
            return False
        if _numbers_page(row, page) and _stands_alone(box, boxes, MARGIN_GAP_HEIGHTS):
            return True
        is_first = all(box.y1 <= other.y0 for other in [*boxes, *figures] if other is not box)
        return is_first and _is_small_print(row, usual) and _stands_alone(box, [*boxes, *figures], HEAD_GAP_HEIGHTS)

    furniture = {id(item) for row, box in zip(across, boxes, strict=True) if is_furniture(row, box) for item in row}
    return [item for item in items if id(item) not in furniture]


def _in_margin(box: Box, page: Page, share: float) -> bool:
    middle = box.center[1] / page.height_px
    return middle < share or middle > 1 - share


def _numbers_page(row: Sequence[TextLine | Formula], page: Page) -> bool:
    texts = [_said(item) for item in row]
    if len(row) == 1:
        return _PAGE_NUMBER.fullmatch(texts[0]) is not None and row[0].box.center[0] > LEFT_THIRD * page.width_px
    at_left = _PAGE_NUMBER.fullmatch(texts[0]) is not None and _QUESTION.fullmatch(texts[0]) is None
    words = row[1:] if at_left else row[:-1]
    if not all(isinstance(item, TextLine) and not item.formulas for item in words):
        return False
    box = Box.around(item.box for item in row)
    if not _in_margin(box, page, OUTER_SHARE) and box.width < ACROSS * page.width_px:
        return False
    return at_left or _PAGE_NUMBER.fullmatch(texts[-1]) is not None


def _said(item: TextLine | Formula) -> str:
    return item.text if isinstance(item, TextLine) else item.latex.replace(" ", "")


def _is_small_print(row: Sequence[TextLine | Formula], usual: UsualLetters | None) -> bool:
    """Whether a row is one line of words in smaller letters, and no sentence or item of a list."""
    line = row[0]
    if usual is None or len(row) > 1 or not isinstance(line, TextLine) or line.formulas or begins_item(line):
        return False
    size, text = usual.size(line), line.text.strip()
    if size is None or size > SMALL or len(text) < LONG_LINE:
        return False
    # Where hardly a letter is tall, their height says nothing.
    tall = sum(sign in _TALL or sign.isupper() or sign.isdigit() for sign in text)
    if tall < LEAST_TALL * sum(map(str.isalnum, text)) or text[0].islower() or _NUMBERED_WORD.match(text):
        return False
    return _TITLE.match(text) is not None and not text.endswith(_ENDS)


def _stands_alone(box: Box, boxes: Sequence[Box], gap_heights: float) -> bool:
    gaps = (max(other.y0 - box.y1, box.y0 - other.y1) for other in boxes if other is not box)
    return min(gaps, default=0.0) >= gap_heights * box.height


@dataclass(frozen=True, slots=True)
class UsualLetters:
    """Letters of the usual lines of a page.

    Attributes:
        height_px: their height in pixels.
        stroke_px: thickness of their strokes in pixels, None where that is not known.
        capitals: whether many of these lines are in capitals, as some write and some print.
    """

    height_px: float
    stroke_px: float | None = None
    capitals: bool = False

    def size(self, line: TextLine) -> float | None:
        """Height of a line's letters in usual ones."""
        return None if line.letter_px is None else line.letter_px / self.height_px

    def is_bold(self, line: TextLine) -> bool:
        """Whether letters are of usual size at least, and large and thick together."""
        size = self.size(line)
        if size is None or size < FULL or line.stroke_px is None or self.stroke_px is None:
            return False
        return BOLD <= size * line.stroke_px / self.stroke_px <= MOST_BOLD


def long_lines(lines: Sequence[TextLine]) -> list[TextLine]:
    """The lines that can tell the size of usual letters."""
    return [line for line in lines if line.letter_px is not None and len(line.text) >= LONG_LINE]


def usual_letters(lines: Sequence[TextLine]) -> UsualLetters | None:
    """What usual letters of print are like; None where lines are few or uneven, as handwritten ones are."""
    long = long_lines(lines)
    if len(long) < FEWEST_LINES:
        return None
    first, middle, third = statistics.quantiles([line.letter_px for line in long if line.letter_px is not None], n=4)
    strokes = [line.stroke_px for line in long if line.stroke_px is not None]
    if third > EVEN * first:
        return None
    capitals = sum(_in_capitals(line) for line in long) >= MANY * len(long)
    return UsualLetters(middle, statistics.median(strokes) if strokes else None, capitals)


def heading_level(
    line: TextLine,
    usual: UsualLetters | None,
    *,
    above: TextLine | None = None,
    below: TextLine | None = None,
    follows_heading: bool = False,
) -> int:
    """1 for a heading, 2 for one of a part of a section (`2.1`), 0 for prose.

    Args:
        line: what may be one.
        usual: letters of usual lines; None where they tell nothing.
        above: the line of prose right before it, None where there is none that it could go on.
        below: the one right after it, None where there is none.
        follows_heading: whether the line right before it is a heading, which may have a second line.
    """
    size = None if usual is None else usual.size(line)
    if usual is None or size is None or line.formulas:
        return 0
    text = line.text.strip()
    if len(text) > LONGEST_HEADING or not _TITLE.match(text) or _FIGURE.match(text):
        return 0
    if (text[0].islower() and not follows_heading) or text.endswith(_ENDS) or _RUN_IN.search(text):
        return 0
    if size < LARGER and above is not None and not _stands_apart(line.box, above.box):
        return 0
    if _NUMBERED.match(text) and size >= FULL:
        return 2
    # A heading may have a second line, or another one below it.
    prose = None if below is None or _NUMBERED.match(below.text) or (usual.size(below) or 0) >= LARGE else below
    if size < LARGER and (_ends_like(line.box, above) or _goes_on(line.box, prose)):
        return 0
    # The first line of a bold paragraph is none.
    is_bold = usual.is_bold(line) and not (prose is not None and usual.is_bold(prose))
    in_capitals = size >= SMALL_CAPITALS and _in_capitals(line) and not usual.capitals
    return 1 if size >= LARGE or is_bold or in_capitals else 0


def _in_capitals(line: TextLine) -> bool:
    words = "".join(piece for piece in line.pieces if isinstance(piece, str))
    letters = [sign for sign in words if sign.isalpha()]
    # Letters of scripts without capitals are none.
    is_text = _WORD.search(words) is not None and _RELATION.search(words) is None
    return is_text and len(letters) >= CAPITALS and all(map(str.isupper, letters))


def _stands_apart(box: Box, above: Box) -> bool:
    return _in_next_column(box, above) or box.y0 - above.y1 >= APART_HEIGHTS * box.height


def _ends_like(box: Box, above: TextLine | None) -> bool:
    """Whether a line ends where the one above does, as in a paragraph."""
    if above is None or _in_next_column(box, above.box):
        return False
    return abs(above.box.x1 - box.x1) < SHORT_HEIGHTS * box.height


def _goes_on(box: Box, below: TextLine | None) -> bool:
    """Whether a line may go on in the one below: it leaves no room before the end of that."""
    if below is None or _in_next_column(below.box, box):
        return False
    return below.box.x1 - box.x1 < SHORT_HEIGHTS * box.height


def _in_next_column(box: Box, before: Box) -> bool:
    return box.y1 < before.y0


def begins_item(line: TextLine) -> bool:
    """Whether a line begins as items of a list do: `1.`, `(a)`, `[3]`, `•`."""
    first = line.pieces[0]
    return isinstance(first, str) and _ITEM.match(line.text) is not None
