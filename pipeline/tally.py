"""What a run came to, counted document by document, so that none has to be held for it."""

from __future__ import annotations

from scanpage.document import Document
from scanpage.errors import InputError


class Tally:
    """Counts pages, formulas, doubtful and failed ones."""

    def __init__(self) -> None:
        self._pages = self._unread_pages = self._formulas = self._unread_formulas = self._doubtful = 0
        self._failures: dict[int, tuple[str, ...]] = {}

    def add(self, index: int, document: Document) -> None:
        """Count the document of a number; they may come in any order."""
        self._pages += len(document.pages)
        self._unread_pages += sum(scanned.failure is not None for scanned in document.pages)
        self._formulas += len(document.formulas)
        self._unread_formulas += sum(not formula.is_read for formula in document.formulas)
        self._doubtful += len(document.to_check)
        if document.failures:
            self._failures[index] = document.failures

    @property
    def failures(self) -> list[str]:
        """One line for each page and each formula that could not be read, in the order of the documents."""
        return [line for index in sorted(self._failures) for line in self._failures[index]]

    def require_readable(self) -> None:
        """Raise `InputError` with the first reason if no page could be read."""
        if self._pages and self._unread_pages == self._pages:
            raise InputError(self.failures[0])

    def summary(self) -> str:
        """`300 pages (1 failed), 3100 formulas (210 to check, 2 failed)`."""
        pages = _with_notes(_count(self._pages, "page"), failed=self._unread_pages)
        notes = {"to check": self._doubtful, "failed": self._unread_formulas}
        return f"{pages}, {_with_notes(_count(self._formulas, 'formula'), **notes)}"


def _with_notes(text: str, **notes: int) -> str:
    said = ", ".join(f"{number} {note}" for note, number in notes.items() if number)
    return f"{text} ({said})" if said else text


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
