"""What tokens may be in the grammar of a recognizer's vocabulary, and where they may."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scanpage.latex import repair
from scanpage.latex_parser import MAX_REPEATS
from scanpage.latex_symbols import ACCENTS, ALPHABETS, DELIMITERS, HATS, NEVER_BOLD, TWO_ARGUMENTS

Numbers = NDArray[np.intp]

_RELATIONS = ("<", ">")
"""No delimiters: `\\langle` and `\\rangle` are."""

WIDE_HATS = frozenset(("\\widehat", "\\widetilde"))
"""Accents that are such to TeX, but not to amsmath."""

NEVER_INDEX = (
    ACCENTS
    | (TWO_ARGUMENTS - {"\\frac"})
    | {"]", "\\sqrt", "\\left", "\\begin{matrix}", "\\begin{cases}", "\\begin{aligned}"}
)
"""What LaTeX does not always find its way through in an optional argument."""

MAX_DEPTH = 39
"""One level less than the parser takes: `to_latex` may add a group."""


@dataclass(frozen=True, slots=True)
class Context:
    """What holds for all that is nested in something.

    Attributes:
        depth: how many sequences are open.
        repeats: how many accents are, and other things that LaTeX sets several times over.
        bold: whether it is an argument of `\\boldsymbol`.
        index: whether it is the index of a root, which LaTeX looks for up to the first bracket.
        hatted: whether one of `HATS` is over it, and so no other may be.
    """

    depth: int = 1
    repeats: int = 0
    bold: bool = False
    index: bool = False
    hatted: bool = False

    def deeper(self, *, repeats: int = 0, bold: bool = False, index: bool = False, hatted: bool = False) -> Context:
        return Context(
            self.depth + 1, self.repeats + repeats, self.bold or bold, self.index or index, self.hatted or hatted
        )

    @property
    def nests(self) -> bool:
        """Whether something else may be nested in it."""
        return self.depth < MAX_DEPTH

    @property
    def takes_accents(self) -> bool:
        """Whether there may be another accent, or another thing that LaTeX sets several times over."""
        return self.repeats < MAX_REPEATS

    def admits(self, token: str) -> bool:
        return not (
            (self.bold and token in NEVER_BOLD)
            or (self.index and token in NEVER_INDEX)
            or (self.hatted and (token in HATS or token in WIDE_HATS))
        )


class Words:
    """A vocabulary by the parts that its tokens play.

    Args:
        tokens: what each number stands for; what the label language lacks plays no part.
        end: the number that ends a formula.
    """

    def __init__(self, tokens: Sequence[str], end: int) -> None:
        self.end = np.array([end], np.intp)
        self._numbers = {token: i for i, token in enumerate(tokens)}
        # The label language's own parser says what stands by itself, and what an alphabet takes.
        self._signs = [token for token in tokens if repair([token]) == [token]]
        self._letters = {alphabet: self._styled(alphabet) for alphabet in ALPHABETS}
        self._delimiters = sorted(DELIMITERS.difference(_RELATIONS))

    def _styled(self, alphabet: str) -> list[str]:
        candidates = self._signs if alphabet == "\\boldsymbol" else [sign for sign in self._signs if sign.isalnum()]
        return [s for s in candidates if (taken := [alphabet, "{", s, "}"]) == repair(taken)]

    def __getitem__(self, token: str) -> Numbers:
        return self.of([token])

    def of(self, tokens: Iterable[str], context: Context | None = None) -> Numbers:
        """Numbers of those tokens that the vocabulary has and the context admits."""
        known = [token for token in tokens if token in self._numbers and (context is None or context.admits(token))]
        return np.array([self._numbers[token] for token in known], np.intp)

    def signs(self, context: Context) -> Numbers:
        """What stands by itself and takes no argument."""
        return self.of(self._signs, context)

    def delimiters(self, context: Context) -> Numbers:
        """What `\\left` and `\\right` stretch."""
        return self.of(self._delimiters, context)

    def letters(self, alphabet: str, context: Context) -> Numbers:
        """Signs that are set in the alphabet."""
        return self.of(self._letters[alphabet], context)
