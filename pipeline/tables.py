"""Ruled tables on a printed page: grids of cells, and columns of cells between rules of one extent."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.rules import Mask, each_across, rules_across, rules_down
from scanpage.document import TextLine
from scanpage.geometry import Box

LOOK_SIDE_PX = 2000
"""Long side of the picture in which rules are looked for; a rule of 0.4 pt on A4 is a pixel wide."""
FAINT, DARK = 0.12, 0.2
"""Rules, and writing, are so much darker than their paper, as a share of full black: blurred thin rules are faint."""
LEAST_WIDTH = 0.06
"""Shortest rule across a table, in shares of the longer side."""
SAME_END = 0.012
"""Rules of one table end this near to each other, in shares of the longer side."""
FEWEST_CELLS, FEWEST_ROWS = 4, 2
LEAST_ROW_PX = 4
"""Specks and dots of letters are no rows."""
MORE_THAN_TWO = 3
"""Rules, or else gaps between columns: numbered formulas between two rules are no table."""
LEAST_CELL = 0.4
"""Shortest side of a cell, in usual line heights."""
GAP_HEIGHTS = 0.6
"""Columns are this far apart, in usual line heights; words are less."""
BESIDE = 0.2, 0.6
"""From where to where, in usual line heights beyond its ends, nothing is written beside a table."""
CLEAR = 0.7
"""And in this share of the rows: titles may run across them."""
LONG_HEIGHTS, MOST_LONG = 12.0, 0.5
"""Stretches without such gaps, of so many line heights, are prose; where they are more than this share of the writing,
there is no table but perhaps the columns of a paper."""


@dataclass(frozen=True, slots=True)
class _Band:
    """What stands between two rules.

    Attributes:
        top: where the upper rule begins, in pixels of the picture that is looked at.
        bottom: where the lower one ends.
        rows: where each row of its writing has ink, uint8 [rows, width].
        beside: so many rows of writing stand right beside it.
        line_px: usual height of a line.
    """

    top: float
    bottom: float
    rows: Mask
    beside: int
    line_px: float

    @property
    def columns(self) -> int:
        """How many columns of cells the rows have."""
        return _columns(self.rows, GAP_HEIGHTS * self.line_px)

    @property
    def may_be_cells(self) -> bool:
        """Prose between two tables is many rows without columns, a title is one; no table ends within words."""
        if self.beside >= FEWEST_ROWS:
            return False
        return len(self.rows) < FEWEST_ROWS or (self.columns > 1 and not self.is_prose)

    @property
    def is_prose(self) -> bool:
        """Whether long stretches without gaps make most of its writing."""
        stretches = np.concatenate([_widths(_joined(row, GAP_HEIGHTS * self.line_px)) for row in self.rows])
        return bool(stretches[stretches >= LONG_HEIGHTS * self.line_px].sum() > MOST_LONG * stretches.sum())


def find_tables(image: NDArray[np.uint8], lines: Sequence[TextLine]) -> list[Box]:
    """Boxes of ruled tables in page pixels, apart from each other.

    Args:
        image: the page, flat, uint8 RGB [H, W, 3].
        lines: its prose, that in the cells among it.
    """
    if not lines:
        return []
    scale = min(1.0, LOOK_SIDE_PX / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    # Coloured rules are dark in one channel at least. Split, the least of them takes a tenth of the time.
    darkest = np.minimum.reduce(cv2.split(cv2.resize(image, size, interpolation=cv2.INTER_AREA)))
    ink, faint = (np.asarray((darkest < 255 * (1 - share)).astype(np.uint8)) for share in (DARK, FAINT))
    across, down = rules_across(faint), rules_down(faint)
    rules = cv2.dilate(across | down, np.ones((3, 3), np.uint8))
    line_px = statistics.median(line.box.height for line in lines) * scale
    boxes = _grids(rules, LEAST_CELL * line_px)
    levels = [box for box in each_across(across) if box.width >= LEAST_WIDTH * max(size)]
    written = ink & (1 - rules)
    for group in _of_one_extent(levels, SAME_END * max(size)):
        boxes += _ruled(group, written, line_px)
    return [box.scaled(1 / scale) for box in united(boxes)]


def united(boxes: Sequence[Box]) -> list[Box]:
    """Boxes that overlap as one."""
    result: list[Box] = []
    for box in boxes:
        while touching := [other for other in result if other.intersection(box) > 0]:
            result = [other for other in result if other not in touching]
            box = Box.around([box, *touching])
        result.append(box)
    return result


def _grids(rules: Mask, least_side: float) -> list[Box]:
    """Connected rules that enclose enough cells."""
    outlines, tree = cv2.findContours(rules, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    cells: dict[int, int] = {}
    for outline, (*_, parent) in zip(outlines, [] if tree is None else tree[0].tolist(), strict=True):
        if parent >= 0 and min(cv2.boundingRect(outline)[2:]) >= least_side:
            cells[parent] = cells.get(parent, 0) + 1
    frames = [cv2.boundingRect(outlines[k]) for k, count in cells.items() if count >= FEWEST_CELLS]
    return [Box(x, y, x + width, y + height) for x, y, width, height in frames]


def _of_one_extent(levels: Sequence[Box], tolerance: float) -> list[list[Box]]:
    """Rules that begin and end at the same place, each group from top to bottom."""
    groups: list[list[Box]] = []
    for level in sorted(levels, key=lambda box: box.y0):
        for group in groups:
            if abs(group[0].x0 - level.x0) <= tolerance and abs(group[0].x1 - level.x1) <= tolerance:
                group.append(level)
                break
        else:
            groups.append([level])
    return groups


def _ruled(group: Sequence[Box], written: Mask, line_px: float) -> list[Box]:
    """Tables between rules of one extent: as many bands as follow each other and may be cells."""
    around = Box.around(group)
    x0, _, x1, _ = around.pixels()
    bands = []
    for above, below in pairwise(group):
        part = written[round(above.y0) : round(below.y1)]
        bands.append(_Band(above.y0, below.y1, _rows(part[:, x0:x1]), _beside(part, (x0, x1), line_px), line_px))
    tables = []
    for may_be_cells, run in groupby(bands, lambda band: band.may_be_cells):
        chain = _trimmed(list(run)) if may_be_cells else []
        if chain:
            whole = _Band(chain[0].top, chain[-1].bottom, np.concatenate([band.rows for band in chain]), 0, line_px)
            rules, gaps = len(chain) + 1, whole.columns - 1
            if len(whole.rows) >= FEWEST_ROWS and gaps > 0 and max(rules, gaps) >= MORE_THAN_TWO:
                tables.append(Box(around.x0, whole.top, around.x1, whole.bottom))
    return tables


def _trimmed(chain: Sequence[_Band]) -> list[_Band]:
    """Bands without what has no cells at the ends: a running head or a caption between two rules."""
    kept = [k for k, band in enumerate(chain) if band.columns > 1 or (band.columns == 1 and not band.is_prose)]
    return list(chain[kept[0] : kept[-1] + 1]) if kept else []


def _beside(part: Mask, ends: tuple[int, int], line_px: float) -> int:
    """How many rows of writing go on beyond one of the ends."""
    near, far = round(BESIDE[0] * line_px), round(BESIDE[1] * line_px)
    left, right = max(0, ends[0] - far), ends[1] + near
    return max(len(_rows(part[:, left : max(0, ends[0] - near)])), len(_rows(part[:, right : right + far - near])))


def _rows(part: Mask) -> Mask:
    """Where each row of writing has ink, uint8 [rows, width]."""
    inked = np.concatenate([[0], part.any(axis=1).astype(np.int8), [0]])
    starts, ends = np.flatnonzero(np.diff(inked) > 0), np.flatnonzero(np.diff(inked) < 0)
    rows = [part[a:b].any(axis=0) for a, b in zip(starts, ends, strict=True) if b - a >= LEAST_ROW_PX]
    return np.array(rows, np.uint8).reshape(len(rows), part.shape[1])


def _columns(rows: Mask, least_gap: float) -> int:
    """Clear gaps down nearly all rows, plus one; 0 where nothing is written."""
    used = np.flatnonzero(rows.any(axis=0))
    if not len(used):
        return 0
    blank = (1 - rows[:, used[0] : used[-1] + 1]).mean(axis=0) >= CLEAR
    return 1 + int((_widths(blank) >= least_gap).sum())


def _joined(row: Mask, gap: float) -> Mask:
    """The row with its gaps of less than `gap` filled."""
    return np.asarray(cv2.morphologyEx(row[None], cv2.MORPH_CLOSE, np.ones((1, max(1, round(gap))), np.uint8))[0])


def _widths(marked: NDArray[np.generic]) -> NDArray[np.intp]:
    """Lengths of the runs of ones."""
    edges = np.diff(np.concatenate([[0], marked.astype(np.int8), [0]]))
    return np.flatnonzero(edges < 0) - np.flatnonzero(edges > 0)
