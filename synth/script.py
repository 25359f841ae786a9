"""Words cut from handwritten lines, to write prose with formulas in it in a real hand."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from synth.flow import Scrap
from synth.ink import Ink, Pen, Stroke, paint_ink, symbol_size

# Words are about this much higher than digits; letters stand on the lower quarter of a line.
WORD_LETTERS = 1.15
BASELINE_SHARE = 0.72
# Strokes further apart than this share of the line's height belong to two words.
WORD_GAP = 0.2


def script_words(
    rng: np.random.Generator, lines: Sequence[Ink], count: int, *, letter_px: float, pen: Pen
) -> list[Scrap]:
    """About `count` words in a row from one handwritten line or several, digits `letter_px` high."""
    words: list[Scrap] = []
    while len(words) < count:
        ink = lines[int(rng.integers(len(lines)))]
        ys = np.concatenate(ink.strokes)[:, 1]
        top, height = float(ys.min()), max(float(np.ptp(ys)), 1.0)
        cut = cut_words(ink.strokes, WORD_GAP * height)
        spans = [(min(float(s[:, 1].min()) for s in w), max(float(s[:, 1].max()) for s in w)) for w in cut]
        usual = max(float(np.median([low - high for high, low in spans])), 0.5 * height)
        scale = WORD_LETTERS * letter_px / usual
        for strokes, (high, low) in list(zip(cut, spans, strict=True))[: count - len(words)]:
            # Painting takes the size of flat inks from their strokes' lengths.
            tall = max(low - high, symbol_size(strokes)) * scale + pen.width_px
            painted = paint_ink(strokes, tall, rng, pen=pen, variation=0.3)
            words.append(Scrap(painted.alpha, (top + BASELINE_SHARE * height - high) * scale))
    return words


def cut_words(strokes: Sequence[Stroke], gap: float) -> list[list[Stroke]]:
    """Strokes of a line grouped into words, from left to right, where more than `gap` lies between them."""
    words: list[list[Stroke]] = []
    end = -np.inf
    for stroke in sorted(strokes, key=lambda s: float(s[:, 0].min())):
        if float(stroke[:, 0].min()) - end > gap:
            words.append([])
        words[-1].append(stroke)
        end = max(end, float(stroke[:, 0].max()))
    return words
