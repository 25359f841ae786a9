"""Pages of PDF files: by poppler where `pdftoppm` is installed, else by PDFium, which comes with the package."""

from __future__ import annotations

import math
import shutil
import unicodedata
from ctypes import byref, c_double, c_int
from io import BytesIO
from typing import Any

import numpy as np
import pypdfium2
from pypdfium2 import raw

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


MAX_LETTERS = 50_000
"""No page that is read has so many; what has more is no text layer."""
_FINE = 1 << 20
"""PDFium tells places in whole pixels: of a picture with sides of so many they are exact enough."""

Letter = tuple[str, float, float, float, float, float]
"""What it says, with a blank first where one comes before it; x0, y0, x1, y1 in pixels, y down; its line's direction in
degrees, positive where it falls to the right."""


def load_letters(content: Content, source: str, number: int, size_px: tuple[int, int]) -> list[Letter]:
    """The text layer of page `number` (from 1), placed on its picture of this width and height; empty without one.

    It is asked of PDFium, whichever draws the page: PDFium comes with the package, and places single letters, where
    poppler places words, so that what stands beside a formula without a blank is not lost with it.

    Raises:
        InputError: the page is damaged.
    """
    with _Opened(content, source) as document:
        try:
            page = document[number - 1]
            text = page.get_textpage()
        except pypdfium2.PdfiumError as error:
            raise InputError(f"{source} page {number} has a damaged text layer: {error}") from error
        count = text.count_chars()
        return _letters(text, count, _to_picture(page, size_px)) if 0 < count <= MAX_LETTERS else []


def _to_picture(page: Any, size_px: tuple[int, int]) -> np.ndarray:
    """The affine map `[2, 3]` from points of the page, y up, to pixels of its picture, crop box and rotation in it."""
    x, y = c_int(), c_int()
    corners = []
    for point in ((0.0, 0.0), (1000.0, 0.0), (0.0, 1000.0)):
        raw.FPDF_PageToDevice(page, 0, 0, _FINE, _FINE, 0, *point, byref(x), byref(y))
        corners.append((x.value * size_px[0] / _FINE, y.value * size_px[1] / _FINE))
    origin, right, up = np.array(corners)
    return np.column_stack([(right - origin) / 1000, (up - origin) / 1000, origin])


def _letters(text: Any, count: int, place: np.ndarray) -> list[Letter]:
    letters: list[Any] = []
    left, right, bottom, top = c_double(), c_double(), c_double(), c_double()
    high, blank = "", False
    for index in range(count):
        char = chr(raw.FPDFText_GetUnicode(text, index) & 0x1FFFFF)
        if "\ud800" <= char <= "\udbff":
            high = char  # the first half of a sign, as UTF-16 has it
            continue
        char, high = _whole(high, char), ""
        if raw.FPDFText_IsHyphen(text, index) == 1:
            char = "-"
        elif raw.FPDFText_HasUnicodeMapError(text, index) == 1:
            char = "\ufffd"
        if char in "\t\r\n" or unicodedata.category(char) == "Zs":
            blank = True
        elif raw.FPDFText_GetCharBox(text, index, byref(left), byref(right), byref(bottom), byref(top)):
            corners = np.array([(left.value, bottom.value, 1.0), (right.value, top.value, 1.0)]) @ place.T
            angle = raw.FPDFText_GetCharAngle(text, index)
            along = place[:, :2] @ (math.cos(angle), math.sin(angle))
            box = [*corners.min(0).tolist(), *corners.max(0).tolist()]
            direction = math.degrees(math.atan2(along[1], along[0]))
            letter = (" " * blank + char, *(round(value, 2) for value in (*box, direction)))
            if letters and letters[-1][1:] == letter[1:]:
                letters[-1] = (letters[-1][0] + char, *letter[1:])  # of one ligature
            elif all(map(math.isfinite, letter[1:])):
                letters.append(letter)
            blank = False
    return letters


def _whole(high: str, char: str) -> str:
    """A sign of one or two halves of UTF-16; half a sign is none."""
    if not high and not "\ud800" <= char <= "\udfff":
        return char
    return (high + char).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


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
