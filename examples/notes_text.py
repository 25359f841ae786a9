"""The two pages of `notes.pdf`: what they say, block by block."""

from __future__ import annotations

import re
from dataclasses import dataclass

INLINE = re.compile(r"\$([^$]+)\$")


@dataclass(frozen=True, slots=True)
class Display:
    """A displayed formula, with the number at the right margin where it has one."""

    latex: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph; inline formulas stand between dollar signs."""

    text: str


Block = Heading | Prose | Display

PRINTED: tuple[Block, ...] = (
    Heading("Five formulas worth knowing by heart"),
    Prose(
        "Lay the odd numbers around a small square, one corner of tiles after the other: each corner makes the square "
        "one tile longer and one tile higher. After $n$ corners it has $n^{2}$ tiles, and therefore"
    ),
    Display(r"\sum_{k=1}^{n} (2k - 1) = n^{2}"),
    Prose(
        "The number $e$ appears when interest is paid in ever smaller steps. If a sum grows by the factor $1+x/n$ in "
        "each of $n$ steps, then for large $n$ it has grown by"
    ),
    Display(r"e^{x} = \lim_{n \to \infty} \left( 1 + \frac{x}{n} \right)^{n}"),
    Prose(
        "The area under the bell curve cannot be found from an antiderivative that we could write down. Its square, "
        "however, is easy in polar coordinates, where $x^{2}+y^{2}=r^{2}$, and so"
    ),
    Display(r"\int_{0}^{\infty} e^{-x^{2}} \, dx = \frac{\sqrt{\pi}}{2}"),
    Prose(r"With mean $\mu$ and standard deviation $\sigma$ the density of the normal distribution is therefore"),
    Display(r"f(x) = \frac{1}{\sigma \sqrt{2 \pi}} e^{-\frac{(x-\mu)^{2}}{2 \sigma^{2}}}", number="(1)"),
    Prose(
        "and the integral of (1) over the real line is one. Finally, a function $f$ that has a continuous derivative "
        r"on $[a,b]$ is recovered from the rate at which it changes:"
    ),
    Display(r"\int_{a}^{b} f'(x) \, dx = f(b) - f(a)"),
    Prose("Everything else on this sheet can be rebuilt from these with a pencil and a little patience."),
)

HANDWRITTEN: tuple[Block, ...] = (
    Heading("Quadratic equations"),
    Prose(r"We look for all $x$ that solve this, where $p \neq 0$:"),
    Display(r"x^{2} + p x + q = 0"),
    Prose("Bring $q$ to the right and complete the square."),
    Display(r"x^{2} + p x + \frac{p^{2}}{4} = \frac{p^{2}}{4} - q"),
    Display(r"\left( x + \frac{p}{2} \right)^{2} = \frac{p^{2} - 4q}{4}"),
    Display(r"x + \frac{p}{2} = \pm \frac{\sqrt{p^{2} - 4q}}{2}"),
    Display(r"x = \frac{-p \pm \sqrt{p^{2} - 4q}}{2}"),
    Prose(r"Two real solutions if $p^{2} > 4q$. Their sum is"),
    Display(r"x_{1} + x_{2} = -p"),
    Prose("which is a quick way to check the result!"),
)


def displays(blocks: tuple[Block, ...]) -> tuple[str, ...]:
    """LaTeX of the displayed formulas of a page, top to bottom."""
    return tuple(block.latex for block in blocks if isinstance(block, Display))


def inlines(blocks: tuple[Block, ...]) -> tuple[str, ...]:
    """LaTeX of the inline formulas of a page, in reading order."""
    return tuple(latex for block in blocks if isinstance(block, Prose) for latex in INLINE.findall(block.text))


DISPLAYS = displays(PRINTED) + displays(HANDWRITTEN)
INLINES = inlines(PRINTED) + inlines(HANDWRITTEN)
