"""`recognizer read`: pictures of formulas to LaTeX on standard output."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanpage.errors import ExitCode, InputError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from recognizer.reading import Reading

CLIPBOARD = "<clipboard>"
TOGETHER = 32
"""Pictures that are opened and read at once, however many there are."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the options of the command."""
    parser.description = (
        "Print the LaTeX of each picture, a line each: an empty one for a picture that cannot be read, if there are "
        "others."
    )
    add = parser.add_argument
    add("pictures", nargs="*", metavar="IMAGE", help="pictures with one formula each; - is standard input")
    add("--clipboard", action="store_true", help="read the clipboard's picture, behind the others")
    add("--json", action="store_true", help="print an array with source, LaTeX and score of each, and alternatives")
    add("--beams", type=int, default=1, metavar="N", help="formulas kept while reading (default: 1, the quickest)")
    add("--alternatives", type=int, default=0, metavar="N", help="with --json, the N best other readings of each")
    add("--temperature", type=float, default=1.0, metavar="T", help="above 1 makes the model less sure, below 1 surer "
        "(default: 1)")  # fmt: skip
    add("--weights", type=Path, metavar="DIR", help="model folder (default: the shipped model)")
    add("--threads", type=int, default=0, help="threads of ONNX Runtime (default: its own choice)")


def run(arguments: argparse.Namespace) -> int:
    """Read as the options say; returns the exit code."""
    from scanpage.files import write_stdout

    sources = [*arguments.pictures, *([CLIPBOARD] if arguments.clipboard else [])]
    _check(arguments, sources)
    rows: list[dict[str, Any]] = []
    failed = 0
    for source, found in _readings(arguments, sources):
        if isinstance(found, InputError):
            if len(sources) == 1:
                raise found
            failed += 1
            sys.stderr.write(f"recognizer: {found}\n")
        if arguments.json:
            rows.append(_row(source, found))
        else:
            # An empty line keeps lines and pictures in step.
            write_stdout(("" if isinstance(found, InputError) else found.latex).encode() + b"\n")
    if arguments.json:
        write_stdout((json.dumps(rows, indent=1, ensure_ascii=False) + "\n").encode())
    if not failed:
        return ExitCode.DONE
    return ExitCode.UNREADABLE_INPUT if failed == len(sources) else ExitCode.FINISHED_WITH_FAILURES


def _check(arguments: argparse.Namespace, sources: list[str]) -> None:
    if not sources:
        raise UsageError("nothing to read: give pictures, - for standard input, or --clipboard")
    if sources.count("-") > 1:
        raise UsageError("standard input (-) can be read only once")
    if arguments.beams < 1:
        raise UsageError(f"--beams must be at least 1, got {arguments.beams}")
    if arguments.alternatives < 0:
        raise UsageError(f"--alternatives must not be negative, got {arguments.alternatives}")
    if arguments.alternatives and not arguments.json:
        raise UsageError("--alternatives are printed with --json only: add it")
    if not (arguments.temperature > 0 and math.isfinite(arguments.temperature)):
        raise UsageError(f"--temperature must be above 0, got {arguments.temperature}")


def _readings(arguments: argparse.Namespace, sources: list[str]) -> Iterator[tuple[str, Reading | InputError]]:
    """Each source with its reading, or with why it has none. Raises `WeightsError`."""
    # Imported here, so that --help need not wait for it.
    from recognizer.predict import Recognizer

    recognizer = None
    for start in range(0, len(sources), TOGETHER):
        chosen = sources[start : start + TOGETHER]
        opened = [_opened(source) for source in chosen]
        crops = [crop for crop in opened if not isinstance(crop, InputError)]
        found: Iterator[Reading] = iter(())
        if crops:
            # A wrong name is told before the model is loaded.
            recognizer = recognizer or Recognizer(arguments.weights, arguments.threads)
            found = iter(
                recognizer.read_batch(
                    crops, beams=arguments.beams, alternatives=arguments.alternatives, temperature=arguments.temperature
                )
            )
        yield from ((s, o if isinstance(o, InputError) else next(found)) for s, o in zip(chosen, opened, strict=True))


def _opened(source: str) -> NDArray[np.uint8] | InputError:
    from recognizer.picture import from_clipboard, open_source

    try:
        return from_clipboard() if source == CLIPBOARD else open_source(source)
    except InputError as error:
        return error


def _row(source: str, found: Reading | InputError) -> dict[str, Any]:
    name = {"source": "<stdin>" if source == "-" else source}
    if isinstance(found, InputError):
        return name | {"latex": "", "score": 0.0, "alternatives": [], "error": str(found)}
    others = [{"latex": other.latex, "score": round(other.score, 4)} for other in found.alternatives]
    return name | {"latex": found.latex, "score": round(found.score, 4), "alternatives": others}
