"""The character of each sign of the label language, and how it stands in a formula: for formulas outside of TeX."""

from __future__ import annotations

from enum import StrEnum

from scanpage.latex_symbols import (
    ARROWS,
    BIG_OPERATORS,
    CAPITAL_GREEK,
    CHARACTERS,
    DELIMITERS,
    GREEK,
    MISCELLANEOUS,
    OPERATORS,
    RELATIONS,
)


def _commands(names: str) -> frozenset[str]:
    return frozenset("\\" + name for name in names.split())


class SignClass(StrEnum):
    """What a sign is to its neighbours, which decides about slant and spacing."""

    VARIABLE = "variable"
    """Slanted: a letter."""
    UPRIGHT = "upright"
    """A letter or another sign that stands upright."""
    DIGIT = "digit"
    OPERATOR = "operator"
    """An operator, relation, arrow or punctuation."""
    DELIMITER = "delimiter"
    BIG = "big"
    """A large operator with its limits above and below."""
    INTEGRAL = "integral"
    """A large operator with its limits beside it."""


_TABLE = r"""
alpha α beta β gamma γ delta δ epsilon ϵ varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ mu μ nu ν
xi ξ pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi ϕ varphi φ chi χ psi ψ omega ω Gamma Γ Delta Δ
Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω varkappa ϰ digamma ϝ
pm ± mp ∓ times × div ÷ cdot ⋅ circ ∘ bullet ∙ star ⋆ cap ∩ cup ∪ sqcap ⊓ sqcup ⊔ uplus ⊎ wedge ∧ vee ∨ setminus ∖ wr ≀
diamond ⋄ bigtriangleup △ bigtriangledown ▽ triangleleft ◁ triangleright ▷ oplus ⊕ ominus ⊖ otimes ⊗ oslash ⊘ odot ⊙
bigcirc ◯ dagger † ddagger ‡ amalg ⨿ ltimes ⋉ rtimes ⋊ boxtimes ⊠ boxplus ⊞ dotplus ∔ ast ∗
leq ≤ geq ≥ neq ≠ equiv ≡ sim ∼ simeq ≃ approx ≈ cong ≅ propto ∝ prec ≺ succ ≻ preceq ⪯ succeq ⪰ ll ≪ gg ≫ subset ⊂
supset ⊃ subseteq ⊆ supseteq ⊇ subsetneq ⊊ supsetneq ⊋ sqsubset ⊏ sqsubseteq ⊑ sqsupseteq ⊒ in ∈ ni ∋ notin ∉ perp ⟂
mid ∣ parallel ∥ nmid ∤ asymp ≍ doteq ≐ models ⊧ vdash ⊢ dashv ⊣ bowtie ⋈ smile ⌣ frown ⌢ lesssim ≲ gtrsim ≳ leqslant ⩽
geqslant ⩾ triangleq ≜ lll ⋘ ggg ⋙ approxeq ≊ preccurlyeq ≼ succcurlyeq ≽ gtrless ≷ lessgtr ≶ nleq ≰ ngeq ≱ nsubseteq ⊈
ncong ≇ Vdash ⊩ vDash ⊨
leftarrow ← rightarrow → leftrightarrow ↔ Leftarrow ⇐ Rightarrow ⇒ Leftrightarrow ⇔ longleftarrow ⟵ longrightarrow ⟶
longleftrightarrow ⟷ Longleftarrow ⟸ Longrightarrow ⟹ Longleftrightarrow ⟺ mapsto ↦ longmapsto ⟼ hookrightarrow ↪
hookleftarrow ↩ uparrow ↑ downarrow ↓ updownarrow ↕ Uparrow ⇑ Downarrow ⇓ nearrow ↗ searrow ↘ swarrow ↙
nwarrow ↖ rightharpoonup ⇀ rightharpoondown ⇁ leftharpoonup ↼ leftharpoondown ↽ rightleftharpoons ⇌ twoheadrightarrow ↠
rightsquigarrow ⇝ circlearrowleft ↺ circlearrowright ↻ nrightarrow ↛ upharpoonright ↾
infty ∞ partial ∂ nabla ∇ forall ∀ exists ∃ nexists ∄ neg ¬ emptyset ∅ varnothing ⌀ ell ℓ hbar ℏ imath ı jmath ȷ Re ℜ
Im ℑ aleph ℵ beth ℶ wp ℘ angle ∠ measuredangle ∡ triangle △ square □ blacksquare ■ Box □ Diamond ◇ lozenge ◊ bigstar ★
top ⊤ bot ⊥ flat ♭ natural ♮ sharp ♯ ldots … cdots ⋯ vdots ⋮ ddots ⋱ therefore ∴ because ∵ clubsuit ♣ diamondsuit ♢
heartsuit ♡ spadesuit ♠ S § P ¶ surd √ backslash \ complement ∁ intercal ⊺ mho ℧ eth ð hslash ℏ checkmark ✓
copyright © pounds £
sum ∑ prod ∏ coprod ∐ int ∫ iint ∬ iiint ∭ oint ∮ bigcap ⋂ bigcup ⋃ bigsqcup ⨆ bigvee ⋁ bigwedge ⋀ bigoplus ⨁
bigotimes ⨂ bigodot ⨀ biguplus ⨄
langle ⟨ rangle ⟩ lfloor ⌊ rfloor ⌋ lceil ⌈ rceil ⌉ prime ′ { { } } | ∥ % % # # $ $ & & _ _
"""
_WORDS = _TABLE.split()
_COMMANDS = {"\\" + name: sign for name, sign in zip(_WORDS[::2], _WORDS[1::2], strict=True)}

SIGNS: dict[str, str] = {
    **{char: char for char in sorted(CHARACTERS | DELIMITERS) if len(char) == 1},
    "-": "−",
    "*": "∗",
    **_COMMANDS,
}
"""The character of each token that prints a single sign."""

ACCENT_SIGNS: dict[str, str] = {
    "\\hat": "^", "\\bar": "¯", "\\tilde": "~", "\\vec": "→", "\\dot": "˙", "\\ddot": "¨", "\\dddot": "⃛",
    "\\check": "ˇ", "\\breve": "˘", "\\acute": "´", "\\grave": "`", "\\mathring": "˚", "\\widehat": "^",
    "\\widetilde": "~", "\\overline": "‾", "\\underline": "_", "\\overrightarrow": "→", "\\overleftarrow": "←",
    "\\overbrace": "⏞", "\\underbrace": "⏟", "\\boxed": "□", "\\xrightarrow": "→",
}  # fmt: skip
"""The sign that each accent adds to what it is over, under or around."""

FUNCTION_NAMES: dict[str, str] = {"\\bmod": "mod", "\\liminf": "lim inf", "\\limsup": "lim sup"}
"""Functions that are printed otherwise than their command is called."""
LIMIT_FUNCTIONS = _commands("det gcd inf lim liminf limsup max min Pr sup")
"""Functions with their limits below."""

_SLANTED = _commands("imath jmath partial ell")
_SPACED = _commands("neg forall exists nexists therefore because surd intercal")
_UPRIGHT = MISCELLANEOUS | CAPITAL_GREEK | _commands("% # $ & _ prime") | {"."}


def sign_class(token: str) -> SignClass:
    """The class of a token of `SIGNS`."""
    if token in BIG_OPERATORS:
        return SignClass.INTEGRAL if token.endswith("int") else SignClass.BIG
    if token in OPERATORS | RELATIONS | ARROWS | _SPACED:
        return SignClass.OPERATOR
    if token.isdigit():
        return SignClass.DIGIT
    if token.isalpha() or token in GREEK - CAPITAL_GREEK or token in _SLANTED:
        return SignClass.VARIABLE
    if token in DELIMITERS - {"<", ">"}:
        return SignClass.DELIMITER
    return SignClass.UPRIGHT if token in _UPRIGHT else SignClass.OPERATOR
