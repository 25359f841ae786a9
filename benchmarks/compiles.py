"""Whether the documents of real and synthetic pages compile, with pdfLaTeX and with XeLaTeX.

    python benchmarks/compiles.py PAGES… [--limit N] [--out FILE]

PAGES are pictures, PDF files, or folders of them. Each page becomes a `.tex`, with its pictures beside it, which both
engines compile without shell escape. A page at which TeX stops is a fault, and so is one of which it misses characters.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from provenance import provenance

from pipeline.engines import load_engines
from pipeline.load import list_pages
from pipeline.outputs import deliver_figures, figures_folder
from pipeline.scan import ScanOptions, scan_pages
from pipeline.write_tex import document_to_tex
from scanpage.document import Document

ENGINES = ("pdflatex", "xelatex")
LIMIT_S = 120


def compiles(engine: str, source: Path) -> tuple[bool, int]:
    """Whether a `.tex` compiles, and how many characters its log calls missing."""
    command = [engine, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", source.name]
    try:
        done = subprocess.run(command, cwd=source.parent, capture_output=True, timeout=LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return False, 0
    log = source.with_suffix(".log").read_text("latin-1")
    return done.returncode == 0, log.count("Missing character")


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Whether documents compile.")
    parser.add_argument("pages", nargs="+", metavar="PAGES", help="pictures, PDF files, or folders of them")
    parser.add_argument("--limit", type=int, metavar="N", help="the first N pages of each")
    parser.add_argument("--threads", type=int, default=2, help="threads of the engines (default: %(default)s)")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result here")
    options = parser.parse_args()
    engines = load_engines(threads=options.threads)
    sources = [source for entry in options.pages for source in list_pages(entry)[: options.limit]]
    counts = {"pages": 0, "formulas": 0, "figures": 0, "failed": 0, "missing_characters": 0}
    faults: list[str] = []
    for source in sources:
        document: Document = scan_pages([source], engines, options=ScanOptions(threads=options.threads))
        counts["pages"] += 1
        counts["formulas"] += len(document.formulas)
        counts["figures"] += len(document.figures)
        counts["failed"] += len(document.failures)
        with TemporaryDirectory() as folder:
            target = Path(folder) / "page.tex"
            deliver_figures(document, target)
            target.write_text(document_to_tex(document, figures_folder(target)), "utf-8")
            for engine in ENGINES:
                done, missing = compiles(engine, target)
                counts["missing_characters"] += missing
                if not done or missing:
                    what = f"{missing} characters missing" if done else "does not compile"
                    faults.append(f"{engine}: {Path(source.source).name} page {source.number} {what}")
    sys.stdout.write(f"{counts}\n" + "".join(f"{fault}\n" for fault in faults))
    if options.out:
        result = {**provenance(engines.versions), "engines": ENGINES, **counts, "faults": faults}
        options.out.write_text(json.dumps(result, indent=1) + "\n", "utf-8")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
