"""A program that reads formulas starts at once and stays small."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recognizer import predict
from recognizer.predict import Recognizer
from scanpage import weights

LIMIT_S = 1.0
TRIES = 3
HEAVY = {"torch", "transformers", "matplotlib", "rapidocr", "onnx"}


def _start(folder: Path) -> tuple[float, set[str]]:
    """Processor seconds until a fresh process has a recognizer, whatever else runs, and the modules that this took."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom recognizer.predict import Recognizer\n"
        "Recognizer(Path(sys.argv[1]), 1)\nprint(*sys.modules)"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code, str(folder)], capture_output=True, text=True, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, set(done.stdout.split())


def test_the_shipped_recognizer_is_soon_ready() -> None:
    assert any(_start(weights.shipped("recognizer"))[0] < LIMIT_S for _ in range(TRIES))


def test_reading_needs_nothing_of_training() -> None:
    _, modules = _start(weights.shipped("recognizer"))
    assert "onnxruntime" in modules
    assert not modules & HEAVY


class Watched:
    """A session that notes the shape of its first input."""

    def __init__(self, session: Any, name: str) -> None:
        self._session, self._name = session, name
        self.shapes: list[tuple[int, ...]] = []

    def run(self, outputs: Any, inputs: dict[str, Any]) -> Any:
        self.shapes.append(inputs[self._name].shape)
        return self._session.run(outputs, inputs)


@pytest.fixture
def crops() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [np.where(rng.random((40, 160)) < 0.1, 0, 255).astype(np.uint8) for _ in range(6)]


def test_memory_is_bounded_by_pixels_and_readings_do_not_notice(
    model_folder: Path, crops: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    recognizer = Recognizer(model_folder, 1)
    expected = recognizer.read_batch([crops[0]] * 6)
    pixels = recognizer.prepare(crops[0]).size
    encoder, decoder = Watched(recognizer._encoder, "pixel_values"), Watched(recognizer.decoder, "input_ids")
    recognizer._encoder, recognizer.decoder = encoder, decoder
    monkeypatch.setattr(predict, "MOST_DECODED_PX", 9 * pixels // 2)
    found = recognizer.read_batch([crops[0]] * 6)
    assert [reading.tokens for reading in found] == [reading.tokens for reading in expected]
    assert {shape[0] for shape in encoder.shapes} == {1}
    assert max(shape[0] for shape in decoder.shapes) == 4


def test_a_picture_larger_than_the_bound_is_read_alone(
    model_folder: Path, crops: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predict, "MOST_DECODED_PX", 1)
    recognizer = Recognizer(model_folder, 1)
    together = recognizer.read_batch(crops)
    assert [reading.tokens for reading in together] == [recognizer.read(crop).tokens for crop in crops]
    assert len(recognizer.read_batch(crops[:2], beams=3)) == 2
