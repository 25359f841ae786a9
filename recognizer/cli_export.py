"""`recognizer export`: a trained model as a folder to read with."""

from __future__ import annotations

import argparse
from pathlib import Path

from scanpage.errors import ExitCode


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the options of the command."""
    parser.description = "Write ONNX graphs, half-precision weights, settings and checksums."
    parser.add_argument("model", type=Path, help="folder of a trained model, for instance RUN/model")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="model folder to write")


def run(arguments: argparse.Namespace) -> int:
    """Export as the options say; returns the exit code."""
    from recognizer.export import export

    export(arguments.model, arguments.out)
    return ExitCode.DONE
