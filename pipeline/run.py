"""One run of the `scanpage` command, from the pages to the files that are written."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from pipeline.engines import Engines
from pipeline.formats import Format, Writer
from pipeline.kept_pages import KeptPages, claimed, folder_beside
from pipeline.load import PageSource
from pipeline.outputs import Job, deliver, deliver_figures, figures_folder
from pipeline.page_work import PageWork
from pipeline.preview import PreviewFolder
from pipeline.read_json import read_document
from pipeline.scan import ScanOptions, list_inputs, require_readable
from pipeline.stderr import complain, tell
from pipeline.stream import by_document, finished_pages, page_reader
from pipeline.tally import Tally
from pipeline.timing import StageTimes
from pipeline.write_json import json_text
from pipeline.write_review import write_review
from scanpage.document import Document
from scanpage.errors import ExitCode
from scanpage.files import write_text

EngineLoader = Callable[[ScanOptions], Engines]
Documents = Generator[tuple[int, Document], None, None]
"""Documents with the numbers of their jobs, in any order."""

MOST_NAMED = 4
"""More results than that are counted in the summary, not named."""


class CommandRun:
    """One run of the command: reads all jobs, reports on stderr, writes the results.

    Args:
        arguments: what was given on the command line.
        options: the settings of how pages are read in it.
        kind: the format of the results.
        writer: what writes that format.
        load_engines: makes the models.
    """

    def __init__(
        self,
        arguments: argparse.Namespace,
        options: ScanOptions,
        *,
        kind: Format,
        writer: Writer,
        load_engines: EngineLoader,
    ) -> None:
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

    def finish(self, jobs: Sequence[Job], *, are_documents: bool) -> int:
        """Read pages, or documents that were read before, write, and return the exit code."""
        with self._claims:
            try:
                self._finish(jobs, self._read_documents if are_documents else self._scan)
            except BaseException:
                if self._kept is not None:
                    self._end_early(self._kept)
                raise
        self._report(jobs)
        return ExitCode.FINISHED_WITH_FAILURES if self._tally.failures else ExitCode.DONE

    def _end_early(self, kept: KeptPages) -> None:
        kept.leave()
        if kept.count and not self._arguments.quiet:
            tell(f"finished pages that are kept: {kept.count}; the same command goes on from there")

    def _finish(self, jobs: Sequence[Job], read: Callable[[Sequence[Job]], Documents]) -> None:
        documents: dict[int, Document] = {}
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
                complain(line)

    def _read_documents(self, jobs: Sequence[Job]) -> Documents:
        """The documents of all jobs, of files that were written before."""
        for index, job in enumerate(jobs):
            with self._times("load"):
                document = Document.joined(read_document(Path(entry)) for entry in job.inputs)
            yield index, document

    def _scan(self, jobs: Sequence[Job]) -> Documents:
        """The documents of all jobs, each as soon as its pages are read."""
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
            say = (lambda _: None) if quiet else tell
            progress = not quiet and sys.stderr.isatty()
            pages = finished_pages(sum(sizes), reader, self._kept, tell=say, progress=progress)
            for index, whole in by_document(pages, sizes):
                yield index, Document(whole, reader.versions)

    def _work(self, sources: Sequence[PageSource]) -> PageWork:
        folder = self._arguments.preview
        return PageWork(
            sources,
            self._options,
            self._load_engines,
            None if folder is None else PreviewFolder(folder, [page.source for page in sources]),
            self._arguments.review is not None,
        )

    def _first_file(self, job: Job) -> Path | None:
        """The first result of a job that goes to a file: pages are kept beside it."""
        return next((path for path in (job.target, self._arguments.review, self._arguments.json) if path), None)

    def _write(self, document: Document, job: Job) -> None:
        with self._times("write"):
            if job.target is not None and not self._kind.holds_figures:
                deliver_figures(document, job.target)
            deliver(self._writer(document, figures_folder(job.target)), job.target)

    def _write_json(self, document: Document) -> None:
        if self._arguments.json is None:
            return
        with self._times("write"):
            write_text(self._arguments.json, json_text(document))

    def _write_review(self, document: Document) -> None:
        if self._arguments.review is None:
            return
        with self._times("review"):
            assert self._kept is not None
            write_review(self._arguments.review, document, self._kept.picture)

    def _report(self, jobs: Sequence[Job]) -> None:
        """Failures always, what was done unless quiet, seconds by stage if verbose."""
        for line in self._tally.failures:
            complain(line)
        if self._arguments.quiet:
            return
        seconds = time.perf_counter() - self._start
        tell(f"{self._tally.summary()} in {seconds:.1f} s: {_where([job.target for job in jobs])}")
        if self._arguments.verbose:
            sys.stderr.write(f"{self._times.summary()}\n")


def _where(targets: Sequence[Path | None]) -> str:
    if len(targets) > MOST_NAMED and targets[0] is not None:
        return f"{len(targets)} files in {targets[0].parent}"
    return ", ".join("stdout" if target is None else str(target) for target in targets)
