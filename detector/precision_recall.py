"""Precision-recall curves of a detector, drawn. Needs matplotlib."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from detector.coco import CocoPage
from detector.evaluate import MATCH_IOU, STRICT_IOU, Counts, count
from scanpage.files import atomic_path
from scanpage.region import Region, RegionKind

COLOURS = {RegionKind.ISOLATED: "#1c62c6", RegionKind.INLINE: "#11845c"}
STYLES = {MATCH_IOU: "-", STRICT_IOU: "--"}


def curve(counts: Counts) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Recall and precision [n] as the threshold falls, a point for each score that occurs; recall never falls.

    Raises:
        ValueError: there is no truth, so that recall means nothing.
    """
    if counts.truths == 0:
        raise ValueError("a precision-recall curve needs at least one truth")
    order = np.argsort(-counts.scores, kind="stable")
    scores, right = counts.scores[order], np.cumsum(counts.hits[order])
    # A threshold takes all detections of one score or none: the last one of each score counts.
    last = np.append(np.diff(scores) != 0, True)[: len(scores)]
    return (right / counts.truths)[last], (right / np.arange(1, len(scores) + 1))[last]


def draw_curves(path: Path, found: Sequence[list[Region]], pages: Sequence[CocoPage], *, threshold: float) -> None:
    """Write the curves of both kinds at both IoUs as a PNG, with a dot where `threshold` is; raises `OutputError`.

    Args:
        path: the picture.
        found: for each page the regions found on it, down to low scores.
        pages: the pages with their truth; a kind that has none gets no curve.
        threshold: the score from which regions are taken.
    """
    figure = Figure(figsize=(6.4, 5.6), layout="constrained")
    axes = figure.add_subplot()
    for iou, style in STYLES.items():
        for kind, counts in count(found, pages, iou=iou).items():
            if counts.truths:
                _draw(axes, counts, threshold, f"{kind.value}, IoU {iou:g}", color=COLOURS[kind], linestyle=style)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower left", fontsize="small")
    else:
        axes.text(0.5, 0.5, "no formulas in the truth", ha="center", va="center", color="0.4")
    axes.set(xlim=(0, 1.01), ylim=(0, 1.01), xlabel="recall", ylabel="precision")
    axes.set_title(f"{len(pages)} pages; dots: score ≥ {threshold:.2f}", fontsize="medium")
    axes.grid(alpha=0.3)
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        FigureCanvasAgg(figure).print_png(file)


def _draw(axes: Any, counts: Counts, threshold: float, label: str, **look: str) -> None:
    recall, precision = curve(counts)
    chosen = counts.at(threshold)
    axes.plot(recall, precision, label=f"{label}: F1 {100 * chosen['f1']:.1f}", linewidth=1.6, **look)
    if chosen["found"]:
        axes.plot(chosen["recall"], chosen["precision"], marker="o", markersize=7, color=look["color"])
