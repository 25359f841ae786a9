"""What TeX and amsmath make of accents: which take another under them, and what a script behind one belongs to.

All is told on canonical tokens, where every argument has its braces.
"""

from __future__ import annotations

from collections.abc import Sequence

from scanpage.latex_symbols import ALPHABETS, HATS

_PRIMITIVE = HATS | {"\\widehat", "\\widetilde"}
"""Accents that are such to TeX, too, not boxes or operators that look like them."""


def takes(accent: str, body: Sequence[str]) -> bool:
    """Whether an accent can be set over `body`.

    Where amsmath finds several of `HATS` in each other, it draws all of them over a gap and sets what is under the
    innermost behind that, over the end of all else. So it stops at two beside each other, and overprints what stands
    beside or around the one.
    """
    return accent not in HATS or HATS.isdisjoint(body) or (body[0] in HATS and _is_one(body))


def is_folded(base: Sequence[str]) -> bool:
    """Whether braces around this and its scripts are as if they were not there.

    TeX takes a group of but one accent for that accent (TeX: The Program, section 1187), and an alphabet with one in
    it is such a group. Two in each other are more than one thing; `\\boldsymbol` is a choice of four.
    """
    if base and base[0] == "\\boldsymbol":
        return False
    base = _without_alphabets(base)
    if len(base) < 2 or base[0] not in _PRIMITIVE or not _is_one(base):
        return False
    return base[0] not in HATS or HATS.isdisjoint(base[1:])


def spills(base: Sequence[str]) -> bool:
    """Whether this is two accents in each other over what ends in a script.

    That is set behind them, so that a script behind it all would be one more of it. An alphabet around them would keep
    it in, but is taken for none here, because it may be told to what has its braces already.
    """
    if len(base) < 3 or not (base[0] in HATS or base[0] in ALPHABETS):
        return False
    base = _without_alphabets(base)
    if len(base) < 3 or base[0] not in HATS or base[2] not in HATS:
        return False
    while base[0] in HATS:
        base = base[2:-1]
    return base[-1] == "}" and base[_opening(base) - 1] in ("^", "_")


def _without_alphabets(base: Sequence[str]) -> Sequence[str]:
    """What the alphabets hold that there are around all."""
    while len(base) > 1 and base[0] in ALPHABETS and _is_one(base):
        base = base[2:-1]
    return base


def _is_one(tokens: Sequence[str]) -> bool:
    """Whether a command and its argument are all that there is."""
    return tokens[-1] == "}" and _opening(tokens) == 1


def _opening(tokens: Sequence[str]) -> int:
    """Where the brace opens that the last token closes."""
    depth = 0
    for at in range(len(tokens) - 1, -1, -1):
        depth += (tokens[at] == "}") - (tokens[at] == "{")
        if depth == 0:
            return at
    raise ValueError("a brace that opens nowhere")
