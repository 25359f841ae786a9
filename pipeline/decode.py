"""What looks into files: PDF or picture, how many pages, and the pixels of one; `isolate` keeps it at arm's length."""

from __future__ import annotations

import numpy as np

from pipeline import load_pdf, load_picture
from scanpage.errors import InputError
from scanpage.picture import Content


def count(content: Content, source: str) -> tuple[bool, int]:
    """Whether the file is a PDF, and how many pages it says it has. Raises `InputError`."""
    head = _head(content, source)
    if not head:
        raise InputError(f"{source} is empty")
    if load_pdf.is_pdf(head):
        return True, load_pdf.count_pages(content, source)
    try:
        return False, load_picture.count_frames(content, source)
    except InputError as error:
        if source.lower().endswith(".pdf"):
            raise InputError(f"{source} is not a PDF, though its name says so") from error
        raise


def load(
    content: Content, source: str, number: int, *, is_pdf: bool, dpi: float, max_pixels: int
) -> tuple[np.ndarray, float]:
    """Page `number` (from 1) as uint8 RGB `[H, W, 3]`, and its dpi; `dpi` is what PDF pages are drawn at.

    Raises:
        InputError: the page is damaged, too small or too large.
    """
    if is_pdf:
        return load_pdf.load_page(content, source, number, dpi, max_pixels=max_pixels)
    image, stated = load_picture.load_frame(content, source, number, max_pixels=max_pixels)
    return image, stated or float(dpi)


def letters(content: Content, source: str, number: int, size_px: tuple[int, int]) -> list[load_pdf.Letter]:
    """The text layer of page `number` (from 1) of a PDF, on its picture of this size. Raises `InputError`."""
    return load_pdf.load_letters(content, source, number, size_px)


def _head(content: Content, source: str) -> bytes:
    if isinstance(content, bytes):
        return content[:1024]
    try:
        with content.open("rb") as file:
            return file.read(1024)
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror}") from error
