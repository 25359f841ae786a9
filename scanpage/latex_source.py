"""From LaTeX source to tokens: commands, `\\begin{…}`/`\\end{…}`, single characters; what has no ink goes."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\\(?:begin|end)\s*\{\s*[a-zA-Z]+\*?\s*\}|\\operatorname\s*\*|\\[a-zA-Z]+|\\.|\S", re.DOTALL)
_WRAPPED = re.compile(r"\$\$(.*)\$\$|\$(.*)\$|\\\((.*)\\\)|\\\[(.*)\\\]", re.DOTALL)
_COMMENT = re.compile(r"(?<!\\)%[^\n]*")
_LENGTH = (
    r"-?(?:[\d.,]+\s*(?:pt|em|ex|mu|mm|cm|in|sp|bp|pc)\b|[\d.]*\s*\\(?:baselineskip|jot|(?:small|med|big)skipamount)\b)"
)
_ROW_BREAK = re.compile(rf"(\\.)(?:(?<=\\\\)\*?(?:\s*\[\s*{_LENGTH}\s*\])?)", re.DOTALL)
_SPACE = re.compile(rf"\\(?:[hvm]space\*?\s*\{{[^{{}}]*\}}|(?:[hv]skip|m?kern|mskip)\s*{_LENGTH})")
_SETTING = re.compile(r"\\setlength\s*(?:\{\\[a-zA-Z]+\}|\\[a-zA-Z]+)\s*\{[^{}]*\}")
_TEXT = re.compile(r"\\(?:text(?:rm|normal|up|md|bf|sf|tt|it|sl)?|emph|mbox|hbox)\s*\{")
_GROUP_IN_TEXT = re.compile(rf"{_TEXT.pattern}|(?<!\\)\{{")
_BLANKS = re.compile(r"(\\[a-zA-Z]+)\s*|\\ |\s+")
_BRACE = re.compile(r"\\.|[{}$]", re.DOTALL)
_MAX_DEPTH = 10
_SPELLED_OUT = {"\\coloneqq": ":=", "\\eqqcolon": "=:"}
_OLD_FORM = re.compile(r"\\(end)?(aligned|gathered|split)(?![a-zA-Z])")

MATHEMATICS = "\\ensuremath"
"""Command around mathematics in text: what alphabet the text is in does not matter to it."""


def unwrapped(latex: str) -> str:
    """What stands between the dollar signs, or `\\(…\\)` or `\\[…\\]`, that a formula may come in."""
    wrapped = _WRAPPED.fullmatch(latex.strip())
    return latex if wrapped is None else next(inner for inner in wrapped.groups() if inner is not None)


def tokenize(latex: str) -> list[str]:
    """Split LaTeX into tokens. Blanks in text become `~`; comments, kerns and the gaps between rows are left out."""
    if "%" in latex:
        latex = _COMMENT.sub("", latex)
    if "\\\\" in latex:
        latex = _ROW_BREAK.sub(r"\1", latex)
    if "sp" in latex or "sk" in latex or "kern" in latex:
        latex = _SPACE.sub(lambda match: r"\!\!" if "-" in match[0] else r"\,", latex)
    if "\\setlength" in latex:
        latex = _SETTING.sub("", latex)
    if _TEXT.search(latex):
        latex = _text_opened(latex)
    latex = _OLD_FORM.sub(lambda match: rf"\{match[1] or 'begin'}{{{match[2]}}}", latex)
    for command, spelling in _SPELLED_OUT.items():
        latex = latex.replace(command, spelling)
    return [token if len(token) < 3 else "".join(token.split()) for token in _TOKEN.findall(latex)]


def _text_opened(latex: str, depth: int = 0, *, in_text: bool = False) -> str:
    """Blanks in text made visible, and the mathematics in it told to be that: `{\\text{if~}{\\ensuremath{x}}}`."""
    out: list[str] = []
    at = 0
    group = _GROUP_IN_TEXT if in_text else _TEXT
    while depth < _MAX_DEPTH and (match := group.search(latex, at)):
        end = _group_end(latex, match.end())
        out += [
            _shown(latex[at : match.start()], in_text),
            _group_opened(match[0], latex[match.end() : end], depth + 1),
        ]
        at = end + 1
    return "".join(out) + _shown(latex[at:], in_text)


def _group_opened(command: str, content: str, depth: int) -> str:
    parts = _text_and_mathematics(content)
    bold = "\\boldsymbol" if "\\boldmath" in parts[0] else ""
    for i, part in enumerate(parts):
        opened = _text_opened(part, depth, in_text=i % 2 == 0)
        parts[i] = f"{bold}{{{MATHEMATICS}{{{opened}}}}}" if i % 2 else f"{command}{opened}}}"
    return parts[0] if len(parts) == 1 else f"{{{' '.join(parts)}}}"


def _text_and_mathematics(content: str) -> list[str]:
    """What stands outside and inside of `$…$` or `\\(…\\)`, by turns; braces hide what is in them."""
    parts, start, depth = [], 0, 0
    for match in _BRACE.finditer(content):
        depth += (match[0] == "{") - (match[0] == "}")
        if depth == 0 and match[0] in ("$", "\\(", "\\)"):
            parts.append(content[start : match.start()])
            start = match.end()
    return [*parts, content[start:]]


def _shown(source: str, in_text: bool) -> str:
    """Blanks in text as tokens; behind a command they only end its name."""
    return _BLANKS.sub(lambda match: f"{match[1]} " if match[1] else "~", source) if in_text else source


def _group_end(latex: str, start: int) -> int:
    """Where the brace closes that opened before `start`; the end of `latex` if nowhere."""
    depth = 1
    for match in _BRACE.finditer(latex, start):
        depth += (match[0] == "{") - (match[0] == "}")
        if depth == 0:
            return match.start()
    return len(latex)
