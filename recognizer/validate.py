"""Measuring a torch model while it trains: the loss of fixed samples, and greedy readings of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers import VisionEncoderDecoderModel

from recognizer.codec import IGNORED, Codec
from recognizer.config import TrainConfig
from recognizer.dataset import Sample, packed
from recognizer.metrics import ExpressionRate, WordErrors


@dataclass(frozen=True, slots=True)
class Validation:
    """Figures by set and name.

    `loss` (mean negative log-probability of a token, given those before it), `exprate` (share read exactly), `wer` and
    `cer` (errors over the labels' tokens or characters) and `character_accuracy`.
    """

    figures: Mapping[str, Mapping[str, float]]

    @property
    def exact(self) -> dict[str, float]:
        """Share of each set that is read exactly."""
        return {name: figures["exprate"] for name, figures in self.figures.items()}

    @property
    def score(self) -> float:
        """What the best checkpoint is chosen by, the more the better: the mean loss of the sets, turned over.

        Exact readings of so few samples are too noisy: by them, a checkpoint of half way was taken for the best of a
        run whose last one read a tenth more of 600 other formulas.
        """
        return -sum(figures["loss"] for figures in self.figures.values()) / max(1, len(self.figures))

    def flat(self) -> dict[str, float]:
        return {
            f"valid/{name}/{figure}": value
            for name, figures in self.figures.items()
            for figure, value in figures.items()
        }

    def __str__(self) -> str:
        return "  ".join(
            f"{name} exact {f['exprate']:.3f} wer {f['wer']:.3f} loss {f['loss']:.3f}"
            for name, f in self.figures.items()
        )


def validate(
    model: VisionEncoderDecoderModel, codec: Codec, sets: Mapping[str, Sequence[Sample]], device: torch.device
) -> Validation:
    """Read every sample greedily; sets without samples are left out."""
    model.eval()
    return Validation({name: _figures(model, codec, samples, device) for name, samples in sets.items() if samples})


def _figures(
    model: VisionEncoderDecoderModel, codec: Codec, samples: Sequence[Sample], device: torch.device
) -> dict[str, float]:
    rates, errors = ExpressionRate(), WordErrors()
    loss, count = 0.0, 0
    for batch in packed(samples, TrainConfig()):
        pixels = codec.pixels([s.picture for s in batch]).to(device)
        inputs, labels = targets(model, codec, batch, device)
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
            logits = model(pixel_values=pixels, decoder_input_ids=inputs, use_cache=False).logits.float()
            longest = min(labels.shape[1] + 12, 250)
            rows = model.generate(pixels, max_new_tokens=longest, num_beams=1, do_sample=False)
        loss += float(F.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED, reduction="sum"))
        count += int((labels != IGNORED).sum())
        for sample, row in zip(batch, rows, strict=True):
            tokens = codec.decode(row[1:])
            rates.update(tokens, sample.tokens)
            errors.update(tokens, sample.tokens)
    return {"loss": loss / count, "exprate": rates.summary()["exact_match"], **errors.summary()}


def targets(
    model: VisionEncoderDecoderModel, codec: Codec, samples: Sequence[Sample], device: torch.device
) -> tuple[Tensor, Tensor]:
    """What the decoder is given and what it should say next, both int64 [N, L]: the labels, shifted by a step."""
    labels = codec.labels([s.tokens for s in samples]).to(device)
    start = torch.full_like(labels[:, :1], model.config.decoder_start_token_id)
    inputs = torch.cat([start, labels[:, :-1]], 1)
    return inputs.masked_fill(inputs == IGNORED, model.config.pad_token_id), labels
