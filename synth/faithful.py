"""Keeps labels true: what is printed for a label must not be what another label prints."""

from __future__ import annotations

from collections.abc import Sequence

from scanpage.latex import to_latex
from synth.typeset import FontFamily

# Seen on a chart of all symbols in each family: these print as another symbol of the same family does.
_CONFUSED: dict[FontFamily, frozenset[str]] = {
    FontFamily.TIMES: frozenset({r"\epsilon", r"\varrho", r"\mathcal", r"\boldsymbol"}),
    FontFamily.PALATINO: frozenset({r"\emptyset", r"\Upsilon"}),
    FontFamily.EULER: frozenset({r"\emptyset", r"\varrho", r"\varsigma", r"\mathscr", r"\mathrm", r"\boldsymbol"}),
}

_CAPITALS_ONLY = {r"\mathbb": "k1", r"\mathcal": "", r"\mathscr": ""}
"""Alphabets whose fonts have other signs in place of small letters and digits, and the exceptions."""

# The usual stand-in for the double-struck 1, which the AMS fonts lack.
_DOUBLE_ONE = r"1 \mkern -4.3mu \mathrm { l }"


def prints_in(tokens: Sequence[str], family: FontFamily) -> bool:
    """Whether the family tells all symbols of a formula apart."""
    return _CONFUSED.get(family, frozenset()).isdisjoint(tokens)


def source_of(tokens: Sequence[str]) -> str | None:
    """LaTeX that shows canonical tokens; None if a letter of theirs is missing from its alphabet's font."""
    for i, token in enumerate(tokens):
        if token in _CAPITALS_ONLY:
            end = tokens.index("}", i) if "}" in tokens[i:] else i
            letters = [t for t in tokens[i + 2 : end] if len(t) == 1 and t.isalnum()]
            if any(not t.isupper() and t not in _CAPITALS_ONLY[token] for t in letters):
                return None
    return to_latex(tokens).replace(r"\mathbb { 1 }", _DOUBLE_ONE)
