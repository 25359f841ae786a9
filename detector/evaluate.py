"""How good a detector is: COCO average precision; precision, recall and F1 at IoU 0.5 and 0.75. No torch."""

from __future__ import annotations

import contextlib
import io
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from detector.coco import CocoPage
from scanpage.region import Region, RegionKind

MATCH_IOU = 0.5
STRICT_IOU = 0.75
"""A box that fits this well is read as well as the truth; figures at this IoU have names that end in `_75`."""
# Average precision looks at all detections worth listing, F1 at those above a threshold.
LOWEST_SCORE = 0.05

Detect = Callable[[NDArray[np.uint8]], list[Region]]


@dataclass(frozen=True, slots=True)
class Counts:
    """Detections of some pages against their truth: for each detection its score and whether it is right."""

    scores: NDArray[np.float64]
    hits: NDArray[np.bool_]
    truths: int

    def at(self, threshold: float) -> dict[str, float]:
        """Precision, recall and F1 of the detections that score at least `threshold`."""
        chosen = self.scores >= threshold
        right = int(np.count_nonzero(self.hits & chosen))
        found = int(np.count_nonzero(chosen))
        return {
            "precision": right / found if found else 0.0,
            "recall": right / self.truths if self.truths else 0.0,
            "f1": 2 * right / (found + self.truths) if found + self.truths else 0.0,
            "right": right,
            "found": found,
            "truths": self.truths,
        }

    def figures(self, strict: Counts, *, threshold: float, pages: int) -> dict[str, float]:
        """`at` of `threshold`, the same of `strict` (at `STRICT_IOU`), and the wrong detections per page."""
        figures, at_75 = self.at(threshold), strict.at(threshold)
        figures |= {f"{name}_75": at_75[name] for name in ("precision", "recall", "f1", "right")}
        return figures | {"false_per_page": (figures["found"] - figures["right"]) / max(1, pages)}

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            np.concatenate([self.scores, other.scores]),
            np.concatenate([self.hits, other.hits]),
            self.truths + other.truths,
        )

    def best_threshold(self) -> float:
        """The threshold of the best F1, to two digits; 0.5 where nothing was found."""
        candidates = np.arange(round(LOWEST_SCORE * 100), 100) / 100
        f1 = [self.at(float(threshold))["f1"] for threshold in candidates]
        return float(candidates[int(np.argmax(f1))]) if max(f1) > 0 else 0.5


def match(found: Sequence[Region], truths: Sequence[Region], *, iou: float = MATCH_IOU) -> Counts:
    """Match regions of one page and one kind: each detection, best first, takes the free truth it overlaps most."""
    ranked = sorted(found, key=lambda region: -region.score)
    free = list(truths)
    hits = []
    for region in ranked:
        best = max(free, key=lambda truth: truth.box.iou(region.box), default=None)
        hit = best is not None and best.box.iou(region.box) >= iou
        if hit and best is not None:
            free.remove(best)
        hits.append(hit)
    return Counts(np.array([r.score for r in ranked], np.float64), np.array(hits, np.bool_), len(truths))


def count(
    found: Sequence[list[Region]], pages: Sequence[CocoPage], *, iou: float = MATCH_IOU
) -> dict[RegionKind, Counts]:
    """Counts of each kind over all pages; a formula of the wrong kind is wrong."""
    return {kind: _sum(matches(kind, found, pages, iou=iou)) for kind in RegionKind}


def matches(
    kind: RegionKind, found: Sequence[list[Region]], pages: Sequence[CocoPage], *, iou: float = MATCH_IOU
) -> list[Counts]:
    """Counts of one kind, page by page."""
    return [
        match([r for r in regions if r.kind is kind], [r for r in page.regions if r.kind is kind], iou=iou)
        for regions, page in zip(found, pages, strict=True)
    ]


def count_any_kind(found: Sequence[list[Region]], pages: Sequence[CocoPage], *, iou: float = MATCH_IOU) -> Counts:
    """Counts over all pages where the kind does not matter."""
    return _sum(match(regions, page.regions, iou=iou) for regions, page in zip(found, pages, strict=True))


def _sum(parts: Iterable[Counts]) -> Counts:
    return sum(parts, Counts(np.zeros(0), np.zeros(0, np.bool_), 0))


def metrics(
    found: Sequence[list[Region]], pages: Sequence[CocoPage], *, threshold: float | None = None
) -> dict[str, Any]:
    """All figures of `found` (regions per page, down to low scores) against `pages`.

    Args:
        found: for each page the regions found on it, in page pixels.
        pages: the pages with their truth.
        threshold: score threshold for F1, precision and recall; None is that of the best F1 over both kinds.

    Returns:
        `threshold`; and for `isolated`, `inline`, `all` (a formula of the wrong kind is wrong) and `any_kind` (the kind
        does not matter) the figures of `Counts.figures` and `ap`, `ap50`, `ap75`.
    """
    counts, strict = count(found, pages), count(found, pages, iou=STRICT_IOU)
    total = _sum(counts.values())
    chosen = total.best_threshold() if threshold is None else threshold
    pairs = {kind.value: (counts[kind], strict[kind]) for kind in RegionKind} | {
        "all": (total, _sum(strict.values())),
        "any_kind": (count_any_kind(found, pages), count_any_kind(found, pages, iou=STRICT_IOU)),
    }
    precision = average_precision(found, pages)
    result: dict[str, Any] = {"pages": len(pages), "iou": MATCH_IOU, "strict_iou": STRICT_IOU, "threshold": chosen}
    for name, (loose, tight) in pairs.items():
        result[name] = loose.figures(tight, threshold=chosen, pages=len(pages)) | precision[name]
    return result


def average_precision(found: Sequence[list[Region]], pages: Sequence[CocoPage]) -> dict[str, dict[str, float]]:
    """COCO average precision (at most 200 detections a page): `ap`, `ap50`, `ap75` by the names of `metrics`.

    Kinds that have no truth get -1, as pycocotools has it.
    """
    from pycocotools.coco import COCO

    truth = COCO()
    truth.dataset = _coco_truth(pages)
    detections = _coco_detections(found)
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools reports by print
        truth.createIndex()
        loaded = truth.loadRes(detections) if detections else _empty_like(truth)
        curve, blind = (_curve(truth, loaded, by_kind=by_kind) for by_kind in (True, False))
    figures = {kind.value: _summary(curve[:, :, index : index + 1]) for index, kind in enumerate(RegionKind)}
    return figures | {"all": _summary(curve), "any_kind": _summary(blind)}


def _curve(truth: Any, loaded: Any, *, by_kind: bool) -> NDArray[np.float64]:
    """Precision [IoU thresholds 0.50 to 0.95, recall points, kinds]; -1 where there is no truth."""
    from pycocotools.cocoeval import COCOeval

    evaluation = COCOeval(truth, loaded, "bbox")
    evaluation.params.maxDets = [1, 10, 200]
    evaluation.params.useCats = int(by_kind)
    evaluation.evaluate()
    evaluation.accumulate()
    # [IoU thresholds, recall points, kinds, areas (all first), detection limits]
    precision: NDArray[np.float64] = evaluation.eval["precision"][:, :, :, 0, -1]
    return precision


def _summary(curve: NDArray[np.float64]) -> dict[str, float]:
    """Means over the recall points and kinds that have truth (others are -1)."""

    def mean(part: NDArray[np.float64]) -> float:
        valid = part[part > -1]
        return float(valid.mean()) if valid.size else -1.0

    return {"ap": mean(curve), "ap50": mean(curve[0]), "ap75": mean(curve[5])}


def _coco_truth(pages: Sequence[CocoPage]) -> dict[str, Any]:
    annotations: list[dict[str, Any]] = []
    for image_id, page in enumerate(pages):
        for region in page.regions:
            annotations.append(
                {"id": len(annotations) + 1, "image_id": image_id, "category_id": region.kind.coco_id, "iscrowd": 0}
                | {"bbox": list(region.box.xywh), "area": region.box.area}
            )
    return {
        "info": {},
        "images": [{"id": index, "width": page.width, "height": page.height} for index, page in enumerate(pages)],
        "categories": [{"id": kind.coco_id, "name": kind.value} for kind in RegionKind],
        "annotations": annotations,
    }


def _coco_detections(found: Sequence[list[Region]]) -> list[dict[str, Any]]:
    return [
        {"image_id": image_id, "category_id": r.kind.coco_id, "bbox": list(r.box.xywh), "score": r.score}
        for image_id, regions in enumerate(found)
        for r in regions
    ]


def _empty_like(truth: Any) -> Any:
    """No detections at all, which pycocotools cannot load."""
    from pycocotools.coco import COCO

    empty = COCO()
    empty.dataset = {**truth.dataset, "annotations": []}
    empty.createIndex()
    return empty


def detect_all(detect: Detect, pages: Sequence[CocoPage]) -> tuple[list[list[Region]], float]:
    """Regions of every page, and the mean seconds that a page took (reading the image not counted)."""
    found = []
    spent_s = 0.0
    for page in pages:
        image = page.read()
        start = time.perf_counter()
        found.append(detect(image))
        spent_s += time.perf_counter() - start
    return found, spent_s / max(1, len(pages))


COLUMNS = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "precision_75": "prec@.75",
    "recall_75": "rec@.75",
    "f1_75": "F1@.75",
    "ap50": "AP50",
    "ap75": "AP75",
    "ap": "AP",
}
"""Figures in percent, and what they are called in the table."""


def table(figures: dict[str, Any]) -> str:
    """The figures of `metrics` as a table for people; a dash where a figure means nothing."""
    lines = [f"{'':10}" + "".join(f"{name:>10}" for name in COLUMNS.values()) + f"{'false/page':>12}{'formulas':>10}"]
    for name in (*(kind.value for kind in RegionKind), "all", "any_kind"):
        row = figures[name]
        cells = "".join(f"{row[c] * 100:10.1f}" if _means_something(row, c) else f"{'-':>10}" for c in COLUMNS)
        lines.append(f"{name:10}{cells}{row['false_per_page']:12.2f}{row['truths']:10d}")
    place = f"score >= {figures['threshold']:.2f} and IoU >= {figures['iou']}"
    lines.append(f"{figures['pages']} pages; precision, recall, F1 and false boxes a page at {place}")
    return "\n".join(lines) + "\n"


def _means_something(row: dict[str, Any], column: str) -> bool:
    """Whether a figure divides by anything: without detections there is no precision, without formulas nothing else."""
    return bool(row["found"] if column.startswith("precision") else row["truths"])
