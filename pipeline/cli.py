"""The `scanpage` command: pages in, a document out."""

from __future__ import annotations

import argparse
import logging
import math
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.formats import Format, Writer
from pipeline.limits import DEFAULT_LIMITS, Limits
from scanpage import __version__
from scanpage.errors import ExitCode, ScanpageError, UsageError

if TYPE_CHECKING:
    from pipeline.engines import Engines
    from pipeline.kept_pages import KeptPages
    from pipeline.load import PageSource
    from pipeline.outputs import Job
    from pipeline.page_work import PageWork
    from pipeline.scan import ScanOptions
    from scanpage.document import Document

    Documents = Generator[tuple[int, Document], None, None]
    """Documents with the numbers of their jobs, in any order."""

UNEXPECTED = 1
"""Exit code of a bug in scanpage itself."""

MOST_NAMED = 4
"""More results than that are counted in the summary, not named."""

EngineLoader = Callable[["ScanOptions"], "Engines"]


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
        _complain(str(error), arguments.verbose)
        return error.exit_code
    except KeyboardInterrupt:
        _complain("interrupted", verbose=False)
        return ExitCode.INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the last place before the user: a bug must not look like success
        _complain(f"unexpected {type(error).__name__}: {error} (run again with -v and report it)", arguments.verbose)
        return UNEXPECTED


def _complain(message: str, verbose: bool) -> None:
    if verbose:
        import traceback

        traceback.print_exc(file=sys.stderr)
    _tell(f"scanpage: {' '.join(message.split())}")


def _tell(line: str) -> None:
    """A line on standard error; what the name of a file could do to a terminal is shown, not done."""
    shown = (char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
    sys.stderr.write("".join(shown) + "\n")


def _run(arguments: argparse.Namespace, load_engines: EngineLoader | None) -> int:
    from pipeline import formats, outputs

    if arguments.jobs < 1:
        raise UsageError(f"--jobs must be 1 or more, got {arguments.jobs}")
    kind = outputs.format_of(arguments.output, None if arguments.to is None else Format(arguments.to))
    jobs = outputs.plan(arguments.inputs, arguments.output, kind=kind)
    options = _options(arguments, has_alternatives=kind is Format.JSON)
    if _are_documents(arguments.inputs):
        _require_no_reading(arguments)
    _check_outputs(jobs, arguments)
    writer = formats.writer(kind, fragment=arguments.fragment, template=arguments.template)
    return _Run(arguments, options, kind, writer, load_engines).finish(jobs)


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


class _Run:
    """One run of the command: reads all jobs, reports on stderr, writes the results."""

    def __init__(
        self,
        arguments: argparse.Namespace,
        options: ScanOptions,
        kind: Format,
        writer: Writer,
        load_engines: EngineLoader | None,
    ) -> None:
        from pipeline.tally import Tally
        from pipeline.timing import StageTimes

        self._arguments = arguments
        self._options = options
        self._kind = kind
        self._writer = writer
        self._load_engines = load_engines
        self._times = StageTimes()
        self._tally = Tally()
        self._start = time.perf_counter()
        self._claims = ExitStack()
        self._kept: KeptPages | None = None

    def finish(self, jobs: Sequence[Job]) -> int:
        """Read, write, and return the exit code."""
        with self._claims:
            try:
                self._finish(jobs)
            except BaseException:
                if self._kept is not None:
                    self._end_early(self._kept)
                raise
        self._report(jobs)
        return ExitCode.FINISHED_WITH_FAILURES if self._tally.failures else ExitCode.DONE

    def _end_early(self, kept: KeptPages) -> None:
        kept.leave()
        if kept.count and not self._arguments.quiet:
            _tell(f"finished pages that are kept: {kept.count}; the same command goes on from there")

    def _finish(self, jobs: Sequence[Job]) -> None:
        from pipeline.scan import require_readable
        from scanpage.document import Document

        documents: dict[int, Document] = {}
        read = self._read_documents if _are_documents(self._arguments.inputs) else self._scan
        with closing(read(jobs)) as finished:
            for index, document in finished:
                if len(jobs) == 1:
                    require_readable(document)
                self._write(document, jobs[index])
                self._tally.add(index, document)
                if self._arguments.json is not None or self._arguments.review is not None:
                    documents[index] = document
        self._tally.require_readable()
        if documents:
            whole = Document.joined(documents[index] for index in range(len(jobs)))
            self._write_json(whole)
            self._write_review(whole)
        if self._kept is not None:
            for line in self._kept.clear():
                _complain(line, verbose=False)

    def _read_documents(self, jobs: Sequence[Job]) -> Documents:
        """The documents of all jobs, of files that were written before."""
        from pipeline.read_json import read_document
        from scanpage.document import Document

        for index, job in enumerate(jobs):
            with self._times("load"):
                document = Document.joined(read_document(Path(entry)) for entry in job.inputs)
            yield index, document

    def _scan(self, jobs: Sequence[Job]) -> Documents:
        """The documents of all jobs, each as soon as its pages are read."""
        from pipeline.kept_pages import KeptPages, claimed, folder_beside
        from pipeline.scan import list_inputs
        from pipeline.stream import by_document, finished_pages, page_reader
        from scanpage.document import Document

        alone = len(self._arguments.inputs) == 1
        listed = [list_inputs(job.inputs, self._options, alone=alone) for job in jobs]
        sizes = [len(pages) for pages in listed]
        work = self._work([page for pages in listed for page in pages])
        results = [self._first_file(job) for job in jobs]
        self._claims.enter_context(claimed(result for result in results if result is not None))
        with page_reader(work, jobs=self._arguments.jobs, times=self._times) as reader:
            places = [None if result is None else folder_beside(result) for result in results]
            folders = [place for place, size in zip(places, sizes, strict=True) for _ in range(size)]
            self._kept = KeptPages(work, folders, reader.versions)
            quiet = self._arguments.quiet
            tell = (lambda _: None) if quiet else _tell
            progress = not quiet and sys.stderr.isatty()
            pages = finished_pages(sum(sizes), reader, self._kept, tell=tell, progress=progress)
            for index, whole in by_document(pages, sizes):
                yield index, Document(whole, reader.versions)

    def _work(self, sources: Sequence[PageSource]) -> PageWork:
        from pipeline.page_work import PageWork
        from pipeline.preview import PreviewFolder
        from pipeline.scan import ScanOptions

        folder = self._arguments.preview
        return PageWork(
            sources,
            self._options,
            self._load_engines or ScanOptions.load_engines,
            None if folder is None else PreviewFolder(folder, [page.source for page in sources]),
            self._arguments.review is not None,
        )

    def _first_file(self, job: Job) -> Path | None:
        """The first result of a job that goes to a file: pages are kept beside it."""
        return next((path for path in (job.target, self._arguments.review, self._arguments.json) if path), None)

    def _write(self, document: Document, job: Job) -> None:
        from pipeline.outputs import deliver, deliver_figures, figures_folder

        with self._times("write"):
            if job.target is not None and not self._kind.holds_figures:
                deliver_figures(document, job.target)
            deliver(self._writer(document, figures_folder(job.target)), job.target)

    def _write_json(self, document: Document) -> None:
        if self._arguments.json is None:
            return
        from pipeline.write_json import json_text
        from scanpage.files import write_text

        with self._times("write"):
            write_text(self._arguments.json, json_text(document))

    def _write_review(self, document: Document) -> None:
        if self._arguments.review is None:
            return
        from pipeline.write_review import write_review

        with self._times("review"):
            assert self._kept is not None
            write_review(self._arguments.review, document, self._kept.picture)

    def _report(self, jobs: Sequence[Job]) -> None:
        """Failures always, what was done unless quiet, seconds by stage if verbose."""
        for line in self._tally.failures:
            _complain(line, verbose=False)
        if self._arguments.quiet:
            return
        seconds = time.perf_counter() - self._start
        _tell(f"{self._tally.summary()} in {seconds:.1f} s: {_where([job.target for job in jobs])}")
        if self._arguments.verbose:
            sys.stderr.write(f"{self._times.summary()}\n")


def _where(targets: Sequence[Path | None]) -> str:
    if len(targets) > MOST_NAMED and targets[0] is not None:
        return f"{len(targets)} files in {targets[0].parent}"
    return ", ".join("stdout" if target is None else str(target) for target in targets)


if __name__ == "__main__":
    sys.exit(main())
