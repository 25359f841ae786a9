"""Seconds of each stage and peak memory on two threads, on `examples/notes.pdf`.

    python benchmarks/speed.py [--out FILE] [--repeats N] [--threads N]

The measured work runs in a process of its own, so that start and memory are those of a fresh `scanpage`. Times are
medians of the repeats, each after one page to warm up. Beside them stands a yardstick from the same run, RapidOCR's
text recognizer on the same crops, so that results of different machines can be compared by their ratio.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

STARTED = time.perf_counter()
EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "notes.pdf"


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
    from pipeline.timing import StageTimes

    runs: list[dict[str, float]] = []
    formulas = 0
    for _ in range(repeats + 1):
        times = StageTimes()
        with times("load"):
            loaded = source.load()
        formulas = len(scan_page(loaded, engines, times=times).formulas)
        runs.append({**times.seconds, "total": sum(times.seconds.values())})
    stages = {stage: round(statistics.median(run[stage] for run in runs[1:]), 4) for stage in runs[0]}
    return {"page": source.number, "formulas": formulas, "seconds": stages}


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
    parser.add_argument("--measured", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measured:
        json.dump(measure(arguments.repeats, arguments.threads), sys.stdout)
        return 0
    options = ["--measured", "--repeats", str(arguments.repeats), "--threads", str(arguments.threads)]
    child = subprocess.run([sys.executable, __file__, *options], stdout=subprocess.PIPE, text=True, check=True)
    from provenance import write_result

    write_result(json.loads(child.stdout), arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
