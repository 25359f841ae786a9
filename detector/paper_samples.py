"""Training pictures for the network that finds the sheet: photos of synthetic pages, and pages laid on made-up desks.

Everything is drawn at the small size that the network sees, so a sample takes milliseconds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from detector.dataset import jitter
from detector.paper import SIDE_PX, to_input
from detector.paper_corners import WHOLE
from detector.paper_model import CELL_PX
from scanpage.errors import InputError

Image = NDArray[np.uint8]
Canvas = NDArray[np.float32]
Points = NDArray[np.float64]
Mask = NDArray[np.float32]

FILLS = 0.004
"""A sheet whose corners are this near to the picture's, in shares of its sides, fills the picture."""
KEPT_PX = round(1.25 * SIDE_PX)
"""Shorter side that pictures are reduced to: some are cut, and then shown whole again."""
LAID_SHARE = 0.55
PHOTO_SHARE = 0.75
"""Of the pictures that are not laid anew: how many are photos. The others teach that a scan is all paper."""
GRAIN = (2, 5, 14, 50, 130)
"""Cells across, of the patches that a made-up desk is mixed of."""


@dataclass(frozen=True, slots=True)
class PaperPicture:
    """A picture, uint8 RGB [h, w, 3], and its sheet's corners [4, 2] in shares of width and height, clockwise."""

    image: Image
    corners: Points

    @property
    def is_photo(self) -> bool:
        """Whether something besides the sheet is seen."""
        return bool(np.abs(self.corners - WHOLE).max() > FILLS)

    @property
    def is_whole(self) -> bool:
        """Whether all corners of the sheet are in the picture, with something around them."""
        return bool(((self.corners > FILLS) & (self.corners < 1 - FILLS)).all())


def read_pictures(folder: Path, *, most: int | None = None) -> list[PaperPicture]:
    """The pictures of a COCO folder whose images tell their paper's corners, as `synth generate` writes them, reduced.

    Each image's field `paper` holds the corners (x, y) in pixels, clockwise from the top left of the sheet; they may
    lie outside the picture.

    Args:
        folder: holds `annotations.json` and the images that it names.
        most: read so many of them only.

    Raises:
        InputError: the folder cannot be read, or names no corners.
    """
    path = folder / "annotations.json"
    try:
        images = json.loads(path.read_text("utf-8"))["images"][:most]
        return [_read_picture(folder / image["file_name"], image) for image in images]
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise InputError(f"{path} tells no corners of paper ({reason}): make it with synth generate") from error


def _read_picture(path: Path, image: dict[str, Any]) -> PaperPicture:
    corners = np.array(image["paper"], np.float64).reshape(4, 2) / [image["width"], image["height"]]
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if pixels is None:
        raise InputError(f"{path} cannot be read as an image")
    # No larger than what samples are cut from, so that all of them fit into memory.
    scale = min(1.0, KEPT_PX / min(pixels.shape[:2]))
    reduced = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return PaperPicture(np.ascontiguousarray(reduced[..., ::-1]), corners)


def mask_of(corners: Points) -> Mask:
    """Share of each cell of the mask that the sheet covers, [SIDE_PX / CELL_PX] * 2."""
    cells = SIDE_PX // CELL_PX
    return np.asarray(cv2.resize(_filled(corners), (cells, cells), interpolation=cv2.INTER_AREA), np.float32)


class PaperSamples:
    """Draws training samples.

    Args:
        pictures: pages, photos among them.

    Raises:
        InputError: there is no photo.
    """

    def __init__(self, pictures: Sequence[PaperPicture]) -> None:
        self._pictures = pictures
        self._photos = [picture for picture in pictures if picture.is_photo]
        if not self._photos:
            raise InputError("no picture shows anything besides its sheet: generate pages of the kind `notes`")

    def draw(self, rng: np.random.Generator) -> tuple[Image, Mask]:
        """A picture [SIDE_PX, SIDE_PX, 3] and its mask."""
        if rng.random() < LAID_SHARE:
            image, corners = lay(self._any(rng), self._any(rng), rng)
        else:
            few = self._photos if rng.random() < PHOTO_SHARE else self._pictures
            image, corners = _cut(few[int(rng.integers(len(few)))], rng)
        for _ in range(int(rng.integers(4)) if rng.random() < 0.4 else 0):
            image, corners = np.rot90(image), np.stack([corners[:, 1], 1 - corners[:, 0]], 1)
        if rng.random() < 0.5:
            image, corners = image[:, ::-1], np.stack([1 - corners[:, 0], corners[:, 1]], 1)
        return jitter(np.ascontiguousarray(image), rng), mask_of(corners)

    def _any(self, rng: np.random.Generator) -> PaperPicture:
        return self._pictures[int(rng.integers(len(self._pictures)))]


def lay(page: PaperPicture, other: PaperPicture, rng: np.random.Generator) -> tuple[Image, Points]:
    """The page as a sheet on a desk; a stretch of `other` may serve as the desk. Corners in shares of the picture."""
    corners = _lie(rng)
    target = (corners * SIDE_PX).astype(np.float32)
    matrix = cv2.getPerspectiveTransform(_sheet_in(page), target)
    size = (SIDE_PX, SIDE_PX)
    sheet = cv2.warpPerspective(cv2.blur(page.image, (2, 2)), matrix, size, borderMode=cv2.BORDER_REPLICATE)
    cover = _filled(corners)[..., None]
    desk = _desk(other, rng)
    if rng.random() < 0.5:
        x, y = rng.normal(0, 4, 2)
        shadow = cv2.warpAffine(cover, np.array([[1, 0, x], [0, 1, y]]), size)
        desk *= 1 - rng.uniform(0.1, 0.6) * cv2.GaussianBlur(shadow, (0, 0), rng.uniform(0.8, 5))[..., None]
    sheet = sheet.astype(np.float32) * rng.uniform(0.6, 1.05) * rng.uniform(0.9, 1.05, 3)
    return np.clip(_lit(sheet * cover + desk * (1 - cover), rng), 0, 255).astype(np.uint8), corners


def _lie(rng: np.random.Generator) -> Points:
    """How a sheet lies in the picture: some size, place, turn and perspective; it may reach beyond the edges."""
    height = rng.uniform(0.55, 1.1)
    width = min(1.2, height * np.exp(rng.uniform(-0.45, 0.45)))
    angle = np.radians(rng.normal(0, 7))
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = rng.uniform(0.4, 0.6, 2) + rng.normal(0, 0.04, 2)
    corners: Points = (WHOLE - 0.5) * [width, height] @ turn + middle + rng.normal(0, 0.025, (4, 2))
    return corners


def _sheet_in(page: PaperPicture) -> NDArray[np.float32]:
    """Corners [4, 2] in pixels of the sheet, or, where it is cut, of the part that is seen."""
    height, width = page.image.shape[:2]
    return (np.clip(page.corners, 0, 1) * [width, height]).astype(np.float32)


def _desk(other: PaperPicture, rng: np.random.Generator) -> Canvas:
    """What lies around a sheet: another picture's stretch, or patches of all sizes; things may lie on it."""
    if rng.random() < 0.35:
        height, width = other.image.shape[:2]
        side = max(1, int(min(height, width) * rng.uniform(0.15, 0.9)))
        y, x = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
        desk: Any = to_input(other.image[y : y + side, x : x + side]).astype(np.float32)
        desk = 255 - desk if rng.random() < 0.5 else desk
    else:
        desk = np.full((SIDE_PX, SIDE_PX, 3), rng.uniform(20, 240), np.float32)
        for cells in GRAIN:
            desk += _patches(cells, rng)
    desk = desk * rng.uniform(0.35, 1.1) * np.exp(rng.normal(0, 0.25, 3))
    for _ in range(int(rng.integers(1, 4)) if rng.random() < 0.3 else 0):
        outline = rng.uniform(-0.2, 1.2, (int(rng.integers(3, 6)), 2)) * SIDE_PX
        cv2.fillPoly(desk, [outline.astype(np.int32)], rng.uniform(0, 255, 3).tolist())
    return np.asarray(np.clip(desk, 0, 255), np.float32)


def _patches(cells: int, rng: np.random.Generator) -> Canvas:
    """Smooth patches, about `cells` across, long ones as the grain of wood among them."""
    across, down = (min(SIDE_PX, max(2, int(cells * np.exp(rng.uniform(-1.5, 1.5))))) for _ in range(2))
    grey = np.repeat(rng.normal(0, 1, (down, across, 1)), 3, axis=2)
    tint = rng.normal(0, 0.4, (down, across, 3)) if rng.random() < 0.3 else 0.0
    small = ((grey + tint) * rng.uniform(0, 18)).astype(np.float32)
    return np.asarray(cv2.resize(small, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC))


def _lit(canvas: Canvas, rng: np.random.Generator) -> Canvas:
    """Under uneven light, and perhaps in the shadow of a hand or a phone."""
    if rng.random() < 0.5:
        light = rng.uniform(0.55, 1.1, (3, 3)).astype(np.float32)
        canvas = canvas * cv2.resize(light, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_CUBIC)[..., None]
    if rng.random() < 0.25:
        shadow = np.zeros((SIDE_PX, SIDE_PX), np.float32)
        cv2.fillPoly(shadow, [(rng.uniform(-0.5, 1.5, (4, 2)) * SIDE_PX).astype(np.int32)], 1.0)
        soft = cv2.GaussianBlur(shadow, (0, 0), rng.uniform(0.5, 8))[..., None]
        canvas = canvas * (1 - rng.uniform(0.1, 0.55) * soft)
    return canvas


def _cut(picture: PaperPicture, rng: np.random.Generator) -> tuple[Image, Points]:
    """The picture as it is, or without some of its rim."""
    if rng.random() > 0.3:
        return to_input(picture.image), picture.corners
    size = np.array(picture.image.shape[1::-1])
    x0, y0 = (rng.uniform(0, 0.15, 2) * size).astype(int)
    x1, y1 = (size * (1 - rng.uniform(0, 0.15, 2))).astype(int)
    return to_input(picture.image[y0:y1, x0:x1]), (picture.corners * size - [x0, y0]) / [x1 - x0, y1 - y0]


def _filled(corners: Points) -> Mask:
    """Share of each pixel that the sheet covers, [SIDE_PX, SIDE_PX]."""
    fine = np.zeros((2 * SIDE_PX, 2 * SIDE_PX), np.uint8)
    cv2.fillPoly(fine, [np.round(np.clip(corners, -8, 8) * 2 * SIDE_PX * 16).astype(np.int32)], 255, shift=4)
    small: Any = cv2.resize(fine, (SIDE_PX, SIDE_PX), interpolation=cv2.INTER_AREA)
    return np.asarray(small / 255, np.float32)
