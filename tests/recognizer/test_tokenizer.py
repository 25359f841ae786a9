"""Tokens to numbers and back, and the vocabularies of public checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.config import ImageConfig, Pieces, RecognizerConfig
from recognizer.spelling import Spelling
from recognizer.tokenizer import SPECIAL, LatexTokenizer
from scanpage.latex import vocabulary
from scanpage.weights import read_json

TOKENIZER = LatexTokenizer()


@given(st.lists(st.sampled_from(vocabulary()), max_size=30))
def test_tokens_come_back(tokens: list[str]) -> None:
    ids = TOKENIZER.encode(tokens)
    assert ids[0] == TOKENIZER.bos_id
    assert ids[-1] == TOKENIZER.eos_id
    assert TOKENIZER.decode(ids) == tokens


def test_special_tokens_come_first() -> None:
    assert TOKENIZER.tokens[:4] == SPECIAL
    assert (TOKENIZER.pad_id, TOKENIZER.bos_id, TOKENIZER.eos_id, TOKENIZER.unk_id) == (0, 1, 2, 3)
    assert len(TOKENIZER) == len(vocabulary()) + 4
    assert TOKENIZER.vocabulary == tuple(vocabulary())


def test_what_is_not_in_the_vocabulary_is_unknown_and_decodes_to_nothing() -> None:
    ids = TOKENIZER.encode(["x", "\\foo"])
    assert ids[2] == TOKENIZER.unk_id
    assert TOKENIZER.decode(ids) == ["x"]


def test_decoding_stops_at_the_end_token() -> None:
    ids = [TOKENIZER.bos_id, *TOKENIZER.encode(["x"])[1:], *TOKENIZER.encode(["y"])]
    assert TOKENIZER.decode(ids) == ["x"]


def test_a_vocabulary_names_each_token_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        LatexTokenizer(["x", "x"])


@pytest.mark.parametrize(
    ("pieces", "vocabulary_", "ids", "tokens"),
    [
        (Pieces.TOKENS, ("x", "^"), [4, 5, 3], ["x", "^"]),  # specials stand before the vocabulary
        (Pieces.BYTES, ("", "\\fr", "ac", "\u0120{", "x"), [1, 2, 3, 4, 0], ["\\frac", "{", "x"]),
        (Pieces.BYTES, ("\u00ce", "\u00b1"), [0, 1], ["\u03b1"]),  # a letter's two bytes in two pieces
        (Pieces.BYTES, ("\u00ce",), [0], []),  # half a letter is nothing
        (Pieces.WORDS, ("", "\u2581\\alpha", "\u2581x", "y"), [0, 1, 2, 3], ["\\alpha", "x", "y"]),
    ],
)
def test_every_kind_of_vocabulary_is_spelled_out(
    pieces: Pieces, vocabulary_: tuple[str, ...], ids: list[int], tokens: list[str]
) -> None:
    assert Spelling(RecognizerConfig(vocabulary=vocabulary_, pieces=pieces)).tokens(ids) == tokens


def test_settings_come_back_from_their_file(tmp_path: Path) -> None:
    config = RecognizerConfig(
        image=ImageConfig(max_height_px=90), max_tokens=7, vocabulary=("x", "\\alpha"), pieces=Pieces.WORDS, start_id=5,
        end_id=6, fixed_size=(32, 64),
    )  # fmt: skip
    config.save(tmp_path / "recognizer.json")
    assert RecognizerConfig.from_json(read_json(tmp_path / "recognizer.json")) == config
