"""COCO files of pages: read, checked, and every fault named by its annotation.

Format: https://cocodataset.org/#format-data ; a folder holds `annotations.json` and the images that it names, beside it
or in `images/`. Categories are known by their names `isolated` and `inline`; those without a name by their ids 1 and 2.
"""

from __future__ import annotations

import json
import reprlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpage.errors import InputError
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

# Boxes may stick out of the image by rounding; further out, something is wrong with the file.
TOLERANCE_PX = 2.0
LARGEST = 1e9
"""No length in pixels is as large; it also keeps out what JSON readers take for numbers and arithmetic does not."""
NAME = "annotations.json"
SINGULAR = {"images": "image", "annotations": "annotation", "categories": "category"}


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
        if not self.path.is_file():  # OpenCV would complain on stderr by itself
            raise InputError(f"{self.path} does not exist, though {NAME} names it: put it there or take it out")
        image = cv2.imread(str(self.path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
        if image is None:
            raise InputError(f"{self.path} cannot be read as an image: save it again as PNG or JPEG")
        if image.shape[:2] != (self.height, self.width):
            size = f"{image.shape[1]} x {image.shape[0]}"
            raise InputError(
                f"{self.path} is {size} pixels, but {NAME} says {self.width} x {self.height}: "
                "put the image there that was annotated, or scale its boxes too"
            )
        rgb: NDArray[np.uint8] = np.ascontiguousarray(image[:, :, ::-1])
        return rgb

    def boxes(self) -> NDArray[np.float32]:
        """[n, 4] xyxy."""
        return np.array([region.box.xyxy for region in self.regions], np.float32).reshape(-1, 4)

    def labels(self) -> NDArray[np.int64]:
        """[n], 1 for isolated and 2 for inline."""
        return np.array([region.kind.coco_id for region in self.regions], np.int64)


def read_pages(folder: Path) -> list[CocoPage]:
    """All pages of a COCO folder, in the order of the file; fields that are not needed are not looked at.

    Raises:
        InputError: no such file, not JSON, no pages, or a page or annotation that is incomplete or impossible.
    """
    path = folder / NAME
    content = _content(path)
    if not content.get("images"):
        raise InputError(f"{path} lists no images: give a folder made by synth generate or any COCO file")
    kinds = _kinds(content.get("categories", []), path)
    images: dict[int | str, CocoPage] = {}
    for place, image_id, image in _listed(content, "images", path):
        if image_id in images:
            raise InputError(f"{place} is listed twice: give each image an id of its own")
        images[image_id] = _page(folder, image, place)
    regions: dict[int | str, list[Region]] = {image_id: [] for image_id in images}
    for place, _, annotation in _listed(content, "annotations", path):
        image_id = _identifier(annotation, "image_id", place)
        if image_id not in images:
            raise InputError(f"{place} is of image {image_id!r}, which is not listed: list it or leave this out")
        regions[image_id].append(_region(annotation, kinds, images[image_id], place))
    return [replace(page, regions=tuple(regions[image_id])) for image_id, page in images.items()]


def _content(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise InputError(f"there is no {path}: give a folder made by synth generate, or put a COCO file there")
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"{path} holds no JSON object: COCO has one with images, annotations and categories")
    return content


def _listed(content: dict[str, Any], name: str, path: Path) -> Iterator[tuple[str, int | str, dict[str, Any]]]:
    """The entries of a list: for each what to call it in errors, its id, and itself."""
    entries = content.get(name, [])
    if not isinstance(entries, list) or name not in content:
        raise InputError(f"{path} has no list of {name}: write one, empty where there are none")
    for index, entry in enumerate(entries):
        place = f"{path}: entry {index} of {name}"
        if not isinstance(entry, dict):
            raise InputError(f"{place} is no JSON object: {reprlib.repr(entry)}")
        identifier = _identifier(entry, "id", place)
        yield f"{path}: {SINGULAR[name]} {identifier}", identifier, entry


def _kinds(categories: Any, path: Path) -> dict[int | str, RegionKind | str]:
    """What the categories are by their ids: kinds, or the names of those that are none."""
    by_id: dict[int | str, RegionKind | str] = {kind.coco_id: kind for kind in RegionKind}
    if not categories:
        return by_id
    names = {kind.value: kind for kind in RegionKind}
    kinds: dict[int | str, RegionKind | str] = {}
    for place, category_id, category in _listed({"categories": categories}, "categories", path):
        if category_id in kinds:
            raise InputError(f"{place} is listed twice: give each category an id of its own")
        name = category.get("name")
        kinds[category_id] = (
            by_id.get(category_id, "without a name") if name is None else names.get(str(name), str(name))
        )
    return kinds


def _field(entry: dict[str, Any], name: str, place: str) -> Any:
    if name not in entry:
        raise InputError(f"{place} has no {name}: add it")
    return entry[name]


def _identifier(entry: dict[str, Any], name: str, place: str) -> int | str:
    value = _field(entry, name, place)
    if not isinstance(value, int | str) or isinstance(value, bool):
        raise InputError(f"{place} has {name} {reprlib.repr(value)}: a whole number is needed")
    return value


def _page(folder: Path, image: dict[str, Any], place: str) -> CocoPage:
    """The page without its regions."""
    name = _field(image, "file_name", place)
    if not isinstance(name, str) or not name:
        raise InputError(f"{place} has file_name {reprlib.repr(name)}: the name of a file is needed")
    width, height = (_field(image, side, place) for side in ("width", "height"))
    if not all(isinstance(v, int) and not isinstance(v, bool) and 0 < v < LARGEST for v in (width, height)):
        size = f"{reprlib.repr(width)} x {reprlib.repr(height)}"
        raise InputError(f"{place} has width and height {size}: whole numbers above 0 are needed")
    for path in (folder / name, folder / "images" / name):
        if _is_file(path):
            return CocoPage(path, width, height, ())
    raise InputError(f"{place} is {folder / name}, which does not exist: put it there or take it out")


def _region(annotation: dict[str, Any], kinds: dict[int | str, RegionKind | str], page: CocoPage, place: str) -> Region:
    category = _identifier(annotation, "category_id", place)
    kind = kinds.get(category)
    if not isinstance(kind, RegionKind):
        known = ", ".join(f"{number} ({k.value})" for number, k in kinds.items() if isinstance(k, RegionKind)) or "none"
        what = "which is not listed" if kind is None else f"named {kind!r}"
        raise InputError(
            f"{place} has category_id {category!r}, {what}; of use are {known}: "
            "name categories isolated and inline, and leave other annotations out"
        )
    if annotation.get("iscrowd"):
        raise InputError(f"{place} is a crowd (iscrowd): give each formula a bbox of its own, or leave it out")
    return Region(_box(annotation, page, place), kind)


def _box(annotation: dict[str, Any], page: CocoPage, place: str) -> Box:
    bbox = _field(annotation, "bbox", place)
    if not isinstance(bbox, list) or len(bbox) != 4 or not all(map(_is_length, bbox)):
        raise InputError(f"{place} has bbox {reprlib.repr(bbox)}: four numbers are needed: left, top, width, height")
    left, top, width, height = bbox
    if width <= 0 or height <= 0:
        raise InputError(f"{place} has an empty bbox {bbox}: width and height, the last two, must be above 0")
    outside = max(-left, -top, left + width - page.width, top + height - page.height)
    box = Box(left, top, left + width, top + height).clipped(page.width, page.height)
    if outside > TOLERANCE_PX or box.area == 0:
        raise InputError(
            f"{place} has bbox {bbox}, outside its image of {page.width} x {page.height} pixels: "
            "four numbers are needed, left, top, width, height, in pixels of the image"
        )
    return box


def _is_length(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < LARGEST


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that no file can have, or a folder that is closed
        return False
