"""What tests of several folders share."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest

# A busy machine makes no test wrong.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

BENCHMARKS = Path(__file__).resolve().parent.parent / "benchmarks"


@pytest.fixture
def pdflatex(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`benchmarks/pdflatex.py`: whether formulas compile."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("pdflatex")
