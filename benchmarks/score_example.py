"""How much of `examples/notes.pdf` comes out right.

    python benchmarks/score_example.py [--json FILE] [--detector DIR] [--recognizer DIR]

Exits with 1 where fewer displayed formulas than `--floor` come out exactly right.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from provenance import provenance
from truth import Outcome, match, read_example

from pipeline.scan import ScanOptions, scan
from scanpage.document import Document
from scanpage.region import RegionKind

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def outcomes(document: Document) -> list[tuple[int, Outcome]]:
    """Page number and outcome of each labelled formula."""
    labels = read_example(EXAMPLES / "notes.truth.json")
    return [
        (scanned.page.number, outcome)
        for scanned in document.pages
        for outcome in match(
            labels[scanned.page.number], scanned.formulas, scanned.page.width_px, scanned.page.height_px
        )
    ]


def summary(judged: list[tuple[int, Outcome]], kind: RegionKind) -> dict[str, int]:
    chosen = [outcome for _, outcome in judged if outcome.truth.kind is kind]
    return {
        "formulas": len(chosen),
        "found": sum(outcome.found is not None for outcome in chosen),
        "exact": sum(outcome.exact for outcome in chosen),
    }


def report(judged: list[tuple[int, Outcome]]) -> str:
    """One line a formula: page, right or wrong, what it says, and what was read where that differs."""
    lines = []
    for number, outcome in judged:
        read = "not found" if outcome.found is None else outcome.found.latex
        verdict = "right" if outcome.exact else "WRONG"
        lines.append(f"page {number} {outcome.truth.kind.value:8} {verdict}  {outcome.truth.latex}")
        if not outcome.exact:
            lines.append(f"{'':22} read: {read}")
    return "\n".join(lines)


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="How much of examples/notes.pdf comes out right.")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the result here")
    parser.add_argument("--detector", type=Path, metavar="DIR", help="another detector than the shipped one")
    parser.add_argument("--recognizer", type=Path, metavar="DIR", help="another recognizer than the shipped one")
    parser.add_argument("--floor", type=int, default=0, help="displayed formulas that must be exactly right")
    arguments = parser.parse_args()
    options = ScanOptions(detector=arguments.detector, recognizer=arguments.recognizer, prose=False)
    document = scan([EXAMPLES / "notes.pdf"], options=options)
    judged = outcomes(document)
    result: dict[str, Any] = {
        **provenance(document.versions),
        **{kind.value: summary(judged, kind) for kind in RegionKind},
    }
    sys.stdout.write(report(judged) + "\n")
    for kind in RegionKind:
        sys.stdout.write(f"{kind.value}: {json.dumps(result[kind.value])}\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    return 0 if result["isolated"]["exact"] >= arguments.floor else 1


if __name__ == "__main__":
    sys.exit(main())
