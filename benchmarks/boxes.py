"""Whether found boxes are fit to read: formulas read from found boxes against the same read from their true boxes.

    python benchmarks/boxes.py PAGES [--limit N] [--out FILE] [--detector DIR] [--recognizer DIR]

PAGES is a COCO folder of `synth generate` (its boxes and their LaTeX). Of each kind of formula: how many are found at
IoU 0.5, and of those how many are read exactly from the box as it was found, from the box grown around the ink that it
cuts (which is what `scanpage` reads), and from the true box. And of displayed formulas: how many boxes hold two of
them (lines run together), and how many of them are found in pieces.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from provenance import provenance, write_result
from truth import same

from detector.predict import Detector
from pipeline.engines import load_engines
from pipeline.regions import crop, settle, share_inside
from pipeline.snap import snapped
from scanpage.geometry import Box
from scanpage.picture import opened, upright
from scanpage.region import Region, RegionKind

MIN_IOU = 0.5
MOSTLY = 0.7
MAX_SIDE_PX = 4000


@dataclass(frozen=True, slots=True)
class Labelled:
    """A formula of a page: its box in pixels, kind and LaTeX."""

    box: Box
    kind: RegionKind
    latex: str


@dataclass(slots=True)
class Tally:
    """Counts of one kind of formula."""

    formulas: int = 0
    found: int = 0
    exact: dict[str, int] = field(default_factory=lambda: dict.fromkeys(("as found", "grown", "true"), 0))
    run_together: int = 0
    in_pieces: int = 0

    def to_json(self) -> dict[str, float | int]:
        shares = {f"exact_{name.replace(' ', '_')}": n / max(1, self.found) for name, n in self.exact.items()}
        return {
            "formulas": self.formulas,
            "found": self.found,
            **{name: round(share, 4) for name, share in shares.items()},
            "run_together": self.run_together,
            "in_pieces": self.in_pieces,
        }


def read_labels(folder: Path, limit: int) -> list[tuple[Path, list[Labelled]]]:
    """Pages of a COCO folder, each with its formulas."""
    content = json.loads((folder / "annotations.json").read_text("utf-8"))
    by_image: dict[int, list[Labelled]] = {image["id"]: [] for image in content["images"]}
    for a in content["annotations"]:
        x, y, w, h = a["bbox"]
        by_image[a["image_id"]].append(
            Labelled(Box(x, y, x + w, y + h), RegionKind.from_coco_id(a["category_id"]), a["latex"])
        )
    return [(folder / image["file_name"], by_image[image["id"]]) for image in content["images"][:limit]]


def partner(label: Labelled, found: Sequence[Region]) -> int | None:
    """Index of the found region that overlaps a formula best, of any kind, if it does so enough."""
    overlaps = [label.box.iou(region.box) for region in found]
    best = max(range(len(found)), key=overlaps.__getitem__, default=None)
    return best if best is not None and overlaps[best] >= MIN_IOU else None


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Whether found boxes are fit to read.")
    parser.add_argument("pages", type=Path, metavar="PAGES", help="COCO folder of synth generate")
    parser.add_argument("--limit", type=int, default=100, metavar="N", help="pages (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--detector", type=Path, metavar="DIR")
    parser.add_argument("--recognizer", type=Path, metavar="DIR")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result here")
    options = parser.parse_args()
    engines = load_engines(
        detector=options.detector, recognizer=options.recognizer, prose=False, normalise=False, threads=options.threads
    )
    assert isinstance(engines.detector, Detector)
    tallies = {kind: Tally() for kind in RegionKind}
    pages = read_labels(options.pages, options.limit)
    for path, labels in pages:
        with opened(path, str(path)) as picture:
            image = np.asarray(upright(picture, str(path), max_side_px=MAX_SIDE_PX))
        found = settle(engines.detector.detect(image), width=image.shape[1], height=image.shape[0])
        grown = snapped(image, found)
        for kind, tally in tallies.items():
            own = [label for label in labels if label.kind is kind]
            matched = [(label, k) for label in own if (k := partner(label, found)) is not None]
            tally.formulas += len(own)
            tally.found += len(matched)
            for name, boxes in (
                ("as found", [found[k].box for _, k in matched]),
                ("grown", [grown[k].box for _, k in matched]),
                ("true", [label.box for label, _ in matched]),
            ):
                readings = engines.recognizer.read_batch([crop(image, box) for box in boxes]) if boxes else []
                tally.exact[name] += sum(
                    same(label.latex, reading.latex) for (label, _), reading in zip(matched, readings, strict=True)
                )
            for region in found:
                held = sum(share_inside(label.box, region.box) >= MOSTLY for label in own)
                tally.run_together += region.kind is kind and held > 1
            for label in own:
                parts = sum(share_inside(region.box, label.box) >= MOSTLY for region in found)
                tally.in_pieces += parts > 1
    result = {
        **provenance(engines.versions),
        "pages": len(pages),
        "kinds": {kind.value: tally.to_json() for kind, tally in tallies.items()},
    }
    write_result(result, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
