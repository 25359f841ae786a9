"""LaTeX tokens to numbers and back: one number for each canonical token."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from scanpage.latex import vocabulary

PAD, BOS, EOS, UNK = "<pad>", "<s>", "</s>", "<unk>"
SPECIAL = (PAD, BOS, EOS, UNK)


class LatexTokenizer:
    """Maps canonical tokens (`scanpage.latex`) to ids; ids 0-3 are padding, begin, end and unknown.

    Args:
        tokens: the vocabulary without the special tokens; default is that of `scanpage.latex`.
    """

    pad_id, bos_id, eos_id, unk_id = range(4)

    def __init__(self, tokens: Sequence[str] | None = None) -> None:
        self.tokens: tuple[str, ...] = (*SPECIAL, *(vocabulary() if tokens is None else tokens))
        self._ids = {token: i for i, token in enumerate(self.tokens)}
        if len(self._ids) != len(self.tokens):
            raise ValueError("the vocabulary names a token twice")

    def __len__(self) -> int:
        return len(self.tokens)

    @property
    def vocabulary(self) -> tuple[str, ...]:
        """The tokens without the special ones."""
        return self.tokens[len(SPECIAL) :]

    def encode(self, tokens: Iterable[str]) -> list[int]:
        """Ids of `tokens` between begin and end."""
        return [self.bos_id, *(self._ids.get(token, self.unk_id) for token in tokens), self.eos_id]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Tokens up to the end token, without special ones."""
        out = []
        for i in ids:
            if i == self.eos_id:
                break
            if i >= len(SPECIAL):
                out.append(self.tokens[i])
        return out
