"""A `Document` as LaTeX that compiles with pdfLaTeX, LuaLaTeX and XeLaTeX: whole, as a fragment, or in a template."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from pipeline import formula_tex, prose_tex
from pipeline.outputs import FIGURES, MADE_BY
from scanpage.document import Block, Display, DisplayRow, Document, Figure, Formula, Page, Paragraph, Piece, ScannedPage
from scanpage.errors import InputError, UsageError

# `no-math`: the text fonts of XeLaTeX have no accents where alphabets, \mathbf say, look for those over their letters.
_PACKAGES = r"""\usepackage{iftex}
\ifPDFTeX
  \usepackage[T1]{fontenc}
  \usepackage[utf8]{inputenc}
\else
  \usepackage[no-math]{fontspec}
\fi
\usepackage{amsmath,amssymb}
\IfFileExists{mathrsfs.sty}{\usepackage{mathrsfs}}{\newcommand{\mathscr}{\mathcal}}
"""
_LAYOUT = r"""\usepackage[margin=25mm]{geometry}
\allowdisplaybreaks
\emergencystretch=3em
"""

# Engines differ in how a character is given a meaning; the body stays the same for all.
DECLARE = r"""\ifPDFTeX
  \newcommand{\declarechar}[2]{\DeclareUnicodeCharacter{#1}{#2}}
\else
  \newcommand{\declarechar}[2]{%
    \begingroup\lccode`\~="#1\lowercase{\endgroup\protected\def~}{#2}\catcode"#1=13 }
\fi
"""

LONGEST_LINE = 100
"""Characters of source that fit on a line beside a formula, if only just."""

# `\providecommand`, since a fragment may follow another one.
_MARKS = r"""% A red question mark stands before each doubtful reading, in this source with the probability that
% it is right: compare it with the page. To hide the marks: \renewcommand{\tocheck}[1]{}
\providecommand{\checkmarkbox}{%
  \mbox{\normalfont\sffamily\bfseries\scriptsize\raisebox{1.1ex}{\textcolor{red}{?}}\kern1pt}}
% An opening sign: what follows it in a formula keeps the spacing that it has at the beginning.
\providecommand{\tocheck}[1]{\ifmmode\mathopen{\checkmarkbox}\else\checkmarkbox\fi}
"""
TO_CHECK = "\\usepackage{color}\n" + _MARKS
"""What the preamble needs where readings are marked."""

_FRAGMENT = r"""% To be read into a document by \input, after these lines in its preamble:
%   \usepackage[T1]{fontenc} % with pdfLaTeX
%   \usepackage[no-math]{fontspec} % with XeLaTeX and LuaLaTeX
%   \usepackage{amsmath,amssymb}
"""
_FRAGMENT_SCRIPT = r"""%   \usepackage{mathrsfs} % else script letters are calligraphic ones
\providecommand{\mathscr}{\mathcal}
"""
_FRAGMENT_FIGURES = r"""%   \usepackage{graphicx} % else figures are left out
\providecommand{\includegraphics}[2][]{}
"""
_FRAGMENT_CHECK = r"""%   \usepackage{color} % else the marks of doubtful readings are black
\providecommand{\textcolor}[2]{#2}
"""

LINE_GOES_ON = "%\n"
_PAGE_BREAK = "\n\\clearpage\n\n"


# The numbers that headings have stand in their text.
_HEADINGS = {1: r"\section*", 2: r"\subsection*"}


def document_to_tex(document: Document, figures: str = FIGURES) -> str:
    """The whole `.tex` file, ending in a newline; pictures lie in the folder `figures`, by their names."""
    body = _body(document, _PAGE_BREAK, figures)
    preamble = f"\\documentclass{{article}}\n{_preamble(document, body, layout=_LAYOUT)}"
    return f"{_made_by(document)}{preamble}\n\\begin{{document}}\n\n{body}\n\\end{{document}}\n"


def document_to_fragment(document: Document, figures: str = FIGURES) -> str:
    """The body alone, to be read into another document; it brings its definitions and says what packages it needs."""
    return _made_by(document) + _fragment(document, figures)


@dataclass(frozen=True, slots=True)
class Template:
    """A user's LaTeX file with slots for the parts of a document: lines like `%%scanpage:body%%`, comments to LaTeX.

    Attributes:
        source: the file's text. Its slots are `body`, which it must have, and `preamble`, for the packages and
            definitions that the body needs; without it they stand before the body, as in a fragment.
    """

    source: str

    @staticmethod
    def read(path: Path) -> Template:
        """Read a template.

        Raises:
            InputError: the file cannot be read.
            UsageError: it has no slot for the body, or one of an unknown name.
        """
        try:
            source = path.read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot read the template {path}: {getattr(error, 'strerror', None) or error}") from error
        names = [match[1] for match in _SLOT.finditer(source)]
        for name in names:
            if name not in _SLOTS:
                raise UsageError(f"the template {path} has a slot {name!r}: there are only {' and '.join(_SLOTS)}")
        if "body" not in names:
            raise UsageError(f"the template {path} has no slot for the body: add a line %%scanpage:body%%")
        return Template(source)

    def filled(self, document: Document, figures: str = FIGURES) -> str:
        """The template with the document in its slots."""
        has_preamble = any(match[1] == "preamble" for match in _SLOT.finditer(self.source))
        body = _body(document, _PAGE_BREAK, figures) if has_preamble else _fragment(document, figures)
        parts = {"preamble": _preamble(document, body), "body": body}
        return _made_by(document) + _SLOT.sub(lambda match: parts[match[1]].rstrip("\n"), self.source)


_SLOTS = ("preamble", "body")
_SLOT = re.compile(r"^[ \t]*%%scanpage:(\w*)%%[ \t]*$", re.MULTILINE)


def _made_by(document: Document) -> str:
    return f"% {MADE_BY} {prose_tex.clean(document.versions.scanpage)}.\n"


def _preamble(document: Document, body: str, *, layout: str = "") -> str:
    declared = prose_tex.declarations(body)
    known = DECLARE + "".join(line + "\n" for line in declared) if declared else ""
    to_check = TO_CHECK if document.to_check else ""
    graphics = "\\usepackage{graphicx}\n" if document.figures else ""
    return _PACKAGES + graphics + layout + to_check + known


def _fragment(document: Document, figures: str) -> str:
    # Only a preamble can declare characters.
    body = prose_tex.spelled_out(_body(document, "\n", figures))
    script = _FRAGMENT_SCRIPT if "\\mathscr" in body else ""
    to_check = _FRAGMENT_CHECK + _MARKS if document.to_check else ""
    pictures = _FRAGMENT_FIGURES if document.figures else ""
    return f"{_FRAGMENT}{pictures}{script}{to_check}\n{body}"


def _body(document: Document, between: str, figures: str) -> str:
    compounds = document.compounds
    body = between.join(_page(scanned, figures, compounds) for scanned in document.pages)
    # The blackboard bold of amssymb has no digits: it would print another sign. In prose no command can stand.
    return re.sub(r"\\mathbb\{(\d)\}", r"\\mathbf{\1}", body)


def _page(scanned: ScannedPage, figures: str, compounds: Collection[str]) -> str:
    # A comment is the one place where a name needs no escaping; `clean` keeps it on one line.
    title = f"% {prose_tex.clean(scanned.page.name)}\n"
    if scanned.failure is not None:
        reason = prose_tex.escape(scanned.failure)
        return f"{title}\\noindent\\fbox{{\\parbox{{0.95\\linewidth}}{{\\textbf{{Page not read:}} {reason}}}}}\n"
    if not scanned.blocks:
        return f"{title}\\mbox{{}}\n"
    return title + "\n".join(_block(block, scanned.page, figures, compounds) for block in scanned.blocks)


def _block(block: Block, page: Page, figures: str, compounds: Collection[str]) -> str:
    if isinstance(block, Figure):
        return _figure(block, page, f"{figures}/{block.name}")
    return _display(block) if isinstance(block, Display) else _paragraph(block, compounds)


def _figure(figure: Figure, page: Page, path: str) -> str:
    """The picture as wide, in shares of its page, as it was; a frame where the file is not beside the document."""
    width = min(1.0, max(0.05, figure.box.width / max(1, page.width_px)))
    size = rf"width={width:.2f}\linewidth,height=0.9\textheight,keepaspectratio"
    shown = rf"\IfFileExists{{{path}}}{{\includegraphics[{size}]{{{path}}}}}{{\fbox{{figure}}}}"
    return f"\\begin{{center}}\n  {shown}\n\\end{{center}}\n"


def _paragraph(paragraph: Paragraph, compounds: Collection[str]) -> str:
    content = paragraph.joined(_piece, joint=LINE_GOES_ON, compounds=compounds)
    return f"{_HEADINGS[paragraph.heading]}{{{content}}}\n" if paragraph.heading else f"\\noindent\n{content}\n"


def _piece(piece: Piece) -> str:
    return prose_tex.escape(piece) if isinstance(piece, str) else _inline(piece)


def _inline(formula: Formula) -> str:
    tokens = formula_tex.usable_tokens(formula.latex)
    return f"{mark(formula)}${formula_tex.tidy(tokens)}$" if tokens else marker(formula)


def mark(formula: Formula) -> str:
    """What stands before a reading that is to be checked."""
    return rf"\tocheck{{{formula.score:.2f}}}" if formula.check else ""


def marker(formula: Formula) -> str:
    """What stands for a formula without a usable reading: visible, and with the reading to mend."""
    reading = prose_tex.escape(formula.latex)
    told = rf"\texttt{{formula not read{': ' if reading else ''}{reading}}}"
    return rf"\fbox{{{_in_lines(told)}}}"


def _display(display: Display) -> str:
    if len(display.rows) == 1 and display.rows[0].tag is None:
        return f"\\[\n  {_row(display.rows[0])}\n\\]\n"
    aligned = formula_tex.aligned_rows(display)
    if aligned is None:
        environment, rows = "gather*", [_row(row) + _tag(row) for row in display.rows]
    else:
        environment, rows = "align*", [_aligned(*sides, row) for sides, row in zip(aligned, display.rows, strict=True)]
    # The first token of the next row could be taken for an argument of the line break.
    body = " \\\\\n".join(f"  {{}}{row}" if row[:1] in ("[", "*") else f"  {row}" for row in rows)
    return f"\\begin{{{environment}}}\n{body}\n\\end{{{environment}}}\n"


def _row(row: DisplayRow) -> str:
    return r" \qquad ".join(_displayed(formula) for formula in row.formulas)


def _displayed(formula: Formula) -> str:
    tokens = formula_tex.usable_tokens(formula.latex)
    return mark(formula) + formula_tex.tidy(tokens) if tokens else rf"\text{{{marker(formula)}}}"


def _aligned(left: list[str], right: list[str], row: DisplayRow) -> str:
    sides = f"{mark(row.formulas[0])}{formula_tex.tidy(left)} &{formula_tex.tidy(right)}"
    return sides.lstrip() + _tag(row)


def _tag(row: DisplayRow) -> str:
    return "" if row.tag is None else rf" \tag{{{_in_lines(prose_tex.escape(row.tag))}}}"


def _in_lines(source: str) -> str:
    """Text for a place that is one line high: what is long gets lines of its own, as TeX stops at a line of 5.7 m."""
    return source if len(source) <= LONGEST_LINE else rf"\parbox{{0.8\linewidth}}{{\raggedright {source}}}"
