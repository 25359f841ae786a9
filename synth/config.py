"""The settings of a run of `synth generate`, each default stated once."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from pathlib import Path
from typing import Any

from scanpage.cores import usable_cores
from scanpage.errors import UsageError


class PageKind(Enum):
    """What kind of page is composed."""

    ARTICLE = "article"
    WORKSHEET = "worksheet"
    NOTES = "notes"
    MIXED = "mixed"
    PROSE = "prose"
    SNIPPET = "snippet"


# Photographed notes are what users bring most and what detectors find hardest; a few pages hold no formula at all,
# so that a detector learns that plain prose and figures are not formulas.
KIND_WEIGHTS: Mapping[PageKind, float] = {
    PageKind.ARTICLE: 0.27,
    PageKind.WORKSHEET: 0.11,
    PageKind.NOTES: 0.43,
    PageKind.MIXED: 0.08,
    PageKind.PROSE: 0.07,
    PageKind.SNIPPET: 0.04,
}

# Pages of about 1,000 x 1,400 pixels, as a scan at 120 dpi or a photo made small: inline symbols are still legible.
# Detectors resize pages to their own size.
LONG_SIDE_RANGE = (1250, 1550)
MIN_LONG_SIDE = 400


@dataclass(frozen=True, slots=True)
class GenerateSettings:
    """What pages are made of. The pages depend on these settings and the seed alone, not on `workers`.

    Attributes:
        pages: how many.
        seed: page k of seed s is always the same page.
        long_side_px: longer side of each image in pixels; None draws it from `LONG_SIDE_RANGE` per page.
        formulas: files of LaTeX formulas, to be typeset.
        layouts: files or folders of typeset formulas, ready to paint.
        inks: files or folders of real handwriting: formulas (with symbols) and text lines.
        handwriting_fonts, printed_fonts: folders of fonts for prose, in place of print written shakily and of the
            fonts that matplotlib brings.
        text: a text file that prose is taken from, in place of built-in words.
        kinds: how often each kind of page is made, in any unit; kinds not named are not made.
        workers: processes; 0 and 1 work in this one.
    """

    pages: int
    seed: int = 0
    long_side_px: int | None = None
    formulas: tuple[Path, ...] = ()
    layouts: tuple[Path, ...] = ()
    inks: tuple[Path, ...] = ()
    handwriting_fonts: Path | None = None
    printed_fonts: Path | None = None
    text: Path | None = None
    kinds: Mapping[PageKind, float] = field(default_factory=lambda: dict(KIND_WEIGHTS))
    workers: int = field(default_factory=usable_cores)

    def __post_init__(self) -> None:
        if self.pages < 1:
            raise UsageError(f"--pages must be at least 1, got {self.pages}")
        if self.seed < 0:
            raise UsageError(f"--seed must not be negative, got {self.seed}")
        if self.workers < 0:
            raise UsageError(f"--workers must not be negative, got {self.workers}")
        if self.long_side_px is not None and self.long_side_px < MIN_LONG_SIDE:
            raise UsageError(f"--long-side must be at least {MIN_LONG_SIDE}, got {self.long_side_px}")
        for kind, weight in self.kinds.items():
            if not (math.isfinite(weight) and weight >= 0):
                raise UsageError(f"the weight of {kind.value} pages must not be negative, got {weight}")
        if not sum(self.kinds.values()) > 0:
            raise UsageError("one kind of page at least must have a weight above 0")

    @property
    def material(self) -> tuple[Path, ...]:
        """All files and folders that pages are made from."""
        single = (self.handwriting_fonts, self.printed_fonts, self.text)
        return (*self.formulas, *self.layouts, *self.inks, *(path for path in single if path is not None))

    def plain(self) -> dict[str, Any]:
        """The settings that pages depend on, in the types of JSON and TOML; what is None is left out.

        `workers` is left out too, for it changes nothing.
        """
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "workers"}
        return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {kind.value: float(value[kind]) for kind in PageKind if kind in value}
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return str(value) if isinstance(value, Path) else value
