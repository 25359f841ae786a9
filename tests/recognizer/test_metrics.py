"""Metrics against cases counted by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.metrics import EditDistance, ExpressionRate, Metrics, Perplexity, canonical, levenshtein

words = st.lists(st.sampled_from("abc"), max_size=8)


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ("", "", 0),
        ("abc", "abc", 0),
        ("", "abc", 3),  # all inserted
        ("abc", "", 3),  # all deleted
        ("abc", "axc", 1),  # one replaced
        ("abc", "bca", 2),  # moved: deleted here, inserted there
        ("kitten", "sitting", 3),
    ],
)
def test_levenshtein_counts_the_fewest_edits(first: str, second: str, distance: int) -> None:
    assert levenshtein(first, second) == distance


@given(words, words, words)
def test_levenshtein_is_a_distance(a: list[str], b: list[str], c: list[str]) -> None:
    assert levenshtein(a, b) == levenshtein(b, a)
    assert (levenshtein(a, b) == 0) == (a == b)
    assert levenshtein(a, c) <= levenshtein(a, b) + levenshtein(b, c)


def test_expression_rates_count_formulas_by_their_errors() -> None:
    metric = ExpressionRate()
    for prediction in ("x + y", "x - y", "y - x", "a b c"):  # 0, 1, 3 and 3 errors
        metric.update(prediction.split(), ["x", "+", "y"])
    assert metric.summary() == {"exact_match": 0.25, "within_1": 0.5, "within_2": 0.5}


def test_edit_distance_is_over_the_longer_of_both() -> None:
    metric = EditDistance()
    metric.update(["x"], ["x", "y"])  # 1 / 2
    metric.update([], ["x"])  # 1 / 1
    metric.update([], [])  # nothing to do
    assert metric.summary()["edit_distance"] == pytest.approx(0.5)


def test_perplexity_is_the_inverse_of_the_mean_probability() -> None:
    metric = Perplexity()
    metric.add([math.log(0.5), math.log(0.25)])
    metric.add([math.log(0.125)])
    assert metric.summary()["perplexity"] == pytest.approx(4.0)


def test_metrics_without_readings_say_nothing() -> None:
    assert Metrics().summary() == {}
    assert Perplexity().summary() == {}


def test_perfect_readings_have_perfect_figures() -> None:
    pytest.importorskip("sacrebleu")
    pytest.importorskip("jiwer")
    metrics = Metrics()
    for _ in range(3):
        metrics.update(["a", "+", "b", "=", "c"], ["a", "+", "b", "=", "c"])
    summary = metrics.summary()
    assert summary.pop("bleu4") == pytest.approx(100.0)
    assert summary == {
        "exact_match": 1.0, "within_1": 1.0, "within_2": 1.0, "edit_distance": 0.0, "cer": 0.0, "wer": 0.0,
        "character_accuracy": 1.0,
    }  # fmt: skip


def test_error_rates_and_bleu_of_a_case_counted_by_hand() -> None:
    pytest.importorskip("sacrebleu")
    pytest.importorskip("jiwer")
    metrics = Metrics()
    metrics.update(["a", "+", "b", "=", "d", "e"], ["a", "+", "b", "=", "c", "e"])
    summary = metrics.summary()
    assert summary["wer"] == pytest.approx(1 / 6)
    assert summary["cer"] == pytest.approx(1 / 11)  # six signs and five blanks
    assert summary["character_accuracy"] == pytest.approx(10 / 11)
    # 5 of 6 words, 3 of 5 pairs, 2 of 4 triples, 1 of 3 quadruples; no brevity penalty.
    assert summary["bleu4"] == pytest.approx(100 * (5 / 6 * 3 / 5 * 2 / 4 * 1 / 3) ** 0.25)


def test_empty_readings_count_in_full() -> None:
    pytest.importorskip("sacrebleu")
    pytest.importorskip("jiwer")
    metrics = Metrics()
    metrics.update([], ["x", "y"])
    summary = metrics.summary()
    assert (summary["wer"], summary["cer"], summary["bleu4"], summary["exact_match"]) == (1.0, 1.0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("latex", "tokens"),
    [("x^2", ["x", "^", "{", "2", "}"]), (r"\foo x", [r"\foo", "x"])],  # refused, so only split
)
def test_canonical_splits_what_the_label_language_refuses(latex: str, tokens: list[str]) -> None:
    assert canonical(latex) == tokens
