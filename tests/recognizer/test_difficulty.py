"""Formulas with tokens that the model does not know yet are drawn more often."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from recognizer.config import ImageConfig, TrainConfig
from recognizer.dataset import SampleStream, Source
from recognizer.difficulty import KNOWN, MOST, UNSEEN, Difficulty
from recognizer.tokenizer import LatexTokenizer
from synth.paint import Painted

TOKENIZER = LatexTokenizer(["\\sin", "\\sinh", "x"])
LABELS = [("\\sin", "x"), ("\\sinh", "x"), ("x",)]


def learned(tokens: dict[str, float]) -> Difficulty:
    """With the end token known, and a loss for each of `tokens`, met often."""
    difficulty = Difficulty(TOKENIZER)
    for token, loss in tokens.items():
        [number] = TOKENIZER.encode([token])[1:-1]
        difficulty.update(torch.full((1000,), number), torch.full((1000,), loss))
    difficulty.update(torch.full((1000,), TOKENIZER.eos_id), torch.zeros(1000))
    return difficulty


def test_a_formula_is_drawn_as_often_as_its_least_known_token_asks() -> None:
    difficulty = learned({"\\sin": 0.1, "x": 0.01, "\\sinh": 2.5 * KNOWN})
    assert difficulty.factors(*difficulty.index(LABELS)) == pytest.approx([1.0, 2.5, 1.0])


def test_what_is_never_learned_is_not_drawn_without_end() -> None:
    difficulty = learned({"\\sin": 0.1, "x": 0.01, "\\sinh": 1000.0})
    assert difficulty.factors(*difficulty.index(LABELS)) == pytest.approx([1.0, MOST, 1.0])


def test_tokens_not_met_yet_count_as_little_known() -> None:
    difficulty = learned({"\\sin": 0.1, "x": 0.01})
    assert difficulty.factors(*difficulty.index(LABELS)) == pytest.approx([1.0, UNSEEN / KNOWN, 1.0])


def test_the_mean_forgets() -> None:
    difficulty = learned({"x": 3.0})
    [number] = TOKENIZER.encode(["x"])[1:-1]
    difficulty.update(torch.tensor([number]), torch.tensor([0.0]))
    assert 2.0 < difficulty.losses[number] < 3.0
    for _ in range(50):
        difficulty.update(torch.full((5,), number), torch.zeros(5))
    assert difficulty.losses[number] < 0.05


def test_one_batch_counts_as_its_tokens_one_by_one() -> None:
    [number] = TOKENIZER.encode(["x"])[1:-1]
    together, one_by_one = Difficulty(TOKENIZER), Difficulty(TOKENIZER)
    together.update(torch.full((7,), number), torch.full((7,), 0.2))
    for _ in range(7):
        one_by_one.update(torch.tensor([number]), torch.tensor([0.2]))
    torch.testing.assert_close(together.losses, one_by_one.losses)


@pytest.mark.parametrize(("known", "expected"), [(True, 1 / 3), (False, MOST / (MOST + 2))])
def test_the_stream_draws_by_it(known: bool, expected: float) -> None:
    drawn: list[int] = []

    def paint(i: int, rng: np.random.Generator) -> Painted:
        drawn.append(i)
        return Painted(np.full((20, 20), 255, np.uint8), (), 15.0)

    source = Source(LABELS, paint, by_hand=False, share=1.0)
    difficulty = learned({"\\sin": 0.1, "x": 0.1, "\\sinh": 0.1 if known else 100.0})
    stream = iter(SampleStream([source], SimpleNamespace(value=9), TrainConfig(), ImageConfig(), difficulty))
    while len(drawn) < 1000:
        next(stream)
    share = Counter(drawn)[1] / len(drawn)
    assert abs(share - expected) < 0.06
