from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.arbitrate import is_words, without_prose
from scanpage.document import Formula, TextLine
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

PAGE = np.zeros((10, 10, 3), np.uint8)


class Reader:
    """Says the same of every box."""

    version = "stub"

    def __init__(self, text: str, score: float) -> None:
        self.answer = (text, score)
        self.asked: list[Box] = []

    def read(self, image: np.ndarray, formulas: Sequence[Formula], *, layer: object = None) -> list[TextLine]:
        raise AssertionError("not asked for")

    def glance(self, image: np.ndarray, boxes: Sequence[Box]) -> list[tuple[str, float]]:
        self.asked += boxes
        return [self.answer] * len(boxes)


def formula(score: float) -> Formula:
    return Formula(Region(Box(0, 0, 5, 5), RegionKind.ISOLATED), "q", score)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("We look for all x that solve this", True),
        ("VÀ CÁC BÀI TOÁN", True),
        ("Two real solutions if b²>4ac.Their sum", True),  # words with a formula among them
        ("x = sin y", False),
        ("abc", False),  # could be a product
        ("f(x) = 3x + 5", False),
        ("max f(x) + min g(x)", False),
        ("", False),
    ],
)
def test_is_words(text: str, expected: bool) -> None:
    assert is_words(text) is expected


def test_doubtful_reading_of_words_is_left_out() -> None:
    kept = [formula(0.9), formula(0.2)]
    assert without_prose(PAGE, kept, Reader("We look for all", 0.95)) == kept[:1]


def test_formula_stays_where_the_words_are_no_surer() -> None:
    assert len(without_prose(PAGE, [formula(0.1)], Reader("We look for all", 0.6))) == 1
    assert len(without_prose(PAGE, [formula(0.1)], Reader("x + 1", 0.99))) == 1


def test_sure_readings_are_not_questioned() -> None:
    reader = Reader("We look for all", 1.0)
    assert len(without_prose(PAGE, [formula(0.5)], reader)) == 1
    assert reader.asked == []
