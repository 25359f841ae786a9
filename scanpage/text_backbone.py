"""The convolutional backbone of the text models that RapidOCR ships, for training to start from.

PaddleOCR's PP-OCRv6 "small" models (Apache-2.0) find and read text with one family of network: a stem that halves the
image twice, then blocks of a depthwise convolution, squeeze and excitation in some of them (Hu et al. 2018), and a
channel mixer with a residual. Their batch norms are folded into the convolutions, which is fine for fine-tuning.
`TextBackbone` is that network in torch and `load_from_onnx` copies the weights out of RapidOCR's ONNX files.
Only training code imports this module.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scanpage.errors import WeightsError

if TYPE_CHECKING:
    import numpy as np
    import onnx


@dataclass(frozen=True, slots=True)
class StageConfig:
    """A run of blocks at one resolution.

    Attributes:
        channels: channels that every block of the stage gives out.
        excite: for each block, whether it has squeeze-excite (the down-sampling block never has).
        stride: (vertical, horizontal) stride of the down-sampling block that opens the stage, None for no such block.
    """

    channels: int
    excite: tuple[bool, ...]
    stride: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class TextBackboneConfig:
    """The stages after the stem; the stem gives the first stage's channels at a quarter of the image's size."""

    stages: tuple[StageConfig, ...]

    @property
    def channels(self) -> tuple[int, ...]:
        return tuple(stage.channels for stage in self.stages)


RECOGNITION = TextBackboneConfig(
    (
        StageConfig(96, (True, False, False), None),
        StageConfig(192, (True, False) * 3, (2, 1)),
        StageConfig(384, (True, False), (2, 1)),
    ),
)
DETECTION = TextBackboneConfig(
    (
        StageConfig(48, (True, False), None),
        StageConfig(96, (True, False), (2, 2)),
        StageConfig(192, (True, False) * 2, (2, 2)),
        StageConfig(384, (True, False), (2, 2)),
    ),
)


class Stem(nn.Module):
    """Image [N, 3, H, W] to features [N, channels, ceil(H/4), ceil(W/4)]: a fine branch beside a max pool."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.reduce = nn.Conv2d(3, half, 3, stride=2, padding=1)
        self.fine1 = nn.Conv2d(half, half // 2, 2)
        self.fine2 = nn.Conv2d(half // 2, half, 2)
        self.merge = nn.Conv2d(channels, half, 3, stride=2, padding=1)
        self.expand = nn.Conv2d(half, channels, 1)

    def forward(self, image: Tensor) -> Tensor:
        x = F.relu(self.reduce(image))
        # The original pads even kernels at the right and bottom only (SAME_UPPER); x >= 0, so 0 suits the max pool too.
        padded = F.pad(x, (0, 1, 0, 1))
        fine = F.relu(self.fine1(padded))
        fine = F.relu(self.fine2(F.pad(fine, (0, 1, 0, 1))))
        coarse = F.max_pool2d(padded, 2, stride=1)
        x = F.relu(self.merge(torch.cat([coarse, fine], dim=1)))
        return F.relu(self.expand(x))


class SqueezeExcite(nn.Module):
    """Scales each channel by what the mean of all channels says. [N, C, H, W] to the same shape."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(channels, channels // 4, 1)
        self.excite = nn.Conv2d(channels // 4, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean((2, 3), keepdim=True)
        return x * F.hardsigmoid(self.excite(F.relu(self.squeeze(mean))))


class Block(nn.Module):
    """Depthwise convolution, optional squeeze-excite, channel mixer; a residual around the mixer unless it strides."""

    def __init__(self, inputs: int, outputs: int, *, stride: tuple[int, int] = (1, 1), excite: bool = False) -> None:
        super().__init__()
        self.residual = stride == (1, 1)
        self.depthwise = nn.Conv2d(inputs, inputs, 3, stride=stride, padding=1, groups=inputs)
        self.excite = SqueezeExcite(inputs) if excite else nn.Identity()
        self.expand = nn.Conv2d(inputs, 2 * inputs, 1)
        self.project = nn.Conv2d(2 * inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.excite(self.depthwise(x))
        mixed: Tensor = self.project(F.gelu(self.expand(x)))
        return x + mixed if self.residual else mixed


class TextBackbone(nn.Module):
    """Stem and stages; modules stand in the order in which they run, which `load_from_onnx` relies on.

    The pretrained weights expect BGR scaled to [-1, 1], that is (x / 255 - 0.5) / 0.5, in both the recognition and the
    detection model; `load_from_onnx(..., rgb=True)` turns the first filter round for RGB.
    """

    def __init__(self, config: TextBackboneConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = Stem(config.stages[0].channels)
        self.stages = nn.ModuleList()
        inputs = config.stages[0].channels
        for stage in config.stages:
            self.stages.append(_stage(inputs, stage))
            inputs = stage.channels

    def forward(self, image: Tensor) -> list[Tensor]:
        """Image [N, 3, H, W] to one feature map per stage, finest first."""
        x = self.stem(image)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


def _stage(inputs: int, stage: StageConfig) -> nn.Sequential:
    blocks = [] if stage.stride is None else [Block(inputs, stage.channels, stride=stage.stride)]
    blocks += [Block(stage.channels, stage.channels, excite=excite) for excite in stage.excite]
    return nn.Sequential(*blocks)


def load_from_onnx(backbone: TextBackbone, path: Path, *, rgb: bool = False) -> None:
    """Copy the first convolutions of the ONNX graph at `path`, in order, into `backbone`.

    Args:
        backbone: of the preset that matches the file; further convolutions of the graph (neck and head) are ignored.
        path: RapidOCR's detection or recognition model.
        rgb: turn the first filter round, so that the backbone takes RGB where the file takes BGR.

    Raises:
        WeightsError: the file cannot be read or its convolutions have other shapes.
    """
    import onnx

    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # onnx raises protobuf's and its own exceptions, which share no public base class
        raise WeightsError(f"{path} cannot be read as ONNX: {error}") from error
    ours = [module for module in backbone.modules() if isinstance(module, nn.Conv2d)]
    theirs = _convolutions(graph)
    if len(theirs) < len(ours):
        raise WeightsError(f"{path} has {len(theirs)} convolutions, the backbone needs {len(ours)}")
    with torch.no_grad():
        for conv, (weight, bias) in zip(ours, theirs, strict=False):
            if conv.weight.shape != weight.shape or conv.bias is None or conv.bias.numel() != bias.size:
                raise WeightsError(
                    f"{path} is another network: {weight.shape} where {tuple(conv.weight.shape)} should be"
                )
            conv.weight.copy_(torch.from_numpy(weight.copy()))
            conv.bias.copy_(torch.from_numpy(bias.reshape(-1).copy()))
        if rgb:
            ours[0].weight.copy_(ours[0].weight.flip(1))


def _convolutions(graph: onnx.GraphProto) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights and biases of all convolutions with a bias, in graph order; the bias may be an Add that follows."""
    from onnx import numpy_helper

    constants = {tensor.name: tensor for tensor in graph.initializer}
    added = {name: node for node in graph.node if node.op_type == "Add" for name in node.input}
    found = []
    for node in graph.node:
        if node.op_type != "Conv":
            continue
        names = list(node.input[2:])
        if not names and node.output[0] in added:
            names = [name for name in added[node.output[0]].input if name in constants]
        if names:
            found.append((numpy_helper.to_array(constants[node.input[1]]), numpy_helper.to_array(constants[names[0]])))
    return found
