"""Reading order: columns from left to right, rows from top to bottom, formulas of a row from left to right.

Columns are found as in the XY-cut (Nagy and Seth, 1984), with two changes: items that run across the gutter of a paper
(titles, wide formulas) do not hide it, they cut the page into bands instead; and in a notebook blank stretches
across the page are cut first, so that calculations side by side do not reach into the next exercise.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from scanpage.geometry import Box

Item = TypeVar("Item")

SAME_ROW_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """What two columns must be like.

    Attributes:
        items: each holds at least so many.
        filled: the items of each cover at least this share of its height.
        spanning: at most this share of the items, by their widths, runs across the gutter.
        gap_heights: the gutter is at least so wide, in median item heights.
        clear_gap_heights: and at least so wide where next to nothing runs across it.
        one_item_rows: neither holds items side by side (but for labels): values in a grid are read row by row.
    """

    items: int
    filled: float
    spanning: float
    gap_heights: float
    clear_gap_heights: float
    one_item_rows: bool


PAGE_COLUMNS = ColumnRule(
    items=8, filled=0.4, spanning=0.25, gap_heights=0.3, clear_gap_heights=0.1, one_item_rows=False
)
"""Columns of a paper, which hold over paragraphs."""
BAND_COLUMNS = ColumnRule(items=2, filled=0.4, spanning=0.0, gap_heights=1.0, clear_gap_heights=1.0, one_item_rows=True)
"""Calculations side by side in a notebook, which end where the paper is blank across its width."""
CLEAR_SPANNING = 0.1
"""Next to nothing: this share of the items, by their widths."""
BAND_GAP_HEIGHTS = 0.9
MIN_WIDTH_SHARE = 0.12
"""What is narrower beside a column is a list of labels."""
LABEL_WIDTH_HEIGHTS = 1.5
MIN_COLUMN_HEIGHTS = 1.6
"""What is lower, in median item heights, is one row."""


def reading_order(items: Sequence[Item], box_of: Callable[[Item], Box]) -> list[list[Item]]:
    """Rows of items in reading order.

    Args:
        items: what stands on the page.
        box_of: the place of an item, in page pixels.

    Returns:
        Rows from first to last, each from left to right; every item is in exactly one row.
    """
    return [row for column in columns(items, box_of) for row in rows(column, box_of)]


def columns(items: Sequence[Item], box_of: Callable[[Item], Box]) -> list[list[Item]]:
    """Groups of items that are read one after the other: columns, and what spans them."""
    parts = _split_at_gutter(items, box_of, PAGE_COLUMNS)
    if parts is not None:
        return [column for part in parts for column in columns(part, box_of)]
    result: list[list[Item]] = []
    for band in bands(items, box_of):
        parts = _split_at_gutter(band, box_of, BAND_COLUMNS)
        result += [band] if parts is None else parts
    return result


def gutters(boxes: Sequence[Box]) -> list[float]:
    """x of the gaps between the columns of a paper, from left to right; none on a page of a single column."""
    gutter = _gutter(boxes, PAGE_COLUMNS)
    if gutter is None:
        return []
    left, right = [box for box in boxes if box.x1 <= gutter], [box for box in boxes if box.x0 >= gutter]
    return [*gutters(left), gutter, *gutters(right)]


def parted(left: float, right: float, gutters: Sequence[float]) -> bool:
    """Whether a gutter lies between two things on one height, told by the x of their middles."""
    return any(left < gutter < right for gutter in gutters)


def bands(items: Sequence[Item], box_of: Callable[[Item], Box]) -> list[list[Item]]:
    """Items parted where the page is blank across its width, from top to bottom."""
    if not items:
        return []
    gap = BAND_GAP_HEIGHTS * statistics.median(box_of(item).height for item in items)
    result: list[list[Item]] = []
    bottom = -math.inf
    for item in sorted(items, key=lambda item: box_of(item).y0):
        if box_of(item).y0 - bottom > gap:
            result.append([])
        result[-1].append(item)
        bottom = max(bottom, box_of(item).y1)
    return result


def _split_at_gutter(items: Sequence[Item], box_of: Callable[[Item], Box], rule: ColumnRule) -> list[list[Item]] | None:
    """Left and right columns between the items that span them, top to bottom; None for a single column."""
    gutter = _gutter([box_of(item) for item in items], rule)
    if gutter is None:
        return None
    spanning = sorted((i for i in items if box_of(i).x0 < gutter < box_of(i).x1), key=lambda i: box_of(i).center[1])
    rest = [item for item in items if not box_of(item).x0 < gutter < box_of(item).x1]
    result: list[list[Item]] = []
    for span in [*spanning, None]:
        edge = math.inf if span is None else box_of(span).center[1]
        above = [item for item in rest if box_of(item).center[1] < edge]
        rest = [item for item in rest if box_of(item).center[1] >= edge]
        result.append([item for item in above if box_of(item).center[0] < gutter])
        result.append([item for item in above if box_of(item).center[0] >= gutter])
        if span is not None:
            result.append([span])
    return [part for part in result if part]


def rows(items: Sequence[Item], box_of: Callable[[Item], Box]) -> list[list[Item]]:
    """Items that share a line, from top to bottom; each row from left to right."""
    found: list[list[Item]] = []
    for item in sorted(items, key=lambda item: box_of(item).center[1]):
        row = next((row for row in reversed(found[-3:]) if _fits_row(box_of(item), [box_of(i) for i in row])), None)
        if row is None:
            found.append([item])
        else:
            row.append(item)
    for row in found:
        row.sort(key=lambda item: box_of(item).x0)
    return sorted(found, key=lambda row: statistics.fmean(box_of(item).center[1] for item in row))


def _fits_row(box: Box, row: Sequence[Box]) -> bool:
    """Whether `box` stands beside what is already in a row: on the same height, and not above or below any of it."""
    if any(min(box.x1, other.x1) - max(box.x0, other.x0) > 0.2 * min(box.width, other.width) for other in row):
        return False
    nearest = min(row, key=lambda other: max(other.x0 - box.x1, box.x0 - other.x1))
    return overlap_share(box, nearest) >= SAME_ROW_SHARE


def overlap_share(one: Box, other: Box) -> float:
    """How much of the lower of two boxes' heights they share, 0 to 1."""
    shared = min(one.y1, other.y1) - max(one.y0, other.y0)
    lower = min(one.height, other.height)
    return max(0.0, shared) / lower if lower > 0 else 0.0


def _gutter(boxes: Sequence[Box], rule: ColumnRule) -> float | None:
    """x of the clearest gap between two columns, or None for a single column."""
    if len(boxes) < 2 * rule.items:
        return None
    line_height = statistics.median(box.height for box in boxes)
    best: tuple[float, float, float] | None = None
    for x in _candidate_gaps(boxes):
        crossing = [box for box in boxes if box.x0 < x < box.x1]
        left = [box for box in boxes if box.x1 <= x]
        right = [box for box in boxes if box.x0 >= x]
        if _width(crossing) > rule.spanning * _width(boxes) or min(len(left), len(right)) < rule.items:
            continue
        gap = min(box.x0 for box in right) - max(box.x1 for box in left)
        is_clear = _width(crossing) <= CLEAR_SPANNING * _width(boxes)
        least = rule.clear_gap_heights if is_clear else rule.gap_heights
        if gap < least * line_height or not _stand_side_by_side(left, right, rule):
            continue
        candidate = (-float(len(crossing)), gap, x)
        best = candidate if best is None else max(best, candidate)
    return None if best is None else best[2]


def _width(boxes: Sequence[Box]) -> float:
    return sum(box.width for box in boxes)


def _candidate_gaps(boxes: Sequence[Box]) -> list[float]:
    """Middles between each right edge and the next left edge after it."""
    lefts = sorted(box.x0 for box in boxes)
    middles: set[float] = set()
    for edge in {box.x1 for box in boxes}:
        following = next((x for x in lefts if x > edge), None)
        if following is not None:
            middles.add((edge + following) / 2)
    return sorted(middles)


def _stand_side_by_side(left: Sequence[Box], right: Sequence[Box], rule: ColumnRule) -> bool:
    """Whether two groups are columns: each is tall and wide enough, and they run along the same stretch of the page."""
    one, other = Box.around(left), Box.around(right)
    if min(one.width, other.width) < MIN_WIDTH_SHARE * Box.around([one, other]).width:
        return False
    if min(one.height, other.height) < MIN_COLUMN_HEIGHTS * statistics.median(box.height for box in [*left, *right]):
        return False
    if rule.one_item_rows and any(_has_neighbours(group) for group in (left, right)):
        return False
    # The last column of a page may end early, so each is measured by its own height.
    filled = min(sum(box.height for box in group) / whole.height for group, whole in ((left, one), (right, other)))
    return overlap_share(one, other) > 0.5 and filled > rule.filled


def _has_neighbours(boxes: Sequence[Box]) -> bool:
    wide = [box for box in boxes if box.width > LABEL_WIDTH_HEIGHTS * box.height]
    return any(len(row) > 1 for row in rows(wide, lambda box: box))
