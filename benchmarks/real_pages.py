"""How the pipeline does on real pages: photos and scans in a folder, some of them labelled in its `labels.json`.

    python benchmarks/real_pages.py PAGES_DIR [--json FILE] [--readings FILE]

Of displayed formulas: recall and precision of their boxes at IoU 0.5; of those that a person read with certainty, how
many were read exactly, on the boxes that were found and on the true ones.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from provenance import provenance
from truth import Truth, match, read_labels, same

from pipeline.regions import crop
from pipeline.scan import ScanOptions, list_inputs, scan_page
from scanpage.document import ScannedPage
from scanpage.region import RegionKind

SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp"}


@dataclass(frozen=True, slots=True)
class Counts:
    """Displayed formulas of a page (or of many): labelled, found by the detector, both; certain labels and readings."""

    labelled: int = 0
    detected: int = 0
    matched: int = 0
    sure: int = 0
    exact: int = 0
    exact_on_true_boxes: int = 0

    def __add__(self, other: Counts) -> Counts:
        mine, theirs = asdict(self), asdict(other)
        return Counts(**{name: mine[name] + theirs[name] for name in mine})

    @property
    def recall(self) -> float:
        return self.matched / self.labelled if self.labelled else float("nan")

    @property
    def precision(self) -> float:
        return self.matched / self.detected if self.detected else float("nan")


def count(truths: list[Truth], scanned: ScannedPage, true_readings: list[str]) -> Counts:
    """Judge one page; `true_readings` are those of the boxes of `truths`."""
    width, height = scanned.page.width_px, scanned.page.height_px
    shown = [truth for truth in truths if truth.kind is RegionKind.ISOLATED]
    boxes = [formula for formula in scanned.formulas if formula.region.kind is RegionKind.ISOLATED]
    return Counts(
        labelled=len(shown),
        detected=len(boxes),
        matched=sum(outcome.found is not None for outcome in match(shown, boxes, width, height)),
        sure=sum(truth.sure for truth in shown),
        exact=sum(o.exact for o in match(shown, scanned.formulas, width, height) if o.truth.sure),
        exact_on_true_boxes=sum(
            same(truth.latex, reading)
            for truth, reading in zip(truths, true_readings, strict=True)
            if truth.sure and truth.kind is RegionKind.ISOLATED
        ),
    )


def row(name: str, counts: Counts) -> str:
    scores = [f"{counts.labelled:8}", f"{counts.detected:9}", f"{counts.recall:7.0%}", f"{counts.precision:10.0%}"]
    readings = [f"{counts.exact:5}/{counts.sure}", f"{counts.exact_on_true_boxes:5}/{counts.sure}"]
    return f"{name:30}" + " ".join(scores + readings)


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="How the pipeline does on real pages.")
    parser.add_argument("pages", type=Path, metavar="PAGES_DIR", help="folder of pictures with a labels.json")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result here")
    parser.add_argument("--readings", type=Path, metavar="FILE", help="write every formula that was read here")
    parser.add_argument("--detector", type=Path, metavar="DIR", help="another detector than the shipped one")
    parser.add_argument("--recognizer", type=Path, metavar="DIR", help="another recognizer than the shipped one")
    parser.add_argument("--threads", type=int, default=2, help="threads of the engines (default: %(default)s)")
    arguments = parser.parse_args()
    options = ScanOptions(
        detector=arguments.detector, recognizer=arguments.recognizer, prose=False, threads=arguments.threads
    )
    labels = read_labels(arguments.pages / "labels.json")
    engines = options.load_engines()
    judged: dict[str, Counts] = {}
    readings: dict[str, list[dict[str, object]]] = {}
    sys.stdout.write(f"{'page':30}labelled  detected  recall  precision  exact  on true boxes\n")
    for path in sorted(p for p in arguments.pages.iterdir() if p.suffix.lower() in SUFFIXES):
        (source,) = list_inputs([str(path)], options)
        loaded = source.load()
        scanned = scan_page(loaded, engines)
        readings[path.name] = [
            {"kind": f.region.kind.value, "box": [round(v) for v in f.box.xyxy], "latex": f.latex, "score": f.score}
            for f in scanned.formulas
        ]
        if path.name not in labels:
            sys.stdout.write(f"{path.name:30}       - {len(scanned.formulas):9} (of both kinds)\n")
            continue
        truths = labels[path.name]
        size = np.array([scanned.page.width_px, scanned.page.height_px], float)
        crops = [crop(loaded.image, truth.box.scaled(*size)) for truth in truths]
        true_readings = [reading.latex for reading in engines.recognizer.read_batch(crops)]
        judged[path.name] = count(truths, scanned, true_readings)
        sys.stdout.write(row(path.name, judged[path.name]) + "\n")
    groups = {
        "handwritten": sum((c for name, c in judged.items() if name.startswith("hand")), Counts()),
        "printed": sum((c for name, c in judged.items() if name.startswith("print")), Counts()),
    }
    for name, counts in groups.items():
        sys.stdout.write(row(name, counts) + "\n")
    if arguments.json:
        result = {
            **provenance(engines.versions),
            "groups": {name: {**asdict(c), "recall": c.recall, "precision": c.precision} for name, c in groups.items()},
            "pages": {name: asdict(c) for name, c in judged.items()},
        }
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    if arguments.readings:
        arguments.readings.write_text(json.dumps(readings, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
