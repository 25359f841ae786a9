"""Formulas a second, bytes a layout and peak memory of `synth formulas build`, beside how pictures are usually made.

    python benchmarks/layouts.py [--formulas FILE…] [--count N] [--workers W] [--memory N N] [--usual N] [--out FILE]

- `several`: the first N formulas of the lists (of a grammar without them) by W processes; `baseline`: the first fifth
  of them by one process. Start, normalising, TeX, reading and writing are all part of the seconds.
- `memory`: peak memory of all processes together for a short list and for a long one, by one process.
- `usual`: a run of pdflatex and of pdftoppm at 200 dpi for each formula, as training data are usually rendered.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any

from pages import family, proportional_bytes

INTERVAL_S = 0.25
"""Between two looks at the memory: each takes milliseconds of a core that has other work."""

_DOCUMENT = r"""\documentclass{article}
\usepackage{amsmath,amssymb}
\usepackage[active,tightpage]{preview}
\begin{document}
\begin{preview}$\displaystyle %s$\end{preview}
\end{document}
"""


def measure(lists: list[Path], count: int, workers: int, memory: tuple[int, int], usual: int) -> dict[str, Any]:
    """All parts of the result; nothing of it is kept on disk."""
    from provenance import provenance

    from scanpage import __version__
    from scanpage.document import Versions

    with tempfile.TemporaryDirectory(prefix="layouts-") as name:
        folder = Path(name)
        several = build(folder, lists, count, workers)
        baseline = build(folder, lists, max(1, count // 5), 1)
        sizes = [build(folder, lists, size, 1) for size in memory]
        return {
            **provenance(Versions(__version__)),
            "formulas": [path.name for path in lists] or "grammar",
            "several": several,
            "baseline": baseline,
            "speedup": round(several["formulas_per_s"] / baseline["formulas_per_s"], 2),
            "memory": [{key: size[key] for key in ("read", "peak_gb")} for size in sizes],
            "usual": (slow := one_by_one(folder, lists, usual)),
            "times_as_fast_as_usual": round(several["formulas_per_s"] / slow["formulas_per_s"]),
        }


def source(lists: list[Path]) -> Iterator[str]:
    """Formulas without end if they come from the grammar."""
    if lists:
        from synth.formulas import read_formulas

        return chain.from_iterable(map(read_formulas, lists))
    import numpy as np

    from synth.grammar import random_formula

    return (random_formula(rng) for rng in repeat(np.random.default_rng(0)))


def build(folder: Path, lists: list[Path], count: int, workers: int) -> dict[str, Any]:
    """One run of the command in a process of its own."""
    formulas, out = folder / "formulas.txt", folder / f"{count}-{workers}"
    formulas.write_text("".join(f"{formula}\n" for formula in islice(source(lists), count)), "utf-8")
    command = [sys.executable, "-m", "synth.cli", "formulas", "build", "-q", "--formulas", str(formulas)]
    before, start, peak = processor_s(), time.perf_counter(), 0
    process = subprocess.Popen([*command, "--out", str(out), "--workers", str(workers)])
    while process.poll() is None:
        peak = max(peak, sum(map(proportional_bytes, family(process.pid))))
        time.sleep(INTERVAL_S)
    seconds, cpu_s = time.perf_counter() - start, processor_s() - before
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)
    report = json.loads((out / "report.json").read_text("utf-8"))
    return {
        "workers": workers,
        "read": report["formulas"],
        "layouts": report["layouts"],
        "dropped": report["dropped"],
        "seconds": round(seconds, 2),
        "cpu_s": round(cpu_s, 2),
        "formulas_per_s": round(report["formulas"] / seconds, 1),
        "seconds_for_100000": round(100_000 * seconds / report["formulas"], 1),
        "bytes_per_layout": report["bytes_per_layout"],
        "peak_gb": round(peak / 1e9, 3),
    }


def one_by_one(folder: Path, lists: list[Path], count: int) -> dict[str, Any]:
    """Formulas to pictures, a run of TeX and of a rasteriser for each."""
    made, before, start = 0, processor_s(), time.perf_counter()
    for formula in islice(source(lists), count):
        (folder / "one.tex").write_text(_DOCUMENT % formula, "utf-8")
        (folder / "one.pdf").unlink(missing_ok=True)
        run(folder, "pdflatex", "-interaction=batchmode", "-no-shell-escape", "one.tex")
        if (folder / "one.pdf").exists():
            run(folder, "pdftoppm", "-r", "200", "-gray", "-png", "-singlefile", "one.pdf", "one")
            made += (folder / "one.png").exists()
    seconds = time.perf_counter() - start
    return {
        "how": "pdflatex with preview, then pdftoppm at 200 dpi, once a formula, one process",
        "read": count,
        "pictures": made,
        "seconds": round(seconds, 2),
        "cpu_s": round(processor_s() - before, 2),
        "formulas_per_s": round(count / seconds, 2),
    }


def run(folder: Path, *command: str) -> None:
    """A program that may fail or hang, for the formulas are as they were found."""
    try:
        subprocess.run(command, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
    except subprocess.TimeoutExpired:
        return


def processor_s() -> float:
    """Processor time of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Formulas a second, bytes a layout and memory of typesetting.")
    parser.add_argument("--formulas", type=Path, nargs="+", default=[], metavar="FILE", help="lists of formulas")
    parser.add_argument("--count", type=int, default=100_000, help="formulas of the main run (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="processes of the main run (default: %(default)s)")
    parser.add_argument("--memory", type=int, nargs=2, default=(10_000, 50_000), help="lengths of two lists")
    parser.add_argument("--usual", type=int, default=200, help="formulas set one by one (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result here, as well as to stdout")
    arguments = parser.parse_args()
    result = measure(arguments.formulas, arguments.count, arguments.workers, tuple(arguments.memory), arguments.usual)
    from provenance import write_result

    write_result(result, arguments.out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
