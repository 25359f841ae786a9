"""Pages of PDF files: by poppler where `pdftoppm` is installed, else by PDFium, which comes with the package."""

from __future__ import annotations

import math
import shutil
from io import BytesIO
from typing import Any

import numpy as np
import pypdfium2

from pipeline.load_picture import MAX_SIDE_PX, MIN_SIDE_PX
from scanpage.document import POINTS_PER_INCH
from scanpage.errors import InputError
from scanpage.picture import MAX_PIXELS, Content


def is_pdf(head: bytes) -> bool:
    """Whether a file starts like a PDF; readers allow rubbish before the header, within the first 1,024 bytes."""
    return b"%PDF-" in head[:1024]


def count_pages(content: Content, source: str) -> int:
    """How many pages the file holds. Raises `InputError`."""
    with _Opened(content, source) as document:
        count = len(document)
    if count == 0:
        raise InputError(f"{source} is a PDF without pages")
    return count


def load_page(
    content: Content, source: str, number: int, dpi: float, *, max_pixels: int = MAX_PIXELS
) -> tuple[np.ndarray, float]:
    """Draw page `number` (from 1).

    Returns:
        The page, uint8 RGB `[H, W, 3]`, and the resolution it was drawn at: `dpi`, or less where the paper is so large
        that the page would have sides of more than 4,000 px or more than `max_pixels`.

    Raises:
        InputError: the page is damaged, or not as large as a page.
    """
    with _Opened(content, source) as document:
        try:
            page = document[number - 1]
            width_pt, height_pt = page.get_size()
        except pypdfium2.PdfiumError as error:
            raise InputError(f"{source} page {number} is damaged: {error}") from error
        dpi = _fitting_dpi(width_pt, height_pt, dpi, max_pixels, name=f"{source} page {number}")
        if shutil.which("pdftoppm"):
            image = _draw_with_poppler(content, source, number, dpi)
        else:
            image = np.asarray(page.render(scale=dpi / POINTS_PER_INCH).to_pil().convert("RGB"))
    return image, dpi


def _fitting_dpi(width_pt: float, height_pt: float, dpi: float, max_pixels: int, *, name: str) -> float:
    longest, shortest = max(width_pt, height_pt), min(width_pt, height_pt)
    if not (math.isfinite(longest) and shortest > 0):
        raise InputError(f"{name} measures {width_pt:g} x {height_pt:g} points, which is no page")
    most = min(MAX_SIDE_PX / longest, math.sqrt(max_pixels / longest / shortest))
    fitting = min(dpi, most * POINTS_PER_INCH)
    if shortest * fitting / POINTS_PER_INCH < MIN_SIDE_PX:
        raise InputError(f"{name} measures {width_pt:.0f} x {height_pt:.0f} points, too small or too narrow for a page")
    return fitting


def _draw_with_poppler(content: Content, source: str, number: int, dpi: float) -> np.ndarray:
    from pdf2image import convert_from_bytes, convert_from_path
    from pdf2image.exceptions import PDFInfoNotInstalledError, PDFPageCountError, PDFSyntaxError

    convert = convert_from_bytes if isinstance(content, bytes) else convert_from_path
    try:
        # The crop box is what viewers and PDFium show.
        pictures = convert(content, dpi=dpi, first_page=number, last_page=number, use_cropbox=True)
    except (PDFInfoNotInstalledError, PDFPageCountError, PDFSyntaxError, OSError) as error:
        reason = (str(error).strip().splitlines() or ["no reason given"])[-1]
        raise InputError(f"{source} page {number} cannot be drawn: {reason}") from error
    if not pictures:
        raise InputError(f"{source} page {number} cannot be drawn: the page is damaged")
    return np.asarray(pictures[0].convert("RGB"))


class _Opened:
    """The opened PDF as a context; PDFium's errors become `InputError`."""

    def __init__(self, content: Content, source: str) -> None:
        self._content = content
        self._source = source

    def __enter__(self) -> Any:
        content = BytesIO(self._content) if isinstance(self._content, bytes) else self._content
        try:
            self._document = pypdfium2.PdfDocument(content)
        except pypdfium2.PdfiumError as error:
            if "password" in str(error).lower():
                raise InputError(f"{self._source} is encrypted: remove its password first") from error
            raise InputError(f"{self._source} is not a whole PDF ({error}): fetch or export it again") from error
        return self._document

    def __exit__(self, *_: object) -> None:
        self._document.close()
