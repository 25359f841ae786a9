"""InkML as the CROHME competitions write it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from scanpage.errors import InputError
from synth.pen import Ink, Stroke

_INKML = "{http://www.w3.org/2003/InkML}"


def read_inkml(path: Path) -> Ink:
    """One InkML file as CROHME writes them: `trace`s, the truth as annotation, symbols as nested `traceGroup`s.

    Raises:
        InputError: the file is missing or not such InkML.
    """
    try:
        root = ElementTree.parse(path).getroot()
        traces = {str(t.get("id")): _trace(t.text or "") for t in _all(root, "trace")}
        order = {name: i for i, name in enumerate(traces)}
        notes = {str(a.get("type")): (a.text or "").strip() for a in _children(root, "annotation")}
        symbols = [_symbol(group, order) for group in _all(root, "traceGroup")]
    except (OSError, ElementTree.ParseError, ValueError, KeyError) as error:
        raise InputError(f"cannot read {path}: {error}; expected InkML with traces") from error
    label = notes.get("truth", "").strip("$ ")
    found = tuple(symbol for symbol in symbols if symbol is not None)
    return Ink(notes.get("UI") or path.stem, label, tuple(traces.values()), found)


def _all(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    """Descendants of a name, with or without InkML's namespace."""
    return [e for e in element.iter() if e.tag in (name, _INKML + name)]


def _children(element: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [e for e in element if e.tag in (name, _INKML + name)]


def _trace(text: str) -> Stroke:
    """Points from `x y[ more], x y[ more], …`."""
    points = [point.split()[:2] for point in text.strip().strip(",").split(",") if point.strip()]
    stroke = np.array(points, dtype=np.float32).reshape(-1, 2)
    if not len(stroke):
        raise ValueError("a trace without points")
    return stroke


def _symbol(group: ElementTree.Element, order: Mapping[str, int]) -> tuple[str, tuple[int, ...]] | None:
    """Label and strokes of a trace group that holds strokes itself; None for a group of groups."""
    indices = tuple(order[str(view.get("traceDataRef"))] for view in _children(group, "traceView"))
    label = next((a.text or "" for a in _children(group, "annotation") if a.get("type") == "truth"), "")
    return (label.strip("$ "), indices) if indices else None
