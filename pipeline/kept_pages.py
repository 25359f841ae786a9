"""Finished pages, kept beside the result until it is written: a run that was stopped goes on where it was.

Each page is a ZIP archive of its own: what was read as JSON, and its picture for the review page. Its name is a hash of
all that the reading depends on, so that nothing is ever used for another file, other settings or other models.
"""

from __future__ import annotations

import hashlib
import json
import logging
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import fields
from pathlib import Path

from pipeline.load import PageSource
from pipeline.page_work import FinishedPage, PageWork
from pipeline.read_json import document_from_json
from pipeline.write_json import json_text
from scanpage.document import Document, Versions
from scanpage.files import atomic_path

log = logging.getLogger(__name__)

_PAGE, _PICTURE = "page.json", "page.jpg"
_WITHOUT_EFFECT = {"pages", "detector", "recognizer", "threads", "limits"}
"""Settings on which the reading of a page does not depend, or which the versions of the models stand for."""


def folder_beside(result: Path) -> Path:
    """Where pages are kept until `result` is written."""
    return result.with_name(f".{result.name}.scanpage")


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
        self._settings = f"{versions} {_settings(work)}"
        self._hashes: dict[str, str | None] = {}
        self._lost = False
        self.count = 0

    def find(self, number: int) -> FinishedPage | None:
        """A page that was read before; None where it was not, failed, or what was kept of it is damaged or missing."""
        folder = self._folders[number]
        if folder is None or not folder.is_dir():
            return None
        source, preview = self._work.sources[number], self._work.preview
        if preview is not None and not preview.path(source.source, source.number).is_file():
            return None
        found = self._opened(number)
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
        found = self._opened(number)
        return None if found is None else found.picture

    def clear(self) -> None:
        """Remove all once the results are written; where a process died, another run may read what this one lost."""
        if self._lost:
            return
        for folder in {folder for folder in self._folders if folder is not None}:
            for path in folder.glob("*.zip"):  # also half ones, of runs that were killed
                path.unlink(missing_ok=True)
            with suppress(OSError):
                folder.rmdir()

    def _opened(self, number: int) -> FinishedPage | None:
        path = self._path(number)
        if path is None or not path.is_file():
            return None
        try:
            with zipfile.ZipFile(path) as archive:
                document = document_from_json(json.loads(archive.read(_PAGE)))
                picture = archive.read(_PICTURE) if _PICTURE in archive.namelist() else None
            (scanned,) = document.pages
            return FinishedPage(scanned, picture)
        except Exception as error:  # whatever a damaged file makes a library stumble over
            log.debug("%s is damaged and is not used", path, exc_info=error)
            return None

    def _path(self, number: int) -> Path | None:
        folder, source = self._folders[number], self._work.sources[number]
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


def _settings(work: PageWork) -> str:
    """What the finished page depends on beside the file and the models."""
    options = work.options
    names = sorted(field.name for field in fields(options) if field.name not in _WITHOUT_EFFECT)
    chosen = [(name, getattr(options, name)) for name in names]
    preview = None if work.preview is None else str(work.preview.folder.absolute())
    return repr((chosen, options.limits.max_pixels, preview))
