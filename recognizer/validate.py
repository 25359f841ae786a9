"""Measuring a torch model while it trains: greedy readings of fixed samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from transformers import VisionEncoderDecoderModel

from recognizer.codec import Codec
from recognizer.config import TrainConfig
from recognizer.dataset import Sample, packed
from recognizer.metrics import levenshtein


@dataclass(frozen=True, slots=True)
class Validation:
    """For each set: the share of samples read exactly, and the mean token edit distance over the label's length."""

    exact: dict[str, float]
    token_error: dict[str, float]

    @property
    def score(self) -> float:
        """What the best checkpoint is chosen by: exact readings, and less error among equals."""
        sets = max(1, len(self.exact))
        return (sum(self.exact.values()) - 0.1 * sum(min(1.0, e) for e in self.token_error.values())) / sets

    def flat(self) -> dict[str, float]:
        exact = {f"valid/{name}/exact": value for name, value in self.exact.items()}
        return exact | {f"valid/{name}/token_error": value for name, value in self.token_error.items()}

    def __str__(self) -> str:
        return "  ".join(f"{k} exact {v:.3f} token error {self.token_error[k]:.3f}" for k, v in self.exact.items())


def validate(
    model: VisionEncoderDecoderModel, codec: Codec, sets: dict[str, list[Sample]], device: torch.device
) -> Validation:
    """Read every sample greedily."""
    model.eval()
    exact, error = {}, {}
    for name, samples in sets.items():
        right = wrong = total = 0
        for batch in packed(samples, TrainConfig()):
            for sample, tokens in zip(batch, _read(model, codec, batch, device), strict=True):
                right += tokens == list(sample.tokens)
                wrong += levenshtein(tokens, sample.tokens)
                total += len(sample.tokens)
        exact[name] = right / max(1, len(samples))
        error[name] = wrong / max(1, total)
    return Validation(exact, error)


def _read(
    model: VisionEncoderDecoderModel, codec: Codec, samples: Sequence[Sample], device: torch.device
) -> list[list[str]]:
    pixels = codec.pixels([s.picture for s in samples]).to(device)
    longest = max(len(s.tokens) for s in samples)
    with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
        rows = model.generate(pixels, max_new_tokens=min(longest + 12, 250), num_beams=1, do_sample=False)
    return [codec.decode(row[1:]) for row in rows]
