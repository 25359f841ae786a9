"""What is done with each page of a run, here or in a process of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from pipeline.engines import Engines
from pipeline.load import PageSource
from pipeline.preview import PreviewFolder
from pipeline.scan import ScanOptions, scan_source
from pipeline.timing import StageTimes
from pipeline.write_review import page_picture
from scanpage.document import ScannedPage, Versions


@dataclass(frozen=True, slots=True)
class FinishedPage:
    """A page that was read, or could not be.

    Attributes:
        picture: its JPEG file for the review page, None where none is wanted or it has none.
        lost: whether the process that read it died, so that it may well be read another time.
    """

    scanned: ScannedPage
    picture: bytes | None = None
    lost: bool = False


@dataclass(frozen=True, slots=True)
class PageWork:
    """The pages of a run, and what is wanted of each. Other processes get it pickled.

    Attributes:
        sources: all pages; they go by their index in here.
        load_engines: makes the models.
        preview: where previews go, None where none are wanted.
        review: whether pictures for the review page are wanted.
    """

    sources: Sequence[PageSource]
    options: ScanOptions
    load_engines: Callable[[ScanOptions], Engines] = ScanOptions.load_engines
    preview: PreviewFolder | None = None
    review: bool = False

    def finish(self, number: int, engines: Engines, times: StageTimes) -> FinishedPage:
        """Read a page and make what else is wanted of it. Raises `OutputError`."""
        scanned, image = scan_source(self.sources[number], engines, options=self.options, times=times)
        if image is None:
            return FinishedPage(scanned)
        if self.preview is not None:
            with times("preview"):
                self.preview.add(scanned, image)
        if not self.review:
            return FinishedPage(scanned)
        with times("review"):
            return FinishedPage(scanned, page_picture(scanned, image))


class PageReader(Protocol):
    """Reads pages by their numbers, and gives each as soon as it is finished."""

    @property
    def versions(self) -> Versions: ...

    def read(self, numbers: Iterable[int]) -> Iterator[tuple[int, FinishedPage]]: ...


class OneProcess:
    """Reads in this process, page after page."""

    def __init__(self, work: PageWork, times: StageTimes) -> None:
        with times("models"):
            self._engines = work.load_engines(work.options)
        self._work = work
        self._times = times

    @property
    def versions(self) -> Versions:
        return self._engines.versions

    def read(self, numbers: Iterable[int]) -> Iterator[tuple[int, FinishedPage]]:
        """Pages in the order of `numbers`."""
        for number in numbers:
            yield number, self._work.finish(number, self._engines, self._times)
