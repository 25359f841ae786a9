"""From the numbers that a decoder writes to canonical tokens, for every kind of vocabulary."""

from __future__ import annotations

from collections.abc import Iterable

from recognizer.config import Pieces, RecognizerConfig
from recognizer.tokenizer import LatexTokenizer
from scanpage.latex import tokenize

BLANK = "\u2581"


class Spelling:
    """Spells out what a model with `config` wrote."""

    def __init__(self, config: RecognizerConfig) -> None:
        self._config = config
        self._tokenizer = LatexTokenizer(config.vocabulary) if config.pieces is Pieces.TOKENS else None
        self._bytes = _byte_alphabet() if config.pieces is Pieces.BYTES else {}

    def tokens(self, ids: Iterable[int]) -> list[str]:
        """LaTeX tokens of `ids`, which hold no end token; they may need repair (`scanpage.latex.repair`)."""
        if self._tokenizer is not None:
            return self._tokenizer.decode(ids)
        text = "".join(self._config.vocabulary[i] for i in ids)
        if self._config.pieces is Pieces.BYTES:
            text = bytes(self._bytes[sign] for sign in text if sign in self._bytes).decode("utf-8", errors="ignore")
        return tokenize(text.replace(BLANK, " "))


def _byte_alphabet() -> dict[str, int]:
    """The sign that byte-level BPE writes for each byte (Radford et al. 2019): itself, or one above U+0100."""
    shown = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in shown]
    return {chr(byte): byte for byte in shown} | {chr(0x100 + i): byte for i, byte in enumerate(hidden)}
