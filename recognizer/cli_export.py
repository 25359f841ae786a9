"""`recognizer export`: a trained model as a folder to read with."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from scanpage.errors import ExitCode, WeightsError

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the options of the command."""
    parser.description = "Write ONNX graphs, half-precision weights, settings and checksums."
    parser.add_argument("model", type=Path, help="folder of a trained model, for instance RUN/model")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="model folder to write")


def run(arguments: argparse.Namespace) -> int:
    """Export as the options say; returns the exit code."""
    # Told at once; what is no folder would be looked for on the hub.
    if not arguments.model.is_dir():
        raise WeightsError(f"no model at {arguments.model}: give the folder of a trained model")
    from recognizer.export import export
    from recognizer.predict import SETTINGS
    from recognizer.settings import read_settings

    export(arguments.model, arguments.out)
    if not read_settings(arguments.out / SETTINGS).calibration.parameters:
        # Thresholds on confidence, as `scanpage` has them, are meant for probabilities.
        log.info("its confidence is no probability yet: recognizer calibrate --weights %s", arguments.out)
    return ExitCode.DONE
