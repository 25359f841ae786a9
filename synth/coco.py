"""The truth of finished pages, and the files that tell it: COCO annotations and metadata of an image folder.

COCO: https://cocodataset.org/#format-data ; image folders: https://huggingface.co/docs/datasets/image_dataset
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from scanpage.geometry import Box
from scanpage.region import RegionKind
from synth.sheet import LineRole, Source

Corners = tuple[tuple[float, float], ...]

DECIMALS = 2
"""Boxes are written to a hundredth of a pixel."""


@dataclass(frozen=True, slots=True)
class Truth:
    """One formula of a finished page; `box` in pixels of the image."""

    box: Box
    kind: RegionKind
    latex: str
    source: Source


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a finished page, displayed formulas among them; `text` is as `synth.sheet.Written` has it."""

    box: Box
    text: str
    role: LineRole


@dataclass(frozen=True, slots=True)
class PageTruth:
    """A finished page: its number, file name in the output folder, size in pixels, formulas, paper, lines and figures.

    `corners` are those of the paper, (x, y) in pixels, from the top left one clockwise; they may lie outside.
    """

    index: int
    file_name: str
    width: int
    height: int
    formulas: tuple[Truth, ...]
    corners: Corners
    lines: tuple[Line, ...] = ()
    """In the order in which they are read."""
    figures: tuple[Box, ...] = ()
    """Boxes of figures, sketches and tables; scribbles and frames are none."""

    def to_json(self) -> dict[str, Any]:
        """All of it in the types of JSON."""
        return {
            "index": self.index,
            "file_name": self.file_name,
            "width": self.width,
            "height": self.height,
            "formulas": [
                {"box": list(f.box.xyxy), "kind": f.kind.value, "latex": f.latex, "source": f.source.value}
                for f in self.formulas
            ],
            "corners": [list(corner) for corner in self.corners],
            "lines": [
                {"box": [round(v, DECIMALS) for v in line.box.xyxy], "text": line.text, "role": line.role.value}
                for line in self.lines
            ],
            "figures": [[round(v, DECIMALS) for v in box.xyxy] for box in self.figures],
        }

    @staticmethod
    def from_json(values: Mapping[str, Any]) -> PageTruth:
        """What `to_json` gave. Raises `KeyError`, `TypeError` or `ValueError` if `values` is anything else."""
        formulas = tuple(
            Truth(Box(*f["box"]), RegionKind(f["kind"]), str(f["latex"]), Source(f["source"]))
            for f in values["formulas"]
        )
        size = int(values["width"]), int(values["height"])
        corners = tuple((float(x), float(y)) for x, y in values["corners"])
        # Pages of older versions tell nothing of their lines and figures.
        lines = tuple(Line(Box(*v["box"]), str(v["text"]), LineRole(v["role"])) for v in values.get("lines", ()))
        figures = tuple(Box(*box) for box in values.get("figures", ()))
        return PageTruth(int(values["index"]), str(values["file_name"]), *size, formulas, corners, lines, figures)


def to_coco(pages: Iterable[PageTruth], *, info: dict[str, Any]) -> dict[str, Any]:
    """The COCO object of pages, in their order; boxes are `[x, y, width, height]`, masks the boxes' outlines."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for page in pages:
        images.append(
            {"id": page.index, "file_name": page.file_name, "width": page.width, "height": page.height}
            # No field of COCO's: where the paper's corners are.
            | {"paper": [[round(x, DECIMALS), round(y, DECIMALS)] for x, y in page.corners]}
        )
        annotations += [
            _annotation(page.index, formula, len(annotations) + k) for k, formula in enumerate(page.formulas, 1)
        ]
    categories = [{"id": kind.coco_id, "name": kind.value, "supercategory": "formula"} for kind in RegionKind]
    return {"info": info, "licenses": [], "categories": categories, "images": images, "annotations": annotations}


def to_metadata(page: PageTruth) -> dict[str, Any]:
    """The line about a page in the `metadata.jsonl` of an image folder, which lies beside the image."""
    return {
        "file_name": PurePosixPath(page.file_name).name,
        "image_id": page.index,
        "width": page.width,
        "height": page.height,
        "objects": {
            "bbox": [_xywh(f.box) for f in page.formulas],
            "category": [f.kind.value for f in page.formulas],
            "latex": [f.latex for f in page.formulas],
            "source": [f.source.value for f in page.formulas],
        },
    }


def _annotation(image_id: int, truth: Truth, annotation_id: int) -> dict[str, Any]:
    x, y, width, height = bbox = _xywh(truth.box)
    right, bottom = round(x + width, DECIMALS), round(y + height, DECIMALS)
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": truth.kind.coco_id,
        "bbox": bbox,
        "area": round(width * height, DECIMALS),
        "segmentation": [[x, y, right, y, right, bottom, x, bottom]],
        "iscrowd": 0,
        "latex": truth.latex,
        "source": truth.source.value,
    }


def _xywh(box: Box) -> list[float]:
    # Corners are rounded, not sizes, lest a box at the edge of the image end a hundredth of a pixel outside.
    x0, y0, x1, y1 = (round(float(v), DECIMALS) for v in box.xyxy)
    return [x0, y0, round(x1 - x0, DECIMALS), round(y1 - y0, DECIMALS)]
