"""Where results go: chosen and checked before the long work, written atomically after it."""

from __future__ import annotations

import os
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline.formats import Format
from pipeline.write_json import FORMAT as JSON_FORMAT
from scanpage.document import Document
from scanpage.errors import OutputError, UsageError
from scanpage.files import check_folder, write_bytes, write_stdout

STDOUT = "-"
MADE_BY = "Made by scanpage"
"""What stands in the first line of each document, or in the properties of a Word document; JSON names its format."""
FIGURES = "figures"
"""Name of the folder that pictures lie in, beside a document that goes to no file."""
_FIRST_BYTES = 200


@dataclass(frozen=True, slots=True)
class Job:
    """Inputs that become one document, and its file; a target of None is standard output."""

    inputs: tuple[str, ...]
    target: Path | None


def format_of(output: str | None, chosen: Format | None) -> Format:
    """The format of the results: the chosen one, else by the ending of `output`, else LaTeX. Raises `UsageError`."""
    if chosen is not None:
        return chosen
    if output is None or output == STDOUT or _is_folder(output):
        return Format.TEX
    return Format.of(Path(output))


def plan(inputs: Sequence[str], output: str | None, *, kind: Format = Format.TEX) -> list[Job]:
    """One document of all inputs, or one for each where `output` is a folder.

    Without `output` the document goes into the current folder, named after the first input.
    """
    if not inputs:
        raise UsageError("no input: name a PDF, a picture, a folder, or - for standard input")
    if output is None:
        return [Job(tuple(inputs), Path(f"{stem(inputs[0])}{kind.ending}"))]
    if output == STDOUT:
        return [Job(tuple(inputs), None)]
    if not _is_folder(output):
        return [Job(tuple(inputs), Path(output))]
    names = unique_names([stem(entry) for entry in inputs])
    return [Job((entry,), Path(output) / f"{name}{kind.ending}") for entry, name in zip(inputs, names, strict=True)]


def _is_folder(output: str) -> bool:
    return output.endswith(("/", os.sep)) or Path(output).is_dir()


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
        beginning = _beginning(path)
    except OSError as error:
        raise OutputError(f"cannot see whose {path} is: {error.strerror}; name it with -o to overwrite it") from error
    if not any(mark.encode() in beginning for mark in (MADE_BY, JSON_FORMAT)):
        raise UsageError(f"{path} was not made by scanpage: name it with -o to overwrite it, or choose another output")


def _beginning(path: Path) -> bytes:
    """The first bytes of a file, or the properties of a Word document."""
    if path.suffix == Format.DOCX.ending:
        try:
            with zipfile.ZipFile(path) as archive:
                return archive.read("docProps/core.xml")
        except (zipfile.BadZipFile, KeyError):
            return b""
    with path.open("rb") as file:
        return file.read(_FIRST_BYTES)


def figures_folder(target: Path | None) -> str:
    """Name of the folder, beside a document, that its pictures lie in: `notes-figures` for `notes.tex`.

    It has no signs that LaTeX or Markdown would take for their own; a number keeps apart those that lost some.
    """
    if target is None:
        return FIGURES
    plain = re.sub(r"[^A-Za-z0-9.-]+", "-", target.stem)
    number = "" if plain == target.stem else f"-{zlib.crc32(target.stem.encode('utf-8', 'surrogateescape')):08x}"
    return f"{plain}{number}-{FIGURES}"


def deliver_figures(document: Document, target: Path) -> None:
    """Write the pictures of a document beside its file. Raises `OutputError`."""
    folder = target.parent / figures_folder(target)
    if document.figures:
        check_folder(folder)
    for figure in document.figures:
        write_bytes(folder / figure.name, figure.jpeg)


def deliver(data: bytes, target: Path | None) -> None:
    """Write `data` to `target`, or to standard output. Raises `OutputError`."""
    if target is None:
        write_stdout(data)
    else:
        write_bytes(target, data)
