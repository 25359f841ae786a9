"""The `--pages` option: which pages of an input to read."""

from __future__ import annotations

import re
from dataclasses import dataclass

from scanpage.errors import InputError, UsageError

_PART = re.compile(r"(\d+)(?:-(\d*))?")


@dataclass(frozen=True, slots=True)
class PageRange:
    """Ranges of page numbers, both ends included; an end of None means the last page; no ranges means all pages."""

    ranges: tuple[tuple[int, int | None], ...] = ()

    def __post_init__(self) -> None:
        for first, last in self.ranges:
            if first < 1 or (last is not None and last < first):
                raise ValueError(f"page ranges must start at 1 or later and not run backwards, got {first}-{last}")

    @staticmethod
    def parse(text: str) -> PageRange:
        """`1-3,7` and `4-` as ranges; an empty text means all pages.

        Raises:
            UsageError: `text` is not of that form.
        """
        ranges: list[tuple[int, int | None]] = []
        for part in filter(None, (part.strip() for part in text.split(","))):
            match = _PART.fullmatch(part)
            if match is None:
                raise UsageError(f"--pages {text!r} is not understood: write it like 1-3,7")
            first, end = int(match[1]), match[2]
            ranges.append((first, first if end is None else int(end) if end else None))
        if text.strip() and not ranges:
            raise UsageError(f"--pages {text!r} names no page: write it like 1-3,7")
        try:
            return PageRange(tuple(ranges))
        except ValueError as error:
            raise UsageError(f"--pages {text!r}: {error}") from error

    def select(self, count: int, source: str, *, most: int | None = None) -> list[int]:
        """The chosen page numbers of an input with `count` pages, ascending, each once.

        Raises:
            InputError: a page beyond the last one is asked for, or there are more than `most`.
        """
        highest = max((max(first, last or 0) for first, last in self.ranges), default=0)
        if highest > count:
            has = "1 page" if count == 1 else f"{count} pages"
            raise InputError(f"{source} has {has}, so there is no page {highest}: choose other --pages")
        chosen: set[int] = set()
        for first, last in self.ranges or ((1, None),):
            part = range(first, (last or count) + 1)
            chosen |= set(part if most is None else part[: most + 1])
            if most is not None and len(chosen) > most:
                raise InputError(
                    f"{source} has {count} pages, and more than {most} are not read at once: choose some with --pages, "
                    "or raise --max-pages"
                )
        return sorted(chosen)


ALL_PAGES = PageRange()
