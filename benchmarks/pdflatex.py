"""Compiling formulas as a person would: amsmath's and amssymb's, in an article."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

DOCUMENT = r"""\documentclass{article}
\usepackage{amsmath,amssymb,mathrsfs}
\begin{document}
%s
\end{document}
"""


def displays(formulas: Sequence[str]) -> str:
    """A body with each formula on a line of its own."""
    return "\n\n".join(rf"\[ {formula} \]" for formula in formulas)


def refusal(body: str, folder: Path, limit_s: float = 200.0) -> str:
    """What pdflatex has against a document of this body, empty if nothing: then `all.pdf` is in `folder`."""
    (folder / "all.tex").write_text(DOCUMENT % body, "utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-file-line-error", "-no-shell-escape"]
    try:
        run = subprocess.run([*command, "all.tex"], cwd=folder, capture_output=True, timeout=limit_s, check=False)
    except subprocess.TimeoutExpired:
        return f"took longer than {limit_s:g} s"
    if run.returncode == 0 and (folder / "all.pdf").exists():
        return ""
    output = run.stdout.decode("utf-8", errors="replace")
    told = re.search(r"^.*all\.tex:\d+:.*$", output, re.MULTILINE)
    return told[0] if told else output[-500:] or "broke off"
