"""Put the measured figures into the README, between its two comments.

    python benchmarks/figures.py [--check]

They come from the `metrics.json` of the shipped models and from `results/` beside this file. With `--check` nothing is
written; exits with 1 where the README says something else than they do.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"
BEGIN = "<!-- figures: written by benchmarks/figures.py -->"
END = "<!-- end of figures -->"

Json = dict[str, Any]


def figures() -> str:
    """The figures as Markdown."""
    sections = (
        _example(_read(RESULTS / "example.json")),
        _recognizer(_read(ROOT / "recognizer" / "weights" / "metrics.json")),
        _detector(_read(ROOT / "detector" / "weights" / "metrics.json"), _read(RESULTS / "found.json")),
        _paper(_read(RESULTS / "paper.json")),
        _real_pages(_read(RESULTS / "real_pages.json")),
        _prose(_read(RESULTS / "prose.json")),
        _speed(_read(RESULTS / "speed.json"), _read(RESULTS / "recognizer_speed.json")),
        _big_job(_read(RESULTS / "big_job.json")),
    )
    return "\n\n".join(sections)


def inserted(readme: str, text: str) -> str:
    """`readme` with `text` between the two comments."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the README lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def _read(path: Path) -> Json:
    content: Json = json.loads(path.read_text("utf-8"))
    return content


def _example(result: Json) -> str:
    isolated, inline = result["isolated"], result["inline"]
    return (
        f"Of the {isolated['formulas']} displayed formulas of `examples/notes.pdf`, {isolated['exact']} come out "
        f"exactly right, and {inline['exact']} of its {inline['formulas']} inline ones. None of the displayed ones was "
        "in the training data."
    )


def _recognizer(metrics: Json) -> str:
    columns = {
        "exact_match": ("exact", 100),
        "within_1": ("≤ 1 error", 100),
        "within_2": ("≤ 2 errors", 100),
        "bleu4": ("BLEU-4", 1),
        "cer": ("CER", 100),
        "render_match": ("looks the same", 100),
        "compile_rate": ("compiles", 100),
    }
    names = {
        "rendered": "im2latex-100k validation, printed",
        "display": "held-out papers and textbooks, printed, at most 200 tokens",
        "handwriting": "CROHME 2014 test, handwritten",
    }
    head = (
        "| formulas | "
        + " | ".join(title for title, _ in columns.values())
        + " |\n"
        + "|---" * (1 + len(columns))
        + "|"
    )
    rows = []
    for key, name in names.items():
        row = metrics[key]
        cells = [f"{row[column] * scale:.1f}" for column, (_, scale) in columns.items()]
        rows.append(f"| {row['samples']:,} of {name} | " + " | ".join(cells) + " |")
    errors = {
        name: metrics[key]["calibration_error"] for key, name in (("rendered", "im2latex"), ("handwriting", "CROHME"))
    }
    note = "The confidence is off by " + " and ".join(f"{100 * e:.1f} points on {name}" for name, e in errors.items())
    table = head + "\n" + "\n".join(rows)
    return (
        f"Reading formulas, each cut out for the model, greedily, in percent:\n\n{table}\n\n"
        f"{note} (expected calibration error)."
    )


def _detector(metrics: Json, normalised: Json) -> str:
    figures, free = metrics["synthetic_held_out"], metrics["without_formulas"]
    head = "| formulas | precision | recall | F1 | F1 at IoU 0.75 | AP50 |\n|---|---|---|---|---|---|"
    names = ("precision", "recall", "f1", "f1_75", "ap50")
    rows = []
    for kind, name in (("isolated", "displayed"), ("inline", "inline")):
        cells = " | ".join(f"{100 * figures[kind][figure]:.1f}" for figure in names)
        rows.append(f"| {figures[kind]['truths']:,} {name} | {cells} |")
    title = (
        f"Finding formulas on {figures['pages']} synthetic pages of other formulas, fonts and writers than those it "
        f"learnt from, at IoU {figures['iou']}, in percent:"
    )
    note = (
        f"Where photos are made pages first, as `scanpage` does, F1 is {100 * normalised['isolated']['f1']:.1f} and "
        f"{100 * normalised['inline']['f1']:.1f}. On {free['pages']} pages without formulas (prose, tables, figures) "
        f"there are {free['all']['false_per_page']:.2f} boxes a page."
    )
    return title + "\n\n" + head + "\n" + "\n".join(rows) + "\n\n" + note


def _paper(result: Json) -> str:
    return (
        f"The sheet of paper is found with no corner more than 1 % of the diagonal off on "
        f"{result['within_1_percent']:.0%} of {result['photos']} synthetic photos (half of them within "
        f"{100 * result['error_percentiles']['50']:.1f} %); {result['turned_right']:.0%} of {result['turned']} "
        f"pictures in all four quarter turns come out upright, and {result['upright_kept']:.0%} of those that were so."
    )


def _real_pages(result: Json) -> str:
    head = "| pages | displayed formulas | recall | precision | read exactly |\n|---|---|---|---|---|"
    rows = []
    for name, counts in result["groups"].items():
        pages = sum(page.startswith(name[:4]) for page in result["pages"])
        rows.append(
            f"| {pages} {name} | {counts['labelled']} | {counts['recall']:.0%} | {counts['precision']:.0%} | "
            f"{counts['exact']} of {counts['sure']} |"
        )
    note = "Real photos and scans that were never trained on, labelled by hand (only what could be read with certainty "
    return f"{note}counts as a reading):\n\n{head}\n" + "\n".join(rows)


def _prose(result: Json) -> str:
    return (
        f"On {result['pages']} synthetic printed pages (scans, faxes and photos of articles, worksheets and prose) "
        f"Kendall's tau of the order of lines is {result['kendall_tau']:.3f}, and "
        f"{result['pages_in_perfect_order']:.0%} of the pages have no fault in it. "
        f"Of the characters of their prose {100 * result['cer']:.1f} % are wrong "
        f"({100 * result['cer_with_foreign']:.1f} % with lines in letters that the prose model does not know). "
        f"{result['heading_recall']:.0%} of the headings are found, and {result['heading_precision']:.0%} of what is "
        "taken for one is one."
    )


def _speed(result: Json, alone: Json) -> str:
    hardware = result["hardware"]
    lines = [f"On {result['threads']} threads of {hardware['processor']}:", ""]
    for page in result["pages"]:
        seconds = page["seconds"]
        stages = ", ".join(f"{stage} {seconds[stage]:.2f}" for stage in seconds if stage != "total")
        lines.append(
            f"- page {page['page']} of the example, {page['formulas']} formulas: {seconds['total']:.1f} s ({stages});"
        )
    lines.append(
        f"- a formula {result['formula_ms']:.0f} ms, start {result['start_s']:.1f} s, peak memory "
        f"{result['peak_gb']:.2f} GB;"
    )
    ours, ratio = alone["recognizer"], 1 / alone["single_ratio"]
    lines.append(
        f"- the recognizer alone, on im2latex: {ours['batch_ms']:.0f} ms a formula in batches of ten, "
        f"{ours['single_ms']:.0f} ms one by one ({ratio:.1f} times as fast as the model in torch), start "
        f"{ours['start_s']:.1f} s, peak memory {ours['peak_mb'] / 1000:.2f} GB."
    )
    return "\n".join(lines)


def _big_job(result: Json) -> str:
    few, many = result["samples"]["few"], result["samples"]["many"]
    rates = "; ".join(
        f"`--jobs {run['jobs']}` reads {run['pages_a_minute']:.0f} pages a minute in {run['many']['peak_gb']:.2f} GB "
        f"at most (of {few} pages in {run['few']['peak_gb']:.2f} GB)"
        for run in result["runs"]
    )
    return f"A PDF of {many} pages, those of the example over and over: {rates}."


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Put the measured figures into the README.")
    parser.add_argument("--check", action="store_true", help="only say whether they stand there")
    arguments = parser.parse_args()
    readme = README.read_text("utf-8")
    renewed = inserted(readme, figures())
    if arguments.check:
        if readme != renewed:
            sys.stderr.write("the README's figures are not the measured ones: run benchmarks/figures.py\n")
        return int(readme != renewed)
    README.write_text(renewed, "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
