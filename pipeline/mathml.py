"""Formulas as MathML, which browsers show without fonts or scripts from a network.

`latex2mathml` converts; what it leaves for other readers than browsers is mended: the alphabets of `mathvariant`, which
browsers know no more, become the letters of Unicode, relations become operators, which get their spaces, and so on.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from xml.etree.ElementTree import Element, SubElement

from pipeline import formula_tex
from scanpage.latex_symbols import (
    ARROWS,
    BIG_OPERATORS,
    DELIMITERS,
    FUNCTIONS,
    MISCELLANEOUS,
    OPERATORS,
    RELATIONS,
)
from scanpage.latex_unicode import FUNCTION_NAMES, LIMIT_FUNCTIONS

ALIGNED = {"\\begin{aligned}": "\\begin{align*}", "\\end{aligned}": "\\end{align*}"}
"""The environment by the name that the converter knows."""
SIGNS = {"\\P": "¶", "\\copyright": "©", "\\arg": "arg", "~": "∼", "⧵": "∖", "\u20db": "..."}
"""Commands that the converter lets through, and signs for which fonts have better ones."""
LIMITS = frozenset(FUNCTION_NAMES.get(name, name[1:]).replace(" ", "\u2006") for name in LIMIT_FUNCTIONS)
"""Functions whose scripts stand below and above in displays, as the converter writes them."""
_NAMES = frozenset(name.removeprefix("\\") for name in FUNCTIONS - {"\\bmod"}) | LIMITS
_NO_ORDINARY = frozenset(("\\ldots", "\\cdots", "\\vdots", "\\ddots", "\\therefore", "\\because"))
_PLUS_MINUS = frozenset("+-−±∓")
_BEFORE_SIGN = frozenset("=<>([{,")
_LINE = "―"
"""The converter's line over or under something: no font has one that grows."""
_SPREADING = {"→": "→", "←": "←", "⏞": "⏞", "⏟": "⏟", "^": "\u0302", "∼": "\u02dc"}
"""Accents that grow as wide as what is under them, as fonts have them."""
_ALPHABETS = {
    "double-struck": ("MATHEMATICAL DOUBLE-STRUCK", "DOUBLE-STRUCK"),
    "script": ("MATHEMATICAL SCRIPT", "SCRIPT"),
    "fraktur": ("MATHEMATICAL FRAKTUR", "BLACK-LETTER"),
    "bold": ("MATHEMATICAL BOLD",),
    "bold-italic": ("MATHEMATICAL BOLD ITALIC", "MATHEMATICAL BOLD"),
    "sans-serif": ("MATHEMATICAL SANS-SERIF",),
    "monospace": ("MATHEMATICAL MONOSPACE",),
}
"""What the letters of an alphabet are called in Unicode; the older ones have names of their own."""


def row(tokens: Sequence[str]) -> Element | None:
    """A formula, or a part of one, as an `mrow`; None where it cannot be converted.

    Args:
        tokens: canonical tokens.
    """
    from latex2mathml.converter import Converter

    source = formula_tex.tidy([ALIGNED.get(token, token) for token in tokens])
    # A letter that follows closely would become a sign of Unicode, which an upright one does not have.
    source = re.sub(r"(\\math[a-z]+)\{", r"\1{ ", source)
    try:
        # As in a display: what moves beside its operator in a line does so by itself.
        element = Converter(xmlns="", display="block").convert_to_element(source)[0]
    except Exception:  # noqa: BLE001 - its errors share no base, and some are Python's own; the page shows the source
        return None
    for part in element.iter():
        text = html.unescape(part.text or "")
        part.text = SIGNS.get(text, text) or None
    for part in list(element.iter()):
        _MENDERS.get(part.tag, _leave)(part)
        for child in list(part):
            if child.get("fence") == "true" and not child.text:
                part.remove(child)  # the invisible delimiter
    return None if any(_is_command(part.text) for part in element.iter()) else element


def math(content: Element, *, display: bool) -> Element:
    """The `math` element around an `mrow` or an `mtable`, whose cells the page's style places by their class."""
    element = Element("math", {"display": "block"} if display else {})
    element.append(content)
    return element


Cells = Sequence[Element | None]
"""A row of a display: one cell, or what stands before and behind the place that rows are aligned at."""


def table(rows: Sequence[tuple[Cells, str | None]]) -> Element:
    """The rows of a display, each with its equation number."""
    element = Element("mtable", {"class": "rows", "displaystyle": "true"})
    is_numbered = any(tag is not None for _, tag in rows)
    for cells, tag in rows:
        line = SubElement(element, "mtr")
        sides = ("right", "left") if len(cells) == 2 else ("center",)
        for side, cell in zip(sides, cells, strict=True):
            place = SubElement(line, "mtd", {"class": side})
            if cell is not None:
                place.append(cell)
        if is_numbered:
            number = SubElement(SubElement(line, "mtd", {"style": "padding-left: 2em"}), "mtext")
            number.text = None if tag is None else f"({tag})"
    return element


def _is_command(text: str | None) -> bool:
    return text is not None and len(text) > 1 and "\\" in text


@cache
def _signs(commands: frozenset[str]) -> frozenset[str]:
    """The characters of commands."""
    from latex2mathml.symbols_parser import SYMBOLS

    signs = (chr(int(SYMBOLS[command], 16)) for command in commands if command in SYMBOLS)
    return frozenset(SIGNS.get(sign, sign) for sign in signs)


def _leave(_: Element) -> None:
    """Most elements are right as they are."""


def _mend_sign(element: Element) -> None:
    """Signs get the part that they play in LaTeX, and with it their spaces."""
    text, alphabet = element.text or "", element.attrib.pop("mathvariant", None)
    if alphabet == "normal" or text == "∇":
        element.set("mathvariant", "normal")
    elif alphabet is not None:
        element.text = "".join(_in_alphabet(char, alphabet) for char in text)
    if text in _NAMES:
        element.tag = "mo"
        element.attrib.update({"lspace": "0.1667em", "rspace": "0.1667em"})
        if text in LIMITS:
            element.set("movablelimits", "true")
    elif element.tag == "mi" and text in _signs(OPERATORS | RELATIONS | ARROWS | BIG_OPERATORS | DELIMITERS):
        element.tag = "mo"
    elif element.tag == "mo" and "fence" not in element.attrib and text in _signs(MISCELLANEOUS - _NO_ORDINARY):
        element.tag = "mi"
        element.attrib.pop("stretchy", None)
    if text == "/":
        element.attrib.update({"lspace": "0", "rspace": "0"})
    if element.tag == "mo" and text not in _signs(BIG_OPERATORS):
        element.attrib.setdefault("stretchy", "false")


def _mend_row(element: Element) -> None:
    """A plus or minus behind a relation, an opening bracket or a comma belongs to what follows it."""
    for before, sign in pairwise(element):
        if sign.text in _PLUS_MINUS and (before.text in _BEFORE_SIGN or before.text in _signs(RELATIONS | ARROWS)):
            sign.set("form", "prefix")


def _in_alphabet(char: str, alphabet: str) -> str:
    name = re.sub(r"^(LATIN|GREEK) | LETTER|LUNATE ", "", unicodedata.name(char, ""))
    for prefix in _ALPHABETS.get(alphabet, ()):
        try:
            return unicodedata.lookup(f"{prefix} {name}")
        except KeyError:
            continue
    return char


def _mend_script(element: Element) -> None:
    if element[0].text in LIMITS:
        element.tag = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}[element.tag]


def _mend_over(element: Element) -> None:
    base, sign = element[0], element[1]
    is_over = element.tag == "mover"
    if base.tag == "mstyle":
        _mend_arrow(element)
    if sign.text == _LINE:
        element.remove(sign)
        element.tag = "mrow"
        element.set("style", f"border-{'top' if is_over else 'bottom'}: 0.06em solid; padding: 0.1em 0")
    elif sign.tag == "mo":
        wide = sign.text in _SPREADING and sign.get("stretchy") != "false" and element.get("accent") is None
        sign.set("stretchy", "true" if wide else "false")
        sign.text = _SPREADING.get(sign.text or "", sign.text) if wide else sign.text
        element.set("accent" if is_over else "accentunder", "true")


def _mend_arrow(element: Element) -> None:
    """An arrow gets a little longer than what stands over it."""
    style, over = element
    element.remove(style)
    element.insert(0, style[0])
    style[0].set("stretchy", "true")
    over.tag = "mrow"
    over.attrib.clear()
    over.insert(0, Element("mspace"))
    for space in (over[0], over[-1]):
        space.attrib = {"width": "0.5em"}


def _mend_box(element: Element) -> None:
    element.tag = "mrow"
    element.attrib.clear()
    element.set("style", "border: 1px solid; padding: 0.2em")


def _mend_cell(element: Element) -> None:
    side = element.attrib.pop("columnalign", None)
    if side is not None:
        element.set("class", side)
    _mend_row(element)


_MENDERS = {
    "mrow": _mend_row,
    "mtd": _mend_cell,
    "mi": _mend_sign,
    "mn": _mend_sign,
    "mo": _mend_sign,
    "msub": _mend_script,
    "msup": _mend_script,
    "msubsup": _mend_script,
    "mover": _mend_over,
    "munder": _mend_over,
    "menclose": _mend_box,
}
