"""The command `recognizer`: train, evaluate and export models that read formulas, and read with them."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from recognizer import cli_calibrate
from scanpage import __version__
from scanpage.errors import ExitCode, ScanpageError

# torch, ONNX Runtime and OpenCV are imported by the handlers, so that --help need not wait for them.


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    level = logging.WARNING if arguments.quiet else logging.INFO
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)
    handlers = {
        "train": _train,
        "evaluate": _evaluate,
        "export": _export,
        "read": _read,
        "calibrate": cli_calibrate.run,
    }
    try:
        return handlers[arguments.command](arguments)
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
    _add_train(commands.add_parser("train", help="train a model, or go on with one"))
    _add_evaluate(commands.add_parser("evaluate", help="measure a model on formulas or handwriting"))
    cli_calibrate.add_arguments(commands.add_parser("calibrate", help="make a model's confidence a probability"))
    _add_export(commands.add_parser("export", help="turn a trained model into a folder to read with"))
    _add_read(commands.add_parser("read", help="read pictures with one formula each"))
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.description = "Train until the minutes are over or Ctrl-C; the best average so far is kept in DIR/model."
    add = parser.add_argument
    add("--stage", choices=("rendered", "handwriting"), required=True, help="what to learn from")
    add("--layouts", nargs="+", default=[], metavar="FILE", help="typeset formulas")
    add("--hand-layouts", nargs="+", default=[], metavar="FILE", help="typeset formulas, to be written by hand")
    add("--inks", nargs="+", default=[], metavar="PATH", help="handwriting: JSON inks, InkML, or folders of it")
    add(
        "--shares",
        nargs=3,
        type=float,
        default=(0.4, 0.2, 0.4),
        metavar=("INKS", "HAND", "PRINT"),
        help="how often the handwriting stage draws inks, --hand-layouts and --layouts (default: 0.4 0.2 0.4)",
    )
    add("--val-layouts", nargs="+", default=[], metavar="FILE", help="typeset formulas to validate on")
    add("--val-inks", nargs="+", default=[], metavar="PATH", help="handwriting to validate on")
    add("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    add("--minutes", type=float, help="wall-clock budget (default: 60)")
    add("--steps", type=int, metavar="N", help="length of the run in optimizer steps, in place of minutes")
    add("--model", metavar="DIR", help="folder or hub id to start from (default: a new compact model)")
    add("--init", choices=("rapidocr", "none"), default="rapidocr", help="weights a new model's backbone starts from")
    add("--resume", action="store_true", help="go on with the run in DIR")
    add("--threads", type=int, default=0, help="threads of torch (default: its own choice)")
    add("--workers", type=int, help="processes that paint samples (default: 1)")
    add("--batch-px", type=int, help="pixels in a batch")
    add("--learning-rate", type=float, help="peak of the learning rate")
    add("--max-tokens", type=int, help="longest formulas to learn from")
    add("--first-max-tokens", type=int, help="longest formulas at the start of the run")
    add("--seed", type=int, default=0)
    add("--frozen-stages", type=int, metavar="N", help="stages of the backbone that never change (default: 1)")
    add("--freeze-backbone", type=float, default=0.0, metavar="SHARE", help="share of the run with a frozen backbone")


def _add_evaluate(parser: argparse.ArgumentParser) -> None:
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


def _add_export(parser: argparse.ArgumentParser) -> None:
    parser.description = "Write ONNX graphs, half-precision weights, settings and checksums."
    parser.add_argument("model", type=Path, help="folder of a trained model, for instance RUN/model")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="model folder to write")


def _add_read(parser: argparse.ArgumentParser) -> None:
    parser.description = "Print the LaTeX of each picture, a line each."
    parser.add_argument("pictures", type=Path, nargs="+", metavar="FILE", help="pictures with one formula each")
    parser.add_argument("--weights", type=Path, metavar="DIR", help="model folder (default: the shipped model)")
    parser.add_argument("--threads", type=int, default=0, help="threads of ONNX Runtime (default: its own choice)")


def _train(arguments: argparse.Namespace) -> int:
    from recognizer.stages import run

    return run(arguments)


def _evaluate(arguments: argparse.Namespace) -> int:
    from recognizer.evaluate import run

    return run(arguments)


def _export(arguments: argparse.Namespace) -> int:
    from recognizer.export import export

    export(arguments.model, arguments.out)
    return ExitCode.DONE


def _read(arguments: argparse.Namespace) -> int:
    from recognizer.predict import Recognizer, open_picture

    crops = [open_picture(path) for path in arguments.pictures]
    for reading in Recognizer(arguments.weights, arguments.threads).read_batch(crops):
        sys.stdout.write(reading.latex + "\n")
    return ExitCode.DONE
