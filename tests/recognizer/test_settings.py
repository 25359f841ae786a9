"""Settings that no recognizer could have are refused in one line, before anything is made of them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recognizer.config import RecognizerConfig
from recognizer.predict import DECODER, ENCODER, SETTINGS, Recognizer
from recognizer.settings import read_settings
from scanpage import weights
from scanpage.errors import ExitCode, WeightsError

VOCABULARY = [f"t{i}" for i in range(20)]
HUGE = 10**12


def settings(**changes: object) -> dict[str, Any]:
    return {"max_tokens": 20, "vocabulary": VOCABULARY, "image": {}} | changes


def refusal(path: Path, data: object) -> str:
    path.write_text(json.dumps(data))
    with pytest.raises(WeightsError) as caught:
        read_settings(path)
    assert caught.value.exit_code is ExitCode.BROKEN_WEIGHTS
    message = str(caught.value)
    assert str(path) in message and "export the model again" in message
    assert "\n" not in message and len(message) < len(str(path)) + 400
    return message


def test_what_was_saved_is_read(tmp_path: Path) -> None:
    config = RecognizerConfig(max_tokens=30, vocabulary=tuple(VOCABULARY), start_id=2, end_id=2)
    config.save(tmp_path / SETTINGS)
    assert read_settings(tmp_path / SETTINGS) == config


HOSTILE: list[dict[str, object]] = [
    {"max_tokens": HUGE}, {"max_tokens": 0}, {"max_tokens": -5}, {"max_tokens": "many"}, {"max_tokens": float("inf")},
    {"max_tokens": float("nan")}, {"max_tokens": None}, {"max_tokens": [3]},
    {"vocabulary": None}, {"vocabulary": 5}, {"vocabulary": [1, 2]}, {"vocabulary": [["x"]]},
    {"vocabulary": ["x", "x"]},
    {"vocabulary": ["../../etc/passwd"] * 20},
    {"start_id": HUGE}, {"start_id": -1}, {"end_id": 24}, {"end_id": -2}, {"end_id": None},
    {"pieces": "pickle"}, {"pieces": ["tokens"]},
    {"fixed_size": [HUGE, HUGE]}, {"fixed_size": [0, 0]}, {"fixed_size": [64]}, {"fixed_size": "ab"}, {"fixed_size": 5},
    {"image": None}, {"image": []}, {"image": "x.png"}, {"image": {"path": "/etc/passwd"}},
    {"calibration": 5}, {"calibration": {"parameters": [1]}}, {"calibration": {}},
]  # fmt: skip


@pytest.mark.parametrize("changes", HOSTILE, ids=str)
def test_hostile_settings_are_refused(tmp_path: Path, changes: dict[str, object]) -> None:
    refusal(tmp_path / SETTINGS, settings(**changes))


@pytest.mark.parametrize("value", [0, -1, HUGE, "15", None, [], True, float("nan"), float("inf")], ids=str)
@pytest.mark.parametrize("name", [*json.loads(json.dumps(RecognizerConfig().image.__slots__))])
def test_hostile_sizes_are_refused(tmp_path: Path, name: str, value: object) -> None:
    assert name in refusal(tmp_path / SETTINGS, settings(image={name: value}))


def test_sizes_in_whole_pixels_have_no_fraction(tmp_path: Path) -> None:
    assert "whole" in refusal(tmp_path / SETTINGS, settings(image={"stride_px": 16.5}))


@pytest.mark.parametrize("missing", ["max_tokens", "vocabulary", "image"])
def test_each_setting_that_has_no_default_is_named(tmp_path: Path, missing: str) -> None:
    data = settings()
    del data[missing]
    assert missing in refusal(tmp_path / SETTINGS, data)


@pytest.fixture
def copy(model_folder: Path, tmp_path: Path) -> Path:
    """A copy of the tiny model, to be harmed and sealed again."""
    return Path(shutil.copytree(model_folder, tmp_path / "model"))


def change(folder: Path, **changes: object) -> None:
    path = folder / SETTINGS
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    weights.seal(folder)


def test_a_vocabulary_of_another_model_is_refused(copy: Path) -> None:
    words = json.loads((copy / SETTINGS).read_text())["vocabulary"]
    for other in (words[:50], [*words, "more"]):
        change(copy, vocabulary=other)
        with pytest.raises(WeightsError, match="do not fit the graphs"):
            Recognizer(copy)


def test_colour_and_grey_are_not_confused(copy: Path) -> None:
    change(copy, fixed_size=[64, 64])
    with pytest.raises(WeightsError, match="do not fit the graphs"):
        Recognizer(copy)


def test_encoder_and_decoder_exchanged_are_refused(copy: Path) -> None:
    (copy / ENCODER).rename(copy / "third")
    (copy / DECODER).rename(copy / ENCODER)
    (copy / "third").rename(copy / DECODER)
    with pytest.raises(WeightsError, match="is damaged"):
        Recognizer(copy)
    weights.seal(copy)
    with pytest.raises(WeightsError, match="does not fit"):
        Recognizer(copy)


@pytest.mark.parametrize("name", [ENCODER, DECODER])
def test_a_detector_in_place_of_a_graph_is_refused(copy: Path, name: str) -> None:
    for file in ("model.onnx", "model.safetensors"):
        shutil.copy(weights.shipped("detector") / file, copy)
    shutil.move(copy / "model.onnx", copy / name)
    weights.seal(copy)
    with pytest.raises(WeightsError, match=r"does not fit|cannot be loaded") as caught:
        Recognizer(copy)
    assert "\n" not in str(caught.value)


def test_a_detectors_folder_is_no_recognizer() -> None:
    with pytest.raises(WeightsError, match=r"recognizer\.json is missing"):
        Recognizer(weights.shipped("detector"))


def test_truncated_weights_are_told_in_one_line(copy: Path) -> None:
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])
    with pytest.raises(WeightsError, match="is damaged"):
        Recognizer(copy)
    weights.seal(copy)
    with pytest.raises(WeightsError, match="cannot be loaded") as caught:
        Recognizer(copy)
    assert "\n" not in str(caught.value)


def test_a_harmed_folder_ends_the_command_with_its_exit_code(
    copy: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from PIL import Image

    from recognizer.cli import main

    Image.fromarray(np.full((20, 60), 255, np.uint8)).save(tmp_path / "x.png")
    (copy / ENCODER).write_bytes(b"")
    assert main(["read", str(tmp_path / "x.png"), "--weights", str(copy)]) == ExitCode.BROKEN_WEIGHTS
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1 and "encoder.onnx is damaged" in err
