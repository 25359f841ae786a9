"""Averaging trained models."""

from __future__ import annotations

from pathlib import Path

import pytest

from recognizer.cli import main
from scanpage.errors import ExitCode

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from recognizer import model as models  # noqa: E402
from recognizer.average import average  # noqa: E402
from recognizer.config import ModelConfig  # noqa: E402
from recognizer.tokenizer import LatexTokenizer  # noqa: E402
from scanpage.errors import UsageError  # noqa: E402
from scanpage.training import load_tensors, save_tensors  # noqa: E402


def save_run(folder: Path, seed: int, width: int = 16) -> Path:
    """A tiny model of random weights, saved as a run saves it."""
    torch.manual_seed(seed)
    config = ModelConfig(width=width, heads=2, feed_forward=16, encoder_layers=1, decoder_layers=1, max_tokens=12)
    models.build(config, LatexTokenizer(), warm_start=False).save_pretrained(folder)
    save_tensors(folder / "signs.safetensors", {"weight": torch.full((3, 2), float(seed))})
    (folder / "validation.json").write_text("{}\n")
    (folder / "tokenizer.json").write_text(f'{{"run": {seed}}}\n')
    return folder


def test_every_weight_is_the_mean_of_the_runs(tmp_path: Path) -> None:
    folders = [save_run(tmp_path / str(seed), seed) for seed in (1, 2, 6)]
    average(folders, tmp_path / "mean")
    runs = [models.load(folder).state_dict() for folder in folders]
    mean = models.load(tmp_path / "mean").state_dict()
    assert mean.keys() == runs[0].keys()
    for name, tensor in mean.items():
        torch.testing.assert_close(tensor, (runs[0][name] + runs[1][name] + runs[2][name]) / 3)
    assert load_tensors(tmp_path / "mean" / "signs.safetensors")["weight"].eq(3.0).all()


def test_the_mean_keeps_the_processor_but_not_what_was_measured_on_a_run(tmp_path: Path) -> None:
    average([save_run(tmp_path / "a", 1), save_run(tmp_path / "b", 2)], tmp_path / "mean")
    assert (tmp_path / "mean" / "tokenizer.json").read_text() == '{"run": 1}\n'
    assert not (tmp_path / "mean" / "validation.json").exists()


def test_models_of_different_shapes_are_refused_and_nothing_is_written(tmp_path: Path) -> None:
    folders = [save_run(tmp_path / "a", 1), save_run(tmp_path / "b", 2, width=32)]
    with pytest.raises(UsageError, match=r"b and .*a are of different shapes"):
        average(folders, tmp_path / "mean")
    assert not (tmp_path / "mean").exists()


def test_the_mean_does_not_take_the_place_of_a_run(tmp_path: Path) -> None:
    folders = [save_run(tmp_path / "a", 1), save_run(tmp_path / "b", 2)]
    with pytest.raises(UsageError, match="another folder"):
        average(folders, folders[1])


def test_the_command_averages_and_tells_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, other = save_run(tmp_path / "a", 1), save_run(tmp_path / "b", 2)
    assert main(["average", str(one), str(other), "--out", str(tmp_path / "mean")]) == ExitCode.DONE
    assert (tmp_path / "mean" / "model.safetensors").is_file()
    assert (
        main(["average", str(one), str(tmp_path / "none"), "--out", str(tmp_path / "mean")]) == ExitCode.BROKEN_WEIGHTS
    )
    assert "no model at" in capsys.readouterr().err
