"""The text layer of a PDF page: the letters that the file itself names, with their places, and the lines they make."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from pipeline.order import parted
from scanpage.geometry import Box
from scanpage.homography import Homography

MAX_BLANK_HEIGHTS = 3.0
"""A gap of more heights of letters is no blank, not even of a line that is stretched to its margin."""
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
