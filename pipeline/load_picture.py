"""Page pictures from PNG, JPEG, TIFF, WebP, BMP and PNM files, in any mode, turned upright, in bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from scanpage.errors import InputError
from scanpage.picture import MAX_PIXELS, Content, opened, upright

MAX_SIDE_PX = 4000
"""Longer pictures are reduced to this: about A4 at 340 dpi, more than any stage makes use of."""
MIN_SIDE_PX = 8
_UNKNOWN = "is neither a PDF nor a picture that can be read (PNG, JPEG, TIFF, WebP)"
_REMEDY = "reduce it first, or raise --max-pixels"


def count_frames(content: Content, source: str) -> int:
    """How many pages a picture file holds: the frames of a TIFF, else 1. Raises `InputError`."""
    with opened(content, source, unknown=_UNKNOWN) as picture:
        return int(getattr(picture, "n_frames", 1)) if picture.format == "TIFF" else 1


def load_frame(
    content: Content, source: str, number: int, *, max_pixels: int = MAX_PIXELS
) -> tuple[np.ndarray, float | None]:
    """Decode page `number` (from 1) of a picture file with at most `max_pixels`.

    Returns:
        The page, uint8 RGB `[H, W, 3]` with sides of 8 to 4,000 px, and its dpi where the file names it.

    Raises:
        InputError: the frame is damaged, too small or too large.
    """
    with opened(content, source, unknown=_UNKNOWN) as picture:
        if picture.format == "TIFF":
            picture.seek(number - 1)
        width, height = picture.size
        if min(width, height) < MIN_SIDE_PX:
            raise InputError(f"{source} is {width} x {height} pixels, too small to be a page")
        dpi = _dpi(picture)
        page = upright(picture, source, max_side_px=MAX_SIDE_PX, max_pixels=max_pixels, remedy=_REMEDY)
        scale = max(page.size) / max(width, height)
        return np.asarray(page), None if dpi is None else dpi * scale


def _dpi(picture: Image.Image) -> float | None:
    """The resolution that the file states, if it is a plausible one."""
    stated: Any = picture.info.get("dpi")
    try:
        dpi = float(stated[0])
    except (TypeError, ValueError, ZeroDivisionError, IndexError):
        return None
    # 72 and 96 are what cameras and screenshots write when they know nothing.
    return dpi if 100 <= dpi <= 2400 else None
