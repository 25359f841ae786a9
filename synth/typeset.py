"""LaTeX to layouts, hundreds of formulas per run of TeX; one that breaks or hangs costs itself only."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from scanpage.errors import OutputError
from synth.dvi import Page, read_pages
from synth.layout import Failure, Layout
from synth.tex import available, run_latex

__all__ = ["BATCH", "FontFamily", "available", "typeset"]

BATCH = 2000
"""Formulas per run of TeX: starting it costs as much as setting a thousand."""

LEAST_SPACE = 1 << 20
"""Bytes. Where less is left TeX stops for want of it, and no formula is to blame."""

# bm would take eight of TeX's sixteen families of mathematics fonts.
_PACKAGES = r"\def\bmmax{0}\def\hmmax{0}\usepackage{amsmath,amssymb,mathtools,mathrsfs,bm,stmaryrd,cancel}"
# amsmath fails on \bar{\bar{a}\bar{b}} before it has set a single accent, for want of these.
_PACKAGES += r"\makeatletter\gdef\macc@kerna{\z@}\gdef\macc@kernb{\z@}\gdef\macc@nucleus{}\makeatother"

# Letters and digits of the text font among signs of Computer Modern; text fonts have no dotless j for an accent.
_LETTERS_OF_TEXT = r"\usepackage[italic,noplus,nominus,noequal,defaultimath]{mathastext}"


class FontFamily(Enum):
    """Families of text and mathematics fonts; the value is what the preamble loads."""

    COMPUTER_MODERN = _PACKAGES
    TIMES = _PACKAGES + r"\usepackage{mathptmx}"
    TIMES_TX = _PACKAGES + r"\usepackage{txfonts}"
    PALATINO = _PACKAGES + r"\usepackage{mathpazo}"
    PALATINO_PX = _PACKAGES + r"\usepackage{pxfonts}"
    EULER = _PACKAGES + r"\usepackage{mathpazo}\usepackage[mathcal,mathbf]{euler}"
    UTOPIA = _PACKAGES + r"\usepackage{utopia}" + _LETTERS_OF_TEXT
    CHARTER = _PACKAGES + r"\usepackage{charter}" + _LETTERS_OF_TEXT


def typeset(
    formulas: Sequence[str],
    *,
    family: FontFamily = FontFamily.COMPUTER_MODERN,
    display: bool | Sequence[bool] = True,
    time_limit_s: float = 5,
) -> list[Layout | Failure]:
    """Typesets each formula (what stands between `$` and `$`).

    Args:
        formulas: LaTeX with amsmath; its commands are TeX programs, but cannot run others (no shell escape), and time,
            output, memory and files are bounded.
        display: whether it is set in display style rather than text style; one for all or one for each.
        time_limit_s: the longest that TeX may spend on one formula; one that hangs costs up to twice as much.

    Returns:
        For each formula, in order, its layout, or why there is none: a formula that breaks or hangs costs itself only.

    Raises:
        OutputError: there is no space or no right to write temporary files.
    """
    styles = [display] * len(formulas) if isinstance(display, bool) else list(display)
    results: dict[int, Layout | Failure] = {}
    for i, formula in enumerate(formulas):
        fault = _obvious_fault(formula)
        if fault:
            results[i] = Failure(formula, fault)
    waiting = [i for i in range(len(formulas)) if i not in results]
    alone = False
    while waiting:
        batch = waiting[: 1 if alone else BATCH]
        outcomes, stopped = _run_batch([(formulas[i], styles[i]) for i in batch], family, time_limit_s)
        results |= {batch[k]: outcome for k, outcome in outcomes.items()}
        waiting = [i for i in waiting if i not in results]
        # What stops TeX in company is set again by itself, lest it be blamed for what others did.
        alone = stopped is not None and batch[stopped] in waiting
        if stopped is not None and alone:
            waiting.remove(batch[stopped])
            waiting.insert(0, batch[stopped])
    return [results[i] for i in range(len(formulas))]


# What these change outlives the formula.
_LASTING = re.compile(r"\\(?:global|globaldefs|gdef|xdef|shipout)(?![a-zA-Z@])")


def _obvious_fault(formula: str) -> str | None:
    """Why the formula would break the source around it, if it would."""
    if "\n" in formula or "\r" in formula:
        return "line break"
    depth = 0
    for sign in re.findall(r"\\.|[{}%]", formula):
        if sign == "%":
            return "comment"
        depth += (sign == "{") - (sign == "}")
        if depth < 0:
            break
    if depth:
        return "unbalanced braces"
    if _LASTING.search(formula):
        return "changes other formulas"
    return "ends in a backslash" if re.search(r"(?<!\\)(\\\\)*\\$", formula) else None


def _run_batch(
    formulas: Sequence[tuple[str, bool]], family: FontFamily, time_limit_s: float
) -> tuple[dict[int, Layout | Failure], int | None]:
    """Outcomes of formulas by their place in the batch, and the place of the one that stopped TeX in company.

    There is always an outcome, or else such a place: none is missing when TeX comes to the end, one that stops TeX
    while alone has failed.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="typeset-", ignore_cleanup_errors=True) as name:
            run = run_latex(Path(name), formulas, packages=family.value, time_limit_s=time_limit_s)
            pages = dict(read_pages(run.dvi)) if run.dvi else {}
            if run.stopped and shutil.disk_usage(name).free < LEAST_SPACE:
                raise OSError("no space left")
    except OSError as error:
        raise OutputError(
            f"cannot typeset in {tempfile.gettempdir()}: {error.strerror or error}; name a writable folder with space"
            " left in the environment variable TMPDIR"
        ) from error
    outcomes = {
        k: _outcome(formulas[k][0], run.errors.get(k), pages.get(k + 1))
        for k in range(run.done)
        # The pages that TeX had not yet written when it was killed are lost; their formulas are set again.
        if not run.stopped or k + 1 in pages or k in run.errors
    }
    if not run.stopped:
        return outcomes, None
    culprit = min(run.done, len(formulas) - 1)
    if len(formulas) > 1:
        return outcomes, culprit
    return {culprit: Failure(formulas[culprit][0], run.stopped)}, None


def _outcome(formula: str, error: str | None, page: Page | str | None) -> Layout | Failure:
    if error is not None:
        return Failure(formula, error)
    if not isinstance(page, Page):
        return Failure(formula, page or "no page")
    if not page.glyphs and not page.rules:
        return Failure(formula, "nothing to see")
    return Layout(formula, page.glyphs, page.rules)
