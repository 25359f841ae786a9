"""Pictures of formulas with their LaTeX, as a folder that other programs read (`datasets` as an `imagefolder`)."""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from scanpage.errors import OutputError, UsageError
from synth.bank import SymbolBank
from synth.handwrite import paint_by_hand
from synth.layout import Layout
from synth.paint import paint_print

IMAGES, TRUTH = "images", "metadata.jsonl"

LARGEST_EM = 2.0
"""A formula as low as a dash is not blown up to the height that is asked for: an em is this many heights at most."""
MARGIN_EM = 0.25


class Measure(Enum):
    """What is given in pixels: an em, or the height of the ink."""

    EM = "em"
    HEIGHT = "height"


@dataclass(frozen=True, slots=True)
class Size:
    """How large formulas are painted."""

    pixels: float
    measure: Measure = Measure.EM

    def __post_init__(self) -> None:
        if not 4 <= self.pixels <= 1000:
            raise UsageError(f"pictures of {self.pixels:g} px cannot be read; choose 4 to 1000")

    def em_px(self, layout: Layout) -> float:
        """Pixels an em for a layout."""
        if self.measure is Measure.EM:
            return self.pixels
        return min(self.pixels / layout.box.height, LARGEST_EM * self.pixels)


def export_pairs(
    layouts: Iterable[Layout],
    out: Path,
    *,
    size: Size,
    bank: SymbolBank | None = None,
    seed: int = 0,
    progress: bool = False,
) -> int:
    """Paints layouts and writes `images/000000.png`, … and `metadata.jsonl`: all of them or, after an error, none.

    Its lines hold `file_name`, `latex` (as it was given where that is known) and `tokens` (canonical, separated by
    blanks).

    Args:
        out: a folder that does not exist or is empty.
        bank: written symbols to paint by hand with; None paints in print.
        seed: decides how they are written, picture by picture.
        progress: show a bar on stderr.

    Returns:
        The number of pictures.

    Raises:
        UsageError: `out` is not empty.
        OutputError: `out` cannot be written.
    """
    from tqdm import tqdm

    shown = tqdm(layouts, unit="picture", file=sys.stderr, disable=not progress)
    with _new_folder(out) as folder:
        (folder / IMAGES).mkdir()
        lines = []
        for number, layout in enumerate(shown):
            name = f"{IMAGES}/{number:06d}.png"
            picture = _picture(layout, size.em_px(layout), bank, np.random.default_rng([seed, number]))
            (folder / name).write_bytes(_png(picture))
            truth = {"file_name": name, "latex": layout.source or layout.latex, "tokens": layout.latex}
            lines.append(json.dumps(truth, ensure_ascii=False) + "\n")
        (folder / TRUTH).write_text("".join(lines), "utf-8")
    return len(lines)


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """A temporary folder beside `out` that takes its name when the block ends without an error."""
    temporary: Path | None = None
    try:
        if out.exists() and any(out.iterdir()):
            raise UsageError(f"{out} is not empty; choose another folder, or empty this one")
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=out.parent, prefix=f".{out.name}."))
        inner = temporary / "pictures"  # with the rights of any new folder, which mkdtemp does not give
        inner.mkdir()
        yield inner
        inner.replace(out)
    except OSError as error:
        raise OutputError(
            f"cannot write {out}: {error.strerror or error}; choose a writable place with space left"
        ) from error
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _picture(layout: Layout, em_px: float, bank: SymbolBank | None, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Black on white, uint8 [h, w], with a margin."""
    if bank is None:
        painted = paint_print(layout, em_px, shift=(float(rng.random()), float(rng.random())))
    else:
        painted = paint_by_hand(layout, bank, em_px, rng)
    return np.pad(255 - painted.alpha, max(2, round(MARGIN_EM * em_px)), constant_values=255)


def _png(picture: npt.NDArray[np.uint8]) -> bytes:
    done, data = cv2.imencode(".png", picture)
    if not done:
        raise OutputError("OpenCV cannot write PNG; install opencv-python-headless again")
    return bytes(data)
