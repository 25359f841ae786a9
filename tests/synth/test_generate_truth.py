"""The annotations of pages of every kind, as they are written: inside the picture, and apart from each other."""

from __future__ import annotations

import json
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any

import pytest

from scanpage.geometry import Box
from scanpage.region import RegionKind
from synth.coco import PageTruth
from synth.config import GenerateSettings, PageKind
from synth.generate import generate
from synth.sheet import LineRole

# Boxes are drawn around whole pixels, which neighbours may share at a tilt.
TOLERANCE_PX = 1.01


@pytest.fixture(scope="module")
def folder(layouts: Path, inks: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty pages, each kind as often as any other."""
    out = tmp_path_factory.mktemp("truth") / "pages"
    kinds = dict.fromkeys(PageKind, 1.0)
    generate(
        GenerateSettings(pages=30, seed=6, long_side_px=700, layouts=(layouts,), inks=(inks,), kinds=kinds, workers=0),
        out,
    )
    return out


@pytest.fixture(scope="module")
def coco(folder: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((folder / "annotations.json").read_text("utf-8"))
    return read


@pytest.fixture(scope="module")
def pages(folder: Path) -> list[PageTruth]:
    return [PageTruth.from_json(json.loads(file.read_text("utf-8"))) for file in sorted((folder / "truth").iterdir())]


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


def test_each_formula_stands_in_one_line(pages: list[PageTruth]) -> None:
    for page in pages:
        displayed = [line for line in page.lines if line.role is LineRole.FORMULA]
        isolated = [formula for formula in page.formulas if formula.kind is RegionKind.ISOLATED]
        assert [line.text for line in displayed] == [formula.latex for formula in isolated]
        said = "".join(line.text for line in page.lines if line.role is not LineRole.FORMULA)
        inline = [formula for formula in page.formulas if formula.kind is RegionKind.INLINE]
        assert all(f"${formula.latex}$" in said for formula in inline)


def test_lines_lie_inside_and_apart(pages: list[PageTruth]) -> None:
    prose = 0
    for page in pages:
        for line in page.lines:
            assert 0 <= line.box.x0 < line.box.x1 <= page.width and 0 <= line.box.y0 < line.box.y1 <= page.height
        texts = [line.box for line in page.lines if line.role is LineRole.TEXT]
        # A tilt lets boxes of long lines overlap, but none hides another.
        assert all(a.iou(b) < 0.8 for a, b in combinations(texts, 2))
        prose += len(texts)
    assert prose > 100


def test_no_formula_stands_in_a_figure(pages: list[PageTruth]) -> None:
    figures = [(page, figure) for page in pages for figure in page.figures]
    assert figures
    for page, figure in figures:
        assert all(figure.intersection(f.box) <= 0.05 * f.box.area for f in page.formulas)


def test_lines_come_in_reading_order(pages: list[PageTruth]) -> None:
    """On a page of prose, lines of one column go down, and columns from left to right."""
    steps, leaps = 0, 0
    for page in pages:
        middles = [line.box.center for line in page.lines if line.role is LineRole.TEXT]
        for (x, y), (x_next, y_next) in pairwise(middles):
            steps += 1
            leaps += y_next < y - 5 and x_next < x  # neither below nor in the next column
    assert leaps <= 0.02 * steps
