"""Layouts on disk: many formulas in one compact file that can be painted anywhere.

The file is a NumPy archive of columns, without pickles: one row a glyph, one a rule, one a formula, and the outlines of
all glyphs used. Positions are stored as differences within a formula, which compress well.
"""

from __future__ import annotations

import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from scanpage.errors import InputError
from scanpage.files import atomic_path
from scanpage.geometry import Box
from scanpage.latex import Refusal, normalise
from synth.faithful import prints_in, source_of
from synth.layout import Failure, Glyph, Layout, Rule, Shape
from synth.typeset import FontFamily, typeset

VERSION = 1
STEP = 1000
"""Positions are whole numbers of 1 / STEP em: a thirtieth of a pixel at 30 px per em."""

Columns = dict[str, npt.NDArray[Any]]


class LayoutCorpus(Sequence[Layout]):
    """The layouts of a file, each made when it is asked for."""

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self._shapes = _unpack_shapes(columns)
        self._latex: list[str] = bytes(columns["latex"]).decode("utf-8").split("\n")
        self._glyph_ends = np.concatenate([[0], np.cumsum(columns["glyph_counts"])])
        self._rule_ends = np.concatenate([[0], np.cumsum(columns["rule_counts"])])

    def __len__(self) -> int:
        return len(self._columns["glyph_counts"])

    @overload
    def __getitem__(self, index: int) -> Layout: ...
    @overload
    def __getitem__(self, index: slice) -> list[Layout]: ...
    def __getitem__(self, index: int | slice) -> Layout | list[Layout]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"layout {index} of {len(self)}")
        index %= len(self)
        return Layout(self._latex[index], self._glyphs(index), self._rules(index))

    def __iter__(self) -> Iterator[Layout]:
        return (self[i] for i in range(len(self)))

    @property
    def labels(self) -> Sequence[str]:
        """The LaTeX of every layout, without making the layouts."""
        return self._latex

    @property
    def glyph_counts(self) -> npt.NDArray[np.int32]:
        """Glyphs of each layout, [len]."""
        return self._columns["glyph_counts"]

    def _glyphs(self, index: int) -> tuple[Glyph, ...]:
        rows = slice(self._glyph_ends[index], self._glyph_ends[index + 1])
        columns = self._columns
        xs = (np.cumsum(columns["dx"][rows]) / STEP).tolist()
        ys = (np.cumsum(columns["dy"][rows]) / STEP).tolist()
        sizes = (columns["size"][rows] / STEP).tolist()
        shapes = columns["shape"][rows].tolist()
        return tuple(Glyph(self._shapes[s], x, y, size) for s, x, y, size in zip(shapes, xs, ys, sizes, strict=True))

    def _rules(self, index: int) -> tuple[Rule, ...]:
        rows = self._columns["rules"][self._rule_ends[index] : self._rule_ends[index + 1]]
        return tuple(Rule(Box(*row)) for row in (rows / STEP).tolist())


def save_layouts(path: Path, layouts: Iterable[Layout]) -> None:
    """Writes a corpus. Raises `OutputError`."""
    shapes: dict[Shape, int] = {}
    latex: list[str] = []
    counts: list[tuple[int, int]] = []
    glyphs: list[npt.NDArray[np.int32]] = []
    rules: list[tuple[float, float, float, float]] = []
    for layout in layouts:
        latex.append(layout.latex)
        counts.append((len(layout.glyphs), len(layout.rules)))
        rows = [(shapes.setdefault(g.shape, len(shapes)), g.x, g.y, g.size) for g in layout.glyphs]
        table = np.array(rows, dtype=np.float64).reshape(-1, 4)
        table[:, 1:] *= STEP
        glyphs.append(np.diff(np.round(table), axis=0, prepend=0.0 * table[:1]).astype(np.int32))
        glyphs[-1][:, [0, 3]] = np.round(table[:, [0, 3]])
        rules += [rule.box.xyxy for rule in layout.rules]
    every = np.concatenate(glyphs) if glyphs else np.zeros((0, 4), np.int32)
    columns: Columns = {
        "version": np.array([VERSION]),
        "latex": np.frombuffer("\n".join(latex).encode("utf-8"), dtype=np.uint8),
        "glyph_counts": np.array([c for c, _ in counts], dtype=np.int32),
        "rule_counts": np.array([c for _, c in counts], dtype=np.int32),
        "shape": every[:, 0].astype(np.uint16),
        "dx": every[:, 1],
        "dy": every[:, 2],
        "size": every[:, 3].astype(np.uint16),
        "rules": np.round(np.array(rules, dtype=np.float64).reshape(-1, 4) * STEP).astype(np.int32),
        **_pack_shapes(list(shapes)),
    }
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **columns)


def load_layouts(path: Path) -> LayoutCorpus:
    """Opens a corpus that `save_layouts` wrote.

    Raises:
        InputError: the file is missing, damaged, or of another version.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            columns = {name: archive[name] for name in archive.files}
        version = int(columns["version"][0])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise InputError(f"cannot read layouts from {path}: {error}; write the file again") from error
    if version != VERSION:
        raise InputError(f"{path} holds layouts of version {version}, not {VERSION}; write the file again")
    return LayoutCorpus(columns)


def _pack_shapes(shapes: Sequence[Shape]) -> Columns:
    contours = [c for shape in shapes for c in shape.contours]
    points = np.concatenate(contours) if contours else np.zeros((0, 2), np.int16)
    return {
        "shape_names": np.frombuffer("\n".join(f"{s.font}\t{s.name}" for s in shapes).encode("utf-8"), dtype=np.uint8),
        "shape_contours": np.array([len(s.contours) for s in shapes], dtype=np.int32),
        "contour_points": np.array([len(c) for c in contours], dtype=np.int32),
        "points": points.astype(np.int16),
    }


def _unpack_shapes(columns: Columns) -> list[Shape]:
    names = bytes(columns["shape_names"]).decode("utf-8").split("\n")
    contours = iter(np.split(columns["points"], np.cumsum(columns["contour_points"])[:-1]))
    shapes = []
    for name, count in zip(names, columns["shape_contours"].tolist(), strict=False):
        font, _, glyph = name.partition("\t")
        shapes.append(Shape(font, glyph, tuple(next(contours) for _ in range(count))))
    return shapes


@dataclass(frozen=True, slots=True)
class Built:
    """What `build_layouts` did.

    Attributes:
        formulas, layouts: how many came in, how many were written.
        dropped: how many fell to each reason.
    """

    formulas: int
    layouts: int
    dropped: Counter[str]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which formulas to keep, and how to set them.

    Attributes:
        families: font families and their shares; the first also sets what another cannot show unmistakably.
        display: share of formulas set in display style.
        min_tokens, max_tokens: bounds of the canonical length.
        limit: stop after so many layouts; None for all.
        exclude: canonical labels to leave out (of a test set).
    """

    families: tuple[tuple[FontFamily, float], ...] = ((FontFamily.COMPUTER_MODERN, 1.0),)
    display: float = 1.0
    min_tokens: int = 1
    max_tokens: int = 200
    limit: int | None = None
    exclude: frozenset[str] = frozenset()


MIXED_FAMILIES: tuple[tuple[FontFamily, float], ...] = (
    (FontFamily.COMPUTER_MODERN, 0.70),
    (FontFamily.TIMES, 0.06),
    (FontFamily.TIMES_TX, 0.07),
    (FontFamily.PALATINO, 0.07),
    (FontFamily.PALATINO_PX, 0.07),
    (FontFamily.EULER, 0.03),
)
"""What papers and books look like: mostly Computer Modern."""


def build_layouts(
    formulas: Iterable[str], out: Path, *, wanted: Wanted = Wanted(), seed: int = 0, progress: bool = False
) -> Built:
    """Normalises, typesets and stores formulas, each canonical label once.

    Args:
        formulas: LaTeX; what does not normalise or typeset is dropped and counted.
        out: the corpus to write.
        wanted: what to keep and how to set it.
        seed: decides families and styles.
        progress: whether to show a progress bar on stderr.

    Raises:
        OutputError: `out` cannot be written.
    """
    from tqdm import tqdm

    rng = np.random.default_rng(seed)
    dropped: Counter[str] = Counter()
    seen: set[str] = set(wanted.exclude)
    layouts: list[Layout] = []
    count = 0
    batch: list[list[str]] = []
    for formula in tqdm(formulas, disable=not progress, file=sys.stderr, unit="formula"):
        count += 1
        tokens = _canonical(formula, wanted, seen, dropped)
        if tokens:
            batch.append(tokens)
        if len(batch) >= 5000:
            layouts += _typeset_mixed(batch, wanted, rng, dropped)
            batch = []
            if wanted.limit is not None and len(layouts) >= wanted.limit:
                break
    layouts += _typeset_mixed(batch, wanted, rng, dropped)
    layouts = layouts[: wanted.limit]
    save_layouts(out, layouts)
    return Built(count, len(layouts), dropped)


def _canonical(formula: str, wanted: Wanted, seen: set[str], dropped: Counter[str]) -> list[str]:
    """Tokens of a formula that is wanted and new; else none, and the reason is counted."""
    try:
        tokens = normalise(formula)
    except Refusal as refusal:
        dropped[f"refused: {refusal}"] += 1
        return []
    label = " ".join(tokens)
    if not wanted.min_tokens <= len(tokens) <= wanted.max_tokens:
        dropped["length"] += 1
    elif label in seen:
        dropped["seen before"] += 1
    elif source_of(tokens) is None:
        dropped["letter missing from its alphabet"] += 1
    else:
        seen.add(label)
        return tokens
    return []


def _typeset_mixed(
    batch: Sequence[list[str]], wanted: Wanted, rng: np.random.Generator, dropped: Counter[str]
) -> list[Layout]:
    """Layouts of the batch in its order, families and styles drawn for each formula."""
    families = [family for family, _ in wanted.families]
    shares = np.array([share for _, share in wanted.families])
    lots = rng.choice(len(families), size=len(batch), p=shares / shares.sum())
    drawn = [f if prints_in(batch[i], families[f]) else 0 for i, f in enumerate(lots.tolist())]
    display = rng.random(len(batch)) < wanted.display
    layouts: dict[int, Layout] = {}
    for family, style in sorted({(int(f), bool(d)) for f, d in zip(drawn, display, strict=True)}):
        chosen = [i for i in range(len(batch)) if drawn[i] == family and display[i] == style]
        sources = [source_of(batch[i]) or "" for i in chosen]
        for i, result in zip(chosen, typeset(sources, family=families[family], display=style), strict=True):
            if isinstance(result, Failure):
                dropped[f"typeset: {result.reason}"] += 1
            else:
                layouts[i] = Layout(" ".join(batch[i]), result.glyphs, result.rules)
    return [layouts[i] for i in sorted(layouts)]
