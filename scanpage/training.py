"""What every training command needs and no model knows of: time, averages, curves, checkpoints, a graceful stop.

Only training code imports this module; it needs the extra `train`.
"""

from __future__ import annotations

import json
import math
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Self

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from scanpage.errors import WeightsError
from scanpage.files import atomic_path


class Ema:
    """An exponential moving average of a model's weights and buffers, kept in float32.

    The average of the last steps is a better model than the last step, most of all at a high learning rate
    (Polyak and Juditsky 1992). Early on the decay is lower, so that the random start is soon forgotten.

    Args:
        model: the model to follow.
        decay: share of the old average that each step keeps, in [0, 1), once 10 / (1 - decay) steps are done.
    """

    def __init__(self, model: nn.Module, *, decay: float = 0.999) -> None:
        if not 0.0 <= decay < 1.0:
            raise ValueError(f"decay must lie in [0, 1), got {decay}")
        self.decay = decay
        self.updates = 0
        self.average: dict[str, Tensor] = {name: _averaged(value) for name, value in model.state_dict().items()}

    def update(self, model: nn.Module) -> None:
        """Take in the weights after an optimizer step."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        for name, value in model.state_dict().items():  # state_dict gives detached tensors, so no graph is built
            average = self.average[name]
            if average.is_floating_point():
                average.lerp_(value.to(average), 1.0 - decay)
            else:
                average.copy_(value)

    @contextmanager
    def applied(self, model: nn.Module) -> Iterator[nn.Module]:
        """`model` with the averaged weights inside the block, with its own again after it."""
        own = {name: value.detach().clone() for name, value in model.state_dict().items()}
        model.load_state_dict(self.average)
        try:
            yield model
        finally:
            model.load_state_dict(own)

    def state_dict(self) -> dict[str, Any]:
        return {"updates": self.updates, "average": self.average}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.updates = int(state["updates"])
        for name, value in state["average"].items():
            self.average[name].copy_(value)


def _averaged(value: Tensor) -> Tensor:
    copy = value.detach().clone()
    return copy.float() if copy.is_floating_point() else copy


class TimeBudget:
    """A training's wall-clock time: how much of it is spent, also over several resumed runs.

    Args:
        minutes: the whole budget.
        spent_s: seconds that earlier runs used, from their `elapsed_s`.
    """

    def __init__(self, minutes: float, *, spent_s: float = 0.0) -> None:
        if minutes <= 0:
            raise ValueError(f"minutes must be positive, got {minutes}")
        self._total_s = minutes * 60
        self._start = time.monotonic() - spent_s

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._start

    @property
    def progress(self) -> float:
        """Share of the budget that is spent, in [0, 1]."""
        return min(1.0, self.elapsed_s / self._total_s)

    @property
    def over(self) -> bool:
        return self.elapsed_s >= self._total_s


def cosine_with_warmup(progress: float, *, warmup: float = 0.03, floor: float = 0.01) -> float:
    """Factor on the learning rate: a linear rise, then half a cosine down (Loshchilov and Hutter 2017).

    Args:
        progress: share of the training that is done, in [0, 1].
        warmup: share of the training in which the factor rises to 1.
        floor: the factor at the end.
    """
    if progress < warmup:
        return max(progress / warmup, 1e-3)
    phase = min(1.0, (progress - warmup) / (1.0 - warmup))
    return floor + (1.0 - floor) * 0.5 * (1.0 + math.cos(math.pi * phase))


class RunLog:
    """The record of a run in its folder: `log.jsonl`, tensorboard events, and `curves.png`.

    Args:
        folder: the run's folder, made if missing.
        resume: go on with the log that is there; otherwise it starts anew.
    """

    def __init__(self, folder: Path, *, resume: bool = False) -> None:
        from torch.utils.tensorboard import SummaryWriter

        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._path = folder / "log.jsonl"
        if not resume:
            self._path.unlink(missing_ok=True)
        self._writer = SummaryWriter(str(folder / "tensorboard"))

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """Note `values` (name such as `train/loss` to number) at `step`."""
        line = {"step": step, "time": round(time.time(), 1), **{name: float(v) for name, v in values.items()}}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        for name, value in values.items():
            self._writer.add_scalar(name, value, step)

    def draw(self) -> None:
        """Draw the values over the steps into `curves.png`: a panel for each figure, with a line for each set.

        The figure is the last part of a value's name, so `train/loss` and `valid/print/loss` share a panel. Figures of
        validation come first.
        """
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        panels: dict[str, dict[str, list[tuple[int, float]]]] = {}
        for name, points in self._series().items():
            group, _, figure_name = name.rpartition("/")
            panels.setdefault(figure_name, {})[group] = points
        if not panels:
            return
        colours = {
            group: f"C{i}" for i, group in enumerate(dict.fromkeys(g for lines in panels.values() for g in lines))
        }
        ordered = sorted(panels.items(), key=lambda panel: set(panel[1]) == {"train"})
        columns = min(3, len(ordered))
        rows = math.ceil(len(ordered) / columns)
        figure = Figure(figsize=(5 * columns, 3 * rows), layout="constrained")
        for position, (title, lines) in enumerate(ordered, start=1):
            axes = figure.add_subplot(rows, columns, position)
            for label, points in lines.items():
                _plot(axes, points, label, colours[label])
            axes.set_title(title.replace("_", " "))
            axes.set_xlabel("step")
            axes.grid(alpha=0.3)
            axes.legend(fontsize="small")
        with atomic_path(self._folder / "curves.png") as path:
            FigureCanvasAgg(figure).print_png(str(path))

    def _series(self) -> dict[str, list[tuple[int, float]]]:
        series: dict[str, list[tuple[int, float]]] = {}
        if self._path.is_file():
            for line in self._path.read_text("utf-8").splitlines():
                entry = json.loads(line)
                step = entry.pop("step")
                entry.pop("time")
                for name, value in entry.items():
                    series.setdefault(name, []).append((step, value))
        return series

    def close(self) -> None:
        self._writer.close()


def _plot(axes: Any, points: Sequence[tuple[int, float]], label: str, colour: str) -> None:
    """A line; of many points their mean over a tenth of them, with the points themselves pale behind it."""
    steps, values = (np.array(column, float) for column in zip(*points, strict=True))
    if len(points) < 60:
        axes.plot(steps, values, marker=".", label=label, color=colour)
        return
    reach = len(points) // 20
    sums = np.concatenate([[0.0], values.cumsum()])
    places = np.arange(len(points))
    first, last = np.maximum(places - reach, 0), np.minimum(places + reach + 1, len(points))
    axes.plot(steps, (sums[last] - sums[first]) / (last - first), label=label, color=colour)
    axes.plot(steps, values, color=colour, alpha=0.25, zorder=0)


def save_state(path: Path, state: Mapping[str, Any]) -> None:
    """Write what a run needs to go on (tensors, numbers, strings, dicts, lists) atomically. Raises `OutputError`."""
    with atomic_path(path) as temporary:
        torch.save(dict(state), temporary)


def load_state(path: Path) -> dict[str, Any]:
    """Read what `save_state` wrote; no code of the file is run. Raises `WeightsError`."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises zip, pickle, runtime and OS errors for a damaged file
        raise WeightsError(f"{path} cannot be read as a training state: {error}") from error
    return state


def save_tensors(path: Path, tensors: Mapping[str, Tensor], *, half: bool = False) -> None:
    """Write named tensors as safetensors, atomically, floats in half precision if `half`. Raises `OutputError`."""
    ready = {name: value.detach().cpu().contiguous().clone() for name, value in tensors.items()}
    if half:
        ready = {name: value.half() if value.is_floating_point() else value for name, value in ready.items()}
    with atomic_path(path) as temporary:
        save_file(ready, temporary)


def load_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file; half precision comes back as float32. Raises `WeightsError`."""
    try:
        tensors = load_file(path)
    except (OSError, SafetensorError) as error:
        raise WeightsError(f"{path} cannot be read as safetensors: {error}") from error
    return {name: value.float() if value.dtype == torch.float16 else value for name, value in tensors.items()}


class Interrupt:
    """Inside the block, Ctrl-C and a polite kill set `requested` instead of ending the program at once.

    A second signal ends it at once, as usual.
    """

    SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.requested = False
        self._previous: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        self._previous = {number: signal.signal(number, self._note) for number in self.SIGNALS}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.requested = True
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
