"""The settings of a model folder, believed only where a recognizer could have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path

from recognizer.config import ImageConfig, Pieces, RecognizerConfig
from recognizer.tokenizer import LatexTokenizer
from scanpage import weights
from scanpage.errors import WeightsError

# Far beyond any model of this kind; larger settings would only fill the memory.
LARGEST_PX = 2**22
LARGEST_SIDE_PX = 4096
LARGEST_STRIDE_PX = 256
MOST_TOKENS = 4096
LEAST_TOKENS = 3
"""The start, a sign and the end: less is no formula."""


def read_settings(path: Path) -> RecognizerConfig:
    """What `recognizer.json` says.

    Raises:
        WeightsError: it cannot be read, or says what no recognizer could be.
    """
    data = weights.read_json(path)
    try:
        config = RecognizerConfig.from_json(data)
        _check(config)
    except (IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        said = f"{type(error).__name__}: {error}"[: weights.LONGEST_REASON]
        raise WeightsError(f"{path} is not that of a recognizer: {weights.REMEDY} ({said})") from error
    return config


def check_fit(config: RecognizerConfig, pixels: Sequence[object], logits: Sequence[object]) -> None:
    """Settings and graphs must be of one model.

    Args:
        config: the settings.
        pixels: shape of the encoder's input [N, C, H, W], with names for what varies.
        logits: shape of the decoder's first output [N, V].

    Raises:
        WeightsError: they are not.
    """
    channels, entries = (1 if config.fixed_size is None else 3), _entries(config)
    if list(pixels[1:2]) != [channels] or list(logits[1:2]) != [entries]:
        said = f"{entries} tokens and {channels} channels, not {list(logits[1:2])} and {list(pixels[1:2])}"
        raise WeightsError(f"the settings do not fit the graphs, they are for {said}: {weights.REMEDY}")


def _check(config: RecognizerConfig) -> None:
    """Raises `ValueError` for values that would crash or flood the reading."""
    _check_image(config.image)
    if not all(isinstance(entry, str) for entry in config.vocabulary):
        raise ValueError("the vocabulary is not all text")
    if not LEAST_TOKENS <= config.max_tokens <= MOST_TOKENS:
        raise ValueError(f"max_tokens must be from {LEAST_TOKENS} to {MOST_TOKENS}")
    entries = _entries(config)
    if not (0 <= config.start_id < entries and 0 <= config.end_id < entries):
        raise ValueError("start_id and end_id must be numbers of the vocabulary")
    if config.fixed_size and not all(0 < side <= LARGEST_SIDE_PX for side in config.fixed_size):
        raise ValueError(f"the sides of fixed_size must be from 1 to {LARGEST_SIDE_PX}")


def _check_image(image: ImageConfig) -> None:
    for field in fields(image):
        value: object = getattr(image, field.name)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"{field.name} must be a number")
        if isinstance(field.default, int) and not isinstance(value, int):
            raise ValueError(f"{field.name} must be a whole number")
        if not 0 < value <= (LARGEST_STRIDE_PX if field.name == "stride_px" else LARGEST_PX):
            raise ValueError(f"{field.name} is out of its range")


def _entries(config: RecognizerConfig) -> int:
    """How many numbers the decoder knows."""
    if config.pieces is Pieces.TOKENS:
        return len(LatexTokenizer(config.vocabulary))
    return len(config.vocabulary)
