"""What stands on the stack of a formula in the making, and the simplest of it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass

from recognizer.grammar_words import Context, Numbers, Words
from scanpage.latex_symbols import ALPHABETS, HATS

Choice = tuple[Numbers, tuple["Symbol", ...]]
"""Tokens, by number, and the symbols, first to be fulfilled first, that take the place of the topmost symbol."""


class Symbol(ABC):
    """Something still to be written."""

    __slots__ = ()

    @abstractmethod
    def choices(self, words: Words) -> Iterator[Choice]:
        """The tokens that it may go on with; where one comes twice, what is said last holds."""

    @abstractmethod
    def least(self) -> int:
        """The fewest tokens that fulfil it."""


@dataclass(frozen=True, slots=True)
class Fixed(Symbol):
    """One certain token."""

    token: str

    def choices(self, words: Words) -> Iterator[Choice]:
        yield words[self.token], ()

    def least(self) -> int:
        return 1


OPEN, CLOSE = Fixed("{"), Fixed("}")


@dataclass(frozen=True, slots=True)
class Delimiter(Symbol):
    """What `\\left` or `\\right` stretches; may be the dot for none."""

    context: Context
    dot: bool

    def choices(self, words: Words) -> Iterator[Choice]:
        yield words.delimiters(self.context), ()
        if self.dot:
            yield words["."], ()

    def least(self) -> int:
        return 1


@dataclass(frozen=True, slots=True)
class Letter(Symbol):
    """One sign in an alphabet, without braces."""

    alphabet: str
    context: Context

    def choices(self, words: Words) -> Iterator[Choice]:
        yield words.letters(self.alphabet, self.context), ()

    def least(self) -> int:
        return 1


@dataclass(frozen=True, slots=True)
class Nucleus(Symbol):
    """What may be under two of `HATS`, with the closing brace: one sign or letter, or a third of them."""

    context: Context

    def choices(self, words: Words) -> Iterator[Choice]:
        yield words.signs(self.context), (CLOSE,)
        for alphabet in sorted(ALPHABETS):
            if self.context.admits(alphabet):
                yield words[alphabet], (OPEN, Letter(alphabet, self.context), CLOSE, CLOSE)
        if self.context.takes_accents:
            yield words.of(HATS), (OPEN, Nucleus(self.context.deeper(repeats=1)), CLOSE)

    def least(self) -> int:
        return 2
