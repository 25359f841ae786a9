"""InkML as the CROHME competitions and MathWriting write it.

CROHME: the truth is an annotation `truth`, symbols are nested `traceGroup`s that refer to traces. MathWriting (Google,
2024): `normalizedLabel` is the truth (`label` before normalisation; alone for the single glyphs of its folder
`symbols`), and there is no segmentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from scanpage.errors import InputError
from synth.pen import Ink, Stroke

_INKML = "{http://www.w3.org/2003/InkML}"
_LABELS = ("truth", "normalizedLabel", "label")
_NAMES = ("UI", "sampleId")


class _NoDoctype(ElementTree.TreeBuilder):
    """Refuses document types: InkML needs none, and the entities that they declare can grow without bound."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ValueError(f"it declares the document type {name}")


def read_inkml(path: Path) -> Ink:
    """One InkML file.

    Raises:
        InputError: the file is missing or not such InkML.
    """
    try:
        root = ElementTree.parse(path, ElementTree.XMLParser(target=_NoDoctype())).getroot()
        axes = _axes(root)
        traces = {str(t.get("id", f"#{i}")): _trace(t.text or "", axes) for i, t in enumerate(_all(root, "trace"))}
        if not traces:
            raise ValueError("no traces")
        order = {name: i for i, name in enumerate(traces)}
        symbols = [_symbol(group, order) for group in _all(root, "traceGroup")]
    except (OSError, ElementTree.ParseError, ValueError, KeyError) as error:
        raise InputError(f"cannot read {path}: {error}; expected InkML with traces") from error
    notes = {str(a.get("type")): (a.text or "").strip() for a in _children(root, "annotation")}
    label = next((notes[name] for name in _LABELS if notes.get(name)), "").strip("$ ")
    found = tuple(symbol for symbol in symbols if symbol is not None)
    if notes.get("splitTagOriginal") == "symbols":
        found = ((label, tuple(range(len(traces)))),)
    name = next((notes[name] for name in _NAMES if notes.get(name)), path.stem)
    return Ink(name, label, tuple(traces.values()), found)


def _all(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """Descendants of a name, with or without InkML's namespace."""
    return [e for e in element.iter() if e.tag in (name, _INKML + name)]


def _children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [e for e in element if e.tag in (name, _INKML + name)]


def _axes(root: ElementTree.Element) -> tuple[int, int]:
    """Which numbers of a point are x and y: the first two, unless a trace format says otherwise."""
    channels = [str(channel.get("name")).upper() for channel in _all(root, "channel")]
    return (channels.index("X"), channels.index("Y")) if {"X", "Y"} <= set(channels) else (0, 1)


def _trace(text: str, axes: tuple[int, int]) -> Stroke:
    """Points from `x y[ more], x y[ more], …`."""
    points = [point.split() for point in text.strip().strip(",").split(",") if point.strip()]
    if not points:
        raise ValueError("a trace without points")
    if any(len(point) <= max(axes) for point in points):
        raise ValueError("a point of a trace lacks a coordinate")
    stroke = np.array([[point[axis] for axis in axes] for point in points], dtype=np.float32)
    if not np.isfinite(stroke).all():
        raise ValueError("a point of a trace is not finite")
    return stroke


def _symbol(group: ElementTree.Element, order: Mapping[str, int]) -> tuple[str, tuple[int, ...]] | None:
    """Label and strokes of a trace group that holds strokes itself; None for a group of groups."""
    references = [str(view.get("traceDataRef", "")).lstrip("#") for view in _children(group, "traceView")]
    missing = [reference for reference in references if reference not in order]
    if missing:
        raise ValueError(f"a symbol refers to the trace {missing[0]!r}, which is not there")
    label = next((a.text or "" for a in _children(group, "annotation") if a.get("type") == "truth"), "")
    return (label.strip("$ "), tuple(order[reference] for reference in references)) if references else None
