"""Memory and pages a minute of `scanpage` on a PDF of many pages.

    python benchmarks/big_job.py [--out FILE] [--pages N] [--few N] [--jobs N ...]

The pages of `examples/notes.pdf` are repeated. For each number of jobs the command reads a PDF of few pages and one of
many, in a process of its own; the resident memory of that and of all it starts, what they share counted once, is summed
every fifth of a second. Memory that stays flat has nearly the same peak in both. The time between both, which the
start of the models is not in, gives the pages a minute. Exit code 1 where one job takes more than 1.5 GB.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pypdfium2
from hostile import tree_bytes
from provenance import provenance, write_result

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "notes.pdf"
COMMAND = [sys.executable, "-c", "import sys; from pipeline.cli import main; sys.exit(main())"]
MOST_GB = 1.5
SAMPLE_S = 0.2


def repeated(path: Path, pages: int) -> None:
    """Write a PDF with so many pages, those of the example in turn."""
    example, result = pypdfium2.PdfDocument(EXAMPLE), pypdfium2.PdfDocument.new()
    for number in range(pages):
        result.import_pages(example, [number % len(example)])
    result.save(path)


def measured(pdf: Path, options: list[str]) -> dict[str, Any]:
    """Seconds and peak memory of the command on a file, and its report."""
    start, peak = time.perf_counter(), 0
    target = pdf.with_suffix(".tex")
    with subprocess.Popen(
        [*COMMAND, str(pdf), "-o", str(target), *options], stderr=subprocess.PIPE, text=True
    ) as child:
        while child.poll() is None:
            peak = max(peak, tree_bytes(child.pid))
            time.sleep(SAMPLE_S)
        assert child.stderr is not None
        said = child.stderr.read().strip()
    seconds = time.perf_counter() - start
    if child.returncode:
        raise RuntimeError(f"exit code {child.returncode}: {said}")
    return {"seconds": round(seconds, 1), "peak_gb": round(peak / 1e9, 3), "said": said.replace(f"{pdf.parent}/", "")}


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Memory and pages a minute on a PDF of many pages.")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result here, as well as to stdout")
    parser.add_argument("--pages", type=int, default=300, help="of the large PDF (default: %(default)s)")
    parser.add_argument("--few", type=int, default=50, help="pages of the small one (default: %(default)s)")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2], metavar="N", help="(default: 1 2)")
    parser.add_argument("--review", action="store_true", help="write the review page too")
    arguments = parser.parse_args()
    if not 0 < arguments.few < arguments.pages:
        parser.error("--few must be less than --pages")
    from pipeline.scan import ScanOptions

    runs = []
    with tempfile.TemporaryDirectory() as name:
        for pages in (arguments.few, arguments.pages):
            repeated(Path(name) / f"{pages}.pdf", pages)
        for jobs in arguments.jobs:
            options = ["--jobs", str(jobs), *(["--review", f"{name}/review.html"] if arguments.review else [])]
            few, many = (measured(Path(name) / f"{pages}.pdf", options) for pages in (arguments.few, arguments.pages))
            rate = 60 * (arguments.pages - arguments.few) / (many["seconds"] - few["seconds"])
            runs.append({"jobs": jobs, "pages_a_minute": round(rate, 1), "few": few, "many": many})
    result = {
        **provenance(ScanOptions().load_engines().versions),
        "input": EXAMPLE.name,
        "samples": {"few": arguments.few, "many": arguments.pages},
        "review": arguments.review,
        "runs": runs,
    }
    write_result(result, arguments.out)
    return int(any(run["jobs"] == 1 and run["many"]["peak_gb"] > MOST_GB for run in runs))


if __name__ == "__main__":
    sys.exit(main())
