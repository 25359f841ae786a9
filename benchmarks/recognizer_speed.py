"""Time and memory of the recognizer alone, beside the same model in torch.

    python benchmarks/recognizer_speed.py LAYOUTS [--weights DIR] [--limit N] [--threads N] [--repeats N] [--out FILE]

LAYOUTS is a folder or file that `synth layouts` made; `--limit` formulas, evenly spread over it, are painted clean and
read in batches of ten and one by one, greedily. Every measurement runs in a process of its own, so that start and peak
memory are those of a program that only reads formulas. The baseline, in the same run with the same threads and crops,
is the same model folder in torch: eager, single precision, `generate(num_beams=1)` with the cache of transformers. Its
batches are padded to one tensor without a mask, as transformers wants them, which costs it time and changes what it
reads; single crops need no padding. Torch has no grammar and cuts no loops, so that a few readings differ.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from recognizer_options import options

BATCH = 10
LARGE_BATCH = 32
EM_PX = 40.0
STARTS = 3
SINGLES = 50

Json = dict[str, Any]
Read = Callable[[Sequence[Any]], list[tuple[str, ...]]]
"""Crops to the tokens of each."""


def paint(layouts: Path, limit: int, folder: Path) -> None:
    """Writes clean crops of formulas, evenly spread over `layouts`, to `folder`."""
    import cv2
    import numpy as np

    from recognizer.augment import clean_crop
    from synth.corpus import load_layouts
    from synth.paint import paint_print

    corpus = load_layouts(layouts)
    for k, i in enumerate(np.linspace(0, len(corpus) - 1, min(limit, len(corpus))).astype(int)):
        cv2.imwrite(str(folder / f"{k:05d}.png"), clean_crop(paint_print(corpus[int(i)], EM_PX).alpha))


def load_ours(weights: Path | None, threads: int) -> Read:
    """The recognizer as users have it."""
    from recognizer.predict import Recognizer

    recognizer = Recognizer(weights, threads)
    return lambda crops: [reading.tokens for reading in recognizer.read_batch(crops)]


def load_torch(weights: Path | None, threads: int) -> Read:
    """The same model, crops prepared in the same way, read by torch and transformers."""
    import torch

    from recognizer import model as models
    from recognizer.config import RecognizerConfig
    from recognizer.image import batch, prepare
    from recognizer.predict import SETTINGS
    from recognizer.spelling import Spelling
    from scanpage.latex import repair
    from scanpage.weights import read_json, shipped

    torch.set_num_threads(threads)
    folder = weights or shipped("recognizer")
    config = RecognizerConfig.from_json(read_json(folder / SETTINGS))
    model, spelling = models.load(folder).eval(), Spelling(config)

    def read(crops: Sequence[Any]) -> list[tuple[str, ...]]:
        pixels = torch.from_numpy(batch([prepare(crop, config.image) for crop in crops], config.image))
        with torch.inference_mode():
            rows = model.generate(
                pixels.float(), num_beams=1, do_sample=False, max_new_tokens=config.max_tokens - 1
            ).tolist()
        ends = [row.index(config.end_id, 1) if config.end_id in row[1:] else len(row) for row in rows]
        return [tuple(repair(spelling.tokens(row[1:end]))) for row, end in zip(rows, ends, strict=True)]

    return read


LOADERS = {"ours": load_ours, "torch": load_torch}


def measure(engine: str, crops: Path, arguments: argparse.Namespace) -> Json:
    """Milliseconds a formula in batches and alone, peak memory, and what was read."""
    read = LOADERS[engine](arguments.weights, arguments.threads)
    files = sorted(crops.iterdir())
    _timed(read, files[:BATCH])  # to warm up
    in_batches = []
    for _ in range(arguments.repeats):
        batches = [_timed(read, files[start : start + BATCH]) for start in range(0, len(files), BATCH)]
        in_batches.append(sum(seconds for seconds, _ in batches) / len(files))
    peak_mb = _peak_mb()
    alone = [_timed(read, [file]) for file in files[:: max(1, len(files) // SINGLES)]]
    singles = sorted(seconds for seconds, _ in alone)
    return {
        "batch_ms": round(1000 * statistics.median(in_batches), 1),
        "single_ms": round(1000 * statistics.mean(singles), 1),
        "single_p90_ms": round(1000 * singles[int(0.9 * (len(singles) - 1))], 1),
        "peak_mb": round(peak_mb),
        "readings": [reading for _, (reading,) in alone],
    }


def measure_large_batch(crops: Path, arguments: argparse.Namespace) -> Json:
    """Peak memory where many crops are all as large as the largest."""
    read = load_ours(arguments.weights, arguments.threads)
    largest = max(crops.iterdir(), key=lambda file: _open([file])[0].size)
    read(_open([largest] * LARGE_BATCH))
    return {"peak_mb": round(_peak_mb())}


def _timed(read: Read, files: Sequence[Path]) -> tuple[float, list[tuple[str, ...]]]:
    crops = _open(files)
    start = time.perf_counter()
    readings = read(crops)
    return time.perf_counter() - start, readings


def _open(files: Sequence[Path]) -> list[Any]:
    import cv2

    return [cv2.imread(str(file), cv2.IMREAD_GRAYSCALE) for file in files]


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


# This process paints and loads nothing: a child's peak memory counts from what its parent held when it was started.


def run(arguments: argparse.Namespace) -> Json:
    """All measurements, each in a process of its own."""
    from scanpage import __version__
    from scanpage.document import Versions

    with TemporaryDirectory(prefix="crops-") as folder:
        _child("paint", folder, arguments)
        starts = {engine: list(_starts(engine, folder, arguments)) for engine in LOADERS}
        ours, baseline = (json.loads(_child(engine, folder, arguments)) for engine in LOADERS)
        large = json.loads(_child("large", folder, arguments))
        count = len(list(Path(folder).iterdir()))
    for engine, result in (("ours", ours), ("torch", baseline)):
        result["start_s"] = round(statistics.median(starts[engine]), 3)
    ours["peak_mb_largest_batch"] = large["peak_mb"]
    pairs = list(zip(ours.pop("readings"), baseline.pop("readings"), strict=True))
    from provenance import provenance

    from scanpage.weights import shipped, version

    versions = Versions(__version__, recognizer=version(arguments.weights or shipped("recognizer")))
    return {
        **provenance(versions),
        "layouts": arguments.layouts.name,
        "formulas": count,
        "batch": BATCH,
        "threads": arguments.threads,
        "repeats": arguments.repeats,
        "recognizer": ours,
        "torch": baseline,
        "batch_ratio": round(ours["batch_ms"] / baseline["batch_ms"], 3),
        "single_ratio": round(ours["single_ms"] / baseline["single_ms"], 3),
        "singles": len(pairs),
        "same_single_readings": sum(a == b for a, b in pairs),
    }


def _starts(engine: str, folder: str, arguments: argparse.Namespace) -> Iterator[float]:
    """Seconds from the start of the process to a model that is ready to read, the first and slowest left out."""
    for k in range(STARTS + 1):
        begin = time.perf_counter()
        child = subprocess.Popen(
            _command(f"start-{engine}", folder, arguments), stdout=subprocess.PIPE, env=_environment(arguments)
        )
        assert child.stdout is not None
        child.stdout.readline()
        seconds = time.perf_counter() - begin
        if child.wait():
            raise subprocess.CalledProcessError(child.returncode, child.args)
        if k:
            yield seconds


def _child(role: str, folder: str, arguments: argparse.Namespace) -> str:
    command = _command(role, folder, arguments)
    return subprocess.run(command, stdout=subprocess.PIPE, env=_environment(arguments), text=True, check=True).stdout


def _command(role: str, folder: str, arguments: argparse.Namespace) -> list[str]:
    options = [str(arguments.layouts), "--role", role, "--crops", folder, "--limit", str(arguments.limit)]
    options += ["--threads", str(arguments.threads), "--repeats", str(arguments.repeats)]
    if arguments.weights:
        options += ["--weights", str(arguments.weights)]
    return [sys.executable, __file__, *options]


def _environment(arguments: argparse.Namespace) -> dict[str, str]:
    return os.environ | {"OMP_NUM_THREADS": str(arguments.threads)}


def _play(arguments: argparse.Namespace) -> None:
    """What a child process does."""
    role = arguments.role
    if role == "paint":
        paint(arguments.layouts, arguments.limit, arguments.crops)
    elif role.startswith("start-"):
        LOADERS[role.removeprefix("start-")](arguments.weights, arguments.threads)
        sys.stdout.write("ready\n")
    elif role == "large":
        json.dump(measure_large_batch(arguments.crops, arguments), sys.stdout)
    else:
        json.dump(measure(role, arguments.crops, arguments), sys.stdout)


def main() -> int:
    """Command line; see the module's docstring."""
    parser = options("Time and memory of the recognizer, beside the same model in torch.")
    parser.add_argument("--role", help=argparse.SUPPRESS)
    parser.add_argument("--crops", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.role:
        _play(arguments)
        return 0
    result = run(arguments)
    from provenance import write_result

    write_result(result, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
