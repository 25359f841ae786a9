"""Finished pages, kept beside the result until it is written: a run that was stopped goes on where it was.

Each page is a ZIP archive of its own: what was read as JSON, and its picture for the review page. Its name is a hash of
all that the reading depends on, so that nothing is ever used for another file, other settings or other models.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TypeVar

from pipeline.folder_lock import held
from pipeline.load import PageSource
from pipeline.page_work import FinishedPage, PageWork
from pipeline.read_json import document_from_json
from pipeline.write_json import json_text
from scanpage.document import Document, Versions
from scanpage.errors import OutputError
from scanpage.files import atomic_path

log = logging.getLogger(__name__)

_Part = TypeVar("_Part")

_PAGE, _PICTURE = "page.json", "page.jpg"
_OUR_NAME = re.compile(r"[0-9a-f]{64}\.zip|\.[0-9a-f]{64}\.zip\.\w+\.zip")
"""A kept page, or a half one of a run that was killed."""
_WITHOUT_EFFECT = {"pages", "detector", "recognizer", "threads", "limits"}
"""Settings on which the reading of a page does not depend, or which the versions of the models stand for."""
_ROOT = Path(__file__).resolve().parent.parent
_PACKAGES = ("scanpage", "synth", "detector", "recognizer", "pipeline")
MOST_CLAIMED = 100
"""Each costs an open file, of which a process has 256 on some systems. Two runs of one command meet at the first."""


def folder_beside(result: Path) -> Path:
    """Where pages are kept until `result` is written."""
    return result.with_name(f".{result.name}.scanpage")


@contextmanager
def claimed(results: Iterable[Path]) -> Iterator[None]:
    """Keep other runs from results, of many the first ones: each would remove the pages that the other keeps.

    Raises:
        OutputError: another run is making one of them, or pages cannot be kept beside it.
    """
    with ExitStack() as claims:
        distinct = {folder_beside(result).resolve(): result for result in results}
        for result in list(distinct.values())[:MOST_CLAIMED]:
            folder = folder_beside(result)
            _require_no_link(folder)
            try:
                claims.enter_context(held(folder))
            except BlockingIOError as error:
                raise OutputError(
                    f"another run of scanpage is making {result}: wait until it is done, or name another output"
                ) from error
            except OSError as error:
                raise OutputError(f"cannot make {folder}: {error.strerror}; choose a writable place") from error
        yield


class KeptPages:
    """The finished pages of a run.

    Args:
        work: the pages, and what is wanted of each.
        folders: where each of them is kept, None for nowhere.
        versions: of the models that read them.

    Attributes:
        count: how many pages that were read well are kept.
    """

    def __init__(self, work: PageWork, folders: Sequence[Path | None], versions: Versions) -> None:
        self._work = work
        self._folders = folders
        self._versions = versions
        self._settings = f"{versions} {_code()} {_settings(work)}"
        self._hashes: dict[str, str | None] = {}
        self._lost = False
        self.count = 0

    def find(self, number: int) -> FinishedPage | None:
        """A page that was read before; None where it was not, failed, or what was kept of it is damaged or missing.

        Raises:
            OutputError: pages cannot be kept where they are to be.
        """
        folder = self._folder(number)
        if folder is None or not folder.is_dir():
            return None
        source, preview = self._work.sources[number], self._work.preview
        if preview is not None and not preview.path(source.source, source.number).is_file():
            return None
        found = self._opened(number, _page)
        if found is None or found.scanned.failure is not None or (self._work.review and found.picture is None):
            return None
        self.count += 1
        return found

    def keep(self, number: int, page: FinishedPage) -> None:
        """Keep a page. Raises `OutputError`."""
        self._lost |= page.lost
        failed = page.scanned.failure is not None
        path = None if failed and page.picture is None else self._path(number)
        if path is None:
            return
        with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(_PAGE, json_text(Document((page.scanned,), self._versions)).encode())
            if page.picture is not None:
                archive.writestr(_PICTURE, page.picture, zipfile.ZIP_STORED)
        self.count += not failed

    def picture(self, number: int) -> bytes | None:
        """The picture of a page for the review page."""
        return self._opened(number, _picture)

    def clear(self) -> list[str]:
        """Remove all once the results are written; where a process died, another run may read what this one lost.

        Returns:
            What could not be removed, a line each.
        """
        if self._lost:
            return []
        left = []
        for folder in self._places():
            try:
                _empty(folder)
            except OSError as error:
                left.append(f"{folder} is left over and of no more use: {error.strerror or error}")
        self.leave()
        return left

    def leave(self) -> None:
        """End a run early: pages stay, whoever kept them, and only folders that hold nothing go."""
        for folder in self._places():
            with suppress(OSError):
                folder.rmdir()

    def _places(self) -> set[Path]:
        return {folder for folder in self._folders if folder is not None}

    def _opened(self, number: int, read: Callable[[zipfile.ZipFile], _Part]) -> _Part | None:
        path = self._path(number)
        if path is None or not path.is_file():
            return None
        try:
            with zipfile.ZipFile(path) as archive:
                return read(archive)
        except Exception as error:  # whatever a damaged file makes a library stumble over
            log.debug("%s is damaged and is not used", path, exc_info=error)
            return None

    def _folder(self, number: int) -> Path | None:
        folder = self._folders[number]
        if folder is not None:
            _require_no_link(folder)
        return folder

    def _path(self, number: int) -> Path | None:
        folder, source = self._folder(number), self._work.sources[number]
        if folder is None:
            return None
        content = self._hash(source)
        if content is None:
            return None
        parts = json.dumps([content, source.source, source.number, source.dpi, self._settings])
        return folder / f"{hashlib.sha256(parts.encode()).hexdigest()}.zip"

    def _hash(self, source: PageSource) -> str | None:
        """Hash of what a file holds, None where it cannot be read."""
        if source.source not in self._hashes:
            try:
                if isinstance(source.content, bytes):
                    digest = hashlib.sha256(source.content)
                else:
                    with source.content.open("rb") as file:
                        digest = hashlib.file_digest(file, "sha256")
                self._hashes[source.source] = digest.hexdigest()
            except OSError:
                self._hashes[source.source] = None
        return self._hashes[source.source]


def _page(archive: zipfile.ZipFile) -> FinishedPage:
    (scanned,) = document_from_json(json.loads(archive.read(_PAGE))).pages
    return FinishedPage(scanned, _picture(archive))


def _picture(archive: zipfile.ZipFile) -> bytes | None:
    return archive.read(_PICTURE) if _PICTURE in archive.namelist() else None


def _empty(folder: Path) -> None:
    """Remove what was kept in a folder, and nothing else. Raises `OSError`."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in folder.iterdir():
        if _OUR_NAME.fullmatch(path.name):
            path.unlink(missing_ok=True)


def _require_no_link(folder: Path) -> None:
    if folder.is_symlink():
        raise OutputError(f"{folder} is a symbolic link, and finished pages are kept in no other place: remove it")


@cache
def _code(root: Path = _ROOT) -> str:
    """Hash of the source, as a program that is worked on changes between two versions, too; takes some 10 ms."""
    digest = hashlib.sha256()
    for path in sorted(path for package in _PACKAGES for path in (root / package).glob("*.py")):
        digest.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _settings(work: PageWork) -> str:
    """What the finished page depends on beside the file and the models."""
    options = work.options
    names = sorted(field.name for field in fields(options) if field.name not in _WITHOUT_EFFECT)
    chosen = [(name, getattr(options, name)) for name in names]
    preview = None if work.preview is None else str(work.preview.folder.absolute())
    return repr((chosen, options.limits.max_pixels, preview))
