"""Drawings on handwritten pages: connected strokes that are much larger than the writing, and hold little of it."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.rules import Mask, joined_across, rules_across, rules_down
from scanpage.geometry import Box

LOOK_SIDE_PX = 1000
"""Long side of the picture in which drawings are looked for."""
STROKE_PERCENTILE, STROKE_SHARE = 95, 0.5
"""The writing is as dark as this percentile of what stands in a line's box; ink is at least this share as dark."""
USUAL_DARK, USUAL_HEIGHT = 100.0, 0.03
"""Where nothing is written: darkness of strokes (0 to 255), and the height of lines in shares of the longer side."""
LONG, FEWEST_LONG, SPREAD = 0.15, 8, 0.5
"""Paper is ruled where so many rules are so long, in shares of the longer side, and this share of the page lies between
them: bars of fractions are shorter, the rules of a drawn table stand nearer together."""
PIECE = 0.05
"""Where it is, rules of this length are its pieces, shorter ones may be of a curve."""
LEAST_HEIGHTS = 2.0
"""Both sides of a drawing measure so many usual line heights at least."""
LEAST_THICK = 1.5
"""And so many the way in which it is thinnest, however it is turned: margin lines and arrows are less."""
LEAST_SIDE, MOST_SIDE = 0.04, 0.6
"""And are within these shares of the longer side of the page."""
LARGE_HEIGHTS, MOST_INTRICATE = 3.0, 2.1
"""One of which a side is less than so many line heights is no more intricate than this: what strikes out a line hangs
together with its letters."""
EDGE = 0.02
"""What reaches so near to the edge, in shares of the longer side, is the desk, a shadow, a spiral, the sheet's edge."""
MOST_WRITTEN = 0.25
"""Where lines and formulas fill more than this, strokes frame them, strike them out or lead from one to the next; and
strokes more of which than this lie in them are writing."""
WIDEST_NAME = 0.6
"""Names in a drawing are no wider than this share of it; a line or formula that is makes it a frame."""
MOST_STRAIGHT = 0.85
"""Strokes that are level and upright alone are empty frames, or the working of a long division."""
FEWEST_CELLS, LEAST_CELL = 4, 0.5
"""But what encloses so many cells is a table, whatever is written in them; each side of a cell measures
so many line heights at least."""
MOST_SQUARE, LEAST_SQUARE = 1.35, 2.0
"""Even cells, the longer side at most so many times the other, are squares of the paper where they are smaller than so
many lines."""


@dataclass(frozen=True, slots=True)
class _Strokes:
    """Ink that hangs together.

    Attributes:
        box: where it is, in pixels of the picture that is looked at.
        mask: 1 where there is ink of it, uint8, of the box's size.
        joined: the same with small gaps closed.
    """

    box: Box
    mask: Mask
    joined: Mask

    def share_in(self, other: Mask) -> float:
        """How much of the ink lies where `other`, of the size of the picture, is 1."""
        return float((self.mask & self.cut(other)).sum() / self.mask.sum())

    def cut(self, other: Mask) -> Mask:
        x0, y0, x1, y1 = self.box.pixels()
        return other[y0:y1, x0:x1]

    @property
    def thickness_px(self) -> float:
        """Its extent the way in which it is least: between the edges of a band in which ink of this spread is even."""
        return float(np.sqrt(12 * np.linalg.eigvalsh(np.cov(np.nonzero(self.mask)))[0]))

    @property
    def intricacy(self) -> float:
        """How long its strokes are, in half perimeters of its box: 1 for a cross, 1.6 for a circle."""
        outlines, _ = cv2.findContours(self.mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
        # An outline runs along both sides of a stroke.
        return sum(cv2.arcLength(outline, True) for outline in outlines) / 2 / sum(self.mask.shape)

    def cells(self, line_px: float) -> int:
        """How many holes it encloses that may hold writing of this height, but for the squares of squared paper."""
        outlines, tree = cv2.findContours(self.joined, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
        inner = [outline for outline, (*_, parent) in zip(outlines, tree[0].tolist(), strict=True) if parent >= 0]
        sides = [sorted(cv2.boundingRect(outline)[2:]) for outline in inner]
        return sum(
            least >= LEAST_CELL * line_px and (most > MOST_SQUARE * least or most >= LEAST_SQUARE * line_px)
            for least, most in sides
        )


def find_drawings(image: Mask, written: Sequence[Box]) -> list[Box]:
    """Boxes of drawings and drawn tables in page pixels.

    Args:
        image: the page, flat and evenly lit, uint8 RGB [H, W, 3].
        written: boxes of its lines of prose and of its displayed formulas.
    """
    scale = min(1.0, LOOK_SIDE_PX / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    side = max(size)
    # Coloured strokes are dark in one channel at least. Split, the least of them takes a tenth of the time.
    dark = cv2.bitwise_not(cv2.resize(np.minimum.reduce(cv2.split(image)), size, interpolation=cv2.INTER_AREA))
    boxes = [box for box in (box.scaled(scale).clipped(*size) for box in written) if box.area > 0]
    line_px = statistics.median(box.height for box in boxes) if boxes else USUAL_HEIGHT * side
    ink = np.asarray((dark > STROKE_SHARE * _darkness(dark, boxes)).astype(np.uint8))
    across, down = rules_across(ink), rules_down(ink)
    ruling = _ruling(across) | _ruling(np.ascontiguousarray(down.T)).T
    ink &= 1 - ruling
    writing = np.zeros_like(ink)
    for box in boxes:
        x0, y0, x1, y1 = box.pixels()
        writing[y0:y1, x0:x1] = 1
    least_px = max(LEAST_HEIGHTS * line_px, LEAST_SIDE * side)
    found = []
    for strokes in _connected(ink, least_px, MOST_SIDE * side):
        on_page = not _at_edge(strokes.box, size)
        is_table = strokes.cells(line_px) >= FEWEST_CELLS
        is_frame = any(_spans(box, strokes.box) for box in boxes)
        if on_page and (is_table or (not is_frame and _is_drawing(strokes, writing, across | down, line_px))):
            found.append(strokes.box.scaled(1 / scale))
    return found


def _darkness(dark: Mask, boxes: Sequence[Box]) -> float:
    """How dark strokes of the writing are, 0 to 255; `dark` says it of each pixel."""
    parts = [dark[y0:y1, x0:x1] for x0, y0, x1, y1 in (box.pixels() for box in boxes)]
    return statistics.median(float(np.percentile(part, STROKE_PERCENTILE)) for part in parts) if parts else USUAL_DARK


def _ruling(across: Mask) -> Mask:
    """What of these rules is the paper's."""
    side = max(across.shape)
    _, labels, blobs, _ = cv2.connectedComponentsWithStats(joined_across(across))
    lengths = blobs[:, cv2.CC_STAT_WIDTH] / side
    lengths[0] = 0.0
    tops = blobs[lengths >= LONG, cv2.CC_STAT_TOP]
    if len(tops) < FEWEST_LONG or np.ptp(tops) < SPREAD * len(across):
        return np.zeros_like(across)
    return np.asarray(across & (lengths >= PIECE).astype(np.uint8)[labels])


def _connected(ink: Mask, least_px: float, most_px: float) -> Iterator[_Strokes]:
    """Strokes that hang together, whose sides are between these."""
    # Pencil leaves gaps of a pixel.
    _, labels, blobs, _ = cv2.connectedComponentsWithStats(cv2.dilate(ink, np.ones((3, 3), np.uint8)))
    sides = blobs[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]]
    of_size = (sides.min(axis=1) >= least_px) & (sides.max(axis=1) <= most_px)
    for k in np.flatnonzero(of_size[1:]) + 1:
        x, y, width, height, _ = blobs[k].tolist()
        part = slice(y, y + height), slice(x, x + width)
        joined = (labels[part] == k).astype(np.uint8)
        yield _Strokes(Box(x, y, x + width, y + height), joined & ink[part], joined)


def _at_edge(box: Box, size: tuple[int, int]) -> bool:
    margin = EDGE * max(size)
    return box.x0 <= margin or box.y0 <= margin or box.x1 >= size[0] - margin or box.y1 >= size[1] - margin


def _spans(line: Box, strokes: Box) -> bool:
    x, y = line.center
    inside = strokes.x0 <= x <= strokes.x1 and strokes.y0 <= y <= strokes.y1
    return inside and line.width > WIDEST_NAME * strokes.width


def _is_drawing(strokes: _Strokes, writing: Mask, straight: Mask, line_px: float) -> bool:
    is_written = max(strokes.cut(writing).mean(), strokes.share_in(writing)) > MOST_WRITTEN
    if is_written or strokes.share_in(straight) > MOST_STRAIGHT or strokes.thickness_px < LEAST_THICK * line_px:
        return False
    return min(strokes.mask.shape) >= LARGE_HEIGHTS * line_px or strokes.intricacy <= MOST_INTRICATE
