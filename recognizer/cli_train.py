"""`recognizer train`: one stage of training, begun or gone on with."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Give `parser` the options of the command."""
    parser.description = "Train until the minutes are over or Ctrl-C; the best average so far is kept in DIR/model."
    parser.epilog = (
        "On several GPUs: accelerate launch --multi_gpu --num_processes N --no_python recognizer train ... "
        "Each process draws samples of its own, so a step sees N batches."
    )
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
    add(
        "--lone-letters",
        type=float,
        default=0.06,
        metavar="SHARE",
        help="how often a single letter is drawn, as in prose, in place of a formula (default: %(default)s)",
    )
    add("--val-layouts", nargs="+", default=[], metavar="FILE", help="typeset formulas to validate on, 96 of each")
    add("--val-inks", nargs="+", default=[], metavar="PATH", help="handwriting to validate on, 96 of each")
    add("--out", type=Path, required=True, metavar="DIR", help="folder of the run")
    add("--minutes", type=float, help="wall-clock budget (default: 60)")
    add("--steps", type=int, metavar="N", help="length of the run in optimizer steps, in place of minutes")
    add("--model", metavar="DIR", help="folder or hub id to start from (default: a new compact model)")
    add("--init", choices=("rapidocr", "none"), default="rapidocr", help="weights a new model's backbone starts from")
    add("--resume", action="store_true", help="go on with the run in DIR")
    add("--threads", type=int, default=0, help="threads of torch (default: its own choice)")
    add("--workers", type=int, help="processes that paint samples (default: 1)")
    add("--batch-px", type=int, help="most pixels in a batch (default: 400000, for a CPU)")
    add("--max-batch", type=int, metavar="N", help="most samples in a batch (default: 48)")
    add("--learning-rate", type=float, help="peak of the learning rate")
    add("--dropout", type=float, metavar="SHARE", help="features to drop (default: as the model has it, 0.1 if new)")
    add("--max-tokens", type=int, help="longest formulas to learn from")
    add("--first-max-tokens", type=int, help="longest formulas at the start of the run")
    add("--seed", type=int, default=0)
    add("--frozen-stages", type=int, metavar="N", help="stages of the backbone that never change (default: 1)")
    add("--freeze-backbone", type=float, default=0.0, metavar="SHARE", help="share of the run with a frozen backbone")


def run(arguments: argparse.Namespace) -> int:
    """Train as the options say; returns the exit code."""
    from recognizer.stages import run as train

    return train(arguments)
