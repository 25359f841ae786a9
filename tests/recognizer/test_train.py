"""The recognizer learns, and what a run leaves behind is what it should be."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from recognizer import train
from recognizer.codec import CompactCodec, ProcessorCodec
from recognizer.config import ImageConfig, ModelConfig, TrainConfig
from recognizer.dataset import Sample, Source, draw, print_source
from recognizer.model import build, load
from recognizer.tokenizer import LatexTokenizer
from recognizer.train import SIGNS, Trainer
from recognizer.validate import Validation
from scanpage.errors import WeightsError
from scanpage.training import TimeBudget
from synth.layout import Layout
from synth.mathtext import typeset_mathtext

IMAGE = ImageConfig()
FORMULAS = ["x ^ { 2 }", "\\frac { a } { b }", "a + b = c", "\\sqrt { y }"]
SMALL = ModelConfig(width=64, heads=4, feed_forward=128, encoder_layers=1, decoder_layers=2, dropout=0.0)
TINY = ModelConfig(width=32, heads=4, feed_forward=32, encoder_layers=1, decoder_layers=1, dropout=0.0)


@pytest.fixture(scope="module")
def source() -> Source:
    layouts = [layout for layout in typeset_mathtext(FORMULAS) if isinstance(layout, Layout)]
    assert len(layouts) == len(FORMULAS)
    return print_source(layouts, [layout.latex for layout in layouts], IMAGE, share=1.0)


@pytest.fixture(scope="module")
def samples(source: Source) -> list[Sample]:
    return [draw(source, i, IMAGE, np.random.default_rng(i), augment=False) for i in range(len(FORMULAS))]


def trainer(source: Source, samples: list[Sample], out: Path, size: ModelConfig = TINY, **settings: float) -> Trainer:
    torch.manual_seed(0)
    tokenizer = LatexTokenizer()
    config = TrainConfig(**{"learning_rate": 2e-3, "workers": 0, "batch_px": 20_000, **settings})
    model = build(size, tokenizer, warm_start=size is SMALL)
    return Trainer(model, CompactCodec(IMAGE, tokenizer), [source], {"few": samples}, out, config=config, image=IMAGE)


@pytest.mark.slow
def test_it_learns_a_handful_of_formulas_by_heart(source: Source, samples: list[Sample], tmp_path: Path) -> None:
    run = trainer(source, samples, tmp_path, SMALL, label_smoothing=0.0)
    first = run.update(samples)
    for _ in range(60):
        run.update(samples)
    last = run.update(samples)
    assert last["loss"] < 0.2 * first["loss"]
    assert last["signs"] < 0.7 * first["signs"]


def test_a_run_writes_its_model_curves_and_state_and_can_be_resumed(
    source: Source, samples: list[Sample], tmp_path: Path
) -> None:
    first = trainer(source, samples, tmp_path, steps=2)
    result = first.run()
    assert set(result.exact) == {"few"}
    for name in ("settings.json", "log.jsonl", "curves.png", "state.pt", "model/model.safetensors", f"model/{SIGNS}"):
        assert (tmp_path / name).is_file(), name
    assert list((tmp_path / "tensorboard").iterdir())
    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text("utf-8").splitlines()]
    for figure in ("loss", "cer", "wer", "character_accuracy", "exprate"):
        assert f"valid/few/{figure}" in lines[-1]
    second = trainer(source, samples, tmp_path, steps=3)
    second.run(resume=True)
    assert (first.step, second.step) == (2, 3)
    assert second.seen > first.seen
    assert load(tmp_path / "model").config.decoder.vocab_size == len(LatexTokenizer())


def test_a_resumed_run_stands_where_the_first_one_stopped(
    source: Source, samples: list[Sample], tmp_path: Path
) -> None:
    first = trainer(source, samples, tmp_path, steps=2)
    first.run()
    second = trainer(source, samples, tmp_path, steps=2)
    second.update(samples)  # away from the same start
    second._restore()
    for own, restored in zip(first.objective.modules, second.objective.modules, strict=True):
        torch.testing.assert_close(own.state_dict(), restored.state_dict())
    torch.testing.assert_close(first.ema.average, second.ema.average)
    assert first.ema.updates == second.ema.updates == 2
    moments = [run.optimizer.state_dict()["state"] for run in (first, second)]
    torch.testing.assert_close(moments[0], moments[1])
    assert (first.step, first.seen, first.best) == (second.step, second.seen, second.best)


def test_a_run_of_so_many_steps_ends_after_them(source: Source, samples: list[Sample], tmp_path: Path) -> None:
    run = trainer(source, samples, tmp_path, steps=3)
    run.run()
    assert run.step == 3
    assert run._progress(TimeBudget(60.0)) == 1.0


def test_the_saved_model_is_the_average_and_not_the_last_step(
    source: Source, samples: list[Sample], tmp_path: Path
) -> None:
    run = trainer(source, samples, tmp_path, steps=4, learning_rate=1e-2)
    run.run()
    saved = load_file(tmp_path / "model" / "model.safetensors")
    name = "decoder.output_projection.weight"
    torch.testing.assert_close(saved[name], run.ema.average[name])
    assert not torch.allclose(saved[name], run.model.state_dict()[name])


def test_the_model_with_the_best_validation_stays(
    source: Source, samples: list[Sample], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = []
    for steps, loss in ((1, 0.5), (2, 0.9), (3, 0.4)):
        outcome = Validation({"few": {"exprate": 0.0, "wer": 1.0, "loss": loss}})
        monkeypatch.setattr(train, "validate", lambda *arguments, outcome=outcome: outcome)
        trainer(source, samples, tmp_path, steps=steps).run(resume=True)
        kept.append(json.loads((tmp_path / "model" / "validation.json").read_text("utf-8"))["step"])
    assert kept == [1, 1, 3]


def test_labels_are_smoothed_as_the_settings_say(source: Source, samples: list[Sample], tmp_path: Path) -> None:
    losses = {}
    for smoothing in (0.0, 0.2, 1.0):
        run = trainer(source, samples, tmp_path, label_smoothing=smoothing)
        run.model.eval()
        losses[smoothing] = float(run.objective.losses(samples).tokens.detach())
    assert losses[0.2] == pytest.approx(0.8 * losses[0.0] + 0.2 * losses[1.0], rel=1e-3)
    assert losses[1.0] != pytest.approx(losses[0.0], rel=1e-3)


def test_averages_and_smoothing_are_on_unless_told_otherwise() -> None:
    assert TrainConfig().label_smoothing > 0
    assert TrainConfig().ema_decay > 0.9


def test_the_second_loss_goes_on_where_an_earlier_run_left_it(
    source: Source, samples: list[Sample], tmp_path: Path
) -> None:
    first = trainer(source, samples, tmp_path / "first", steps=2)
    first.run()
    signs = tmp_path / "first" / "model" / SIGNS
    model, codec = load(tmp_path / "first" / "model"), first.codec
    for file in (signs, None):
        run = Trainer(model, codec, [source], {}, tmp_path / "second", config=first.config, image=IMAGE, signs=file)
        assert run.objective.sign_head is not None
        assert first.objective.sign_head is not None
        same = torch.equal(run.objective.sign_head.weight, first.objective.sign_head.weight)
        assert same is (file is not None)


def test_a_head_of_another_model_is_refused(source: Source, samples: list[Sample], tmp_path: Path) -> None:
    small, tiny = (trainer(source, samples, tmp_path, size) for size in (SMALL, TINY))
    small.objective.save_signs(tmp_path / SIGNS)
    with pytest.raises(WeightsError, match=r"signs\.safetensors"):
        tiny.objective.load_signs(tmp_path / SIGNS)


def test_what_a_run_draws_depends_on_its_seed_and_step(source: Source, samples: list[Sample], tmp_path: Path) -> None:
    seeds = []
    for seed, step in ((0, 0), (0, 0), (1, 0), (0, 7)):
        run = trainer(source, samples, tmp_path, seed=seed)
        run.step = step
        seeds.append(run._seed())
    assert seeds[0] == seeds[1]
    assert len(set(seeds)) == 3


@pytest.mark.slow
def test_public_checkpoints_train_with_the_same_trainer(
    public_checkpoint: Path, source: Source, samples: list[Sample], tmp_path: Path
) -> None:
    model, codec = load(public_checkpoint), ProcessorCodec.from_pretrained(str(public_checkpoint))
    run = Trainer(model, codec, [source], {}, tmp_path, config=TrainConfig(learning_rate=3e-3, workers=0), image=IMAGE)
    first = run.update(samples)
    for _ in range(15):
        run.update(samples)
    assert run.update(samples)["loss"] < 0.8 * first["loss"]
