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
MAX_PIXELS = 100_000_000
"""What is decoded at most: 300 MB as RGB. A0 paper at 250 dpi has 97 million pixels."""
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
        page = _as_rgb(_reduced(_averageable(picture)))
        scale = page.width / width
        return np.asarray(ImageOps.exif_transpose(page)), None if dpi is None else dpi * scale


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


def _averageable(picture: Image.Image) -> Image.Image:
    """The picture in a mode of 8-bit channels, so that it can be reduced; the orientation tag stays with it."""
    if picture.mode.startswith("I") or picture.mode == "F":
        result = Image.fromarray(_eight_bits(np.asarray(picture)))
    elif picture.mode == "1":
        result = picture.convert("L")
    elif picture.mode in ("P", "PA") or "transparency" in picture.info:
        result = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    else:
        return picture
    result.info["exif"] = picture.getexif().tobytes()
    return result


def _reduced(picture: Image.Image) -> Image.Image:
    picture.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), Image.Resampling.LANCZOS)
    return picture


def _as_rgb(picture: Image.Image) -> Image.Image:
    """RGB of a picture with 8-bit channels, transparent parts on white paper; the orientation tag stays with it."""
    exif = picture.getexif().tobytes()
    if picture.mode in ("RGBA", "LA", "La", "RGBa"):
        layer = picture.convert("RGBA")
        result = Image.new("RGB", layer.size, "white")
        result.paste(layer, mask=layer.getchannel("A"))
    else:
        result = picture.convert("RGB")
    result.info["exif"] = exif
    return result


def _eight_bits(values: np.ndarray) -> np.ndarray:
    """Grey values of any depth `[H, W]` as uint8: 16-bit ones by their full range, others by their own."""
    low, top = min(0.0, float(values.min())), float(values.max())
    if low == 0 and 255 < top <= 65535 and values.dtype.kind in "iu":
        return (values >> 8).astype(np.uint8)
    top = max(255.0, top)
    return ((values.astype(np.float32) - low) * (255.0 / (top - low))).round().astype(np.uint8)
