"""Pages of print and their text layers, for the tests of both."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline.text_layer import TextLayer, runs
from scanpage.geometry import Box

FONT = ImageFont.load_default(30)
SIZE = (900, 400)
Placed = tuple[str, int, int]
LINES: list[Placed] = [
    ("Let the number be positive.", 40, 40),
    ("Then its root is real as well,", 40, 120),
    ("and nothing else is known of it.", 40, 200),
    ("The rest is left to the reader.", 40, 280),
]


def page_of(lines: Sequence[Placed], colour: str = "black") -> np.ndarray:
    """A page with lines of print, uint8 RGB [400, 900, 3]."""
    page = Image.new("RGB", SIZE, "white")
    for text, x, y in lines:
        ImageDraw.Draw(page).text((x, y), text, fill=colour, font=FONT)
    return np.array(page)


def layer_of(lines: Sequence[Placed]) -> TextLayer:
    """The text layer of the same."""
    letters = []
    for text, x, y in lines:
        for index, char in enumerate(text):
            if char != " ":
                x0, y0, x1, y1 = FONT.getbbox(char)
                left = x + FONT.getlength(text[:index])
                is_first = index == 0 or text[index - 1] == " "
                letters.append((" " * is_first + char, left + x0, y + y0, left + x1, y + y1, 0.0))
    return TextLayer.of_letters(letters)


def said(layer: TextLayer, holes: Sequence[Box] = ()) -> list[str]:
    return [run.text for run in runs(layer, holes)]
