"""From photo to page: turned upright, the sheet cut out and straightened, skew and slant removed, light made even, blur
undone.

What was done is kept as one homography, so that every box found on the page has its place in the original picture.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.paper import PaperFinder
from pipeline.deblur import blur_of, deblurred
from pipeline.line_reader import HEIGHT_PX, LineReader
from pipeline.slant import MIN_LINES, Slant, quartile_range, slant_of
from pipeline.text_lines import TextLineBox, TextLineFinder, laid_flat
from scanpage.geometry import Box
from scanpage.homography import Homography
from scanpage.light import flatten

Image = NDArray[np.uint8]
Points = NDArray[np.float64]
Placed = tuple[TextLineBox, TextLineBox]
"""A line of text as it is seen in a picture, and as it lies on the sheet."""

LOOK_SIDE_PX = 1280
"""Long side of the picture in which the sheet and its lines of text are looked for."""
WHOLE_SHARE = 0.012
"""A sheet whose corners are all this near to the picture's, in shares of its sides, is the picture."""
MARGIN = 0.015
"""Of its longer side: so much beyond the sheet's edges is shown too, since edges bend and ink reaches them."""
MOST_OUTSIDE = 0.06
"""If more of the writing, by its length, lies beyond the sheet than this, it is not the page."""
MOST_AWRY = 1.0
"""Degrees by which lines may become less parallel once a sheet is laid flat. Of 32 photos with the right corners none
lost 0.7 (handwriting; print 0.1), while a sheet whose lower edge lies beyond the picture lost 2.9."""
PLENTY = 1.5
"""A page whose level lines are together so many times longer than it is wide lies level."""
SIDEWAYS = 1.5
"""A page lies sideways if its lines are so many times longer, together, once it is turned."""
SURELY_UPRIGHT = 0.25
"""Lines that stand on their heads with less than this probability, in the mean, need not be read to tell."""
ASKED_LINES = 6
"""So many lines, the longest, tell which way a page stands. With three of them one in 40 was told wrong."""
SURELY_TURNED, LEGIBLE = 0.75, 10.0
"""Where fewer letters are legible than this, either way up, only such a probability turns a page. In 67 pages
of handwriting and print at least 17 were legible, and each of them was told right, as they stood and turned over."""
READ_HEIGHTS = 14.0
"""Of longer lines the middle is read: a few words."""


@dataclass(frozen=True, slots=True)
class NormalPage:
    """A page as it is read.

    Attributes:
        image: uint8 RGB [h, w, 3], upright and flat.
        to_original: from its pixels to those of the picture that it was made from.
        quarter_turns: how many quarter turns anticlockwise set that picture upright, 0 to 3.
    """

    image: Image
    to_original: Homography
    quarter_turns: int = 0


class Normaliser:
    """Makes pages of pictures.

    Args:
        threads: threads to compute with; 0 lets the runtime choose.

    Raises:
        WeightsError: a model is missing or damaged.
    """

    def __init__(self, threads: int = 0) -> None:
        self._paper = PaperFinder(threads=threads)
        self._lines = TextLineFinder(threads)
        self._threads = threads

    def normalise(self, image: Image) -> NormalPage:
        """The page in a picture, uint8 RGB [H, W, 3]. A scan that needs nothing keeps its pixels' places."""
        small = _reduced(image)
        lines = self._lines.find(small)
        corners = self._paper.find(small)
        sheet = View.of_sheet(corners, small)
        if writes_outside(lines, sheet) or sets_awry(lines, sheet):
            # A panel or a figure on the page, or one of several sheets; or a sheet whose edges are not in the picture.
            corners, sheet = None, View.of_sheet(None, small)
        turns, slant = self._direction(small, lines, sheet)
        view = View.of_sheet(corners, image).turned(turns).straightened(slant)
        flat = flatten(view.image(image))
        enlarged = Homography(np.diag([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0], 1.0]))
        way = enlarged.then(view.matrix)
        sharp = deblurred(flat, blur_of(flat, [line.seen_through(way).box for line in lines]))
        return NormalPage(sharp, view.matrix.inverse(), turns)

    def _direction(self, image: Image, lines: list[TextLineBox], sheet: View) -> tuple[int, Slant]:
        """Quarter turns anticlockwise that set the sheet upright, and how its text then still slants."""
        level = _level(lines, sheet.matrix)
        turns = 0
        if _length(level) < PLENTY * sheet.width:
            # Of lines that stand upright the finder sees pieces only, so it looks again at the page turned.
            turned = np.ascontiguousarray(np.rot90(sheet.image(image)))
            found = _level(self._lines.find(turned), Homography.identity())
            if len(found) >= MIN_LINES and _length(found) > SIDEWAYS * _length(level):
                image, level, turns = turned, found, 1
        standing, lines = sheet.turned(turns), [there for _, there in level]
        if self._upside_down(image, [seen for seen, _ in level]):
            turns += 2
            over = Homography.quarter_turns(2, standing.width, standing.height)
            lines = [line.seen_through(over) for line in lines]
        return turns, slant_of(lines, standing.width, standing.height)

    def _upside_down(self, image: Image, lines: list[TextLineBox]) -> bool:
        """Whether lines of a picture stand on their heads: whether more is legible of them once they are turned.

        The classifier is quick, and sure of most upright pages; of faint or odd ones it turned some over.
        """
        asked = lines[:ASKED_LINES]
        if len(asked) < MIN_LINES:
            return False
        chance = float(np.mean(self._lines.upside_down(image, asked)))
        if chance < SURELY_UPRIGHT:
            return False
        turned = [replace(line, direction=line.direction + 180) for line in asked]
        upright, over = self._letters(image, asked), self._letters(image, turned)
        return over > upright if max(over, upright) >= LEGIBLE else chance > SURELY_TURNED

    def _letters(self, image: Image, lines: list[TextLineBox]) -> float:
        """How many letters lines of a picture hold, each counted by its probability."""
        most_px = round(READ_HEIGHTS * HEIGHT_PX)
        strips = [laid_flat(image, line, heights=READ_HEIGHTS, most_px=most_px) for line in lines]
        return sum(len(text) * score for text, score in self._reader.read(strips))

    @cached_property
    def _reader(self) -> LineReader:
        return LineReader(self._threads)


def writes_outside(lines: list[TextLineBox], sheet: View) -> bool:
    """Whether more than a little of a picture's writing would be lost by cutting out the sheet."""
    if not lines:
        return False
    x, y = sheet.matrix.points(np.array([(line.x, line.y) for line in lines])).T
    outside = (x < 0) | (y < 0) | (x > sheet.width) | (y > sheet.height)
    lengths = np.array([line.length for line in lines])
    return bool(lengths[outside].sum() > MOST_OUTSIDE * lengths.sum())


def sets_awry(lines: list[TextLineBox], sheet: View) -> bool:
    """Whether lines of a picture would be less parallel on the sheet laid flat, so that its corners must be wrong."""
    if len(lines) < MIN_LINES:
        return False
    return spread_of([line.seen_through(sheet.matrix) for line in lines]) > spread_of(lines) + MOST_AWRY


def spread_of(lines: list[TextLineBox]) -> float:
    """Degrees between the quartiles of the directions of lines, one at least, each weighing as much as it is long."""
    directions = np.array([line.direction for line in lines])
    near = (directions - directions[0] + 90) % 180 - 90  # upright lines may have 89 or -89 degrees
    return quartile_range(near, np.array([line.length for line in lines]))


def _level(lines: list[TextLineBox], way: Homography) -> list[Placed]:
    """Lines that lie level where `way` puts them."""
    placed = [(line, line.seen_through(way)) for line in lines]
    return [(line, there) for line, there in placed if abs(there.direction) <= 45]


def _length(lines: list[Placed]) -> float:
    return sum(there.length for _, there in lines)


@dataclass(frozen=True, slots=True)
class View:
    """A way to look at a picture: the map from its pixels to those of the view, and the view's size in pixels."""

    matrix: Homography
    width: int
    height: int
    plain: bool = True
    """Whether the view is the picture itself, perhaps turned by quarters, so that no pixel needs to be made anew."""
    turns: int = 0

    @classmethod
    def of_sheet(cls, corners: Points | None, image: Image) -> View:
        """The sheet with these corners, [4, 2] in shares of width and height, clockwise from the top left; or all."""
        height, width = image.shape[:2]
        size = np.array([width, height], np.float64)
        whole = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
        if corners is None or np.abs(corners - whole).max() < WHOLE_SHARE:
            return cls(Homography.identity(), width, height)
        places = corners * size
        sides = np.linalg.norm(places - np.roll(places, -1, axis=0), axis=1)
        # The nearer of two sides shows more; nothing of it shall be lost, but no picture grows by being laid flat.
        flat = np.array([max(sides[0], sides[2]), max(sides[1], sides[3])])
        flat *= min(1.0, float(np.sqrt(size.prod() / flat.prod())))
        margin = MARGIN * float(flat.max())
        matrix = Homography.from_corners(places, whole * flat + margin)
        return cls(matrix, round(flat[0] + 2 * margin), round(flat[1] + 2 * margin), plain=False)

    def turned(self, turns: int) -> View:
        """As `numpy.rot90(view, turns)`."""
        matrix = self.matrix.then(Homography.quarter_turns(turns, self.width, self.height))
        size = (self.height, self.width) if turns % 2 else (self.width, self.height)
        return View(matrix, *size, plain=self.plain, turns=self.turns + turns)

    def straightened(self, slant: Slant) -> View:
        """With the frame of its text upright, and as much larger as it takes to keep its corners."""
        if slant == Slant():
            return self
        way = slant.straightened(self.width, self.height)
        around = way.box(Box(0, 0, self.width, self.height))
        moved = Homography(np.array([[1, 0, -around.x0], [0, 1, -around.y0], [0, 0, 1]]))
        return View(self.matrix.then(way).then(moved), round(around.width), round(around.height), plain=False)

    def image(self, image: Image) -> Image:
        """What is seen of the picture, uint8 [H, W, 3]; beyond its edges there is paper."""
        if self.plain:
            return np.ascontiguousarray(np.rot90(image, self.turns))
        # OpenCV's coordinates name the middles of pixels, ours their corners.
        half = Homography(np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]]))
        matrix = half.then(self.matrix).then(half.inverse()).matrix
        paper = np.percentile(image[::16, ::16].reshape(-1, 3), 75, axis=0)
        return np.asarray(
            cv2.warpPerspective(
                image,
                matrix,
                (self.width, self.height),
                flags=cv2.INTER_CUBIC,
                borderMode=cv2.BORDER_CONSTANT,
                borderValue=paper.tolist(),
            )
        )


def _reduced(image: Image) -> Image:
    scale = LOOK_SIDE_PX / max(image.shape[:2])
    if scale >= 1.0:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
