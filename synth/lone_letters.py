"""Letters that stand alone, as variables do in prose.

A list of formulas names each letter at most once, beside as many rarities, while every page is full of x and n.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from scanpage.latex_symbols import GREEK
from synth.layout import Layout

# What may stand alone as a variable, beside the letters of the alphabet.
LONE = frozenset({*GREEK, r"\ell"})


def lone_letter(layout: Layout) -> Layout | None:
    """The letter that a formula begins with, alone on the baseline; None if it begins with something else."""
    token, first = layout.latex.split()[0], layout.glyphs[0] if layout.glyphs else None
    if first is not None and first.size == 1.0 and (token in LONE or (len(token) == 1 and token.isalpha())):
        return Layout(token, (replace(first, x=0.0, y=0.0),), (), typesetting=layout.typesetting)
    return None


def lone_letters(layouts: Sequence[Layout], most: int, rng: np.random.Generator) -> list[Layout]:
    """The letters that `most` random formulas begin with, so each as often as formulas do."""
    chosen = rng.permutation(len(layouts))[:most]
    return [letter for i in chosen if (letter := lone_letter(layouts[int(i)])) is not None]
