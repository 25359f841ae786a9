"""What pictures of an explanation are made of: the crop with heat where the model looked, and its LaTeX."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from recognizer.explain import Explanation, Look
from recognizer.image import flattened
from scanpage.geometry import Box

Colour = tuple[int, int, int]

PAPER: Colour = (250, 250, 248)
INK: Colour = (34, 38, 46)
FAINT: Colour = (128, 134, 144)
MARK: Colour = (255, 226, 160)
SURE: Colour = (17, 132, 92)
UNSURE: Colour = (190, 120, 20)
DOUBT: Colour = (200, 60, 40)
SURE_FROM, UNSURE_FROM = 0.9, 0.5
HEAT = np.array([(255, 255, 255), (255, 196, 72), (232, 52, 36)], np.float32) / 255.0
"""From no heat to full, multiplied onto the paper: white, amber, red."""
FULL_HEAT = 0.2
"""A cell with this share of the attention is as red as can be: signs mostly take more."""
PAPER_FROM = 215.0
MAX_ENLARGEMENT = 6.0
WIDEST = 9.0
"""Longer lines would be too thin to see."""

MARGIN_PX = 28
GAP_PX = 14
TITLE_TEXT_PX, TEXT_PX, SMALL_PX = 24, 18, 14
LINE_STEP = 1.4


@dataclass(frozen=True, slots=True)
class Word:
    """A token in a text: its number, and where it stands."""

    number: int
    x: float
    line: int


class Seen:
    """The part of the crop that the model saw, in any size, with and without heat.

    Attributes:
        aspect: width by height of the pictures: that of the part, but at most `WIDEST`; of longer lines a window is
            shown.
    """

    def __init__(self, explanation: Explanation) -> None:
        height, width = explanation.crop.shape[:2]
        margin = 0.04 * max(explanation.ink.height, 8.0)
        x0, y0, x1, y1 = explanation.ink.padded(margin).clipped(width, height).pixels()
        crop = explanation.crop[y0 : max(y1, y0 + 1), x0 : max(x1, x0 + 1)]
        self._crop = crop if crop.ndim == 3 else cv2.cvtColor(crop, cv2.COLOR_GRAY2RGB)
        self._grey = flattened(cv2.cvtColor(self._crop, cv2.COLOR_RGB2GRAY))
        self._frame: Box = explanation.frame.translated(-x0, -y0)
        self.aspect = min(crop.shape[1] / crop.shape[0], WIDEST)

    def fitted(self, width: float, height: float) -> tuple[int, int]:
        """Width and height of the largest picture that fits, not enlarged beyond what pixels bear."""
        rows = self._grey.shape[0]
        scale = min(width / (rows * self.aspect), height / rows, MAX_ENLARGEMENT)
        return max(1, round(rows * self.aspect * scale)), max(1, round(rows * scale))

    def original(self, width: float, height: float) -> Image.Image:
        """As the crop looks, all of it, as large as fits."""
        return Image.fromarray(_resized(self._crop, *self._whole(width, height)))

    def evened(self, width: int, height: int) -> Image.Image:
        """As the model sees it, all of it: dark ink on even paper."""
        whole = Image.fromarray((255.0 * self._light(*self._whole(width, height))).round().astype(np.uint8))
        picture = Image.new("RGB", (width, height), "white")
        picture.paste(whole, ((width - whole.width) // 2, (height - whole.height) // 2))
        return picture

    def heated(self, look: Look, width: int, height: int) -> Image.Image:
        """As the model sees it, tinted where it looked; of a long line the part around what it looked at most."""
        rows, columns = self._grey.shape
        whole = max(width, round(height * columns / rows)) if columns / rows > WIDEST else width
        frame = self._frame.scaled(whole / columns, height / rows)
        heat = _heat(look.attention, frame, whole, height)
        left = min(max(int(heat.max(0).argmax()) - width // 2, 0), whole - width)
        # Ink stays legible on full heat.
        tinted = (tints(heat) * self._light(whole, height)[..., None])[:, left : left + width]
        return Image.fromarray((255.0 * tinted).round().astype(np.uint8))

    def _whole(self, width: float, height: float) -> tuple[int, int]:
        rows, columns = self._grey.shape
        scale = min(width / columns, height / rows, MAX_ENLARGEMENT)
        return max(1, round(columns * scale)), max(1, round(rows * scale))

    def _light(self, width: int, height: int) -> NDArray[np.float64]:
        """Lightness in [0, 1]; what is nearly paper is paper, lest its grain be taken for heat."""
        return np.minimum(_resized(self._grey, width, height) / PAPER_FROM, 1.0)


def _heat(attention: NDArray[np.float32], frame: Box, width: int, height: int) -> NDArray[np.float32]:
    """Heat in [0, 1] of a picture [height, width], from the attention of cells that lie on `frame`."""
    rows, columns = attention.shape
    cell_width, cell_height = frame.width / columns, frame.height / rows
    # Cells are points at their centres, half a cell within the frame; between them heat is interpolated.
    matrix = np.array(
        [
            [cell_width, 0.0, frame.x0 + cell_width / 2 - 0.5],
            [0.0, cell_height, frame.y0 + cell_height / 2 - 0.5],
        ]
    )
    heat = cv2.warpAffine(attention, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    heat = cv2.GaussianBlur(heat, (0, 0), max(cell_width, cell_height) * 0.35)
    # A look all over the place is paler than one at a sign.
    strength = min(1.0, float(attention.max()) / FULL_HEAT) ** 0.5
    even: NDArray[np.float32] = strength * np.clip(heat / max(float(heat.max()), 1e-9), 0.0, 1.0) ** 0.8
    return even


def tints(heat: NDArray[np.float32]) -> NDArray[np.float64]:
    """What white paper becomes by `heat` in [0, 1], any shape: RGB in [0, 1], in a last axis."""
    steps = np.linspace(0.0, 1.0, len(HEAT))
    return np.stack([np.interp(heat, steps, HEAT[:, channel]) for channel in range(3)], axis=-1)


def flow(tokens: Sequence[str], font: ImageFont.FreeTypeFont, width: float) -> list[Word]:
    """Where the tokens of a text stand, broken into lines of at most `width` pixels."""
    blank = font.getlength(" ") * 1.3
    words: list[Word] = []
    x, line = 0.0, 0
    for number, token in enumerate(tokens):
        length = font.getlength(token)
        if x > 0 and x + length > width:
            x, line = 0.0, line + 1
        words.append(Word(number, x, line))
        x += length + blank
    return words


def text_height(words: Sequence[Word], size: int) -> float:
    lines = words[-1].line + 1 if words else 1
    return lines * size * LINE_STEP


def write_text(
    draw: ImageDraw.ImageDraw,
    words: Sequence[Word],
    looks: Sequence[Look],
    corner: tuple[float, float],
    size: int,
    *,
    marked: int | None = None,
) -> None:
    """The tokens of `words`: doubtful ones in colour, the marked one on a ground of its own."""
    font = face(size)
    for word in words:
        look = looks[word.number]
        x, y = corner[0] + word.x, corner[1] + word.line * size * LINE_STEP
        if word.number == marked:
            ground = (x - 3, y - 1, x + font.getlength(look.token) + 3, y + size * 1.25)
            draw.rounded_rectangle(ground, radius=4, fill=MARK)
        draw.text((x, y), look.token, fill=doubt_colour(look.probability, sure=INK), font=font)


def write_note(draw: ImageDraw.ImageDraw, corner: tuple[float, float], text: str) -> None:
    draw.text(corner, text, fill=FAINT, font=face(SMALL_PX))


def percent(look: Look) -> str:
    # Rounding must not make certainty of what is none.
    return f"{math.floor(look.probability * 100)} %" if look.probability < 0.995 else "> 99 %"


def doubt_colour(probability: float, sure: Colour = SURE) -> Colour:
    if probability >= SURE_FROM:
        return sure
    return UNSURE if probability >= UNSURE_FROM else DOUBT


def _resized(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    way = cv2.INTER_AREA if width < picture.shape[1] else cv2.INTER_CUBIC
    resized: NDArray[np.uint8] = cv2.resize(picture, (width, height), interpolation=way)
    return resized


def face(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own face: nothing else is sure to be there."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, which these pictures need")
    return font
