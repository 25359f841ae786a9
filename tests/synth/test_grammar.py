import numpy as np
import pytest

from scanpage.latex import normalise, to_latex
from synth.grammar import random_formula
from synth.layout import Failure
from synth.typeset import available, typeset


def sample(count: int, seed: int = 0) -> list[str]:
    rng = np.random.default_rng(seed)
    return [random_formula(rng) for _ in range(count)]


def test_formulas_are_canonical():
    assert all(" ".join(normalise(formula)) == formula for formula in sample(200))


def test_same_seed_same_formulas():
    assert sample(20, seed=4) == sample(20, seed=4)
    assert sample(20, seed=4) != sample(20, seed=5)


def test_formulas_differ_and_use_many_constructs():
    formulas = sample(600)
    assert len(set(formulas)) > 560
    tokens = {token for formula in formulas for token in formula.split()}
    assert {
        r"\frac",
        r"\sqrt",
        r"\sum",
        r"\int",
        r"\lim",
        r"\begin{matrix}",
        r"\begin{cases}",
        r"\alpha",
        r"\left",
    } <= tokens
    assert {"^", "_", r"\sin", r"\leq", r"\mathbb", r"\hat"} <= tokens


def test_depth_bounds_length():
    rng = np.random.default_rng(0)
    flat = [len(random_formula(rng, max_depth=0).split()) for _ in range(100)]
    deep = [len(random_formula(rng, max_depth=3).split()) for _ in range(100)]
    assert np.mean(flat) < np.mean(deep)


@pytest.mark.tex
@pytest.mark.skipif(not available(), reason="LaTeX is not installed")
def test_every_formula_compiles():
    results = typeset([to_latex(formula.split()) for formula in sample(400, seed=1)])
    assert [r for r in results if isinstance(r, Failure)] == []
