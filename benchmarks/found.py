"""What `scanpage` boxes: photos are made pages before they are searched, which `detector evaluate` does not do.

    python benchmarks/found.py PAGES [--limit N] [--read] [--out FILE] [--detector DIR]

PAGES is a COCO folder of `synth generate`; boxes are judged in the pixels of its pictures. With `--read` formulas and
prose are read too, as a box that reads as words is dropped; average precision means nothing then, as no box below the
threshold is read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from provenance import provenance

from detector.coco import read_pages
from detector.evaluate import LOWEST_SCORE, detect_all, metrics, table
from detector.predict import Detector
from pipeline.engines import Engines, load_engines
from pipeline.load import LoadedPage
from pipeline.scan import scan_page
from scanpage.document import Page
from scanpage.region import Region

Find = Callable[[np.ndarray], list[Region]]


def searched(engines: Engines) -> Find:
    """Formulas on a picture, RGB uint8 [H, W, 3], by its page; those of low score among them."""
    normaliser = engines.normaliser
    assert normaliser is not None

    def find(image: np.ndarray) -> list[Region]:
        normal = normaliser.normalise(image)
        found = engines.detector.detect(normal.image, min_score=LOWEST_SCORE)
        height, width = image.shape[:2]
        return [Region(normal.to_original.box(r.box).clipped(width, height), r.kind, r.score) for r in found]

    return find


def read(engines: Engines) -> Find:
    """Formulas that stand in the document."""

    def find(image: np.ndarray) -> list[Region]:
        page = Page("page", 1, image.shape[1], image.shape[0], 150.0)
        return [formula.region for formula in scan_page(LoadedPage(page, image), engines).formulas]

    return find


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="What scanpage boxes.")
    parser.add_argument("pages", type=Path, metavar="PAGES", help="COCO folder of synth generate")
    parser.add_argument("--limit", type=int, metavar="N", help="pages (default: all)")
    parser.add_argument("--read", action="store_true", help="read formulas and prose too, and drop what reads as words")
    parser.add_argument("--threads", type=int, default=2, help="threads of the engines (default: %(default)s)")
    parser.add_argument("--detector", type=Path, metavar="DIR", help="another detector than the shipped one")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result here")
    options = parser.parse_args()
    engines = load_engines(detector=options.detector, prose=options.read, threads=options.threads)
    assert isinstance(engines.detector, Detector)
    pages = read_pages(options.pages)[: options.limit]
    found, seconds = detect_all((read if options.read else searched)(engines), pages)
    figures = metrics(found, pages, threshold=engines.detector.config.min_score)
    sys.stdout.write(table(figures) + f"{seconds * 1000:.0f} ms a page\n")
    if options.out:
        result = {
            **provenance(engines.versions),
            "read": options.read,
            "seconds_per_page": round(seconds, 3),
            **figures,
        }
        options.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
