from __future__ import annotations

import pytest

from scanpage.latex import vocabulary
from scanpage.latex_symbols import ACCENTS, ALPHABETS, FUNCTIONS, TWO_ARGUMENTS
from scanpage.latex_unicode import ACCENT_SIGNS, FUNCTION_NAMES, LIMIT_FUNCTIONS, SIGNS, SignClass, sign_class

STRUCTURE = {"{", "}", "^", "_", "&", "~", "\\\\", "\\left", "\\right", "\\quad", "\\sqrt"} | {
    f"\\{side}{{{name}}}" for name in ("matrix", "cases", "aligned") for side in ("begin", "end")
}


def test_each_command_of_the_label_language_has_its_sign() -> None:
    without = set(vocabulary()) - SIGNS.keys() - ACCENT_SIGNS.keys() - FUNCTIONS - ALPHABETS - TWO_ARGUMENTS
    assert without == STRUCTURE
    assert SIGNS.keys() <= set(vocabulary())
    assert ACCENT_SIGNS.keys() == ACCENTS
    assert FUNCTION_NAMES.keys() | LIMIT_FUNCTIONS <= FUNCTIONS


def test_a_sign_is_one_character() -> None:
    assert not [token for token, sign in (SIGNS | ACCENT_SIGNS).items() if len(sign) != 1]


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("x", SignClass.VARIABLE),
        (r"\alpha", SignClass.VARIABLE),
        (r"\Gamma", SignClass.UPRIGHT),
        (r"\infty", SignClass.UPRIGHT),
        ("7", SignClass.DIGIT),
        ("=", SignClass.OPERATOR),
        (r"\Rightarrow", SignClass.OPERATOR),
        ("(", SignClass.DELIMITER),
        (r"\sum", SignClass.BIG),
        (r"\oint", SignClass.INTEGRAL),
    ],
)
def test_class_of_a_sign(token: str, kind: SignClass) -> None:
    assert sign_class(token) is kind
