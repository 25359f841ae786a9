"""`synth formulas`: lists of formulas to layouts, and layouts to pictures with LaTeX."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path
from typing import TYPE_CHECKING

from scanpage.cores import usable_cores
from scanpage.errors import ExitCode, InputError, UsageError

if TYPE_CHECKING:
    from synth.build import Tally
    from synth.typeset import FontFamily

REASONS_SHOWN = 6

FAMILIES = ("computer_modern", "times", "times_tx", "palatino", "palatino_px", "euler", "utopia", "charter")
"""Names of `synth.typeset.FontFamily`; a test keeps them the same, for --help must not wait for that import."""

_BUILD = """\
Typeset formulas by LaTeX, each once, in several font families, and store where each glyph stands: a corpus that
`recognizer train` and `synth generate` paint in print and by hand. What does not compile, hangs or is outside the
label language is dropped and counted. Stopped and started again, it goes on. LaTeX must be installed (Debian:
texlive-latex-extra, texlive-fonts-recommended, texlive-science).
"""

_EXPORT = """\
Paint layouts, and write the pictures with their LaTeX: DIR/images/000000.png, … and DIR/metadata.jsonl, whose lines
hold file_name, latex (as it was given) and tokens (canonical). `datasets` reads DIR as an imagefolder. The same
options make the same files.
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Describe the command's options."""
    parser.description = "Corpora of typeset formulas."
    commands = parser.add_subparsers(dest="what", required=True, metavar="COMMAND")
    _add_build(commands.add_parser("build", help="lists of formulas to layouts", description=_BUILD))
    _add_export(commands.add_parser("export", help="layouts to pictures with LaTeX", description=_EXPORT))


def _add_build(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--formulas", type=Path, nargs="+", default=[], metavar="FILE", help=".txt or .tsv, plain or with .gz")
    add("--dataset", metavar="NAME", help="formulas of a data set: a hub id such as linxy/LaTeX_OCR, or a local folder")
    add("--subset", metavar="NAME", help="of the data set, where it has several configurations")
    add("--split", metavar="S", help="of the data set (default: train, or the only one)")
    add("--column", metavar="C", help="of the data set (default: latex, formula, text or label)")
    add("--out", type=Path, required=True, metavar="DIR", help="folder for the layouts")
    add("--exclude", type=Path, nargs="+", default=[], metavar="FILE", help="formulas to leave out, of a test set say")
    add("--limit", type=int, metavar="N", help="most layouts to make")
    add("--min-tokens", type=int, default=1, metavar="N", help="shortest formulas (default: %(default)s)")
    add("--max-tokens", type=int, default=200, metavar="N", help="longest formulas (default: %(default)s)")
    add("--display", type=float, default=0.8, metavar="SHARE", help="set in display style (default: %(default)s)")
    add(
        "--families",
        nargs="+",
        metavar="NAME[=SHARE]",
        help=f"font families: {', '.join(FAMILIES)} (default: mostly the first, all others now and then)",
    )
    add("--seed", type=int, default=0, metavar="S", help="decides families and styles (default: %(default)s)")
    add("--workers", type=int, default=usable_cores(), metavar="W", help="processes (default: one a core)")
    add("-q", "--quiet", action="store_true", help="say nothing but errors")


def _add_export(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "layouts",
        type=Path,
        nargs="+",
        metavar="LAYOUTS",
        help="folders of `synth formulas build`, or files of layouts",
    )
    add("--out", type=Path, required=True, metavar="DIR", help="new folder for the pictures")
    add("--inks", type=Path, nargs="+", default=[], metavar="PATH", help="paint by hand with the symbols of these inks")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--em", type=float, default=40.0, metavar="PX", help="pixels an em (default: %(default)g)")
    size.add_argument("--height", type=float, metavar="PX", help="pixels from the lowest to the highest ink")
    add("--limit", type=int, metavar="N", help="only the first N")
    add("--seed", type=int, default=0, metavar="S", help="decides how they are written (default: %(default)s)")
    add("-q", "--quiet", action="store_true", help="say nothing but errors")


def run(arguments: argparse.Namespace) -> int:
    """Do it; returns the exit code."""
    if arguments.seed < 0:
        raise UsageError(f"--seed must not be negative, got {arguments.seed}")
    if arguments.limit is not None and arguments.limit < 1:
        raise UsageError(f"--limit must be at least 1, got {arguments.limit}")
    return _RUN[arguments.what](arguments)


def _build(arguments: argparse.Namespace) -> int:
    from synth.build import build_corpus
    from synth.chunks import Wanted
    from synth.origin import fingerprint, open_dataset, open_lists, read_labels
    from synth.typeset import available

    if bool(arguments.formulas) == bool(arguments.dataset):
        raise UsageError("say where the formulas come from: either --formulas FILE or --dataset NAME")
    if arguments.workers < 0:
        raise UsageError(f"--workers must not be negative, got {arguments.workers}")
    if not available():
        raise UsageError(
            "LaTeX is not installed, and layouts are made by it: install texlive-latex-extra, texlive-fonts-recommended"
            " and texlive-science"
        )
    wanted = Wanted(
        families=_families(arguments.families),
        display=arguments.display,
        min_tokens=arguments.min_tokens,
        max_tokens=arguments.max_tokens,
        limit=arguments.limit,
        exclude=read_labels(arguments.exclude),
    )
    origin = (
        open_dataset(arguments.dataset, subset=arguments.subset, split=arguments.split, column=arguments.column)
        if arguments.dataset
        else open_lists(arguments.formulas)
    )
    tally = build_corpus(
        origin.formulas,
        arguments.out,
        wanted=wanted,
        seed=arguments.seed,
        workers=arguments.workers,
        origin={**origin.description, "exclude": fingerprint(wanted.exclude)},
        progress=sys.stderr.isatty() and not arguments.quiet,
    )
    if not tally.formulas:
        place = arguments.dataset or ", ".join(map(str, arguments.formulas))
        raise InputError(f"there are no formulas in {place}; give a formula a line, in .tsv behind a tab")
    if not arguments.quiet:
        sys.stderr.write(_summary(tally, arguments.out))
    return ExitCode.DONE


def _export(arguments: argparse.Namespace) -> int:
    from synth.bank import SymbolBank
    from synth.corpus import load_layouts
    from synth.export_pairs import Measure, Size, export_pairs
    from synth.ink import read_inks

    size = Size(arguments.height, Measure.HEIGHT) if arguments.height is not None else Size(arguments.em)
    corpora = [load_layouts(path) for path in arguments.layouts]
    bank = None
    if arguments.inks:
        bank = SymbolBank.from_inks(ink for path in arguments.inks for ink in read_inks(path))
        if not bank.samples:
            raise UsageError("the inks given with --inks name no symbols to write with; give inks with a segmentation")
    count = export_pairs(
        islice(chain.from_iterable(corpora), arguments.limit),
        arguments.out,
        size=size,
        bank=bank,
        seed=arguments.seed,
        progress=sys.stderr.isatty() and not arguments.quiet,
    )
    if not arguments.quiet:
        sys.stderr.write(f"{count} pictures in {arguments.out}\n")
    return ExitCode.DONE


def _families(given: Sequence[str] | None) -> tuple[tuple[FontFamily, float], ...]:
    """Families and shares out of `NAME` or `NAME=SHARE`."""
    from synth.chunks import MIXED_FAMILIES
    from synth.typeset import FontFamily

    if not given:
        return MIXED_FAMILIES
    families = []
    for text in given:
        name, _, share = text.partition("=")
        try:
            families.append((FontFamily[name.upper()], float(share or 1)))
        except (KeyError, ValueError):
            raise UsageError(
                f"{text!r} is no font family; choose from {', '.join(FAMILIES)}, as NAME or NAME=SHARE"
            ) from None
    return tuple(families)


def _summary(tally: Tally, out: Path) -> str:
    """What became of the formulas, for people."""
    lines = [f"{tally.layouts} of {tally.formulas} formulas in {out}, {tally.size / 1e6:.1f} MB"]
    if tally.found:
        lines[0] += f" ({tally.found} of {tally.files} files were there)"
    families = ", ".join(f"{name} {count}" for name, count in tally.families.most_common())
    lines.append(f"  display style {tally.display}; {families}")
    reasons = tally.reasons(REASONS_SHOWN)
    for kind, count in tally.kinds.most_common():
        lines.append(f"  {count:7} {kind}")
        lines += [f"    {part:7} {why}" for why, part in reasons.get(kind, {}).items()]
    return "\n".join(lines) + "\n"


_RUN = {"build": _build, "export": _export}
