"""Make `notes.pdf`, a scan of one printed and one handwritten page, and `notes.truth.json`, what stands on it.

    python examples/make_notes.py --hand-font FILE --out examples

Needs the extra `train`. See `README.md` beside this file for the fonts of the copy that ships.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from notes_hand import Hand
from notes_print import Print
from notes_sheet import DPI, HEIGHT_PX, OVERSAMPLING, WIDTH_PX, Extent, Sheet, Truth
from notes_text import DISPLAYS, HANDWRITTEN, INLINE, INLINES, PRINTED, Block, Display, Heading
from numpy.typing import NDArray
from PIL import Image

__all__ = ["DISPLAYS", "INLINES", "main"]

SEED = 2024
MM = DPI / 25.4
FINE_MM = MM * OVERSAMPLING
RULING_MM, RED_MARGIN_MM = 8.0, 24.0
DEBIAN_HAND = Path("/usr/share/fonts/truetype/fifthhorseman/dkg.ttf")


class Face(Protocol):
    """Something that writes prose and formulas on a sheet; lengths in fine pixels."""

    def advance(self, text: str) -> float: ...
    def write(self, sheet: Sheet, text: str, x: float, y: float) -> None: ...
    def measure(self, latex: str, *, display: bool) -> Extent: ...
    def draw(self, sheet: Sheet, latex: str, x: float, y: float, *, display: bool, owner: int) -> None: ...


@dataclass(frozen=True, slots=True)
class Style:
    """Where things stand on a page, in millimetres.

    Attributes:
        space: width of a word space, relative to the face's own.
        ruled: baselines keep to multiples of the leading; formulas start at `indent` and prose is ragged.
    """

    left: float
    right: float
    top: float
    leading: float
    indent: float
    space: float
    ruled: bool


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of a word: prose or an inline formula."""

    text: str
    formula: bool
    width: float


Word = tuple[Run, ...]


class Writer:
    """Puts the blocks of a page on a sheet, top to bottom."""

    def __init__(self, face: Face, style: Style) -> None:
        self.sheet = Sheet()
        self._face = face
        self._style = style
        self._space = style.space * (face.advance("a a") - face.advance("aa"))
        self._left, self._right = style.left * FINE_MM, WIDTH_PX * OVERSAMPLING - style.right * FINE_MM
        self._leading = style.leading * FINE_MM
        self._y = style.top * FINE_MM

    def put(self, block: Block) -> None:
        if isinstance(block, Display):
            self._display(block)
        elif isinstance(block, Heading):
            self._paragraph(block.text)
            self._y += self._leading * (1 if self._style.ruled else 0.6)
        else:
            self._paragraph(block.text)

    def _display(self, block: Display) -> None:
        extent = self._face.measure(block.latex, display=True)
        above, below = extent.ascent / self._leading, extent.descent / self._leading
        if self._style.ruled:
            # The baseline stands on a line, one line below the prose; what reaches far up or down takes more lines.
            self._y += self._leading * max(1, math.ceil(above + 0.3) - 1)
            x = self._left + self._style.indent * FINE_MM
        else:
            self._y += self._leading * max(0.35, above - 0.45)
            x = (self._left + self._right - extent.width) / 2
        owner = self.sheet.new_formula("isolated", block.latex)
        self._face.draw(self.sheet, block.latex, x, self._y, display=True, owner=owner)
        if block.number:
            self._face.write(self.sheet, block.number, self._right - self._face.advance(block.number), self._y)
        self._y += self._leading * (1 + math.ceil(below - 0.1) if self._style.ruled else below + 1.35)

    def _paragraph(self, text: str) -> None:
        lines: list[list[Word]] = [[]]
        for word in self._words(text):
            if lines[-1] and self._width([*lines[-1], word]) > self._right - self._left:
                lines.append([])
            lines[-1].append(word)
        for line in lines:
            full = line is not lines[-1] and not self._style.ruled
            slack = self._right - self._left - self._width(line) if full else 0.0
            self._line(line, self._space + slack / max(1, len(line) - 1))
            self._y += self._leading

    def _words(self, text: str) -> list[Word]:
        """Split at blanks outside formulas; a formula sticks to the punctuation beside it."""
        words: list[list[Run]] = [[]]
        for index, part in enumerate(INLINE.split(text)):
            if index % 2:
                words[-1].append(Run(part, True, self._face.measure(part, display=False).width))
                continue
            for number, chunk in enumerate(part.split(" ")):
                if number:
                    words.append([])
                if chunk:
                    words[-1].append(Run(chunk, False, self._face.advance(chunk)))
        return [tuple(word) for word in words if word]

    def _width(self, line: list[Word]) -> float:
        return sum(run.width for word in line for run in word) + self._space * (len(line) - 1)

    def _line(self, line: list[Word], space: float) -> None:
        x = self._left
        for word in line:
            for run in word:
                if run.formula:
                    owner = self.sheet.new_formula("inline", run.text)
                    self._face.draw(self.sheet, run.text, x, self._y, display=False, owner=owner)
                else:
                    self._face.write(self.sheet, run.text, x, self._y)
                x += run.width
            x += space


def printed_page(rng: np.random.Generator) -> tuple[Image.Image, list[Truth]]:
    """The printed page, a grey scan."""
    em_px = 12 / 72.27 * DPI * OVERSAMPLING
    writer = Writer(Print(em_px), Style(left=28, right=27, top=36, leading=6.4, indent=0, space=1, ruled=False))
    for block in PRINTED:
        writer.put(block)
    paper = np.full((HEIGHT_PX, WIDTH_PX, 3), 0.965, np.float32)
    page, truths = writer.sheet.scanned(rng, wobble_px=0, angle_deg=-0.35, paper=paper, ink_rgb=(28, 28, 30))
    return page.convert("L"), truths


def handwritten_page(rng: np.random.Generator, font: Path) -> tuple[Image.Image, list[Truth]]:
    """The handwritten page, a colour scan of ruled paper."""
    hand = Hand(font, round(7.2 * FINE_MM), 0.45 * FINE_MM, rng)
    style = Style(
        left=RED_MARGIN_MM + 5, right=8, top=4 * RULING_MM - 0.8, leading=RULING_MM, indent=16, space=0.6, ruled=True
    )
    writer = Writer(hand, style)
    for block in HANDWRITTEN:
        writer.put(block)
    return writer.sheet.scanned(rng, wobble_px=1.0, angle_deg=0.45, paper=ruled_paper(), ink_rgb=(24, 34, 112))


def ruled_paper() -> NDArray[np.float32]:
    """`(HEIGHT_PX, WIDTH_PX, 3)` in [0, 1]: pale lines and a red margin."""
    paper = np.full((HEIGHT_PX, WIDTH_PX, 3), (0.97, 0.965, 0.94), np.float32)
    for line in np.arange(3, 35) * RULING_MM * MM:
        paper[round(line) : round(line) + 2] = (0.72, 0.80, 0.90)
    margin = round(RED_MARGIN_MM * MM)
    paper[:, margin : margin + 2] = (0.90, 0.62, 0.62)
    return paper


def main() -> None:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Make notes.pdf and notes.truth.json.")
    parser.add_argument("--hand-font", type=Path, default=DEBIAN_HAND, help="handwriting font (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder for both (default: this one)")
    arguments = parser.parse_args()
    if not arguments.hand_font.is_file():
        parser.error(f"no font at {arguments.hand_font}: apt-get install fonts-dkg-handwriting, or give --hand-font")
    pages = [
        printed_page(np.random.default_rng([SEED, 1])),
        handwritten_page(np.random.default_rng([SEED, 2]), arguments.hand_font),
    ]
    images = [image for image, _ in pages]
    arguments.out.mkdir(parents=True, exist_ok=True)
    # No dates inside, so that the same text gives the same file.
    images[0].save(
        arguments.out / "notes.pdf",
        save_all=True,
        append_images=images[1:],
        resolution=DPI,
        quality=72,
        title="Notes",
        creationDate=None,
        modDate=None,
    )
    truth = [
        {"page": number, "kind": t.kind, "latex": t.latex, "box": [round(side, 1) for side in t.box.xyxy]}
        for number, (_, truths) in enumerate(pages, 1)
        for t in truths
    ]
    listing = ",\n ".join(json.dumps(entry) for entry in truth)
    head = f'{{"size_px": [{WIDTH_PX}, {HEIGHT_PX}], "dpi": {DPI}, "formulas": [\n '
    (arguments.out / "notes.truth.json").write_text(f"{head}{listing}\n]}}\n", "utf-8")


if __name__ == "__main__":
    main()
