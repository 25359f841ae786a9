"""LaTeX to layouts, hundreds of formulas per run of TeX.

Each formula is one line of the source and one page of the DVI file. TeX is told to go on after errors, names the line
of each, and reports each page as it ships it: so one run tells which formulas failed, and one that stops TeX or hangs
is the one after the last page. It is put aside and the run repeated from there.
"""

from __future__ import annotations

import os
import re
import select
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from synth.dvi import MARKER_HEIGHT_SP, Page, read_pages
from synth.layout import Failure, Layout

BATCH = 500
"""Formulas per run of TeX: starting it (0.2 s) costs as much as setting so many."""

# bm would take eight of TeX's sixteen families of mathematics fonts.
_PACKAGES = r"\def\bmmax{0}\def\hmmax{0}\usepackage{amsmath,amssymb,mathtools,mathrsfs,bm,stmaryrd,cancel}"
# amsmath fails on \bar{\bar{a}\bar{b}} before it has set a single accent, for want of these.
_PACKAGES += r"\makeatletter\gdef\macc@kerna{\z@}\gdef\macc@kernb{\z@}\gdef\macc@nucleus{}\makeatother"

_SOURCE = r"""\documentclass{article}
\nofiles
%(packages)s
\begin{document}
\tracinglostchars=3 %% a sign that the font lacks is an error
\def\formula#1#2{\setbox0\hbox{\vrule width#1sp height%(marker)dsp depth0pt\kern-#1sp$%(style)s #2$}%%
\count0=#1 \count1=%(stamp)d \shipout\box0
\setbox1=\vbox{\noindent x\par}}%% the end of a paragraph resets TeX's count of errors, which would stop it at 100
%(formulas)s
\end{document}
"""

_ERROR = re.compile(r"^\S*formulas\.tex:(\d+): (.*)$", re.MULTILINE)
_STAMP = 271828
"""Shown beside the page's number, so that nothing else that TeX writes is taken for a page."""
_PAGE = re.compile(rf"\[(\d+)\.{_STAMP}\]")


class FontFamily(Enum):
    """Families of text and mathematics fonts; the value is what the preamble loads."""

    COMPUTER_MODERN = _PACKAGES
    TIMES = _PACKAGES + r"\usepackage{mathptmx}"
    TIMES_TX = _PACKAGES + r"\usepackage{txfonts}"
    PALATINO = _PACKAGES + r"\usepackage{mathpazo}"
    PALATINO_PX = _PACKAGES + r"\usepackage{pxfonts}"
    EULER = _PACKAGES + r"\usepackage{mathpazo}\usepackage[mathcal,mathbf]{euler}"


def available() -> bool:
    """Whether LaTeX is installed."""
    return shutil.which("latex") is not None


def typeset(
    formulas: Sequence[str],
    *,
    family: FontFamily = FontFamily.COMPUTER_MODERN,
    display: bool = True,
    time_limit_s: float = 20,
) -> list[Layout | Failure]:
    """Typesets each formula (what stands between `$` and `$`).

    Args:
        formulas: LaTeX with amsmath; its commands are TeX programs, but cannot run others (no shell escape).
        display: whether it is set in display style rather than text style.
        time_limit_s: the longest that TeX may spend on one formula.

    Returns:
        For each formula, in order, its layout, or why there is none: a formula that breaks or hangs costs itself only.
    """
    results: list[Layout | Failure | None] = [None] * len(formulas)
    waiting = []
    for i, formula in enumerate(formulas):
        fault = _obvious_fault(formula)
        if fault:
            results[i] = Failure(formula, fault)
        else:
            waiting.append(i)
    while waiting:
        batch = waiting[:BATCH]
        outcomes = _run_batch([formulas[i] for i in batch], family, display, time_limit_s)
        for i, outcome in zip(batch, outcomes, strict=False):
            results[i] = outcome
        waiting = waiting[len(outcomes) :]
    return [result for result in results if result is not None]


def _obvious_fault(formula: str) -> str | None:
    """Why the formula would break the source around it, if it would."""
    if "\n" in formula or "\r" in formula:
        return "line break"
    depth = 0
    for sign in re.findall(r"\\.|[{}%]", formula):
        if sign == "%":
            return "comment"
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            break
    if depth:
        return "unbalanced braces"
    return "ends in a backslash" if re.search(r"(?<!\\)(\\\\)*\\$", formula) else None


def _run_batch(
    formulas: Sequence[str], family: FontFamily, display: bool, time_limit_s: float
) -> list[Layout | Failure]:
    """Outcomes of the first formulas of the batch: all of them, or up to and with the one that stopped TeX."""
    with tempfile.TemporaryDirectory(prefix="typeset-") as name:
        folder = Path(name)
        first_line = _write_source(folder / "formulas.tex", formulas, family, display)
        output, hung = _run_latex(folder, time_limit_s)
        pages = {} if hung or not _PAGE.search(output) else dict(read_pages(folder / "formulas.dvi"))
    done = max((int(n) for n in _PAGE.findall(output)), default=0)
    errors: dict[int, str] = {}
    for line, message in _ERROR.findall(output):
        errors.setdefault(int(line) - first_line, message)
    if hung:
        # A killed TeX leaves half a file, so what it had set is set again.
        before = _run_batch(formulas[:done], family, display, time_limit_s) if done else []
        return [*before, Failure(formulas[done], f"TeX took more than {time_limit_s:g} s")]
    outcomes = [_outcome(formulas[k], errors.get(k), pages.get(k + 1)) for k in range(done)]
    if done < len(formulas):
        outcomes.append(Failure(formulas[done], errors.get(done, "stopped TeX")))
    return outcomes


def _outcome(formula: str, error: str | None, page: Page | str | None) -> Layout | Failure:
    if error is not None:
        return Failure(formula, error)
    if not isinstance(page, Page):
        return Failure(formula, page or "no page")
    if not page.glyphs and not page.rules:
        return Failure(formula, "nothing to see")
    return Layout(formula, page.glyphs, page.rules)


def _write_source(path: Path, formulas: Sequence[str], family: FontFamily, display: bool) -> int:
    """Writes a document with formula k on page k, and returns the line of the first one."""
    lines = [rf"\formula{{{k}}}{{{formula}}}" for k, formula in enumerate(formulas, 1)]
    source = _SOURCE % {
        "packages": family.value,
        "stamp": _STAMP,
        "marker": MARKER_HEIGHT_SP,
        "style": r"\displaystyle" if display else "",
        "formulas": "\n".join(lines),
    }
    path.write_text(source, encoding="utf-8")
    return source.split("\n").index(lines[0]) + 1


def _run_latex(folder: Path, time_limit_s: float) -> tuple[str, bool]:
    """What `latex formulas.tex` wrote, and whether it fell silent for longer than the limit and was killed."""
    command = ["latex", "-interaction=nonstopmode", "-file-line-error", "-no-shell-escape", "formulas.tex"]
    environment = os.environ | {"max_print_line": "1000", "openout_any": "p", "MKTEXTFM": "0", "MKTEXPK": "0"}
    written = bytearray()
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        while select.select([process.stdout], [], [], time_limit_s)[0]:
            chunk = os.read(process.stdout.fileno(), 65536)
            if not chunk:
                return written.decode("utf-8", errors="replace"), False
            written += chunk
        process.kill()
    return written.decode("utf-8", errors="replace"), True
