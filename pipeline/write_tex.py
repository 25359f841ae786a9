"""A `Document` as a complete LaTeX document that compiles with pdfLaTeX, LuaLaTeX and XeLaTeX."""

from __future__ import annotations

import re
from itertools import pairwise

from pipeline import formula_tex, prose_tex
from pipeline.outputs import MADE_BY
from scanpage.document import Display, DisplayRow, Document, Formula, Paragraph, ScannedPage, TextLine

_PREAMBLE = r"""\documentclass{article}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[T1]{fontenc}
  \usepackage[utf8]{inputenc}
\else
  \usepackage{fontspec}
\fi
\usepackage{amsmath,amssymb}
\IfFileExists{mathrsfs.sty}{\usepackage{mathrsfs}}{\newcommand{\mathscr}{\mathcal}}
\usepackage[margin=25mm]{geometry}
\allowdisplaybreaks
\emergencystretch=3em
"""

# Engines differ in how a character is given a meaning; the body stays the same for all.
_DECLARE = r"""\ifPDFTeX
  \newcommand{\declarechar}[2]{\DeclareUnicodeCharacter{#1}{#2}}
\else
  \newcommand{\declarechar}[2]{%
    \begingroup\lccode`\~="#1\lowercase{\endgroup\protected\def~}{#2}\catcode"#1=13 }
\fi
"""

LONGEST_LINE = 100
"""Characters of source that fit on a line beside a formula, if only just."""

_TO_CHECK = r"""\usepackage{color}
% A red question mark stands before each doubtful reading, in this source with the probability that it is right:
% compare it with the page. To hide the marks: \renewcommand{\tocheck}[1]{}
\newcommand{\checkmarkbox}{\mbox{\normalfont\sffamily\bfseries\scriptsize\raisebox{1.1ex}{\textcolor{red}{?}}\kern1pt}}
% An opening sign: what follows it in a formula keeps the spacing that it has at the beginning.
\newcommand{\tocheck}[1]{\ifmmode\mathopen{\checkmarkbox}\else\checkmarkbox\fi}
"""


def document_to_tex(document: Document) -> str:
    """The whole `.tex` file, ending in a newline."""
    pages = [_page(scanned) for scanned in document.pages]
    body = "\n\\clearpage\n\n".join(pages)
    # The blackboard bold of amssymb has no digits: it would print another sign. In prose no command can stand.
    body = re.sub(r"\\mathbb\{(\d)\}", r"\\mathbf{\1}", body)
    declared = prose_tex.declarations(body)
    known = _DECLARE + "".join(line + "\n" for line in declared) if declared else ""
    to_check = _TO_CHECK if document.to_check else ""
    made_by = f"{MADE_BY} {document.versions.scanpage}.\n"
    return f"{made_by}{_PREAMBLE}{to_check}{known}\n\\begin{{document}}\n\n{body}\n\\end{{document}}\n"


def _page(scanned: ScannedPage) -> str:
    # A comment is the one place where a name needs no escaping; `clean` keeps it on one line.
    title = f"% {prose_tex.clean(scanned.page.name)}\n"
    if scanned.failure is not None:
        reason = prose_tex.escape(scanned.failure)
        return f"{title}\\noindent\\fbox{{\\parbox{{0.95\\linewidth}}{{\\textbf{{Page not read:}} {reason}}}}}\n"
    if not scanned.blocks:
        return f"{title}\\mbox{{}}\n"
    return title + "\n".join(_block(block) for block in scanned.blocks)


def _block(block: Paragraph | Display) -> str:
    return _display(block) if isinstance(block, Display) else _paragraph(block)


def _paragraph(paragraph: Paragraph) -> str:
    lines = [_line(line) for line in paragraph.lines]
    for index, (line, following) in enumerate(pairwise(paragraph.lines)):
        if _breaks_word(line, following):
            lines[index] = lines[index].removesuffix("-") + "%"
    return "\\noindent\n" + "\n".join(lines) + "\n"


def _breaks_word(line: TextLine, following: TextLine) -> bool:
    """Whether a word is divided by a hyphen at the end of `line`."""
    last, first = line.pieces[-1], following.pieces[0]
    if not (isinstance(last, str) and isinstance(first, str)):
        return False
    last, first = last.rstrip(), first.lstrip()
    return last.endswith("-") and last[-2:-1].isalpha() and first[:1].islower()


def _line(line: TextLine) -> str:
    return line.joined(lambda piece: prose_tex.escape(piece) if isinstance(piece, str) else _inline(piece))


def _inline(formula: Formula) -> str:
    tokens = formula_tex.usable_tokens(formula.latex)
    return f"{_mark(formula)}${formula_tex.tidy(tokens)}$" if tokens else _marker(formula)


def _mark(formula: Formula) -> str:
    """What stands before a reading that is to be checked."""
    return rf"\tocheck{{{formula.score:.2f}}}" if formula.check else ""


def _marker(formula: Formula) -> str:
    """What stands for a formula without a usable reading: visible, and with the reading to mend."""
    reading = prose_tex.escape(formula.latex)
    told = rf"\texttt{{formula not read{': ' if reading else ''}{reading}}}"
    return rf"\fbox{{{_in_lines(told)}}}"


def _display(display: Display) -> str:
    if len(display.rows) == 1 and display.rows[0].tag is None:
        return f"\\[\n  {_row(display.rows[0])}\n\\]\n"
    aligned = [_aligned_row(row) for row in display.rows]
    whole = [row for row in aligned if row is not None]
    if len(display.rows) > 1 and len(whole) == len(aligned):
        environment, rows = "align*", whole
    else:
        environment, rows = "gather*", [_row(row) + _tag(row) for row in display.rows]
    # The first token of the next row could be taken for an argument of the line break.
    body = " \\\\\n".join(f"  {{}}{row}" if row[:1] in ("[", "*") else f"  {row}" for row in rows)
    return f"\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}\n"


def _row(row: DisplayRow) -> str:
    return r" \qquad ".join(_displayed(formula) for formula in row.formulas)


def _displayed(formula: Formula) -> str:
    tokens = formula_tex.usable_tokens(formula.latex)
    return _mark(formula) + formula_tex.tidy(tokens) if tokens else rf"\text{{{_marker(formula)}}}"


def _aligned_row(row: DisplayRow) -> str | None:
    """The row with `&` before its first relation, or None where it has no place to align at."""
    if len(row.formulas) != 1:
        return None
    tokens = formula_tex.usable_tokens(row.formulas[0].latex)
    place = formula_tex.alignment_point(tokens)
    if place is None:
        return None
    left, right = formula_tex.tidy(tokens[:place]), formula_tex.tidy(tokens[place:])
    return f"{_mark(row.formulas[0])}{left} &{right}".lstrip() + _tag(row)


def _tag(row: DisplayRow) -> str:
    return "" if row.tag is None else rf" \tag{{{_in_lines(prose_tex.escape(row.tag))}}}"


def _in_lines(source: str) -> str:
    """Text for a place that is one line high: what is long gets lines of its own, as TeX stops at a line of 5.7 m."""
    return source if len(source) <= LONGEST_LINE else rf"\parbox{{0.8\linewidth}}{{\raggedright {source}}}"
