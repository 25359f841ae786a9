"""Settings: validated, complete, and saved as a file that gives them back."""

from __future__ import annotations

import json
import math
import tomllib
from dataclasses import fields, replace
from pathlib import Path

import pytest

from scanpage.errors import InputError, ScanpageError, UsageError
from synth.config import KIND_WEIGHTS, GenerateSettings, PageKind
from synth.config_file import differences, read_config, settings_text


def config(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "pages.toml"
    path.write_text(text, "utf-8")
    return path


@pytest.mark.parametrize(
    "wrong", [{"pages": 0}, {"seed": -1}, {"workers": -1}, {"long_side_px": 10}], ids=lambda w: next(iter(w))
)
def test_settings_that_make_no_sense_are_usage_errors(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="--"):
        GenerateSettings(**{"pages": 1, **wrong})


@pytest.mark.parametrize("weight", [-0.1, math.nan, math.inf])
def test_a_weight_that_is_no_share_is_refused(weight: float) -> None:
    with pytest.raises(UsageError, match="notes"):
        GenerateSettings(pages=1, kinds={PageKind.ARTICLE: 1.0, PageKind.NOTES: weight})


@pytest.mark.parametrize("kinds", [{}, {PageKind.NOTES: 0.0}], ids=["none", "all zero"])
def test_some_kind_must_have_a_weight(kinds: dict[PageKind, float]) -> None:
    with pytest.raises(UsageError, match="kind"):
        GenerateSettings(pages=1, kinds=kinds)


def test_default_weights_name_every_kind_and_make_a_whole() -> None:
    assert set(KIND_WEIGHTS) == set(PageKind) and sum(KIND_WEIGHTS.values()) == pytest.approx(1)


def test_plain_settings_are_json_without_what_changes_nothing() -> None:
    settings = GenerateSettings(pages=2, inks=(Path("a"),), workers=7)
    plain = settings.plain()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["inks"] == ["a"] and "workers" not in plain and "text" not in plain
    shuffled = replace(settings, kinds=dict(reversed(KIND_WEIGHTS.items())))
    assert json.dumps(shuffled.plain()) == json.dumps(plain)


def test_a_file_sets_every_field(tmp_path: Path) -> None:
    text = """
        pages = 7
        seed = 3
        long_side_px = 900
        formulas = ["f.txt"]
        layouts = ["l.layouts", "m.layouts"]
        inks = ["inks"]
        handwriting_fonts = "hand"
        printed_fonts = "print"
        text = "prose.txt"
        workers = 2
        [kinds]
        notes = 3
        article = 0.5
    """
    values = read_config(config(tmp_path, text))
    assert set(values) == {field.name for field in fields(GenerateSettings)}
    assert GenerateSettings(**values) == GenerateSettings(
        pages=7,
        seed=3,
        long_side_px=900,
        formulas=(Path("f.txt"),),
        layouts=(Path("l.layouts"), Path("m.layouts")),
        inks=(Path("inks"),),
        handwriting_fonts=Path("hand"),
        printed_fonts=Path("print"),
        text=Path("prose.txt"),
        kinds={PageKind.ARTICLE: 0.5, PageKind.NOTES: 3.0},
        workers=2,
    )


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("page = 3", ["unknown key page;", "did you mean pages?", "long_side_px"]),
        ("zebra = 3", ["unknown key zebra (known are pages, seed"]),
        ("[kinds]\narticles = 1", ["kinds: unknown kind articles;", "did you mean article?", "worksheet"]),
        ("pages = '3'", ["pages must be a whole number, got '3'"]),
        ("pages = 3.0", ["pages must be a whole number, got 3.0"]),
        ("seed = true", ["seed must be a whole number, got True"]),
        ("inks = 'a.jsonl'", ["inks must be a list of paths, got 'a.jsonl'"]),
        ("inks = [1]", ["inks must be a path in quotes, got 1"]),
        ("text = ['a.txt']", ["text must be a path in quotes"]),
        ("text = ''", ["text must be a path in quotes"]),
        ("kinds = ['notes']", ["kinds must be a table"]),
        ("[kinds]\nnotes = 'often'", ["notes must be a number, got 'often'"]),
    ],
)
def test_what_a_file_may_not_say_is_a_usage_error(tmp_path: Path, text: str, named: list[str]) -> None:
    path = config(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        read_config(path)
    assert str(caught.value).startswith(f"{path}: ") and "\n" not in str(caught.value)
    assert all(part in str(caught.value) for part in named)


@pytest.mark.parametrize("content", [None, b"pages = ", b"\xff"], ids=["missing", "not TOML", "not UTF-8"])
def test_a_file_that_cannot_be_read_is_an_input_error(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "pages.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"pages\.toml") as caught:
        read_config(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["plain.txt", 'a "quoted" \\ name.txt', "zwei\nZeilen \x7f é 😀.txt"])
def test_saved_settings_are_read_back_whatever_files_are_called(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("x")
    given = GenerateSettings(
        pages=2, seed=5, text=tmp_path / name, inks=(tmp_path / name,), kinds={PageKind.NOTES: 1e-07}, workers=3
    )
    saved = config(tmp_path, settings_text(given))
    assert GenerateSettings(**read_config(saved), workers=3) == given


def test_saved_settings_hold_the_defaults_of_today() -> None:
    values = tomllib.loads(settings_text(GenerateSettings(pages=2)))
    assert values == GenerateSettings(pages=2).plain()
    assert values["kinds"]["notes"] == KIND_WEIGHTS[PageKind.NOTES]


def test_settings_differ_when_material_does_and_not_by_the_number_of_pages(tmp_path: Path) -> None:
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "a.ttf").write_text("a")
    settings = GenerateSettings(pages=2, handwriting_fonts=tmp_path / "fonts")
    before = settings_text(settings)
    assert differences(before, settings_text(replace(settings, pages=9, workers=5))) == ("", "")
    assert differences(before, settings_text(replace(settings, seed=1))) == ("seed = 0", "seed = 1")
    (tmp_path / "fonts" / "a.ttf").rename(tmp_path / "fonts" / "b.ttf")
    there, here = differences(before, settings_text(settings))
    assert "fonts" in there and "fonts" in here and there != here


def test_missing_material_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(ScanpageError, match="nowhere") as caught:
        settings_text(GenerateSettings(pages=1, text=tmp_path / "nowhere"))
    assert isinstance(caught.value, InputError)
