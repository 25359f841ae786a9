"""COCO files that the reference implementation reads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scanpage.geometry import Box
from scanpage.region import RegionKind
from synth.coco import PageTruth, Truth, to_coco
from synth.sheet import Source

PAGES = [
    PageTruth(0, "images/000000.jpg", 100, 200, ()),
    PageTruth(
        1,
        "images/000001.jpg",
        300,
        400,
        (
            Truth(Box(10, 20, 110.5, 50), RegionKind.ISOLATED, "x ^ { 2 }", Source.INK),
            Truth(Box(5, 5, 9, 9), RegionKind.INLINE, "y", Source.TYPESET),
        ),
    ),
]


def test_annotations_say_where_what_and_how() -> None:
    coco = to_coco(PAGES, info={"seed": 7})
    assert coco["info"] == {"seed": 7}
    assert [(c["id"], c["name"]) for c in coco["categories"]] == [(1, "isolated"), (2, "inline")]
    first, second = coco["annotations"]
    assert first["bbox"] == [10, 20, 100.5, 30] and first["area"] == 3015
    assert (first["image_id"], first["category_id"], first["iscrowd"]) == (1, 1, 0)
    assert (first["latex"], first["source"]) == ("x ^ { 2 }", "ink")
    assert (second["id"], second["category_id"]) == (2, 2)


def test_pycocotools_reads_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    coco_module = pytest.importorskip("pycocotools.coco")
    path = tmp_path / "annotations.json"
    path.write_text(json.dumps(to_coco(PAGES, info={})), "utf-8")
    coco = coco_module.COCO(str(path))
    assert coco.getImgIds() == [0, 1]
    assert [a["latex"] for a in coco.loadAnns(coco.getAnnIds(imgIds=[1], catIds=[2]))] == ["y"]
    assert coco.getAnnIds(imgIds=[0]) == []
