"""Preview pictures: the page with what the detector found, boxes coloured by kind and each with its score."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from scanpage.files import atomic_path
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

Colour = tuple[int, int, int]

PAGE_SIDE_PX = 1500
MAX_ENLARGED = 2.0
"""Small pictures are enlarged up to so many times, to make room for the scores."""
LABEL_PX = 14
KIND_COLOURS: dict[RegionKind, Colour] = {RegionKind.ISOLATED: (28, 98, 198), RegionKind.INLINE: (17, 132, 92)}
JPEG_QUALITY = 90


def preview_paths(folder: Path, sources: Sequence[Path]) -> list[Path]:
    """`<stem>.jpg` in `folder` for each of `sources`; of one stem the later ones get `-2`, `-3` … behind it."""
    names: dict[str, None] = {}
    for source in sources:
        name, count = source.stem, 1
        while name in names:
            count += 1
            name = f"{source.stem}-{count}"
        names[name] = None
    return [folder / f"{name}.jpg" for name in names]


def write_preview(path: Path, image: NDArray[np.uint8], regions: Sequence[Region]) -> None:
    """Draw a page and write it as JPEG. Raises `OutputError`."""
    with atomic_path(path) as temporary:
        draw_regions(image, regions).save(temporary, "JPEG", quality=JPEG_QUALITY, subsampling=0)


def draw_regions(image: NDArray[np.uint8], regions: Sequence[Region]) -> Image.Image:
    """The page (RGB uint8 [H, W, 3]) with `regions`, which are in its pixels, drawn `PAGE_SIDE_PX` long."""
    scale = min(MAX_ENLARGED, PAGE_SIDE_PX / max(image.shape[:2]))
    size = (max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale)))
    page = Image.fromarray(image).resize(size, Image.Resampling.LANCZOS if scale < 1 else Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(page, "RGBA")
    boxes = [region.box.scaled(scale).padded(2) for region in regions]
    for box, region in zip(boxes, regions, strict=True):
        colour = KIND_COLOURS[region.kind]
        draw.rectangle(box.xyxy, fill=(*colour, 16), outline=(*colour, 255), width=2)
    for box, region in zip(boxes, regions, strict=True):  # after all boxes, so that none is drawn over a score
        _label(draw, box, region, size)
    return page


def _label(draw: ImageDraw.ImageDraw, box: Box, region: Region, page: tuple[int, int]) -> None:
    """The score: left of a display, where nothing stands, and above an inline formula; inside where the page ends."""
    font = _font(LABEL_PX)
    text = f"{region.score:.2f}"
    width, height = font.getlength(text) + 6, LABEL_PX + 2
    if region.kind is RegionKind.ISOLATED:
        x0, y0 = box.x0 + 1 - width, box.center[1] - height / 2
    else:
        x0, y0 = box.x0, box.y0 + 2 - height
    x0, y0 = min(max(0.0, x0), page[0] - width), min(max(0.0, y0), page[1] - height)
    draw.rounded_rectangle((x0, y0, x0 + width, y0 + height), radius=3, fill=(*KIND_COLOURS[region.kind], 235))
    draw.text((x0 + 3, y0 + height / 2), text, fill="white", font=font, anchor="lm")


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own face: nothing else is sure to be there."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, which previews need")
    return font
