"""Where crops come from: arrays, files, standard input and the clipboard."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageGrab, ImageOps, UnidentifiedImageError

from scanpage.errors import InputError
from scanpage.picture import Content, opened, upright

STDIN = "-"
MAX_SIDE_PX = 4000
"""Longer pictures are reduced to this: one formula is read at no more than a quarter of it."""

Picture = NDArray[np.uint8] | Image.Image | Path | str
"""A picture as users have it: an array [h, w], [h, w, 3] (RGB) or [h, w, 4] (RGBA), Pillow's, or the path of a file."""


def as_crop(picture: Picture) -> NDArray[np.uint8]:
    """Any picture of a formula as a crop: uint8, grey [h, w] or RGB [h, w, 3], what is transparent on white.

    Raises:
        InputError: the file cannot be read.
        ValueError: the array has another shape or type.
    """
    if isinstance(picture, (str, Path)):
        return open_picture(Path(picture))
    if isinstance(picture, Image.Image):
        # Turned first, which makes a copy: reducing works in place.
        turned = ImageOps.exif_transpose(picture)
        return np.asarray(upright(turned, "the picture", max_side_px=MAX_SIDE_PX))
    if picture.dtype != np.uint8 or 0 in picture.shape or picture.ndim not in (2, 3):
        raise ValueError(
            f"a crop must be uint8 [h, w], [h, w, 3] or [h, w, 4] and not empty, got {picture.dtype} {picture.shape}"
        )
    if picture.ndim == 3 and picture.shape[2] == 4:
        return as_crop(Image.fromarray(picture))
    if picture.ndim == 3 and picture.shape[2] != 3:
        raise ValueError(f"a crop must have 3 or 4 channels where it has colour, got {picture.shape}")
    return picture


def open_picture(path: Path) -> NDArray[np.uint8]:
    """A picture file as RGB [h, w, 3], whatever its mode, turned upright. Raises `InputError`."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    return decode(data, str(path))


def open_source(name: str) -> NDArray[np.uint8]:
    """The picture that a command names: a file, or `-` for standard input. Raises `InputError`."""
    return decode(sys.stdin.buffer.read(), "<stdin>") if name == STDIN else open_picture(Path(name))


def decode(content: Content, source: str) -> NDArray[np.uint8]:
    """What a picture file holds as RGB [h, w, 3]; `source` is its name in errors. Raises `InputError`."""
    if content == b"":
        raise InputError(f"{source} is empty")
    with opened(content, source) as picture:
        return np.asarray(upright(picture, source, max_side_px=MAX_SIDE_PX))


def from_clipboard() -> NDArray[np.uint8]:
    """The clipboard's picture, or that of the one file copied there, as RGB [h, w, 3].

    Raises:
        InputError: there is no clipboard, no picture in it, or no tool that can ask for it.
    """
    try:
        found: Any = ImageGrab.grabclipboard()
    except NotImplementedError as error:
        # What Pillow says on Linux where it finds no tool.
        raise InputError(
            "the clipboard cannot be read: install wl-clipboard (Wayland) or xclip (X11), or give a file"
        ) from error
    except UnidentifiedImageError:
        found = None  # it holds something else, a text say
    except (OSError, ValueError) as error:
        raise InputError(f"the clipboard cannot be read: {' '.join(str(error).split())}") from error
    if isinstance(found, list):
        if len(found) != 1:
            raise InputError(f"the clipboard holds {len(found)} files: copy one picture, or give their names")
        return open_picture(Path(found[0]))
    if found is None:
        raise InputError("the clipboard holds no picture: copy one first")
    return as_crop(found)
