"""From LaTeX source to tokens: commands, `\\begin{…}`/`\\end{…}`, single characters; what has no ink goes."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\\(?:begin|end)\s*\{\s*[a-zA-Z]+\*?\s*\}|\\operatorname\s*\*|\\[a-zA-Z]+|\\.|\S", re.DOTALL)
_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_LENGTH = (
    r"-?(?:[\d.,]+\s*(?:pt|em|ex|mu|mm|cm|in|sp|bp|pc)\b|[\d.]*\s*\\(?:baselineskip|jot|(?:small|med|big)skipamount)\b)"
)
_ROW_BREAK = re.compile(rf"(\\.)(?:(?<=\\\\)\*?(?:\s*\[\s*{_LENGTH}\s*\])?)", re.DOTALL)
_SPACE = re.compile(rf"\\(?:[hv]space\*?\s*\{{[^{{}}]*\}}|(?:[hv]skip|m?kern|mskip)\s*{_LENGTH})")
_TEXT = re.compile(r"\\(?:text(?:rm|normal|up|md|bf|sf|tt|it|sl)?|emph|mbox|hbox)\s*\{")
_MATHEMATICS = re.compile(r"(?<!\\)\$|\\[()]")
_BLANKS = re.compile(r"(\\[a-zA-Z]+)\s*|\\ |\s+")
_BRACE = re.compile(r"\\.|[{}]", re.DOTALL)
_SPELLED_OUT = {"\\coloneqq": ":=", "\\eqqcolon": "=:"}

MATHEMATICS = "\\ensuremath"
"""Command around mathematics in text: what alphabet the text is in does not matter to it."""


def tokenize(latex: str) -> list[str]:
    """Split LaTeX into tokens. Blanks in text become `~`; comments, kerns and the gaps between rows are left out."""
    if "%" in latex:
        latex = _COMMENT.sub("", latex)
    if "\\\\" in latex:
        latex = _ROW_BREAK.sub(r"\1", latex)
    if "sp" in latex or "sk" in latex or "kern" in latex:
        latex = _SPACE.sub(lambda match: r"\!\!" if "-" in match[0] else r"\,", latex)
    if _TEXT.search(latex):
        latex = _text_opened(latex)
    for command, spelling in _SPELLED_OUT.items():
        latex = latex.replace(command, spelling)
    return [token if len(token) < 3 else "".join(token.split()) for token in _TOKEN.findall(latex)]


def _text_opened(latex: str) -> str:
    """Blanks of `\\text{…}` made visible, and the mathematics in it taken out: `{\\text{if~}\\ensuremath{x}}`."""
    out: list[str] = []
    at = 0
    while match := _TEXT.search(latex, at):
        end = _group_end(latex, match.end())
        parts = _MATHEMATICS.split(latex[match.end() : end])
        bold = "\\boldsymbol" if "\\boldmath" in parts[0] else ""
        for i, part in enumerate(parts):
            if i % 2:
                parts[i] = f"{bold}{{{MATHEMATICS}{{{_text_opened(part)}}}}}"
            else:
                parts[i] = f"{match[0]}{_BLANKS.sub(_visible, part)}}}"
        out += [latex[at : match.start()], parts[0] if len(parts) == 1 else f"{{{' '.join(parts)}}}"]
        at = end + 1
    return "".join(out) + latex[at:]


def _visible(blanks: re.Match[str]) -> str:
    """Blanks in text as a token; behind a command they only end its name."""
    return f"{blanks[1]} " if blanks[1] else "~"


def _group_end(latex: str, start: int) -> int:
    """Where the brace closes that opened before `start`; the end of `latex` if nowhere."""
    depth = 1
    for match in _BRACE.finditer(latex, start):
        depth += (match[0] == "{") - (match[0] == "}")
        if depth == 0:
            return match.start()
    return len(latex)
