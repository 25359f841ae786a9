"""What a training starts from: RapidOCR's backbone, a run, a model, or the same run where it stopped."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from torchvision.models.detection import FasterRCNN

from detector.config import DetectorConfig
from detector.export import WEIGHTS, load_model
from detector.model import build, warm_start
from scanpage.errors import UsageError, WeightsError
from scanpage.training import load_state
from scanpage.weights import read_config, read_json

# What a run's folder holds.
BEST = "best.safetensors"
STATE = "state.pt"
SETTINGS = "settings.json"

# What gives a network other weights, or its weights another meaning; a checkpoint must agree in these.
SHAPE = ("channels", "roi_size", "head_width", "anchor_sizes_px", "anchor_ratios")
# What a resumed run cannot change, beside the config: it lies in the state, or what was learned was learned with it.
LASTING = ("init", "batch", "window_px", "lr", "backbone_lr", "freeze_stem", "weight_decay")


def initial_model(init: str, config: DetectorConfig) -> FasterRCNN:
    """The network to start from.

    Args:
        init: `rapidocr` for RapidOCR's text backbone, `none` for random weights, or the folder of a run or model.
        config: what the network is to be; of a checkpoint's it may differ in what its weights do not depend on.

    Raises:
        UsageError: the checkpoint is a network of another shape.
        WeightsError: it cannot be read.
    """
    if init in ("none", "rapidocr"):
        model = build(config)
        if init == "rapidocr":
            warm_start(model)
        return model
    folder = Path(init)
    held, wanted = _differing(DetectorConfig.from_dict(read_config(folder)).to_dict(), config.to_dict(), SHAPE)
    if held:
        raise UsageError(
            f"{folder} holds a network of another shape: it has {held} and you ask for {wanted}. Train with the "
            "values that it has, or start from another model (--init rapidocr)"
        )
    for name in (BEST, WEIGHTS):
        if (folder / name).is_file():
            return load_model(config, folder / name)
    return _stopped_model(config, folder / STATE)


def _stopped_model(config: DetectorConfig, path: Path) -> FasterRCNN:
    """The averaged network of a run that was stopped before its first validation. Raises `WeightsError`."""
    if not path.is_file():
        raise WeightsError(f"{path.parent} holds none of {BEST}, {WEIGHTS}, {STATE}: give the folder of a run or model")
    state = load_state(path)
    model = build(config)
    try:
        model.load_state_dict(state["ema"]["average"])
    except (KeyError, TypeError, RuntimeError) as error:
        raise WeightsError(f"{path} holds another network than its config.json says: {error}") from error
    return model


def check_folder(out: Path, asked: dict[str, Any], *, resume: bool) -> None:
    """Check that a run can begin in the folder `out`, or go on there with the settings `asked`.

    Raises:
        UsageError: it cannot.
        WeightsError: the settings that it was begun with cannot be read.
    """
    if resume != (out / STATE).is_file():
        hint = "there is nothing to resume" if resume else "give --resume to go on with it, or another --out"
        raise UsageError(f"{out} holds {'no' if resume else 'a'} run: {hint}")
    if not resume:
        return
    begun, asked = (_flat(settings) for settings in (read_json(out / SETTINGS), asked))
    was, wanted = _differing(begun, asked, (*LASTING, *DetectorConfig().to_dict()))
    if was:
        raise UsageError(f"{out} was begun with {was}, not with {wanted}: resume it with that, or give another --out")


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of a run with those of its network among them, also where they come from JSON."""
    return settings | DetectorConfig.from_dict(settings.get("config", {})).to_dict()


def _differing(one: dict[str, Any], other: dict[str, Any], names: Iterable[str]) -> tuple[str, str]:
    """The settings among `names` that differ, in words: their values in `one`, and in `other`. `one` may lack some."""
    differing = [name for name in names if name in one and one[name] != other[name]]
    was, wanted = (", ".join(f"{name} {values[name]}" for name in differing) for values in (one, other))
    return was, wanted
