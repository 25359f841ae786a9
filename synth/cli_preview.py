"""`synth preview`: a sheet of painted formulas to look at."""

from __future__ import annotations

import argparse
from pathlib import Path

from scanpage.errors import ExitCode, OutputError, UsageError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.description = (
        "Draw a sheet of formulas: real handwriting beside painted handwriting of the same formulas, "
        "or without --inks typeset formulas in print."
    )
    parser.add_argument(
        "--inks", type=Path, nargs="+", default=[], metavar="PATH", help="handwriting: InkML or JSON inks, or folders"
    )
    parser.add_argument(
        "--layouts", type=Path, nargs="+", default=[], metavar="PATH",
        help="folders or files of typeset formulas (default: the labels of the inks are typeset)",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="the sheet: .png or .jpg")
    parser.add_argument("--count", type=int, default=24, metavar="N", help="formulas to show (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="default: 0")


def run(arguments: argparse.Namespace) -> int:
    """Draw the sheet; returns the exit code."""
    if not arguments.inks and not arguments.layouts:
        raise UsageError("there is nothing to preview: give --inks, --layouts or both")
    if arguments.count < 1:
        raise UsageError(f"--count must be at least 1, got {arguments.count}")
    if arguments.seed < 0:
        raise UsageError(f"--seed must not be negative, got {arguments.seed}")
    # Imported here, so that --help need not wait for them.
    import cv2
    import numpy as np

    from scanpage.files import write_bytes
    from synth.corpus import load_layouts
    from synth.ink import read_inks
    from synth.preview import preview_inks, preview_layouts

    if not cv2.haveImageWriter(str(arguments.out)):
        raise OutputError(f"cannot write {arguments.out}: no picture format ends so; choose .png or .jpg")
    rng = np.random.default_rng(arguments.seed)
    corpora = [load_layouts(path) for path in arguments.layouts]
    layouts = corpora[0] if len(corpora) == 1 else [layout for corpus in corpora for layout in corpus]
    if arguments.inks:
        inks = [ink for path in arguments.inks for ink in read_inks(path)]
        picture = preview_inks(inks, layouts, arguments.count, rng)
    else:
        picture = preview_layouts(layouts, arguments.count, rng)
    write_bytes(arguments.out, cv2.imencode(arguments.out.suffix, picture)[1].tobytes())
    return ExitCode.DONE
