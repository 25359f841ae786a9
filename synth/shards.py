"""Many layouts as one value of few arrays, and the file of it: compact, and painted anywhere.

A file is a NumPy archive of columns, without pickles: one row a glyph, one a rule, one a formula, and the outlines of
all glyphs used. Positions are stored as differences within a formula, which compress well.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, islice, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from scanpage.errors import InputError
from scanpage.files import atomic_path
from scanpage.geometry import Box
from synth.layout import Glyph, Layout, Rule, Shape, Typesetting

VERSION = 2
STEP = 1000
"""Positions are whole numbers of 1 / STEP em: a thirtieth of a pixel at 30 px per em."""
READABLE = (1, VERSION)
"""Version 1 lacked the sources and how they were set."""

Array = npt.NDArray[Any]
Columns = dict[str, Array]

# LaTeX may hold line breaks.
_BETWEEN_SOURCES = "\0"


@dataclass(frozen=True)
class Shard:
    """Layouts as columns.

    Attributes:
        latex, sources, typesettings: of each layout; see `Layout`.
        glyph_counts, rule_counts: int32 [layouts].
        glyphs: int32 [glyphs, 4]: index into `shapes`, x and y as steps from the glyph before (the first from the
            origin), size; in 1 / STEP em.
        rules: int32 [rules, 4]: x0, y0, x1, y1, in 1 / STEP em.
        shapes: the outlines that occur.
        notes: what else is to be kept, as JSON has it.
    """

    latex: Sequence[str]
    sources: Sequence[str]
    typesettings: Sequence[Typesetting | None]
    glyph_counts: npt.NDArray[np.int32]
    rule_counts: npt.NDArray[np.int32]
    glyphs: npt.NDArray[np.int32]
    rules: npt.NDArray[np.int32]
    shapes: Sequence[Shape]
    notes: Mapping[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.latex)

    @staticmethod
    def of(layouts: Iterable[Layout]) -> Shard:
        """Packs layouts; positions are rounded to 1 / STEP em."""
        kept = list(layouts)
        shapes: dict[Shape, int] = {}
        rows = [(shapes.setdefault(g.shape, len(shapes)), g.x, g.y, g.size) for it in kept for g in it.glyphs]
        boxes = [rule.box.xyxy for it in kept for rule in it.rules]
        glyph_counts = np.array([len(it.glyphs) for it in kept], dtype=np.int32)
        table = np.array(rows, dtype=np.float64).reshape(-1, 4)
        glyphs = np.round(table * [1, STEP, STEP, STEP]).astype(np.int32)
        glyphs[:, 1:3] = _steps(glyphs[:, 1:3], glyph_counts)
        return Shard(
            latex=[it.latex for it in kept],
            sources=[it.source for it in kept],
            typesettings=[it.typesetting for it in kept],
            glyph_counts=glyph_counts,
            rule_counts=np.array([len(it.rules) for it in kept], dtype=np.int32),
            glyphs=glyphs,
            rules=np.round(np.array(boxes, dtype=np.float64).reshape(-1, 4) * STEP).astype(np.int32),
            shapes=list(shapes),
        )

    def select(self, chosen: Sequence[int]) -> Shard:
        """The layouts at these places, which ascend, without notes."""
        keep = np.zeros(len(self), dtype=bool)
        keep[list(chosen)] = True
        return Shard(
            latex=[self.latex[i] for i in chosen],
            sources=[self.sources[i] for i in chosen],
            typesettings=[self.typesettings[i] for i in chosen],
            glyph_counts=self.glyph_counts[keep],
            rule_counts=self.rule_counts[keep],
            glyphs=self.glyphs[np.repeat(keep, self.glyph_counts)],
            rules=self.rules[np.repeat(keep, self.rule_counts)],
            shapes=self.shapes,
        )

    @staticmethod
    def joined(shards: Sequence[Shard]) -> Shard:
        """One after the other, without notes; only the outlines that occur stay."""
        shapes: dict[Shape, int] = {}
        tables = []
        for shard in shards:
            used = np.unique(shard.glyphs[:, 0])
            renumbered = np.zeros(len(shard.shapes), dtype=np.int32)
            renumbered[used] = [shapes.setdefault(shard.shapes[i], len(shapes)) for i in used.tolist()]
            tables.append(np.column_stack([renumbered[shard.glyphs[:, 0]], shard.glyphs[:, 1:]]))
        empty = Shard.of([])
        every = [empty, *shards]
        return Shard(
            latex=[text for shard in shards for text in shard.latex],
            sources=[text for shard in shards for text in shard.sources],
            typesettings=[how for shard in shards for how in shard.typesettings],
            glyph_counts=np.concatenate([shard.glyph_counts for shard in every]),
            rule_counts=np.concatenate([shard.rule_counts for shard in every]),
            glyphs=np.concatenate([empty.glyphs, *tables]),
            rules=np.concatenate([shard.rules for shard in every]),
            shapes=list(shapes),
        )

    def layout(self, index: int, glyphs: slice, rules: slice) -> Layout:
        """Layout `index`, whose glyphs and rules are at these rows."""
        table = self.glyphs[glyphs]
        columns = [*np.cumsum(table[:, 1:3], axis=0).T, table[:, 3]]
        places = zip(table[:, 0].tolist(), *((column / STEP).tolist() for column in columns), strict=True)
        return Layout(
            self.latex[index],
            tuple(Glyph(self.shapes[shape], x, y, size) for shape, x, y, size in places),
            tuple(Rule(Box(*row)) for row in (self.rules[rules] / STEP).tolist()),
            self.sources[index],
            self.typesettings[index],
        )


def _steps(places: npt.NDArray[np.int32], counts: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Differences along rows [n, 2] that start anew with each of the groups of `counts` rows."""
    before = np.roll(places, 1, axis=0)
    before[(np.cumsum(counts) - counts)[counts > 0]] = 0
    return places - before


def write_shard(path: Path, shard: Shard) -> None:
    """Writes a file of layouts; the same layouts make the same bytes. Raises `OutputError`."""
    # bzip2 makes it a fifth smaller than deflate, in the same time.
    with atomic_path(path) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_BZIP2) as archive:
        for name, column in _columns(shard).items():
            entry = zipfile.ZipInfo(f"{name}.npy")  # without the time of day
            entry.compress_type = archive.compression
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, np.ascontiguousarray(column), allow_pickle=False)


def read_shard(path: Path) -> Shard:
    """Reads a file that `write_shard` wrote, or version 1 of it.

    Raises:
        InputError: the file is missing, damaged, or of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            columns = {name: archive[name] for name in archive.files}
        version = int(columns["version"][0])
        if version in READABLE:
            return _shard(columns)
    except OSError as error:
        raise InputError(f"cannot read layouts from {path}: {error.strerror or error}") from error
    except (ValueError, LookupError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"{path} is damaged, or no file of layouts; write the file again") from error
    raise InputError(f"{path} holds layouts of version {version}, not {VERSION}; write the file again")


def _columns(shard: Shard) -> Columns:
    settings = list(dict.fromkeys(shard.typesettings))
    shapes = shard.shapes
    contours = [c for shape in shapes for c in shape.contours]
    points = np.concatenate([np.zeros((0, 2), np.int16), *contours])
    before = _before(shard.glyphs[:, 0], shard.glyphs[:, 3], shard.glyph_counts)
    advances = _usual(shard.glyphs[:, 1], before)
    return {
        "version": np.array([VERSION]),
        "latex": _packed("\n".join(shard.latex)),
        "sources": _packed(_BETWEEN_SOURCES.join(shard.sources)),
        "typesetting": _small(np.array([settings.index(how) for how in shard.typesettings], dtype=np.int32)),
        "typesettings": _packed(json.dumps([how and [how.family, how.display] for how in settings])),
        "glyph_counts": _small(shard.glyph_counts),
        "rule_counts": _small(shard.rule_counts),
        "shape": _small(shard.glyphs[:, 0]),
        "size": _small(shard.glyphs[:, 3]),
        "advances": _small(advances),
        "dx": _small(shard.glyphs[:, 1] - advances[before]),
        "dy": _small(shard.glyphs[:, 2]),
        "rules": _small(shard.rules),
        "shape_names": _packed("\n".join(f"{s.font}\t{s.name}" for s in shapes)),
        "shape_contours": _small(np.array([len(s.contours) for s in shapes], dtype=np.int32)),
        "contour_points": _small(np.array([len(c) for c in contours], dtype=np.int32)),
        # Steps compress better than places; overflow comes round again when they are added up.
        "points": np.diff(points, axis=0, prepend=points[:1] * 0).T,
        "notes": _packed(json.dumps(shard.notes, sort_keys=True)),
    }


def _shard(columns: Columns) -> Shard:
    version = int(columns["version"][0])
    latex = _text(columns["latex"]).split("\n") if len(columns["glyph_counts"]) else []
    counts = columns["glyph_counts"].astype(np.int32)
    glyphs = np.column_stack([columns[name].astype(np.int32) for name in ("shape", "dx", "dy", "size")])
    points = columns["points"]
    if version > 1:
        glyphs[:, 1] += columns["advances"].astype(np.int32)[_before(glyphs[:, 0], glyphs[:, 3], counts)]
        points = np.cumsum(points.T, axis=0, dtype=np.int16)
    shard = Shard(
        latex=latex,
        sources=[""] * len(latex),
        typesettings=[None] * len(latex),
        glyph_counts=counts,
        rule_counts=columns["rule_counts"].astype(np.int32),
        glyphs=glyphs,
        rules=columns["rules"].astype(np.int32).reshape(-1, 4),
        shapes=_shapes(columns, points),
    )
    if version > 1:
        settings = [how and Typesetting(*how) for how in json.loads(_text(columns["typesettings"]))]
        shard = replace(
            shard,
            sources=_text(columns["sources"]).split(_BETWEEN_SOURCES) if latex else [],
            typesettings=[settings[i] for i in columns["typesetting"].tolist()],
            notes=json.loads(_text(columns["notes"])),
        )
    _check(shard)
    return shard


def _before(shapes: Array, sizes: Array, counts: npt.NDArray[np.int32]) -> npt.NDArray[np.intp]:
    """For each glyph, which kind of glyph (shape and size, numbered from 0) stands before it in its formula, if any.

    Mostly that tells how far it stands from there, so only the difference from the usual step needs to be stored.
    """
    kinds = shapes.astype(np.int64) * (1 << 32) + sizes.astype(np.int64)
    kinds = np.roll(kinds, 1)
    kinds[(np.cumsum(counts) - counts)[counts > 0]] = -1
    return np.unique(kinds, return_inverse=True)[1].reshape(-1)


def _usual(values: npt.NDArray[np.int32], groups: npt.NDArray[np.intp]) -> npt.NDArray[np.int32]:
    """The most frequent value of each group, int32 [groups]."""
    order = np.lexsort((values, groups))
    group, value = groups[order], values[order]
    starts = np.flatnonzero(np.diff(group, prepend=-1).astype(bool) | np.diff(value, prepend=0).astype(bool))
    lengths = np.diff(starts, append=len(order))
    usual = np.zeros(int(groups.max(initial=-1)) + 1, dtype=np.int32)
    rising = np.lexsort((lengths, group[starts]))  # the longest run of a group is written last, and stays
    usual[group[starts][rising]] = value[starts][rising]
    return usual


def _check(shard: Shard) -> None:
    """Raises `ValueError` if columns are not as long as one another."""
    lengths = {len(shard.latex), len(shard.sources), len(shard.typesettings), len(shard.glyph_counts)}
    rows = (len(shard.glyphs), len(shard.rules))
    if len(lengths) > 1 or rows != (int(shard.glyph_counts.sum()), int(shard.rule_counts.sum())):
        raise ValueError("its columns do not fit together")


def _shapes(columns: Columns, points: Array) -> list[Shape]:
    names = _text(columns["shape_names"]).split("\n")
    ends = accumulate(columns["contour_points"].tolist(), initial=0)
    contours = iter([points[a:b] for a, b in pairwise(ends)])
    shapes = []
    for name, count in zip(names, columns["shape_contours"].tolist(), strict=False):
        font, _, glyph = name.partition("\t")
        shapes.append(Shape(font, glyph, tuple(islice(contours, count))))
    return shapes


def _packed(text: str) -> Array:
    return np.frombuffer(text.encode("utf-8"), dtype=np.uint8)


def _text(column: Array) -> str:
    return column.tobytes().decode("utf-8")


def _small(column: Array) -> Array:
    """The same whole numbers in as few bytes each as hold them."""
    if column.size == 0:
        return column.astype(np.int8)
    return column.astype(np.promote_types(np.min_scalar_type(column.min()), np.min_scalar_type(column.max())))
