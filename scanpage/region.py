"""What a detector says of a page: where the formulas stand."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from scanpage.geometry import Box


class RegionKind(Enum):
    """The two kinds of formula regions; `coco_id` is their category in COCO files and in the detector's head."""

    ISOLATED = "isolated"
    INLINE = "inline"

    @property
    def coco_id(self) -> int:
        return 1 if self is RegionKind.ISOLATED else 2

    @staticmethod
    def from_coco_id(coco_id: int) -> RegionKind:
        for kind in RegionKind:
            if kind.coco_id == coco_id:
                return kind
        raise ValueError(f"no region kind has COCO category {coco_id}; 1 is isolated, 2 is inline")


@dataclass(frozen=True, slots=True)
class Region:
    """A formula's place on a page, in page pixels, with the detector's score in [0, 1]."""

    box: Box
    kind: RegionKind
    score: float = 1.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"score must lie in [0, 1], got {self.score}")
