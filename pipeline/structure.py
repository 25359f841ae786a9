"""What lines of a page are besides prose: its running head and number, headings, items of a list."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence

from pipeline.order import rows
from scanpage.document import Figure, Formula, Page, TextLine
from scanpage.geometry import Box

Item = TextLine | Formula | Figure

MARGIN_SHARE = 0.1
"""Running heads and page numbers stand this near to the top or bottom, in shares of the page's height."""
MARGIN_GAP_HEIGHTS = 0.6
"""And so far from all else, in their own heights."""
LEFT_THIRD = 1 / 3
"""A number alone in the left third is a question's."""
_PAGE_NUMBER = re.compile(
    r"\W*(?:(?:page|p\.|seite|trang|página|pagina)\s*)?(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:/|of|von|de)\s*\d{1,4})?\W*",
    re.IGNORECASE,
)
_QUESTION = re.compile(r"\w+[.):]")
"""`3)`: what stands behind it is no running head."""

FEWEST_LINES, LONG_LINE, EVEN = 5, 15, 1.35
"""Print is told from handwriting by letters of even height: of so many lines of so many characters, the third quartile
is so many times the first at most."""
LARGE, FULL = 1.15, 0.95
"""Letters of headings in usual ones: what needs no number, and what a numbered one needs at least."""
LARGER, APART_HEIGHTS = 1.3, 0.1
"""Letters of less than so many usual ones may be large by chance, on a bent or blurred page; such a line is a heading
if it stands so far, in its own heights, from the line above. Within a paragraph the boxes of lines overlap."""
LONGEST_HEADING = 80
_NUMBERED = re.compile(r"(?:chapter|section|§)?\s*(\d+(?:\.\d+)+|[A-Z](?:\.\d+)+)\.?\s+[^\W\d_]", re.IGNORECASE)
_TITLE = re.compile(r"(?!(?:fig(?:ure|\.)|table)\s*\d)\w.*[^\W\d_]{2}", re.IGNORECASE)

_ITEM = re.compile(r"(?:\(?(?:\d{1,2}|[a-zA-Z]|[ivx]{1,4})[.)]|\[\d{1,3}\]|[•–∙▪*-])\s+\S")
"""How items of a list begin."""


def without_furniture(page: Page, items: Sequence[Item]) -> list[Item]:
    """What stands on a page without its running head and its number.

    A row across the page, whatever its columns, is left out if it stands alone at the top or bottom, and holds nothing
    but a number, or words with a number at one end. Figures reach beyond their ink, so they are no neighbours to it.
    """
    across = rows([item for item in items if not isinstance(item, Figure)], lambda item: item.box)
    boxes = [Box.around(item.box for item in row) for row in across]
    furniture = {
        id(item)
        for row, box in zip(across, boxes, strict=True)
        if _in_margin(box, page) and _numbers_page(row, page) and _stands_alone(box, boxes)
        for item in row
    }
    return [item for item in items if id(item) not in furniture]


def _in_margin(box: Box, page: Page) -> bool:
    middle = box.center[1] / page.height_px
    return middle < MARGIN_SHARE or middle > 1 - MARGIN_SHARE


def _numbers_page(row: Sequence[TextLine | Formula], page: Page) -> bool:
    texts = [_said(item) for item in row]
    if len(row) == 1:
        return _PAGE_NUMBER.fullmatch(texts[0]) is not None and row[0].box.center[0] > LEFT_THIRD * page.width_px
    at_left = _PAGE_NUMBER.fullmatch(texts[0]) is not None and _QUESTION.fullmatch(texts[0]) is None
    words = row[1:] if at_left else row[:-1]
    if not all(isinstance(item, TextLine) and not item.formulas for item in words):
        return False
    return at_left or _PAGE_NUMBER.fullmatch(texts[-1]) is not None


def _said(item: TextLine | Formula) -> str:
    return item.text if isinstance(item, TextLine) else item.latex.replace(" ", "")


def _stands_alone(box: Box, boxes: Sequence[Box]) -> bool:
    gaps = (max(other.y0 - box.y1, box.y0 - other.y1) for other in boxes if other is not box)
    return min(gaps, default=0.0) >= MARGIN_GAP_HEIGHTS * box.height


def letter_sizes(lines: Sequence[TextLine]) -> list[float]:
    """Heights of the letters of long lines in pixels."""
    return [line.letter_px for line in lines if line.letter_px is not None and len(line.text) >= LONG_LINE]


def usual_letters(lines: Sequence[TextLine]) -> float | None:
    """Height of usual letters of print in pixels; None where lines are few or uneven, as handwritten ones are."""
    sizes = letter_sizes(lines)
    if len(sizes) < FEWEST_LINES:
        return None
    first, middle, third = statistics.quantiles(sizes, n=4)
    return middle if third <= EVEN * first else None


def heading_level(line: TextLine, usual: float | None, above: TextLine | None = None) -> int:
    """1 for a heading, 2 for one of a part of a section (`2.1`), 0 for prose.

    Args:
        line: what may be one.
        usual: height of the letters of usual lines.
        above: the line of prose right before it, None where there is none that it could go on.
    """
    if usual is None or line.formulas or line.letter_px is None:
        return 0
    text, size = line.text.strip(), line.letter_px / usual
    if len(text) > LONGEST_HEADING or text.endswith((".", ",", ";", ":")) or not _TITLE.match(text):
        return 0
    if size < LARGER and above is not None and not _stands_apart(line.box, above.box):
        return 0
    if _NUMBERED.match(text) and size >= FULL:
        return 2
    return 1 if size >= LARGE else 0


def _stands_apart(box: Box, above: Box) -> bool:
    in_next_column = box.y1 < above.y0
    return in_next_column or box.y0 - above.y1 >= APART_HEIGHTS * box.height


def begins_item(line: TextLine) -> bool:
    """Whether a line begins as items of a list do: `1.`, `(a)`, `[3]`, `•`."""
    first = line.pieces[0]
    return isinstance(first, str) and _ITEM.match(line.text) is not None
