"""Picture files of any mode, decoded to upright RGB in bounded memory: PNG, JPEG, TIFF, WebP, BMP and PNM."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from scanpage.errors import InputError

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "BMP", "PPM")
MAX_PIXELS = 100_000_000
"""What is decoded at most unless told otherwise: 300 MB as RGB. A0 paper at 250 dpi has 97 million pixels."""
NO_PICTURE = "is no picture that can be read (PNG, JPEG, TIFF, WebP)"
_DECODE_ERRORS = (OSError, SyntaxError, ValueError, TypeError, EOFError, IndexError, KeyError, struct.error, zlib.error)
"""What Pillow's decoders are seen to raise on damaged files."""

Content = Path | bytes


@contextmanager
def opened(content: Content, source: str, *, unknown: str = NO_PICTURE) -> Iterator[Image.Image]:
    """The opened picture file; whatever its decoder raises inside the block becomes an `InputError`.

    Args:
        content: the file, or what it holds.
        source: its name in errors.
        unknown: what is said, behind the name, of a file of another format.
    """
    ceiling, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None  # `upright` knows better: JPEG can be read reduced
    try:
        with Image.open(BytesIO(content) if isinstance(content, bytes) else content, formats=FORMATS) as picture:
            yield picture
    except UnidentifiedImageError as error:
        raise InputError(f"{source} {unknown}") from error
    except MemoryError as error:
        raise InputError(f"{source} needs more memory than there is: make the picture smaller") from error
    except _DECODE_ERRORS as error:
        raise InputError(f"{source} is damaged or cut short ({error}): save or scan it again") from error
    finally:
        Image.MAX_IMAGE_PIXELS = ceiling


def upright(
    picture: Image.Image,
    source: str,
    *,
    max_side_px: int,
    max_pixels: int = MAX_PIXELS,
    remedy: str = "reduce it first",
) -> Image.Image:
    """The picture as RGB: turned as its orientation tag says, transparent parts on white, at most `max_side_px` long.

    Raises:
        InputError: it is larger than `max_pixels` and cannot be decoded reduced; `remedy` says what to do then.
    """
    width, height = picture.size
    _draft(picture, max_side_px)
    if picture.width * picture.height > max_pixels:
        raise InputError(
            f"{source} is {width} x {height} pixels, more than the {max_pixels / 1e6:g} million that "
            f"are opened at once: {remedy}"
        )
    reduced = _averageable(picture)
    reduced.thumbnail((max_side_px, max_side_px), Image.Resampling.LANCZOS)
    return ImageOps.exif_transpose(_as_rgb(reduced))


def _draft(picture: Image.Image, max_side_px: int) -> None:
    """Let the JPEG decoder reduce a large picture."""
    width, height = picture.size
    longest = max(width, height)
    if picture.format in ("JPEG", "MPO") and longest > max_side_px:
        picture.draft("RGB", (width * max_side_px // longest, height * max_side_px // longest))


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
