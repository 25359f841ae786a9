"""The contact sheet: small pictures of some pages with their boxes drawn, to see at a glance what was made."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from scanpage.errors import OutputError
from scanpage.region import RegionKind
from synth.coco import PageTruth
from synth.sheet import Pixels

COLUMNS, ROWS, CELL_PX = 6, 4, 420
GREEN, ORANGE = (40, 160, 40), (0, 110, 240)  # BGR, as cv2 draws
COLOURS = {RegionKind.ISOLATED: GREEN, RegionKind.INLINE: ORANGE}


def draw_boxes(pixels: Pixels, page: PageTruth, *, scale: float = 1.0) -> None:
    """Draw a page's boxes on uint8[h, w, 3] BGR `pixels` that show it at `scale`: isolated green, inline orange."""
    for formula in page.formulas:
        x0, y0, x1, y1 = formula.box.scaled(scale).pixels()
        cv2.rectangle(pixels, (x0 - 1, y0 - 1), (x1, y1), COLOURS[formula.kind], 1)


def contact_sheet(folder: Path, pages: Sequence[PageTruth]) -> Pixels:
    """Up to 24 pages, evenly chosen, as uint8[h, w, 3] BGR; their images are read from `folder`.

    Raises:
        OutputError: an image is no longer what was written.
    """
    count = min(len(pages), COLUMNS * ROWS)
    chosen = [pages[k * len(pages) // count] for k in range(count)]
    columns = min(COLUMNS, count)
    rows = -(-count // columns)
    sheet: Pixels = np.full((rows * CELL_PX, columns * CELL_PX, 3), 128, np.uint8)
    for k, page in enumerate(chosen):
        image = cv2.imread(str(folder / page.file_name), cv2.IMREAD_COLOR)
        if image is None:
            raise OutputError(f"{folder / page.file_name} is damaged; delete it and start the same command again")
        scale = (CELL_PX - 8) / max(page.width, page.height)
        small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        draw_boxes(small, page, scale=scale)
        y, x = k // columns * CELL_PX + 4, k % columns * CELL_PX + 4
        sheet[y : y + small.shape[0], x : x + small.shape[1]] = small
    return sheet
