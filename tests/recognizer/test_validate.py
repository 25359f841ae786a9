"""Validation counts rightly what a model reads, whatever the model."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("jiwer")

from recognizer.codec import IGNORED, CompactCodec  # noqa: E402 - torch may be absent
from recognizer.config import ImageConfig  # noqa: E402
from recognizer.dataset import Sample  # noqa: E402
from recognizer.tokenizer import LatexTokenizer  # noqa: E402
from recognizer.validate import Validation, targets, validate  # noqa: E402

TOKENIZER = LatexTokenizer()
CODEC = CompactCodec(ImageConfig(), TOKENIZER)
CPU = torch.device("cpu")


class Reader(torch.nn.Module):
    """Finds every token equally likely, and reads the same line everywhere."""

    def __init__(self, line: str) -> None:
        super().__init__()
        self.line = TOKENIZER.encode(line.split())
        self.config = SimpleNamespace(decoder_start_token_id=TOKENIZER.bos_id, pad_token_id=TOKENIZER.pad_id)

    def forward(self, pixel_values: Any, decoder_input_ids: Any, use_cache: bool) -> SimpleNamespace:
        return SimpleNamespace(logits=torch.zeros(*decoder_input_ids.shape, len(TOKENIZER)))

    def generate(self, pixels: Any, **settings: Any) -> Any:
        return torch.tensor([self.line] * len(pixels))


def sample(label: str) -> Sample:
    picture = np.full((32, 64), 255, np.uint8)
    return Sample(picture, tuple(label.split()), np.zeros((0, 2), np.float32), np.zeros(0, np.int64))


def test_figures_of_a_case_counted_by_hand() -> None:
    result = validate(Reader("a + b"), CODEC, {"set": [sample("a + b"), sample("a - b + c")], "none": []}, CPU)
    assert set(result.figures) == {"set"}
    figures = result.figures["set"]
    assert figures["exprate"] == 0.5
    assert figures["wer"] == pytest.approx(3 / 8)  # one replaced and two left out, of eight tokens
    assert figures["cer"] == pytest.approx(5 / 14)  # the same, and the blanks before the two, of 5 + 9 characters
    assert figures["character_accuracy"] == pytest.approx(9 / 14)
    assert figures["loss"] == pytest.approx(math.log(len(TOKENIZER)))


def test_flat_names_are_those_of_the_curves() -> None:
    flat = Validation({"a": {"exprate": 1.0}, "b": {"exprate": 0.0}}).flat()
    assert flat == {"valid/a/exprate": 1.0, "valid/b/exprate": 0.0}


def test_the_score_ranks_models_by_the_loss_of_all_sets() -> None:
    better = Validation({"a": {"exprate": 0.4, "loss": 0.2}, "b": {"exprate": 0.4, "loss": 0.3}})
    worse = Validation({"a": {"exprate": 0.5, "loss": 0.1}, "b": {"exprate": 0.5, "loss": 0.5}})
    assert better.score > worse.score


def test_the_score_of_nothing_is_zero() -> None:
    assert Validation({}).score == 0.0


def test_the_decoder_is_given_each_label_a_step_late() -> None:
    inputs, labels = targets(Reader("a"), CODEC, [sample("a + b"), sample("c")], CPU)
    a, plus, b, c = TOKENIZER.encode(["a", "+", "b", "c"])[1:-1]
    end, start, pad = TOKENIZER.eos_id, TOKENIZER.bos_id, TOKENIZER.pad_id
    assert labels.tolist() == [[a, plus, b, end], [c, end, IGNORED, IGNORED]]
    assert inputs.tolist() == [[start, a, plus, b], [start, c, end, pad]]
