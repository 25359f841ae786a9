"""COCO annotations: what detectors train on, with each formula's LaTeX added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from scanpage.geometry import Box
from scanpage.region import RegionKind
from synth.sheet import Source


@dataclass(frozen=True, slots=True)
class Truth:
    """One formula of a finished page; `box` in pixels of the image."""

    box: Box
    kind: RegionKind
    latex: str
    source: Source


@dataclass(frozen=True, slots=True)
class PageTruth:
    """A finished page: its number, file name within the output folder, size in pixels, formulas."""

    index: int
    file_name: str
    width: int
    height: int
    formulas: tuple[Truth, ...]


def to_coco(pages: Iterable[PageTruth], *, info: dict[str, Any]) -> dict[str, Any]:
    """The COCO object of pages, in their order; boxes are `[x, y, width, height]`, rounded to 1/100 px."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for page in pages:
        images.append({"id": page.index, "file_name": page.file_name, "width": page.width, "height": page.height})
        annotations += [
            _annotation(page.index, formula, len(annotations) + k) for k, formula in enumerate(page.formulas, 1)
        ]
    categories = [{"id": kind.coco_id, "name": kind.value, "supercategory": "formula"} for kind in RegionKind]
    return {"info": info, "categories": categories, "images": images, "annotations": annotations}


def _annotation(image_id: int, truth: Truth, annotation_id: int) -> dict[str, Any]:
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": truth.kind.coco_id,
        "bbox": [round(v, 2) for v in truth.box.xywh],
        "area": round(truth.box.area, 2),
        "iscrowd": 0,
        "latex": truth.latex,
        "source": truth.source.value,
    }
