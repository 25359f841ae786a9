"""The sheet: a page while it is being made, its pixels and the truth about its formulas."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import cv2
import numpy as np
import numpy.typing as npt

from scanpage.geometry import Box
from scanpage.region import RegionKind

Pixels = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]
Colour = tuple[int, int, int]

# Fainter coverage than this is the soft edge of a stroke, not ink that anyone would box.
# Thin strokes of small type cover a quarter of a pixel, and are ink.
INK_THRESHOLD = 40
BLACK: Colour = (20, 20, 20)
UNKNOWN = "\N{REPLACEMENT CHARACTER}"


class Source(Enum):
    """How a formula's ink came about."""

    TYPESET = "typeset"
    HAND = "hand"
    INK = "ink"


class LineRole(Enum):
    """What a line of a page is to a reader."""

    TEXT = "text"
    HEADING = "heading"
    LABEL = "label"
    """The number of a question, or a bullet."""
    CAPTION = "caption"
    FORMULA = "formula"
    """A displayed formula."""
    TAG = "tag"
    """The number of a displayed formula."""
    FURNITURE = "furniture"
    """A running head, or the page's number."""


@dataclass(frozen=True, slots=True)
class Written:
    """The truth about one line, displayed formulas among them.

    Attributes:
        rim: float32[n, 2], points around its ink, (x, y) in page pixels.
        text: what it says, formulas as `$LaTeX$`; `UNKNOWN` stands for words of which nobody knows.
    """

    rim: Points
    text: str
    role: LineRole

    @property
    def box(self) -> Box:
        return box_around(self.rim)


@dataclass(frozen=True, slots=True)
class Mark:
    """The truth about one formula.

    Attributes:
        rim: float32[n, 2], the outermost ink of each row and column, (x, y) in page pixels. A smooth warp of the page
            moves the extremes of the ink to extremes of the rim, so that boxes still hug the ink after it.
    """

    rim: Points
    kind: RegionKind
    latex: str
    source: Source

    @property
    def box(self) -> Box:
        return box_around(self.rim)


def box_around(rim: Points) -> Box:
    """The box around a rim."""
    x0, y0 = rim.min(axis=0)
    x1, y1 = rim.max(axis=0)
    return Box(float(x0), float(y0), float(x1), float(y1))


def ink_rim(alpha: Pixels, x: float = 0.0, y: float = 0.0) -> Points:
    """Rim of the ink in a mask whose top left corner lies at (x, y).

    Args:
        alpha: uint8[h, w], 255 is full ink.

    Returns:
        float32[n, 2]: corners of the outermost ink pixels of each row and column; empty where there is no ink.
    """
    ink = alpha >= INK_THRESHOLD
    height, width = ink.shape
    rows = np.flatnonzero(ink.any(axis=1))
    columns = np.flatnonzero(ink.any(axis=0))
    if rows.size == 0:
        return np.zeros((0, 2), np.float32)
    left, right = ink[rows].argmax(axis=1), width - ink[rows, ::-1].argmax(axis=1)
    top, bottom = ink[:, columns].argmax(axis=0), height - ink[::-1, columns].argmax(axis=0)
    sides = [(left, rows), (left, rows + 1), (right, rows), (right, rows + 1)]
    ends = [(columns, top), (columns + 1, top), (columns, bottom), (columns + 1, bottom)]
    points = np.concatenate([np.stack(pair, axis=1) for pair in sides + ends]).astype(np.float32)
    return points + np.array([x, y], np.float32)


@dataclass(slots=True)
class Sheet:
    """A page in the making.

    Attributes:
        pixels: uint8[h, w, 3], RGB.
        cover: uint8[h, w], 255 where there is paper (or a notebook's wire), 0 where a table would show.
        content: where to write, in pixels.
        marks: the formulas so far.
        taken: boxes of all items so far, formulas or not.
        lines: the lines so far, in the order in which they are read.
        drawings: rims of the figures and tables so far, as `ink_rim` gives them.
    """

    pixels: Pixels
    cover: Pixels
    content: Box
    pitch_px: float = 0.0
    first_line_px: float = 0.0
    marks: list[Mark] = field(default_factory=list)
    taken: list[Box] = field(default_factory=list)
    lines: list[Written] = field(default_factory=list)
    drawings: list[Points] = field(default_factory=list)

    @property
    def width(self) -> int:
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        return int(self.pixels.shape[0])

    def is_free(self, box: Box) -> bool:
        """Whether `box` lies on the page and touches no item."""
        inside = box.x0 >= 0 and box.y0 >= 0 and box.x1 <= self.width and box.y1 <= self.height
        return inside and all(box.intersection(other) == 0 for other in self.taken)

    def ink(self, alpha: Pixels, x: int, y: int, *, colour: Colour = BLACK, takes_place: bool = True) -> None:
        """Lay ink of `colour` with coverage `alpha`, its top left corner at (x, y); what leaves the page is cut."""
        x0, y0 = max(x, 0), max(y, 0)
        x1, y1 = min(x + alpha.shape[1], self.width), min(y + alpha.shape[0], self.height)
        if x0 >= x1 or y0 >= y1:
            return
        part = alpha[y0 - y : y1 - y, x0 - x : x1 - x]
        lay(self.pixels[y0:y1, x0:x1], part, colour)
        if takes_place:
            bx, by, bw, bh = cv2.boundingRect((part >= INK_THRESHOLD).view(np.uint8))
            if bw and bh:
                self.taken.append(Box(x0 + bx, y0 + by, x0 + bx + bw, y0 + by + bh))

    def drawing(self, alpha: Pixels, x: int, y: int, *, colour: Colour = BLACK) -> None:
        """Lay a figure or a table and note its place."""
        rim = ink_rim(alpha, x, y)
        if rim.size:
            self.ink(alpha, x, y, colour=colour)
            self.drawings.append(rim)

    def formula(
        self, alpha: Pixels, x: int, y: int, *, kind: RegionKind, latex: str, source: Source, colour: Colour = BLACK
    ) -> None:
        """Lay a formula's ink and note its truth."""
        rim = ink_rim(alpha, x, y)
        if rim.size == 0:
            return
        self.ink(alpha, x, y, colour=colour)
        self.marks.append(Mark(rim, kind, latex, source))
        if kind is RegionKind.ISOLATED:
            self.lines.append(Written(rim, latex, LineRole.FORMULA))

    def line(self, text: str, role: LineRole, *, since: int) -> None:
        """Note a line's truth: its ink is what was laid since `taken` held `since` boxes."""
        if len(self.taken) > since:
            box = Box.around(self.taken[since:])
            corners = [(box.x0, box.y0), (box.x1, box.y0), (box.x1, box.y1), (box.x0, box.y1)]
            self.lines.append(Written(np.array(corners, np.float32), text, role))


def lay(target: Pixels, alpha: Pixels, colour: Colour) -> None:
    """Darken `target` (uint8[h, w, 3], in place) as ink of `colour` does: paper shows through where coverage is low."""
    clear = cv2.bitwise_not(alpha)
    shade = cv2.merge([cv2.addWeighted(clear, 1.0, alpha, value / 255.0, 0.0) for value in colour])
    target[:] = cv2.multiply(target, shade, scale=1 / 255.0)


def blank_sheet(width: int, height: int, *, margin: Box | None = None) -> Sheet:
    """A white sheet; `margin` is the box to write in, the whole sheet by default."""
    pixels = np.full((height, width, 3), 255, np.uint8)
    cover = np.full((height, width), 255, np.uint8)
    return Sheet(pixels, cover, margin or Box(0, 0, width, height))
