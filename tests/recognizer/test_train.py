"""The recognizer learns: a handful of formulas is read without a mistake after a minute on a CPU."""

from pathlib import Path

import numpy as np
import pytest
import torch

from recognizer.codec import CompactCodec, ProcessorCodec
from recognizer.config import ImageConfig, ModelConfig, TrainConfig
from recognizer.dataset import Sample, Source, draw, print_source
from recognizer.metrics import levenshtein
from recognizer.model import build, load
from recognizer.tokenizer import LatexTokenizer
from recognizer.train import Trainer
from scanpage.training import TimeBudget
from synth.layout import Layout
from synth.mathtext import typeset_mathtext

IMAGE = ImageConfig()
FORMULAS = ["x ^ { 2 }", "\\frac { a } { b }", "a + b = c", "\\sqrt { y }"]
SMALL = ModelConfig(width=64, heads=4, feed_forward=128, encoder_layers=1, decoder_layers=2, dropout=0.0)


@pytest.fixture(scope="module")
def source() -> Source:
    layouts = [layout for layout in typeset_mathtext(FORMULAS) if isinstance(layout, Layout)]
    assert len(layouts) == len(FORMULAS)
    return print_source(layouts, [layout.latex for layout in layouts], IMAGE, share=1.0)


@pytest.fixture(scope="module")
def samples(source: Source) -> list[Sample]:
    return [draw(source, i, IMAGE, np.random.default_rng(i), augment=False) for i in range(len(FORMULAS))]


def trainer(source: Source, samples: list[Sample], out: Path, **settings: float) -> Trainer:
    torch.manual_seed(0)
    tokenizer = LatexTokenizer()
    config = TrainConfig(learning_rate=2e-3, ema_decay=0.9, workers=0, label_smoothing=0.0, **settings)
    model = build(SMALL, tokenizer)
    return Trainer(model, CompactCodec(IMAGE, tokenizer), [source], {"few": samples}, out, config=config, image=IMAGE)


@pytest.mark.slow
def test_it_learns_a_handful_of_formulas_by_heart(source: Source, samples: list[Sample], tmp_path: Path) -> None:
    run = trainer(source, samples, tmp_path)
    first = run.update(samples)
    for _ in range(60):
        run.update(samples)
    last = run.update(samples)
    assert last["loss"] < 0.2 * first["loss"]
    assert last["signs"] < 0.7 * first["signs"]


@pytest.mark.slow
def test_a_run_writes_its_model_curves_and_state_and_can_be_resumed(
    source: Source, samples: list[Sample], tmp_path: Path
) -> None:
    first = trainer(source, samples, tmp_path, minutes=0.1)
    result = first.run()
    assert set(result.exact) == {"few"}
    for name in ("settings.json", "log.jsonl", "curves.png", "state.pt", "model/model.safetensors"):
        assert (tmp_path / name).is_file(), name
    second = trainer(source, samples, tmp_path, minutes=0.2)
    second.run(resume=True)
    assert second.step > first.step > 0
    assert load(tmp_path / "model").config.decoder.vocab_size == len(LatexTokenizer())


def test_a_run_of_so_many_steps_ends_after_them(source: Source, samples: list[Sample], tmp_path: Path) -> None:
    run = trainer(source, samples, tmp_path, steps=3, batch_px=20_000)
    run.run()
    assert run.step == 3
    assert run._progress(TimeBudget(60.0)) == 1.0


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


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ("", "", 0),
        ("a b", "", 2),  # all deleted
        ("a b c", "a x c", 1),  # one replaced
        ("a b", "b a", 2),  # no transpositions
    ],
)
def test_edit_distance(first: str, second: str, distance: int) -> None:
    assert levenshtein(first.split(), second.split()) == distance
