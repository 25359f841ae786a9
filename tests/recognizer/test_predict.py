"""Reading with an exported model, and refusing one that is broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recognizer.config import RecognizerConfig
from recognizer.predict import ROWS_A_THREAD, Recognizer
from recognizer.tokenizer import LatexTokenizer
from scanpage import weights
from scanpage.errors import InputError, WeightsError
from scanpage.latex import normalise, repair, to_latex


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


@pytest.mark.parametrize("beams", [1, 3, 6])
def test_any_number_of_threads_reads_the_same(model_folder: Path, beams: int) -> None:
    many = crops() * 3
    one, three = (Recognizer(model_folder, threads).read_batch(many, beams=beams) for threads in (1, 3))
    assert [reading.tokens for reading in one] == [reading.tokens for reading in three]


@pytest.mark.parametrize("beams", [1, 2, 5])
def test_a_batch_has_work_for_each_thread(model_folder: Path, beams: int) -> None:
    recognizer = Recognizer(model_folder, threads=3)
    sizes = [len(batch) for batch in recognizer.batches([recognizer.prepare(crops()[0])] * 31, beams)]
    assert sum(sizes) == 31
    assert set(sizes[:-1]) == {3 * max(1, ROWS_A_THREAD // beams)}


def test_a_decoder_of_before_is_told_apart(model_folder: Path, tmp_path: Path) -> None:
    import onnx

    folder = Path(shutil.copytree(model_folder, tmp_path / "old"))
    model = onnx.load(str(folder / "decoder.onnx"), load_external_data=False)
    [past] = [entry for entry in model.graph.input if entry.name == "past"]
    past.type.tensor_type.shape.dim.add().dim_value = 8
    (folder / "decoder.onnx").write_bytes(model.SerializeToString())
    weights.seal(folder)
    with pytest.raises(WeightsError, match="export the model again"):
        Recognizer(folder)


def test_readings_are_canonical_and_scored(model_folder: Path) -> None:
    for reading in Recognizer(model_folder, threads=1).read_batch(crops()):
        assert list(reading.tokens) == repair(reading.tokens)
        assert 0.0 < reading.score <= 1.0


def test_what_the_decoder_writes_parses_as_it_stands(model_folder: Path) -> None:
    recognizer = Recognizer(model_folder, threads=1)
    pictures = [recognizer.prepare(crop) for crop in crops()]
    tokens = LatexTokenizer(recognizer.config.vocabulary).tokens
    for beams in (1, 3):
        for written in recognizer.write(pictures, beams=beams):
            formula = [tokens[i] for i in written.ids]
            assert 0 < len(formula) < recognizer.config.max_tokens - 1
            assert normalise(to_latex(formula)) == repair(formula)


def test_without_the_grammar_the_decoder_writes_what_it_likes(model_folder: Path) -> None:
    free = Recognizer(model_folder, threads=1, constrained=False)
    pictures = [free.prepare(crop) for crop in crops()]
    tokens = LatexTokenizer(free.config.vocabulary).tokens
    formulas = [[tokens[i] for i in written.ids] for written in free.write(pictures)]
    assert any(repair(formula) != formula for formula in formulas)
    for reading in free.read_batch(crops()):
        assert list(reading.tokens) == repair(reading.tokens)


def test_alternatives_say_something_else(model_folder: Path) -> None:
    recognizer = Recognizer(model_folder, threads=1)
    for reading in recognizer.read_batch(crops(), beams=6, alternatives=3):
        readings = [reading.latex, *(other.latex for other in reading.alternatives)]
        assert len(set(readings)) == len(readings) <= 4
        for other in reading.alternatives:
            assert 0.0 <= other.score <= 1.0
            assert other.latex == to_latex(other.tokens)
    assert any(reading.alternatives for reading in recognizer.read_batch(crops(), alternatives=1))
    assert not recognizer.read(crops()[0], beams=3).alternatives


def test_the_score_is_the_calibrated_probability(model_folder: Path) -> None:
    recognizer = Recognizer(model_folder, threads=1)
    [written] = recognizer.write([recognizer.prepare(crops()[0])])
    expected = recognizer.config.calibration.probability(written.log_probabilities)
    assert recognizer.read(crops()[0]).score == pytest.approx(expected)


def test_temperature_changes_the_score_and_not_the_reading(model_folder: Path) -> None:
    recognizer = Recognizer(model_folder, threads=1)
    sure, unsure = (recognizer.read(crops()[0], temperature=temperature) for temperature in (1.0, 4.0))
    assert sure.tokens == unsure.tokens
    assert sure.score != unsure.score


@pytest.mark.parametrize("options", [{"beams": 0}, {"alternatives": -1}, {"temperature": 0.0}])
def test_options_out_of_range_are_refused(model_folder: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="above 0"):
        Recognizer(model_folder, threads=1).read(crops()[0], **options)


def test_a_model_that_can_write_no_formula_is_a_weights_error(broken: Path) -> None:
    settings = RecognizerConfig.from_json(weights.read_json(broken / "recognizer.json"))
    replace(settings, max_tokens=2).save(broken / "recognizer.json")
    weights.seal(broken)
    with pytest.raises(WeightsError, match="max_tokens must be from 3"):
        Recognizer(broken)


def test_grey_and_colour_crops_read_alike(model_folder: Path) -> None:
    recognizer = Recognizer(model_folder, threads=1)
    crop = crops()[0]
    assert recognizer.read(np.repeat(crop[:, :, None], 3, 2)) == recognizer.read(crop)


@pytest.mark.parametrize(
    "blank",
    [
        np.full((30, 30), 255, np.uint8),
        np.zeros((30, 60, 3), np.uint8),  # a blank slate
        np.full((1, 1), 90, np.uint8),
        np.arange(240, 244, dtype=np.uint8).repeat(500).reshape(40, 50),  # uneven paper
    ],
)
def test_nothing_is_read_of_a_blank_crop(blank: np.ndarray, model_folder: Path) -> None:
    recognizer = Recognizer(model_folder, threads=1)
    inked = crops()[0]
    for beams in (1, 2):
        first, empty, last = recognizer.read_batch([inked, blank, inked], beams=beams)
        assert (empty.latex, empty.tokens, empty.score) == ("", (), 0.0)
        assert first.latex == last.latex != ""


def test_faint_pencil_is_read(model_folder: Path) -> None:
    faint = np.where(crops()[0] < 128, 232, 255).astype(np.uint8)
    assert Recognizer(model_folder, threads=1).read(faint).latex


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
    for row, found in zip(written, recognizer.log_probabilities(recognizer.encode(pictures), labels), strict=True):
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


def test_a_picture_may_be_an_array_or_an_image_or_a_file(model_folder: Path, tmp_path: Path) -> None:
    recognizer = Recognizer(model_folder, threads=1)
    image = Image.fromarray(crops()[0])
    image.save(tmp_path / "crop.png")
    readings = recognizer.read_batch([crops()[0], image, tmp_path / "crop.png", str(tmp_path / "crop.png")])
    assert len(set(readings)) == 1


def test_a_file_that_is_no_picture_is_an_input_error(model_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "text.png").write_bytes(b"hello")
    with pytest.raises(InputError, match=r"text\.png"):
        Recognizer(model_folder, threads=1).read(tmp_path / "text.png")


def test_reading_imports_no_torch() -> None:
    code = "import sys, recognizer.predict; sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'onnx')))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
