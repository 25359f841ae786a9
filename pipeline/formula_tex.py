"""Formulas as LaTeX source: only what the label language knows, with the blanks that a person would set."""

from __future__ import annotations

import re
from collections.abc import Iterator

from scanpage.document import Display
from scanpage.latex import Refusal, normalise


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RELATIONS = _words(
    r"= < > \le \leq \ge \geq \ne \neq \approx \equiv \sim \simeq \cong \propto \to \rightarrow \leftarrow \mapsto"
    r" \Rightarrow \Leftrightarrow \Longrightarrow \Longleftrightarrow \iff \implies \in \subset \subseteq \therefore"
)
ALIGNED_AT = _words(r"= < > \le \leq \ge \geq \ne \neq \approx \equiv \sim \simeq \Rightarrow \Leftrightarrow")
"""Relations that the lines of a derivation are aligned at."""
BINARY = _words(r"+ - \pm \mp \times \cdot \div")
SIGNS = _words(r"+ - \pm \mp")
BEFORE_SIGN = frozenset({"", "(", "[", "{", ",", "&", "\\\\"})
"""After these, and after relations, a sign belongs to what follows it."""
_COMMAND = re.compile(r"\\[A-Za-z]+\*?")


def usable_tokens(latex: str) -> list[str]:
    """Canonical tokens of a reading, which compile in any formula; none where it is empty or holds anything else."""
    try:
        return normalise(latex)
    except Refusal:
        return []


def tidy(tokens: list[str]) -> str:
    """Tokens as readable source: `x^{2} + 1 = \\frac{a}{b}`; it typesets like the tokens joined by blanks."""
    parts: list[str] = []
    previous, is_sign = "", False
    for token in tokens:
        was_sign, is_sign = is_sign, token in SIGNS and (previous in BEFORE_SIGN or previous in RELATIONS)
        # Here a bracket would be read as an option and an asterisk as a star, even across blanks.
        if (previous == "\\\\" or previous.startswith("\\begin{")) and token in ("[", "*"):
            parts.append(" {}")
        elif _must_part(previous, token) or (not was_sign and _looks_better_apart(previous, token, is_sign)):
            parts.append(" ")
        parts.append(token)
        previous = token
    return "".join(parts)


def _must_part(previous: str, token: str) -> bool:
    return _COMMAND.fullmatch(previous) is not None and (token[0].isalnum() or token[0] == "*")


def _looks_better_apart(previous: str, token: str, is_sign: bool) -> bool:
    around = {previous, token}
    if not previous or (is_sign and previous in ("(", "[")):
        return False
    if around & {"^", "_", "{", "}"} and not around & RELATIONS:
        return previous == "}" and token in BINARY
    return bool(around & (RELATIONS | BINARY | {"\\\\", "&"})) or previous == ","


def alignment_point(tokens: list[str]) -> int | None:
    """Index of the first relation outside all groups, where lines of a derivation can be aligned."""
    for index, depth, token in _with_depth(tokens):
        if depth == 0 and token in ALIGNED_AT:
            return index
    return None


def aligned_rows(display: Display) -> list[tuple[list[str], list[str]]] | None:
    """The tokens of each row before its first relation and from there on.

    None where the display has a single row, or a row with several formulas or without a relation.
    """
    rows: list[tuple[list[str], list[str]]] = []
    for row in display.rows:
        tokens = usable_tokens(row.formulas[0].latex)
        place = alignment_point(tokens)
        if len(row.formulas) != 1 or place is None:
            return None
        rows.append((tokens[:place], tokens[place:]))
    return rows if len(rows) > 1 else None


def _with_depth(tokens: list[str]) -> Iterator[tuple[int, int, str]]:
    depth = 0
    for index, token in enumerate(tokens):
        if token in ("}", "\\right") or token.startswith("\\end{"):
            depth -= 1
        yield index, depth, token
        if token in ("{", "\\left") or token.startswith("\\begin{"):
            depth += 1
