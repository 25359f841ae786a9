"""A folder of pages while it fills: what is whole in it, so that a run that was stopped can go on.

    settings.toml       what the pages are made of
    images/000000.jpg   page 0
    truth/000000.json   its formulas; written after the image, so where it is, the page is whole

and once all pages are there:

    contact_sheet.jpg
    images/metadata.jsonl   the truth of all pages, as image folders of `datasets` have it
    annotations.json        the same, as COCO has it; written last, so where it is, the folder is complete
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanpage.errors import OutputError, UsageError
from scanpage.files import write_bytes, write_text
from synth.coco import PageTruth, to_coco, to_metadata
from synth.config_file import differences

IMAGES = "images"
TRUTH = "truth"
SETTINGS = "settings.toml"
CONTACT_SHEET = "contact_sheet.jpg"
METADATA = f"{IMAGES}/metadata.jsonl"
ANNOTATIONS = "annotations.json"
TYPESET = "typeset.layouts"
"""Formulas typeset for this run: kept, so that the run goes on with the same ones."""


def image_name(index: int) -> str:
    """Where the image of page `index` lies in the folder."""
    return f"{IMAGES}/{index:06d}.jpg"


@dataclass(frozen=True, slots=True)
class PageFolder:
    """The folder at `path`; nothing is read or written before a method is called."""

    path: Path

    def open(self, settings: str, pages: int) -> None:
        """Begin or go on with a run of so many `pages`, whose `settings_text` is `settings`.

        Raises:
            OutputError: the folder cannot be made or written to.
            UsageError: it holds pages of another run, or other files in the places of the pages.
        """
        for folder in (self.path / IMAGES, self.path / TRUTH):
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                message = f"cannot make {folder}: {error.strerror or error}; choose a writable folder"
                raise OutputError(message) from error
        if any((self.path / IMAGES).glob("[!.]*")):
            self._check_same(settings, pages)
        else:
            # Without a page yet, an earlier run binds nobody.
            self._remove(TYPESET)
        self._remove_halves()
        write_text(self.path / SETTINGS, settings)

    def missing(self, pages: int) -> list[int]:
        """The numbers of the first `pages` pages that are not whole. If there are any, the folder is not complete."""
        missing = [index for index in range(pages) if self.page(index) is None]
        if missing:
            self._remove(ANNOTATIONS)
        return missing

    def write(self, page: PageTruth, jpeg: bytes) -> None:
        """Write a page's image, then its truth. Raises `OutputError`, and leaves nothing half-written."""
        write_bytes(self.path / page.file_name, jpeg)
        write_text(self._truth(page.index), json.dumps({**page.to_json(), "image_bytes": len(jpeg)}) + "\n")

    def page(self, index: int) -> PageTruth | None:
        """The truth of page `index`; None if it is not whole."""
        try:
            values = json.loads(self._truth(index).read_text("utf-8"))
            # After a power failure a file may be there and empty.
            whole = (self.path / image_name(index)).stat().st_size == values["image_bytes"]
            return PageTruth.from_json(values) if whole else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def finish(self, pages: Sequence[PageTruth], *, info: dict[str, Any], contact_sheet: bytes) -> None:
        """Write what is about all pages. Raises `OutputError`."""
        write_bytes(self.path / CONTACT_SHEET, contact_sheet)
        write_text(self.path / METADATA, "".join(json.dumps(to_metadata(page)) + "\n" for page in pages))
        write_text(self.path / ANNOTATIONS, json.dumps(to_coco(pages, info=info)) + "\n")

    def _truth(self, index: int) -> Path:
        return self.path / TRUTH / f"{index:06d}.json"

    def _check_same(self, settings: str, pages: int) -> None:
        try:
            before = (self.path / SETTINGS).read_text("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(
                f"{self.path / IMAGES} holds files that no {SETTINGS} beside it explains; choose another folder"
            ) from error
        there, here = differences(before, settings)
        if there or here:
            raise UsageError(
                f"{self.path} holds pages of other settings (there: {there or 'nothing'}; here: {here or 'nothing'});"
                " choose another folder, or delete it"
            )
        most = max((int(p.stem) for p in (self.path / IMAGES).glob("[0-9]*.jpg") if p.stem.isdecimal()), default=-1)
        if most >= pages:
            raise UsageError(
                f"{self.path} holds {most + 1} pages already; give --pages {most + 1} or more, or choose another folder"
            )

    def _remove_halves(self) -> None:
        """Remove what a killed run was just writing (see `scanpage.files`)."""
        names = (SETTINGS, CONTACT_SHEET, METADATA, ANNOTATIONS, TYPESET, f"{IMAGES}/*.jpg", f"{TRUTH}/*.json")
        for name in map(Path, names):
            for path in self.path.glob(str(name.parent / f".{name.name}.*")):
                self._remove(str(path.relative_to(self.path)))

    def _remove(self, name: str) -> None:
        try:
            (self.path / name).unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(f"cannot remove {self.path / name}: {error.strerror or error}") from error
