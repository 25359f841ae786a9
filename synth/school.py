"""Derivations as pupils write them: lines of LaTeX that follow from one another, invented with random numbers.

Typeset formulas are drawn one by one and have nothing to do with each other. In real working the next line looks like
the last one: it repeats its left side, begins with the relation, and gets shorter towards the result.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Lines = list[str]
Maker = Callable[[np.random.Generator], Lines]


def derivation(rng: np.random.Generator) -> Lines:
    """Two to seven lines of canonical LaTeX, tokens separated by blanks."""
    return _MAKERS[int(rng.choice(len(_MAKERS), p=_ODDS))](rng)


def facts(rng: np.random.Generator) -> Lines:
    """Two or three short equations, such as stand side by side before the working begins."""
    letters = "abc" if rng.random() < 0.4 else "".join(rng.permutation(list("xyzrvtmnpq"))[:3])
    return [f"{letter} = {number(rng, 12)}" for letter in letters[: int(rng.integers(2, 4))]]


def digits(value: int) -> str:
    """A whole number as tokens."""
    return " ".join(str(value))


def number(rng: np.random.Generator, most: int = 40) -> str:
    """A random whole or decimal number as tokens."""
    whole = digits(int(rng.integers(0, most)))
    mark = "," if rng.random() < 0.5 else "."
    return whole if rng.random() < 0.75 else f"{whole} {mark} {digits(int(rng.integers(1, 100)))}"


def _relation(rng: np.random.Generator) -> str:
    return str(rng.choice(["=", "=", "=", "=", "<", ">", r"\leq", r"\approx"]))


def _letter(rng: np.random.Generator, letters: str = "xyzabctnmpqrsvk") -> str:
    return letters[int(rng.integers(len(letters)))]


def _linear(rng: np.random.Generator) -> Lines:
    """a x + b = c, solved."""
    x, rel = _letter(rng), _relation(rng)
    a, b, q = int(rng.integers(2, 12)), int(rng.integers(1, 20)), int(rng.integers(1, 15))
    plus, minus = ("+", "-") if rng.random() < 0.6 else ("-", "+")
    c = a * q + (b if plus == "+" else -b)
    lines = [f"{digits(a)} {x} {plus} {digits(b)} {rel} {_signed(c)}"]
    if rng.random() < 0.6:
        lines.append(f"{digits(a)} {x} {rel} {_signed(c)} {minus} {digits(b)}")
    lines.append(f"{digits(a)} {x} {rel} {digits(a * q)}")
    if rng.random() < 0.5:
        lines.append(rf"{x} {rel} \frac {{ {digits(a * q)} }} {{ {digits(a)} }}")
    return [*lines, f"{x} {rel} {digits(q)}"]


def _quadratic(rng: np.random.Generator) -> Lines:
    """Roots of a quadratic equation, by the formula or by factors."""
    x = _letter(rng, "xyzt")
    r, s = (int(v) for v in rng.integers(1, 9, 2))
    equation = f"{x} ^ {{ 2 }} - {digits(r + s)} {x} + {digits(r * s)} = 0"
    if rng.random() < 0.5:
        return [equation, f"( {x} - {r} ) ( {x} - {s} ) = 0", f"{x} = {r}", f"{x} = {s}"]
    under = digits((r - s) ** 2)
    top = rf"{digits(r + s)} \pm \sqrt {{ {under} }}"
    return [
        equation,
        rf"\Delta = b ^ {{ 2 }} - 4 a c = {under}" if rng.random() < 0.5 else f"{x} ^ {{ 2 }} = {under}",
        rf"{x} = \frac {{ {top} }} {{ 2 }}",
        rf"{x} _ {{ 1 }} = \frac {{ {digits(r + s)} + {abs(r - s)} }} {{ 2 }} = {max(r, s)}",
        rf"{x} _ {{ 2 }} = \frac {{ {digits(r + s)} - {abs(r - s)} }} {{ 2 }} = {min(r, s)}",
    ]


def _substitution(rng: np.random.Generator) -> Lines:
    """Two equations with two unknowns."""
    x, y = ("x", "y") if rng.random() < 0.6 else (_letter(rng, "abmp"), _letter(rng, "cnqt"))
    a, b, p, q = (int(v) for v in rng.integers(2, 9, 4))
    return [
        f"{a} {x} + {b} {y} = {digits(a * (p + q) + b * q)}",
        f"{x} - {y} = {p}",
        f"{x} = {y} + {p}",
        f"{a} ( {y} + {p} ) + {b} {y} = {digits(a * (p + q) + b * q)}",
        f"{digits(a + b)} {y} = {digits((a + b) * q)}",
        f"{y} = {q}",
    ][int(rng.integers(0, 2)) :]


def _roots(rng: np.random.Generator) -> Lines:
    """A length from two others."""
    c = _letter(rng, "cdhlrs")
    m, n, factor = int(rng.integers(2, 5)), 1, int(rng.integers(1, 5))
    # Euclid's formula: whole numbers under the root and in front of it.
    a, b, root = factor * (m * m - n * n), factor * 2 * m * n, factor * (m * m + n * n)
    return [
        rf"{c} = \sqrt {{ {digits(a)} ^ {{ 2 }} + {digits(b)} ^ {{ 2 }} }}",
        rf"{c} = \sqrt {{ {digits(a * a)} + {digits(b * b)} }}",
        rf"{c} = \sqrt {{ {digits(root * root)} }}",
        f"{c} = {digits(root)}",
    ][int(rng.integers(0, 2)) :]


def _value(rng: np.random.Generator) -> Lines:
    """A function at a place."""
    f, x, at = _letter(rng, "fghpPFV"), _letter(rng, "xtnk"), int(rng.integers(-4, 10))
    n, a, b = int(rng.integers(2, 4)), int(rng.integers(1, 9)), int(rng.integers(1, 20))
    shown = f"( {_signed(at)} )" if at < 0 or rng.random() < 0.5 else digits(at)
    left = f"{f} ( {_signed(at)} )"
    power, rest = at**n, -a * at + b
    return [
        f"{f} ( {x} ) = {x} ^ {{ {n} }} - {a} {x} + {digits(b)}",
        rf"{left} = {shown} ^ {{ {n} }} - {a} \cdot {shown} + {digits(b)}",
        f"{left} = {_signed(power)} {'+' if -a * at >= 0 else '-'} {digits(abs(a * at))} + {digits(b)}",
        f"{left} = {_signed(power + rest)}",
    ]


def _powers(rng: np.random.Generator) -> Lines:
    """Powers multiplied out."""
    x = _letter(rng, "abxyzt")
    c, m, n = (int(v) for v in rng.integers(2, 5, 3))
    return [
        f"( {c} {x} ^ {{ {m} }} ) ^ {{ {n} }} = {digits(c**n)} {x} ^ {{ {digits(m * n)} }}",
        f"( {x} ^ {{ {n} }} ) ^ {{ {m} }} = {x} ^ {{ {digits(m * n)} }}",
        rf"{digits(c**n)} {x} ^ {{ {digits(m * n)} }} \cdot {x} ^ {{ {digits(m * n)} }}"
        f" = {digits(c**n)} {x} ^ {{ {digits(2 * m * n)} }}",
        f"{digits(c**n)} {x} ^ {{ {digits(2 * m * n)} }}",
    ]


def _slopes(rng: np.random.Generator) -> Lines:
    """Derivatives or integrals, term by term."""
    x = _letter(rng, "xtyz")
    lines = []
    for n in range(int(rng.integers(2, 4)), 0, -1):
        a = int(rng.integers(2, 10))
        term = f"{a} {x} ^ {{ {n} }}" if n > 1 else f"{a} {x}"
        slope = f"{digits(a * n)} {x} ^ {{ {n - 1} }}" if n > 2 else f"{digits(a * n)} {x}" if n == 2 else f"{a}"
        lines.append(rf"\frac {{ d }} {{ d {x} }} ( {term} ) = {slope}")
    if rng.random() < 0.4:
        f = _letter(rng, "fgh")
        return [f"{f} ( {x} ) = {_sum(rng, x, 3)}", f"{f} ^ {{ \\prime }} ( {x} ) = {_sum(rng, x, 2)}"]
    if rng.random() < 0.4:
        n = int(rng.integers(1, 6))
        power = rf"\frac {{ {x} ^ {{ {n + 1} }} }} {{ {n + 1} }}"
        return [
            rf"\int {x} ^ {{ {n} }} d {x} = {power} + C",
            rf"\int _ {{ 0 }} ^ {{ 1 }} {x} ^ {{ {n} }} d {x}",
            *lines,
        ]
    return lines


def _chances(rng: np.random.Generator) -> Lines:
    """A share and what is left of one."""
    p, a, b = _letter(rng, "PpFQ"), *rng.permutation(list("ABCEXY"))[:2]
    share = int(rng.integers(1, 10))
    mark = "," if rng.random() < 0.5 else "."
    return [
        f"{p} ( {a} ) = 0 {mark} {share}",
        f"{p} ( {b} ) = 1 - {p} ( {a} )",
        f"{p} ( {b} ) = 1 - 0 {mark} {share}",
        f"{p} ( {b} ) = 0 {mark} {10 - share}",
    ][int(rng.integers(0, 2)) :]


def _areas(rng: np.random.Generator) -> Lines:
    """A measure of something round or square, with its unit."""
    a, r, radius = _letter(rng, "ASVFP"), _letter(rng, "rarhd"), int(rng.integers(2, 20))
    unit = str(rng.choice(["c m", "m", "k m", "c m"]))
    mark = "," if rng.random() < 0.5 else "."
    area = f"{np.pi * radius**2:.{int(rng.integers(1, 3))}f}".replace(".", mark)
    square = " ".join(area) + f" {unit} ^ {{ 2 }}"
    if rng.random() < 0.3:
        return [
            f"{r} = {digits(radius)} {unit}",
            rf"{a} = \pi {r} ^ {{ 2 }} = \pi \cdot {digits(radius**2)} \approx {square}",
        ]
    return [
        f"{r} = {digits(radius)} {unit}",
        rf"{a} = \pi {r} ^ {{ 2 }}",
        rf"{a} = \pi \cdot {digits(radius)} ^ {{ 2 }}",
        rf"{a} \approx {square}" if rng.random() < 0.5 else f"{a} = {square}",
    ]


def _chain(rng: np.random.Generator) -> Lines:
    """Something rewritten again and again: the left side stands once, or in each line."""
    x = _letter(rng)
    left = str(rng.choice([_letter(rng, "yASVEFTWM"), f"{_letter(rng, 'fgh')} ( {x} )", f"{_letter(rng)} _ {{ 1 }}"]))
    rel = "=" if rng.random() < 0.8 else str(rng.choice([r"\Rightarrow", r"\leq", r"\approx"]))
    terms = int(rng.integers(2, 5))
    rows = [_sum(rng, x, max(1, terms - k)) for k in range(int(rng.integers(2, 6)))]
    repeated = rng.random() < 0.5
    lines = [f"{left} {'=' if rel == chr(92) + 'Rightarrow' else rel} {rows[0]}"]
    return lines + [f"{left} {rel} {row}" if repeated and rel != r"\Rightarrow" else f"{rel} {row}" for row in rows[1:]]


def _sum(rng: np.random.Generator, x: str, terms: int) -> str:
    """Random terms in x."""
    text = _term(rng, x)
    for _ in range(terms - 1):
        text += f" {'+' if rng.random() < 0.6 else '-'} {_term(rng, x)}"
    return text


def _term(rng: np.random.Generator, x: str) -> str:
    a, n = number(rng, 20), int(rng.integers(2, 7))
    y = _letter(rng)
    forms = (
        a,
        f"{digits(n)} {x}",
        f"{x} ^ {{ {n} }}",
        f"{digits(n)} {x} ^ {{ 2 }}",
        rf"\frac {{ {a} }} {{ {digits(n)} }}",
        rf"\frac {{ {x} + {n} }} {{ {digits(n + 1)} {y} }}",
        rf"{a} \cdot {digits(n)}",
        rf"{digits(n)} \times {a}",
        f"{n} ( {x} + {digits(n + 3)} )",
        rf"\sqrt {{ {a} }}",
        f"{x} _ {{ {n} }}",
        rf"{n} \pi {y} ^ {{ 2 }}",
        rf"\sin ( {x} )",
        f"( {x} - {y} ) ^ {{ 2 }}",
    )
    return forms[int(rng.integers(len(forms)))]


def _signed(value: int) -> str:
    return digits(value) if value >= 0 else f"- {digits(-value)}"


_WEIGHTED: tuple[tuple[Maker, float], ...] = (
    (_chain, 0.31),
    (_areas, 0.05),
    (_linear, 0.14),
    (_quadratic, 0.09),
    (_substitution, 0.08),
    (_roots, 0.07),
    (_value, 0.08),
    (_powers, 0.05),
    (_slopes, 0.07),
    (_chances, 0.06),
)
_MAKERS = tuple(maker for maker, _ in _WEIGHTED)
_ODDS = tuple(odds for _, odds in _WEIGHTED)
