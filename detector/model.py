"""The network: torchvision's Faster R-CNN (Ren et al. 2015), a feature pyramid (Lin et al. 2017) over text features.

Two things differ from torchvision's own builders, both for small things on large pages at little cost: the pyramid and
the proposal head use depthwise separable convolutions, and the finest level (stride 4) only serves to judge and refine
proposals, it makes none.
"""

from __future__ import annotations

from typing import Self

import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models.detection import FasterRCNN
from torchvision.models.detection.anchor_utils import AnchorGenerator
from torchvision.models.detection.faster_rcnn import TwoMLPHead
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.transform import GeneralizedRCNNTransform
from torchvision.ops import MultiScaleRoIAlign

from detector.config import DetectorConfig
from scanpage.rapidocr_models import model_path
from scanpage.region import RegionKind
from scanpage.text_backbone import DETECTION, TextBackbone, load_from_onnx

CLASSES = 1 + len(RegionKind)  # class 0 is background
STRIDE = 32  # of the coarsest features; images are padded to multiples of it
LOWEST_SCORE = 0.05  # below this a detection is not even listed
LEAST_OBJECTNESS = 0.3  # pooling less likely proposals takes an eighth of a page's time and finds nothing more


class SeparableConv(nn.Sequential):
    """Depthwise 3x3, then pointwise: a ninth of a full convolution's work."""

    def __init__(self, channels: int) -> None:
        super().__init__(
            nn.Conv2d(channels, channels, 3, padding=1, groups=channels),
            nn.Conv2d(channels, channels, 1),
        )


class Pyramid(nn.Module):
    """Page [N, 3, H, W] to feature maps "0" to "3" of strides 4, 8, 16, 32, each with context from the coarser ones."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.out_channels = channels  # torchvision asks for this attribute
        self.body = TextBackbone(DETECTION)
        self.lateral = nn.ModuleList(nn.Conv2d(inputs, channels, 1) for inputs in DETECTION.channels)
        self.smooth = nn.ModuleList(SeparableConv(channels) for _ in DETECTION.channels)

    def forward(self, pages: Tensor) -> dict[str, Tensor]:
        laterals = [layer(x) for layer, x in zip(self.lateral, self.body(pages), strict=True)]
        merged = [laterals.pop()]
        for lateral in reversed(laterals):
            merged.insert(0, lateral + F.interpolate(merged[0], scale_factor=2.0, mode="nearest"))
        return {str(level): layer(x) for level, (layer, x) in enumerate(zip(self.smooth, merged, strict=True))}


class ProposalHead(nn.Module):
    """Objectness and box offsets at each place of all levels but the finest."""

    def __init__(self, channels: int, anchors: int) -> None:
        super().__init__()
        self.mix = SeparableConv(channels)
        self.objectness = nn.Conv2d(channels, anchors, 1)
        self.offsets = nn.Conv2d(channels, 4 * anchors, 1)
        for layer in (self.objectness, self.offsets):
            nn.init.normal_(layer.weight, std=0.01)
            nn.init.zeros_(layer.bias)

    def forward(self, features: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        mixed = [F.relu(self.mix(x)) for x in features[1:]]
        # Losses and box arithmetic need full precision, also when the network runs in bfloat16.
        return [self.objectness(x).float() for x in mixed], [self.offsets(x).float() for x in mixed]


class CoarseAnchors(AnchorGenerator):
    """Anchors on all levels but the finest, as `ProposalHead` wants them."""

    def forward(self, image_list: ImageList, feature_maps: list[Tensor]) -> list[Tensor]:
        anchors: list[Tensor] = super().forward(image_list, feature_maps[1:])
        return anchors


class PageTransform(GeneralizedRCNNTransform):
    """Normalises and pads; pages come in their final size, since shrinking text wants area averaging (`resize.py`)."""

    def resize(self, image: Tensor, target: dict[str, Tensor] | None = None) -> tuple[Tensor, dict[str, Tensor] | None]:
        return image, target


class PageRCNN(FasterRCNN):
    """Leaves unlikely proposals out, but not in training: its second stage must learn what is no formula."""

    def train(self, mode: bool = True) -> Self:
        self.rpn.score_thresh = 0.0 if mode else LEAST_OBJECTNESS
        super().train(mode)
        return self


def build(config: DetectorConfig) -> FasterRCNN:
    """The network of `config` with random weights.

    In training mode it maps pages (list of float tensors [3, H, W] in [0, 1], RGB) and targets (dicts of `boxes`
    [n, 4] xyxy in pixels and `labels` [n], `RegionKind.coco_id`) to a dict of losses; in evaluation mode pages to
    dicts of `boxes`, `labels` and `scores`, best first.
    """
    anchors = CoarseAnchors(config.anchor_sizes_px, (config.anchor_ratios,) * len(config.anchor_sizes_px))
    height, width = config.roi_size
    model = PageRCNN(
        Pyramid(config.channels),
        rpn_anchor_generator=anchors,
        rpn_head=ProposalHead(config.channels, anchors.num_anchors_per_location()[0]),
        # Small boxes seldom reach torchvision's 0.7 with any anchor.
        rpn_fg_iou_thresh=0.6,
        rpn_pre_nms_top_n_train=1000,
        rpn_post_nms_top_n_train=500,
        rpn_pre_nms_top_n_test=800,
        rpn_post_nms_top_n_test=400,
        box_roi_pool=MultiScaleRoIAlign(["0", "1", "2", "3"], config.roi_size, sampling_ratio=2),
        box_head=TwoMLPHead(config.channels * height * width, config.head_width),
        box_predictor=_Predictor(config.head_width),
        # Pooling proposals and its gradient are a third of a training step; a window holds some twenty formulas.
        box_batch_size_per_image=128,
        box_positive_fraction=0.33,
        box_score_thresh=LOWEST_SCORE,
        box_detections_per_img=config.max_regions,
    )
    greatest = config.long_side_px[1]
    model.transform = PageTransform(greatest, greatest, [0.5] * 3, [0.5] * 3, size_divisible=STRIDE)
    return model


class _Predictor(nn.Module):
    """Class logits and per-class box offsets of the pooled proposals [n, width], in full precision."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.logits = nn.Linear(width, CLASSES)
        self.offsets = nn.Linear(width, 4 * CLASSES)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.logits(x).float(), self.offsets(x).float()


def warm_start(model: FasterRCNN) -> None:
    """Load RapidOCR's text detection backbone. Raises `WeightsError`."""
    load_from_onnx(model.backbone.body, model_path("det"), rgb=True)
