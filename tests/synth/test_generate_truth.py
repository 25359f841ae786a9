"""The annotations of pages of every kind, as they are written: inside the picture, and apart from each other."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from scanpage.geometry import Box
from scanpage.region import RegionKind
from synth.config import GenerateSettings, PageKind
from synth.generate import generate

# Boxes are drawn around whole pixels, which neighbours may share at a tilt.
TOLERANCE_PX = 1.01


@pytest.fixture(scope="module")
def coco(layouts: Path, inks: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Thirty pages, each kind as often as any other."""
    out = tmp_path_factory.mktemp("truth") / "pages"
    kinds = dict.fromkeys(PageKind, 1.0)
    generate(
        GenerateSettings(pages=30, seed=6, long_side_px=700, layouts=(layouts,), inks=(inks,), kinds=kinds, workers=0),
        out,
    )
    read: dict[str, Any] = json.loads((out / "annotations.json").read_text("utf-8"))
    return read


def box(annotation: dict[str, Any]) -> Box:
    x, y, width, height = annotation["bbox"]
    return Box(x, y, x + width, y + height)


def test_both_categories_are_there(coco: dict[str, Any]) -> None:
    counts = [sum(a["category_id"] == kind.coco_id for a in coco["annotations"]) for kind in RegionKind]
    assert min(counts) >= 20


def test_boxes_lie_inside_and_hold_something(coco: dict[str, Any]) -> None:
    sizes = {image["id"]: (image["width"], image["height"]) for image in coco["images"]}
    for annotation in coco["annotations"]:
        width, height = sizes[annotation["image_id"]]
        x0, y0, x1, y1 = box(annotation).xyxy
        assert 0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height, annotation
        assert annotation["area"] >= 1, annotation


def test_only_formulas_in_prose_may_touch(coco: dict[str, Any]) -> None:
    for one, other in combinations(coco["annotations"], 2):
        if one["image_id"] == other["image_id"] and one["category_id"] == other["category_id"] == 1:
            a, b = box(one), box(other)
            across, down = min(a.x1, b.x1) - max(a.x0, b.x0), min(a.y1, b.y1) - max(a.y0, b.y0)
            assert min(across, down) <= TOLERANCE_PX, (one, other)
