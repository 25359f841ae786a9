"""Pages whose formulas are known, and how what was read compares with them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scanpage.document import Formula
from scanpage.geometry import Box
from scanpage.latex import Refusal, normalise
from scanpage.region import RegionKind

MIN_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Truth:
    """A formula as a person labelled it; `box` is relative to the page, both sides 1. Not `sure`: hard to read."""

    box: Box
    kind: RegionKind
    latex: str
    sure: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a labelled formula: `found` overlaps it best with `MIN_IOU` or more, None if nothing does."""

    truth: Truth
    found: Formula | None

    @property
    def exact(self) -> bool:
        return self.found is not None and same(self.truth.latex, self.found.latex)


def same(one: str, other: str) -> bool:
    """Whether two LaTeX sources have one canonical form."""
    try:
        return normalise(one) == normalise(other)
    except Refusal:
        return False


def match(truths: Sequence[Truth], found: Sequence[Formula], width: float, height: float) -> list[Outcome]:
    """Pair labels and readings one to one, best overlap first; the page is `width` x `height` px."""
    boxes = [truth.box.scaled(width, height) for truth in truths]
    pairs = [(box.iou(formula.box), i, j) for i, box in enumerate(boxes) for j, formula in enumerate(found)]
    partner: dict[int, int] = {}
    taken: set[int] = set()
    for iou, i, j in sorted(pairs, key=lambda pair: -pair[0]):
        if iou >= MIN_IOU and i not in partner and j not in taken:
            partner[i] = j
            taken.add(j)
    return [Outcome(truth, found[partner[i]] if i in partner else None) for i, truth in enumerate(truths)]


def read_example(path: Path) -> dict[int, list[Truth]]:
    """Labels of each page, numbered from 1, of a file made by `examples/make_notes.py`."""
    content = json.loads(path.read_text("utf-8"))
    pages: dict[int, list[Truth]] = {}
    for entry in content["formulas"]:
        truth = Truth(_relative(entry["box"], content["size_px"]), RegionKind(entry["kind"]), entry["latex"])
        pages.setdefault(entry["page"], []).append(truth)
    return pages


def read_labels(path: Path) -> dict[str, list[Truth]]:
    """Labels by file name: `{name: {"size": [w, h], "formulas": [{"box", "kind", "latex", "sure"}, …]}}`."""
    content = json.loads(path.read_text("utf-8"))
    return {
        name: [
            Truth(_relative(entry["box"], page["size"]), RegionKind(entry["kind"]), entry["latex"], entry["sure"])
            for entry in page["formulas"]
        ]
        for name, page in content.items()
    }


def _relative(box: Sequence[float], size: Sequence[float]) -> Box:
    return Box(*box).scaled(1 / size[0], 1 / size[1])
