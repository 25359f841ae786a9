"""`synth typeset`: lists of formulas to layouts."""

from __future__ import annotations

import argparse
import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from scanpage.errors import ExitCode, UsageError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.description = "Typeset formulas by LaTeX, each once, in several font families, for `recognizer train`."
    parser.add_argument("formulas", type=Path, nargs="+", metavar="FILE", help="formulas: .txt, .tsv, either with .gz")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="layouts to write")
    parser.add_argument("--exclude", type=Path, nargs="+", default=[], metavar="FILE", help="formulas to leave out")
    parser.add_argument("--limit", type=int, metavar="N", help="most formulas to keep")
    parser.add_argument("--max-tokens", type=int, default=200, metavar="N", help="longest formulas (default: 200)")
    parser.add_argument("--seed", type=int, default=0, metavar="S", help="default: 0")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def run(arguments: argparse.Namespace) -> int:
    """Typeset the lists; returns the exit code."""
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
