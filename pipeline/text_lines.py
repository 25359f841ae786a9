"""Which way the lines of a page run: sideways, upside down, or tilted by some degrees.

RapidOCR's text detector says where lines stand, its line classifier which of them stand on their heads. Both were
trained on far more pictures of text than a page normaliser of our own could be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scanpage.geometry import Box
from scanpage.homography import Homography
from scanpage.rapidocr_models import open_model

Image = NDArray[np.uint8]

SIDE_PX = 640
"""Long side at which lines are looked for. At 512, nine of 72 turned pages of handwriting were told wrong; here two."""
STRETCH_SIDE_PX = 1280
"""Long side at which every stretch of text is looked for; 8-point print of an A4 page is still found."""
MOST_SCALE = 2.0
"""Small pictures of whole pages are enlarged so much at most: the finder misses lines of 5 pixels."""
STRIDE_PX = 32
TEXT = 0.3
"""The detector's probability from which a pixel is text."""
SURE = 0.55
"""The least mean probability of a line; on blank paper there are traces of less."""
BENT, LONG_BENT = 0.18, 8.0
"""Lines of a page that curls are cut in two where they stray so many of their cores' heights from a straight line, and
while they are so many times as long as those."""
SURE_STRETCH = 0.5
"""The same where what is found is read, which is a second test."""
UNCLIP = 1.6
"""The detector marks the core of a line; the line is wider by this share of area over perimeter (Liao et al. 2020)."""
UNCLIP_ACROSS = 1.25
"""Across a line that is to be read less is better, as letters come out larger: in 271 lines of hand (3,755 letters) and
253 of print (9,305), crowded ones read twice, 217 and 47 letters were wrong; with 1.4 207 and 42, with 1.6 319 and 42.
In as many others 209 and 52; with 1.4 231 and 50."""
MIN_CORE_PX, MIN_STRETCH_PX = 2, 3
LONG = 2.0
"""A line tells its direction where it is so many times longer than high."""
LINE_SIZE = (192, 48)
"""Width and height that the classifier sees."""
SHOWN_HEIGHTS = 10.0
"""Of longer lines it is shown the middle: a whole one, squeezed to its width, is not legible. On print the mean for
upright lines fell from 0.19 to 0.10."""


@dataclass(frozen=True, slots=True)
class TextLineBox:
    """A line of text: its middle (x, y), length and height in pixels, and direction in (-90, 90] degrees, 0 along x.

    A positive direction falls to the right, since y runs down.
    """

    x: float
    y: float
    length: float
    height: float
    direction: float

    @property
    def box(self) -> Box:
        """The smallest upright box around it."""
        cos, sin = abs(np.cos(np.radians(self.direction))), abs(np.sin(np.radians(self.direction)))
        x = float(cos * self.length + sin * self.height) / 2
        y = float(sin * self.length + cos * self.height) / 2
        return Box(self.x - x, self.y - y, self.x + x, self.y + y)

    def seen_through(self, way: Homography) -> TextLineBox:
        """The line where `way` puts it."""
        angle = np.radians(self.direction)
        along = np.array([np.cos(angle), np.sin(angle)]) * self.length / 2
        down = np.array([-np.sin(angle), np.cos(angle)]) * self.height / 2
        middle = np.array([self.x, self.y])
        places = way.points(np.array([middle, middle - along, middle + along, middle - down, middle + down]))
        (dx, dy), thickness = places[2] - places[1], float(np.linalg.norm(places[4] - places[3]))
        direction = float(np.degrees(np.arctan2(dy, dx)))
        x, y = places[0].tolist()
        return TextLineBox(x, y, float(np.hypot(dx, dy)), thickness, 90 - (90 - direction) % 180)


class TextLineFinder:
    """Finds lines of text, and tells whether they are upside down.

    Args:
        threads: threads to compute with; 0 lets the runtime choose.

    Raises:
        WeightsError: the installed rapidocr holds no models.
    """

    def __init__(self, threads: int = 0) -> None:
        self._finder = open_model("det", threads)
        self._classifier = open_model("cls", threads)

    def find(self, image: Image) -> list[TextLineBox]:
        """Lines on a page, uint8 RGB [H, W, 3], that are long enough to have a direction; longest first."""
        text, scale = self._text(image, SIDE_PX)
        cores, _ = cv2.findContours((text > TEXT).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
        sure = (core for core in cores if _mean_inside(text, core) >= SURE)
        boxes = (_line_box(core, *scale) for core in sure)
        lines = [box for box in boxes if box is not None and box.length > LONG * box.height]
        return sorted(lines, key=lambda line: -line.length)

    def stretches(self, image: Image) -> list[NDArray[np.float32]]:
        """All stretches of text on a page, however short: corners [4, 2] in pixels, clockwise from the top left.

        Bent lines come in straight pieces.
        """
        text, scale = self._text(image, STRETCH_SIDE_PX)
        grey = cv2.resize(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), text.shape[::-1], interpolation=cv2.INTER_AREA)
        # Grown by a pixel, cores of words that hardly touch are one.
        core_pixels = cv2.dilate((text > TEXT).astype(np.uint8), np.ones((2, 2), np.uint8))
        lines, _ = cv2.findContours(core_pixels, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        found = []
        for core in (piece for line in lines for piece in _straight_pieces(line, grey)):
            middle, size, angle = cv2.minAreaRect(core)
            if min(size) < MIN_STRETCH_PX:
                continue
            frame = np.clip(cv2.boxPoints((middle, size, angle)), 0, (text.shape[1] - 1, text.shape[0] - 1))
            if _mean_inside(text, frame.astype(np.int32)[:, None]) < SURE_STRETCH:
                continue
            share = size[0] * size[1] / (size[0] + size[1])
            wider = [side + share * (UNCLIP if side == max(size) else UNCLIP_ACROSS) for side in size]
            corners = cv2.boxPoints((middle, wider, angle)) * scale
            found.append(_clockwise(np.clip(corners, 0, (image.shape[1] - 1, image.shape[0] - 1))))
        return found

    def _text(self, image: Image, side_px: int) -> tuple[NDArray[np.float32], tuple[float, float]]:
        """The probability that a pixel is text, [h, w], and how much wider and higher the picture is."""
        height, width = image.shape[:2]
        scale = min(MOST_SCALE, side_px / max(height, width))
        size = tuple(max(STRIDE_PX, round(side * scale / STRIDE_PX) * STRIDE_PX) for side in (width, height))
        pixels = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
        (text,) = self._finder.run(None, {self._finder.get_inputs()[0].name: _as_input(pixels)})
        return text[0, 0], (width / size[0], height / size[1])

    def upside_down(self, image: Image, lines: Sequence[TextLineBox]) -> list[float]:
        """For each line on the page the probability that it stands on its head.

        Each is shown as it stands and turned round: the mean of two opinions is steadier than one.
        """
        if not lines:
            return []
        cuts = [cut_out(image, line) for line in lines]
        batch = np.concatenate([_as_input(view) for cut in cuts for view in (cut, np.rot90(cut, 2))])
        (chances,) = self._classifier.run(None, {self._classifier.get_inputs()[0].name: batch})
        turned = chances[:, 1].reshape(-1, 2)
        return [float(value) for value in (turned[:, 0] + 1 - turned[:, 1]) / 2]


def cut_out(image: Image, line: TextLineBox) -> Image:
    """The pixels of a line, laid flat, as the classifier wants them: uint8 [48, 192, 3], grey where it is shorter."""
    width, _ = LINE_SIZE
    cut = laid_flat(image, line, heights=SHOWN_HEIGHTS, most_px=width)
    filled = cut.shape[1]
    return np.asarray(cv2.copyMakeBorder(cut, 0, 0, 0, width - filled, cv2.BORDER_CONSTANT, value=(127, 127, 127)))


def laid_flat(image: Image, line: TextLineBox, *, heights: float, most_px: int) -> Image:
    """The middle of a line, at most so many of its heights long, squeezed where it is wider: uint8 [48, w, 3]."""
    angle = np.radians(line.direction)
    length = min(line.length, heights * line.height)
    along = np.array([np.cos(angle), np.sin(angle)]) * length / 2
    down = np.array([-np.sin(angle), np.cos(angle)]) * line.height / 2
    middle = np.array([line.x, line.y])
    _, height = LINE_SIZE
    width = min(most_px, max(1, round(height * length / line.height)))
    corners = np.array([middle - along - down, middle + along - down, middle + along + down], np.float32)
    matrix = cv2.getAffineTransform(corners, np.array([[0, 0], [width, 0], [width, height]], np.float32))
    return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE))


def _as_input(image: Image) -> NDArray[np.float32]:
    """uint8 RGB [H, W, 3] as both models want it: float32 BGR [1, 3, H, W] in [-1, 1]."""
    return np.asarray(cv2.dnn.blobFromImage(image, 1 / 127.5, mean=(127.5, 127.5, 127.5), swapRB=True))


def _mean_inside(probabilities: NDArray[np.float32], core: NDArray[np.int32]) -> float:
    x, y, width, height = cv2.boundingRect(core)
    part = probabilities[y : y + height, x : x + width]
    inside = np.zeros(part.shape, np.uint8)
    cv2.fillPoly(inside, [core], 1, offset=(-x, -y))
    return float(part[inside > 0].mean())


def _straight_pieces(core: NDArray[np.int32], grey: NDArray[np.uint8]) -> list[NDArray[np.int32]]:
    """The core of a line, or of a bent one its parts, cut between words of the picture `grey`, uint8 [h, w]."""
    x, y, width, height = cv2.boundingRect(core)
    inside = np.zeros((height, width), np.uint8)
    cv2.fillPoly(inside, [core], 1, offset=(-x, -y))
    thickness = float(np.median(inside.sum(axis=0)))
    if width < LONG_BENT * thickness:
        return [core]
    along = np.arange(width)
    middles = (inside * np.arange(height)[:, None]).sum(axis=0) / inside.sum(axis=0)
    strays = np.abs(middles - np.polyval(np.polyfit(along, middles, 1), along))
    if np.percentile(strays, 90) < BENT * thickness:
        return [core]
    # Boxes grow beyond their cores, so as much is left out on both sides of the cut.
    room = round(UNCLIP * thickness / 2)
    cut = _gap(grey[y : y + height, x : x + width], inside, round(thickness))
    pieces = []
    for start, end in ((0, cut - room), (cut + room, width)):
        part = np.ascontiguousarray(inside[:, start:end])
        found, _ = cv2.findContours(part, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(x + start, y))
        pieces += [piece for core in found for piece in _straight_pieces(np.asarray(core, np.int32), grey)]
    return pieces


def _gap(grey: NDArray[np.uint8], inside: NDArray[np.uint8], thickness: int) -> int:
    """The column in the middle third of a line where there is least ink; `inside` is its core, `thickness` high."""
    line = cv2.dilate(inside, np.ones((2 * thickness + 1, 1), np.uint8))
    ink = (line * (255.0 - grey)).sum(axis=0) / line.sum(axis=0)
    blank = np.convolve(ink, np.ones(max(1, thickness // 2)), "same")
    third = len(ink) // 3
    return third + int(blank[third : 2 * third].argmin())


def _clockwise(corners: NDArray[np.float32]) -> NDArray[np.float32]:
    """Corners of a rectangle, [4, 2], from the top left on."""
    left, right = np.split(corners[np.argsort(corners[:, 0])], 2)
    top_left, bottom_left = left[np.argsort(left[:, 1])]
    top_right, bottom_right = right[np.argsort(right[:, 1])]
    return np.stack([top_left, top_right, bottom_right, bottom_left]).astype(np.float32)


def _line_box(core: NDArray[np.int32], x_scale: float, y_scale: float) -> TextLineBox | None:
    """The line around a core found at another scale; None where the core is but a speck."""
    points = (core[:, 0].astype(np.float32) + 0.5) * np.array([x_scale, y_scale], np.float32)
    (x, y), (width, height), angle = cv2.minAreaRect(points)
    if min(width, height) < MIN_CORE_PX * min(x_scale, y_scale):
        return None
    growth = UNCLIP * width * height / (width + height)
    length, thickness, direction = (width, height, angle) if width >= height else (height, width, angle - 90)
    return TextLineBox(x, y, length + growth, thickness + growth, 90 - (90 - direction) % 180)
