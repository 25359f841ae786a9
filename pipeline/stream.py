"""The stream of pages through a run: those of before first, then each as it is read, gathered by document."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate

from pipeline.kept_pages import KeptPages
from pipeline.page_work import OneProcess, PageReader, PageWork
from pipeline.timing import StageTimes
from pipeline.workers import Workers, with_threads_each
from scanpage.cores import usable_cores
from scanpage.document import ScannedPage

MOST_A_CORE = 4
"""More processes than that only wait for each other, and take their memory."""


@contextmanager
def page_reader(work: PageWork, *, jobs: int, times: StageTimes) -> Iterator[PageReader]:
    """What reads the pages: this process, or up to as many others as there are jobs. Raises `ScanpageError`."""
    count = min(jobs, len(work.sources), MOST_A_CORE * usable_cores())
    if count <= 1:
        yield OneProcess(work, times)
        return
    with Workers(with_threads_each(work), count, times) as workers:
        yield workers


def finished_pages(
    count: int, reader: PageReader, kept: KeptPages, *, tell: Callable[[str], None], progress: bool
) -> Iterator[tuple[int, ScannedPage]]:
    """All pages with their numbers, in any order; each is kept before it is given.

    Args:
        count: how many there are.
        tell: told how many were read before, if any.
        progress: whether a bar is shown.
    """
    from tqdm import tqdm

    missing = []
    for number in range(count):
        found = kept.find(number)
        if found is None:
            missing.append(number)
        else:
            yield number, found.scanned
    before = count - len(missing)
    if before:
        tell(f"continuing: {before} of {count} pages were read before")
    with tqdm(total=count, initial=before, unit="page", file=sys.stderr, disable=not progress, leave=False) as bar:
        for number, page in reader.read(missing):
            kept.keep(number, page)
            bar.update()
            yield number, page.scanned


def by_document(
    pages: Iterable[tuple[int, ScannedPage]], sizes: Sequence[int]
) -> Iterator[tuple[int, tuple[ScannedPage, ...]]]:
    """The number of each document and its pages in order, as soon as all of them are there.

    Args:
        pages: numbered through all documents, in any order.
        sizes: how many pages each document has.
    """
    document_of = [index for index, size in enumerate(sizes) for _ in range(size)]
    starts = list(accumulate(sizes, initial=0))
    gathered: dict[int, dict[int, ScannedPage]] = {}
    for number, scanned in pages:
        index = document_of[number]
        own = gathered.setdefault(index, {})
        own[number] = scanned
        if len(own) == sizes[index]:
            del gathered[index]
            yield index, tuple(own[place] for place in range(starts[index], starts[index + 1]))
