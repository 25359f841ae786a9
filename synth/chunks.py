"""A stretch of a list of formulas to layouts: normalised, sorted out, set in families and styles drawn for each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from scanpage.errors import UsageError
from scanpage.latex import Refusal, normalise
from synth.faithful import prints_in, source_of
from synth.layout import Failure, Layout, Typesetting
from synth.shards import Shard
from synth.typeset import FontFamily, typeset

CHUNK = 5000
"""Formulas that are set together: enough that starting TeX for each family costs little."""

MIXED_FAMILIES: tuple[tuple[FontFamily, float], ...] = (
    (FontFamily.COMPUTER_MODERN, 0.66),
    (FontFamily.TIMES, 0.06),
    (FontFamily.TIMES_TX, 0.06),
    (FontFamily.PALATINO, 0.06),
    (FontFamily.PALATINO_PX, 0.06),
    (FontFamily.EULER, 0.03),
    (FontFamily.UTOPIA, 0.04),
    (FontFamily.CHARTER, 0.03),
)
"""What papers and books look like: mostly Computer Modern."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which formulas to keep, and how to set them.

    Attributes:
        families: font families and their shares; the first also sets what another cannot show unmistakably.
        display: share of formulas set in display style.
        min_tokens, max_tokens: bounds of the canonical length.
        limit: stop after so many layouts; None for all.
        exclude: canonical labels to leave out (of a test set).
    """

    families: tuple[tuple[FontFamily, float], ...] = ((FontFamily.COMPUTER_MODERN, 1.0),)
    display: float = 1.0
    min_tokens: int = 1
    max_tokens: int = 200
    limit: int | None = None
    exclude: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        shares = [share for _, share in self.families]
        if not all(math.isfinite(share) and share >= 0 for share in shares) or not sum(shares) > 0:
            raise UsageError("shares of font families are not negative, and one at least is more")
        if not 0 <= self.display <= 1:
            raise UsageError(f"the share of formulas in display style is between 0 and 1, not {self.display}")
        if self.min_tokens > self.max_tokens or (self.limit is not None and self.limit < 1):
            raise UsageError("these bounds leave no formula; allow longer or more ones")


@dataclass(frozen=True, slots=True)
class Chunk:
    """What became of the formulas `start`, `start` + 1, … of a list.

    Attributes:
        formulas: how many there were.
        shard: the layouts of those that could be set, in order; doublets among them.
        dropped: how many others fell to each reason.
    """

    start: int
    formulas: int
    shard: Shard
    dropped: Counter[str]


def cut(formulas: Iterable[str], start: int = 0) -> Iterator[tuple[int, list[str]]]:
    """Stretches of a list, each with the place of its first formula; the list's first is at `start`."""
    iterator = iter(formulas)
    while chunk := list(islice(iterator, CHUNK)):
        yield start, chunk
        start += len(chunk)


def set_chunk(start: int, formulas: Sequence[str], wanted: Wanted, seed: int) -> Chunk:
    """Sets formulas; whichever process does it, the same start, formulas and seed make the same layouts.

    `wanted.limit` and `wanted.exclude` are left to those who see all chunks.
    """
    dropped: Counter[str] = Counter()
    labels: dict[int, list[str]] = {}
    for i, formula in enumerate(formulas):
        tokens = _canonical(formula, wanted, dropped)
        if tokens:
            labels[i] = tokens
    families, display = _draw(start, len(formulas), wanted, seed)
    layouts: dict[int, Layout] = {}
    first = wanted.families[0][0]
    drawn = {i: families[i] if prints_in(tokens, families[i]) else first for i, tokens in labels.items()}
    for family, _ in wanted.families:
        chosen = [i for i in labels if drawn[i] is family]
        sources = [source_of(labels[i]) or "" for i in chosen]
        for i, result in zip(
            chosen, typeset(sources, family=family, display=[display[i] for i in chosen]), strict=True
        ):
            if isinstance(result, Failure):
                dropped[f"typeset: {result.reason}"] += 1
            else:
                how = Typesetting(family.name.lower(), display[i])
                layouts[i] = replace(result, latex=" ".join(labels[i]), source=formulas[i], typesetting=how)
    return Chunk(start, len(formulas), Shard.of(layouts[i] for i in sorted(layouts)), dropped)


def _draw(start: int, count: int, wanted: Wanted, seed: int) -> tuple[list[FontFamily], list[bool]]:
    """The family of each formula, and whether it is in display style."""
    rng = np.random.default_rng([seed, start])
    shares = np.array([share for _, share in wanted.families])
    lots = rng.choice(len(shares), size=count, p=shares / shares.sum())
    styles: list[bool] = (rng.random(count) < wanted.display).tolist()
    return [wanted.families[lot][0] for lot in lots.tolist()], styles


def _canonical(formula: str, wanted: Wanted, dropped: Counter[str]) -> list[str]:
    """Tokens of a formula that is wanted; else none, and the reason is counted."""
    try:
        tokens = normalise(formula)
    except Refusal as refusal:
        dropped[f"refused: {refusal}"] += 1
        return []
    if not wanted.min_tokens <= len(tokens) <= wanted.max_tokens:
        dropped["length"] += 1
    elif source_of(tokens) is None:
        dropped["letter missing from its alphabet"] += 1
    else:
        return tokens
    return []
