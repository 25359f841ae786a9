"""Lines on standard error."""

from __future__ import annotations

import sys
import traceback


def tell(line: str) -> None:
    """A line on standard error; what the name of a file could do to a terminal is shown, not done."""
    shown = (char if char.isprintable() else char.encode("unicode_escape").decode() for char in line)
    sys.stderr.write("".join(shown) + "\n")


def complain(message: str, *, trace: bool = False) -> None:
    """What went wrong, on one line, and how it came to the error at hand where that is to be traced."""
    if trace:
        traceback.print_exc(file=sys.stderr)
    tell(f"scanpage: {' '.join(message.split())}")
