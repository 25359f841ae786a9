"""Figures and tables on a page: large connected drawings that are neither prose nor formulas."""

from __future__ import annotations

import re
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.drawings import find_drawings
from pipeline.regions import share_inside
from pipeline.structure import FEWEST_LINES, long_lines, usual_letters
from pipeline.tables import find_tables, united
from scanpage.document import Figure, Formula, TextLine
from scanpage.geometry import Box

LOOK_SIDE_PX = 1000
"""Long side of the picture in which figures are looked for."""
DARK = 0.25
"""Ink is so much darker than its paper, as a share of full black."""
REACH = 0.02
"""Strokes this near to each other, in shares of the longer side, belong to one figure."""
LEAST_SIDE, LEAST_AREA, MOST_AREA = 0.05, 0.01, 0.6
"""Shortest side in shares of the longer side of the page, and area in shares of the page's."""
EDGE = 0.015
"""What reaches the edge of the picture is the desk, a shadow or the ruling of the paper."""
MOST_WRITTEN = 0.4
"""A frame of which writing fills more than this is a frame around writing."""
MOST_FORMULA = 0.15
"""And so is one of which displayed formulas fill this much: a boxed result."""
INSIDE = 0.6
LABEL_HEIGHTS, LABEL_HEIGHTS_ABOVE = 3.0, 1.0
"""Numbers this near to a plot, in their own heights, stand beside its axes; farther above stands the page's number."""
_LABEL = re.compile(r"[\d\s.,%\u2212-]{1,40}|\w")
LONGEST_NAME = 30
_NO_NAME = re.compile(r"\(|\w+\.?(?:\s*\d|:)|.*:$")
"""`Abb. 3`, `(a)`, `12`, `as follows:`: captions, numbers and what leads to the figure, however near, stay prose."""
NAME_HEIGHTS = 1.0
"""The names of points and sides of a drawing are this near to it, in their own heights."""
_NAME = re.compile(r"\w{1,3}'?|\d+[.,]\d+|[\d.,]+ ?[cmk]?m")
MARGIN_PX, QUALITY = 3, 85


def cut_figures(
    image: NDArray[np.uint8], lines: Sequence[TextLine], isolated: Sequence[Formula]
) -> tuple[list[Figure], list[TextLine], list[Formula]]:
    """The figures of a page, and its prose and displayed formulas without what belongs to them; as `find_figures`."""
    tables = _tables_in_print(image, lines)
    if tables is None:
        boxes = find_sketches(image, lines, isolated)
    else:
        boxes = find_figures(image, lines, isolated, tables=tables)
    figures = [Figure(box, _jpeg(image, box)) for box in boxes]
    prose = [line for line in lines if not _belongs(line.box, boxes)]
    return figures, prose, [formula for formula in isolated if not _belongs(formula.box, boxes)]


def find_figures(
    image: NDArray[np.uint8], lines: Sequence[TextLine], isolated: Sequence[Formula], *, tables: Sequence[Box] = ()
) -> list[Box]:
    """Boxes of figures and tables in page pixels, from top to bottom, apart from each other.

    Args:
        image: the page, flat, uint8 RGB [H, W, 3].
        lines: its prose; what lies in a figure or names its axes is among it.
        isolated: its displayed formulas.
        tables: its ruled tables, which are full of writing as frames are.
    """
    scale = min(1.0, LOOK_SIDE_PX / max(image.shape[:2]))
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    ink = _ink(cv2.resize(image, size, interpolation=cv2.INTER_AREA))
    for box in [line.box for line in lines] + [formula.box for formula in isolated]:
        x0, y0, x1, y1 = box.scaled(scale).padded(1).clipped(*size).pixels()
        ink[y0:y1, x0:x1] = 0
    reach = max(3, round(REACH * max(size)))
    _, _, blobs, _ = cv2.connectedComponentsWithStats(cv2.dilate(ink, np.ones((reach, reach), np.uint8)))
    found = []
    for x, y, width, height, _ in blobs[1:].tolist():
        # Strokes were grown by half the reach on each side.
        half = reach // 2
        box = Box(x + half, y + half, x + max(half, width - half), y + max(half, height - half))
        if _is_large(box, size) and not _at_edge(box, size):
            found.append(box.scaled(1 / scale))
    drawn = [_with_labels(box, lines) for box in united(found) if not _is_frame(box, lines, isolated)]
    page = image.shape[1], image.shape[0]
    ruled = [box for box in tables if not _at_edge(box, page) and box.area <= MOST_AREA * page[0] * page[1]]
    return sorted(united([*drawn, *ruled]), key=lambda box: box.y0)


def find_sketches(image: NDArray[np.uint8], lines: Sequence[TextLine], isolated: Sequence[Formula]) -> list[Box]:
    """Boxes of drawings and drawn tables on a page of handwriting; as `find_figures`."""
    drawn = find_drawings(image, [*(line.box for line in lines), *(formula.box for formula in isolated)])
    names = [line.box for line in lines if _NAME.fullmatch(line.text)]
    names += [formula.box for formula in isolated if _NAME.fullmatch(formula.latex.replace(" ", ""))]
    named = [Box.around([box, *(name for name in names if _is_beside(name, box))]) for box in drawn]
    return sorted(united(named), key=lambda box: box.y0)


def _is_beside(name: Box, box: Box) -> bool:
    return share_inside(name, box.padded(NAME_HEIGHTS * name.height)) > INSIDE


def _tables_in_print(image: NDArray[np.uint8], lines: Sequence[TextLine]) -> list[Box] | None:
    """The ruled tables of a printed page, None for one of handwriting."""
    if len(long_lines(lines)) < FEWEST_LINES:
        return None
    tables = find_tables(image, lines)
    # Letters of cells are read in odd pieces, and often are smaller.
    outside = [line for line in lines if not _belongs(line.box, tables)]
    return None if usual_letters(lines) is None and usual_letters(outside) is None else tables


def _ink(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # Coloured strokes are dark in one channel at least.
    darkest = image.min(axis=2)
    return np.asarray((darkest < 255 * (1 - DARK)).astype(np.uint8))


def _is_large(box: Box, size: tuple[int, int]) -> bool:
    page = size[0] * size[1]
    return min(box.width, box.height) >= LEAST_SIDE * max(size) and LEAST_AREA * page <= box.area <= MOST_AREA * page


def _at_edge(box: Box, size: tuple[int, int]) -> bool:
    margin = EDGE * max(size)
    return box.x0 <= margin or box.y0 <= margin or box.x1 >= size[0] - margin or box.y1 >= size[1] - margin


def _is_frame(box: Box, lines: Sequence[TextLine], isolated: Sequence[Formula]) -> bool:
    formulas = sum(box.intersection(formula.box) for formula in isolated)
    return (
        formulas > MOST_FORMULA * box.area
        or formulas + sum(box.intersection(line.box) for line in lines) > MOST_WRITTEN * box.area
    )


def _with_labels(box: Box, lines: Sequence[TextLine]) -> Box:
    """The box with the numbers beside its axes and what they are called."""
    for line in lines:
        reach = line.box.height
        around = box.padded(reach * LABEL_HEIGHTS)
        near = Box(around.x0, box.y0 - reach * LABEL_HEIGHTS_ABOVE, around.x1, around.y1)
        if line.box.intersection(near) > 0 and _LABEL.fullmatch(line.text) and share_inside(line.box, near) > INSIDE:
            box = Box.around([box, line.box])
    outside = [line for line in lines if not _belongs(line.box, [box])]
    return Box.around([box, *(line.box for line in outside if _names_axis(line, box, outside))])


def _names_axis(line: TextLine, figure: Box, outside: Sequence[TextLine]) -> bool:
    """Whether a line that touches a figure is short, lies along it, not above it, and has no line next to it."""
    box = line.box
    if box.intersection(figure) == 0 or len(line.text) > LONGEST_NAME or _NO_NAME.match(line.text):
        return False
    lies_along = figure.x0 - box.height <= box.x0 and box.x1 <= figure.x1 + box.height and box.y1 > figure.center[1]
    beside = Box(box.x0, box.y0 - box.height / 2, box.x1, box.y1 + box.height / 2)
    return lies_along and all(other is line or other.box.intersection(beside) == 0 for other in outside)


def _belongs(box: Box, figures: Sequence[Box]) -> bool:
    """Whether what stands at `box` is part of a figure."""
    return any(share_inside(box, figure) > INSIDE for figure in figures)


def _jpeg(image: NDArray[np.uint8], box: Box) -> bytes:
    height, width = image.shape[:2]
    x0, y0, x1, y1 = box.padded(MARGIN_PX).clipped(width, height).pixels()
    done, data = cv2.imencode(".jpg", image[y0:y1, x0:x1, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    if not done:
        raise RuntimeError("OpenCV cannot write JPEG: install opencv-python-headless again")
    return bytes(data)
