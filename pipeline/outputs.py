"""Where results go: chosen and checked before the long work, written atomically after it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scanpage.errors import OutputError, UsageError
from scanpage.files import check_folder, write_stdout, write_text

STDOUT = "-"
MADE_BY = "% Made by scanpage"
"""How each document begins."""


@dataclass(frozen=True, slots=True)
class Job:
    """Inputs that become one document, and its file; a target of None is standard output."""

    inputs: tuple[str, ...]
    target: Path | None


def plan(inputs: Sequence[str], output: str | None) -> list[Job]:
    """One document of all inputs, or one for each where `output` is a folder.

    Without `output` the document goes into the current folder, named after the first input.
    """
    if not inputs:
        raise UsageError("no input: name a PDF, a picture, a folder, or - for standard input")
    if output is None:
        return [Job(tuple(inputs), Path(f"{stem(inputs[0])}.tex"))]
    if output == STDOUT:
        return [Job(tuple(inputs), None)]
    if not (output.endswith(("/", os.sep)) or Path(output).is_dir()):
        return [Job(tuple(inputs), Path(output))]
    names = unique_names([stem(entry) for entry in inputs])
    return [Job((entry,), Path(output) / f"{name}.tex") for entry, name in zip(inputs, names, strict=True)]


def stem(entry: str) -> str:
    """The name for results of an input: its file name without suffix."""
    if entry in (STDOUT, "<stdin>"):
        return "stdin"
    path = Path(entry)
    return (path.resolve().name if path.is_dir() else path.stem) or "page"


def unique_names(names: Sequence[str]) -> list[str]:
    """`names` with `-2`, `-3` … at the end of those that came before."""
    taken: set[str] = set()
    result: list[str] = []
    for name in names:
        candidate, count = name, 1
        while candidate in taken:
            count += 1
            candidate = f"{name}-{count}"
        taken.add(candidate)
        result.append(candidate)
    return result


def check_file(path: Path) -> None:
    """Make sure that a file can be written at `path`, making its folder. Raises `OutputError`."""
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder; name a file")
    check_folder(path.parent)


def check_own(path: Path) -> None:
    """Make sure that a file that no one named is new or of our making: `notes.pdf` may come from a `notes.tex`.

    Raises:
        UsageError: the file exists and is someone else's.
        OutputError: it cannot be read.
    """
    if not path.is_file():
        return
    try:
        with path.open("rb") as file:
            begins = file.read(len(MADE_BY))
    except OSError as error:
        raise OutputError(f"cannot see whose {path} is: {error.strerror}; name it with -o to overwrite it") from error
    if begins != MADE_BY.encode():
        raise UsageError(f"{path} was not made by scanpage: name it with -o to overwrite it, or choose another output")


def deliver(text: str, target: Path | None) -> None:
    """Write `text` to `target`, or to standard output. Raises `OutputError`."""
    if target is None:
        write_stdout(text.encode("utf-8"))
    else:
        write_text(target, text)
