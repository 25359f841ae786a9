"""One label language: from wild LaTeX to canonical tokens, and from any token list to one that compiles.

Canonical LaTeX has one spelling for each picture: braces around every argument, subscript before superscript, one name
for each symbol, no size or style commands, no spaces but `\\quad` and (in upright text) `~`. A delimiter pair is
`\\left … \\right` exactly where it encloses something tall, and brackets around something tall are such a pair, told
so or not; matrices are `matrix` between delimiters, and several lines one `aligned`.

`normalise` is strict: it refuses what it does not know. `repair` is lenient and total: it makes compilable LaTeX of
whatever tokens a model wrote. Both are one recursive-descent parser: `latex_source` splits source into tokens,
`latex_reader` reads sequences of them, `latex_tables` environments and `latex_parser` single commands, after the tables
of `latex_symbols`; `latex_atoms` holds the rules of spelling, and `latex_accents` what LaTeX makes of accents.
"""

from __future__ import annotations

from collections.abc import Iterable

from scanpage.latex_parser import Parser
from scanpage.latex_reader import Refusal
from scanpage.latex_source import tokenize, unwrapped
from scanpage.latex_symbols import (
    ACCENTS,
    ALPHABETS,
    BIG_OPERATORS,
    CHARACTERS,
    DELIMITERS,
    FUNCTIONS,
    SYMBOLS,
    TALL,
    TWO_ARGUMENTS,
)

__all__ = ["Refusal", "is_tall", "normalise", "repair", "to_latex", "tokenize", "vocabulary"]


def vocabulary() -> list[str]:
    """All canonical tokens, in a fixed order."""
    structure = ["{", "}", "^", "_", "&", "~", "\\\\", "\\left", "\\right", "\\quad", "\\sqrt", "\\prime", "."]
    environments = [f"\\{side}{{{name}}}" for name in ("matrix", "cases", "aligned") for side in ("begin", "end")]
    groups = (CHARACTERS, SYMBOLS, BIG_OPERATORS, FUNCTIONS, ACCENTS, ALPHABETS, TWO_ARGUMENTS, DELIMITERS)
    return list(dict.fromkeys(structure + environments + [token for group in groups for token in sorted(group)]))


def normalise(latex: str) -> list[str]:
    """Canonical tokens of `latex`; lines parted by `\\\\` at top level become one `aligned`.

    Raises:
        Refusal: an unknown command, unbalanced braces, or another thing that the label language leaves out. Nothing
            else, whatever the string.
    """
    tokens = Parser(tokenize(unwrapped(latex)), lenient=False).formula()
    if not tokens:
        raise Refusal("nothing is left to read")
    return tokens


def repair(tokens: Iterable[str]) -> list[str]:
    """The nearest compilable token list; canonical tokens come back unchanged. Never raises; may be empty."""
    return Parser(tokens, lenient=True).formula()


def to_latex(tokens: Iterable[str]) -> str:
    """LaTeX source of canonical tokens, separated by blanks.

    A `[` or `*` that begins a row gets an empty group before it, lest LaTeX take it for an option of the row break.
    """
    out: list[str] = []
    for token in tokens:
        if token in ("[", "*") and out and (out[-1] == "\\\\" or out[-1].startswith("\\begin{")):
            out.append("{}")
        out.append(token)
    return " ".join(out)


def is_tall(tokens: Iterable[str]) -> bool:
    """Whether delimiters around `tokens` have to grow."""
    return any(token in TALL for token in tokens)
