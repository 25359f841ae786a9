"""Formulas as LaTeX source: checked to be safe inside a document, and set with the blanks that a person would use."""

from __future__ import annotations

import re
from collections.abc import Iterator

TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|[^\s\\]", re.DOTALL)


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


RELATIONS = _words(
    r"= < > \le \leq \ge \geq \ne \neq \approx \equiv \sim \simeq \cong \propto \to \rightarrow \leftarrow \mapsto"
    r" \Rightarrow \Leftrightarrow \Longrightarrow \Longleftrightarrow \iff \implies \in \subset \subseteq \therefore"
)
ALIGNED_AT = _words(r"= < > \le \leq \ge \geq \ne \neq \approx \equiv \sim \simeq \Rightarrow \Leftrightarrow")
"""Relations that the lines of a derivation are aligned at."""
BINARY = _words(r"+ - \pm \mp \times \cdot \div")
FORBIDDEN = re.compile(
    r"\\(?:input|include|import|write|read|open(?:in|out)|close(?:in|out)|immediate|special|def|edef|gdef|xdef|let|futurelet"
    r"|newcommand|renewcommand|providecommand|newenvironment|catcode|lccode|uccode|mathcode|csname|endcsname|expandafter"
    r"|usepackage|RequirePackage|documentclass|loop|repeat|tag|label|ref|par|verb|url|href|includegraphics|directlua"
    r"|everymath|everydisplay|output|shipout|end|stop|batchmode|scrollmode|message|errmessage|nonumber|notag"
    r"|begingroup|endgroup|bgroup|egroup|makeatletter|noexpand|the|count|dimen|toks|box|hbox|vbox|vskip|hskip)\*?"
)
"""Commands that no formula needs and that would reach beyond it (`\\begin` and `\\end` are read with their name)."""
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\s*\{\s*([A-Za-z](?:\s*[A-Za-z])*\s*\*?)\s*\}")
ENVIRONMENTS = _words(
    "aligned alignedat gathered split array matrix pmatrix bmatrix Bmatrix vmatrix Vmatrix smallmatrix cases subarray"
)


def tokens_of(latex: str) -> list[str]:
    """LaTeX in tokens: control sequences and single characters, with `\\begin{name}` and `\\end{name}` whole."""
    found: list[str] = []
    position = 0
    for match in _ENVIRONMENT.finditer(latex):
        found += TOKEN.findall(latex[position : match.start()])
        name = re.sub(r"\s", "", match[1])
        found.append(f"{match[0][: match[0].index('{')].strip()}{{{name}}}")
        position = match.end()
    return found + TOKEN.findall(latex[position:])


def is_safe(tokens: list[str]) -> bool:
    """Whether a formula closes all it opens and holds nothing that acts outside it."""
    open_groups: list[str] = []
    for token in tokens:
        if token in ("$", "%", "#", "\\(", "\\)", "\\[", "\\]", "~") or not token.isascii():
            return False
        if token.startswith("\\begin{"):
            if token[7:-1] not in ENVIRONMENTS:
                return False
            open_groups.append(token[7:-1])
        elif token.startswith("\\end{"):
            if not open_groups or open_groups.pop() != token[5:-1]:
                return False
        elif FORBIDDEN.fullmatch(token):
            return False
        elif token in ("{", "\\left"):
            open_groups.append(token)
        elif token in ("}", "\\right"):
            if not open_groups or open_groups.pop() != ("{" if token == "}" else "\\left"):
                return False
        elif token in ("&", "\\\\") and not any(group in ENVIRONMENTS for group in open_groups):
            return False
    return bool(tokens) and not open_groups


def tidy(tokens: list[str]) -> str:
    """Tokens as readable source: `x^{2} + 1 = \\frac{a}{b}`; it typesets like the tokens joined by blanks."""
    parts: list[str] = []
    for previous, token in zip(["", *tokens], tokens, strict=False):
        # `\\ [` would be read as a length and `\\ *` as a star, even across blanks.
        if previous == "\\\\" and token in ("[", "*"):
            parts.append(" {}")
        elif previous and _needs_blank(previous, token):
            parts.append(" ")
        parts.append(token)
    return "".join(parts)


def _needs_blank(previous: str, token: str) -> bool:
    if re.fullmatch(r"\\[A-Za-z]+\*?", previous) and (token[0].isalnum() or token[0] == "*"):
        return True
    around = {previous, token}
    if around & {"^", "_", "{", "}"} and not around & RELATIONS:
        return previous == "}" and token in BINARY
    return bool(around & (RELATIONS | BINARY | {"\\\\", "&"})) or previous == ","


def alignment_point(tokens: list[str]) -> int | None:
    """Index of the first relation outside all groups, where lines of a derivation can be aligned."""
    for index, depth, token in _with_depth(tokens):
        if depth == 0 and token in ALIGNED_AT:
            return index
    return None


def _with_depth(tokens: list[str]) -> Iterator[tuple[int, int, str]]:
    depth = 0
    for index, token in enumerate(tokens):
        if token in ("}", "\\right") or token.startswith("\\end{"):
            depth -= 1
        yield index, depth, token
        if token in ("{", "\\left") or token.startswith("\\begin{"):
            depth += 1
