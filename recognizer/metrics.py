"""How well formulas were read: every figure is counted on canonical tokens, each class on one kind of figure.

`update` takes in one reading, `summary` gives the figures so far. Needs the extra `train` (sacrebleu, jiwer).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

from scanpage.latex import Refusal, normalise, tokenize


class Metric(Protocol):
    """Figures over many readings."""

    def update(self, prediction: Sequence[str], label: Sequence[str]) -> None:
        """Take in the canonical tokens of a reading and of the truth."""

    def summary(self) -> dict[str, float]:
        """The figures by name; empty before the first update."""


def canonical(latex: str) -> list[str]:
    """Canonical tokens of `latex`, or its plain tokens where the label language refuses it."""
    try:
        return normalise(latex)
    except Refusal:
        return tokenize(latex)


def levenshtein(first: Sequence[str], second: Sequence[str]) -> int:
    """Fewest insertions, deletions and replacements that make `second` of `first`."""
    row = list(range(len(second) + 1))
    for i, a in enumerate(first, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(second, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]


class ExpressionRate:
    """Shares of formulas read exactly, and with at most one or two token errors (CROHME's ExpRate)."""

    def __init__(self) -> None:
        self._errors: list[int] = []

    def update(self, prediction: Sequence[str], label: Sequence[str]) -> None:
        self._errors.append(levenshtein(prediction, label))

    def summary(self) -> dict[str, float]:
        if not self._errors:
            return {}
        names = {"exact_match": 0, "within_1": 1, "within_2": 2}
        return {name: sum(e <= most for e in self._errors) / len(self._errors) for name, most in names.items()}


class EditDistance:
    """Mean over formulas of the token edit distance over the longer one's length: 0 is perfect, 1 is the worst."""

    def __init__(self) -> None:
        self._shares: list[float] = []

    def update(self, prediction: Sequence[str], label: Sequence[str]) -> None:
        self._shares.append(levenshtein(prediction, label) / max(len(prediction), len(label), 1))

    def summary(self) -> dict[str, float]:
        return {"edit_distance": sum(self._shares) / len(self._shares)} if self._shares else {}


class _Texts:
    """Readings and labels as tokens joined by blanks, for what counts over all of them at once."""

    def __init__(self) -> None:
        self._predictions: list[str] = []
        self._labels: list[str] = []

    def update(self, prediction: Sequence[str], label: Sequence[str]) -> None:
        self._predictions.append(" ".join(prediction))
        self._labels.append(" ".join(label))


class Bleu(_Texts):
    """Corpus BLEU-4 over tokens, 0 to 100 (Papineni et al. 2002), as sacrebleu counts it without tokenising again."""

    def summary(self) -> dict[str, float]:
        if not self._labels:
            return {}
        from sacrebleu import corpus_bleu

        # "none" splits at blanks only; forced, since formulas look as if they were tokenised.
        return {"bleu4": corpus_bleu(self._predictions, [self._labels], tokenize="none", force=True).score}


class WordErrors(_Texts):
    """Word error rate (a token is a word) and character error rate over all formulas, and character accuracy.

    Characters are those of the tokens joined by blanks. Rates can exceed 1; the accuracy stops at 0.
    """

    def summary(self) -> dict[str, float]:
        if not self._labels:
            return {}
        from jiwer import cer, wer

        characters = float(cer(self._labels, self._predictions))
        return {
            "cer": characters,
            "wer": float(wer(self._labels, self._predictions)),
            "character_accuracy": max(0.0, 1.0 - characters),
        }


class Perplexity:
    """exp of the mean negative log-probability of the label's tokens (natural logarithms)."""

    def __init__(self) -> None:
        self._total = 0.0
        self._count = 0

    def add(self, log_probabilities: Sequence[float]) -> None:
        """Take in the log-probability of each token of a label, the end token's included."""
        self._total += sum(log_probabilities)
        self._count += len(log_probabilities)

    def summary(self) -> dict[str, float]:
        return {"perplexity": math.exp(-self._total / self._count)} if self._count else {}


class Metrics:
    """All of the above that readings and labels suffice for."""

    def __init__(self) -> None:
        self._parts: tuple[Metric, ...] = (ExpressionRate(), EditDistance(), Bleu(), WordErrors())

    def update(self, prediction: Sequence[str], label: Sequence[str]) -> None:
        for part in self._parts:
            part.update(prediction, label)

    def summary(self) -> dict[str, float]:
        return {name: value for part in self._parts for name, value in part.summary().items()}
