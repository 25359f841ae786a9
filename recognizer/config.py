"""Settings of the recognizer, each default stated once."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

from recognizer.calibration import Calibration
from scanpage.files import write_text


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """How a crop becomes the model's input (`recognizer.image`).

    A crop is scaled so that its typical sign gets one height whatever the scan's resolution: a long derivation gets
    more pixels than a single letter, and each of its signs as many as it needs.

    Attributes:
        sign_px: height that the typical sign is scaled to, to a tenth; short formulas get larger ones, very long ones
            smaller.
        min_area_px, max_area_px: limits on the area of the scaled crop.
        max_height_px, max_width_px: limits on its sides.
        stride_px: both sides are padded with paper to a multiple of this.
    """

    sign_px: float = 15.0
    min_area_px: int = 8_192
    max_area_px: int = 49_152
    max_height_px: int = 192
    max_width_px: int = 1280
    stride_px: int = 16


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Sizes of the compact TrOCR (`recognizer.model`)."""

    width: int = 256
    heads: int = 8
    feed_forward: int = 1024
    encoder_layers: int = 2
    decoder_layers: int = 3
    dropout: float = 0.1
    max_tokens: int = 256
    # Classes of the auxiliary head that names the sign in each grid cell; names are hashed into them.
    sign_classes: int = 1024


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """Settings of one training run.

    Its length is `minutes` of wall-clock time or, where `steps` is not 0, so many optimizer steps: runs are compared
    over the same steps, whatever else the machine does. `frozen_stages` of the backbone, and its stem, never change:
    strokes look alike in all writing, and gradients at the finest resolution cost most (the second stage a quarter of
    the time). `dropout` takes the place of the model's own where it is not None.
    """

    minutes: float = 60.0
    steps: int = 0
    batch_px: int = 400_000
    max_batch: int = 48
    learning_rate: float = 1e-3
    backbone_rate: float = 0.2
    warmup: float = 0.03
    weight_decay: float = 0.02
    label_smoothing: float = 0.05
    sign_weight: float = 0.3
    frozen_stages: int = 1
    dropout: float | None = None
    clip_norm: float = 1.0
    ema_decay: float = 0.996
    validate_minutes: float = 10.0
    first_max_tokens: int = 14
    max_tokens: int = 64
    # Share of the run in which formulas grow from the first to the last length.
    curriculum: float = 0.45
    seed: int = 0
    threads: int = 0
    workers: int = 1


class Pieces(Enum):
    """What the entries of a vocabulary are, and so how a row of them becomes LaTeX."""

    TOKENS = "tokens"
    """Canonical LaTeX tokens, the special ones left out (ours)."""
    BYTES = "bytes"
    """Pieces of byte-level BPE as GPT-2 and RoBERTa write them; special ones are empty."""
    WORDS = "words"
    """SentencePiece pieces, in which U+2581 stands for a blank; special ones are empty."""


@dataclass(frozen=True, slots=True)
class RecognizerConfig:
    """What `recognizer.json` of a model folder holds: all that reading needs beside the graphs.

    Attributes:
        image: how a crop is scaled.
        max_tokens: most tokens that the decoder can write.
        vocabulary: what each number stands for; see `Pieces`.
        pieces: what kind of entries the vocabulary has.
        start_id, end_id: the number that decoding starts from and the one that ends it.
        fixed_size: height and width in pixels that each picture is then stretched to, in colour, as the public TrOCR
            checkpoints want it; None for our own grey pictures.
        calibration: what the probabilities of the tokens are worth; see `recognizer.calibration`.
    """

    image: ImageConfig = field(default_factory=ImageConfig)
    max_tokens: int = 160
    vocabulary: tuple[str, ...] = ()
    pieces: Pieces = Pieces.TOKENS
    start_id: int = 1
    end_id: int = 2
    fixed_size: tuple[int, int] | None = None
    calibration: Calibration = field(default_factory=Calibration)

    def save(self, path: Path) -> None:
        data = asdict(self) | {"pieces": self.pieces.value}
        write_text(path, json.dumps(data, indent=1, ensure_ascii=False) + "\n")

    @staticmethod
    def from_json(data: dict[str, Any]) -> RecognizerConfig:
        """The settings that `save` wrote. Raises `KeyError`, `TypeError` or `ValueError` for anything else."""
        size = data.get("fixed_size")
        calibration = data["calibration"]["parameters"] if "calibration" in data else ()
        return RecognizerConfig(
            image=ImageConfig(**data["image"]),
            max_tokens=int(data["max_tokens"]),
            vocabulary=tuple(data["vocabulary"]),
            pieces=Pieces(data.get("pieces", "tokens")),
            start_id=int(data.get("start_id", 1)),
            end_id=int(data.get("end_id", 2)),
            fixed_size=None if size is None else (int(size[0]), int(size[1])),
            calibration=Calibration(tuple(map(float, calibration))),
        )
