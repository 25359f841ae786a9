"""Prose as LaTeX source that compiles whatever stands in it.

The text stays readable UTF-8: characters that pdfLaTeX cannot set by itself are kept in the body, and the preamble of
the document declares each of them once, as a symbol, as a letter with accents, or as a visible `[U+4E2D]`.
"""

from __future__ import annotations

import re
import unicodedata

SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "`": r"\textasciigrave{}",
}
LIGATURES = re.compile(r"([-,'<>])(?=\1)")
"""Neighbours that TeX fonts would melt into another sign."""

KNOWN_LETTERS = frozenset(
    "ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖØÙÚÛÜÝÞßàáâãäåæçèéêëìíîïðñòóôõöøùúûüýþÿĂăĄąĆćČčĎďĐđĘęĚěĞğİıŁłŃńŇňŐőŒœŔŕŘřŚśŞşŠšŢţŤťŮůŰűŸŹźŻżŽž"
)
"""What every LaTeX sets in the T1 encoding without a declaration."""

ACCENTS = {
    "\u0300": r"\`", "\u0301": r"\'", "\u0302": r"\^", "\u0303": r"\~", "\u0304": r"\=", "\u0306": r"\u",
    "\u0307": r"\.", "\u0308": r"\"", "\u030a": r"\r", "\u030b": r"\H", "\u030c": r"\v", "\u0323": r"\d",
    "\u0327": r"\c", "\u0328": r"\k", "\u0331": r"\b",
}  # fmt: skip

# Names of the mathematical signs and letters that a text recognizer meets, by the command that sets them.
_MATH = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "varepsilon", "ϵ": "epsilon", "ζ": "zeta", "η": "eta",
    "θ": "theta", "ϑ": "vartheta", "ι": "iota", "κ": "kappa", "λ": "lambda", "μ": "mu", "µ": "mu", "ν": "nu",
    "ξ": "xi", "π": "pi", "ρ": "rho", "ϱ": "varrho", "σ": "sigma", "ς": "varsigma", "τ": "tau", "υ": "upsilon",
    "φ": "varphi", "ϕ": "phi", "χ": "chi", "ψ": "psi", "ω": "omega", "Γ": "Gamma", "Δ": "Delta", "∆": "Delta",
    "Θ": "Theta", "Λ": "Lambda", "Ξ": "Xi", "Π": "Pi", "Σ": "Sigma", "Υ": "Upsilon", "Φ": "Phi", "Ψ": "Psi",
    "Ω": "Omega", "±": "pm", "∓": "mp", "×": "times", "÷": "div", "·": "cdot", "⋅": "cdot", "∙": "bullet",
    "•": "bullet", "∘": "circ", "≤": "le", "≥": "ge", "⩽": "leqslant", "⩾": "geqslant", "≠": "ne", "≈": "approx",
    "≡": "equiv", "≅": "cong", "∼": "sim", "∝": "propto", "≪": "ll", "≫": "gg", "∞": "infty", "∂": "partial",
    "∇": "nabla", "∑": "sum", "∏": "prod", "∫": "int", "∮": "oint", "√": "surd", "∈": "in", "∉": "notin", "∋": "ni",
    "⊂": "subset", "⊃": "supset", "⊆": "subseteq", "⊇": "supseteq", "∩": "cap", "∪": "cup", "∅": "emptyset",
    "∀": "forall", "∃": "exists", "¬": "neg", "∧": "wedge", "∨": "vee", "⊕": "oplus", "⊗": "otimes", "⊥": "perp",
    "∥": "parallel", "∠": "angle", "△": "triangle", "∴": "therefore", "∵": "because", "←": "leftarrow",
    "→": "rightarrow", "↑": "uparrow", "↓": "downarrow", "↔": "leftrightarrow", "⇐": "Leftarrow", "⇒": "Rightarrow",
    "⇔": "Leftrightarrow", "⟶": "longrightarrow", "⟹": "Longrightarrow", "↦": "mapsto", "ℏ": "hbar", "ℓ": "ell",
    "ℜ": "Re", "ℑ": "Im", "ℵ": "aleph", "†": "dagger", "‡": "ddagger", "′": "prime", "⋯": "cdots", "⋮": "vdots",
    "⋱": "ddots", "⟨": "langle", "⟩": "rangle", "〈": "langle", "〉": "rangle", "⌊": "lfloor", "⌋": "rfloor",
    "⌈": "lceil", "⌉": "rceil", "∗": "ast", "★": "bigstar", "☆": "star", "□": "square", "■": "blacksquare",
    "◇": "lozenge", "✓": "checkmark", "✔": "checkmark", "○": "bigcirc", "◯": "bigcirc", "▲": "blacktriangle",
}  # fmt: skip
_TEXT = {
    "–": "--", "—": "---", "−": r"\ensuremath{-}", "‐": "-", "‑": "-", "‒": "--", "―": "---", "‘": "`", "’": "'",
    "‚": ",", "“": "``", "”": "''", "„": r"\quotedblbase{}", "«": r"\guillemotleft{}", "»": r"\guillemotright{}",
    "‹": r"\guilsinglleft{}", "›": r"\guilsinglright{}", "…": r"\dots{}", "°": r"\ensuremath{{}^{\circ}}",
    "№": "No.", "§": r"\S{}", "¶": r"\P{}", "©": r"\textcopyright{}", "®": r"\textregistered{}", "™": "TM",
    "£": r"\pounds{}", "€": "EUR", "¥": "JPY", "¢": "ct", "¡": r"\textexclamdown{}", "¿": r"\textquestiondown{}",
    "ª": r"\textsuperscript{a}", "º": r"\textsuperscript{o}", "⁻": r"\ensuremath{{}^{-}}", "⁺": r"\ensuremath{{}^{+}}",
    "ơ": r"o\textsuperscript{,}", "Ơ": r"O\textsuperscript{,}", "ư": r"u\textsuperscript{,}",
    "Ư": r"U\textsuperscript{,}",
}  # fmt: skip
DECLARED = {sign: rf"\ensuremath{{\{name}}}" for sign, name in _MATH.items()} | _TEXT


def clean(text: str) -> str:
    """`text` composed (NFC), without control and format characters, with single blanks and none at the ends."""
    kept = (char if unicodedata.category(char) not in ("Cc", "Cf", "Cs") else " "[: char.isspace()] for char in text)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def escape(text: str) -> str:
    """Prose as LaTeX source in which nothing is a command of its own; see `declarations` for its other half."""
    text = clean(text)
    guarded = LIGATURES.sub("\\1\0", text)
    return "".join("{}" if char == "\0" else _escaped(char) for char in guarded)


def _escaped(char: str) -> str:
    if char in SPECIAL:
        return SPECIAL[char]
    # Private, unassigned and stray combining characters mean nothing on their own, even in an editor.
    return visible(char) if unicodedata.category(char) in ("Co", "Cn", "Mn", "Mc", "Me") else char


def visible(char: str) -> str:
    """A sign that no font has, by its number; lines may end after it, lest scripts without blanks leave the page."""
    return rf"\texttt{{[U+{ord(char):04X}]}}\allowbreak{{}}"


def declarations(source: str) -> list[str]:
    """Preamble lines that teach LaTeX the characters of `source` that it does not know by itself."""
    foreign = sorted({char for char in source if not char.isascii() and char not in KNOWN_LETTERS})
    return [rf"\declarechar{{{ord(char):04X}}}{{{meaning(char)}}}" for char in foreign]


def spelled_out(source: str) -> str:
    """`source` with commands in place of the characters that would have to be declared; comments stay as they are."""

    def command(match: re.Match[str]) -> str:
        return match[0] if match[0][0] == "%" or match[0] in KNOWN_LETTERS else f"{{{meaning(match[0])}}}"

    return re.sub(r"^%.*$|[^\x00-\x7f]", command, source, flags=re.MULTILINE)


def meaning(char: str) -> str:
    """How to set a character outside ASCII with plain LaTeX commands."""
    if char in DECLARED:
        return DECLARED[char]
    decomposed = unicodedata.normalize("NFD", char)
    if decomposed[0] != char:
        return _accented(decomposed[0], decomposed[1:], char)
    simpler = unicodedata.normalize("NFKC", char)
    if simpler != char and not unicodedata.combining(simpler[0]):
        return "".join(part if part.isascii() and part.isalnum() else _inner(part) for part in simpler)
    return visible(char)


def _inner(char: str) -> str:
    if char.isascii():
        return _escaped(char)
    return char if char in KNOWN_LETTERS else meaning(char) if char in DECLARED else visible(char)


def _accented(base: str, marks: str, char: str) -> str:
    # Latin Modern has letters with a cedilla, but no cedilla to put below other ones: XeLaTeX would drop it.
    if any(mark not in ACCENTS for mark in marks) or ("\u0327" in marks and char > "\u017f"):
        return visible(char)
    result = base if base.isascii() else _inner(base)
    if result == visible(base):
        return visible(char)
    for mark in marks:
        result = rf"{ACCENTS[mark]}{{{result}}}"
    return result
