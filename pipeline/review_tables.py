"""What the review page has to know of LaTeX, from the tables that the rest of the program goes by."""

from __future__ import annotations

import string
import unicodedata
from contextlib import suppress
from functools import cache

from pipeline import formula_tex, prose_tex
from pipeline.write_tex import DECLARE, TO_CHECK
from scanpage import document
from scanpage.latex_atoms import MOST_COLUMNS
from scanpage.latex_parser import MAX_REPEATS
from scanpage.latex_symbols import (
    ACCENTS,
    ALPHABETS,
    BIG_OPERATORS,
    CAPITAL_GREEK,
    DELIMITERS,
    DROPPED,
    ENVIRONMENTS,
    FENCED,
    FUNCTIONS,
    HATS,
    NEGATED,
    NEVER_BOLD,
    RAISING_DOTS,
    SIZES,
    SPACES,
    SYNONYMS,
    TEXT,
    TWO_ARGUMENTS,
)
from scanpage.latex_unicode import ACCENT_SIGNS, FUNCTION_NAMES, LIMIT_FUNCTIONS, SIGNS, sign_class

Tables = dict[str, object]

_TYPED_ENVIRONMENTS = (
    "matrix", "array", "smallmatrix", "cases", "dcases", "aligned", "split", "gathered", "align", "gather",
)  # fmt: skip
"""Those whose options, if any, are but columns."""
_LAST_SIGN = 0x20000
"""Behind these code points stand rare Chinese characters only, which nothing declares."""
_ALPHABET_NAMES = {
    "\\mathbb": ("DOUBLE-STRUCK",), "\\mathfrak": ("FRAKTUR", "BLACK-LETTER"), "\\mathcal": ("SCRIPT",),
    "\\mathscr": ("SCRIPT",),
}  # fmt: skip
"""What Unicode calls them."""
_UNDER = ("\\underline", "\\underbrace")


def language() -> Tables:
    """The label language: what each token prints, and what it takes."""
    return {
        "signs": {token: [sign, sign_class(token).value] for token, sign in SIGNS.items()},
        "functions": {name: FUNCTION_NAMES.get(name, name[1:]) for name in sorted(FUNCTIONS)},
        "limitFunctions": sorted(LIMIT_FUNCTIONS),
        "bigOperators": sorted(BIG_OPERATORS),
        "accents": {name: ACCENT_SIGNS[name] for name in sorted(ACCENTS)},
        "accentsBelow": sorted(_UNDER),
        "hats": sorted(HATS),
        "alphabets": {name: _letters(name) for name in sorted(ALPHABETS)},
        "capitalGreek": sorted(CAPITAL_GREEK),
        "neverBold": sorted(NEVER_BOLD),
        "twoArguments": sorted(TWO_ARGUMENTS),
        "delimiters": sorted(DELIMITERS),
        "environments": {name: ENVIRONMENTS[name] for name in [*_TYPED_ENVIRONMENTS, *FENCED]},
        "fenced": FENCED,
        "mostColumns": MOST_COLUMNS,
        "mostRepeats": MAX_REPEATS,
        "synonyms": SYNONYMS,
        "negated": NEGATED,
        "text": sorted(TEXT),
        "unseen": sorted(DROPPED | SPACES | SIZES),
        "raisingDots": sorted(RAISING_DOTS),
        "relations": sorted(formula_tex.RELATIONS),
        "alignedAt": sorted(formula_tex.ALIGNED_AT),
        "binary": sorted(formula_tex.BINARY),
        "plusMinus": sorted(formula_tex.SIGNS),
        "beforeSign": sorted(formula_tex.BEFORE_SIGN),
    }


def prose() -> Tables:
    """How text becomes LaTeX source, and where blanks stand beside it."""
    return {
        "special": prose_tex.SPECIAL,
        "ligatures": prose_tex.LIGATURES.pattern,
        "knownLetters": "".join(sorted(prose_tex.KNOWN_LETTERS)),
        "meanings": _meanings(),
        "closes": document.CLOSES,
        "opens": document.OPENS,
        "declare": DECLARE,
        "toCheck": TO_CHECK,
    }


def _letters(alphabet: str) -> dict[str, str]:
    """The letters of an alphabet that Unicode has characters for; other alphabets are a matter of style."""
    letters: dict[str, str] = {}
    for name in _ALPHABET_NAMES.get(alphabet, ()):
        for letter in string.ascii_letters:
            case = "CAPITAL" if letter.isupper() else "SMALL"
            for prefix in ("MATHEMATICAL ", ""):
                with suppress(KeyError):
                    letters.setdefault(letter, unicodedata.lookup(f"{prefix}{name} {case} {letter.upper()}"))
    return letters


@cache
def _meanings() -> dict[str, str]:
    """How characters outside ASCII are set; what is missing has no other meaning than its number."""
    meanings = {}
    for code in range(0x80, _LAST_SIGN):
        char = chr(code)
        if char in prose_tex.KNOWN_LETTERS or unicodedata.category(char) in ("Cc", "Cf", "Cs", "Co", "Cn"):
            continue
        meaning = prose_tex.meaning(char)
        if meaning != prose_tex.visible(char):
            meanings[char] = meaning
    return meanings
