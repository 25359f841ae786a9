"""How prose is read, and in which order: synthetic pages whose lines are known, against the documents made of them.

    python benchmarks/prose.py PAGES [--limit N] [--out FILE] [--worst N]

PAGES is a folder of `synth generate`, whose `truth/` holds the lines of each page in reading order. Order is Kendall's
tau over all pairs of lines of a page (1: all pairs stand as they should; lines that share a line of the document count
as right). Prose is measured line by line as the character error rate, spaces among the characters, without formulas
and without lines in which a word's text is not known (signs that mean nothing, words cut from real handwriting). Lines
with letters that the reader's model does not know at all (Vietnamese ones with two accents) are counted apart: `cer` is
without them, `cer_with_foreign` with them.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from provenance import provenance

from pipeline.engines import load_engines
from pipeline.line_reader import LineReader
from pipeline.load import LoadedPage
from pipeline.scan import scan_page
from recognizer.metrics import levenshtein
from scanpage.document import Display, Page, Paragraph, ScannedPage
from scanpage.geometry import Box
from synth.coco import Line, PageTruth
from synth.sheet import UNKNOWN, LineRole

LEAST_SHARE = 0.3
"""A line of the truth is found where so much of its box lies in a line of the document."""
AS_MUCH = 0.2
"""Boxes of lines that slope reach over their neighbours: of those that hold less than this share less than the best,
the one whose middle is at the line's height is it."""
_FORMULA = re.compile(r"\$[^$]*\$")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the document, or a formula of a display, with its text (none for formulas)."""

    box: Box
    text: str | None
    heading: bool = False


def places(scanned: ScannedPage) -> list[Place]:
    """What the document holds, in its order."""
    found = []
    for block in scanned.blocks:
        if isinstance(block, Display):
            found += [Place(formula.box, None) for row in block.rows for formula in row.formulas]
        elif isinstance(block, Paragraph):
            found += [
                Place(line.box, " ".join(piece for piece in line.pieces if isinstance(piece, str)), block.heading > 0)
                for line in block.lines
            ]
    return found


def assign(lines: Sequence[Line], found: Sequence[Place]) -> list[int | None]:
    """For each line of the truth the place that holds most of it."""
    result: list[int | None] = []
    for line in lines:
        shares = [line.box.intersection(place.box) / line.box.area for place in found]
        most = max(shares, default=0.0)
        holding = [k for k, share in enumerate(shares) if share > most - AS_MUCH]
        best = min(holding, key=lambda k: abs(found[k].box.center[1] - line.box.center[1]), default=None)
        result.append(best if most >= LEAST_SHARE else None)
    return result


def kendall_tau(order: Sequence[int]) -> float | None:
    """Kendall's tau of places against the order that they should have; ties count as right. None for fewer than two."""
    pairs = list(combinations(order, 2))
    return 1 - 2 * sum(a > b for a, b in pairs) / len(pairs) if pairs else None


def plain(text: str) -> str:
    """What of a line is prose, with single spaces."""
    return " ".join(_FORMULA.sub(" ", text).split())


@dataclass(slots=True)
class Tally:
    """Of one page: characters of prose that are known, edits, tau, lines that are not found, furniture, headings.

    `foreign` and `foreign_edits` are characters and edits of lines with letters that the reader does not know.
    """

    characters: int = 0
    edits: int = 0
    foreign: int = 0
    foreign_edits: int = 0
    tau: float | None = None
    lines: int = 0
    missed: int = 0
    furniture: int = 0
    kept: int = 0
    headings: int = 0
    said: int = 0
    right: int = 0

    def count(self, said: str, read: str, letters: frozenset[str]) -> None:
        """Enter a line that says `said`."""
        edits = levenshtein(said, read)
        if letters.issuperset(said):
            self.characters += len(said)
            self.edits += edits
        else:
            self.foreign += len(said)
            self.foreign_edits += edits


def judge(truth: PageTruth, scanned: ScannedPage, letters: frozenset[str]) -> Tally:
    """One page's figures."""
    found = places(scanned)
    body = [line for line in truth.lines if line.role not in (LineRole.FURNITURE, LineRole.TAG)]
    where = assign(body, found)
    tally = Tally(lines=len(body), missed=where.count(None))
    tally.tau = kendall_tau([place for place in where if place is not None])
    held: dict[int, list[Line]] = defaultdict(list)
    for line, place in zip(body, where, strict=True):
        prose = line.role is not LineRole.FORMULA
        if place is not None:
            held[place].append(line)
        elif prose and UNKNOWN not in line.text:
            tally.count(plain(line.text), "", letters)
    for place, lines in held.items():
        known = all(UNKNOWN not in line.text and line.role is not LineRole.FORMULA for line in lines)
        if known and found[place].text is not None:
            said = " ".join(line.text for line in sorted(lines, key=lambda line: line.box.x0))
            tally.count(plain(said), plain(found[place].text or ""), letters)
    furniture = [line for line in truth.lines if line.role is LineRole.FURNITURE]
    tally.furniture = len(furniture)
    tally.kept = sum(place is not None for place in assign(furniture, found))
    is_heading = [line.role is LineRole.HEADING for line in body]
    tally.headings = sum(is_heading)
    tally.said = sum(place.heading for place in found)
    tally.right = sum(h and w is not None and found[w].heading for h, w in zip(is_heading, where, strict=True))
    return tally


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="How prose is read, and in which order.")
    parser.add_argument("pages", type=Path, metavar="PAGES", help="folder of synth generate")
    parser.add_argument("--limit", type=int, metavar="N", help="pages (default: all)")
    parser.add_argument("--threads", type=int, default=2, help="threads of the engines (default: %(default)s)")
    parser.add_argument("--worst", type=int, default=0, metavar="N", help="name the N worst pages")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result here")
    options = parser.parse_args()
    engines, letters = load_engines(threads=options.threads), LineReader().characters
    tallies: dict[str, Tally] = {}
    for file in sorted((options.pages / "truth").glob("*.json"))[: options.limit]:
        truth = PageTruth.from_json(json.loads(file.read_text("utf-8")))
        image = cv2.cvtColor(cv2.imread(str(options.pages / truth.file_name)), cv2.COLOR_BGR2RGB)
        page = Page(truth.file_name, 1, truth.width, truth.height, 150.0)
        tallies[file.stem] = judge(truth, scan_page(LoadedPage(page, image), engines), letters)
    taus = [tally.tau for tally in tallies.values() if tally.tau is not None]
    total = {
        name: sum(getattr(tally, name) for tally in tallies.values())
        for name in (field.name for field in fields(Tally) if field.name != "tau")
    }
    figures = {
        "pages": len(tallies),
        "kendall_tau": round(float(np.mean(taus)), 4),
        "pages_in_perfect_order": round(float(np.mean([tau == 1 for tau in taus])), 3),
        "heading_precision": round(total["right"] / max(1, total["said"]), 3),
        "heading_recall": round(total["right"] / max(1, total["headings"]), 3),
        "furniture_kept": round(total["kept"] / max(1, total["furniture"]), 3),
        "cer": round(total["edits"] / max(1, total["characters"]), 4),
        "cer_with_foreign": round(
            (total["edits"] + total["foreign_edits"]) / max(1, total["characters"] + total["foreign"]), 4
        ),
        **total,
    }
    for name, value in figures.items():
        sys.stdout.write(f"{name:24} {value}\n")
    for number, tally in sorted(tallies.items(), key=lambda item: item[1].tau or 0.0)[: options.worst]:
        sys.stdout.write(f"order {number}: tau {tally.tau:.3f}, {tally.missed} of {tally.lines} lines not found\n")
    for number, tally in sorted(tallies.items(), key=lambda item: -item[1].edits)[: options.worst]:
        sys.stdout.write(f"prose {number}: {tally.edits} edits in {tally.characters} characters\n")
    if options.out:
        options.out.write_text(json.dumps({**provenance(engines.versions), **figures}, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
