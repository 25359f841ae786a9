"""The command `recognizer`: train, evaluate and export models that read formulas, and read with them."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from recognizer import cli_average, cli_calibrate, cli_evaluate, cli_explain, cli_export, cli_read, cli_train
from scanpage import __version__
from scanpage.errors import ExitCode, ScanpageError, UsageError

# Each subcommand has a module that describes its options and runs it; what it needs is imported when it runs, so that
# --help need not wait.
_COMMANDS = {
    "train": (cli_train, "train a model, or go on with one"),
    "evaluate": (cli_evaluate, "measure a model on formulas or handwriting"),
    "calibrate": (cli_calibrate, "make a model's confidence a probability"),
    "average": (cli_average, "make one model of several runs"),
    "export": (cli_export, "turn a trained model into a folder to read with"),
    "read": (cli_read, "read pictures with one formula each"),
    "explain": (cli_explain, "draw where in a picture the model looked for each token"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    level = logging.WARNING if arguments.quiet else logging.INFO
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)
    try:
        if getattr(arguments, "threads", 0) < 0:
            raise UsageError(f"--threads must not be negative, got {arguments.threads}")
        return int(_COMMANDS[arguments.command][0].run(arguments))
    except ModuleNotFoundError as error:
        sys.stderr.write(f"recognizer: {error.name} is not installed: pip install 'scanpage[train]'\n")
        return ExitCode.USAGE
    except ScanpageError as error:
        sys.stderr.write(f"recognizer: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("recognizer: interrupted\n")
        return ExitCode.INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="recognizer", description="Models that read a formula's picture as LaTeX.")
    parser.add_argument("--version", action="version", version=f"recognizer {__version__}")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but warnings and errors")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, (module, summary) in _COMMANDS.items():
        module.add_arguments(commands.add_parser(name, help=summary))
    return parser


if __name__ == "__main__":
    sys.exit(main())
