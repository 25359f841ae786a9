"""COCO files and image folders that the reference implementations read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from scanpage.geometry import Box
from scanpage.region import RegionKind
from synth.coco import PageTruth, Truth, to_coco, to_metadata
from synth.config import GenerateSettings, PageKind
from synth.generate import generate
from synth.sheet import Source

CORNERS = ((-5.0, 3.0), (95.5, 0.0), (90.0, 190.0), (0.0, 200.0))
PAGES = [
    PageTruth(0, "images/000000.jpg", 100, 200, (), CORNERS),
    PageTruth(
        1,
        "images/000001.jpg",
        300,
        400,
        (
            Truth(Box(10, 20, 110.5, 50), RegionKind.ISOLATED, "x ^ { 2 }", Source.INK),
            Truth(Box(5, 5, 9, 9), RegionKind.INLINE, "y", Source.TYPESET),
        ),
        CORNERS,
    ),
]


@pytest.fixture(scope="module")
def folder(layouts: Path, inks: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four pages; the first holds no formula, which readers that guess types by the first line find hard."""
    out = tmp_path_factory.mktemp("coco") / "pages"
    kinds = {PageKind.PROSE: 0.5, PageKind.WORKSHEET: 0.5}
    pages = generate(
        GenerateSettings(pages=4, seed=1, long_side_px=500, layouts=(layouts,), inks=(inks,), kinds=kinds, workers=0),
        out,
    ).pages
    assert not pages[0].formulas and sum(len(page.formulas) for page in pages) > 2
    return out


def content(folder: Path) -> dict[str, list[dict[str, object]]]:
    coco: dict[str, list[dict[str, object]]] = json.loads((folder / "annotations.json").read_text("utf-8"))
    return coco


def test_annotations_say_where_what_and_how() -> None:
    coco = to_coco(PAGES, info={"seed": 7})
    assert coco["info"] == {"seed": 7} and coco["licenses"] == []
    assert coco["categories"] == [
        {"id": 1, "name": "isolated", "supercategory": "formula"},
        {"id": 2, "name": "inline", "supercategory": "formula"},
    ]
    first, second = coco["annotations"]
    assert first["bbox"] == [10, 20, 100.5, 30] and first["area"] == 3015
    assert first["segmentation"] == [[10, 20, 110.5, 20, 110.5, 50, 10, 50]]
    assert (first["image_id"], first["category_id"], first["iscrowd"]) == (1, 1, 0)
    assert (first["latex"], first["source"]) == ("x ^ { 2 }", "ink")
    assert (second["id"], second["category_id"]) == (2, 2)


def test_metadata_is_a_line_a_page() -> None:
    assert to_metadata(PAGES[1]) == {
        "file_name": "000001.jpg",
        "image_id": 1,
        "width": 300,
        "height": 400,
        "objects": {
            "bbox": [[10, 20, 100.5, 30], [5, 5, 4, 4]],
            "category": ["isolated", "inline"],
            "latex": ["x ^ { 2 }", "y"],
            "source": ["ink", "typeset"],
        },
    }


@pytest.mark.parametrize("page", PAGES)
def test_truth_survives_json(page: PageTruth) -> None:
    assert PageTruth.from_json(json.loads(json.dumps(page.to_json()))) == page


def test_rounded_boxes_stay_inside() -> None:
    rng = np.random.default_rng(0)
    # Corners anywhere, and right at the edge.
    for x in [*rng.uniform(0, 99, 300), 98.995, 98.985, 0.005]:
        page = PageTruth(
            0, "i.jpg", 100, 100, (Truth(Box(x, x, 100, 100), RegionKind.INLINE, "x", Source.INK),), CORNERS
        )
        (annotation,) = to_coco([page], info={})["annotations"]
        left, top, width, height = annotation["bbox"]
        assert left + width <= 100 and top + height <= 100 and annotation["area"] > 0
        assert max(annotation["segmentation"][0]) <= 100


def test_boxes_lie_inside_their_images(folder: Path) -> None:
    coco = content(folder)
    sizes = {image["id"]: (image["width"], image["height"]) for image in coco["images"]}
    assert [annotation["id"] for annotation in coco["annotations"]] == [*range(1, len(coco["annotations"]) + 1)]
    for annotation in coco["annotations"]:
        x, y, w, h = annotation["bbox"]  # type: ignore[misc]
        width, height = sizes[annotation["image_id"]]
        assert w > 0 and h > 0 and x >= 0 and y >= 0 and x + w <= width and y + h <= height
        assert annotation["latex"] and annotation["area"] == pytest.approx(w * h, abs=0.01)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_pycocotools_reads_it_and_finds_it_perfect(folder: Path) -> None:
    coco_module = pytest.importorskip("pycocotools.coco")
    evaluation = pytest.importorskip("pycocotools.cocoeval")
    coco = coco_module.COCO(str(folder / "annotations.json"))
    assert coco.getImgIds() == [0, 1, 2, 3]
    assert coco.getAnnIds(imgIds=[0]) == []
    annotations = coco.loadAnns(coco.getAnnIds())
    assert all(annotation["latex"] for annotation in annotations)
    mask = coco.annToMask(annotations[0])
    assert mask.sum() == pytest.approx(annotations[0]["area"], rel=0.1, abs=30)
    perfect = [{key: a[key] for key in ("image_id", "category_id", "bbox")} | {"score": 1.0} for a in annotations]
    judged = evaluation.COCOeval(coco, coco.loadRes(perfect), "bbox")
    judged.evaluate()
    judged.accumulate()
    judged.summarize()
    assert judged.stats[0] == pytest.approx(1.0)


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_torchvision_reads_it(folder: Path) -> None:
    torchvision = pytest.importorskip("torchvision")
    pytest.importorskip("pycocotools")
    pages = torchvision.datasets.CocoDetection(str(folder), str(folder / "annotations.json"))
    assert len(pages) == 4
    counts = [len(target) for _, target in pages]
    assert sum(counts) == len(content(folder)["annotations"])
    wrapped = torchvision.datasets.wrap_dataset_for_transforms_v2(pages, target_keys=("boxes", "labels", "masks"))
    for (image, target), entry, count in zip(wrapped, content(folder)["images"], counts, strict=True):
        assert image.size == (entry["width"], entry["height"])
        # Of a page without formulas torchvision gives none of the keys.
        if count:
            assert len(target["boxes"]) == len(target["labels"]) == len(target["masks"]) == count


def test_datasets_reads_it_as_an_image_folder(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    datasets = pytest.importorskip("datasets")
    pages = datasets.load_dataset(
        "imagefolder", data_dir=str(folder / "images"), split="train", cache_dir=str(tmp_path)
    )
    listed = content(folder)
    assert len(pages) == 4
    for page, entry in zip(pages, listed["images"], strict=True):
        assert page["image_id"] == entry["id"]
        assert page["image"].size == (page["width"], page["height"]) == (entry["width"], entry["height"])
        mine = [a for a in listed["annotations"] if a["image_id"] == entry["id"]]
        assert page["objects"]["bbox"] == [a["bbox"] for a in mine]
        assert page["objects"]["latex"] == [a["latex"] for a in mine]
        assert len(page["objects"]["category"]) == len(page["objects"]["source"]) == len(mine)


def test_the_detector_reads_it(folder: Path) -> None:
    from detector.coco import read_pages

    pages = read_pages(folder)
    assert sum(len(page.regions) for page in pages) == len(content(folder)["annotations"])
    assert all(page.read().shape == (page.height, page.width, 3) for page in pages)
