"""The network as the graph that `detector.export` writes: what `detector.model.build` gives, with less work.

Made of the model's own weights. Torchvision decodes every anchor of a page and then keeps a few hundred; here a few
hundred are chosen first. It writes pooled proposals of each level back into their order, which nobody needs. And the
stem's channels are filled up to whole blocks of 16, in which ONNX Runtime keeps them between convolutions.

All products stay in single precision. With 8-bit integers in the backbone's channel mixers a page takes a tenth less
time, but one box in six moves by more than a pixel, as other proposals win.
"""

from __future__ import annotations

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.rpn import RegionProposalNetwork
from torchvision.ops import clip_boxes_to_image, nms, remove_small_boxes, roi_align
from torchvision.ops.poolers import LevelMapper

from detector.model import STRIDE
from scanpage.text_backbone import Stem

BLOCK = 16
"""Channels that a vector register holds (AVX-512); a whole number of 8, what AVX2 holds."""
COLOURS = 3
MIDDLE = 127.5
"""The grey that the network sees as 0; it sees black as -1 and white as 1."""


class PageGraph(nn.Module):
    """One page uint8 [H, W, 3] RGB to boxes [n, 4] xyxy in its pixels, labels [n] and scores [n], best first.

    Takes the model over: it is not to be used afterwards.
    """

    def __init__(self, model: FasterRCNN) -> None:
        super().__init__()
        self.pyramid = model.backbone
        self.pyramid.body.stem = StemGraph(self.pyramid.body.stem)
        # Only proposals read the finest level: what mixes its channels, place by place, can wait until they are pooled.
        self.pyramid.smooth[0], self.mix = self.pyramid.smooth[0]
        self.proposals = ProposalsGraph(model.rpn)
        self.heads = model.roi_heads

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        size = image.shape[:2]
        below, beside = (-size[0]) % STRIDE, (-size[1]) % STRIDE
        # One pixel more all round, which the first convolution would add.
        page = F.pad(image.permute(2, 0, 1)[None].float(), (1, beside + 1, 1, below + 1), value=MIDDLE)
        levels = list(self.pyramid(page).values())
        proposals, pooled = self._pool(levels, self.proposals(levels, size))
        logits, offsets = self.heads.box_predictor(self.heads.box_head(pooled))
        boxes, scores, labels = self.heads.postprocess_detections(logits, offsets, [proposals], [size])
        return boxes[0], labels[0], scores[0]

    def _pool(self, levels: list[Tensor], proposals: Tensor) -> tuple[Tensor, Tensor]:
        """Proposals [n, 4], those of the finest level first, and their features [n, C, h, w]."""
        pool = self.heads.box_roi_pool
        wanted = LevelMapper(2, 1 + len(levels))([proposals])
        chosen, pooled = [], []
        for k, features in enumerate(levels):
            of_level = proposals[torch.where(wanted == k)[0]]
            chosen.append(of_level)
            rois = F.pad(of_level, (1, 0))  # the first column is the page's number
            features = roi_align(features, rois, pool.output_size, 0.25 / 2**k, pool.sampling_ratio)
            pooled.append(features if k else self.mix(features))
        return torch.cat(chosen), torch.cat(pooled)


class StemGraph(nn.Module):
    """`scanpage.text_backbone.Stem` for pages of [0, 255] with a margin of one pixel, its channels in whole blocks."""

    def __init__(self, original: Stem) -> None:
        super().__init__()
        coarse, fine = original.merge.weight.split(original.reduce.out_channels, 1)
        bias = original.reduce.bias - original.reduce.weight.sum((1, 2, 3))
        self.reduce = _filled(original.reduce.weight / MIDDLE, bias, stride=2)
        self.fine1 = _filled(original.fine1.weight, original.fine1.bias, padding="same")
        self.fine2 = _filled(original.fine2.weight, original.fine2.bias, padding="same")
        self.merge_coarse = _filled(coarse, original.merge.bias, stride=2, padding=1)
        self.merge_fine = _filled(fine, None, stride=2, padding=1)
        self.expand = _filled(original.expand.weight, original.expand.bias)

    def forward(self, page: Tensor) -> Tensor:
        x = F.relu(self.reduce(page))
        fine = F.relu(self.fine2(F.relu(self.fine1(x))))
        x = F.relu(self.merge_coarse(_PoolToCorner.apply(x)) + self.merge_fine(fine))
        return F.relu(self.expand(x))


def _filled(weight: Tensor, bias: Tensor | None, **settings: object) -> nn.Conv2d:
    """A convolution [outputs, inputs, h, w] with further channels of zeros; the three colours stay three."""
    outputs, inputs = weight.shape[:2]
    more_in = 0 if inputs == COLOURS else -inputs % BLOCK
    weight = F.pad(weight, (0, 0, 0, 0, 0, more_in, 0, -outputs % BLOCK))
    filled = nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[2:], bias=bias is not None, **settings)
    filled.weight = nn.Parameter(weight)
    if bias is not None:
        filled.bias = nn.Parameter(F.pad(bias, (0, -outputs % BLOCK)))
    return filled


class _PoolToCorner(torch.autograd.Function):
    """Maximum over 2 x 2 with stride 1, padded below and at the right only, for which torch has no single node."""

    @staticmethod
    def forward(ctx: object, x: Tensor) -> Tensor:
        del ctx
        return F.max_pool2d(F.pad(x, (0, 1, 0, 1)), 2, stride=1)

    @staticmethod
    def symbolic(g: Any, x: Any) -> Any:
        return g.op("MaxPool", x, kernel_shape_i=[2, 2], pads_i=[0, 0, 1, 1], strides_i=[1, 1])


class ProposalsGraph(nn.Module):
    """Feature maps to proposals [n, 4] xyxy, best first, as torchvision's `RegionProposalNetwork` makes them; n > 0."""

    def __init__(self, rpn: RegionProposalNetwork) -> None:
        super().__init__()
        self.head, self.coder = rpn.head, rpn.box_coder
        self.anchors = rpn.anchor_generator.cell_anchors
        self.most_per_level, self.most = rpn.pre_nms_top_n(), rpn.post_nms_top_n()
        self.nms_iou, self.smallest = rpn.nms_thresh, rpn.min_size
        self.least = math.log(rpn.score_thresh / (1 - rpn.score_thresh))  # of scores before the sigmoid

    def forward(self, levels: list[Tensor], size: tuple[int, int]) -> Tensor:
        best = [self._best(k, *maps) for k, maps in enumerate(zip(*self.head(levels), strict=True))]
        boxes, scores = torch.cat([boxes for boxes, _ in best]), torch.cat([scores for _, scores in best])
        # Far apart, the levels do not suppress each other.
        apart = torch.cat([torch.full_like(scores, k) for k, (_, scores) in enumerate(best)]) * (size[0] + size[1])
        boxes = clip_boxes_to_image(boxes, size)
        kept = remove_small_boxes(boxes, self.smallest)
        kept = kept[scores[kept] >= self.least]
        boxes, scores, apart = boxes[kept], scores[kept], apart[kept]
        boxes = boxes[nms(boxes + apart[:, None], scores, self.nms_iou)[: self.most]]
        # And an empty one, which gives no detection: on a blank page there may be no other, and what follows needs one.
        return F.pad(boxes, (0, 0, 0, 1))

    def _best(self, level: int, objectness: Tensor, offsets: Tensor) -> tuple[Tensor, Tensor]:
        """The best boxes [n, 4] of a level and their scores [n]; takes [1, A, h, w] and [1, 4 A, h, w]."""
        anchors = self.anchors[level]
        height, width = objectness.shape[2:]
        scores = objectness.flatten()
        scores, places = scores.topk(
            torch.clamp(torch.as_tensor(height * width * len(anchors)), max=self.most_per_level)
        )
        of_anchor, place = places // (height * width), places % (height * width)
        corner = torch.stack([place % width, place // width] * 2, 1) * (8 * 2**level)
        offsets = offsets.view(len(anchors), 4, -1).permute(0, 2, 1).reshape(-1, 4)[places]
        return self.coder.decode_single(offsets, anchors[of_anchor] + corner), scores
