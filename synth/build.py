"""A folder of layouts made of a list of formulas of any length, by several processes, in bounded memory.

The list is cut at fixed places, and what a piece becomes depends on nothing but the piece, so the files are the same
whatever the number of processes. Each file holds what became of so many pieces and is written when it is whole; a
build that was stopped goes on after the last one.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

from scanpage import __version__
from scanpage.errors import InputError, OutputError, UsageError
from scanpage.files import write_text
from synth.chunks import Chunk, Wanted, cut
from synth.corpus import SUFFIX
from synth.layout import Typesetting
from synth.setters import set_chunks
from synth.shards import VERSION, Shard, read_shard, write_shard
from synth.sieve import Sieve

CHUNKS_PER_FILE = 4
"""So that a file is made of 20,000 formulas."""
SETTINGS, REPORT = "settings.json", "report.json"
REASONS_PER_KIND = 40


@dataclass(slots=True)
class Tally:
    """What became of the formulas so far.

    Attributes:
        formulas: how many were read.
        layouts: how many layouts were written; `families` and `display` say how those were set.
        dropped: how many formulas fell to each reason.
        found: files that an earlier run had left.
    """

    formulas: int = 0
    layouts: int = 0
    families: Counter[str] = field(default_factory=Counter)
    display: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    size: int = 0
    files: int = 0
    found: int = 0

    def add(self, shard: Shard, size: int) -> None:
        """Counts a file of `size` bytes."""
        self.formulas += shard.notes["formulas"]
        self.dropped.update(shard.notes["dropped"])
        self.layouts += len(shard)
        how = [setting for setting in shard.typesettings if isinstance(setting, Typesetting)]
        self.families.update(setting.family for setting in how)
        self.display += sum(setting.display for setting in how)
        self.size += size
        self.files += 1

    @property
    def kinds(self) -> Counter[str]:
        """Dropped formulas by what stands before the colon of the reason."""
        kinds: Counter[str] = Counter()
        for reason, count in self.dropped.items():
            kinds[reason.partition(":")[0]] += count
        return kinds

    def reasons(self, most: int) -> dict[str, dict[str, int]]:
        """For each kind that has more than one reason, the most frequent ones."""
        sorted_out: dict[str, dict[str, int]] = {}
        for reason, count in self.dropped.most_common():
            kind, colon, why = reason.partition(": ")
            whys = sorted_out.setdefault(kind, {}) if colon else {}
            if len(whys) < most:
                whys[why] = count
        return sorted_out

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        return {
            "formulas": self.formulas,
            "layouts": self.layouts,
            "dropped": dict(self.kinds.most_common()),
            "reasons": self.reasons(REASONS_PER_KIND),
            "families": dict(self.families.most_common()),
            "display": self.display,
            "files": self.files,
            "bytes": self.size,
            "bytes_per_layout": round(self.size / max(1, self.layouts), 1),
        }


def build_corpus(
    formulas: Iterable[str],
    out: Path,
    *,
    wanted: Wanted,
    seed: int,
    workers: int,
    origin: Mapping[str, Any],
    progress: bool = False,
) -> Tally:
    """Normalises, typesets and stores formulas in the folder `out`, each canonical label once.

    Args:
        formulas: LaTeX, read as it is needed; what does not normalise or typeset is dropped and counted.
        wanted: what to keep and how to set it.
        seed: decides families and styles.
        workers: processes.
        origin: where the formulas come from; with `wanted` and `seed` it decides whether `out` can be gone on with.
        progress: show a bar on stderr.

    Raises:
        UsageError: `out` holds layouts of other settings.
        OutputError: `out` cannot be written.
    """
    from tqdm import tqdm

    started = time.monotonic()
    settings = _settings(wanted, seed, origin)
    _open(out, settings)
    tally, sieve = Tally(), Sieve(wanted)
    _take_up(out, tally, sieve)
    report = out / REPORT
    if not report.exists():
        rest = islice(formulas, tally.formulas, None)
        with tqdm(unit="formula", initial=tally.formulas, file=sys.stderr, disable=not progress) as bar:
            chunks = set_chunks(cut(rest, tally.formulas), replace(wanted, exclude=frozenset()), seed, workers)
            for shard in _shards(chunks, sieve):
                path = out / f"{tally.files:03d}{SUFFIX}"
                write_shard(path, shard)
                tally.add(shard, path.stat().st_size)
                bar.update(shard.notes["formulas"])
        text = {**tally.plain(), "seconds": round(time.monotonic() - started, 1), "peak_memory_mb": peak_memory_mb()}
        write_text(report, json.dumps({**text, "settings": settings}, indent=1) + "\n")
    return tally


def _settings(wanted: Wanted, seed: int, origin: Mapping[str, Any]) -> dict[str, Any]:
    """All that decides what the layouts are."""
    return {
        "scanpage": __version__,
        "version": VERSION,
        **origin,
        "families": {family.name.lower(): share for family, share in wanted.families},
        "display": wanted.display,
        "min_tokens": wanted.min_tokens,
        "max_tokens": wanted.max_tokens,
        "limit": wanted.limit,
        "seed": seed,
    }


def _open(out: Path, settings: Mapping[str, Any]) -> None:
    """Makes the folder, or checks that what is in it was made with the same settings."""
    path = out / SETTINGS
    try:
        there: dict[str, Any] | None = json.loads(path.read_text("utf-8")) if path.exists() else None
        for forgotten in out.glob(f".*{SUFFIX}"):  # by a run that was killed
            forgotten.unlink()
        blank = not any(out.glob(f"*{SUFFIX}"))
        if blank and there is not None:  # without layouts yet, an earlier run binds nobody
            (out / REPORT).unlink(missing_ok=True)
    except (OSError, ValueError) as error:
        raise OutputError(f"cannot use {out}: {error}; choose another folder") from error
    if blank:
        write_text(path, json.dumps(settings, indent=1) + "\n")
    elif there != settings:
        differing = ", ".join(sorted(key for key in settings if (there or {}).get(key) != settings[key]))
        raise UsageError(
            f"{out} holds layouts that were made with other settings ({differing}); choose another folder, or empty"
            " this one"
        )


def _take_up(out: Path, tally: Tally, sieve: Sieve) -> None:
    """Counts the files that are there."""
    while (path := out / f"{tally.files:03d}{SUFFIX}").exists():
        try:
            shard = read_shard(path)
        except InputError as error:
            raise OutputError(f"{error}, or empty {out}") from error
        sieve.remember(shard.latex)
        tally.add(shard, path.stat().st_size)
    tally.found = tally.files


def _shards(chunks: Iterator[Chunk], sieve: Sieve) -> Iterator[Shard]:
    """What the sieve lets through, a file at a time; ends with the list or when the sieve is full."""
    while not sieve.full:
        before = sieve.dropped.copy()
        parts, count = [], 0
        for chunk in islice(chunks, CHUNKS_PER_FILE):
            parts.append(sieve.sift(chunk))
            count += chunk.formulas
            if sieve.full:
                break
        if not parts:
            return
        notes = {"formulas": count, "dropped": dict(sieve.dropped - before)}
        yield replace(Shard.joined(parts), notes=notes)


def peak_memory_mb() -> int:
    """The most memory that this process or one of those it started has had."""
    if sys.platform == "win32":
        return 0
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    who = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(one).ru_maxrss for one in who) * unit >> 20
