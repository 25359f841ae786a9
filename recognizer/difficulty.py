"""Which tokens a model has not learned yet, so that training draws formulas with them more often.

Tokens have a long tail: a third of those in formulas from papers is each in less than one formula of a thousand.
Drawn as they come, `\\sinh` is read as `\\sin` long after all common signs are right. Drawing rare classes more often
is known from detection (repeat factor sampling: Gupta, Dollár and Girshick 2019, "LVIS"). Here the loss tells which, as
in online hard example mining (Shrivastava et al. 2016): most rare tokens look like nothing else and are soon known.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from recognizer.tokenizer import LatexTokenizer

UNSEEN = 1.5
"""Loss of a token that was not met yet, in nats."""
KNOWN = 0.3
"""Tokens with less loss are drawn as they come, others as many times as often as their loss is larger..."""
MOST = 8.0
"""... but no more than this: labels that no picture tells apart are never learned."""
RATE = 0.03
"""Weight of one occurrence in the running mean of a token's loss."""


class Difficulty:
    """The running mean of each token's loss, in memory that the processes that paint samples share.

    Args:
        tokenizer: whose tokens the labels consist of.
    """

    def __init__(self, tokenizer: LatexTokenizer) -> None:
        self._tokenizer = tokenizer
        self.losses = torch.full((len(tokenizer),), UNSEEN).share_memory_()

    def update(self, ids: Tensor, losses: Tensor) -> None:
        """Take in the loss of each token [N] of a batch, in nats."""
        ids, losses = ids.cpu(), losses.float().cpu()
        counts = torch.bincount(ids, minlength=len(self.losses))
        means = torch.bincount(ids, losses, minlength=len(self.losses)) / counts.clamp(min=1)
        kept = (1.0 - RATE) ** counts
        self.losses.copy_(kept * self.losses + (1.0 - kept) * means)

    def index(self, labels: Sequence[Sequence[str]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The token numbers of all labels in a row, and where each label begins; see `factors`."""
        rows = [self._tokenizer.encode(label)[1:] for label in labels]
        starts = np.cumsum([0, *(len(row) for row in rows[:-1])])
        return np.concatenate([np.array(row, np.int64) for row in rows]), starts

    def factors(self, ids: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
        """How many times as often each label is drawn: for the token in it that is known least."""
        tokens = np.clip(self.losses.numpy().astype(np.float64) / KNOWN, 1.0, MOST)
        factors: NDArray[np.float64] = np.maximum.reduceat(tokens[ids], starts)
        return factors
