"""`recognizer explain`: where in a picture the model looked for each token, as a sheet and as an animation."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from scanpage.errors import ExitCode, UsageError

log = logging.getLogger(__name__)

SHEET_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the options of the command."""
    parser.description = (
        "Read a picture with one formula and draw where the model looked for each token: a sheet with the picture "
        "once for each of them, and on request an animation in which the LaTeX grows."
    )
    add = parser.add_argument
    add("picture", metavar="IMAGE", help="picture with one formula; - is standard input")
    add("-o", "--output", metavar="FILE", help="the sheet, PNG, JPEG or WebP; - is standard output, as PNG "
        "(default: NAME-explained.png in this folder)")  # fmt: skip
    add("--gif", type=Path, metavar="FILE", help="write the animation too")
    add("--weights", type=Path, metavar="DIR", help="model folder (default: the shipped model)")
    add("--threads", type=int, default=0, help="threads of ONNX Runtime (default: its own choice)")


def run(arguments: argparse.Namespace) -> int:
    """Explain as the options say; returns the exit code."""
    sheet, gif = _outputs(arguments)
    # Imported here, so that --help need not wait for them.
    from recognizer.explain import Explainer
    from recognizer.explain_gif import animate
    from recognizer.explain_sheet import draw_sheet, encode
    from recognizer.picture import open_source
    from scanpage.files import write_bytes, write_stdout

    crop = open_source(arguments.picture)
    explanation = Explainer(arguments.weights, arguments.threads).explain(crop)
    log.info("%s", explanation.reading.latex)
    data = encode(draw_sheet(explanation), ".png" if sheet is None else sheet.suffix)
    if sheet is None:
        write_stdout(data)
    else:
        write_bytes(sheet, data)
        log.info("wrote %s", sheet)
    if gif is not None:
        write_bytes(gif, animate(explanation))
        log.info("wrote %s", gif)
    return ExitCode.DONE


def _outputs(arguments: argparse.Namespace) -> tuple[Path | None, Path | None]:
    """Where the sheet (None: standard output) and the animation (None: nowhere) go. Raises `UsageError`."""
    source = arguments.picture
    stem = "stdin" if source == "-" else Path(source).stem
    name = f"{stem}-explained.png" if arguments.output is None else arguments.output
    sheet = None if name == "-" else Path(name)
    if sheet is not None and sheet.suffix.lower() not in SHEET_SUFFIXES:
        raise UsageError(f"cannot write {sheet}: a sheet's name ends in {', '.join(SHEET_SUFFIXES)}")
    gif: Path | None = arguments.gif
    if gif is not None and gif.suffix.lower() != ".gif":
        raise UsageError(f"cannot write {gif}: an animation's name ends in .gif")
    for path in (sheet, gif):
        if path is not None and source != "-" and path.exists() and path.samefile(source):
            raise UsageError(f"{path} is the picture itself: give another name with --output")
    return sheet, gif
