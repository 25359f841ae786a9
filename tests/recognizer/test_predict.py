"""Reading with an exported model, and refusing one that is broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recognizer.predict import Recognizer, open_picture
from scanpage import weights
from scanpage.errors import InputError, WeightsError
from scanpage.latex import repair


def crops(count: int = 5) -> list[NDArray[np.uint8]]:
    """Black strokes on white, of many sizes; two have one size, so that they share a batch of the encoder."""
    rng = np.random.default_rng(0)
    out = []
    for height, width in [(40, 200), (60, 60), (60, 60), (30, 400), (120, 50)][:count]:
        crop = np.full((height, width), 255, np.uint8)
        for _ in range(12):
            y, x = rng.integers(4, height - 12), rng.integers(4, width - 12)
            crop[y : y + rng.integers(2, 9), x : x + rng.integers(2, 9)] = 0
        out.append(crop)
    return out


@pytest.fixture
def broken(model_folder: Path, tmp_path: Path) -> Path:
    """A copy of the model to break."""
    return Path(shutil.copytree(model_folder, tmp_path / "copy"))


def test_a_crop_reads_the_same_alone_and_among_others(model_folder: Path) -> None:
    recognizer = Recognizer(model_folder, threads=1)
    together = recognizer.read_batch(crops())
    assert len({reading.latex for reading in together}) > 1
    for crop, reading in zip(crops(), together, strict=True):
        alone = recognizer.read(crop)
        assert alone.tokens == reading.tokens
        assert alone.score == pytest.approx(reading.score, rel=1e-4)


def test_readings_are_canonical_and_scored(model_folder: Path) -> None:
    for reading in Recognizer(model_folder, threads=1).read_batch(crops()):
        assert list(reading.tokens) == repair(reading.tokens)
        assert 0.0 < reading.score <= 1.0


def test_grey_and_colour_crops_read_alike(model_folder: Path) -> None:
    recognizer = Recognizer(model_folder, threads=1)
    crop = crops()[0]
    assert recognizer.read(np.repeat(crop[:, :, None], 3, 2)) == recognizer.read(crop)


def test_a_blank_crop_is_read_without_an_error(model_folder: Path) -> None:
    assert Recognizer(model_folder, threads=1).read(np.full((30, 30), 255, np.uint8)).score >= 0.0


def test_no_crops_give_no_readings(model_folder: Path) -> None:
    assert Recognizer(model_folder, threads=1).read_batch([]) == []


def test_an_empty_crop_is_refused(model_folder: Path) -> None:
    with pytest.raises(ValueError, match="empty"):
        Recognizer(model_folder, threads=1).read(np.zeros((0, 5), np.uint8))


def test_log_probabilities_of_what_was_written_are_its_score(model_folder: Path) -> None:
    recognizer = Recognizer(model_folder, threads=1)
    pictures = [recognizer.prepare(crop) for crop in crops()]
    written = recognizer.write(pictures)
    labels = [[*row.ids, recognizer.config.end_id][: len(row.log_probabilities)] for row in written]
    for row, found in zip(written, recognizer.log_probabilities(pictures, labels), strict=True):
        np.testing.assert_allclose(found, row.log_probabilities, atol=1e-4)


def test_the_version_names_the_weights(model_folder: Path, broken: Path) -> None:
    assert Recognizer(model_folder).version == Recognizer(broken).version
    (broken / "recognizer.json").write_bytes((broken / "recognizer.json").read_bytes() + b"\n")
    weights.seal(broken)
    assert Recognizer(model_folder).version != Recognizer(broken).version


def test_a_missing_folder_is_a_weights_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="no model at"):
        Recognizer(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx", "model.safetensors", "recognizer.json", "SHA256SUMS"])
def test_a_missing_file_is_a_weights_error(broken: Path, name: str) -> None:
    (broken / name).unlink()
    with pytest.raises(WeightsError, match=name):
        Recognizer(broken)


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx", "model.safetensors", "recognizer.json"])
@pytest.mark.parametrize("sealed_again", [False, True])
def test_a_truncated_file_is_a_weights_error(broken: Path, name: str, sealed_again: bool) -> None:
    data = (broken / name).read_bytes()
    (broken / name).write_bytes(data[: len(data) // 2])
    if sealed_again:
        weights.seal(broken)
    with pytest.raises(WeightsError, match=name if not sealed_again else "cannot"):
        Recognizer(broken)


def test_swapped_graphs_are_a_weights_error(broken: Path) -> None:
    (broken / "encoder.onnx").rename(broken / "other")
    (broken / "decoder.onnx").rename(broken / "encoder.onnx")
    (broken / "other").rename(broken / "decoder.onnx")
    with pytest.raises(WeightsError, match="damaged"):
        Recognizer(broken)
    weights.seal(broken)
    with pytest.raises(WeightsError, match="does not fit"):
        Recognizer(broken)


def test_settings_of_another_program_are_a_weights_error(broken: Path) -> None:
    (broken / "recognizer.json").write_text('{"model_type": "vit"}')
    weights.seal(broken)
    with pytest.raises(WeightsError, match=r"recognizer\.json"):
        Recognizer(broken)


def test_a_file_that_is_no_picture_is_an_input_error(tmp_path: Path) -> None:
    for name, data in (("empty.png", b""), ("text.png", b"hello")):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(InputError, match=name):
            open_picture(tmp_path / name)
    with pytest.raises(InputError, match="missing"):
        open_picture(tmp_path / "missing.png")


def test_reading_imports_no_torch() -> None:
    code = "import sys, recognizer.predict; sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'onnx')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
