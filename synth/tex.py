"""Running TeX on a document of many formulas, whatever the formulas do: under limits of time, output and memory.

Each formula is one line of the source and one page of the DVI file. TeX is told to go on after errors, names the line
of each, and reports each page as it ships it: so one run tells which formulas failed, and the one after the last page
is the one that stopped TeX or hung.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from synth.dvi import MARKER_HEIGHT_SP

START_S = 20.0
"""Time that TeX may take to load its packages, from a cold disk too."""
FORMULA_S = 0.02
"""Time that a run may take for each of its formulas: a hundred times what one takes."""
MOST_OUTPUT = 4 << 20
"""Bytes that TeX may say about one formula; a long error message has a thousand."""
MOST_MEMORY = 2 << 30
MOST_FILE = 256 << 20
"""Bytes of memory and of any file, far above what TeX's own bounds let a sane run need."""

_SOURCE = r"""\documentclass{article}
\nofiles
%(packages)s
\begin{document}
\tracinglostchars=3 %% a sign that the font lacks is an error
\def\formula#1#2#3{\setbox0\hbox{\vrule width#1sp height%(marker)dsp depth0pt\kern-#1sp$#2#3$}%%
{\count0=#1 \count1=%(stamp)d \shipout\box0}%%
\setbox1=\vbox{\noindent x\par}}%% the end of a paragraph resets TeX's count of errors, which would stop it at 100
\message{[0.%(stamp)d]}%%
%(formulas)s
\end{document}
"""
_FIRST_LINE = _SOURCE.count("\n", 0, _SOURCE.index("%(formulas)s")) + 1

_ERROR = re.compile(r"^\S*formulas\.tex:(\d+): (.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Run:
    """What became of a run of TeX.

    Attributes:
        done: formulas that were set, from the first on.
        errors: the first error message of each formula that has one; formulas count from 0.
        dvi: the file of pages, which may lack its end; None if there is none.
        stopped: why TeX was stopped, or that it broke off by itself; empty if it came to the end.
    """

    done: int
    errors: dict[int, str]
    dvi: Path | None
    stopped: str


def available() -> bool:
    """Whether LaTeX is installed."""
    return shutil.which("latex") is not None


def run_latex(folder: Path, formulas: Sequence[tuple[str, bool]], *, packages: str, time_limit_s: float) -> Run:
    """Sets formulas by one run of `latex` in an empty folder.

    Args:
        formulas: LaTeX between dollar signs without line breaks, and whether in display style.
        packages: goes into the preamble.
        time_limit_s: the longest that TeX may spend on one formula; all together have `FORMULA_S` each besides.
    """
    lines = [rf"\formula{{{k}}}{{{_style(display)}}}{{{latex}}}" for k, (latex, display) in enumerate(formulas, 1)]
    # Shown beside the page's number, so that nothing else that TeX writes, by whatever formula, is taken for a page.
    stamp = secrets.randbelow(10**9)
    names = {"packages": packages, "stamp": stamp, "marker": MARKER_HEIGHT_SP, "formulas": "\n".join(lines)}
    first_line = _FIRST_LINE + packages.count("\n")
    (folder / "formulas.tex").write_text(_SOURCE % names, encoding="utf-8")
    page = re.compile(rb"\[(\d+)\.%d\]" % stamp)
    output, stopped = _watch(folder, page, time_limit_s, 2 * time_limit_s + FORMULA_S * len(formulas))
    done = min(max(_last(page, output), 0), len(formulas))
    errors: dict[int, str] = {}
    for line, message in _ERROR.findall(output.decode("utf-8", errors="replace")):
        errors.setdefault(int(line) - first_line, message)
    dvi = folder / "formulas.dvi"
    if done < len(formulas) and not stopped:
        stopped = errors.get(done, "stopped TeX")
    return Run(done, errors, dvi if dvi.exists() else None, stopped)


def _style(display: bool) -> str:
    return r"\displaystyle " if display else ""


def _last(page: re.Pattern[bytes], output: bytes | bytearray) -> int:
    """The highest number among the pages that TeX reports, 0 when it comes to the first, -1 before that."""
    return max(map(int, page.findall(output)), default=-1)


def _watch(folder: Path, page: re.Pattern[bytes], formula_limit_s: float, run_limit_s: float) -> tuple[bytes, str]:
    """What `latex formulas.tex` wrote, and why it was killed; empty if it was not."""
    command = ["latex", "-interaction=nonstopmode", "-file-line-error", "-no-shell-escape", "formulas.tex"]
    environment = os.environ | {"max_print_line": "1000", "openout_any": "p", "MKTEXTFM": "0", "MKTEXPK": "0"}
    written = bytearray()
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdout is not None
        _bound(process.pid)
        pages, reported, stopped = -1, 0, ""
        # Silence and chatter without a page are the same to us.
        page_end_s = time.monotonic() + START_S
        end_s = page_end_s + run_limit_s
        while not stopped:
            patience_s = min(page_end_s, end_s) - time.monotonic()
            if patience_s <= 0:
                stopped = f"TeX took more than {formula_limit_s:g} s"
            elif len(written) - reported > MOST_OUTPUT:
                stopped = "TeX said too much"
            elif select.select([process.stdout], [], [], patience_s)[0]:
                chunk = os.read(process.stdout.fileno(), 65536)
                if not chunk:
                    break
                written += chunk
                newest = _last(page, written[-len(chunk) - 32 :])
                if newest > pages:
                    pages, reported, page_end_s = newest, len(written), time.monotonic() + formula_limit_s
        if stopped:
            process.kill()
    if process.returncode < 0 and not stopped:
        stopped = f"TeX was ended by {signal.Signals(-process.returncode).name}"
    return bytes(written), stopped


def _bound(process: int) -> None:
    """Bounds the memory and files of a process, where the system can."""
    if sys.platform == "linux":
        import resource

        with contextlib.suppress(ProcessLookupError, PermissionError):
            resource.prlimit(process, resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
            resource.prlimit(process, resource.RLIMIT_FSIZE, (MOST_FILE, MOST_FILE))
