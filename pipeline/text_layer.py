"""The text layer of a PDF page: the letters that the file itself names, with their places, and whether to trust them.

A layer may be junk: the leavings of another program's reading, text that nobody sees, fonts whose letters carry wrong
names. So it is believed only where the picture bears it out, and it is never more than text.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.order import parted
from scanpage.geometry import Box
from scanpage.homography import Homography

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
MAX_BLANK_HEIGHTS = 3.0
"""A wider gap is no blank, not even of a line that is stretched to its margin."""
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
MAX_ACCENTS = 2000
"""No page has more accents of their own, and finding the letters of each takes its time."""

ACCENTS = {
    "´": "\u0301", "`": "\u0300", "¨": "\u0308", "ˆ": "\u0302", "^": "\u0302", "˜": "\u0303", "~": "\u0303",
    "¸": "\u0327", "˝": "\u030b", "ˇ": "\u030c", "˘": "\u0306", "˙": "\u0307", "˚": "\u030a", "¯": "\u0304",
    "˛": "\u0328",
}  # fmt: skip
"""Accents that are signs of their own in older fonts, and what makes one letter of them and another."""
_BELOW = "¸˛"
_DOTLESS = {"ı": "i", "ȷ": "j"}
_HYPHENS = dict.fromkeys(map(ord, "\u00ad\u2010\u2011"), "-")


class TextLayerUse(StrEnum):
    """What becomes of text layers."""

    AUTO = "auto"
    IGNORE = "ignore"


class TextLayerError(Exception):
    """A text layer is not to be trusted; says why."""


@dataclass(frozen=True, eq=False)
class TextLayer:
    """Letters in the order of the file.

    Attributes:
        texts: what each says, mostly one character; no blanks.
        boxes: float64 [n, 4], their places, x0, y0, x1, y1 in page pixels.
        directions: float64 [n], degrees in which their lines run; 0 along x, positive ones fall to the right.
        after_blank: bool [n], whether a blank or the end of a line comes before each.
        name: of the page, for messages.
    """

    texts: tuple[str, ...]
    boxes: NDArray[np.float64]
    directions: NDArray[np.float64]
    after_blank: NDArray[np.bool_]
    name: str = "page"

    @classmethod
    def of_letters(
        cls, letters: Sequence[tuple[str, float, float, float, float, float]], *, name: str = "page"
    ) -> TextLayer:
        """At least one letter: what it says, a blank first where one comes before it; x0, y0, x1, y1; direction."""
        said, numbers = [letter[0] for letter in letters], np.array([letter[1:] for letter in letters], np.float64)
        blanks = np.array([text.startswith(" ") for text in said])
        return cls(tuple(text.strip(" ") for text in said), numbers[:, :4], numbers[:, 4], blanks, name)

    def __len__(self) -> int:
        return len(self.texts)

    def seen_through(self, way: Homography) -> TextLayer:
        """The layer where `way` puts it."""
        if np.array_equal(way.matrix, np.eye(3)) or not self.texts:
            return self
        x0, y0, x1, y1 = self.boxes.T
        corners = np.stack([way.points(np.column_stack(corner)) for corner in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))])
        middles = (self.boxes[:, :2] + self.boxes[:, 2:]) / 2
        angles = np.radians(self.directions)
        along = way.points(middles + np.column_stack([np.cos(angles), np.sin(angles)])) - way.points(middles)
        boxes = np.column_stack([corners.min(0), corners.max(0)])
        return replace(self, boxes=boxes, directions=np.degrees(np.arctan2(along[:, 1], along[:, 0])))

    def only(self, kept: NDArray[np.bool_]) -> TextLayer:
        """The letters for which `kept`, bool [n], is true; blanks before those left out stay."""
        words = np.cumsum(self.after_blank)[kept]
        blanks = np.diff(words, prepend=0) > 0
        texts = tuple(text for text, keep in zip(self.texts, kept, strict=True) if keep)
        return TextLayer(texts, self.boxes[kept], self.directions[kept], blanks, self.name)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a line, in page pixels."""

    box: Box
    text: str


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


def composed(layer: TextLayer) -> TextLayer:
    """The layer with accents that are signs of their own joined to their letters, unless no page has so many."""
    accents = [index for index, text in enumerate(layer.texts) if text in ACCENTS]
    if not 0 < len(accents) <= MAX_ACCENTS:
        return layer
    texts, kept = list(layer.texts), np.ones(len(layer), bool)
    letters = np.array([text[:1].isalpha() and text not in ACCENTS for text in texts])
    x0, y0, x1, y1 = layer.boxes.T
    for index in accents:
        accent, x = texts[index], (x0[index] + x1[index]) / 2
        gap = y0[index] - y1 if accent in _BELOW else y0 - y1[index]
        near = letters & (x0 <= x) & (x <= x1) & (np.abs(gap) <= (y1 - y0) / 2)
        if near.any():
            owner = int(np.argmin(np.where(near, np.abs(gap), np.inf)))
            texts[owner] = _DOTLESS.get(texts[owner], texts[owner]) + ACCENTS[accent]
            kept[index] = False
    return replace(layer, texts=tuple(texts)).only(kept)


def runs(layer: TextLayer, holes: Sequence[Box], *, gutters: Sequence[float] = ()) -> list[Run]:
    """The stretches of text between ends of lines, `holes`, where inline formulas stand, and gutters of columns (x)."""
    if not layer:
        return []
    return [run for part in _parts(layer, holes, gutters) if (run := _run(layer, part)).text]


def _parts(layer: TextLayer, holes: Sequence[Box], gutters: Sequence[float]) -> Iterator[range]:
    start = 0
    x0, y0, x1, y1 = layer.boxes.T
    top, bottom, middles = y0[0], y1[0], (x0 + x1) / 2
    for index in range(1, len(layer)):
        height = max(bottom - top, y1[index] - y0[index])
        gap = x0[index] - x1[index - 1]
        level = min(bottom, y1[index]) - max(top, y0[index]) > -0.1 * height
        follows = -0.5 * height <= gap <= MAX_BLANK_HEIGHTS * height and level
        apart = parted(middles[index - 1], middles[index], gutters)
        if follows and not apart and not _is_between(x1[index - 1], x0[index], top, bottom, holes):
            top, bottom = min(top, y0[index]), max(bottom, y1[index])
            continue
        yield range(start, index)
        start, top, bottom = index, y0[index], y1[index]
    yield range(start, len(layer))


def _is_between(left: float, right: float, top: float, bottom: float, holes: Sequence[Box]) -> bool:
    return any(
        left <= hole.center[0] <= right and min(bottom, hole.y1) - max(top, hole.y0) > 0.3 * (bottom - top)
        for hole in holes
    )


def _run(layer: TextLayer, part: range) -> Run:
    boxes = layer.boxes[part.start : part.stop]
    said = "".join(" " * bool(layer.after_blank[index]) + layer.texts[index] for index in part)
    low, high = boxes[:, :2].min(0), boxes[:, 2:].max(0)
    return Run(Box(float(low[0]), float(low[1]), float(high[0]), float(high[1])), tidy(said))


def tidy(text: str) -> str:
    """Text composed, ligatures as their letters, all hyphens alike: one that is seen is one, even if called soft."""
    letters = (unicodedata.normalize("NFKC", char) if "\ufb00" <= char <= "\ufb06" else char for char in text)
    return " ".join(unicodedata.normalize("NFC", "".join(letters)).translate(_HYPHENS).split())
