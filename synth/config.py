"""The settings of a run of `synth generate`, each default stated once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import Any

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
KIND_WEIGHTS = {
    PageKind.ARTICLE: 0.27,
    PageKind.WORKSHEET: 0.11,
    PageKind.NOTES: 0.43,
    PageKind.MIXED: 0.08,
    PageKind.PROSE: 0.07,
    PageKind.SNIPPET: 0.04,
}

# Detectors look at pages of about 1,000 to 1,300 px: below that, inline symbols vanish.
LONG_SIDE_RANGE = (1000, 1300)
MIN_LONG_SIDE = 400


@dataclass(frozen=True, slots=True)
class GenerateSettings:
    """What pages are made of. The pages depend on these settings and the seed alone, not on `workers`.

    Attributes:
        pages: how many.
        seed: page k of seed s is always the same page.
        long_side_px: longer side of each image in pixels; None draws it from `LONG_SIDE_RANGE` per page.
        formulas: files of LaTeX formulas, to be typeset.
        layouts: files of typeset formulas, ready to paint.
        inks: files or folders of real handwriting: formulas (with symbols) and text lines.
        handwriting_fonts, printed_fonts: folders of fonts for prose, in place of print written shakily and of the
            fonts that matplotlib brings.
        text: a text file that prose is taken from, in place of built-in words.
        workers: processes; 0 works in this one.
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
    workers: int = 1

    def __post_init__(self) -> None:
        if self.pages < 1:
            raise UsageError(f"--pages must be at least 1, got {self.pages}")
        if self.seed < 0:
            raise UsageError(f"--seed must not be negative, got {self.seed}")
        if self.workers < 0:
            raise UsageError(f"--workers must not be negative, got {self.workers}")
        if self.long_side_px is not None and self.long_side_px < MIN_LONG_SIDE:
            raise UsageError(f"--long-side must be at least {MIN_LONG_SIDE}, got {self.long_side_px}")

    def to_json(self) -> dict[str, Any]:
        """The settings that pages depend on, as JSON values; `workers` is left out, for it changes nothing."""

        def plain(value: Any) -> Any:
            if isinstance(value, Path):
                return str(value)
            return [plain(v) for v in value] if isinstance(value, tuple) else value

        return {name: plain(value) for name, value in asdict(self).items() if name != "workers"}
