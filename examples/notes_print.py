"""Formulas and prose in print: Computer Modern, which matplotlib brings along; formulas set by TeX where installed."""

from __future__ import annotations

from pathlib import Path

import cv2
import matplotlib
import numpy as np
from notes_sheet import Extent, Sheet
from PIL import Image, ImageDraw, ImageFont

from synth.layout import UNITS_PER_EM, Failure, Layout
from synth.mathtext import typeset_mathtext
from synth.typeset import available, typeset

FINER = 4


class Print:
    """A printer's face: prose by Pillow, formulas by `synth.typeset`.

    Args:
        em_px: font size in fine pixels.
    """

    def __init__(self, em_px: float) -> None:
        self._em_px = em_px
        self._font = ImageFont.truetype(str(Path(matplotlib.get_data_path()) / "fonts/ttf/cmr10.ttf"), em_px)
        self._layouts: dict[tuple[str, bool], Layout] = {}

    def advance(self, text: str) -> float:
        """Width of `text` in fine pixels."""
        return float(self._font.getlength(text))

    def write(self, sheet: Sheet, text: str, x: float, y: float) -> None:
        """Print prose with its baseline starting at (x, y)."""
        left, top, right, bottom = self._font.getbbox(text, anchor="ls")
        image = Image.new("L", (round(right - left) + 2, round(bottom - top) + 2))
        ImageDraw.Draw(image).text((1 - left, 1 - top), text, fill=255, font=self._font, anchor="ls")
        sheet.stamp(np.asarray(image), x + left - 1, y + top - 1)

    def measure(self, latex: str, *, display: bool) -> Extent:
        """Extent of a formula."""
        box = self._layout(latex, display).box.scaled(self._em_px)
        return Extent(box.x1, -box.y0, max(0.0, box.y1))

    def draw(self, sheet: Sheet, latex: str, x: float, y: float, *, display: bool, owner: int) -> None:
        """Print a formula with its origin at (x, y)."""
        layout = self._layout(latex, display)
        left, top, right, bottom = layout.box.scaled(self._em_px).padded(2).pixels()
        # Filled without antialiasing, which would thicken the strokes, but finer than needed, then averaged.
        fine = np.zeros(((bottom - top) * FINER, (right - left) * FINER), np.uint8)
        scale = self._em_px * FINER
        corner = np.array([left, top]) * FINER
        for glyph in layout.glyphs:
            origin = np.array([glyph.x, glyph.y])
            outlines = [(c * (glyph.size / UNITS_PER_EM) + origin) * scale - corner for c in glyph.shape.contours]
            cv2.fillPoly(fine, [np.round(outline).astype(np.int32) for outline in outlines], 255)
        for rule in layout.rules:
            x0, y0, x1, y1 = (round(side) for side in rule.box.scaled(scale).translated(*-corner).xyxy)
            fine[y0:y1, x0:x1] = 255
        alpha = cv2.resize(fine, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
        sheet.stamp(alpha, x + left, y + top, owner)

    def _layout(self, latex: str, display: bool) -> Layout:
        if (latex, display) not in self._layouts:
            layout = _typeset(latex, display)
            if not isinstance(layout, Layout):
                raise ValueError(f"cannot typeset {latex}: {layout.reason}")
            self._layouts[latex, display] = layout
        return self._layouts[latex, display]


def _typeset(latex: str, display: bool) -> Layout | Failure:
    if available():
        return typeset([latex], display=display)[0]
    # mathtext sets everything in text style: the fractions are asked for by name.
    return typeset_mathtext([latex.replace(r"\frac", r"\dfrac") if display else latex])[0]
