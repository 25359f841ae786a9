from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.languages import LETTERS, belongs, check_lang, require_letters
from pipeline.prose import RapidProse
from pipeline.scan import ScanOptions
from scanpage.errors import UsageError, WeightsError
from scanpage.geometry import Box
from scanpage.rapidocr_models import model_path, open_model


@pytest.mark.parametrize("lang", ["de", "ru", "my/cyrillic.onnx", "model.ONNX"])
def test_languages_and_models_may_be_named(lang: str) -> None:
    check_lang(lang)
    assert ScanOptions(lang=lang).lang == lang


@pytest.mark.parametrize("lang", ["xx", "german", "", "model.txt", "DE"])
def test_what_is_neither_is_refused_with_what_there_is(lang: str) -> None:
    with pytest.raises(UsageError, match="de, el, en"):
        ScanOptions(lang=lang)


@pytest.mark.parametrize(("_lang", "letters"), LETTERS.items())
def test_letters_of_a_language_are_composed_and_named_once(_lang: str, letters: str) -> None:
    assert unicodedata.normalize("NFC", letters) == letters
    assert len(set(letters)) == len(letters)


@pytest.mark.parametrize(
    ("lang", "char", "expected"),
    [
        ("de", "ß", True),
        ("de", "Ö", True),
        ("de", "ő", False),
        ("tr", "İ", True),
        ("en", "é", False),
        ("en", "中", False),
        ("en", "α", True),  # in mathematics
        ("en", "—", True),
        ("en", "∑", True),
        ("zh", "国", True),
        ("zh", "é", False),
        ("ja", "か", True),
    ],
)
def test_characters_that_may_stand_in_a_language(lang: str, char: str, expected: bool) -> None:
    assert belongs(char, lang) is expected


def test_a_model_that_lacks_letters_is_told_with_the_languages_that_it_reads() -> None:
    require_letters("de", "abcäöüß")
    with pytest.raises(UsageError, match=r"\(ă â î ș ț\): it reads de, en, id"):
        require_letters("ro", "abcäöüß")


@pytest.mark.parametrize("lang", ["pt", "pl", "ja", "zh"])
def test_the_shipped_model_knows_these(lang: str) -> None:
    assert RapidProse(1, lang=lang).version.endswith(f"({lang})")


@pytest.mark.parametrize("lang", ["vi", "ru", "el", "ar", "ko"])
def test_the_shipped_model_does_not_know_these(lang: str) -> None:
    with pytest.raises(UsageError, match=f"--lang {lang} needs letters"):
        RapidProse(1, lang=lang)


def test_only_letters_of_the_language_are_read() -> None:
    matplotlib = pytest.importorskip("matplotlib")
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    page = Image.new("RGB", (420, 70), "white")
    ImageDraw.Draw(page).text((20, 15), "Größe und Maß", fill="black", font=ImageFont.truetype(font, 34))
    box = [Box(10, 8, 300, 64)]
    [(german, _)] = RapidProse(1, lang="de").glance(np.asarray(page), box)
    [(english, _)] = RapidProse(1, lang="en").glance(np.asarray(page), box)
    assert german == "Größe und Maß"
    assert len(english) >= 10 and not {"ö", "ß"} & set(english)


def test_another_model_is_taken_from_its_file(tmp_path: Path) -> None:
    reader = RapidProse(1, lang=str(model_path("rec")))
    assert re.search(rf"\({re.escape(model_path('rec').name)} [0-9a-f]{{12}}\)$", reader.version)
    with pytest.raises(WeightsError, match="does not exist"):
        RapidProse(1, lang=str(tmp_path / "none.onnx"))
    with pytest.raises(WeightsError, match="which characters it reads"):
        RapidProse(1, lang=str(model_path("det")))
    (tmp_path / "junk.onnx").write_bytes(b"junk")
    with pytest.raises(WeightsError, match="cannot be read"):
        RapidProse(1, lang=str(tmp_path / "junk.onnx"))


def test_another_model_of_the_same_name_is_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.line_reader.open_content", lambda *_: open_model("rec", 1))
    monkeypatch.setattr("pipeline.prose.TextLineFinder", lambda *_: None)
    model = tmp_path / "rec.onnx"
    versions = set()
    for content in (b"one", b"another", b"one"):
        model.write_bytes(content)
        versions.add(RapidProse(1, lang=str(model)).version)
    assert len(versions) == 2
