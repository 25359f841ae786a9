"""COCO files: read right, or refused with the annotation named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from detector.coco import read_pages
from scanpage.errors import InputError
from scanpage.region import RegionKind


def test_pages_and_regions_are_read(coco_folder: Path) -> None:
    pages = read_pages(coco_folder)
    assert len(pages) == 4
    assert pages[0].read().shape == (pages[0].height, pages[0].width, 3)
    assert {region.kind for page in pages for region in page.regions} == set(RegionKind)
    assert pages[0].boxes().shape == (len(pages[0].regions), 4)
    assert set(pages[0].labels().tolist()) <= {1, 2}


def test_kinds_are_known_by_name_whatever_their_ids(coco_folder: Path) -> None:
    path = coco_folder / "annotations.json"
    content = json.loads(path.read_text())
    content["categories"] = [{"id": 2, "name": "isolated"}, {"id": 1, "name": "inline"}]
    path.write_text(json.dumps(content))
    first = content["annotations"][0]
    kind = read_pages(coco_folder)[0].regions[0].kind
    assert kind is (RegionKind.ISOLATED if first["category_id"] == 2 else RegionKind.INLINE)


def _set(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda content: content["annotations"][1].__setitem__(name, value)


def _drop(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda content: content["annotations"][1].pop(name)


FAULTS = [
    pytest.param(_drop("bbox"), r"annotation 1 has no bbox", id="no box"),
    pytest.param(_drop("image_id"), r"annotation 1 has no image_id", id="no image"),
    pytest.param(_drop("category_id"), r"annotation 1 has no category_id", id="no category"),
    pytest.param(_drop("id"), r"entry 1 of annotations has no id", id="no id"),
    pytest.param(_set("image_id", 99), r"annotation 1 is of image 99", id="image not listed"),
    pytest.param(_set("category_id", 7), r"annotation 1 has category 7", id="unknown category"),
    pytest.param(_set("bbox", [1, 2, 3]), r"annotation 1 has bbox", id="three numbers"),
    pytest.param(_set("bbox", [1, 2, float("nan"), 4]), r"annotation 1 has bbox", id="not a number"),
    pytest.param(_set("bbox", [1, 2, 0, 4]), r"annotation 1 has an empty bbox", id="empty box"),
    pytest.param(_set("bbox", [230, 2, 60, 4]), r"annotation 1 .* outside its image", id="outside"),
    pytest.param(lambda c: c["images"][0].pop("width"), r"image 0 has no width", id="no width"),
    pytest.param(lambda c: c.pop("annotations"), r"no list of annotations", id="no annotations"),
    pytest.param(lambda c: c.__setitem__("images", []), r"lists no images", id="no images"),
]


@pytest.mark.parametrize(("fault", "message"), FAULTS)
def test_faults_are_named(coco_folder: Path, fault: Callable[[dict[str, Any]], None], message: str) -> None:
    path = coco_folder / "annotations.json"
    content = json.loads(path.read_text())
    fault(content)
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=message):
        read_pages(coco_folder)


def test_a_missing_image_and_a_missing_file_are_named(coco_folder: Path, tmp_path: Path) -> None:
    page = read_pages(coco_folder)[0]
    page.path.unlink()
    with pytest.raises(InputError, match=page.path.name):
        page.read()
    with pytest.raises(InputError, match=r"annotations\.json"):
        read_pages(tmp_path / "nowhere")
