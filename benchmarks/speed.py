"""Seconds of each stage and peak memory on two threads, on `examples/notes.pdf`.

    python benchmarks/speed.py [--out FILE] [--repeats N] [--threads N] [--against FOLDER]

The measured work runs in a process of its own, so that start and memory are those of a fresh `scanpage`. Times are
medians of the repeats, each after one page to warm up. Beside them stands a yardstick from the same run, RapidOCR's
text recognizer on the same crops, so that results of different machines can be compared by their ratio.

`--against` names a checkout of before: both take turns, and the result holds the seconds of each stage as shares of
those of before, on the clock and of the processor. The processor's hold on a busy machine as well.
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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

STARTED = time.perf_counter()
HERE = Path(__file__).resolve().parent.parent
EXAMPLE = HERE / "examples" / "notes.pdf"
ROUNDS = 3
"""Times that two checkouts take turns."""


class Clocks:
    """As `pipeline.timing.StageTimes`, with the processor's seconds, of all threads, beside those on the clock."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu_seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start, cpu_start = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start
            self.cpu_seconds[stage] = self.cpu_seconds.get(stage, 0.0) + time.process_time() - cpu_start


def measure(repeats: int, threads: int) -> dict[str, Any]:
    """Start the models, then read each page `repeats` times."""
    from pipeline.scan import ScanOptions, list_inputs

    options = ScanOptions(threads=threads)
    engines = options.load_engines()
    start_s = time.perf_counter() - STARTED
    pages = [measure_page(source, engines, repeats) for source in list_inputs([str(EXAMPLE)], options)]
    peak_gb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9

    from provenance import provenance

    return {
        **provenance(engines.versions),
        "input": EXAMPLE.name,
        "threads": threads,
        "samples": {"pages": len(pages), "formulas": sum(page["formulas"] for page in pages), "repeats": repeats},
        "start_s": round(start_s, 3),
        "peak_gb": round(peak_gb, 3),
        "pages": pages,
        "formula_ms": per_formula_ms(pages, "formulas"),
        "yardstick": yardstick(engines, options, threads, repeats),
    }


def measure_page(source: Any, engines: Any, repeats: int) -> dict[str, Any]:
    """Median seconds of each stage on one page, and of the whole page."""
    from pipeline.scan import scan_page

    runs: list[Clocks] = []
    formulas = 0
    for _ in range(repeats + 1):
        clocks: Any = Clocks()
        with clocks("load"):
            loaded = source.load()
        formulas = len(scan_page(loaded, engines, times=clocks).formulas)
        runs.append(clocks)
    return {
        "page": source.number,
        "formulas": formulas,
        "seconds": medians([run.seconds for run in runs[1:]]),
        "cpu_seconds": medians([run.cpu_seconds for run in runs[1:]]),
    }


def medians(runs: list[dict[str, float]]) -> dict[str, float]:
    """The median of each stage, and of the sums."""
    totalled = [{**run, "total": sum(run.values())} for run in runs]
    return {stage: round(statistics.median(run[stage] for run in totalled), 4) for stage in totalled[0]}


def compare(before: Path, options: list[str]) -> dict[str, Any]:
    """Seconds of each stage on all pages as shares of what the checkout `before` takes; medians of the rounds."""
    shares: dict[str, list[dict[str, float]]] = {"seconds": [], "cpu_seconds": []}
    for _ in range(ROUNDS):
        ours, theirs = (in_checkout(folder, options)["pages"] for folder in (HERE, before))
        for clock, found in shares.items():
            found.append({stage: summed(ours, clock, stage) / summed(theirs, clock, stage) for stage in ours[0][clock]})
    return {
        "before": str(before),
        "rounds": ROUNDS,
        **{
            clock: {stage: round(statistics.median(share[stage] for share in found), 3) for stage in found[0]}
            for clock, found in shares.items()
        },
    }


def summed(pages: list[dict[str, Any]], clock: str, stage: str) -> float:
    # Stages that take no time to speak of have no share worth telling either.
    return max(0.001, sum(page[clock][stage] for page in pages))


def in_checkout(folder: Path, options: list[str]) -> dict[str, Any]:
    """The measured work in a process of its own, with the code in `folder`."""
    child = subprocess.run(
        [sys.executable, __file__, "--measured", *options],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(folder.resolve())},
    )
    result: dict[str, Any] = json.loads(child.stdout)
    return result


def per_formula_ms(pages: list[dict[str, Any]], stage: str) -> float:
    total_s: float = sum(page["seconds"][stage] for page in pages)
    formulas: int = sum(page["formulas"] for page in pages)
    return round(1000 * total_s / max(1, formulas), 1)


def yardstick(engines: Any, options: Any, threads: int, repeats: int) -> dict[str, Any]:
    """Milliseconds a crop of RapidOCR's text recognizer on the formulas of the example, and our share of that."""
    import rapidocr

    from pipeline.regions import crop, settle
    from pipeline.scan import list_inputs

    (model,) = (Path(rapidocr.__file__).parent / "models").glob("*_rec_*.onnx")
    reader = rapidocr.RapidOCR(
        params={
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "Rec.model_path": str(model),
        }
    )
    crops = []
    for source in list_inputs([str(EXAMPLE)], options):
        loaded = source.load()
        regions = settle(
            engines.detector.detect(loaded.image), width=loaded.page.width_px, height=loaded.page.height_px
        )
        crops += [crop(loaded.image, region.box)[..., ::-1].copy() for region in regions]
    if not crops:
        return {"name": "RapidOCR text recognizer", "crops": 0}
    seconds = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        reader.recognize_txt(crops)
        seconds.append(time.perf_counter() - start)
    crop_ms = 1000 * statistics.median(seconds[1:]) / len(crops)
    start = time.perf_counter()
    engines.recognizer.read_batch([crop[..., ::-1].copy() for crop in crops])
    ours_ms = 1000 * (time.perf_counter() - start) / len(crops)
    return {
        "name": "RapidOCR text recognizer",
        "crops": len(crops),
        "crop_ms": round(crop_ms, 1),
        "ratio": round(ours_ms / crop_ms, 2),
    }


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Seconds of each stage and peak memory.")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result here, as well as to stdout")
    parser.add_argument("--repeats", type=int, default=3, help="timed runs of each page (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="threads of the engines (default: %(default)s)")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="a checkout of before, to compare with")
    parser.add_argument("--measured", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measured:
        json.dump(measure(arguments.repeats, arguments.threads), sys.stdout)
        return 0
    options = ["--repeats", str(arguments.repeats), "--threads", str(arguments.threads)]
    result = in_checkout(HERE, options)
    if arguments.against:
        result["against"] = compare(arguments.against, options)
    from provenance import write_result

    write_result(result, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
