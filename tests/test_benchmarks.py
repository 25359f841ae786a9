"""The judges of the benchmarks judge rightly."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pypdfium2
import pytest

from scanpage.document import Display, DisplayRow, Formula, Page, ScannedPage
from scanpage.geometry import Box
from scanpage.region import Region, RegionKind

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = ROOT / "benchmarks"


def script(name: str) -> Any:
    """A fixture that imports `benchmarks/<name>.py` as Python does when it runs."""

    @pytest.fixture
    def module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
        monkeypatch.syspath_prepend(str(BENCHMARKS))
        return import_module(name)

    return module


truth = script("truth")
check = script("check")
figures = script("figures")
real_pages = script("real_pages")
big_job = script("big_job")


def formula(x0: float, y0: float, x1: float, y1: float, latex: str = "x") -> Formula:
    return Formula(Region(Box(x0, y0, x1, y1), RegionKind.ISOLATED), latex, 1.0)


CASES = [
    # spelling, spaces and braces do not matter
    (r"\frac{a}{b}", r"\frac { a } { b }", True),
    (r"x^2", r"x ^ { 2 }", True),
    (r"n \to \infty", r"n \rightarrow \infty", True),
    # one sign does
    (r"x^2", r"x ^ { 3 }", False),
    # what the label language does not know is never right
    (r"\unknown x", r"\unknown x", False),
    ("", "", False),
]


@pytest.mark.parametrize(("label", "reading", "right"), CASES)
def test_readings_are_compared_in_canonical_form(truth: ModuleType, label: str, reading: str, right: bool) -> None:
    assert truth.same(label, reading) is right


def test_each_reading_answers_for_one_label_only(truth: ModuleType) -> None:
    labels = [truth.Truth(Box(0, 0, 0.5, 0.1), RegionKind.ISOLATED, "x") for _ in range(2)]
    outcomes = truth.match(labels, [formula(0, 0, 50, 10)], 100, 100)
    assert sorted(outcome.found is not None for outcome in outcomes) == [False, True]


def test_a_box_that_hardly_overlaps_is_no_find(truth: ModuleType) -> None:
    label = truth.Truth(Box(0, 0, 0.5, 0.1), RegionKind.ISOLATED, "x")
    (outcome,) = truth.match([label], [formula(30, 0, 80, 10)], 100, 100)
    assert outcome.found is None
    assert not outcome.exact


def test_the_better_box_wins(truth: ModuleType) -> None:
    label = truth.Truth(Box(0, 0, 0.5, 0.1), RegionKind.ISOLATED, "x")
    (outcome,) = truth.match([label], [formula(0, 0, 40, 10, "y"), formula(0, 0, 50, 10, "x")], 100, 100)
    assert outcome.exact


def test_the_examples_truth_can_be_read(truth: ModuleType) -> None:
    pages = truth.read_example(ROOT / "examples" / "notes.truth.json")
    assert sorted(pages) == [1, 2]
    boxes = [label.box for labels in pages.values() for label in labels]
    assert all(0 <= side <= 1 for box in boxes for side in box.xyxy)


def test_labels_of_real_pages_are_read(truth: ModuleType, tmp_path: Path) -> None:
    entry = {"box": [10, 20, 60, 40], "kind": "inline", "latex": "x", "sure": False}
    (tmp_path / "labels.json").write_text(json.dumps({"a.jpg": {"size": [100, 200], "formulas": [entry], "text": []}}))
    labels = truth.read_labels(tmp_path / "labels.json")
    assert labels == {"a.jpg": [truth.Truth(Box(0.1, 0.1, 0.6, 0.2), RegionKind.INLINE, "x", sure=False)]}


GOOD = {
    "pages": [{"page": 1, "formulas": 10, "seconds": {"total": 1.4}}],
    "peak_gb": 1.4,
    "formula_ms": 90.0,
    "start_s": 1.9,
}
BREACHES = [
    ({}, 0),
    ({"peak_gb": 1.6}, 1),
    ({"formula_ms": 101.0, "start_s": 2.1}, 2),
    ({"pages": [{"page": 1, "formulas": 10, "seconds": {"total": 1.6}}]}, 1),
    # twenty formulas may take twice as long as ten, two may not take less than ten
    ({"pages": [{"page": 1, "formulas": 20, "seconds": {"total": 2.9}}]}, 0),
    ({"pages": [{"page": 1, "formulas": 2, "seconds": {"total": 1.4}}]}, 0),
]


@pytest.mark.parametrize(("changes", "breaches"), BREACHES)
def test_floors(check: ModuleType, changes: dict[str, object], breaches: int) -> None:
    assert len(check.breaches(GOOD | changes)) == breaches


def test_real_pages_are_counted(truth: ModuleType, real_pages: ModuleType) -> None:
    found = [formula(0, 0, 50, 10, "x"), formula(0, 20, 50, 30, "z"), formula(0, 80, 50, 90, "w")]
    page = ScannedPage(Page("a.jpg", 1, 100, 100, 72), (Display(tuple(DisplayRow((f,)) for f in found)),))
    labels = [
        truth.Truth(Box(0, 0, 0.5, 0.1), RegionKind.ISOLATED, "x"),  # found and right
        truth.Truth(Box(0, 0.2, 0.5, 0.3), RegionKind.ISOLATED, "y"),  # found and wrong
        truth.Truth(Box(0, 0.5, 0.5, 0.6), RegionKind.ISOLATED, "u", sure=False),  # missed, and hard to read
        truth.Truth(Box(0.6, 0, 0.7, 0.1), RegionKind.INLINE, "v"),  # not a display
    ]
    counts = real_pages.count(labels, page, ["x", "y", "u", "v"])
    assert counts == real_pages.Counts(labelled=3, detected=3, matched=2, sure=2, exact=1, exact_on_true_boxes=2)
    assert (counts + counts).recall == counts.recall == pytest.approx(2 / 3)


def test_figures_replace_what_stood_between_the_comments(figures: ModuleType) -> None:
    readme = f"before\n{figures.BEGIN}\nold\n{figures.END}\nafter\n"
    renewed = figures.inserted(readme, "new")
    assert "old" not in renewed
    assert renewed.startswith("before\n") and renewed.endswith("after\n")
    assert figures.inserted(renewed, "new") == renewed


def test_the_readme_gives_the_measured_figures(figures: ModuleType) -> None:
    readme = figures.README.read_text("utf-8")
    assert readme == figures.inserted(readme, figures.figures()), "run benchmarks/figures.py"


SCRIPTS = sorted(path.name for path in BENCHMARKS.glob("*.py") if "def main()" in path.read_text("utf-8"))


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_script_says_what_it_does(name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-B", str(BENCHMARKS / name), "--help"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "usage:" in done.stdout


def test_the_large_file_has_the_pages_of_the_example_in_turn(big_job: ModuleType, tmp_path: Path) -> None:
    big_job.repeated(tmp_path / "large.pdf", 5)
    large, example = pypdfium2.PdfDocument(tmp_path / "large.pdf"), pypdfium2.PdfDocument(big_job.EXAMPLE)
    small = [[page.render(scale=0.05).to_numpy().tobytes() for page in document] for document in (large, example)]
    assert small[0] == [small[1][number % 2] for number in range(5)] and small[1][0] != small[1][1]
