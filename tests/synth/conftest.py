"""Material for pages that needs neither TeX nor data."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from synth.config import GenerateSettings
from synth.corpus import save_layouts
from synth.layout import Layout
from synth.mathtext import typeset_mathtext
from synth.stock import Stock, load_stock

FORMULAS = ["x", "n", r"\alpha", "x_{1}", "a+b=c", r"x^{2}+y^{2}=z^{2}", r"\frac{a}{b}=\sqrt{c}", "2x+5=15", "y=3x-7"]


@pytest.fixture(scope="session")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of a few typeset formulas."""
    path = tmp_path_factory.mktemp("material") / "few.layouts"
    save_layouts(path, [r for r in typeset_mathtext(FORMULAS) if isinstance(r, Layout)])
    return path


@pytest.fixture(scope="session")
def inks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of inks: formulas of seven-segment digits, and a line of zigzag words."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("material") / "few.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for k in range(12):
            file.write(json.dumps(_formula(k, rng)) + "\n")
        file.write(json.dumps(_words()) + "\n")
    return path


@pytest.fixture(scope="session")
def stock(layouts: Path, inks: Path) -> Stock:
    """Material with inks."""
    return load_stock(GenerateSettings(pages=1, layouts=(layouts,), inks=(inks,)), [layouts])


@pytest.fixture(scope="session")
def plain_stock(layouts: Path) -> Stock:
    """Material without inks: handwriting is print written shakily."""
    return load_stock(GenerateSettings(pages=1, layouts=(layouts,)), [layouts])


def _formula(number: int, rng: np.random.Generator) -> dict[str, object]:
    symbols = [str(rng.integers(10)) for _ in range(3 + number % 4)]
    symbols.insert(1, "=")
    strokes: list[list[int]] = []
    parts: list[list[object]] = []
    for k, symbol in enumerate(symbols):
        x = 120 * k
        if symbol == "=":
            parts.append([symbol, [len(strokes), len(strokes) + 1]])
            strokes += [[x, 40, x + 70, 40], [x, 70, x + 70, 70]]
        else:
            parts.append([symbol, [len(strokes)]])
            points = rng.integers(0, 100, (6, 2)) * [0.7, 1.0] + [x, 0]
            points[0, 1], points[1, 1] = 0, 100
            strokes.append([int(v) for v in points.ravel()])
    return {"id": f"f{number}", "label": " ".join(symbols), "strokes": strokes, "symbols": parts}


def _words() -> dict[str, object]:
    """Six zigzags in a row."""
    strokes = [[v for k in range(12) for v in (word * 320 + k * 20, 100 if k % 2 else 20)] for word in range(6)]
    return {"id": "line", "label": "", "strokes": strokes}
