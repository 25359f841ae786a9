"""`recognizer calibrate`: make a model's confidence the probability that a formula is exactly right."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the options of the command."""
    parser.description = (
        "Read formulas of which the truth is known, each as a clean picture and as scans and photos show it, fit the "
        "probability that a reading is exactly right to them, and write that into the model's recognizer.json. Use "
        "formulas that the model was neither trained nor is measured on."
    )
    add = parser.add_argument
    add("--weights", type=Path, metavar="DIR", help="model folder to calibrate (default: the shipped model)")
    add("--layouts", type=Path, nargs="+", default=[], metavar="PATH", help="typeset formulas")
    add("--inks", type=Path, nargs="+", default=[], metavar="PATH", help="handwriting: JSON inks, InkML, or folders")
    add("--limit", type=int, default=1000, metavar="N", help="most formulas of each PATH (default: %(default)s)")
    add("--seed", type=int, default=0, help="of the pictures (default: %(default)s)")
    add("--threads", type=int, default=0, help="threads of ONNX Runtime (default: its own choice)")


def run(arguments: argparse.Namespace) -> int:
    """Calibrate as the options say; returns the exit code."""
    from recognizer.calibrate import run as calibrate

    return calibrate(arguments)
