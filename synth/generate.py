"""A folder of synthetic pages: images, truth, settings, a contact sheet."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from scanpage import __version__
from scanpage.errors import OutputError
from scanpage.geometry import Box
from synth.coco import Corners, Line, PageTruth, Truth
from synth.compose import CAPTURES, compose
from synth.config import LONG_SIDE_RANGE, GenerateSettings, PageKind
from synth.config_file import settings_text
from synth.contact_sheet import contact_sheet
from synth.crew import share
from synth.degrade import Picture, degrade
from synth.page_folder import TYPESET, PageFolder, image_name
from synth.sheet import Pixels, box_around
from synth.stock import Stock, load_stock, prepare_layouts

CONTACT_SHEET_QUALITY = 88

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Made:
    """What a run did: all pages of the folder, and how many of them it found there."""

    pages: tuple[PageTruth, ...]
    found: int


def generate(settings: GenerateSettings, out: Path, *, progress: bool = False) -> Made:
    """Make the pages of `settings` in the folder `out`, or those that an earlier run has left to make.

    `synth.page_folder` says what is written. However often a run is stopped and started again, the files end the same.

    Args:
        progress: show a bar on stderr.

    Raises:
        OutputError: `out` cannot be written.
        InputError, UsageError: the material cannot be used, or `out` holds pages of other settings.
        WorkerError: one of the processes died.
    """
    text = settings_text(settings)
    folder = PageFolder(out)
    folder.open(text, settings.pages)
    missing = folder.missing(settings.pages)
    if missing:
        layouts = prepare_layouts(settings, out / TYPESET)
        with closing(share(partial(_Maker.start, settings, layouts, folder), missing, settings.workers)) as made:
            _exhaust(made, settings.pages, len(missing), progress=progress)
    pages = tuple(page for page in map(folder.page, range(settings.pages)) if page is not None)
    if len(pages) < settings.pages:
        raise OutputError(f"pages vanished from {out} in the meantime; start the same command again")
    info = {"description": "synthetic pages with formulas", "version": __version__, "seed": settings.seed}
    sheet = encode_jpeg(contact_sheet(out, pages), CONTACT_SHEET_QUALITY)
    folder.finish(pages, info={**info, "settings": settings.plain()}, contact_sheet=sheet)
    return Made(pages, settings.pages - len(missing))


def page_generator(seed: int, index: int) -> np.random.Generator:
    """The randomness of page `index` of `seed`, whoever makes it."""
    return np.random.default_rng([seed, index])


def make_picture(rng: np.random.Generator, stock: Stock, settings: GenerateSettings) -> Picture:
    """One random page, of a kind and size drawn as `settings` says."""
    low, high = LONG_SIDE_RANGE
    long_side = settings.long_side_px or int(rng.integers(low, high + 1))
    # In the order of the enum, for pages must not depend on the order in which the weights were given.
    kind = _choose(rng, {kind: settings.kinds[kind] for kind in PageKind if kind in settings.kinds})
    sheet = compose(rng, stock, kind, long_side)
    return degrade(rng, sheet, _choose(rng, CAPTURES[kind]), long_side)


def truths(picture: Picture) -> tuple[Truth, ...]:
    """The formulas of a picture; boxes are cut at its edge, and what lies beyond it is left out."""
    height, width = picture.pixels.shape[:2]
    cut = [(mark, mark.box.clipped(width, height)) for mark in picture.marks]
    return tuple(Truth(box, m.kind, m.latex, m.source) for m, box in cut if min(box.width, box.height) >= 1)


def lines(picture: Picture) -> tuple[Line, ...]:
    """The lines of a picture, cut at its edge."""
    height, width = picture.pixels.shape[:2]
    cut = [(line, line.box.clipped(width, height)) for line in picture.lines]
    return tuple(Line(box, line.text, line.role) for line, box in cut if min(box.width, box.height) >= 1)


def figures(picture: Picture) -> tuple[Box, ...]:
    """Boxes of the figures and tables of a picture, cut at its edge."""
    height, width = picture.pixels.shape[:2]
    cut = (box_around(rim).clipped(width, height) for rim in picture.drawings)
    return tuple(box for box in cut if min(box.width, box.height) >= 1)


def corners(picture: Picture) -> Corners:
    """Where the paper's corners are, as plain numbers."""
    return tuple((float(x), float(y)) for x, y in picture.corners)


def encode_jpeg(bgr: Pixels, quality: int) -> bytes:
    """JPEG bytes of uint8[h, w, 3] BGR pixels."""
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise OutputError("OpenCV cannot write JPEG; install opencv-python-headless again")
    return bytes(data)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes pages, in whichever process."""

    settings: GenerateSettings
    stock: Stock
    folder: PageFolder

    @staticmethod
    def start(settings: GenerateSettings, layouts: list[Path], folder: PageFolder) -> _Maker:
        """Load the material."""
        # Processes share the cores already: threads of OpenCV on top would only get in each other's way.
        cv2.setNumThreads(1)
        stock = load_stock(settings, layouts)
        stock.prepare()
        return _Maker(settings, stock, folder)

    def __call__(self, index: int) -> None:
        """Make page `index` and write it."""
        picture = make_picture(page_generator(self.settings.seed, index), self.stock, self.settings)
        height, width = picture.pixels.shape[:2]
        page = PageTruth(
            index,
            image_name(index),
            width,
            height,
            truths(picture),
            corners(picture),
            lines(picture),
            figures(picture),
        )
        self.folder.write(page, encode_jpeg(cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2BGR), picture.jpeg_quality))


def _choose(rng: np.random.Generator, weights: Mapping[T, float]) -> T:
    shares = np.array(list(weights.values()))
    return list(weights)[int(rng.choice(len(shares), p=shares / shares.sum()))]


def _exhaust(made: Iterable[int], pages: int, missing: int, *, progress: bool) -> None:
    from tqdm import tqdm

    with tqdm(total=pages, initial=pages - missing, unit="page", file=sys.stderr, disable=not progress) as bar:
        for _ in made:
            bar.update()
