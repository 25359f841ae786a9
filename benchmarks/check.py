"""Check a result of `benchmarks/speed.py` against the floors that every change has to keep.

python benchmarks/check.py FILE
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

PAGE_S = 1.5
"""Seconds for a page with ten formulas; a page with more may take as much longer."""
PEAK_GB = 1.5
FORMULA_MS = 100.0
START_S = 2.0


def breaches(result: dict[str, Any]) -> list[str]:
    """One line for each floor that `result` misses."""
    lines = []
    for page in result["pages"]:
        allowed_s = PAGE_S * max(1.0, page["formulas"] / 10)
        if page["seconds"]["total"] > allowed_s:
            lines.append(f"page {page['page']}: {page['seconds']['total']:.2f} s, allowed {allowed_s:.2f} s")
    limits = {"peak_gb": PEAK_GB, "formula_ms": FORMULA_MS, "start_s": START_S}
    lines += [f"{name}: {result[name]}, allowed {limit}" for name, limit in limits.items() if result[name] > limit]
    return lines


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Check a result of benchmarks/speed.py against the floors.")
    parser.add_argument("result", type=Path, metavar="FILE")
    found = breaches(json.loads(parser.parse_args().result.read_text("utf-8")))
    sys.stdout.write("".join(f"{line}\n" for line in found) or "all floors hold\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
