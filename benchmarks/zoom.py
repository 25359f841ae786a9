"""Whether a formula is read alike at half, normal and double size.

    python benchmarks/zoom.py [--layouts PATH] [--inks PATH] [--weights DIR] [--out FILE]

Each formula is painted once, at double size (80 pixels an em; inks 192 pixels high), and shrunk to normal and half size
by area, as a scanner of lower resolution sees it; and once to 1.02 times the normal size, which tells how many readings
hang by a hair. `same` is the share of formulas that are read exactly as at normal size, `same_where_sure` that share of
those whose reading at normal size `scanpage` would not mark as one to check, `exact` the share that is read right.
`scale` tells how large the picture that the model gets is against the one at normal size, by its longer side: 1 for
each formula is the aim.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from provenance import provenance, write_result

from pipeline.scan import CHECK_BELOW
from recognizer.augment import clean_crop
from recognizer.metrics import canonical
from recognizer.predict import Recognizer
from recognizer.reading import Reading
from scanpage import __version__
from scanpage.document import Versions
from synth.corpus import load_layouts
from synth.ink import paint_ink, read_inks
from synth.paint import paint_print
from synth.pen import Pen

DOUBLE_EM_PX = 80.0
DOUBLE_INK_PX = 192.0
PLAIN_PEN = Pen(width_px=6.0, pressure=0.0, taper=0.0, tremor_px=0.0)
SIZES = {"half": 0.25, "normal": 0.5, "nudged": 0.51, "double": 1.0}
"""Of what is painted."""

SAME_SCALE = 0.05
"""Pictures whose sides differ by less count as equally large."""

SHOWN = 40

Crop = NDArray[np.uint8]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Formula:
    """A crop at double size, uint8 [h, w], and its canonical tokens."""

    crop: Crop
    label: tuple[str, ...]

    def at(self, size: float) -> Crop:
        """The crop as a scanner of `size` times the resolution sees it."""
        if size == 1.0:
            return self.crop
        height, width = (max(1, round(side * size)) for side in self.crop.shape)
        shrunk: Crop = cv2.resize(self.crop, (width, height), interpolation=cv2.INTER_AREA).astype(np.uint8)
        return shrunk


def printed(path: Path, limit: int) -> list[Formula]:
    """Formulas of a folder or file of layouts, evenly spread over it."""
    corpus = load_layouts(path)
    chosen = [corpus[int(i)] for i in np.linspace(0, len(corpus) - 1, min(limit, len(corpus)))]
    return [
        Formula(clean_crop(paint_print(layout, DOUBLE_EM_PX).alpha), tuple(canonical(layout.latex)))
        for layout in chosen
    ]


def handwritten(path: Path, limit: int) -> list[Formula]:
    """The first inks of a file or folder, as a plain pen writes them."""
    rng = np.random.default_rng(0)
    formulas = []
    for ink in islice(read_inks(path), limit):
        painted = paint_ink(ink, DOUBLE_INK_PX, rng, pen=PLAIN_PEN, variation=0.0)
        formulas.append(Formula(clean_crop(painted.alpha), tuple(canonical(ink.label))))
    return formulas


def measure(recognizer: Recognizer, formulas: Sequence[Formula]) -> Json:
    """What each size gives, beside the normal one."""
    crops = {name: [formula.at(size) for formula in formulas] for name, size in SIZES.items()}
    readings = {name: recognizer.read_batch(found) for name, found in crops.items()}
    sides = {name: [max(recognizer.prepare(crop).shape) for crop in found] for name, found in crops.items()}
    result: Json = {"formulas": len(formulas)}
    for name in SIZES:
        scales = [side / normal for side, normal in zip(sides[name], sides["normal"], strict=True)]
        result[name] = _compared(readings[name], readings["normal"], formulas, scales)
    return result


def _compared(
    readings: Sequence[Reading], normal: Sequence[Reading], formulas: Sequence[Formula], scales: Sequence[float]
) -> Json:
    same = [a.tokens == b.tokens for a, b in zip(readings, normal, strict=True)]
    sure = [alike for alike, reading in zip(same, normal, strict=True) if reading.score >= CHECK_BELOW]
    rescaled = [abs(scale - 1.0) >= SAME_SCALE for scale in scales]
    others = [i for i, alike in enumerate(same) if not alike]
    return {
        "exact": _share([reading.tokens == formula.label for reading, formula in zip(readings, formulas, strict=True)]),
        "same": _share(same),
        "same_where_sure": _share(sure),
        "sure": len(sure),
        "scale": {f"p{rank}": round(float(np.percentile(scales, rank)), 3) for rank in (1, 10, 50, 90, 99)},
        "other_scale": _share(rescaled),
        "different": len(others),
        "different_at_other_scale": sum(rescaled[i] for i in others),
        "differences": [
            {
                "label": " ".join(formulas[i].label),
                "normal": " ".join(normal[i].tokens),
                "reading": " ".join(readings[i].tokens),
                "scale": round(scales[i], 3),
            }
            for i in others[:SHOWN]
        ],
    }


def _share(flags: Sequence[bool]) -> float:
    return round(sum(flags) / max(1, len(flags)), 4)


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Whether a formula is read alike at half, normal and double size.")
    add = parser.add_argument
    add("--layouts", type=Path, metavar="PATH", help="typeset formulas: a folder or file of layouts")
    add("--inks", type=Path, metavar="PATH", help="handwriting: JSON inks or InkML")
    add("--limit", type=int, default=200, help="typeset formulas (default: %(default)s)")
    add("--limit-inks", type=int, default=100, help="inks (default: %(default)s)")
    add("--weights", type=Path, metavar="DIR", help="model folder (default: the shipped model)")
    add("--threads", type=int, default=0, help="threads of ONNX Runtime (default: its own choice)")
    add("--out", type=Path, metavar="FILE", help="write the result here, as well as to stdout")
    arguments = parser.parse_args()
    recognizer = Recognizer(arguments.weights, arguments.threads)
    result = provenance(Versions(__version__, recognizer=recognizer.version))
    if arguments.layouts:
        result["printed"] = measure(recognizer, printed(arguments.layouts, arguments.limit))
    if arguments.inks:
        result["handwritten"] = measure(recognizer, handwritten(arguments.inks, arguments.limit_inks))
    write_result(result, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
