"""What the recognizer says of a crop."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another thing that a crop may say; like a `Reading`.

    Each score is that of the reading by itself, so that those of one crop may come to more than 1.
    """

    latex: str
    score: float
    tokens: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a crop says.

    Attributes:
        latex: LaTeX that compiles in mathematics mode; empty where nothing was read.
        score: calibrated probability that the formula is exactly right, in [0, 1].
        tokens: the canonical tokens of `latex`.
        alternatives: other readings, best first, where they were asked for.
    """

    latex: str
    score: float
    tokens: tuple[str, ...]
    alternatives: tuple[Alternative, ...] = ()
