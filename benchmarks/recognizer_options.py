"""The options that the measurements of the recognizer's speed share; loads nothing, as memory is measured too."""

from __future__ import annotations

import argparse
from pathlib import Path


def options(description: str) -> argparse.ArgumentParser:
    """A parser with the formulas, the model, how it runs, and where the result goes."""
    parser = argparse.ArgumentParser(description=description)
    add = parser.add_argument
    add("layouts", type=Path, metavar="LAYOUTS", help="folder or file of layouts, such as held-out ones")
    add("--weights", type=Path, metavar="DIR", help="model folder (default: the shipped model)")
    add("--limit", type=int, default=200, help="formulas to read (default: %(default)s)")
    add("--threads", type=int, default=2, help="threads of the engines (default: %(default)s)")
    add("--repeats", type=int, default=3, help="timed runs over all formulas (default: %(default)s)")
    add("--out", type=Path, metavar="FILE", help="write the result here, as well as to stdout")
    return parser
