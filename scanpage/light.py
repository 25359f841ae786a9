"""Light on paper: shadows and the colour of the lamp taken out, so that a photo looks like a scan."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Field = NDArray[np.float32]

COARSE_PX = 320
"""Longer side at which the paper's brightness is measured; light changes slowly."""
STROKE_SHARE = 0.02
"""What is narrower than this share of the longer side is ink on the paper, not paper."""
DARKEST = 0.4
"""Paper darker than this share of the picture's lit paper is no paper but what lies around it; it stays dark."""
LIT_PERCENTILE = 90
DARK_PAGE = 90
"""Where even the lit part of a picture is darker than this (0 to 255), there is no paper to make white, and writing is
light on dark. Of a page in deep shadow some part is brighter."""
NEIGHBOURHOOD = 9
"""Width, in strokes, over which light and dark writing are weighed against each other."""
LIGHT_WRITING = 1.5
"""Writing is light on dark where light strokes outweigh dark ones so many times."""

SHADE = 3.0
"""Grey levels, over a neighbourhood, that uneven light and noise make alone."""


def flatten(image: Image) -> Image:
    """Divide by the brightness of the paper in each channel: the paper becomes white, shadows go, ink keeps its hue.

    The paper is what remains when dark things up to a stroke's width are closed (grey closing, Serra 1982) and the rest
    smoothed. Where the writing is lighter than its ground, as in a coloured heading, nothing changes.

    Args:
        image: uint8 [H, W, 3]; any order of channels.

    Returns:
        uint8 [H, W, 3]; the picture itself where its ground is dark.
    """
    height, width = image.shape[:2]
    scale = min(1.0, COARSE_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    coarse = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    if np.percentile(coarse, LIT_PERCENTILE) < DARK_PAGE:
        return image
    stroke = 2 * round(STROKE_SHARE * max(size) / 2) + 3
    paper = 255 - (255 - _paper(coarse, stroke)) * _dark_writing(coarse, stroke)[..., None]
    # In whole grey levels: floats of a large picture would take thrice the time and four times its memory.
    levels = cv2.resize(np.rint(paper).astype(np.uint8), (width, height))
    return np.asarray(cv2.divide(image, levels, scale=255))


def _paper(coarse: Image, stroke: int) -> Field:
    """Brightness of the paper, above 0, [h, w, 3]."""
    window = np.ones((stroke, stroke), np.uint8)
    paper = cv2.morphologyEx(coarse, cv2.MORPH_CLOSE, window, borderType=cv2.BORDER_REPLICATE)
    paper = cv2.medianBlur(paper, stroke)
    paper = cv2.GaussianBlur(paper, (0, 0), stroke / 2).astype(np.float32)
    lit = np.percentile(paper.reshape(-1, 3), LIT_PERCENTILE, axis=0)
    return np.asarray(np.maximum(paper, DARKEST * np.maximum(lit, 3)), np.float32)


def _dark_writing(coarse: Image, stroke: int) -> Field:
    """1 where writing is darker than its ground, or there is none; 0 where it is lighter; [h, w]."""
    grey = cv2.cvtColor(coarse, cv2.COLOR_RGB2GRAY)
    above = grey.astype(np.float32) - cv2.medianBlur(grey, 3 * stroke)
    near = NEIGHBOURHOOD * stroke, NEIGHBOURHOOD * stroke
    light, dark = (cv2.blur(np.maximum(part, 0), near) for part in (above, -above))
    return np.asarray(np.clip(2 - (light - LIGHT_WRITING * dark) / SHADE, 0, 1), np.float32)
