"""The models inside rapidocr."""

from __future__ import annotations

from pathlib import Path

import pytest

from scanpage import rapidocr_models
from scanpage.errors import WeightsError


def test_a_model_is_opened_once_for_all_who_use_it() -> None:
    assert rapidocr_models.open_model("cls", 1) is rapidocr_models.open_model("cls", 1)


def test_a_broken_model_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"\x3bnot a model")
    monkeypatch.setattr(rapidocr_models, "model_path", lambda _task: broken)
    with pytest.raises(WeightsError, match=r"broken\.onnx cannot be read: no ONNX model"):
        rapidocr_models.open_model("a task of this test")


def test_a_missing_model_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rapidocr_models, "model_path", lambda _task: tmp_path / "gone.onnx")
    with pytest.raises(WeightsError, match=r"gone\.onnx"):
        rapidocr_models.open_model("another task of this test")
