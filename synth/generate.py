"""A folder of synthetic pages: images, COCO annotations, settings, a contact sheet."""

from __future__ import annotations

import json
import multiprocessing
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from scanpage import __version__
from scanpage.errors import OutputError
from scanpage.files import write_bytes, write_text
from synth.coco import PageTruth, Truth, to_coco
from synth.compose import make_page
from synth.config import GenerateSettings
from synth.contact_sheet import contact_sheet
from synth.degrade import Picture
from synth.sheet import Pixels
from synth.stock import Stock, load_stock, prepare_layouts

IMAGES = "images"
CONTACT_SHEET_QUALITY = 88

Worker = Callable[[int], PageTruth]


def generate(settings: GenerateSettings, out: Path, *, progress: bool = False) -> list[PageTruth]:
    """Make the pages of `settings` in the folder `out`.

    Writes `images/000000.jpg` and so on, `settings.json`, `contact_sheet.jpg`, and last `annotations.json`: where that
    is, the folder is complete.

    Args:
        progress: show a bar on stderr.

    Raises:
        OutputError: `out` cannot be written.
        InputError, UsageError: the material cannot be used.
    """
    _make_folder(out / IMAGES)
    with tempfile.TemporaryDirectory(prefix="synth-") as temporary:
        layouts = prepare_layouts(settings, Path(temporary))
        with _pages(settings, layouts, out) as pages:
            if progress:
                from tqdm import tqdm

                pages = tqdm(pages, total=settings.pages, unit="page", file=sys.stderr)
            made = list(pages)
    resolved = settings.to_json()
    write_text(out / "settings.json", json.dumps(resolved, indent=2) + "\n")
    write_bytes(out / "contact_sheet.jpg", encode_jpeg(contact_sheet(out, made), CONTACT_SHEET_QUALITY))
    info = {"description": "synthetic pages with formulas", "version": __version__, "settings": resolved}
    write_text(out / "annotations.json", json.dumps(to_coco(made, info={**info, "seed": settings.seed})) + "\n")
    return made


def page_generator(seed: int, index: int) -> np.random.Generator:
    """The randomness of page `index` of `seed`, whoever makes it."""
    return np.random.default_rng([seed, index])


def truths(picture: Picture) -> tuple[Truth, ...]:
    """The formulas of a picture; boxes are cut at its edge."""
    height, width = picture.pixels.shape[:2]
    return tuple(Truth(m.box.clipped(width, height), m.kind, m.latex, m.source) for m in picture.marks)


def encode_jpeg(bgr: Pixels, quality: int) -> bytes:
    """JPEG bytes of uint8[h, w, 3] BGR pixels."""
    done, data = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise OutputError("OpenCV cannot write JPEG; install opencv-python-headless again")
    return bytes(data)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make {folder}: {error.strerror or error}; choose a writable folder") from error


def _make(stock: Stock, settings: GenerateSettings, out: Path, index: int) -> PageTruth:
    """Make page `index` and write its image."""
    picture = make_page(page_generator(settings.seed, index), stock, settings.long_side_px)
    name = f"{IMAGES}/{index:06d}.jpg"
    write_bytes(out / name, encode_jpeg(cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2BGR), picture.jpeg_quality))
    height, width = picture.pixels.shape[:2]
    return PageTruth(index, name, width, height, truths(picture))


_worker: Worker | None = None


def _start_worker(settings: GenerateSettings, layouts: list[Path], out: Path) -> None:
    """Load the material once in each process."""
    global _worker
    # Processes share the cores already: threads of OpenCV on top would only get in each other's way.
    cv2.setNumThreads(1)
    _worker = partial(_make, load_stock(settings, layouts), settings, out)


def _work(index: int) -> PageTruth:
    assert _worker is not None, "the pool starts each process with _start_worker"
    return _worker(index)


@contextmanager
def _pages(settings: GenerateSettings, layouts: list[Path], out: Path) -> Iterator[Iterable[PageTruth]]:
    """All pages, in order, made by one process or several."""
    # Faults of the material are found here, where they can be told; a pool would restart its processes for ever.
    stock = load_stock(settings, layouts)
    if settings.workers <= 1:
        yield map(partial(_make, stock, settings, out), range(settings.pages))
        return
    del stock
    started: tuple[Any, ...] = (replace(settings), layouts, out)
    with multiprocessing.get_context("spawn").Pool(settings.workers, _start_worker, started) as pool:
        yield pool.imap(_work, range(settings.pages), chunksize=4)
