"""The training command's options become the run that they describe."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from recognizer import model as models  # noqa: E402 - torch may be absent
from recognizer import stages  # noqa: E402
from recognizer.cli_train import add_arguments  # noqa: E402
from recognizer.config import ImageConfig, ModelConfig, TrainConfig  # noqa: E402
from recognizer.tokenizer import LatexTokenizer  # noqa: E402
from recognizer.train import SIGNS  # noqa: E402
from scanpage.errors import ScanpageError, UsageError  # noqa: E402
from scanpage.training import load_tensors  # noqa: E402
from synth.corpus import save_layouts  # noqa: E402
from synth.layout import Layout  # noqa: E402
from synth.mathtext import typeset_mathtext  # noqa: E402

TINY = ModelConfig(width=32, heads=4, feed_forward=32, encoder_layers=1, decoder_layers=1, dropout=0.0)
SHORT = ["--steps", "1", "--workers", "0", "--batch-px", "20000", "--init", "none"]


def options(*arguments: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args([str(argument) for argument in arguments])


@pytest.fixture(scope="module")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "some.layouts"
    formulas = ["x ^ { 2 }", "a + b", "\\frac { a } { b }"]
    save_layouts(path, [layout for layout in typeset_mathtext(formulas) if isinstance(layout, Layout)])
    return path


@pytest.fixture(scope="module")
def inks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("data") / "some.jsonl"
    rows = [
        {"id": "a", "label": "1 + 1", "strokes": [[0, 0, 0, 90], [30, 45, 70, 45], [50, 20, 50, 70], [90, 0, 90, 90]]},
        {"id": "b", "label": "\\unknown", "strokes": [[0, 0, 60, 60], [60, 0, 0, 60]]},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages, "ModelConfig", lambda: TINY)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


def test_options_that_are_not_given_keep_their_defaults() -> None:
    assert stages._config(options("--stage", "rendered", "--out", "run")) == TrainConfig()


@pytest.mark.parametrize(
    ("option", "field", "value"),
    [
        ("--minutes", "minutes", 3.5),
        ("--steps", "steps", 7),
        ("--threads", "threads", 2),
        ("--workers", "workers", 0),
        ("--batch-px", "batch_px", 300_000),
        ("--max-batch", "max_batch", 512),
        ("--learning-rate", "learning_rate", 5e-4),
        ("--max-tokens", "max_tokens", 160),
        ("--first-max-tokens", "first_max_tokens", 80),
        ("--frozen-stages", "frozen_stages", 0),
        ("--dropout", "dropout", 0.0),
        ("--seed", "seed", 3),
    ],
)
def test_each_option_sets_its_field_and_no_other(option: str, field: str, value: float) -> None:
    config = asdict(stages._config(options("--stage", "rendered", "--out", "run", option, value)))
    assert config == asdict(TrainConfig()) | {field: value}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--stage", "rendered"], "--layouts"),
        (["--stage", "handwriting"], "--inks"),
        (["--stage", "handwriting", "--inks", "INKS", "--shares", "0", "1", "1"], "--shares"),
        (["--stage", "handwriting", "--inks", "INKS", "--shares", "1", "-1", "1"], "--shares"),
        (["--stage", "rendered", "--layouts", "nowhere.layouts"], "nowhere.layouts"),
        (["--stage", "rendered", "--model", "nowhere"], "nowhere"),
        (["--stage", "rendered", "--dropout", "1.0"], "--dropout"),
        (["--stage", "rendered", "--lone-letters", "1"], "--lone-letters"),
    ],
)
def test_what_cannot_be_trained_is_named(
    arguments: list[str], message: str, inks: Path, tmp_path: Path, tiny: None
) -> None:
    given = [inks if argument == "INKS" else argument for argument in arguments]
    with pytest.raises(ScanpageError, match=message):
        stages.run(options("--out", tmp_path / "run", *SHORT, *given))


def test_shares_are_split_among_the_sources_of_each_kind(layouts: Path, inks: Path) -> None:
    args = options(
        "--stage", "handwriting", "--out", "run", "--inks", inks, "--layouts", layouts, layouts,
        "--shares", 0.25, 0.0, 0.75, "--lone-letters", 0,
    )  # fmt: skip
    sources = stages._sources(args, stages.Stage.HANDWRITING, ImageConfig())
    assert [source.share for source in sources] == pytest.approx([0.25, 0.375, 0.375])
    assert [source.by_hand for source in sources] == [True, False, False]
    assert [len(source.labels) for source in sources] == [1, 3, 3]  # the ink outside the label language is left out


def test_lone_letters_are_drawn_as_often_as_asked_in_print_and_by_hand(layouts: Path, inks: Path) -> None:
    data = ["--inks", inks, "--layouts", layouts, "--hand-layouts", layouts, "--lone-letters", 0.2]
    args = options("--stage", "handwriting", "--out", "run", *data)
    *others, printed, by_hand = stages._sources(args, stages.Stage.HANDWRITING, ImageConfig())
    shares = [source.share for source in others]
    assert printed.share == by_hand.share == pytest.approx(0.1 * (sum(shares) + printed.share + by_hand.share))
    assert (printed.by_hand, by_hand.by_hand) == (False, True)
    assert set(printed.labels) == set(by_hand.labels) and all(len(label) == 1 for label in printed.labels)


def test_dropout_is_set_where_the_model_has_any() -> None:
    model = models.build(replace(TINY, dropout=0.1), LatexTokenizer(), warm_start=False)
    model.train()
    attention = [m for m in model.modules() if isinstance(m, torch.nn.MultiheadAttention)]
    stages._set_dropout(model, 0.5)
    assert {m.p for m in model.modules() if isinstance(m, torch.nn.Dropout)} == {0.5}
    assert {layer.dropout for layer in model.decoder.model.decoder.layers} == {0.5}
    assert {m.dropout for m in attention} == {0.0}  # the fused kernel wants none
    stages._set_dropout(model, 0.0)
    pixels, inputs = torch.full((1, 1, 32, 32), 255), torch.tensor([[1, 4, 5]])
    first, second = (model(pixel_values=pixels, decoder_input_ids=inputs).logits for _ in range(2))
    assert torch.equal(first, second)


def test_validation_samples_are_the_same_in_every_run(layouts: Path, inks: Path) -> None:
    args = options("--stage", "rendered", "--out", "run", "--val-layouts", layouts, "--val-inks", inks)
    first, second = (stages._validation(args, ImageConfig(), 5) for _ in range(2))
    # Both files have the same name; no set may take the place of another.
    assert {name: len(samples) for name, samples in first.items()} == {"some": 2, "some_2": 1}
    for name, samples in first.items():
        for one, other in zip(samples, second[name], strict=True):
            np.testing.assert_array_equal(one.picture, other.picture)


def test_handwriting_follows_the_rendered_stage(layouts: Path, inks: Path, tmp_path: Path, tiny: None) -> None:
    rendered, handwriting = tmp_path / "rendered", tmp_path / "handwriting"
    stages.run(
        options("--stage", "rendered", "--layouts", layouts, "--val-layouts", layouts, "--out", rendered, *SHORT)
    )
    data = ["--inks", inks, "--layouts", layouts, "--val-inks", inks]
    start = ["--model", rendered / "model", "--learning-rate", 1e-9]
    stages.run(options("--stage", "handwriting", *data, *start, "--out", handwriting, *SHORT))
    # At no learning rate to speak of, model and head are those that the run started from.
    for name in ("model.safetensors", SIGNS):
        before, after = (load_tensors(folder / "model" / name) for folder in (rendered, handwriting))
        torch.testing.assert_close(after, before, atol=1e-5, rtol=1e-3)


def test_a_model_of_another_vocabulary_is_refused(
    layouts: Path, tmp_path: Path, tiny: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "run"
    stages.run(options("--stage", "rendered", "--layouts", layouts, "--val-layouts", layouts, "--out", out, *SHORT))
    monkeypatch.setattr(LatexTokenizer, "__len__", lambda self: 5)
    with pytest.raises(UsageError, match="another vocabulary"):
        stages.run(options("--stage", "rendered", "--layouts", layouts, "--out", out, "--model", out / "model", *SHORT))
