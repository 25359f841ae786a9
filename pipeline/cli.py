"""The `scanpage` command: pages in, a document out."""

from __future__ import annotations

import argparse
import logging
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.formats import Format
from pipeline.limits import DEFAULT_LIMITS, Limits
from pipeline.stderr import complain
from scanpage import __version__
from scanpage.errors import ExitCode, ScanpageError, UsageError

if TYPE_CHECKING:
    from pipeline.outputs import Job
    from pipeline.run import EngineLoader
    from pipeline.scan import ScanOptions

UNEXPECTED = 1
"""Exit code of a bug in scanpage itself."""


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    result = argparse.ArgumentParser(
        prog="scanpage",
        description="Read pages of handwritten or printed mathematics and write a LaTeX document that compiles, or "
        "Markdown, HTML, JSON or Word.",
        epilog="exit codes: 0 done, 2 usage, 3 unreadable input, 4 weights missing or broken, 5 output not writable, "
        "6 finished with failed pages or formulas, 130 interrupted",
    )
    add = result.add_argument
    add("inputs", nargs="+", metavar="INPUT", help="PDF, PNG, JPEG, TIFF, WebP, a folder of them, or - for stdin; "
        "or .json of before, to write it in another format")  # fmt: skip
    add("-o", "--output", metavar="FILE|DIR|-", help="the result, its format by its ending: .tex, .md, .html, .json, "
        ".docx (with pandoc); a folder gets one for each input; - is stdout (default: .tex of the first input's name, "
        "in this folder)")  # fmt: skip
    add("--to", choices=[kind.value for kind in Format], help="the format, whatever the ending; also of folders and "
        "stdout (default there: tex)")  # fmt: skip
    part = result.add_mutually_exclusive_group()
    part.add_argument("--fragment", action="store_true", help="LaTeX to be read into another document by \\input")
    part.add_argument("--template", type=Path, metavar="FILE", help="LaTeX file to fill, at its lines "
        "%%%%scanpage:preamble%%%% (packages and definitions) and %%%%scanpage:body%%%%")  # fmt: skip
    add("--preview", type=Path, metavar="DIR", help="write a picture of each page with boxes and readings")
    add("--review", type=Path, metavar="FILE.html", help="write one page to compare everything read with the original, "
        "correct it and save it again, in a browser")  # fmt: skip
    add("--json", type=Path, metavar="FILE", help="write places, scores, LaTeX and text of everything read")
    add("--pages", default="", metavar="1-3,7", help="which pages of each input (default: all)")
    add("--dpi", type=int, default=200, help="resolution at which PDF pages are drawn (default: %(default)s)")
    add("--min-score", type=float, metavar="P", help="least detector score of a formula, 0 to 1 (default: the model's)")
    add("--check-below", type=float, metavar="P", help="mark formulas of less confidence as to be checked, 0 to 1 "
        "(default: 0.5, where a reading is as likely wrong as right)")  # fmt: skip
    add("--alternatives", type=int, default=0, metavar="N", help="also write the N next best readings of each formula "
        "into --json and --review; takes several times as long (default: none)")  # fmt: skip
    add("--detector", type=Path, metavar="DIR", help="folder of another detector than the shipped one")
    add("--recognizer", type=Path, metavar="DIR", help="folder of another recognizer than the shipped one")
    add("--jobs", type=int, default=1, metavar="N", help="processes that read pages side by side; one a core is "
        "fastest for many pages, four a core the most; each takes 0.9 GB (default: 1, on all cores)")  # fmt: skip
    add("--threads", type=int, default=0, metavar="N", help="threads to use (default: all cores; one for each of "
        "several --jobs)")  # fmt: skip
    add("--max-pages", type=int, default=DEFAULT_LIMITS.max_pages, metavar="N", help="how many pages of one input are "
        "read at most (default: %(default)s)")  # fmt: skip
    add("--max-pixels", type=float, default=DEFAULT_LIMITS.max_pixels / 1e6, metavar="MP", help="million pixels of the "
        "largest picture that is opened; also bounds the memory for it (default: %(default)g)")  # fmt: skip
    add("--timeout", type=float, default=DEFAULT_LIMITS.timeout_s, metavar="S", help="seconds for opening a file, or "
        "drawing one page of it, before it is given up (default: %(default)g)")  # fmt: skip
    add("--text-layer", choices=["auto", "ignore"], default="auto", help="whether prose of PDF pages comes from their "
        "text layer where it agrees with the picture, or always from the picture (default: %(default)s)")  # fmt: skip
    add("--lang", metavar="LANG|FILE", help="language of the prose, such as de or pt: only its letters are read; or a "
        "recognition model of RapidOCR's, FILE.onnx, for other languages (default: all letters that the shipped model "
        "knows)")  # fmt: skip
    add("--no-prose", dest="prose", action="store_false", help="read formulas only, not the text around them")
    add("--no-normalise", dest="normalise", action="store_false", help="take pictures as they are: do not turn, "
        "straighten, evenly light and sharpen photos first")  # fmt: skip
    volume = result.add_mutually_exclusive_group()
    volume.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    volume.add_argument(
        "-v", "--verbose", action="store_true", help="say how long each stage takes, with its share, and trace errors"
    )
    add("--version", action="version", version=f"%(prog)s {__version__}")
    return result


def main(argv: Sequence[str] | None = None, *, load_engines: EngineLoader | None = None) -> int:
    """Run the command and return its exit code.

    Args:
        argv: the arguments, `sys.argv` where left out.
        load_engines: makes the models from the settings; the shipped or named ones where left out. With `--jobs` other
            processes call it, so it has to be picklable.
    """
    arguments = parser().parse_args(argv)
    if arguments.verbose:
        logging.basicConfig(format="%(message)s")
        logging.getLogger("pipeline").setLevel(logging.DEBUG)
    try:
        return _run(arguments, load_engines)
    except ScanpageError as error:
        complain(str(error), trace=arguments.verbose)
        return error.exit_code
    except KeyboardInterrupt:
        complain("interrupted")
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place before the user: a bug must not look like success
        told = f"unexpected {type(error).__name__}: {error} (run again with -v and report it)"
        complain(told, trace=arguments.verbose)
        return UNEXPECTED


def _run(arguments: argparse.Namespace, load_engines: EngineLoader | None) -> int:
    from pipeline import formats, outputs

    if arguments.jobs < 1:
        raise UsageError(f"--jobs must be 1 or more, got {arguments.jobs}")
    kind = outputs.format_of(arguments.output, None if arguments.to is None else Format(arguments.to))
    jobs = outputs.plan(arguments.inputs, arguments.output, kind=kind)
    options = _options(arguments, has_alternatives=kind is Format.JSON)
    are_documents = _are_documents(arguments.inputs)
    if are_documents:
        _require_no_reading(arguments)
    _check_outputs(jobs, arguments)
    writer = formats.writer(kind, fragment=arguments.fragment, template=arguments.template)
    from pipeline.run import CommandRun  # loads numpy and OpenCV, which no usage error needs to wait for
    from pipeline.scan import ScanOptions

    engines = load_engines or ScanOptions.load_engines
    run = CommandRun(arguments, options, kind=kind, writer=writer, load_engines=engines)
    return run.finish(jobs, are_documents=are_documents)


READING = ("pages", "dpi", "min_score", "check_below", "alternatives", "detector", "recognizer", "prose", "normalise",
           "text_layer", "lang", "preview", "review")  # fmt: skip
"""Settings of how pages are read, which a document of before has behind it."""


def _are_documents(inputs: Sequence[str]) -> bool:
    """Whether the inputs are documents that were read before. Raises `UsageError` where only some are."""
    documents = [Path(entry).suffix.lower() == ".json" and not Path(entry).is_dir() for entry in inputs]
    if any(documents) and not all(documents):
        raise UsageError("documents (.json) and pages that are still to be read do not go together: name one kind only")
    return all(documents)


def _require_no_reading(arguments: argparse.Namespace) -> None:
    defaults = parser()
    for name in READING:
        if getattr(arguments, name) != defaults.get_default(name):
            option = f"--no-{name}" if name in ("prose", "normalise") else f"--{name.replace('_', '-')}"
            raise UsageError(f"{option} is for reading pages, and {arguments.inputs[0]} was read already")


def _options(arguments: argparse.Namespace, *, has_alternatives: bool) -> ScanOptions:
    from pipeline.page_range import PageRange
    from pipeline.scan import CHECK_BELOW, ScanOptions
    from pipeline.text_layer import TextLayerUse

    if arguments.alternatives and arguments.json is None and arguments.review is None and not has_alternatives:
        raise UsageError("--alternatives go into the JSON and the review page only: name --json or --review")
    if not arguments.prose and arguments.lang is not None:
        raise UsageError("--lang is for prose, which --no-prose leaves out: name one of the two")
    if not arguments.prose and arguments.text_layer != TextLayerUse.AUTO:
        raise UsageError("--text-layer is for prose, which --no-prose leaves out: name one of the two")
    return ScanOptions(
        pages=PageRange.parse(arguments.pages),
        dpi=arguments.dpi,
        min_score=arguments.min_score,
        prose=arguments.prose,
        normalise=arguments.normalise,
        text_layer=TextLayerUse(arguments.text_layer),
        lang=arguments.lang,
        detector=arguments.detector,
        recognizer=arguments.recognizer,
        threads=arguments.threads,
        check_below=CHECK_BELOW if arguments.check_below is None else arguments.check_below,
        alternatives=arguments.alternatives,
        limits=_limits(arguments),
    )


def _limits(arguments: argparse.Namespace) -> Limits:
    if not math.isfinite(arguments.max_pixels):
        raise UsageError(f"--max-pixels must be a number, got {arguments.max_pixels}")
    return Limits(arguments.max_pages, round(arguments.max_pixels * 1e6), arguments.timeout)


def _check_outputs(jobs: Sequence[Job], arguments: argparse.Namespace) -> None:
    """Find unwritable places before the long work."""
    from pipeline import outputs
    from scanpage.files import check_folder

    files = [job.target for job in jobs if job.target is not None]
    files += [path for path in (arguments.json, arguments.review) if path is not None]
    if len({path.resolve() for path in files}) != len(files):
        raise UsageError("two results would go to the same file: choose another --json, --review or -o")
    sources = {Path(entry).resolve() for entry in arguments.inputs}
    for path in files:
        if path.resolve() in sources:
            raise UsageError(f"{path} is an input and would be overwritten: choose another output")
        outputs.check_file(path)
    for job in jobs:
        if job.target is not None and (arguments.output is None or job.target != Path(arguments.output)):
            outputs.check_own(job.target)
    if arguments.preview is not None:
        check_folder(arguments.preview)


if __name__ == "__main__":
    sys.exit(main())
