"""What a detector is: the settings that decide the network's shape and how pages are shown to it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

import numpy as np

from scanpage.errors import WeightsError
from scanpage.region import RegionKind


@dataclass(frozen=True, slots=True)
class DetectorConfig:
    """A detector's settings, saved as `config.json` beside its weights.

    Attributes:
        text_height_px: pages are resized so that what is written on them (`detector.text_height`) gets this height.
        long_side_px: least and greatest long side that they are resized to; the greatest bounds time and memory.
        max_upscale: small images are enlarged at most this much, lest a crop of one formula become a poster.
        channels: channels of the feature pyramid.
        roi_size: (height, width) of the grid that each proposal is pooled to; wide, as formulas are.
        head_width: width of the two hidden layers that judge a proposal.
        anchor_sizes_px: for each pyramid level that proposes (strides 8, 16, 32), the anchors' square roots of area.
        anchor_ratios: height over width of the anchors.
        min_score: detections below this score are not reported by default; chosen on validation pages.
        max_regions: at most so many regions a page.
        calibration: for each kind, the weights of the network's log odds, of one, and of a region's company, that make
            the log odds of being right (`detector.predict.calibrated`).
    """

    text_height_px: float = 12.0
    long_side_px: tuple[int, int] = (896, 1632)
    max_upscale: float = 2.0
    channels: int = 96
    roi_size: tuple[int, int] = (5, 9)
    head_width: int = 256
    anchor_sizes_px: tuple[tuple[float, ...], ...] = ((13.0,), (40.0,), (112.0,))
    anchor_ratios: tuple[float, ...] = (0.15, 0.5, 1.2)
    min_score: float = 0.5
    max_regions: int = 200
    calibration: tuple[tuple[float, float, float], ...] = ((1.0, 0.0, 0.0), (1.0, 0.0, 0.0))

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def to_json(self) -> str:
        return json.dumps(self.to_dict(), indent=2) + "\n"

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The config that `to_dict` gave, perhaps by way of JSON.

        Raises:
            WeightsError: a setting is unknown, or of the wrong form.
        """
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise WeightsError(
                f"the detector's config.json has unknown settings {sorted(unknown)}: export the model again"
            )
        if isinstance(side := values.get("long_side_px"), int):  # models of before saw all pages at one size
            values = values | {"long_side_px": [side, side]}
        try:
            config = cls(**{name: _frozen(value) for name, value in values.items()})
            weights = np.array(config.calibration, np.float64)
        except (TypeError, ValueError) as error:
            raise WeightsError(f"the detector's config.json does not fit this version: {error}") from error
        if weights.shape == (len(RegionKind), 2):  # models of before know nothing of company
            weights = np.pad(weights, ((0, 0), (0, 1)))
        if weights.shape != (len(RegionKind), 3) or not np.isfinite(weights).all():
            raise WeightsError("the detector's config.json needs three numbers for each kind as `calibration`")
        return replace(config, calibration=_frozen(weights.tolist()))


def _frozen(value: Any) -> Any:
    return tuple(_frozen(v) for v in value) if isinstance(value, list | tuple) else value
