"""A second opinion on doubtful formulas: handwritten words look like formulas to a detector, but read as words."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from pipeline.engines import ProseReader
from scanpage.document import Formula

DOUBT_BELOW = 0.3
"""Readings with more confidence are taken for formulas without asking. Prose that is read as a formula comes out as a
long row of improbable signs: on real pages never more probable than 0.2, mostly below 0.01."""
MIN_TEXT_SCORE = 0.7
MIN_LETTERS = 6
MIN_LETTER_SHARE = 0.6
_WORD = re.compile(r"[^\W\d_]{3,}")


def without_prose(image: np.ndarray, formulas: Sequence[Formula], prose: ProseReader) -> list[Formula]:
    """The formulas that are none of the prose.

    One is left out where its reading is doubtful while a reader of text is surer that it sees words.

    Args:
        image: the page, uint8 RGB `[H, W, 3]`.
        formulas: what was found on it, with readings.
        prose: the reader of text.
    """
    doubtful = [formula for formula in formulas if formula.score < DOUBT_BELOW]
    if not doubtful:
        return list(formulas)
    readings = prose.glance(image, [formula.box for formula in doubtful])
    words = {
        id(formula)
        for formula, (text, score) in zip(doubtful, readings, strict=True)
        if score >= max(MIN_TEXT_SCORE, formula.score) and is_words(text)
    }
    return [formula for formula in formulas if id(formula) not in words]


def is_words(text: str) -> bool:
    """Whether `text` consists of words of three letters or more, but for a few other signs."""
    letters = sum(map(len, _WORD.findall(text)))
    return letters >= MIN_LETTERS and letters >= MIN_LETTER_SHARE * len("".join(text.split()))
