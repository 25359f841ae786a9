"""`recognizer evaluate`: how well a model reads formulas of which the truth is known."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the options of the command."""
    parser.description = "Read clean pictures of known formulas and print how well that went."
    add = parser.add_argument
    add("--weights", type=Path, metavar="DIR", help="model folder (default: the shipped model)")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--layouts", type=Path, nargs="+", metavar="FILE", help="typeset formulas")
    source.add_argument("--inks", type=Path, nargs="+", metavar="PATH", help="handwriting: JSON inks or InkML")
    add("--limit", type=int, metavar="N", help="use the first N formulas only")
    add("--em", type=float, default=40.0, metavar="PX", help="size of printed formulas (default: 40 pixels per em)")
    add("--no-typeset", action="store_true", help="leave out what needs LaTeX: compile rate and render match")
    add("--json", type=Path, metavar="OUT", help="write the figures and each reading")
    add("--worst", type=Path, metavar="DIR", help="write pictures of the worst readings")
    add("--reliability", type=Path, metavar="PNG", help="draw how often readings are right that are so sure")
    add("--threads", type=int, default=0, help="threads of ONNX Runtime (default: its own choice)")


def run(arguments: argparse.Namespace) -> int:
    """Evaluate as the options say; returns the exit code."""
    from recognizer.evaluate import run as evaluate

    return evaluate(arguments)
