"""One model out of several trainings: the mean of their weights.

Runs that start from one model, with seeds of their own, end near enough to each other that the mean of their weights
reads better than each of them, at the cost of one (Wortsman et al. 2022, "Model soups"). So machines, or cores that are
not equally free, train side by side without waiting for each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from recognizer import model as models
from recognizer.train import SIGNS, VALIDATION
from scanpage.errors import OutputError, UsageError
from scanpage.files import write_bytes
from scanpage.training import load_tensors, save_tensors


def average(folders: Sequence[Path], out: Path) -> None:
    """Write to the folder `out` the mean of saved models; its settings and its processor are those of the first.

    Raises:
        UsageError: there are fewer than two models, they differ in shape, or `out` is one of them.
        WeightsError: a model cannot be read.
        OutputError: `out` cannot be written.
    """
    if len(folders) < 2 or out.resolve() in {folder.resolve() for folder in folders}:
        raise UsageError("give two models or more, and another folder for their mean")
    model = models.load(folders[0])
    model.load_state_dict(_mean([models.load(folder).state_dict() for folder in folders], folders))
    for path in folders[0].glob("*.json"):
        if path.name != VALIDATION:
            write_bytes(out / path.name, path.read_bytes())
    try:
        model.save_pretrained(out)
    except OSError as error:
        raise OutputError(f"cannot write {out}: {error.strerror or error}") from error
    if all((folder / SIGNS).is_file() for folder in folders):
        save_tensors(out / SIGNS, _mean([load_tensors(folder / SIGNS) for folder in folders], folders))


def _mean(weights: Sequence[Mapping[str, Tensor]], folders: Sequence[Path]) -> dict[str, Tensor]:
    shapes = [{name: tensor.shape for name, tensor in tensors.items()} for tensors in weights]
    for folder, shape in zip(folders, shapes, strict=True):
        if shape != shapes[0]:
            raise UsageError(f"{folder} and {folders[0]} are of different shapes: average runs of one model")
    return {name: torch.stack([tensors[name].double() for tensors in weights]).mean(0).float() for name in shapes[0]}
