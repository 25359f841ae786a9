"""Page pictures from PNG, JPEG, TIFF, WebP, BMP and PNM files, in any mode, turned upright, in bounded memory."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from scanpage.errors import InputError

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "PPM")
MAX_SIDE_PX = 4000
"""Longer pictures are reduced to this: about A4 at 340 dpi, more than any stage makes use of."""
MAX_PIXELS = 120_000_000
"""What is decoded at most: 360 MB as RGB. A0 at 300 dpi has 139 million pixels."""
MIN_SIDE_PX = 8
_DECODE_ERRORS = (OSError, SyntaxError, ValueError, TypeError, EOFError, IndexError, KeyError, struct.error, zlib.error)
"""What Pillow's decoders are seen to raise on damaged files."""

Content = Path | bytes


def count_frames(content: Content, source: str) -> int:
    """How many pages a picture file holds: the frames of a TIFF, else 1. Raises `InputError`."""
    with _opened(content, source) as picture:
        return int(getattr(picture, "n_frames", 1)) if picture.format == "TIFF" else 1


def load_frame(content: Content, source: str, number: int) -> tuple[np.ndarray, float | None]:
    """Decode page `number` (from 1) of a picture file.

    Returns:
        The page, uint8 RGB `[H, W, 3]` with sides of 8 to 4,000 px, and its dpi where the file names it.

    Raises:
        InputError: the frame is damaged, too small or too large.
    """
    with _opened(content, source) as picture:
        if picture.format == "TIFF":
            picture.seek(number - 1)
        width = picture.width
        _bound(picture, source)
        dpi = _dpi(picture)
        upright = ImageOps.exif_transpose(_as_rgb(picture))
        turned = upright.size != picture.size
        upright.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
        scale = (upright.height if turned else upright.width) / width
        return np.asarray(upright), None if dpi is None else dpi * scale


@contextmanager
def _opened(content: Content, source: str) -> Iterator[Image.Image]:
    """The opened picture; whatever its decoder raises inside the block becomes an `InputError`."""
    ceiling, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # `_bound` knows better: JPEG can be read reduced
    try:
        with Image.open(BytesIO(content) if isinstance(content, bytes) else content, formats=FORMATS) as picture:
            yield picture
    except UnidentifiedImageError as error:
        raise InputError(f"{source} is neither a PDF nor a picture that can be read (PNG, JPEG, TIFF, WebP)") from error
    except MemoryError as error:
        raise InputError(f"{source} needs more memory than there is: make the picture smaller") from error
    except _DECODE_ERRORS as error:
        raise InputError(f"{source} is damaged or cut short ({error}): save or scan it again") from error
    finally:
        Image.MAX_IMAGE_PIXELS = ceiling


def _bound(picture: Image.Image, source: str) -> None:
    """Let the JPEG decoder reduce a large picture, and refuse what would still not fit."""
    width, height = picture.size
    if min(width, height) < MIN_SIDE_PX:
        raise InputError(f"{source} is {width} x {height} pixels, too small to be a page")
    if picture.format in ("JPEG", "MPO") and max(width, height) > MAX_SIDE_PX:
        longest = max(width, height)
        picture.draft("RGB", (width * MAX_SIDE_PX // longest, height * MAX_SIDE_PX // longest))
    if picture.width * picture.height > MAX_PIXELS:
        raise InputError(
            f"{source} is {width} x {height} pixels, more than the {MAX_PIXELS // 1_000_000} million that are "
            "opened at once: reduce it first"
        )


def _dpi(picture: Image.Image) -> float | None:
    """The resolution that the file states, if it is a plausible one."""
    stated: Any = picture.info.get("dpi")
    try:
        dpi = float(stated[0])
    except (TypeError, ValueError, ZeroDivisionError, IndexError):
        return None
    # 72 and 96 are what cameras and screenshots write when they know nothing.
    return dpi if 100 <= dpi <= 2400 else None


def _as_rgb(picture: Image.Image) -> Image.Image:
    """8-bit RGB of a picture of any mode: deep greys scaled, transparent parts on white paper.

    The orientation tag stays with the result.
    """
    exif = picture.getexif()
    if picture.mode.startswith("I") or picture.mode == "F":
        result = Image.fromarray(_eight_bits(np.asarray(picture))).convert("RGB")
    elif picture.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        layer = picture.convert("RGBA")
        result = Image.new("RGB", layer.size, "white")
        result.paste(layer, mask=layer.getchannel("A"))
    else:
        result = picture.convert("RGB")
    result.info["exif"] = exif.tobytes() if exif else b""
    return result


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Grey values of any depth `[H, W]` as uint8: 16-bit ones by their full range, others by their own."""
    top = 255.0 if values.max(initial=0) <= 255 else 65535.0
    low = min(0.0, float(values.min(initial=0)))
    top = max(top, float(values.max(initial=0)))
    return ((values.astype(np.float32) - low) * (255.0 / (top - low))).round().astype(np.uint8)
