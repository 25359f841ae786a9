"""Where the formulas of a corpus come from: lists, or a data set."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from scanpage.errors import InputError, UsageError
from scanpage.latex import Refusal, normalise
from synth.formulas import read_formulas

COLUMNS = ("latex", "formula", "text", "label")
"""What the column of formulas is called in data sets, the likeliest name first."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Formulas to read once, and what tells them from others, as JSON has it."""

    formulas: Iterable[str]
    description: dict[str, Any]


def open_lists(paths: Sequence[Path]) -> Origin:
    """The formulas of lists, one after the other. Raises `InputError`."""
    lists = [read_formulas(path) for path in paths]
    described = [{"name": path.name, "sha256": _sha256(path)} for path in paths]
    return Origin(chain.from_iterable(lists), {"formulas": described})


def open_dataset(
    name: str, *, subset: str | None = None, split: str | None = None, column: str | None = None
) -> Origin:
    """The formulas of a data set, by the `datasets` library.

    Args:
        name: id on the Hugging Face hub, or a folder: one that `save_to_disk` wrote, or of parquet, JSON or CSV files.
        subset: its configuration, where it has several.
        split: which part; by default `train`, or the only one.
        column: by default the first of `COLUMNS` that there is.

    Raises:
        InputError: there is no such data set.
        UsageError: it has no such subset, split or column.
    """
    parts = _load(name, subset)
    chosen = split or ("train" if "train" in parts or len(parts) != 1 else next(iter(parts)))
    if chosen not in parts:
        raise UsageError(f"data set {name} has no split {chosen!r}; choose with --split from {', '.join(parts)}")
    rows = parts[chosen]
    names = [column] if column else list(COLUMNS)
    found = [one for one in names if one in rows.column_names]
    if not found:
        raise UsageError(
            f"data set {name} has no column {' or '.join(names)};"
            f" choose with --column from {', '.join(rows.column_names)}"
        )
    described = {"dataset": name, "subset": subset, "split": chosen, "column": found[0], "rows": len(rows)}
    return Origin(_column(rows.select_columns(found[:1]), found[0]), {"formulas": described})


def _load(name: str, subset: str | None) -> dict[str, Any]:
    """The splits of a data set."""
    import datasets
    from datasets.exceptions import DatasetsError

    datasets.disable_progress_bars()
    folder = Path(name)
    saved = any((folder / mark).is_file() for mark in ("dataset_dict.json", "state.json"))
    try:
        loaded = datasets.load_from_disk(name) if saved else datasets.load_dataset(name, subset)
    except (OSError, ValueError, DatasetsError) as error:
        reason = str(error).strip().split("\n")[0]
        raise InputError(f"cannot read data set {name}: {reason}") from error
    return dict(loaded) if isinstance(loaded, dict) else {str(loaded.split or "train"): loaded}


def _column(rows: Any, name: str) -> Iterator[str]:
    for row in rows:
        value = row[name]
        if isinstance(value, str) and value.strip():
            yield value.strip()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_labels(paths: Sequence[Path]) -> frozenset[str]:
    """Canonical forms of the formulas of lists; what has none is never typeset anyway. Raises `InputError`."""
    labels = set()
    for formula in chain.from_iterable([read_formulas(path) for path in paths]):
        with contextlib.suppress(Refusal):
            labels.add(" ".join(normalise(formula)))
    return frozenset(labels)


def fingerprint(labels: Iterable[str]) -> str:
    """Tells sets of labels apart; empty for none."""
    text = "\n".join(sorted(labels))
    return hashlib.sha256(text.encode("utf-8")).hexdigest() if text else ""
