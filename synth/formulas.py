"""Lists of formulas."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

from scanpage.errors import InputError

_OF_LINES = frozenset({"align", "alignat", "flalign", "eqnarray", "gather", "multline"})
"""Environments that give `&`, `\\\\` or their first argument a meaning, so that formulas keep them."""


def read_formulas(path: Path) -> Iterator[str]:
    """The formulas of a list, in its order, without empty lines; lines are read as they are needed.

    Args:
        path: `.txt` (a formula a line) or `.tsv` (`environment TAB formula` a line), plain or with `.gz` behind. A
            formula of several lines comes in its environment: `\\begin{align}…\\end{align}`.

    Raises:
        InputError: the file cannot be opened (at once) or read (when it comes to that), or is of neither kind.
    """
    compressed = path.suffix == ".gz"
    kind = Path(path.stem).suffix if compressed else path.suffix
    if kind not in (".txt", ".tsv"):
        raise InputError(f"cannot tell what {path} holds; name it .txt, .tsv, .txt.gz or .tsv.gz")
    try:
        with path.open("rb") as file:
            file.read(1)
    except OSError as error:
        raise InputError(f"cannot read formulas from {path}: {error.strerror}") from error
    return _lines(path, compressed=compressed, table=kind == ".tsv")


def _lines(path: Path, *, compressed: bool, table: bool) -> Iterator[str]:
    try:
        # Only "\n" ends a line: other signs that Python takes for line ends occur in formulas.
        opened = gzip.open if compressed else open
        with opened(path, "rt", encoding="utf-8", newline="\n") as file:
            for line in file:
                formula = _of_table(line) if table else line.strip()
                if formula:
                    yield formula
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read formulas from {path}: {error}") from error


def _of_table(line: str) -> str:
    environment, _, formula = line.partition("\t")
    formula = formula.strip()
    if formula and environment.rstrip("*") in _OF_LINES:
        return f"\\begin{{{environment}}}{formula}\\end{{{environment}}}"
    return formula
