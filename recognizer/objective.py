"""What the recognizer learns by: the next token, and beside it the sign in each cell of the encoder's grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import VisionEncoderDecoderModel
from transformers.modeling_outputs import BaseModelOutput

from recognizer.codec import IGNORED, Codec
from recognizer.dataset import NO_SIGN, Sample, sign_grid
from recognizer.model import FormulaEncoder
from recognizer.validate import targets
from scanpage.errors import WeightsError
from scanpage.training import load_tensors, save_tensors


@dataclass(frozen=True, slots=True)
class Losses:
    """Losses of one batch: of the tokens, and of the signs in the encoder's grid.

    Beside these means, `ids` [N] of all tokens of the batch and the loss of `each`, not smoothed and without gradient.
    """

    tokens: Tensor
    signs: Tensor
    ids: Tensor
    each: Tensor


class Objective:
    """Losses of batches under a model.

    Args:
        model: what learns, on its device, with its `codec`. Signs are named for our own encoder only.
        label_smoothing: share of a token's probability that is spread over all tokens.
        sign_classes: classes that the names of signs are hashed into.
    """

    def __init__(
        self, model: VisionEncoderDecoderModel, codec: Codec, *, label_smoothing: float, sign_classes: int
    ) -> None:
        self.model, self.codec, self.label_smoothing = model, codec, label_smoothing
        self.device: torch.device = model.device
        compact = isinstance(model.encoder, FormulaEncoder)
        width = model.config.encoder.hidden_size
        self.sign_head = nn.Linear(width, sign_classes).to(self.device) if compact else None

    @property
    def modules(self) -> list[nn.Module]:
        """All that learns."""
        return [self.model] if self.sign_head is None else [self.model, self.sign_head]

    def losses(self, samples: Sequence[Sample]) -> Losses:
        """Cross-entropy of the next token, and of the sign in each cell of the grid that has one."""
        pixels = self.codec.pixels([s.picture for s in samples]).to(self.device)
        inputs, labels = targets(self.model, self.codec, samples, self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            signs = pixels.new_zeros((), dtype=torch.float32)
            if self.sign_head is not None:
                encoder = self.model.encoder
                grid = encoder.grid(pixels)
                signs = self._sign_loss(self.sign_head, grid, samples)
                encoded = BaseModelOutput(last_hidden_state=encoder.contextual(grid))
                logits = self.model(encoder_outputs=encoded, decoder_input_ids=inputs, use_cache=False).logits
            else:
                logits = self.model(pixel_values=pixels, decoder_input_ids=inputs, use_cache=False).logits
        logits, ids = logits.float().flatten(0, 1), labels.flatten()
        tokens = F.cross_entropy(logits, ids, ignore_index=IGNORED, label_smoothing=self.label_smoothing)
        written = ids != IGNORED
        each = F.cross_entropy(logits.detach()[written], ids[written], reduction="none")
        return Losses(tokens, signs, ids[written], each)

    def _sign_loss(self, head: nn.Linear, grid: Tensor, samples: Sequence[Sample]) -> Tensor:
        classes = sign_grid(samples, grid.shape[2], grid.shape[3]).to(grid.device)
        cells = classes != NO_SIGN
        if not bool(cells.any()):
            return grid.new_zeros((), dtype=torch.float32)
        features = self.model.encoder.neck_norm(grid.permute(0, 2, 3, 1)[cells])
        return F.cross_entropy(head(features).float(), classes[cells])

    def save_signs(self, path: Path) -> None:
        """Write the head that names signs, where there is one. Raises `OutputError`."""
        if self.sign_head is not None:
            save_tensors(path, self.sign_head.state_dict())

    def load_signs(self, path: Path) -> None:
        """Start the head that names signs from what `save_signs` wrote.

        Raises:
            WeightsError: the file cannot be read, or holds another head.
        """
        if self.sign_head is None:
            return
        try:
            self.sign_head.load_state_dict(load_tensors(path))
        except RuntimeError as error:
            raise WeightsError(f"{path} holds another head than this model's: {error}") from error
