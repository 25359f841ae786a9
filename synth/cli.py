"""The command `synth`: make synthetic pages, and what they are made of."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from scanpage import __version__
from scanpage.errors import ExitCode, ScanpageError
from synth import cli_formulas, cli_generate, cli_preview

# Each subcommand has a module that describes its options and runs it; what it needs is imported when it runs, so that
# --help need not wait.
_COMMANDS = {
    "generate": (cli_generate, "printed and handwritten pages with COCO annotations"),
    "formulas": (cli_formulas, "corpora of typeset formulas, which can be painted anywhere"),
    "preview": (cli_preview, "a sheet of painted formulas, real handwriting beside painted"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    arguments = _parser().parse_args(argv)
    try:
        return int(_COMMANDS[arguments.command][0].run(arguments))
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
    for name, (module, summary) in _COMMANDS.items():
        module.add_options(commands.add_parser(name, help=summary))
    return parser


if __name__ == "__main__":
    sys.exit(main())
