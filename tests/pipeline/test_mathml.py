from __future__ import annotations

from xml.etree.ElementTree import tostring

import pytest

from pipeline.mathml import math, row
from scanpage.latex import normalise, vocabulary
from scanpage.latex_symbols import ACCENTS, ALPHABETS, DELIMITERS, TWO_ARGUMENTS

STRUCTURE = {"{", "}", "^", "_", "&", "~", "\\\\", "\\left", "\\right"}
ENVIRONMENTS = ("matrix", "cases", "aligned")


def shown(latex: str) -> str:
    element = row(normalise(latex))
    assert element is not None
    return tostring(element, encoding="unicode")


def signs(latex: str) -> str:
    element = row(normalise(latex))
    assert element is not None
    return "".join(element.itertext())


def example(token: str) -> str:
    """A formula that holds a token of the label language."""
    if token in TWO_ARGUMENTS:
        return f"{token}{{a}}{{b}}"
    if token in ALPHABETS:
        return f"{token}{{A}}"
    return f"{token}{{a}}" if token in ACCENTS or token == "\\sqrt" else f"a{token} b"


def test_every_command_of_the_label_language_is_converted() -> None:
    tokens = [t for t in vocabulary() if t not in STRUCTURE and not t.startswith(("\\begin", "\\end"))]
    texts = {token: signs(example(token)) for token in tokens}
    assert not [token for token, text in texts.items() if not text.strip()]
    assert [token for token, text in texts.items() if "\\" in text] == ["\\backslash"]


@pytest.mark.parametrize("token", sorted(DELIMITERS))
def test_every_delimiter_grows(token: str) -> None:
    element = row(["\\left", token, "\\frac", "{", "a", "}", "{", "b", "}", "\\right", "."])
    assert element is not None
    (fence,) = (part for part in element.iter("mo") if part.get("fence") == "true")
    assert fence.get("stretchy") == "true" and len(fence.text or "") == 1


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_every_environment_is_a_table(environment: str) -> None:
    element = row(normalise(rf"\begin{{{environment}}} [a] & = b \\ * c & = d \end{{{environment}}} + 1"))
    assert element is not None
    assert len(list(element.iter("mtr"))) == 2 and len(list(element.iter("mtd"))) == 4
    assert "&" not in "".join(element.itertext()) and "[a]" in "".join(element.itertext())


def test_letters_of_alphabets_are_those_of_unicode() -> None:
    assert (
        signs(r"\mathbb{R} \mathcal{L} \mathcal{B} \mathfrak{g} \mathfrak{C} \mathbf{x} \mathsf{A} \mathtt{a}")
        == "ℝℒℬ𝔤ℭ𝐱𝖠𝚊"
    )
    assert signs(r"\boldsymbol{\alpha} \boldsymbol{x} \mathbb{1} \mathbf{2}") == "𝜶𝒙𝟙𝟐"
    assert 'mathvariant="normal"' in shown(r"\mathrm{A}") and "mathvariant" not in shown(r"\mathbf{x}")


@pytest.mark.parametrize(
    "relation", [r"\leqslant", r"\sim", r"\pm", r"\perp", r"\longrightarrow", r"\setminus", r"\dagger"]
)
def test_relations_and_operators_have_the_spaces_of_operators(relation: str) -> None:
    assert "<mo" in shown(f"a {relation} b")


@pytest.mark.parametrize("sign", [r"\infty", r"\emptyset", r"\partial", r"\angle", r"\top"])
def test_ordinary_signs_have_no_spaces(sign: str) -> None:
    assert "<mo" not in shown(f"a {sign} b")


def test_limits_stand_below_where_there_is_room() -> None:
    assert "<munder><mo" in shown(r"\lim_{n \to \infty} a") and 'movablelimits="true"' in shown(r"\max_{x} a")
    assert "<munderover><mo>∑</mo>" in shown(r"\sum_{i = 1}^{n} i") and "<msubsup><mo>∫</mo>" in shown(
        r"\int_{0}^{1} x"
    )
    assert "<munder>" not in shown(r"\sin_{x} a")


def test_a_sign_behind_a_relation_belongs_to_what_follows() -> None:
    assert 'form="prefix"' in shown("a = - b") and 'form="prefix"' in shown("(- b)")
    assert 'form="prefix"' not in shown("a - b")


def test_what_stands_between_growing_delimiters_has_no_invisible_one() -> None:
    text = shown(r"\left. \frac{a}{b} \right|")
    assert text.count('fence="true"') == 1


def test_boxes_and_lines_need_no_element_that_browsers_lack() -> None:
    assert "menclose" not in shown(r"\boxed{a}") and "border:" in shown(r"\boxed{a}")
    assert "border-top" in shown(r"\overline{AB}") and "border-bottom" in shown(r"\underline{AB}")


def test_what_cannot_be_converted_is_none() -> None:
    assert row(["\\unknown", "{", "a", "}"]) is None


def test_signs_of_markup_are_escaped() -> None:
    element = row(normalise(r"a < b > c \& d"))
    assert element is not None
    text = tostring(math(element, display=True), encoding="unicode")
    assert text.startswith('<math display="block"><mrow>') and "&lt;" in text and "&gt;" in text and "&amp;" in text
