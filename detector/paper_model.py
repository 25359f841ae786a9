"""The network that finds the sheet of paper in a photo.

A small convolutional network of depthwise separable blocks (Howard et al. 2017, "MobileNets") with a feature pyramid
(Lin et al. 2017): for each cell of a grid whether it shows the sheet.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

CELL_PX = 4
"""Side of a cell of the mask, in pixels of what the network sees."""
CHANNELS = (16, 24, 48, 80, 128)
WIDTH = 32


class Block(nn.Module):
    """Depthwise 3x3, then a pointwise convolution; a residual where the shape stays."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.residual = stride == 1 and inputs == outputs
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
            nn.BatchNorm2d(inputs),
            nn.Conv2d(inputs, 2 * outputs, 1, bias=False),
            nn.BatchNorm2d(2 * outputs),
            nn.Hardswish(),
            nn.Conv2d(2 * outputs, outputs, 1, bias=False),
            nn.BatchNorm2d(outputs),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


class PaperNet(nn.Module):
    """Pictures [N, 3, S, S] (RGB, [0, 255], S a multiple of 32) to logits of the mask [N, S / 4, S / 4]."""

    def __init__(self) -> None:
        super().__init__()
        first, *rest = CHANNELS
        self.stem = nn.Sequential(nn.Conv2d(3, first, 3, 2, 1, bias=False), nn.BatchNorm2d(first), nn.Hardswish())
        stages = []
        inputs = first
        for outputs in rest:
            stages.append(nn.Sequential(Block(inputs, outputs, 2), Block(outputs, outputs)))
            inputs = outputs
        self.stages = nn.ModuleList(stages)
        self.lateral = nn.ModuleList(nn.Conv2d(channels, WIDTH, 1) for channels in rest)
        self.smooth = nn.ModuleList(Block(WIDTH, WIDTH) for _ in rest)
        self.mask = nn.Conv2d(WIDTH, 1, 1)

    def forward(self, pictures: Tensor) -> Tensor:
        x = self.stem(pictures / 127.5 - 1.0)
        maps = []
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        merged = self.lateral[-1](maps[-1])
        for lateral, smooth, finer in zip(
            reversed(self.lateral[:-1]), reversed(self.smooth[1:]), reversed(maps[:-1]), strict=True
        ):
            merged = lateral(finer) + F.interpolate(smooth(merged), scale_factor=2.0, mode="nearest")
        mask: Tensor = self.mask(self.smooth[0](merged))
        return mask[:, 0]
