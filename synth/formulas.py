"""Lists of formulas."""

from __future__ import annotations

import gzip
from pathlib import Path

from scanpage.errors import InputError


def read_formulas(path: Path) -> list[str]:
    """The formulas of a list, in its order, without empty lines.

    Args:
        path: `.txt` (a formula a line) or `.tsv` (`environment TAB formula` a line), plain or with `.gz` behind.

    Raises:
        InputError: the file cannot be read, or is of neither kind.
    """
    compressed = path.suffix == ".gz"
    kind = Path(path.stem).suffix if compressed else path.suffix
    if kind not in (".txt", ".tsv"):
        raise InputError(f"cannot tell what {path} holds; name it .txt, .tsv, .txt.gz or .tsv.gz")
    try:
        with gzip.open(path, "rt", encoding="utf-8") if compressed else path.open(encoding="utf-8") as file:
            lines = file.read().split("\n")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read formulas from {path}: {error}") from error
    if kind == ".tsv":
        lines = [line.partition("\t")[2] for line in lines]
    return [line.strip() for line in lines if line.strip()]
