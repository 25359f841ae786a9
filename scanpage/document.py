"""What was read: pages of paragraphs and displayed formulas, in reading order, with their places and scores."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from scanpage.geometry import Box
from scanpage.region import Region

POINTS_PER_INCH = 72.0
JPEG_START = b"\xff\xd8\xff"
_LETTER = r"[^\W\d_²³¹¼-¾⁰-₉]"
_COMPOUND = re.compile(rf"(?<!{_LETTER})(?=({_LETTER}+-{_LETTER}+))")
# The look-behind keeps the search linear in the length of a word.
_BEFORE_HYPHEN, _BEHIND = re.compile(r"(?<![^\W_])([^\W_]+)-\s*$"), re.compile(r"\s*([^\W_]+)")


def _check_score(score: float) -> None:
    if not 0.0 <= score <= 1.0:
        raise ValueError(f"score must lie in [0, 1], got {score}")


@dataclass(frozen=True, slots=True)
class Page:
    """One page picture: where it came from and how its pixels map to paper.

    Attributes:
        source: the file (or `<stdin>`) that holds the page, as the user named it.
        number: the page within that file, from 1.
        width_px: width of the page picture that all boxes refer to.
        height_px: its height.
        dpi: pixels of that picture per inch of paper.
        quarter_turns: how many quarter turns anticlockwise set that picture upright, 0 to 3.
    """

    source: str
    number: int
    width_px: int
    height_px: int
    dpi: float
    quarter_turns: int = 0

    def __post_init__(self) -> None:
        if self.number < 1:
            raise ValueError(f"pages are numbered from 1, got {self.number}")
        if self.width_px < 0 or self.height_px < 0:
            raise ValueError(f"page size must not be negative, got {self.width_px} x {self.height_px}")
        if not (math.isfinite(self.dpi) and self.dpi > 0):
            raise ValueError(f"dpi must be positive, got {self.dpi}")
        if self.quarter_turns not in range(4):
            raise ValueError(f"quarter turns must be 0 to 3, got {self.quarter_turns}")

    @property
    def name(self) -> str:
        return f"{self.source} page {self.number}"

    def to_points(self, box: Box) -> Box:
        """`box` in PDF points (1/72 inch), origin still at the top left corner, y down."""
        return box.scaled(POINTS_PER_INCH / self.dpi)


@dataclass(frozen=True, slots=True)
class Alternative:
    """What a formula might say instead.

    Attributes:
        latex: canonical tokens joined by blanks.
        score: the recognizer's confidence in [0, 1].
    """

    latex: str
    score: float

    def __post_init__(self) -> None:
        _check_score(self.score)


@dataclass(frozen=True, slots=True)
class Formula:
    """A formula on the page and its reading.

    Attributes:
        region: where it stands (page pixels), its kind and the detector's score.
        latex: canonical tokens joined by blanks; empty where the formula could not be read.
        score: the recognizer's confidence, the probability in [0, 1] that `latex` is exactly right.
        alternatives: other readings, best first, where they were asked for.
        check: whether the confidence is so low that a person should compare the reading with the page.
    """

    region: Region
    latex: str
    score: float
    alternatives: tuple[Alternative, ...] = ()
    check: bool = False

    def __post_init__(self) -> None:
        _check_score(self.score)

    @property
    def box(self) -> Box:
        return self.region.box

    @property
    def is_read(self) -> bool:
        return bool(self.latex.strip())


Piece = str | Formula
"""A stretch of prose, or a formula inside it."""


CLOSES = (".", ",", ";", ":", "!", "?", ")", "]", "}", "”", "’", "'", "…", "%")
"""No blank stands before a stretch of prose that begins with one of these."""
OPENS = ("(", "[", "{", "“", "‘", "„", "/")
"""No blank stands behind a stretch of prose that ends with one of these."""


def gap(left: Piece, right: Piece) -> str:
    """What belongs between neighbouring pieces: a blank, or nothing beside punctuation."""
    closes = isinstance(right, str) and right.lstrip().startswith(CLOSES)
    opens = isinstance(left, str) and left.rstrip().endswith(OPENS)
    return "" if closes or opens else " "


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line of prose: stretches of text and inline formulas from left to right.

    Attributes:
        box: the place of the whole line, in page pixels.
        pieces: at least one; text pieces are never empty and never neighbours.
        score: the lowest confidence of its text in [0, 1]; 1 where it holds formulas only.
        letter_px: height of its letters in page pixels, None where that is not known.
        stroke_px: thickness of their strokes in page pixels, None where that is not known.
    """

    box: Box
    pieces: tuple[Piece, ...]
    score: float = 1.0
    letter_px: float | None = None
    stroke_px: float | None = None

    def __post_init__(self) -> None:
        _check_score(self.score)
        if not self.pieces or any(isinstance(piece, str) and not piece.strip() for piece in self.pieces):
            raise ValueError("a text line needs pieces, and none of them empty")
        kinds = [isinstance(piece, str) for piece in self.pieces]
        if any(left and right for left, right in pairwise(kinds)):
            raise ValueError("neighbouring text pieces must be joined into one")

    @property
    def formulas(self) -> tuple[Formula, ...]:
        return tuple(piece for piece in self.pieces if isinstance(piece, Formula))

    @property
    def text(self) -> str:
        """The line in plain text, its formulas between dollar signs."""
        return self.joined(lambda piece: piece if isinstance(piece, str) else f"${piece.latex}$")

    def joined(self, write: Callable[[Piece], str]) -> str:
        """The pieces, each as `write` has it, with the blanks that belong between them."""
        blanks = [gap(left, right) for left, right in pairwise(self.pieces)]
        return "".join(write(piece) + blank for piece, blank in zip(self.pieces, [*blanks, ""], strict=True))

    def hyphenated_with(self, following: TextLine) -> tuple[str, str] | None:
        """What stands before and behind a hyphen at the end of this line, None where there is none."""
        last, first = self.pieces[-1], following.pieces[0]
        if not (isinstance(last, str) and isinstance(first, str)):
            return None
        before, behind = _BEFORE_HYPHEN.search(last), _BEHIND.match(first)
        return None if before is None or behind is None else (before[1], behind[1])


def _keeps_hyphen(before: str, behind: str, compounds: Collection[str]) -> bool:
    """Whether a hyphen at the end of a line is the word's own, as in `n-fold`, `3-fold`, `Navier-Stokes`, compounds."""
    is_one_case = behind[0].islower() or (before.isupper() and behind.isupper())
    is_divided = len(before) > 1 and before[-1].isalpha() and is_one_case
    return not is_divided or f"{before}-{behind}".lower() in compounds


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines of prose that belong together.

    Attributes:
        lines: at least one.
        heading: 1 for a heading, 2 for a heading below such, 0 for prose.
    """

    lines: tuple[TextLine, ...]
    heading: int = 0

    def __post_init__(self) -> None:
        if not self.lines:
            raise ValueError("a paragraph needs at least one line")
        if self.heading not in (0, 1, 2):
            raise ValueError(f"headings have level 1 or 2, got {self.heading}")

    @property
    def box(self) -> Box:
        return Box.around(line.box for line in self.lines)

    @property
    def formulas(self) -> tuple[Formula, ...]:
        return tuple(formula for line in self.lines for formula in line.formulas)

    def joined(self, write: Callable[[Piece], str], *, joint: str = "", compounds: Collection[str] = ()) -> str:
        """The lines one below the other, each piece as `write` has it, and words that a line's end divides in one.

        Args:
            write: makes source of a piece.
            joint: what stands in place of the end of the line in such words.
            compounds: the words that have a hyphen of their own, as `Document.compounds`.
        """
        parts: list[str] = []
        for line, following in zip(self.lines, [*self.lines[1:], None], strict=True):
            text = line.joined(write)
            if following is None:
                parts.append(text)
            elif (word := line.hyphenated_with(following)) is None:
                parts.append(text + "\n")
            else:
                parts.append((text if _keeps_hyphen(*word, compounds) else text.removesuffix("-")) + joint)
        return "".join(parts)


@dataclass(frozen=True, slots=True)
class DisplayRow:
    """One line of a display: a formula, or several side by side, and the equation number at its end."""

    formulas: tuple[Formula, ...]
    tag: str | None = None

    def __post_init__(self) -> None:
        if not self.formulas:
            raise ValueError("a display row needs at least one formula")
        if self.tag is not None and not self.tag.strip():
            raise ValueError("an equation number must not be empty")


@dataclass(frozen=True, slots=True)
class Display:
    """Formulas set apart from the prose: one row, or a derivation line by line."""

    rows: tuple[DisplayRow, ...]

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError("a display needs at least one row")

    @property
    def box(self) -> Box:
        return Box.around(formula.box for formula in self.formulas)

    @property
    def formulas(self) -> tuple[Formula, ...]:
        return tuple(formula for row in self.rows for formula in row.formulas)


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawing, a plot or a table, as a picture.

    Attributes:
        box: its place in page pixels.
        jpeg: the picture as a JPEG file, upright.
    """

    box: Box
    jpeg: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if not self.jpeg.startswith(JPEG_START):
            raise ValueError("a figure needs a JPEG file")

    @property
    def name(self) -> str:
        """A file name that goes by the content, so that equal pictures share a file."""
        return f"figure-{zlib.crc32(self.jpeg):08x}.jpg"

    @property
    def formulas(self) -> tuple[Formula, ...]:
        return ()


Block = Paragraph | Display | Figure


@dataclass(frozen=True, slots=True)
class ScannedPage:
    """A page and what stands on it in reading order, or the reason (which names the page) why it could not be read."""

    page: Page
    blocks: tuple[Block, ...] = ()
    failure: str | None = None

    def __post_init__(self) -> None:
        if self.failure is not None and (self.blocks or not self.failure.strip()):
            raise ValueError("a failed page has a reason and no blocks")

    @property
    def formulas(self) -> tuple[Formula, ...]:
        return tuple(formula for block in self.blocks for formula in block.formulas)


@dataclass(frozen=True, slots=True)
class Versions:
    """What made a document: this package and the exact weights; empty where a part was not used."""

    scanpage: str
    detector: str = ""
    recognizer: str = ""
    prose: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """All pages of one run, in the order of the inputs."""

    pages: tuple[ScannedPage, ...]
    versions: Versions

    def __iter__(self) -> Iterator[ScannedPage]:
        return iter(self.pages)

    @property
    def formulas(self) -> tuple[Formula, ...]:
        return tuple(formula for page in self.pages for formula in page.formulas)

    @property
    def figures(self) -> tuple[Figure, ...]:
        return tuple(block for page in self.pages for block in page.blocks if isinstance(block, Figure))

    @property
    def compounds(self) -> frozenset[str]:
        """Words with a hyphen within a line, by two parts and in small letters: `state-of`, `of-the`, `the-art`."""
        paragraphs = (block for page in self.pages for block in page.blocks if isinstance(block, Paragraph))
        pieces = (piece for paragraph in paragraphs for line in paragraph.lines for piece in line.pieces)
        texts = (piece for piece in pieces if isinstance(piece, str))
        return frozenset(word.lower() for text in texts for word in _COMPOUND.findall(text))

    @property
    def to_check(self) -> tuple[Formula, ...]:
        """The formulas that were read, but doubtfully."""
        return tuple(formula for formula in self.formulas if formula.check)

    @property
    def failures(self) -> tuple[str, ...]:
        """One line for each page and each formula that could not be read."""
        lines: list[str] = []
        for scanned in self.pages:
            if scanned.failure is not None:
                lines.append(scanned.failure)
            unread = sum(not formula.is_read for formula in scanned.formulas)
            if unread:
                lines.append(f"{scanned.page.name}: {unread} of {len(scanned.formulas)} formulas could not be read")
        return tuple(lines)

    @staticmethod
    def joined(documents: Iterable[Document]) -> Document:
        """One document with the pages of all.

        Raises:
            ValueError: `documents` is empty.
        """
        parts = list(documents)
        if not parts:
            raise ValueError("Document.joined needs at least one document")
        return Document(tuple(page for part in parts for page in part.pages), parts[0].versions)
