"""The pages that a detector does worst on, drawn for people: what is there, what was found, what was missed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from detector.coco import CocoPage
from detector.evaluate import match
from scanpage.files import atomic_path
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

MOST_PAGES = 12
LONG_SIDE_PX = 1400
CAPTION_PX = 26
LINE_PX = 2
MISSED_LINE_PX = 6

Colour = tuple[int, int, int]

TRUTH: Colour = (0, 150, 0)
FOUND: dict[RegionKind, Colour] = {RegionKind.ISOLATED: (30, 70, 230), RegionKind.INLINE: (0, 170, 170)}
FALSE: Colour = (225, 0, 0)
MISSED: Colour = (255, 140, 0)


@dataclass(frozen=True, slots=True)
class JudgedPage:
    """A page, and what became of its formulas, all in page pixels.

    Attributes:
        page: the page with its truth.
        right: detections that match a formula of their kind.
        false: detections that match none.
        missed: formulas that no detection matches.
    """

    page: CocoPage
    right: tuple[Region, ...]
    false: tuple[Region, ...]
    missed: tuple[Region, ...]

    @property
    def errors(self) -> int:
        return len(self.false) + len(self.missed)


def judge(found: Sequence[Region], page: CocoPage, *, threshold: float) -> JudgedPage:
    """Tell right from false among the detections that score at least `threshold`; one of the wrong kind is false."""
    right: list[Region] = []
    false: list[Region] = []
    missed: list[Region] = []
    for kind in RegionKind:
        ranked = sorted((r for r in found if r.kind is kind and r.score >= threshold), key=lambda r: -r.score)
        free = [truth for truth in page.regions if truth.kind is kind]
        for region, hit in zip(ranked, match(ranked, free).hits, strict=True):
            if hit:
                right.append(region)
                free.remove(max(free, key=lambda truth: truth.box.iou(region.box)))
            else:
                false.append(region)
        missed += free
    return JudgedPage(page, tuple(right), tuple(false), tuple(missed))


def draw_worst(
    folder: Path,
    found: Sequence[Sequence[Region]],
    pages: Sequence[CocoPage],
    *,
    threshold: float,
    most: int = MOST_PAGES,
) -> list[JudgedPage]:
    """Draw the pages with most errors as `01.jpg` and on, worst first, in place of those drawn before.

    Args:
        folder: where to; made if missing.
        found: for each page the regions found on it.
        pages: the pages with their truth.
        threshold: detections below this score do not count.
        most: how many pages at most; those without errors are left out.

    Returns:
        The pages drawn, worst first.

    Raises:
        InputError: a page cannot be read.
        OutputError: the folder cannot be written.
    """
    judged = [judge(regions, page, threshold=threshold) for regions, page in zip(found, pages, strict=True)]
    worst = sorted((page for page in judged if page.errors), key=lambda page: (-page.errors, len(page.right)))[:most]
    names = [f"{place:02d}.jpg" for place in range(1, len(worst) + 1)]
    for name, page in zip(names, worst, strict=True):
        with atomic_path(folder / name) as path:
            # Colours are as fine as the lines only where they are not subsampled.
            draw(page).save(path, quality=88, subsampling=0)
    for old in folder.glob("[0-9][0-9].jpg"):
        if old.name not in names:
            old.unlink(missing_ok=True)
    return worst


def draw(judged: JudgedPage) -> Image.Image:
    """The page below a caption, at most `LONG_SIDE_PX` high and wide, its boxes lined.

    Lines of the truth lie outside their boxes and those of detections inside, so that neither hides the other.
    """
    page = judged.page
    scale = min(1.0, LONG_SIDE_PX / page.width, (LONG_SIDE_PX - CAPTION_PX) / page.height)
    size = (max(1, round(page.width * scale)), max(1, round(page.height * scale)))
    picture = Image.new("RGB", (size[0], size[1] + CAPTION_PX), "white")
    picture.paste(Image.fromarray(page.read()).resize(size, Image.Resampling.BOX), (0, CAPTION_PX))
    pen = ImageDraw.Draw(picture)
    for truth in page.regions:
        if truth in judged.missed:
            _outline(pen, truth.box.scaled(scale).padded(MISSED_LINE_PX), MISSED, width=MISSED_LINE_PX)
        else:
            _outline(pen, truth.box.scaled(scale).padded(LINE_PX), TRUTH, width=LINE_PX)
    for region in judged.right:
        _outline(pen, region.box.scaled(scale), FOUND[region.kind], width=LINE_PX)
    for region in judged.false:
        _outline(pen, region.box.scaled(scale), FALSE, width=LINE_PX)
    pen.rectangle((0, 0, picture.width, CAPTION_PX - 1), fill="white")
    caption = f"{len(judged.missed)} missed, {len(judged.false)} false: {page.path.name}"
    pen.text((4, 4), caption, fill="black", font=ImageFont.load_default(16))
    return picture


def _outline(pen: ImageDraw.ImageDraw, box: Box, colour: Colour, *, width: int) -> None:
    """Line a box of the page, `width` pixels of the picture inward from its edge."""
    x0, y0, x1, y1 = (round(v) for v in box.translated(0, CAPTION_PX).xyxy)
    # Pillow counts the last pixel in.
    pen.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), outline=colour, width=width)
