"""COCO files of pages: read, checked, and every fault named by its annotation.

Format: https://cocodataset.org/#format-data ; a folder holds `annotations.json` and the images that it names, beside it
or in `images/`. Categories are known by their names `isolated` and `inline`, or else by their ids 1 and 2.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpage.errors import InputError
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

# Boxes may stick out of the image by rounding; further out, something is wrong with the file.
TOLERANCE_PX = 2.0


@dataclass(frozen=True, slots=True)
class CocoPage:
    """A page image and the formulas on it, in page pixels."""

    path: Path
    width: int
    height: int
    regions: tuple[Region, ...]

    def read(self) -> NDArray[np.uint8]:
        """The page as RGB uint8 [height, width, 3]. Raises `InputError`."""
        import cv2

        # imread would turn the image by its EXIF tag, and the boxes would no longer fit.
        image = cv2.imread(str(self.path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is None:
            raise InputError(f"{self.path} cannot be read as an image")
        if image.shape[:2] != (self.height, self.width):
            size = f"{image.shape[1]} x {image.shape[0]}"
            raise InputError(f"{self.path} is {size} pixels, but annotations.json says {self.width} x {self.height}")
        rgb: NDArray[np.uint8] = np.ascontiguousarray(image[:, :, ::-1])
        return rgb

    def boxes(self) -> NDArray[np.float32]:
        """[n, 4] xyxy."""
        return np.array([region.box.xyxy for region in self.regions], np.float32).reshape(-1, 4)

    def labels(self) -> NDArray[np.int64]:
        """[n], 1 for isolated and 2 for inline."""
        return np.array([region.kind.coco_id for region in self.regions], np.int64)


def read_pages(folder: Path) -> list[CocoPage]:
    """All pages of a COCO folder, in the order of the file.

    Raises:
        InputError: no such file, not JSON, no pages, or a page or annotation that is incomplete or impossible.
    """
    path = folder / "annotations.json"
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict) or not content.get("images"):
        raise InputError(f"{path} lists no images: give a folder made by synth generate or any COCO file")
    kinds = _kinds(content.get("categories", []))
    sizes = {image["id"]: _size(image, path) for image in _listed(content, "images", path)}
    regions: dict[Any, list[Region]] = {image_id: [] for image_id in sizes}
    for annotation in _listed(content, "annotations", path):
        place = f"{path}: annotation {annotation['id']}"
        image_id = _field(annotation, "image_id", place)
        if image_id not in regions:
            raise InputError(f"{place} is of image {image_id}, which is not listed")
        regions[image_id].append(_region(annotation, kinds, sizes[image_id], place))
    return [
        CocoPage(_image_path(folder, image["file_name"]), *sizes[image["id"]], tuple(regions[image["id"]]))
        for image in content["images"]
    ]


def _listed(content: dict[str, Any], name: str, path: Path) -> list[dict[str, Any]]:
    entries = content.get(name)
    if not isinstance(entries, list):
        raise InputError(f"{path} has no list of {name}")
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict) or "id" not in entry:
            raise InputError(f"{path}: entry {index} of {name} has no id")
    return entries


def _kinds(categories: list[dict[str, Any]]) -> dict[int, RegionKind]:
    names = {kind.value: kind for kind in RegionKind}
    named = {c["id"]: names[c["name"]] for c in categories if c.get("name") in names and "id" in c}
    return named or {kind.coco_id: kind for kind in RegionKind}


def _field(entry: dict[str, Any], name: str, place: str) -> Any:
    if name not in entry:
        raise InputError(f"{place} has no {name}")
    return entry[name]


def _size(image: dict[str, Any], path: Path) -> tuple[int, int]:
    place = f"{path}: image {image['id']}"
    _field(image, "file_name", place)
    width, height = (_field(image, name, place) for name in ("width", "height"))
    if not (isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0):
        raise InputError(f"{place} has size {width} x {height}; whole numbers above 0 are needed")
    return width, height


def _region(annotation: dict[str, Any], kinds: dict[int, RegionKind], size: tuple[int, int], place: str) -> Region:
    category = _field(annotation, "category_id", place)
    if category not in kinds:
        raise InputError(f"{place} has category {category}; known are {sorted(kinds)}")
    bbox = _field(annotation, "bbox", place)
    numbers = isinstance(bbox, list) and len(bbox) == 4 and all(isinstance(v, int | float) for v in bbox)
    if not numbers or not all(math.isfinite(v) for v in bbox):
        raise InputError(f"{place} has bbox {bbox}; four numbers are needed: left, top, width, height")
    left, top, width, height = bbox
    if width <= 0 or height <= 0:
        raise InputError(f"{place} has an empty bbox {bbox}")
    outside = max(-left, -top, left + width - size[0], top + height - size[1])
    if outside > TOLERANCE_PX:
        raise InputError(f"{place} has bbox {bbox}, outside its image of {size[0]} x {size[1]} pixels")
    return Region(Box(left, top, left + width, top + height).clipped(*size), kinds[category])


def _image_path(folder: Path, name: str) -> Path:
    beside = folder / name
    return beside if beside.is_file() else folder / "images" / name
