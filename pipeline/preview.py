"""Preview pictures: the page with its formulas boxed and numbered, and their readings in a column beside it.

Blue boxes hold displayed formulas, green ones inline formulas; red ones, with a question mark at their number, hold
formulas to be checked. What was read as prose is underlined, pictures have a frame of the same ochre.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pipeline import formula_tex
from pipeline.outputs import stem, unique_names
from pipeline.places import upright
from scanpage.document import Figure, Formula, Paragraph, ScannedPage
from scanpage.files import atomic_path
from scanpage.geometry import Box
from scanpage.region import RegionKind

Colour = tuple[int, int, int]

PAGE_SIDE_PX = 1500
COLUMN_PX = 560
MIN_COLUMN_SIDE_PX = 900
MAX_LINES = 6
"""Longer readings are cut: a preview is for a look, the document holds them whole."""
PADDING_PX = 22
TEXT_PX = 19
SMALL_PX = 14
LINE_STEP = 1.3
GAP_PX = 12

PAPER: Colour = (250, 250, 248)
INK: Colour = (34, 38, 46)
FAINT: Colour = (128, 134, 144)
KIND_COLOURS: dict[RegionKind, Colour] = {RegionKind.ISOLATED: (28, 98, 198), RegionKind.INLINE: (17, 132, 92)}
OTHER_COLOUR: Colour = (188, 150, 90)
DOUBT_COLOUR: Colour = (200, 60, 40)
JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True)
class _Entry:
    """One reading in the column: its number, where it wants to stand, and its wrapped lines."""

    number: int
    formula: Formula
    wanted_y: float
    lines: tuple[str, ...]

    @property
    def doubtful(self) -> bool:
        return self.formula.check or not self.formula.is_read

    @property
    def badge(self) -> str:
        return f"{self.number} ?" if self.doubtful else str(self.number)

    @property
    def colour(self) -> Colour:
        return DOUBT_COLOUR if self.doubtful else KIND_COLOURS[self.formula.region.kind]

    @property
    def height(self) -> float:
        return SMALL_PX * LINE_STEP + len(self.lines) * TEXT_PX * LINE_STEP + GAP_PX


class PreviewFolder:
    """Writes previews as `<name of the source>-p001.jpg` into a folder; sources of one name are told apart.

    Args:
        folder: the folder, made where it is missing.
        sources: the sources of all pages that may come.
    """

    def __init__(self, folder: Path, sources: Iterable[str]) -> None:
        self.folder = folder
        distinct = list(dict.fromkeys(sources))
        self._stems = dict(zip(distinct, unique_names([stem(source) for source in distinct]), strict=True))

    def path(self, source: str, number: int) -> Path:
        """Where the preview of a page lies."""
        return self.folder / f"{self._stems[source]}-p{number:03d}.jpg"

    def add(self, scanned: ScannedPage, image: np.ndarray) -> Path:
        """Draw and write one page. Raises `OutputError`."""
        path = self.path(scanned.page.source, scanned.page.number)
        with atomic_path(path) as temporary:
            draw_preview(scanned, image).save(temporary, "JPEG", quality=JPEG_QUALITY, subsampling=0)
        return path


@dataclass(frozen=True, slots=True)
class Spot:
    """Where an entry stands: column from 0, top in pixels."""

    column: int
    top: float


def draw_preview(scanned: ScannedPage, image: np.ndarray) -> Image.Image:
    """The page (uint8 RGB `[H, W, 3]`), set upright, with boxes, and the readings to its right."""
    scanned, image = upright(scanned, image)
    scale = PAGE_SIDE_PX / max(image.shape[:2])
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    page = Image.fromarray(image).resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    entries = _entries(scanned, scale)
    heights = [entry.height for entry in entries]
    spots = place([entry.wanted_y for entry in entries], heights, max(size[1], MIN_COLUMN_SIDE_PX))
    bottom = max((spot.top + height for spot, height in zip(spots, heights, strict=True)), default=0.0)
    width = size[0] + COLUMN_PX * (max((spot.column for spot in spots), default=0) + 1)
    canvas = Image.new("RGB", (width, max(size[1], round(bottom) + PADDING_PX)), PAPER)
    canvas.paste(page, (0, 0))
    draw = ImageDraw.Draw(canvas, "RGBA")
    _draw_others(draw, scanned, scale)
    for entry in entries:
        _draw_box(draw, entry, scale)
    for entry, spot in zip(entries, spots, strict=True):
        _draw_reading(draw, entry, left=size[0] + PADDING_PX + spot.column * COLUMN_PX, top=spot.top)
    if not entries:
        note = "no formulas found" if scanned.failure is None else "page not read"
        draw.text((size[0] + PADDING_PX, PADDING_PX), note, fill=FAINT, font=_font(TEXT_PX))
    return canvas


def _entries(scanned: ScannedPage, scale: float) -> list[_Entry]:
    width = COLUMN_PX - 3 * PADDING_PX - 24
    return [
        _Entry(number, formula, formula.box.y0 * scale, tuple(_cut(wrap_text(_reading(formula), width))))
        for number, formula in enumerate(scanned.formulas, start=1)
    ]


def _reading(formula: Formula) -> str:
    return formula_tex.tidy(formula_tex.usable_tokens(formula.latex)) or formula.latex or "(not read)"


def wrap_text(text: str, width: float) -> list[str]:
    """`text` in lines of at most `width` pixels, broken at blanks where there are any."""
    font = _font(TEXT_PX)
    lines: list[str] = []
    line = ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        while font.getlength(candidate) > width:
            keep = line or _fitting_part(candidate, font, width)
            lines.append(keep)
            candidate, line = candidate[len(keep) :].lstrip(" "), ""
        line = candidate
    return [*lines, line] if line or not lines else lines


def _cut(lines: list[str]) -> list[str]:
    return lines if len(lines) <= MAX_LINES else [*lines[: MAX_LINES - 1], "…"]


def _fitting_part(word: str, font: ImageFont.FreeTypeFont, width: float) -> str:
    length = next((n for n in range(len(word), 1, -1) if font.getlength(word[:n]) <= width), 1)
    return word[:length]


def place(wanted: Sequence[float], heights: Sequence[float], limit: float) -> list[Spot]:
    """Where entries stand: in one column near the wanted heights, or in as many columns as they need."""
    if sum(heights) <= limit - 2 * PADDING_PX:
        return [Spot(0, top) for top in spread(wanted, heights, limit)]
    spots: list[Spot] = []
    column, edge = 0, float(PADDING_PX)
    for height in heights:
        if edge + height > limit - PADDING_PX and edge > PADDING_PX:
            column, edge = column + 1, float(PADDING_PX)
        spots.append(Spot(column, edge))
        edge += height
    return spots


def spread(wanted: Sequence[float], heights: Sequence[float], limit: float) -> list[float]:
    """Tops near the wanted ones, in the given order and without overlap; the heights fit within `limit`."""
    tops: list[float] = []
    edge = float(PADDING_PX)
    for want, height in zip(wanted, heights, strict=True):
        tops.append(max(edge, want))
        edge = tops[-1] + height
    edge = limit - PADDING_PX
    for index in range(len(tops) - 1, -1, -1):
        tops[index] = min(tops[index], edge - heights[index])
        edge = tops[index]
    return tops


def _draw_others(draw: ImageDraw.ImageDraw, scanned: ScannedPage, scale: float) -> None:
    """Lines of prose and pictures."""
    for block in scanned.blocks:
        if isinstance(block, Paragraph):
            for line in block.lines:
                _underline(draw, line.box.scaled(scale))
        elif isinstance(block, Figure):
            draw.rectangle(block.box.scaled(scale).xyxy, outline=(*OTHER_COLOUR, 255), width=2)


def _underline(draw: ImageDraw.ImageDraw, box: Box) -> None:
    draw.line((box.x0, box.y1, box.x1, box.y1), fill=(*OTHER_COLOUR, 150), width=2)


def _draw_box(draw: ImageDraw.ImageDraw, entry: _Entry, scale: float) -> None:
    colour = entry.colour
    box = entry.formula.box.scaled(scale).padded(2)
    draw.rectangle(box.xyxy, fill=(*colour, 16), outline=(*colour, 255), width=2)
    if entry.formula.region.kind is RegionKind.ISOLATED:
        # Nothing stands to the left of a display, while the line above may be close.
        _badge(draw, entry.badge, right=box.x0 + 1, bottom=box.center[1] + SMALL_PX / 2 + 2, colour=colour)
    else:
        _badge(draw, entry.badge, left=box.x0, bottom=box.y0 + 2, colour=colour)


def _badge(
    draw: ImageDraw.ImageDraw,
    label: str,
    *,
    colour: Colour,
    bottom: float,
    left: float | None = None,
    right: float = 0.0,
) -> None:
    """The label of a formula, placed by its left or its right edge; moved inside where the page ends."""
    font = _font(SMALL_PX)
    width, height = font.getlength(label) + 8, SMALL_PX + 4
    x0, y0 = max(0.0, right - width if left is None else left), max(0.0, bottom - height)
    draw.rounded_rectangle((x0, y0, x0 + width, y0 + height), radius=3, fill=(*colour, 235))
    draw.text((x0 + 4, y0 + height / 2), label, fill="white", font=font, anchor="lm")


def _draw_reading(draw: ImageDraw.ImageDraw, entry: _Entry, *, left: float, top: float) -> None:
    formula = entry.formula
    small, text = _font(SMALL_PX), _font(TEXT_PX)
    _badge(draw, entry.badge, left=left, bottom=top + SMALL_PX + 4, colour=entry.colour)
    label = f"{formula.region.kind.value}   found {formula.region.score:.0%}   read "
    x = left + _width(small, entry.badge) + 18
    y = top + (SMALL_PX + 4) / 2
    draw.text((x, y), label, fill=FAINT, font=small, anchor="lm")
    score = f"{formula.score:.0%}{', check' if formula.check else ''}"
    score_colour = DOUBT_COLOUR if entry.doubtful else FAINT
    draw.text((x + _width(small, label), y), score, fill=score_colour, font=small, anchor="lm")
    for index, line in enumerate(entry.lines):
        y = top + SMALL_PX * LINE_STEP + 3 + index * TEXT_PX * LINE_STEP
        draw.text((left + 2, y), line, fill=INK if formula.is_read else DOUBT_COLOUR, font=text)


def _width(font: ImageFont.FreeTypeFont, text: str) -> float:
    return float(font.getlength(text))


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own face: nothing else is sure to be there."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, which previews need")
    return font
