"""How well the sheet of paper is found on synthetic photos, and how upright pages are told from turned ones.

    python benchmarks/paper.py PAGES TURNED [--limit N] [--turned N] [--out FILE]

PAGES is a COCO folder of `synth generate`, whose images tell their paper's corners. Of the photos that show all four,
with something around them: the distance of the worst corner in shares of the picture's diagonal. The pages of TURNED,
another such folder, are shown in all four quarter turns.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from provenance import provenance, write_result

from detector.paper import PaperFinder
from detector.paper_corners import WHOLE, corner_error
from pipeline.normalise import WHOLE_SHARE, Normaliser
from scanpage.document import Versions

FILLS = 0.004


def images_of(folder: Path) -> list[dict[str, Any]]:
    images: list[dict[str, Any]] = json.loads((folder / "annotations.json").read_text("utf-8"))["images"]
    return images


def read(folder: Path, image: dict[str, Any]) -> np.ndarray:
    return np.ascontiguousarray(cv2.imread(str(folder / image["file_name"]))[..., ::-1])


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="How well the sheet of paper is found.")
    parser.add_argument("pages", type=Path, metavar="PAGES", help="COCO folder of synth generate")
    parser.add_argument("turned_pages", type=Path, metavar="TURNED", help="another, whose pictures are turned")
    parser.add_argument("--limit", type=int, default=200, metavar="N", help="whole photos (default: %(default)s)")
    parser.add_argument("--turned", type=int, default=40, metavar="N", help="pictures to turn (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FILE")
    options = parser.parse_args()
    finder = PaperFinder(threads=2)
    errors, alone = [], []
    for image in images_of(options.pages):
        size = np.array([image["width"], image["height"]], np.float64)
        truth = np.array(image["paper"]) / size
        if np.abs(truth - WHOLE).max() < FILLS:
            found = finder.find(read(options.pages, image))
            alone.append(found is None or float(np.abs(found - WHOLE).max()) < WHOLE_SHARE)
        elif ((truth > FILLS) & (truth < 1 - FILLS)).all() and len(errors) < options.limit:
            errors.append(
                corner_error(finder.find(read(options.pages, image)), truth, (image["width"], image["height"]))
            )
    normaliser, right = Normaliser(threads=2), []
    for image in images_of(options.turned_pages)[: options.turned]:
        pixels = read(options.turned_pages, image)
        for turn in range(4):
            page = normaliser.normalise(np.ascontiguousarray(np.rot90(pixels, turn)))
            right.append((page.quarter_turns + turn) % 4 == 0)
    result = {
        **provenance(Versions("", detector=finder.version)),
        "photos": len(errors),
        "within_1_percent": float(np.mean(np.array(errors) <= 0.01)),
        "error_percentiles": {p: round(float(np.percentile(errors, p)), 5) for p in (50, 90, 95, 98)},
        "filled": len(alone),
        "filled_left_alone": float(np.mean(alone)),
        "turned": len(right),
        "turned_right": float(np.mean(right)),
        "upright_kept": float(np.mean(right[::4])),
    }
    write_result(result, options.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
