"""`recognizer read`: pictures of formulas to LaTeX on standard output."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scanpage.errors import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the options of the command."""
    parser.description = "Print the LaTeX of each picture, a line each."
    parser.add_argument("pictures", type=Path, nargs="+", metavar="FILE", help="pictures with one formula each")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="model folder (default: the shipped model)")
    parser.add_argument("--threads", type=int, default=0, help="threads of ONNX Runtime (default: its own choice)")


def run(arguments: argparse.Namespace) -> int:
    """Read as the options say; returns the exit code."""
    from recognizer.predict import Recognizer, open_picture

    crops = [open_picture(path) for path in arguments.pictures]
    for reading in Recognizer(arguments.weights, arguments.threads).read_batch(crops):
        sys.stdout.write(reading.latex + "\n")
    return ExitCode.DONE
