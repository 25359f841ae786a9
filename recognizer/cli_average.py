"""`recognizer average`: one model out of several runs."""

from __future__ import annotations

import argparse
from pathlib import Path

from scanpage.errors import ExitCode, WeightsError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the options of the command."""
    parser.description = "Write the mean of the weights of several runs that started from one model."
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL", help="folder of a trained model: RUN/model")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the mean, to be exported")


def run(arguments: argparse.Namespace) -> int:
    """Average as the options say; returns the exit code."""
    # Told at once; what is no folder would be looked for on the hub.
    for folder in arguments.models:
        if not folder.is_dir():
            raise WeightsError(f"no model at {folder}: give the folders of trained models")
    from recognizer.average import average

    average(arguments.models, arguments.out)
    return ExitCode.DONE
