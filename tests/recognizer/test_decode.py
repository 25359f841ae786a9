"""Greedy and beam search over decoders whose probabilities are known."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recognizer.decode import Cross, Decoder, Written, log_softmax, loop
from recognizer.grammar import Free, Grammar, State
from recognizer.tokenizer import LatexTokenizer
from scanpage.latex import normalise, repair, to_latex, tokenize

FULL = LatexTokenizer()
SMALL = LatexTokenizer(["x", "^", "{", "}"])
ENTRY_SHAPE = (1, 2, 1)

Model = Callable[[int, Sequence[int]], NDArray[np.float32]]
"""Logits [V] of the next token, given the number of the picture and the tokens so far with the start token."""


def step_of(model: Model) -> Callable[..., tuple[NDArray[np.float32], NDArray[np.float32]]]:
    """A decoder's step that knows picture and tokens only from what it is handed: the cross input and the cache."""

    def step(
        last: NDArray[np.int64], past: NDArray[np.float32], lengths: NDArray[np.int64], cross: Cross
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        entry = np.broadcast_to(last.astype(np.float32)[:, None, None], (1, len(last), 2, 1))
        histories = [[*past[:, 0, row, 0, 0].astype(int).tolist(), int(last[row])] for row in range(len(last))]
        pictures = cross["keys.0"].ravel().astype(int).tolist()
        assert lengths.tolist() == pictures
        return np.stack([model(p, history) for p, history in zip(pictures, histories, strict=True)]), entry

    return step


def decoder(
    model: Model, tokenizer: LatexTokenizer, limit: int, *, free: bool = False, temperature: float = 1.0
) -> Decoder:
    beginning: State = Free() if free else Grammar(tokenizer.tokens, tokenizer.eos_id).start()
    return Decoder(
        step_of(model),
        start_id=tokenizer.bos_id,
        end_id=tokenizer.eos_id,
        entry_shape=ENTRY_SHAPE,
        limit=limit,
        beginning=beginning,
        temperature=temperature,
    )


def encoded(pictures: Sequence[int]) -> tuple[Cross, NDArray[np.int64]]:
    numbers = np.array(pictures)
    return {"keys.0": numbers.astype(np.float32).reshape(-1, 1, 1, 1)}, numbers.astype(np.int64)


def noise(size: int, scale: float = 2.0) -> Model:
    """Other logits for each picture and history, but always the same."""

    def model(picture: int, history: Sequence[int]) -> NDArray[np.float32]:
        seed = np.random.SeedSequence([picture, *history])
        return np.random.default_rng(seed).normal(scale=scale, size=size).astype(np.float32)

    return model


def writer(tokenizer: LatexTokenizer, tokens: Sequence[str], otherwise: str = "") -> Model:
    """A model that is sure of these tokens, then of the other or the end, and of each of them wherever it may be."""
    ids = tokenizer.encode(tokens)[1:-1]
    last = tokenizer.encode([otherwise])[1] if otherwise else tokenizer.eos_id

    def model(_: int, history: Sequence[int]) -> NDArray[np.float32]:
        logits = np.zeros(len(tokenizer), np.float32)
        logits[ids[len(history) - 1] if len(history) <= len(ids) else last] = 20.0
        return logits

    return model


def read(model: Model, limit: int, *, free: bool = False) -> list[str]:
    [written] = decoder(model, FULL, limit, free=free).greedy(*encoded([0]))
    return FULL.decode(written.ids)


def probability(model: Model, picture: int, ids: Sequence[int], tokenizer: LatexTokenizer) -> list[float]:
    """Log-probability of each token and of the end."""
    found = []
    history = [tokenizer.bos_id]
    for token in (*ids, tokenizer.eos_id):
        found.append(float(log_softmax(model(picture, history)[None])[0, token]))
        history.append(token)
    return found


def likeliest(model: Model, picture: int, limit: int, count: int) -> list[tuple[int, ...]]:
    """The best of all formulas of x, ^, { and } within the limit, by trying them all."""
    formulas = [
        ids
        for length in range(1, limit)
        for ids in itertools.product(range(4, len(SMALL)), repeat=length)
        if repair(SMALL.decode(ids)) == SMALL.decode(ids)
    ]
    return sorted(formulas, key=lambda ids: -sum(probability(model, picture, ids, SMALL)))[:count]


def test_wide_beams_find_the_likeliest_formulas() -> None:
    model = noise(len(SMALL))
    pictures = [3, 1, 7]
    found = decoder(model, SMALL, 7).beams(*encoded(pictures), 200)
    for picture, written in zip(pictures, found, strict=True):
        assert [row.ids for row in written[:10]] == likeliest(model, picture, 7, 10)


@pytest.mark.parametrize("width", [2, 5])
def test_beams_are_scored_by_the_decoder_and_sorted(width: int) -> None:
    model = noise(len(FULL), 3.0)
    for picture, found in enumerate(decoder(model, FULL, 12).beams(*encoded(range(4)), width)):
        assert 1 <= len(found) <= width
        totals = [written.total for written in found]
        assert totals == sorted(totals, reverse=True)
        for written in found:
            expected = probability(model, picture, written.ids, FULL)
            np.testing.assert_allclose(written.log_probabilities, expected, atol=1e-4)


@pytest.mark.parametrize("width", [1, 4])
def test_a_picture_is_read_the_same_alone_and_among_others(width: int) -> None:
    search = decoder(noise(len(FULL), 4.0), FULL, 20)
    pictures = [5, 2, 9, 2]

    def found(numbers: Sequence[int]) -> list[list[Written]]:
        return search.beams(*encoded(numbers), width) if width > 1 else [[w] for w in search.greedy(*encoded(numbers))]

    together = found(pictures)
    assert together[1] == together[3] != together[0]
    for picture, written in zip(pictures, together, strict=True):
        assert found([picture]) == [written]


def test_greedy_takes_the_likeliest_permitted_token() -> None:
    model = noise(len(FULL), 4.0)
    [written] = decoder(model, FULL, 15).greedy(*encoded([0]))
    state: State = Grammar(FULL.tokens, FULL.eos_id).start()
    for at, token in enumerate((*written.ids, FULL.eos_id)):
        logits = model(0, [FULL.bos_id, *written.ids[:at]])
        assert token == np.where(state.mask(15 - at), logits, -np.inf).argmax()
        state = state.after(token) if token != FULL.eos_id else state


def test_a_token_that_the_grammar_chose_is_as_unlikely_as_the_decoder_says() -> None:
    model = writer(FULL, ["\\frac", "{", "x"])  # it would end here
    [written] = decoder(model, FULL, 20).greedy(*encoded([0]))
    assert FULL.decode(written.ids)[:3] == ["\\frac", "{", "x"]
    assert min(written.log_probabilities[:3]) > -0.1
    assert max(written.log_probabilities[3:-1]) < -10.0


@pytest.mark.parametrize("limit", [2, 3, 5, 9, 14])
def test_a_formula_without_an_end_is_closed_in_time(limit: int) -> None:
    tokens = read(writer(FULL, tokenize("\\frac { a } { \\sqrt { b + c _ {"), otherwise="x"), limit)
    assert 0 < len(tokens) < limit
    assert normalise(to_latex(tokens)) == tokens


def test_a_loop_is_cut_back_to_once_round_and_closed() -> None:
    model = writer(FULL, ["\\frac", "{", *["a", "+", "b"] * 80])
    assert read(model, 200) == tokenize("\\frac { a + b } { }")
    assert read(model, 200, free=True) == tokenize("\\frac { a + b")


def test_a_loop_that_opens_ever_more_is_closed() -> None:
    tokens = read(writer(FULL, ["\\sqrt", "{"] * 80), 200)
    assert tokens == ["\\sqrt", "{", "}"]


def test_two_loops_in_one_batch_and_a_formula_among_them() -> None:
    texts = [["a", "+"] * 60, tokenize("x = y"), ["\\sqrt", "{", *["b", "-"] * 60]]
    models = [writer(FULL, text) for text in texts]
    search = decoder(lambda picture, history: models[picture](picture, history), FULL, 100)
    found = [FULL.decode(written.ids) for written in search.greedy(*encoded([0, 1, 2]))]
    assert found == [tokenize("a +"), tokenize("x = y"), tokenize("\\sqrt { b - }")]
    by_beams = [FULL.decode(rows[0].ids) for rows in search.beams(*encoded([0, 1, 2]), 3)]
    assert by_beams[1] == found[1]
    assert all(normalise(to_latex(tokens)) == tokens for tokens in by_beams)


def test_many_braces_that_close_are_no_loop() -> None:
    opened = [token for i in range(36) for token in ("\\sqrt", "{", "abcdefghij"[i % 10], "+" * (i % 3 > 0) or "-")]
    text = [*opened, *["}"] * 36]
    assert read(writer(FULL, text), 200) == text
    # The same where they close because the limit says so.
    assert read(writer(FULL, opened, otherwise="x"), len(text) + 1) == text


def test_a_picture_whose_beams_all_go_round_is_read_greedily() -> None:
    model = writer(SMALL, ["x"] * 100)
    [[written]] = decoder(model, SMALL, 80).beams(*encoded([0]), 1)
    assert SMALL.decode(written.ids) == ["x"]


def test_temperature_changes_the_probabilities_but_not_what_is_read_greedily() -> None:
    model = noise(len(FULL), 5.0)
    [sharp], [flat] = (decoder(model, FULL, 15, temperature=t).greedy(*encoded([0])) for t in (1.0, 3.0))
    assert sharp.ids == flat.ids
    first = model(0, [FULL.bos_id])[None] / 3.0
    assert flat.log_probabilities[0] == pytest.approx(float(log_softmax(first)[0, flat.ids[0]]), abs=1e-5)


def test_without_a_grammar_anything_is_written_up_to_the_limit() -> None:
    model = writer(FULL, ["}"] * 3 + ["^", "\\right"], otherwise="&")
    assert read(model, 20, free=True) == ["}"] * 3 + ["^", "\\right"] + ["&"] * 15
    [found] = decoder(model, FULL, 8, free=True).beams(*encoded([0]), 2)
    assert len(found[0].ids) == 8


STRUCTURE = set(
    tokenize(r"{ } ^ _ & ~ \\ \left \right [ \sqrt \frac \hat \mathrm \boldsymbol \begin{matrix} \end{matrix}")
)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(2, 80), st.sampled_from([1, 3]), st.sampled_from([0.0, 3.0]))
def test_random_logits_give_formulas_that_parse(seed: int, limit: int, width: int, liking: float) -> None:
    rng = np.random.default_rng(seed)
    liked = np.array([liking * (token in STRUCTURE) for token in FULL.tokens], np.float32)
    search = decoder(lambda *_: rng.normal(size=len(FULL)).astype(np.float32) + liked, FULL, limit)
    found = search.beams(*encoded(range(4)), width) if width > 1 else [[w] for w in search.greedy(*encoded(range(4)))]
    for rows in found:
        for written in rows:
            tokens = FULL.decode(written.ids)
            assert 0 < len(tokens) < limit
            assert normalise(to_latex(tokens)) == repair(tokens)
            assert len(written.log_probabilities) == len(tokens) + 1


@pytest.mark.parametrize(
    ("ids", "period"),
    [
        ([7] * 32, 1),  # one token over and over
        ([9, *[1, 2, 3, 4] * 8], 4),
        ([1, 2, 3, 4] * 7, 0),  # not yet long enough
        ([5, *[1, 2] * 15, 6], 0),  # it found its way out
        (list(range(40)), 0),
    ],
)
def test_a_decoder_that_goes_round_is_noticed(ids: list[int], period: int) -> None:
    assert loop(ids) == period


def test_probabilities_sum_to_one() -> None:
    logits = np.array([[900.0, 899.0, -5.0], [0.0, 0.0, 0.0]], np.float32)
    np.testing.assert_allclose(np.exp(log_softmax(logits)).sum(1), 1.0, rtol=1e-5)
