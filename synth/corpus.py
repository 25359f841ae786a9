"""A corpus of layouts: a file of them, or a folder of such files."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import overload

import numpy as np
import numpy.typing as npt

from scanpage.errors import InputError
from synth.chunks import MIXED_FAMILIES, Wanted, cut, set_chunk
from synth.layout import Layout, Typesetting
from synth.shards import Shard, read_shard, write_shard
from synth.sieve import Sieve

__all__ = ["MIXED_FAMILIES", "Built", "LayoutCorpus", "Wanted", "build_layouts", "load_layouts", "save_layouts"]

SUFFIX = ".layouts"


class LayoutCorpus(Sequence[Layout]):
    """Layouts, each made when it is asked for."""

    def __init__(self, shard: Shard) -> None:
        self._shard = shard
        self._glyph_ends = np.concatenate([[0], np.cumsum(shard.glyph_counts)])
        self._rule_ends = np.concatenate([[0], np.cumsum(shard.rule_counts)])

    def __len__(self) -> int:
        return len(self._shard)

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
        glyphs = slice(self._glyph_ends[index], self._glyph_ends[index + 1])
        return self._shard.layout(index, glyphs, slice(self._rule_ends[index], self._rule_ends[index + 1]))

    def __iter__(self) -> Iterator[Layout]:
        return (self[i] for i in range(len(self)))

    @property
    def labels(self) -> Sequence[str]:
        """The canonical LaTeX of every layout, without making the layouts."""
        return self._shard.latex

    @property
    def sources(self) -> Sequence[str]:
        """The LaTeX of every layout as it was given; empty where nobody kept it."""
        return self._shard.sources

    @property
    def typesettings(self) -> Sequence[Typesetting | None]:
        """How every layout was set; None where nobody kept it."""
        return self._shard.typesettings

    @property
    def glyph_counts(self) -> npt.NDArray[np.int32]:
        """Glyphs of each layout, [len]."""
        return self._shard.glyph_counts


def save_layouts(path: Path, layouts: Iterable[Layout]) -> None:
    """Writes a corpus to one file. Raises `OutputError`."""
    write_shard(path, Shard.of(layouts))


def load_layouts(path: Path) -> LayoutCorpus:
    """Opens a corpus: a file that `save_layouts` wrote, or a folder of `synth formulas build`.

    Raises:
        InputError: there is none, or a file of it is damaged or of another version.
    """
    if not path.is_dir():
        return LayoutCorpus(read_shard(path))
    files = sorted(path.glob(f"*{SUFFIX}"))
    if not files:
        raise InputError(f"there are no layouts in {path}; make some there with `synth formulas build`")
    return LayoutCorpus(Shard.joined([read_shard(file) for file in files]))


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


def build_layouts(
    formulas: Iterable[str], out: Path, *, wanted: Wanted | None = None, seed: int = 0, progress: bool = False
) -> Built:
    """Normalises, typesets and stores formulas in one file, each canonical label once; for lists of moderate length.

    Args:
        formulas: LaTeX; what does not normalise or typeset is dropped and counted.
        out: the corpus to write.
        wanted: what to keep and how to set it; None for the defaults.
        seed: decides families and styles.
        progress: whether to show a progress bar on stderr.

    Raises:
        OutputError: `out` cannot be written.
    """
    from tqdm import tqdm

    wanted = wanted or Wanted()
    sieve, shards, count = Sieve(wanted), [], 0
    shown = tqdm(formulas, disable=not progress, file=sys.stderr, unit="formula")
    for start, chunk in cut(shown):
        shards.append(sieve.sift(set_chunk(start, chunk, wanted, seed)))
        count += len(chunk)
        if sieve.full:
            break
    write_shard(out, Shard.joined(shards))
    return Built(count, sieve.kept, sieve.dropped)
