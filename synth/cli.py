"""The command `synth`: make synthetic pages."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from scanpage import __version__
from scanpage.errors import ExitCode, ScanpageError, UsageError


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    handlers = {"generate": _generate, "typeset": _typeset}
    try:
        return handlers[arguments.command](arguments)
    except ModuleNotFoundError as error:
        sys.stderr.write(f"synth: {error.name} is not installed: pip install 'scanpage[train]'\n")
        return ExitCode.USAGE
    except ScanpageError as error:
        sys.stderr.write(f"synth: {error}\n")
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("synth: interrupted\n")
        return ExitCode.INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="synth", description="Make synthetic pages of formulas, with truth.")
    parser.add_argument("--version", action="version", version=f"synth {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_generate(commands.add_parser("generate", help="printed and handwritten pages with COCO annotations"))
    _add_typeset(commands.add_parser("typeset", help="lists of formulas to layouts, which can be painted anywhere"))
    return parser


def _add_generate(parser: argparse.ArgumentParser) -> None:
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


def _add_typeset(parser: argparse.ArgumentParser) -> None:
    parser.description = "Typeset formulas by LaTeX, each once, in several font families, for `recognizer train`."
    parser.add_argument("formulas", type=Path, nargs="+", metavar="FILE", help="formulas: .txt, .tsv, either with .gz")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="layouts to write")
    parser.add_argument("--exclude", type=Path, nargs="+", default=[], metavar="FILE", help="formulas to leave out")
    parser.add_argument("--limit", type=int, metavar="N", help="most formulas to keep")
    parser.add_argument("--max-tokens", type=int, default=200, metavar="N", help="longest formulas (default: 200)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="default: 0")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def _generate(arguments: argparse.Namespace) -> int:
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


def _typeset(arguments: argparse.Namespace) -> int:
    from synth.corpus import MIXED_FAMILIES, Wanted, build_layouts
    from synth.formulas import read_formulas
    from synth.typeset import available

    if not available():
        raise UsageError("LaTeX is not installed, and layouts to train on need it: install texlive-latex-extra")
    wanted = Wanted(
        families=MIXED_FAMILIES,
        max_tokens=arguments.max_tokens,
        limit=arguments.limit,
        exclude=_labels(arguments.exclude),
    )
    formulas = [formula for path in arguments.formulas for formula in read_formulas(path)]
    shown = sys.stderr.isatty() and not arguments.quiet
    built = build_layouts(formulas, arguments.out, wanted=wanted, seed=arguments.seed, progress=shown)
    if not arguments.quiet:
        sys.stderr.write(f"{built.layouts} of {built.formulas} formulas in {arguments.out}\n")
    return ExitCode.DONE


def _labels(paths: Sequence[Path]) -> frozenset[str]:
    """Canonical forms of the formulas in `paths`; what has none is never typeset anyway."""
    from scanpage.latex import Refusal, normalise
    from synth.formulas import read_formulas

    labels = set()
    for formula in (formula for path in paths for formula in read_formulas(path)):
        with contextlib.suppress(Refusal):
            labels.add(" ".join(normalise(formula)))
    return frozenset(labels)


if __name__ == "__main__":
    sys.exit(main())
