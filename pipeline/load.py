"""Inputs to pages, lazily: files, folders and standard input are listed first, each page is decoded when asked for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline import load_pdf, load_picture
from pipeline.page_range import ALL_PAGES, PageRange
from scanpage.document import Page
from scanpage.errors import InputError
from scanpage.files import natural_key
from scanpage.picture import Content

DEFAULT_DPI = 200
STDIN = "-"
SUFFIXES = frozenset({".pdf", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".ppm", ".pgm", ".pbm"})
"""What is taken for a page in a folder; a file that is named is read whatever its name."""


@dataclass(frozen=True, slots=True)
class LoadedPage:
    """A page and its picture, uint8 RGB `[H, W, 3]`."""

    page: Page
    image: np.ndarray


@dataclass(frozen=True, slots=True)
class PageSource:
    """A page that can be loaded: listing inputs gives these without decoding anything.

    `broken` is the reason why the whole file cannot be read; `load` raises it.
    """

    content: Content
    source: str
    number: int = 1
    dpi: int = DEFAULT_DPI
    is_pdf: bool = False
    broken: str | None = None

    def load(self) -> LoadedPage:
        """Decode the page. Raises `InputError`."""
        if self.broken is not None:
            raise InputError(self.broken)
        if self.is_pdf:
            image, dpi = load_pdf.load_page(self.content, self.source, self.number, self.dpi)
        else:
            image, stated = load_picture.load_frame(self.content, self.source, self.number)
            dpi = stated or float(self.dpi)
        height, width = image.shape[:2]
        return LoadedPage(Page(self.source, self.number, width, height, dpi), image)

    def unread(self) -> Page:
        """What is known of the page without loading it."""
        return Page(self.source, self.number, 0, 0, float(self.dpi))


def list_pages(entry: str, *, pages: PageRange = ALL_PAGES, dpi: int = DEFAULT_DPI) -> list[PageSource]:
    """The chosen pages of one input: a file, a folder, or `-` for standard input.

    In a folder the numbers of `pages` count over all pages of its files, in natural order of their names; a file in it
    that cannot be opened stands as one broken page. Nothing is decoded yet.

    Raises:
        InputError: the input does not exist, holds no page or cannot be opened, or `pages` asks for more than it has.
    """
    if entry == STDIN:
        found = _file_pages(sys.stdin.buffer.read(), "<stdin>", dpi)
    elif Path(entry).is_dir():
        found = list(_folder_pages(Path(entry), dpi))
    else:
        found = _file_pages(_existing(Path(entry)), entry, dpi)
    return [found[number - 1] for number in pages.select(len(found), entry)]


def _existing(path: Path) -> Path:
    if not path.exists():
        raise InputError(f"{path} does not exist: check the name")
    if not path.is_file():
        raise InputError(f"{path} is neither a file nor a folder")
    return path


def _folder_pages(folder: Path, dpi: int) -> Iterator[PageSource]:
    try:
        files = [path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and not path.name.startswith(".")]
    except OSError as error:
        raise InputError(f"{folder} cannot be listed: {error.strerror}") from error
    if not files:
        raise InputError(f"{folder} holds no pages: put PDF, PNG, JPEG, TIFF or WebP files in it")
    for path in sorted(files, key=lambda path: natural_key(path.name)):
        try:
            yield from _file_pages(path, str(path), dpi)
        except InputError as error:
            yield PageSource(path, str(path), dpi=dpi, broken=str(error))


def _file_pages(content: Content, source: str, dpi: int) -> list[PageSource]:
    head = _head(content, source)
    if not head:
        raise InputError(f"{source} is empty")
    if load_pdf.is_pdf(head):
        count = load_pdf.count_pages(content, source)
        return [PageSource(content, source, number, dpi, is_pdf=True) for number in range(1, count + 1)]
    if source.lower().endswith(".pdf") and not _is_picture(content, source):
        raise InputError(f"{source} is not a PDF, though its name says so")
    count = load_picture.count_frames(content, source)
    return [PageSource(content, source, number, dpi) for number in range(1, count + 1)]


def _is_picture(content: Content, source: str) -> bool:
    try:
        return load_picture.count_frames(content, source) > 0
    except InputError:
        return False


def _head(content: Content, source: str) -> bytes:
    if isinstance(content, bytes):
        return content[:1024]
    try:
        with content.open("rb") as file:
            return file.read(1024)
    except OSError as error:
        raise InputError(f"{source} cannot be read: {error.strerror}") from error
