"""`synth generate`: pages with truth."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from scanpage.errors import ExitCode


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.description = "Make pages with COCO boxes and LaTeX. Page k of a seed is the same for any number of workers."
    parser.add_argument("--pages", type=int, required=True, metavar="N", help="number of pages")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pages")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="default: 0")
    parser.add_argument("--workers", type=int, default=1, metavar="W", help="processes (default: 1)")
    parser.add_argument(
        "--formulas", type=Path, nargs="+", default=[], metavar="FILE", help="LaTeX formulas (default: invented ones)"
    )
    parser.add_argument("--layouts", type=Path, nargs="+", default=[], metavar="FILE", help="formulas typeset before")
    parser.add_argument(
        "--inks", type=Path, nargs="+", default=[], metavar="PATH", help="handwriting: InkML or JSON inks, or folders"
    )
    parser.add_argument("--handwriting-fonts", type=Path, metavar="DIR", help="fonts for handwritten prose")
    parser.add_argument("--printed-fonts", type=Path, metavar="DIR", help="fonts for printed prose")
    parser.add_argument("--text", type=Path, metavar="FILE", help="prose to use (default: random words)")
    parser.add_argument("--long-side", type=int, metavar="PX", help="longer side of the images (default: 1000 to 1300)")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def run(arguments: argparse.Namespace) -> int:
    """Make the pages; returns the exit code."""
    # Imported here, so that --help need not wait for them.
    from synth.config import GenerateSettings
    from synth.generate import generate

    settings = GenerateSettings(
        pages=arguments.pages,
        seed=arguments.seed,
        long_side_px=arguments.long_side,
        formulas=tuple(arguments.formulas),
        layouts=tuple(arguments.layouts),
        inks=tuple(arguments.inks),
        handwriting_fonts=arguments.handwriting_fonts,
        printed_fonts=arguments.printed_fonts,
        text=arguments.text,
        workers=arguments.workers,
    )
    made = generate(settings, arguments.out, progress=sys.stderr.isatty() and not arguments.quiet)
    if not arguments.quiet:
        formulas = sum(len(page.formulas) for page in made)
        sys.stderr.write(f"{len(made)} pages with {formulas} formulas in {arguments.out}\n")
    return ExitCode.DONE
