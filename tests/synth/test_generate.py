"""Folders of pages: complete, the same for every number of workers, and the same after any accident."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanpage.errors import InputError, OutputError, UsageError
from scanpage.geometry import Box
from scanpage.region import RegionKind
from synth.coco import Line
from synth.config import GenerateSettings, PageKind
from synth.config_file import read_config
from synth.degrade import Picture
from synth.generate import figures, generate, lines, truths
from synth.sheet import LineRole, Mark, Source, Written


@pytest.fixture
def settings(layouts: Path, inks: Path) -> GenerateSettings:
    return GenerateSettings(pages=6, seed=3, long_side_px=500, layouts=(layouts,), inks=(inks,), workers=0)


@pytest.fixture(scope="module")
def undisturbed(layouts: Path, inks: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """What a run of `settings` without accidents leaves."""
    out = tmp_path_factory.mktemp("undisturbed")
    generate(GenerateSettings(pages=6, seed=3, long_side_px=500, layouts=(layouts,), inks=(inks,), workers=0), out)
    return files(out)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_folder_is_complete(settings: GenerateSettings, tmp_path: Path) -> None:
    made = generate(settings, tmp_path / "pages")
    there = files(tmp_path / "pages")
    names = {f"images/{k:06d}.jpg" for k in range(6)} | {f"truth/{k:06d}.json" for k in range(6)}
    others = {"annotations.json", "settings.toml", "contact_sheet.jpg", "images/metadata.jsonl"}
    assert set(there) == names | others
    coco = json.loads(there["annotations.json"])
    assert coco["info"]["seed"] == 3 and coco["info"]["settings"]["pages"] == 6
    assert len(coco["annotations"]) == sum(len(page.formulas) for page in made.pages) > 0
    assert made.found == 0
    for image in coco["images"]:
        pixels = cv2.imdecode(np.frombuffer(there[image["file_name"]], np.uint8), cv2.IMREAD_COLOR)
        assert pixels.shape[:2] == (image["height"], image["width"])


def test_saved_settings_repeat_the_run(
    settings: GenerateSettings, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    (tmp_path / "saved.toml").write_bytes(undisturbed["settings.toml"])
    generate(GenerateSettings(**read_config(tmp_path / "saved.toml")), tmp_path / "again")
    assert files(tmp_path / "again") == undisturbed


@pytest.mark.slow
def test_pages_do_not_depend_on_the_number_of_workers(
    settings: GenerateSettings, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    generate(replace(settings, workers=3), tmp_path / "three")
    assert files(tmp_path / "three") == undisturbed


def test_page_k_does_not_depend_on_the_number_of_pages(
    settings: GenerateSettings, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "pages"
    generate(replace(settings, pages=2), out)
    two = files(out)
    assert all(two[name] == undisturbed[name] for name in two if name.startswith(("truth/", "images/0")))
    made = generate(settings, out)
    assert made.found == 2 and len(made.pages) == 6
    assert files(out) == undisturbed


def test_seeds_give_different_pages(settings: GenerateSettings, tmp_path: Path) -> None:
    generate(replace(settings, pages=1), tmp_path / "a")
    generate(replace(settings, pages=1, seed=4), tmp_path / "b")
    assert files(tmp_path / "a")["images/000000.jpg"] != files(tmp_path / "b")["images/000000.jpg"]


def test_only_kinds_with_a_weight_are_made(settings: GenerateSettings, tmp_path: Path) -> None:
    kinds = {PageKind.PROSE: 2.0, PageKind.NOTES: 0.0}
    made = generate(replace(settings, kinds=kinds), tmp_path / "prose")
    assert [page.formulas for page in made.pages] == [()] * 6


@pytest.mark.parametrize(
    "damage",
    ["images/000003.jpg", "truth/000003.json", "annotations.json", "contact_sheet.jpg", "images/metadata.jsonl"],
)
@pytest.mark.parametrize("how", ["gone", "empty", "cut"])
def test_whatever_is_missing_or_damaged_is_made_again(
    settings: GenerateSettings, undisturbed: dict[str, bytes], tmp_path: Path, damage: str, how: str
) -> None:
    _restore(undisturbed, tmp_path)
    path = tmp_path / damage
    path.write_bytes(b"" if how == "empty" else undisturbed[damage][:-20])
    if how == "gone":
        path.unlink()
    made = generate(settings, tmp_path)
    assert made.found == (5 if "000003" in damage else 6)
    assert files(tmp_path) == undisturbed


def test_what_a_killed_run_was_writing_is_cleared_away(
    settings: GenerateSettings, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    _restore(undisturbed, tmp_path)
    halves = ["images/.000001.jpg.a1.jpg", "truth/.000001.json.a1.json", ".annotations.json.a1.json"]
    for half in [*halves, "images/.metadata.jsonl.a1.jsonl", ".settings.toml.a1.toml"]:
        (tmp_path / half).write_bytes(b"half")
    generate(settings, tmp_path)
    assert files(tmp_path) == undisturbed


def test_a_folder_is_not_complete_while_pages_are_missing(
    settings: GenerateSettings, undisturbed: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _restore(undisturbed, tmp_path)
    (tmp_path / "truth" / "000005.json").unlink()

    def fail(*_: object) -> None:
        raise OutputError("no space")

    monkeypatch.setattr("synth.generate.make_picture", fail)
    with pytest.raises(OutputError, match="no space"):
        generate(settings, tmp_path)
    assert not (tmp_path / "annotations.json").exists()


def test_pages_of_other_settings_are_left_alone(
    settings: GenerateSettings, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    _restore(undisturbed, tmp_path)
    with pytest.raises(UsageError, match="there: seed = 3; here: seed = 4"):
        generate(replace(settings, seed=4), tmp_path)
    with pytest.raises(UsageError, match="holds 6 pages"):
        generate(replace(settings, pages=5), tmp_path)
    assert files(tmp_path) == undisturbed


def test_pages_of_material_that_changed_are_left_alone(settings: GenerateSettings, tmp_path: Path) -> None:
    text = tmp_path / "prose.txt"
    text.write_text("some words to set on the page")
    with_text = replace(settings, pages=1, text=text)
    generate(with_text, tmp_path / "out")
    text.write_text("quite other words")
    with pytest.raises(UsageError, match=r"prose\.txt"):
        generate(with_text, tmp_path / "out")


def test_strange_files_are_left_alone(settings: GenerateSettings, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "holiday.jpg").write_bytes(b"sunset")
    with pytest.raises(UsageError, match="images"):
        generate(settings, tmp_path)
    assert files(tmp_path) == {"images/holiday.jpg": b"sunset"}


def test_a_folder_without_pages_takes_other_settings(settings: GenerateSettings, tmp_path: Path) -> None:
    formulas = tmp_path / "formulas.txt"
    formulas.write_text("\\nosuchcommand\n")
    broken = replace(settings, layouts=(), formulas=(formulas,))
    with pytest.raises(UsageError, match="none of the formulas"):
        generate(broken, tmp_path / "out")
    generate(replace(settings, pages=1), tmp_path / "out")
    assert (tmp_path / "out" / "annotations.json").exists()


def test_a_folder_that_cannot_be_made_is_an_output_error(settings: GenerateSettings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="file"):
        generate(settings, tmp_path / "file" / "pages")


@pytest.mark.parametrize("field", ["layouts", "inks", "formulas"])
def test_missing_material_is_an_input_error(settings: GenerateSettings, tmp_path: Path, field: str) -> None:
    missing = (tmp_path / "missing.txt",)
    with pytest.raises(InputError, match=r"missing\.txt"):
        generate(
            GenerateSettings(**{"pages": 1, "workers": 0, "layouts": settings.layouts, field: missing}),
            tmp_path / "out",
        )
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("workers", [1, 2])
def test_material_that_is_not_what_it_should_be_is_an_input_error(
    settings: GenerateSettings, tmp_path: Path, workers: int
) -> None:
    wrong = tmp_path / "wrong.layouts"
    wrong.write_text("no layouts")
    with pytest.raises(InputError, match=r"wrong\.layouts"):
        generate(replace(settings, layouts=(wrong,), workers=workers), tmp_path / "out")


def test_truth_is_cut_at_the_edge_of_the_picture() -> None:
    def mark(x: float, y: float) -> Mark:
        rim = np.array([[x, y], [x + 20, y + 10]], np.float32)
        return Mark(rim, RegionKind.INLINE, "x", Source.HAND)

    picture = Picture(
        np.zeros((50, 100, 3), np.uint8),
        (mark(90, 10), mark(-30, 10), mark(10, 49.5)),
        (Written(mark(90, 10).rim, "x", LineRole.TEXT), Written(mark(-30, 10).rim, "y", LineRole.LABEL)),
        (mark(90, 10).rim, mark(-30, 10).rim),
        90,
        np.zeros((4, 2), np.float32),
    )
    assert [truth.box for truth in truths(picture)] == [Box(90, 10, 100, 20)]
    assert lines(picture) == (Line(Box(90, 10, 100, 20), "x", LineRole.TEXT),)
    assert figures(picture) == (Box(90, 10, 100, 20),)


def _restore(content: dict[str, bytes], folder: Path) -> None:
    for name, data in content.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
