"""`synth generate`: pages with truth."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import fields
from pathlib import Path

from scanpage.errors import ExitCode, UsageError
from synth.config import LONG_SIDE_RANGE, GenerateSettings


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.description = (
        "Make pages with COCO boxes and LaTeX. Page k of a seed is the same for any number of workers. Stopped and"
        " started again, it goes on; with more --pages it adds to what is there."
    )
    parser.add_argument("--pages", type=int, metavar="N", help="number of pages")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the pages")
    parser.add_argument(
        "--config",
        type=Path,
        metavar="FILE",
        help="settings in TOML, such as a settings.toml that a run wrote; options win over it",
    )
    parser.add_argument("--seed", type=int, metavar="S", help="default: 0")
    parser.add_argument("--workers", type=int, metavar="W", help="processes (default: one a core)")
    parser.add_argument(
        "--formulas", type=Path, nargs="+", metavar="FILE", help="LaTeX formulas (default: invented ones)"
    )
    parser.add_argument(
        "--layouts", type=Path, nargs="+", metavar="PATH", help="folders of `synth formulas build`, or files of layouts"
    )
    parser.add_argument(
        "--inks", type=Path, nargs="+", metavar="PATH", help="handwriting: InkML or JSON inks, or folders"
    )
    parser.add_argument("--handwriting-fonts", type=Path, metavar="DIR", help="fonts for handwritten prose")
    parser.add_argument("--printed-fonts", type=Path, metavar="DIR", help="fonts for printed prose")
    parser.add_argument("--text", type=Path, metavar="FILE", help="prose to use (default: random words)")
    parser.add_argument(
        "--long-side",
        type=int,
        metavar="PX",
        dest="long_side_px",
        help="longer side of the images (default: {} to {})".format(*LONG_SIDE_RANGE),
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def run(arguments: argparse.Namespace) -> int:
    """Make the pages; returns the exit code."""
    # Imported here, so that --help need not wait for them.
    from synth.generate import generate

    settings = _settings(arguments)
    started = time.monotonic()
    try:
        made = generate(settings, arguments.out, progress=sys.stderr.isatty() and not arguments.quiet)
    except KeyboardInterrupt:
        sys.stderr.write(f"synth: interrupted; start the same command again to go on in {arguments.out}\n")
        return ExitCode.INTERRUPTED
    if not arguments.quiet:
        formulas = sum(len(page.formulas) for page in made.pages)
        found = f" ({made.found} of them were there)" if made.found else ""
        seconds = time.monotonic() - started
        sys.stderr.write(
            f"{len(made.pages)} pages{found} with {formulas} formulas in {arguments.out}, {seconds:.1f} s\n"
        )
    return ExitCode.DONE


def _settings(arguments: argparse.Namespace) -> GenerateSettings:
    """What the command line says, else the file of `--config`, else the defaults."""
    from synth.config_file import read_config

    values = read_config(arguments.config) if arguments.config else {}
    for name in (field.name for field in fields(GenerateSettings)):
        given = getattr(arguments, name, None)
        if given is not None:
            values[name] = tuple(given) if isinstance(given, list) else given
    if "pages" not in values:
        raise UsageError("say how many pages to make: --pages N, or pages = N in the file given with --config")
    return GenerateSettings(**values)
