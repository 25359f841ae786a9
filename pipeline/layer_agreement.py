"""Whether the text layer of a PDF page agrees with its picture.

A layer may be junk: the leavings of another program's reading, text that nobody sees, fonts whose letters carry wrong
names. So it is believed only where the picture bears it out, and it is never more than text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from difflib import SequenceMatcher

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.text_layer import Run, TextLayer, composed
from scanpage.geometry import Box

MIN_CONTRAST = 40
"""Ink differs from its paper by so many of 256 levels at least; pale grey print by 60 and more."""
MIN_ON_INK, MIN_WORD_ON_INK = 0.8, 0.5
"""The share of a layer's letters, and of one word's, that must lie on ink."""
MAX_NAMELESS = 0.03
"""The most signs without a meaning, as a share; fonts without names of their letters have them all over."""
MAX_DOUBLED = 0.1
"""The most letters that lie on top of each other: there are two texts then, and one is not what is seen."""
MIN_COVERED = 0.75
"""The share of the lines that are seen, by their length, that the layer must tell of."""
LINE_COVERED = 0.6
BLANK_HEIGHTS = 0.8
"""A blank is mostly no wider, in heights of letters."""
SAMPLES, SAMPLE_LENGTH, MIN_LIKENESS = 5, 12, 0.6
"""So many runs, of so many characters at least where there are any, are read, too; most must be as like, of 1."""
MIN_KNOWN, MIN_READ = 0.8, 6
"""Readings say something of runs whose letters the reader knows, this share at least, and where it sees so many."""
LEVEL_DEG = 15.0
MAX_LETTER_SHARE = 0.25
"""What is higher or wider than this share of the page is no prose."""
MAX_AREA = 4.0
"""Letters with a blank after each fill a page once at most; what fills so many lies on top of each other."""
MAX_SIGNS = 3
"""The longest ligatures, such as ffi, are of so many signs; more in one place than a letter has is not what is seen."""


class TextLayerError(Exception):
    """A text layer is not to be trusted; says why."""


def trusted(
    layer: TextLayer, image: NDArray[np.uint8], lines: Sequence[Box], formulas: Sequence[Box]
) -> tuple[TextLayer, list[bool]]:
    """What of a layer is prose that can be seen, and for each line whether it tells of it: the others are to be read.

    Nothing is left of lines that it tells in part, or with words that hold more than can be seen.

    Args:
        layer: in the pixels of the page.
        image: the page, uint8 RGB [H, W, 3].
        lines: where lines of text are seen on it, outside of the formulas.
        formulas: what is read elsewhere; letters there are left out.

    Raises:
        TextLayerError: the layer does not agree with what is seen.
    """
    size = image.shape[:2]
    layer = _on_page(layer, size)
    if not layer:
        raise TextLayerError("it is empty")
    spaces = _with_blanks(layer.boxes)
    if np.prod(spaces[:, 2:] - spaces[:, :2], axis=1).sum() > MAX_AREA * size[0] * size[1]:
        raise TextLayerError("letters lie on top of each other")
    seen = _on_ink(layer, image)
    if seen.mean() < MIN_ON_INK:
        raise TextLayerError(f"{1 - seen.mean():.0%} of it lies where nothing is seen")
    layer = layer.only(_word_shares(layer, seen) >= MIN_WORD_ON_INK)
    layer = layer.only(~_within(layer.boxes, formulas))
    if not layer:
        raise TextLayerError("it holds formulas only")
    owners = _line_of(layer.boxes, lines)
    overfull = _word_shares(layer, np.array([len(text) > MAX_SIGNS for text in layer.texts])) > 0
    doubtful = set(owners[overfull].tolist())
    layer = composed(layer.only(~overfull))
    if not layer:
        raise TextLayerError("it says more than its letters can")
    named = np.array([all(map(_has_meaning, text)) for text in layer.texts])
    if named.mean() < 1 - MAX_NAMELESS:
        raise TextLayerError(f"{1 - named.mean():.0%} of its signs have no meaning")
    layer = layer.only(named)
    doubled = _doubled(layer.boxes, size)
    if doubled.mean() > MAX_DOUBLED:
        raise TextLayerError("letters lie on top of each other")
    owners = _line_of(layer.boxes, lines)
    in_doubled_words = _word_shares(layer, doubled) > 0
    doubtful |= set(owners[in_doubled_words].tolist())
    layer, owners = layer.only(~in_doubled_words), owners[~in_doubled_words]
    covered = [told and index not in doubtful for index, told in enumerate(covers(layer, lines, size))]
    length = sum(line.width for line in lines)
    told = sum(line.width for line, is_covered in zip(lines, covered, strict=True) if is_covered)
    if told < MIN_COVERED * length:
        raise TextLayerError(f"it tells {told / length:.0%} of the lines that are seen")
    # The last one is for letters of no line.
    return layer.only(np.array([*covered, True])[owners]), covered


def spot_checks(found: Sequence[Run]) -> list[Run]:
    """A few runs from all over the page to be compared with what is seen: long ones, or the longest that there are."""
    fit = [run for run in found if len(run.text) >= SAMPLE_LENGTH]
    if not fit:
        return sorted(found, key=lambda run: -len(run.text))[:SAMPLES]
    return [fit[index * len(fit) // SAMPLES] for index in range(SAMPLES)] if len(fit) >= SAMPLES else fit


def require_agreement(samples: Sequence[tuple[str, str]], known: Collection[str]) -> None:
    """Compare what the layer says with what was surely read at its places, by a reader that knows these signs.

    Raises:
        TextLayerError: most samples differ, as where a font's letters carry the names of others.
    """
    alike = [_alike(told, seen) for told, seen in samples if _is_comparable(told, seen, known)]
    if alike and sum(alike) <= len(alike) / 2:
        raise TextLayerError("it says something else than the page shows")


def _is_comparable(told: str, seen: str, known: Collection[str]) -> bool:
    """Whether the reading says anything of what is told: letters that the reader does not know are blanks to it."""
    return _share(told, known.__contains__) >= MIN_KNOWN or sum(map(str.isalnum, seen)) >= MIN_READ


def _alike(told: str, seen: str) -> bool:
    matcher = SequenceMatcher(None, told, seen, autojunk=False)
    # The bound by their lengths keeps what is told at any length from costing as much.
    return matcher.real_quick_ratio() >= MIN_LIKENESS and matcher.ratio() >= MIN_LIKENESS


def _share(text: str, holds: Callable[[str], bool]) -> float:
    return sum(map(holds, text)) / len(text)


def _on_page(layer: TextLayer, size: tuple[int, int]) -> TextLayer:
    """The level letters of a size of letters whose middles lie on the page, their boxes clipped to it."""
    page = np.array(size[::-1], np.float64)
    low, high = layer.boxes[:, :2], layer.boxes[:, 2:]
    middles = (low + high) / 2
    inside = ((middles >= 0) & (middles < page) & (high - low <= MAX_LETTER_SHARE * page)).all(axis=1)
    layer = layer.only(inside & (np.abs(layer.directions) <= LEVEL_DEG))
    return replace(layer, boxes=np.clip(layer.boxes, 0, np.tile(page, 2)))


def _has_meaning(char: str) -> bool:
    return char != "\ufffd" and unicodedata.category(char) not in ("Cc", "Cn", "Co", "Cs")


def _on_ink(layer: TextLayer, image: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """For each letter whether there is something to be seen at its place."""
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    result = np.zeros(len(layer), bool)
    for index, (x0, y0, x1, y1) in enumerate(_pixels(layer.boxes, height, width)):
        part = grey[max(0, y0 - 1) : y1 + 1, max(0, x0 - 1) : x1 + 1]
        result[index] = part.size > 0 and int(part.max()) - int(part.min()) >= MIN_CONTRAST
    return result


def _pixels(boxes: NDArray[np.float64], height: int, width: int) -> list[list[int]]:
    """Whole-pixel boxes, clipped to the page."""
    bounds = np.array([width, height, width, height])
    whole = np.concatenate([np.floor(boxes[:, :2]), np.ceil(boxes[:, 2:])], axis=1)
    clipped: list[list[int]] = np.clip(whole, 0, bounds).astype(int).tolist()
    return clipped


def _word_shares(layer: TextLayer, holds: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each letter the share of its word's letters for which `holds`: part of a word would be another word."""
    words = np.cumsum(layer.after_blank)
    shares = np.bincount(words, holds) / np.maximum(1, np.bincount(words))
    return np.asarray(shares[words])


def _within(boxes: NDArray[np.float64], areas: Sequence[Box]) -> NDArray[np.bool_]:
    """For each box whether its middle lies in one of the areas."""
    x, y = ((boxes[:, :2] + boxes[:, 2:]) / 2).T
    result = np.zeros(len(boxes), bool)
    for area in areas:
        result |= (area.x0 <= x) & (x <= area.x1) & (area.y0 <= y) & (y <= area.y1)
    return result


def _doubled(boxes: NDArray[np.float64], size: tuple[int, int]) -> NDArray[np.bool_]:
    """For each letter whether its middle lies within another one's core, or another one's within its own.

    A core is as high as its letter and half as wide: what hangs over, as an f does, ends before its neighbour's middle.
    """
    height, width = size
    middles = (boxes[:, :2] + boxes[:, 2:]) / 2
    reach = (boxes[:, 2:] - boxes[:, :2]) / (4, 2)
    x, y = np.clip(middles, 0, [width - 1, height - 1]).astype(int).T
    x0, y0, x1, y1 = np.array(_pixels(np.concatenate([middles - reach, middles + reach], axis=1), *size)).T
    x1, y1 = np.maximum(x1, x + 1), np.maximum(y1, y + 1)
    # Sums over the pixels above and to the left: of corners they count the cores at a place, of middles those in one.
    cores, counts = np.zeros((2, height + 1, width + 1), np.int32)
    for rows, columns, sign in ((y0, x0, 1), (y1, x1, 1), (y0, x1, -1), (y1, x0, -1)):
        np.add.at(cores, (rows, columns), sign)
    np.add.at(counts, (y + 1, x + 1), 1)
    cores, counts = (plane.cumsum(0).cumsum(1) for plane in (cores, counts))
    held = counts[y1, x1] - counts[y0, x1] - counts[y1, x0] + counts[y0, x0]
    return np.asarray((cores[y, x] > 1) | (held > 1))


def _line_of(boxes: NDArray[np.float64], lines: Sequence[Box]) -> NDArray[np.intp]:
    """For each box the index of the line in which its middle lies, of several the one at its height; -1 for none."""
    x, y = ((boxes[:, :2] + boxes[:, 2:]) / 2).T
    result, nearest = np.full(len(boxes), -1), np.full(len(boxes), np.inf)
    for index, line in enumerate(lines):
        off = np.abs(y - line.center[1])
        nearer = (line.x0 <= x) & (x <= line.x1) & (off <= line.height / 2) & (off < nearest)
        result[nearer], nearest[nearer] = index, off[nearer]
    return result


def covers(layer: TextLayer, lines: Sequence[Box], size: tuple[int, int]) -> list[bool]:
    """For each line that is seen whether the layer tells of it; `size` is height and width of the page."""
    told = np.zeros(size, bool)
    for x0, y0, x1, y1 in _pixels(_with_blanks(layer.boxes), *size):
        told[y0:y1, x0:x1] = True
    result = []
    for line in lines:
        x0, y0, x1, y1 = Box(line.x0, line.y0 + line.height / 4, line.x1, line.y1 - line.height / 4).pixels()
        band = told[max(0, y0) : y1, max(0, x0) : x1]
        result.append(band.size > 0 and float(band.any(axis=0).mean()) >= LINE_COVERED)
    return result


def _with_blanks(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes of letters with that of a blank after each."""
    x0, y0, x1, y1 = boxes.T
    return np.column_stack([x0, y0, x1 + BLANK_HEIGHTS * (y1 - y0), y1])
