"""Whether one recognizer reads better than another, on the same formulas.

    python benchmarks/compare_readings.py NAME=FILE NAME=FILE [--note TEXT] [--out FILE]

The files are what `recognizer evaluate --json` wrote of two models on one set. Formulas that only one of the two reads
right decide: the p-value is that of McNemar's exact test (1947), two-sided. `results/painted_ink.json` is made so, of
one model trained on real handwriting and one trained on real and painted handwriting:

    recognizer train --stage handwriting --model RENDERED --inks TRAIN --steps 900 --shares 0.6 0.4 0 \\
        --learning-rate 6e-4 --max-tokens 48 --first-max-tokens 36 --batch-px 300000 --out REAL
    (and the same with --hand-layouts LABELS INLINE --out PAINTED)
"""

from __future__ import annotations

import argparse
import json
import sys
from math import comb
from pathlib import Path
from typing import Any

from provenance import provenance, write_result

from scanpage.document import Versions


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare two evaluations of the same formulas.")
    parser.add_argument("evaluations", nargs=2, metavar="NAME=FILE")
    parser.add_argument("--note", default="", help="how the two came about")
    parser.add_argument("--out", type=Path, metavar="FILE")
    arguments = parser.parse_args()
    (first, right_first), (second, right_second) = (_read(named) for named in arguments.evaluations)
    if len(right_first) != len(right_second) or not right_first:
        parser.error("the two evaluations are empty or of different sets")
    result = {
        "note": arguments.note,
        "formulas": len(right_first),
        "exact": {first: _share(right_first), second: _share(right_second)},
        "only": {
            first: sum(a and not b for a, b in zip(right_first, right_second, strict=True)),
            second: sum(b and not a for a, b in zip(right_first, right_second, strict=True)),
        },
    }
    result["p_value"] = round(mcnemar(*result["only"].values()), 4)
    write_result({**provenance(Versions("", "", "", "")), **result}, arguments.out)
    return 0


def _read(named: str) -> tuple[str, list[bool]]:
    name, _, file = named.partition("=")
    readings: list[dict[str, Any]] = json.loads(Path(file).read_text("utf-8"))["readings"]
    return name, [reading["reading"] == reading["label"] for reading in readings]


def _share(right: list[bool]) -> float:
    return round(sum(right) / len(right), 4)


def mcnemar(only_first: int, only_second: int) -> float:
    """Two-sided exact p-value: how likely so uneven a split of the disagreements is, were both models equally good."""
    total = only_first + only_second
    tail = sum(comb(total, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, 2.0 * tail / 2**total)


if __name__ == "__main__":
    sys.exit(main())
