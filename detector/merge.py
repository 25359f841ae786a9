"""Doubled detections made one: the network judges both kinds apart, a page holds each formula once."""

from __future__ import annotations

from collections.abc import Iterable

from scanpage.region import Region

# A region lies inside another if this share of it does.
NESTED = 0.7
# Two regions are the same formula from this IoU on.
SAME = 0.5
# A box around others takes their place if its score is at least this share of the best of theirs.
TRUSTED = 0.6


def merge(regions: Iterable[Region]) -> list[Region]:
    """Of regions that overlap as the same formula or lie inside each other, keep one; best score first.

    A part of a formula that was found in whole is dropped. A box around better ones replaces them only if it is
    nearly as sure as they are: then it is the formula and they are its parts, else it is a mistaken paragraph.
    """
    kept: list[Region] = []
    for region in sorted(regions, key=lambda r: -r.score):
        rivals = [other for other in kept if _clash(region, other)]
        inside = [other for other in rivals if other.box.area < region.box.area and not _same(region, other)]
        if len(inside) < len(rivals) or (rivals and region.score < TRUSTED * max(r.score for r in rivals)):
            continue
        kept = [other for other in kept if other not in inside]
        kept.append(region)
    return sorted(kept, key=lambda r: -r.score)


def _same(a: Region, b: Region) -> bool:
    return a.box.iou(b.box) >= SAME


def _clash(a: Region, b: Region) -> bool:
    smaller = min(a.box.area, b.box.area)
    shared = a.box.intersection(b.box)
    return shared > 0 and (shared >= NESTED * smaller or _same(a, b))
