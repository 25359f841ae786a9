"""The rules of the label language, told forwards: what may be written next, and what that makes still to be written.

A formula in the making is a stack of symbols. The topmost says which tokens may come next; the chosen one replaces it
by other symbols. The parser of `scanpage.latex` defines the language; here are its rules for a writer, and LaTeX's own:

- braces around every argument; subscript before superscript, each once, neither without something to stand at;
- braces around a group only where a script needs them: around nothing, or around what ends in such a script itself;
  a blank stands outside of words only to carry a script;
- an alphabet holds one sign that its font has, or one construction; `\\mathrm` holds a word of them;
- accents stand on something, and amsmath's on no others but directly; they and what else LaTeX sets several times over
  are four deep at most; nothing nests too deeply;
- `\\left` and `\\right` come in pairs, with something between them and at most one dot for a delimiter;
- rows and last cells are not empty, save for rows between others; `&` as often as the environment has columns;
- what cannot be bold is not written inside `\\boldsymbol`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum

from recognizer.grammar_symbols import CLOSE, OPEN, Choice, Delimiter, Nucleus, Symbol
from recognizer.grammar_words import WIDE_HATS, Context, Words
from scanpage.latex_atoms import MOST_COLUMNS
from scanpage.latex_symbols import ACCENTS, ALPHABETS, HAS_BOLD, HATS

COMPLETE = ("\\mathrm", "\\mathbf", "\\boldsymbol")
"""Alphabets that lack nothing, so that there may be anything between delimiters that turn out not to grow."""

ENVIRONMENTS = ("matrix", "cases", "aligned")


@dataclass(frozen=True, slots=True)
class Radicand(Symbol):
    """What begins behind `\\sqrt`: its argument, or its index."""

    context: Context

    def choices(self, words: Words) -> Iterator[Choice]:
        yield words["{"], (Run(Kind.ARGUMENT, self.context.deeper()),)
        if self.context.takes_accents:
            index = Run(Kind.INDEX, self.context.deeper(index=True))
            yield words["["], (index, OPEN, Run(Kind.ARGUMENT, self.context.deeper(repeats=1)))

    def least(self) -> int:
        return 2


@dataclass(frozen=True, slots=True)
class Fence(Symbol):
    """What begins behind `\\left`: two delimiters around something, of which one may be but a dot."""

    context: Context

    def choices(self, words: Words) -> Iterator[Choice]:
        body = Run(Kind.FENCED, self.context.deeper())
        yield words.delimiters(self.context), (body, Delimiter(self.context, dot=True))
        yield words["."], (body, Delimiter(self.context, dot=False))

    def least(self) -> int:
        return 4


def fences(words: Words, context: Context) -> Iterator[Choice]:
    """Delimiters that grow; choices end behind them."""
    if context.nests:
        yield words.of(["\\left"], context), (Fence(context),)


def constructions(words: Words, context: Context) -> Iterator[Choice]:
    """What else takes arguments or encloses something, alphabets left out."""
    if not context.nests:
        return
    inner = context.deeper()
    argument = (OPEN, Run(Kind.ARGUMENT, inner))
    yield words.of(["\\frac", "\\binom"], context), argument * 2
    yield words.of(["\\sqrt"], context), (Radicand(context),)
    for environment in ENVIRONMENTS:
        cell = Run(Kind.CELL, inner, cell=Cell(environment))
        yield words.of([f"\\begin{{{environment}}}"], context), (cell,)
    yield from accents(words, context)
    if context.takes_accents:
        repeated = (OPEN, Run(Kind.ARGUMENT, context.deeper(repeats=1)))
        yield words.of(["\\overset", "\\underset"], context), (*argument, *repeated)
        yield words.of(["\\xrightarrow"], context), repeated
        others = ACCENTS - HATS - WIDE_HATS - {"\\xrightarrow"}
        yield words.of(others, context), (OPEN, Run(Kind.BODY, context.deeper(repeats=1)))


def accents(words: Words, context: Context) -> Iterator[Choice]:
    """What is an accent to TeX."""
    if context.nests and context.takes_accents:
        yield words.of(HATS, context), (OPEN, Run(Kind.HATTED, context.deeper(repeats=1, hatted=True)))
        yield words.of(WIDE_HATS, context), (OPEN, Run(Kind.BODY, context.deeper(repeats=1)))


def alphabets(words: Words, context: Context) -> Iterator[Choice]:
    """Each alphabet with what it holds."""
    if not context.nests:
        return
    for alphabet in sorted(ALPHABETS):
        if context.admits(alphabet):
            yield words[alphabet], (OPEN, Styled(alphabet, context.deeper(bold=alphabet == "\\boldsymbol")))


@dataclass(frozen=True, slots=True)
class Styled(Symbol):
    """What stands in the braces of an alphabet, with the closing one; `begun` where a word has letters already."""

    alphabet: str
    context: Context
    begun: bool = False

    def choices(self, words: Words) -> Iterator[Choice]:
        # Every alphabet but that of words ends behind the first thing in it.
        word = self.alphabet == "\\mathrm"
        then: Symbol = replace(self, begun=True) if word else CLOSE
        yield words.letters(self.alphabet, self.context), (then,)
        for found in (constructions, fences) if self.alphabet in COMPLETE else (constructions,):
            for tokens, symbols in found(words, self.context):
                yield tokens, (*symbols, then)
        if self.alphabet == "\\boldsymbol" and self.context.nests:
            for alphabet in sorted(HAS_BOLD):
                yield words[alphabet], (OPEN, Styled(alphabet, self.context.deeper()), then)
        if self.begun:
            yield words["~"], (self,)
            yield words["}"], ()

    def least(self) -> int:
        return 1 if self.begun else 2


class Kind(Enum):
    """What a sequence is, and so what closes it and whether it may be empty."""

    FORMULA = "formula"
    ARGUMENT = "argument"
    """In braces; may be empty."""
    BODY = "body"
    """In braces, of a script or an accent; may not."""
    HATTED = "hatted"
    """Under one of `HATS`."""
    GROUP = "group"
    """In braces that keep its last script apart from one behind them."""
    ACCENT = "accent"
    """A group that is but an accent so far: if it ended here, TeX would take it for the accent itself."""
    INDEX = "index"
    FENCED = "fenced"
    CELL = "cell"


class Last(Enum):
    """What a sequence ends in so far."""

    NOTHING = "nothing"
    BARE = "bare"
    SUB = "sub"
    """Something with a subscript; the next three likewise."""
    SUP = "sup"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Cell:
    """Where one stands."""

    environment: str
    column: int = 0
    first_row: bool = True


@dataclass(frozen=True, slots=True)
class Run(Symbol):
    """A sequence, with the token that closes it.

    Attributes:
        cell: where it is one, which.
        outer: where it is a group, the sequence that it stands in.
    """

    kind: Kind
    context: Context
    last: Last = Last.NOTHING
    cell: Cell | None = None
    outer: Run | None = None

    def choices(self, words: Words) -> Iterator[Choice]:
        bare = replace(self, last=Last.BARE, kind=Kind.GROUP if self.kind is Kind.ACCENT else self.kind)
        yield words.signs(self.context), (bare,)
        for found in (constructions, alphabets, fences):
            for tokens, symbols in found(words, self.context):
                yield tokens, (*symbols, bare)
        if self.kind is Kind.GROUP and self.last is Last.NOTHING:
            for tokens, symbols in accents(words, self.context):
                yield tokens, (*symbols, replace(bare, kind=Kind.ACCENT))
            # An accent in an alphabet is one for TeX, too.
            for tokens, symbols in alphabets(words, replace(self.context, hatted=True)):
                yield tokens, (*symbols, bare)
        if self.kind is Kind.HATTED and self.last is Last.NOTHING and self.context.takes_accents:
            yield words.of(HATS), (OPEN, Nucleus(self.context.deeper(repeats=1)), CLOSE)
            yield words.of(WIDE_HATS), (OPEN, Run(Kind.BODY, self.context.deeper(repeats=1)), bare)
        if self.context.nests:
            if self.context.deeper().nests:  # there is a script in a group
                # A group of but a group is an accent for TeX where the inner one is.
                first = self.kind is Kind.GROUP and self.last is Last.NOTHING
                yield words["{"], (Run(Kind.GROUP, self.context.deeper(hatted=first), outer=bare),)
            if self.context.admits("~"):
                yield words["~"], (Shut(bare, only_sup=False),)
            yield from self.scripts(words)
        yield from self._closing(words)

    def ending(self, last: Last) -> Run:
        return replace(self, last=last)

    def scripts(self, words: Words) -> Iterator[Choice]:
        """Those that what it ends in may still get."""
        script = (OPEN, Run(Kind.BODY, self.context.deeper()))
        if self.last is Last.BARE:
            yield words["_"], (*script, self.ending(Last.SUB))
        if self.last in (Last.BARE, Last.SUB):
            yield words["^"], (*script, self.ending(Last.SUP if self.last is Last.BARE else Last.BOTH))

    def _closing(self, words: Words) -> Iterator[Choice]:
        empty = self.last is Last.NOTHING
        if self.kind is Kind.ARGUMENT or (self.kind in (Kind.BODY, Kind.HATTED) and not empty):
            yield words["}"], ()
        elif self.outer is not None:
            if self.last is not Last.BARE and self.kind is not Kind.ACCENT:
                yield words["}"], (Shut(self.outer, only_sup=self.last is Last.SUP),)
        elif self.cell is not None:
            yield from self._next_cells(words, self.cell)
        elif not empty and self.kind is Kind.FORMULA:
            yield words.end, ()
        elif not empty and self.kind is Kind.INDEX:
            yield words["]"], ()
        elif not empty and self.kind is Kind.FENCED:
            yield words["\\right"], ()

    def _next_cells(self, words: Words, cell: Cell) -> Iterator[Choice]:
        empty = self.last is Last.NOTHING
        if cell.column + 1 < MOST_COLUMNS.get(cell.environment, MAX_ALIGNED):
            yield words["&"], (self._at(replace(cell, column=cell.column + 1)),)
        if not empty or cell.column == 0:
            yield words["\\\\"], (self._at(Cell(cell.environment, 0, False)),)
        # What is aligned in one row is not aligned.
        if not empty and not (cell.first_row and cell.environment == "aligned"):
            yield words[f"\\end{{{cell.environment}}}"], ()

    def _at(self, cell: Cell) -> Run:
        return replace(self, last=Last.NOTHING, cell=cell)

    def least(self) -> int:
        sign = int(self.last is Last.NOTHING)
        if self.kind is Kind.ARGUMENT:
            return 1
        if self.outer is not None:
            return self._least_of_group(self.outer)
        if self.cell is not None and self.cell.environment == "aligned" and self.cell.first_row:
            return 3 + (sign if self.cell.column else 0)
        return 1 + sign

    def _least_of_group(self, outer: Run) -> int:
        if self.kind is Kind.ACCENT:
            # Something else has to follow, with a script.
            return 1 + SCRIPT + 1 + Shut(outer, only_sup=False).least()
        return (SCRIPT if self.last is Last.BARE else 0) + 1 + Shut(outer, self.last is Last.SUP).least()


SCRIPT, MAX_ALIGNED = 4, 20
"""Tokens of the shortest; columns, for which amsmath sets no limit."""


@dataclass(frozen=True, slots=True)
class Shut(Symbol):
    """The first script behind a group or a blank in `outer`, which would not be there without it."""

    outer: Run
    only_sup: bool

    def choices(self, words: Words) -> Iterator[Choice]:
        for tokens, symbols in self.outer.ending(Last.BARE).scripts(words):
            if not self.only_sup or tokens[0] == words["^"][0]:
                yield tokens, symbols

    def least(self) -> int:
        return SCRIPT + self.outer.ending(Last.SUP if self.only_sup else Last.SUB).least()
