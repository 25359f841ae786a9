"""Picture files as pages: upright, of bounded size, one page each."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from scanpage.errors import InputError
from scanpage.files import natural_key
from scanpage.picture import opened, upright

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".ppm", ".pgm", ".pbm"})
"""What is taken for a page in a folder; a file that is named is read whatever its name."""
MAX_SIDE_PX = 4000
"""Longer pictures are reduced to this: more than the detector makes use of."""
MIN_SIDE_PX = 8
ORIENTATION_TAG = 0x0112
SIDEWAYS = range(5, 9)
"""EXIF orientations that swap width and height."""


def pictures_at(entry: Path) -> list[Path]:
    """The pictures of a folder, `page2` before `page10`; or `entry` itself, which tells `read_picture` what it is."""
    try:
        inside = [path for path in entry.iterdir() if path.suffix.lower() in SUFFIXES and path.name[0] != "."]
    except OSError:
        inside = []
    return sorted(inside, key=lambda path: natural_key(path.name)) or [entry]


def read_picture(path: Path) -> tuple[NDArray[np.uint8], tuple[int, int]]:
    """A page as RGB [H, W, 3], upright and at most `MAX_SIDE_PX` long, and its own width and height, upright.

    Raises:
        InputError: it cannot be read, or holds several pages.
    """
    if path.is_dir():
        raise InputError(f"{path} holds no pictures: put PNG, JPEG, TIFF or WebP files in it")
    if not path.exists():
        raise InputError(f"{path} does not exist: check the name")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error
    with opened(content, str(path)) as picture:
        width, height = picture.size
        if min(width, height) < MIN_SIDE_PX:
            raise InputError(f"{path} is {width} x {height} pixels, too small to be a page")
        if picture.format == "TIFF" and getattr(picture, "n_frames", 1) > 1:
            raise InputError(f"{path} holds several pages: save each as a picture of its own")
        sideways = picture.getexif().get(ORIENTATION_TAG, 1) in SIDEWAYS
        image = np.asarray(upright(picture, str(path), max_side_px=MAX_SIDE_PX))
    return image, (height, width) if sideways else (width, height)
