"""COCO files: read right, or refused with the annotation named."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

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


def _image(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda content: content["images"][2].__setitem__(name, value)


def _all(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda content: content.__setitem__(name, value)


FAULTS = [
    pytest.param(_drop("bbox"), r"annotation 1 has no bbox", id="no box"),
    pytest.param(_drop("image_id"), r"annotation 1 has no image_id", id="no image"),
    pytest.param(_drop("category_id"), r"annotation 1 has no category_id", id="no category"),
    pytest.param(_drop("id"), r"entry 1 of annotations has no id", id="no id"),
    pytest.param(_set("id", [1]), r"entry 1 of annotations has id \[1\]", id="id is a list"),
    pytest.param(_set("image_id", 99), r"annotation 1 is of image 99, which is not listed", id="image not listed"),
    pytest.param(_set("image_id", "0"), r"annotation 1 is of image '0'", id="image id as text"),
    pytest.param(_set("image_id", {}), r"annotation 1 has image_id \{\}", id="image id is an object"),
    pytest.param(_set("category_id", 7), r"annotation 1 has category_id 7, .*1 \(isolated\)", id="unknown category"),
    pytest.param(_set("category_id", [1]), r"annotation 1 has category_id \[1\]", id="category is a list"),
    pytest.param(_set("category_id", True), r"annotation 1 has category_id True", id="category is true"),
    pytest.param(_set("bbox", [1, 2, 3]), r"annotation 1 has bbox .*four numbers", id="three numbers"),
    pytest.param(_set("bbox", [1, 2, 3, "4"]), r"annotation 1 has bbox .*four numbers", id="text in the box"),
    pytest.param(_set("bbox", [1, 2, 3, None]), r"annotation 1 has bbox .*four numbers", id="null in the box"),
    pytest.param(_set("bbox", [1, 2, 3, True]), r"annotation 1 has bbox .*four numbers", id="true in the box"),
    pytest.param(_set("bbox", {"x": 1}), r"annotation 1 has bbox .*four numbers", id="box is an object"),
    pytest.param(_set("bbox", None), r"annotation 1 has bbox None.*four numbers", id="box is null"),
    pytest.param(_set("bbox", [1, 2, float("nan"), 4]), r"annotation 1 has bbox .*four numbers", id="not a number"),
    pytest.param(_set("bbox", [1, 2, float("inf"), 4]), r"annotation 1 has bbox .*four numbers", id="infinite"),
    pytest.param(_set("bbox", [1, 2, 10**400, 4]), r"annotation 1 has bbox .*four numbers", id="endless integer"),
    pytest.param(_set("bbox", [1, 2, 0, 4]), r"annotation 1 has an empty bbox .*above 0", id="empty box"),
    pytest.param(_set("bbox", [9, 2, 5, -4]), r"annotation 1 has an empty bbox .*above 0", id="negative height"),
    pytest.param(_set("bbox", [230, 2, 60, 4]), r"annotation 1 .* outside its image", id="outside to the right"),
    pytest.param(_set("bbox", [5, -9, 60, 14]), r"annotation 1 .* outside its image", id="outside above"),
    pytest.param(_set("bbox", [-1.5, 2, 1, 4]), r"annotation 1 .* outside its image", id="nothing of it inside"),
    pytest.param(_set("iscrowd", 1), r"annotation 1 is a crowd", id="crowd"),
    pytest.param(lambda c: c["annotations"].insert(1, 5), r"entry 1 of annotations is no JSON object", id="a number"),
    pytest.param(lambda c: c["images"][0].pop("width"), r"image 0 has no width", id="no width"),
    pytest.param(lambda c: c["images"][0].pop("file_name"), r"image 0 has no file_name", id="no file name"),
    pytest.param(lambda c: c["images"][1].pop("id"), r"entry 1 of images has no id", id="no image id"),
    pytest.param(_image("height", 0), r"image 2 has width and height 256 x 0", id="no height"),
    pytest.param(_image("height", "224"), r"image 2 has width and height 256 x '224'", id="height as text"),
    pytest.param(_image("file_name", 7), r"image 2 has file_name 7", id="file name is a number"),
    pytest.param(_image("file_name", "none.png"), r"image 2 is .*none\.png, which does not exist", id="no such file"),
    pytest.param(_image("file_name", "x" * 5000), r"image 2 is .*which does not exist", id="endless file name"),
    pytest.param(_image("id", 1), r"image 1 is listed twice", id="image twice"),
    pytest.param(_all("images", []), r"lists no images", id="no images"),
    pytest.param(_all("images", {"id": 0}), r"no list of images", id="images are an object"),
    pytest.param(lambda c: c.pop("annotations"), r"no list of annotations", id="no annotations"),
    pytest.param(_all("annotations", None), r"no list of annotations", id="annotations are null"),
    pytest.param(_all("categories", "formula"), r"no list of categories", id="categories are text"),
    pytest.param(_all("categories", [{"name": "inline"}]), r"entry 0 of categories has no id", id="no category id"),
    pytest.param(_all("categories", [{"id": 1}] * 2), r"category 1 is listed twice", id="category twice"),
    pytest.param(
        _all("categories", [{"id": 1, "name": "table"}, {"id": 2, "name": "figure"}]),
        r"annotation 0 has category_id [12], named '(table|figure)'; of use are none",
        id="categories of other things",
    ),
]


@pytest.mark.parametrize(("fault", "message"), FAULTS)
def test_faults_are_named(coco_folder: Path, fault: Callable[[dict[str, Any]], None], message: str) -> None:
    path = coco_folder / "annotations.json"
    content = json.loads(path.read_text())
    fault(content)
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=message) as caught:
        read_pages(coco_folder)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "cannot be read as JSON", id="cut short"),
        pytest.param("[]", "holds no JSON object", id="a list"),
        pytest.param("[" * 100_000, "cannot be read as JSON", id="too deep"),
        pytest.param("\udcff", "cannot be read as JSON", id="not UTF-8"),
    ],
)
def test_what_is_no_json_object_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "annotations.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=rf"annotations\.json .*{message}"):
        read_pages(tmp_path)


def test_a_missing_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no .*annotations\.json: give a folder"):
        read_pages(tmp_path / "nowhere")


def test_an_image_that_is_gone_damaged_or_of_another_size_is_named(coco_folder: Path) -> None:
    gone, damaged, other = read_pages(coco_folder)[:3]
    gone.path.unlink()
    with pytest.raises(InputError, match=rf"{gone.path.name} does not exist"):
        gone.read()
    damaged.path.write_text("not a picture")
    with pytest.raises(InputError, match=rf"{damaged.path.name} cannot be read as an image"):
        damaged.read()
    Image.new("RGB", (9, 8)).save(other.path)
    with pytest.raises(InputError, match=rf"{other.path.name} is 9 x 8 pixels, but .* says 256 x 224"):
        other.read()


def test_fields_that_are_not_needed_are_not_looked_at(coco_folder: Path) -> None:
    path = coco_folder / "annotations.json"
    content = json.loads(path.read_text())
    before = read_pages(coco_folder)
    content["info"] = None
    content["images"][0] |= {"paper": [[0, 0]], "license": "?"}
    content["annotations"][0] |= {"segmentation": "none", "area": -1, "iscrowd": 0}
    content["categories"].append({"id": 9, "name": "table"})
    path.write_text(json.dumps(content))
    assert read_pages(coco_folder) == before


@pytest.mark.parametrize("categories", [[], [{"id": 1}, {"id": 2}]])
def test_categories_without_names_are_known_by_their_ids(coco_folder: Path, categories: list[Any]) -> None:
    path = coco_folder / "annotations.json"
    before = read_pages(coco_folder)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"categories": categories}))
    assert read_pages(coco_folder) == before
