"""Inputs to pages, lazily: files, folders and standard input are listed first, each page is decoded when asked for."""

from __future__ import annotations

import sys
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path

import numpy as np

from pipeline import isolate
from pipeline.limits import DEFAULT_LIMITS, Limits
from pipeline.page_range import ALL_PAGES, PageRange
from pipeline.text_layer import TextLayer
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
    """A page, its picture, uint8 RGB `[H, W, 3]`, and the text that the file itself names, where it was asked for."""

    page: Page
    image: np.ndarray
    layer: TextLayer | None = None


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
    limits: Limits = DEFAULT_LIMITS

    def load(self) -> LoadedPage:
        """Decode the page. Raises `InputError`."""
        if self.broken is not None:
            raise InputError(self.broken)
        image, dpi = isolate.load_page(
            self.content, self.source, self.number, is_pdf=self.is_pdf, dpi=self.dpi, limits=self.limits
        )
        height, width = image.shape[:2]
        return LoadedPage(Page(self.source, self.number, width, height, dpi), image)

    def text_layer(self, page: Page) -> TextLayer | None:
        """The text layer of the loaded page, in its pixels; None where there is none. Raises `InputError`."""
        if not self.is_pdf:
            return None
        size = page.width_px, page.height_px
        letters = isolate.load_letters(self.content, self.source, self.number, size_px=size, limits=self.limits)
        return TextLayer.of_letters(letters, name=page.name) if letters else None

    def unread(self) -> Page:
        """What is known of the page without loading it."""
        return Page(self.source, self.number, 0, 0, float(self.dpi))


def list_pages(
    entry: str, *, pages: PageRange = ALL_PAGES, dpi: int = DEFAULT_DPI, limits: Limits = DEFAULT_LIMITS
) -> list[PageSource]:
    """The chosen pages of one input: a file, a folder, or `-` for standard input.

    In a folder the numbers of `pages` count over all pages of its files, in natural order of their names; a file in it
    that cannot be opened stands as one broken page. Nothing is decoded yet.

    Raises:
        InputError: the input does not exist, holds no page or cannot be opened, `pages` asks for more than it has, or
            what is chosen of it is more than `limits` allow.
    """
    if entry == STDIN:
        files = [_opened(sys.stdin.buffer.read(), "<stdin>", dpi, limits)]
    elif Path(entry).is_dir():
        files = list(_folder_files(Path(entry), dpi, limits))
    else:
        files = [_opened(_existing(Path(entry)), entry, dpi, limits)]
    ends = list(accumulate(file.count for file in files))
    chosen = pages.select(ends[-1], entry, most=limits.max_pages)
    return [_page(files, ends, number) for number in chosen]


@dataclass(frozen=True, slots=True)
class _File:
    """Its first page, and how many there are: a damaged file may say billions."""

    first: PageSource
    count: int


def _page(files: Sequence[_File], ends: Sequence[int], number: int) -> PageSource:
    """Page `number` (from 1) over all files."""
    index = bisect_left(ends, number)
    return replace(files[index].first, number=number - (ends[index] - files[index].count))


def _existing(path: Path) -> Path:
    if not path.exists():
        raise InputError(f"{path} does not exist: check the name")
    if not path.is_file():
        raise InputError(f"{path} is neither a file nor a folder")
    return path


def _folder_files(folder: Path, dpi: int, limits: Limits) -> Iterator[_File]:
    try:
        files = [path for path in folder.iterdir() if _is_named_like_a_page(path) and not path.is_dir()]
    except OSError as error:
        raise InputError(f"{folder} cannot be listed: {error.strerror}") from error
    if not files:
        raise InputError(f"{folder} holds no pages: put PDF, PNG, JPEG, TIFF or WebP files in it")
    for path in sorted(files, key=lambda path: natural_key(path.name)):
        try:
            yield _opened(_existing(path), str(path), dpi, limits)
        except InputError as error:
            yield _File(PageSource(path, str(path), dpi=dpi, broken=str(error)), 1)


def _is_named_like_a_page(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _opened(content: Content, source: str, dpi: int, limits: Limits) -> _File:
    is_pdf, count = isolate.count_pages(content, source, limits=limits)
    return _File(PageSource(content, source, dpi=dpi, is_pdf=is_pdf, limits=limits), count)
