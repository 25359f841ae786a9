"""Crops a second of each painter, at one height on one core.

    python benchmarks/painting.py --layouts FILE --inks PATH [--count N] [--height PX] [--seed S] [--out FILE]

Formulas and inks are drawn at random from the files. `first` counts the first time that they are painted, when glyphs
are rasterised and symbols prepared that later paintings use again; `again` the same ones once more, by other hands
and pens. Both count processor time, so that what else runs on the machine makes little difference. Beside them stand
two yardsticks from the same run: a line of as many letters as the formula has glyphs, drawn by Pillow at the same size,
and the formula itself by matplotlib's mathtext, as far as that can set it.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from provenance import provenance, write_result

from scanpage import __version__
from scanpage.document import Versions
from synth.corpus import load_layouts
from synth.handwrite import SymbolBank, paint_by_hand
from synth.ink import paint_ink, read_inks
from synth.layout import Layout
from synth.paint import paint_print


def measure(layouts_file: Path, inks_file: Path, count: int, height: float, seed: int) -> dict[str, Any]:
    """Paint `count` formulas and inks in each way."""
    cv2.setNumThreads(1)
    rng = np.random.default_rng(seed)
    corpus, inks = load_layouts(layouts_file), list(read_inks(inks_file))
    layouts = [corpus[int(i)] for i in rng.integers(len(corpus), size=count)]
    written = [inks[int(i)] for i in rng.integers(len(inks), size=count)]
    bank = SymbolBank.from_inks(inks)

    def by_print(layout: Layout) -> None:
        paint_print(
            layout, height / layout.box.height, weight=float(rng.normal(0.0, 0.008)), shift=tuple(rng.random(2))
        )

    rates = {
        "print": twice(by_print, layouts),
        "hand": twice(lambda layout: paint_by_hand(layout, bank, height / layout.box.height, rng), layouts),
        "ink": twice(lambda ink: paint_ink(ink, height, rng), written),
    }
    yardsticks = {"pillow": pillow(layouts, height), "mathtext": mathtext(layouts, height)}
    return {
        **provenance(Versions(__version__)),
        "height_px": height,
        "samples": {"layouts": layouts_file.name, "inks": inks_file.name, "crops": count, "seed": seed},
        "crops_per_s": rates,
        "yardsticks": yardsticks,
        "ratio_to_pillow": {
            name: round(rate["again"] / yardsticks["pillow"]["crops_per_s"], 2) for name, rate in rates.items()
        },
    }


def twice(paint: Callable[[Any], object], items: Sequence[Any]) -> dict[str, float]:
    """Crops a second the first time and the second."""
    return {"first": per_second(paint, items), "again": per_second(paint, items)}


def per_second(paint: Callable[[Any], object], items: Sequence[Any]) -> float:
    start = time.process_time()
    for item in items:
        paint(item)
    return round(len(items) / (time.process_time() - start), 1)


def pillow(layouts: Sequence[Layout], height: float) -> dict[str, Any]:
    """Crops a second of a line of text, one letter a glyph, with the size that the formula has at this height."""
    import matplotlib
    from PIL import Image, ImageDraw, ImageFont

    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSerif.ttf"
    fonts = {size: ImageFont.truetype(str(path), size) for size in range(4, 161)}
    letters = random.Random(0)

    def draw(layout: Layout) -> None:
        font = fonts[min(160, max(4, round(height / layout.box.height)))]
        text = "".join(letters.choices("abcdefghijklmnopqrstuvwxyz0123456789+=()", k=len(layout.glyphs)))
        left, top, right, bottom = font.getbbox(text)
        picture = Image.new("L", (int(right - left) + 2, int(bottom - top) + 2))
        ImageDraw.Draw(picture).text((1 - left, 1 - top), text, fill=255, font=font)

    return {"what": "Pillow, a line of text of as many letters", "crops_per_s": per_second(draw, layouts)}


def mathtext(layouts: Sequence[Layout], height: float) -> dict[str, Any]:
    """Crops a second of the formulas that mathtext can set, setting included: it cannot paint what was set before."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser

    parser = MathTextParser("agg")
    parser.parse("$x$")  # reads its fonts
    face = FontProperties(size=10)
    seconds, done = 0.0, 0
    for layout in layouts[: len(layouts) // 10 or 1]:
        start = time.process_time()
        try:
            parser.parse(f"${layout.latex}$", dpi=7.2 * height / layout.box.height, prop=face)
        except (ValueError, RuntimeError):
            continue
        seconds += time.process_time() - start
        done += 1
    return {"what": "mathtext, the formula itself", "crops": done, "crops_per_s": round(done / max(seconds, 1e-9), 1)}


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Crops a second of each painter, on one core.")
    parser.add_argument("--layouts", type=Path, required=True, metavar="FILE", help="typeset formulas")
    parser.add_argument("--inks", type=Path, required=True, metavar="PATH", help="segmented handwriting")
    parser.add_argument(
        "--count", type=int, default=2000, metavar="N", help="crops of each kind (default: %(default)s)"
    )
    parser.add_argument("--height", type=float, default=96.0, metavar="PX", help="default: %(default)s")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="default: %(default)s")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result here, as well as to stdout")
    arguments = parser.parse_args()
    result = measure(arguments.layouts, arguments.inks, arguments.count, arguments.height, arguments.seed)
    write_result(result, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
