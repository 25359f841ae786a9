"""What tests of several folders share."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def pdflatex(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`benchmarks/pdflatex.py`: whether formulas compile."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("pdflatex")
