"""The command with stand-ins for its models, in an empty folder."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from big_jobs import STAND_INS, Run

from pipeline.cli import main


@pytest.fixture
def models(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`stand_ins.py`, as the processes that are started find it too."""
    monkeypatch.syspath_prepend(str(STAND_INS))
    return import_module("stand_ins")


@pytest.fixture(autouse=True)
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "log"
    path.touch()
    monkeypatch.setenv("STAND_INS_LOG", str(path))
    return path


@pytest.fixture
def run(models: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in an empty current folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return lambda *arguments: main([str(argument) for argument in arguments], load_engines=models.load)


@pytest.fixture
def stop_at(models: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, BaseException], None]:
    """`stop_at(grey, error)`: who comes to that page first ends with the error."""
    detect, errors = models._Detector.detect, {}

    def detect_or_stop(self: object, image: np.ndarray, **named: object) -> object:
        if int(image[0, 0, 0]) in errors:
            raise errors.pop(int(image[0, 0, 0]))
        return detect(self, image, **named)

    monkeypatch.setattr(models._Detector, "detect", detect_or_stop)
    return errors.__setitem__
