"""Time and memory of the detector alone, beside the same model in torch.

    python benchmarks/detector_speed.py PAGES [--weights DIR] [--limit N] [--threads N] [--repeats N] [--out FILE]

PAGES is a COCO folder such as `synth pages` makes; `--limit` pages, evenly spread over it, are searched one by one.
Every engine runs in a process of its own, so that start and peak memory are those of a program that only finds
formulas. The baseline, in the same run with the same threads and pages, is the same model folder in torch: eager,
single precision, pages resized in the same way. What reading the files takes is told apart.
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

STARTS = 3

Json = dict[str, Any]
Find = Callable[[Any], list[Any]]
"""A page, RGB uint8 [H, W, 3], to the regions on it."""


def load_ours(weights: Path | None, threads: int) -> Find:
    """The detector as users have it."""
    from detector.predict import Detector

    return Detector(weights, threads).detect


def load_torch(weights: Path | None, threads: int) -> Find:
    """The same model, searched by torch."""
    import torch

    from detector.config import DetectorConfig
    from detector.export import WEIGHTS, load_model
    from detector.merge import merge
    from detector.predict import calibrated, to_regions
    from detector.resize import Resize
    from scanpage.weights import read_config, shipped

    torch.set_num_threads(threads)
    folder = weights or shipped("detector")
    config = DetectorConfig.from_dict(read_config(folder))
    model = load_model(config, folder / WEIGHTS)

    def find(page: Any) -> list[Any]:
        resize = Resize.to_fit(page, config)
        pixels = torch.from_numpy(resize.image(page)).permute(2, 0, 1).float() / 255
        with torch.inference_mode():
            [found] = model([pixels])
        boxes, labels, scores = (found[name].numpy() for name in ("boxes", "labels", "scores"))
        regions = calibrated(merge(to_regions(resize.boxes_back(boxes), labels, scores)), config.calibration)
        return [region for region in regions if region.score >= config.min_score]

    return find


LOADERS = {"ours": load_ours, "torch": load_torch}


def measure(engine: str, arguments: argparse.Namespace) -> Json:
    """Milliseconds a page, peak memory, and the boxes found."""
    from detector.coco import read_pages

    find = LOADERS[engine](arguments.weights, arguments.threads)
    listed = read_pages(arguments.pages)
    pages = listed[:: max(1, len(listed) // arguments.limit)][: arguments.limit]
    find(pages[0].read())  # to warm up
    reading, finding, found = [], [], []
    for page in pages:
        begin = time.perf_counter()
        image = page.read()
        reading.append(time.perf_counter() - begin)
        times = []
        for _ in range(arguments.repeats):
            begin = time.perf_counter()
            regions = find(image)
            times.append(time.perf_counter() - begin)
        finding.append(statistics.median(times))
        found.append([[region.kind.value, *region.box.xyxy] for region in regions])
    return {
        "page_ms": round(1000 * statistics.mean(finding), 1),
        "page_p90_ms": round(1000 * sorted(finding)[int(0.9 * (len(finding) - 1))], 1),
        "read_ms": round(1000 * statistics.mean(reading), 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6),
        "found": found,
    }


# This process loads nothing: a child's peak memory counts from what its parent held when it was started.


def run(arguments: argparse.Namespace) -> Json:
    """All measurements, each in a process of its own."""
    results = {engine: json.loads(_child(engine, arguments)) for engine in LOADERS}
    for engine, result in results.items():
        # The first start, which fetches files from the disk, is left out.
        seconds = [_start_s(engine, arguments) for _ in range(STARTS + 1)][1:]
        result["start_s"] = round(statistics.median(seconds), 3)
    ours, baseline = results.values()
    pairs = list(zip(ours.pop("found"), baseline.pop("found"), strict=True))
    from provenance import provenance

    from scanpage import __version__
    from scanpage.document import Versions
    from scanpage.weights import shipped, version

    return {
        **provenance(Versions(__version__, detector=version(arguments.weights or shipped("detector")))),
        "set": arguments.pages.name,
        "pages": len(pairs),
        "threads": arguments.threads,
        "repeats": arguments.repeats,
        "detector": ours,
        "torch": baseline,
        "page_ratio": round(ours["page_ms"] / baseline["page_ms"], 3),
        "peak_ratio": round(ours["peak_mb"] / baseline["peak_mb"], 3),
        "start_ratio": round(ours["start_s"] / baseline["start_s"], 3),
        "same_pages": sum(_same(a, b) for a, b in pairs),
    }


def _same(ours: list[list[Any]], theirs: list[list[Any]]) -> bool:
    """Whether two findings on a page are the same formulas, each side of each box within a pixel."""
    return len(ours) == len(theirs) and all(
        a[0] == b[0] and max(abs(p - q) for p, q in zip(a[1:], b[1:], strict=True)) <= 1.0
        for a, b in zip(sorted(ours), sorted(theirs), strict=True)
    )


def _start_s(engine: str, arguments: argparse.Namespace) -> float:
    """Seconds that a process takes which loads the model and ends."""
    begin = time.perf_counter()
    _child(f"start-{engine}", arguments)
    return time.perf_counter() - begin


def _child(role: str, arguments: argparse.Namespace) -> str:
    command = [sys.executable, __file__, str(arguments.pages), "--role", role, "--limit", str(arguments.limit)]
    command += ["--threads", str(arguments.threads), "--repeats", str(arguments.repeats)]
    if arguments.weights:
        command += ["--weights", str(arguments.weights)]
    environment = os.environ | {"OMP_NUM_THREADS": str(arguments.threads)}
    return subprocess.run(command, stdout=subprocess.PIPE, env=environment, text=True, check=True).stdout


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Time and memory of the detector, beside the same model in torch.")
    add = parser.add_argument
    add("pages", type=Path, metavar="PAGES", help="COCO folder of pages, such as held-out ones")
    add("--weights", type=Path, metavar="DIR", help="model folder (default: the shipped model)")
    add("--limit", type=int, default=20, help="pages to search (default: %(default)s)")
    add("--threads", type=int, default=2, help="threads of the engines (default: %(default)s)")
    add("--repeats", type=int, default=3, help="timed runs on each page (default: %(default)s)")
    add("--out", type=Path, metavar="FILE", help="write the result here, as well as to stdout")
    add("--role", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.role is None:
        result = run(arguments)
        from provenance import write_result

        write_result(result, arguments.out)
    elif arguments.role.startswith("start-"):
        LOADERS[arguments.role.removeprefix("start-")](arguments.weights, arguments.threads)
    else:
        json.dump(measure(arguments.role, arguments), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
