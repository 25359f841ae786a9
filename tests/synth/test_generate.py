"""Folders of pages: complete, and the same for every number of workers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from scanpage.errors import InputError, OutputError, UsageError
from synth.config import GenerateSettings
from synth.generate import generate
from synth.stock import Stock, is_formula, is_line


@pytest.fixture
def settings(layouts: Path, inks: Path) -> GenerateSettings:
    return GenerateSettings(pages=6, seed=3, long_side_px=500, layouts=(layouts,), inks=(inks,), workers=0)


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_a_folder_is_complete(settings: GenerateSettings, tmp_path: Path) -> None:
    pages = generate(settings, tmp_path / "pages")
    made = files(tmp_path / "pages")
    names = {f"images/{k:06d}.jpg" for k in range(6)}
    assert set(made) == names | {"annotations.json", "settings.json", "contact_sheet.jpg"}
    coco = json.loads(made["annotations.json"])
    assert coco["info"]["seed"] == 3 and coco["info"]["settings"]["pages"] == 6
    assert json.loads(made["settings.json"]) == coco["info"]["settings"]
    assert len(coco["annotations"]) == sum(len(page.formulas) for page in pages) > 0
    for image in coco["images"]:
        pixels = cv2.imdecode(np.frombuffer(made[image["file_name"]], np.uint8), cv2.IMREAD_COLOR)
        assert pixels.shape[:2] == (image["height"], image["width"])
    sizes = {image["id"]: (image["width"], image["height"]) for image in coco["images"]}
    for annotation in coco["annotations"]:
        x, y, w, h = annotation["bbox"]
        width, height = sizes[annotation["image_id"]]
        assert w > 0 and h > 0 and x >= 0 and y >= 0 and x + w <= width and y + h <= height
        assert annotation["latex"]


@pytest.mark.slow
def test_pages_do_not_depend_on_the_number_of_workers(settings: GenerateSettings, tmp_path: Path) -> None:
    generate(settings, tmp_path / "one")
    generate(replace(settings, workers=3), tmp_path / "three")
    assert files(tmp_path / "one") == files(tmp_path / "three")


def test_page_k_does_not_depend_on_the_number_of_pages(settings: GenerateSettings, tmp_path: Path) -> None:
    generate(settings, tmp_path / "six")
    generate(replace(settings, pages=2), tmp_path / "two")
    six, two = files(tmp_path / "six"), files(tmp_path / "two")
    assert all(six[name] == two[name] for name in two if name.startswith("images/"))


def test_seeds_give_different_pages(settings: GenerateSettings, tmp_path: Path) -> None:
    generate(replace(settings, pages=1), tmp_path / "a")
    generate(replace(settings, pages=1, seed=4), tmp_path / "b")
    assert files(tmp_path / "a")["images/000000.jpg"] != files(tmp_path / "b")["images/000000.jpg"]


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


@pytest.mark.parametrize(
    "wrong", [{"pages": 0}, {"seed": -1}, {"workers": -1}, {"long_side_px": 10}], ids=lambda w: next(iter(w))
)
def test_settings_that_make_no_sense_are_usage_errors(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="--"):
        GenerateSettings(**{"pages": 1, **wrong})


def test_inks_are_told_apart(stock: Stock) -> None:
    assert len(stock.inks) == 12 and len(stock.lines) == 1
    assert all(is_formula(written.ink) for written in stock.inks)
    assert is_line(stock.lines[0]) and not is_formula(stock.lines[0])


def test_formulas_are_drawn_by_length(stock: Stock) -> None:
    rng = np.random.default_rng(0)
    drawn = [stock.layout(rng, width_em=50, height_em=5, glyphs=(1, 1)) for _ in range(20)]
    assert {layout.latex for layout in drawn if layout} <= {"x", "n", r"\alpha"}
    assert len([layout for layout in drawn if layout]) == 20
    assert stock.layout(rng, width_em=50, height_em=5, glyphs=(200, 300)) is None
