"""Pages a second and peak memory of `synth generate`, with one process and with several.

    python benchmarks/pages.py --layouts FILE… [--inks PATH…] [--handwriting-fonts DIR] [--pages N] [--out FILE]

The same pages are made by one process, which is the baseline, and then by `--workers`; both runs have to end with the
same bytes. Memory is that of all processes of a run together, pages that they share counted once (the sum of their
proportional set sizes), looked up five times a second. Start and loading of the material are part of the seconds.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

INTERVAL_S = 0.2


def measure(options: list[str], pages: int, workers: int) -> dict[str, Any]:
    """Make the pages with one process and with `workers`."""
    from provenance import provenance

    from scanpage import __version__
    from scanpage.document import Versions

    with tempfile.TemporaryDirectory(prefix="pages-") as temporary:
        one, several = Path(temporary) / "one", Path(temporary) / "several"
        baseline = run([*options, "--pages", str(pages), "--workers", "1"], one)
        shared = run([*options, "--pages", str(pages), "--workers", str(workers)], several)
        return {
            **provenance(Versions(__version__)),
            "pages": pages,
            "made": describe(several),
            "baseline": {"workers": 1, **rates(baseline, pages)},
            "several": {"workers": workers, **rates(shared, pages)},
            "speedup": round(baseline["seconds"] / shared["seconds"], 2),
            "minutes_for_5000": round(5000 * shared["seconds"] / pages / 60, 2),
            "same_bytes": contents(one) == contents(several),
        }


def run(options: list[str], out: Path) -> dict[str, float]:
    """Seconds, processor seconds and peak memory of one run of the command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "synth.cli", "generate", "-q", "--out", str(out), *options])
    peak = 0
    while process.poll() is None:
        peak = max(peak, sum(map(proportional_bytes, family(process.pid))))
        time.sleep(INTERVAL_S)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, "synth generate")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"seconds": seconds, "cpu_s": cpu_s, "peak_gb": peak / 1e9}


def family(pid: int) -> list[int]:
    """A process and all its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(descendant for child in children for descendant in family(int(child)))]


def proportional_bytes(pid: int) -> int:
    """Memory of a process, what it shares divided among those that share it; 0 if it has just ended."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(1024 * int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def rates(result: dict[str, float], pages: int) -> dict[str, float]:
    return {
        "seconds": round(result["seconds"], 2),
        "pages_per_s": round(pages / result["seconds"], 2),
        "cpu_ms_per_page": round(1000 * result["cpu_s"] / pages, 1),
        "peak_gb": round(result["peak_gb"], 3),
    }


def describe(folder: Path) -> dict[str, float]:
    """How large pages came out, on average."""
    coco = json.loads((folder / "annotations.json").read_text("utf-8"))
    images = coco["images"]
    kilobytes = sum((folder / image["file_name"]).stat().st_size for image in images) / 1000
    return {
        "formulas_per_page": round(len(coco["annotations"]) / len(images), 1),
        "width_px": round(sum(min(image["width"], image["height"]) for image in images) / len(images)),
        "height_px": round(sum(max(image["width"], image["height"]) for image in images) / len(images)),
        "kilobytes_per_image": round(kilobytes / len(images)),
    }


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Pages a second and peak memory of synth generate.")
    parser.add_argument("--layouts", nargs="+", required=True, metavar="FILE", help="typeset formulas")
    parser.add_argument("--inks", nargs="+", default=[], metavar="PATH", help="handwriting")
    parser.add_argument("--handwriting-fonts", metavar="DIR", help="fonts for handwritten prose")
    parser.add_argument("--pages", type=int, default=200, help="pages of each run (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes of the second run (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result here, as well as to stdout")
    arguments = parser.parse_args()
    options = ["--seed", "1", "--layouts", *arguments.layouts]
    options += ["--inks", *arguments.inks] if arguments.inks else []
    options += ["--handwriting-fonts", arguments.handwriting_fonts] if arguments.handwriting_fonts else []
    from provenance import write_result

    write_result(measure(options, arguments.pages, arguments.workers), arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
