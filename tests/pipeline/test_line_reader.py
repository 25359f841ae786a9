"""Lines of text as the recognizer reads them."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from pipeline.line_reader import BLANK, HEIGHT_PX, LEAST_WIDTH_PX, MOST_WIDTH_PX, SPACE, LineReader, as_input
from scanpage.errors import WeightsError


@pytest.fixture(scope="module")
def reader() -> LineReader:
    return LineReader(threads=2)


def line(text: str, width: int) -> np.ndarray:
    """A line of print, uint8 RGB [44, width, 3]."""
    picture = Image.new("RGB", (width, 44), "white")
    ImageDraw.Draw(picture).text((6, 4), text, fill="black", font=ImageFont.load_default(28))
    return np.asarray(picture)


def test_lines_are_read_in_the_order_they_are_given(reader: LineReader) -> None:
    texts = ["Let the sum be finite", "then", "it converges to a limit that is not zero"]
    found = reader.read([line(text, 20 + 15 * len(text)) for text in texts])
    assert [text.strip() for text, _ in found] == texts
    assert all(0.8 < score <= 1.0 for _, score in found)


def test_letters_that_stand_twice_are_read_twice(reader: LineReader) -> None:
    ((text, _),) = reader.read([line("a bookkeeper will see", 320)])
    assert text.strip() == "a bookkeeper will see"


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ("a_nd", "and"),
        ("a,nd", "a nd"),  # a blank, with a little of a space: words stand close here
        (",a,", "a"),
        ("aa,a", "a a"),
        ("for × that", "for x that"),  # a letter by itself
        ("m × n or 2 × 3", "m × n or 2 × 3"),
        ("rows × columns", "rows × columns"),
    ],
)
def test_columns_make_words(reader: LineReader, monkeypatch: pytest.MonkeyPatch, columns: str, text: str) -> None:
    told = np.zeros((1, len(columns), len(reader._characters)), np.float32)
    for index, char in enumerate(columns):
        told[0, index, BLANK if char in "_," else reader._characters.index(char)] = 0.9
        told[0, index, -1] += SPACE if char == "," else 0
    session = SimpleNamespace(run=lambda *_: (told,), get_inputs=lambda: [SimpleNamespace(name="x")])
    monkeypatch.setattr(reader, "_session", session)
    assert reader.read([np.full((48, 320, 3), 255, np.uint8)])[0][0] == text


def test_crowded_letters_are_read_once_more_from_a_wider_line(reader: LineReader) -> None:
    crowded = cv2.resize(line("we look for all that solve this", 430), (240, 44), interpolation=cv2.INTER_AREA)
    assert len(reader._told(crowded)[0]) < 25
    ((text, _),) = reader.read([crowded])
    assert text == "we look for all that solve this"


def test_blank_paper_says_nothing(reader: LineReader) -> None:
    assert reader.read([np.full((40, 200, 3), 255, np.uint8)]) == [("", 0.0)]
    assert reader.read([]) == []


def test_lines_keep_their_proportions_and_short_ones_get_grey_beside_them() -> None:
    long, short = as_input(np.full((20, 1000, 3), 255, np.uint8)), as_input(np.full((24, 48, 3), 255, np.uint8))
    assert long.shape == (1, 3, HEIGHT_PX, 2400) and long.min() == 1.0
    assert short.shape == (1, 3, HEIGHT_PX, LEAST_WIDTH_PX)
    assert (short[..., :96] == 1.0).all() and (short[..., 96:] == 0.0).all()


def test_a_rule_across_the_page_costs_no_more_than_a_long_line() -> None:
    assert as_input(np.zeros((1, 3000, 3), np.uint8)).shape[3] == MOST_WIDTH_PX


def test_the_signs_that_can_be_told_are_those_of_the_language() -> None:
    assert {"é", " ", "a", "中"} <= LineReader(1).characters and "ж" not in LineReader(1).characters
    assert {"ß", " ", "a"} <= LineReader(1, lang="de").characters and "中" not in LineReader(1, lang="de").characters


def test_a_model_that_names_too_few_signs_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Session:
        def get_modelmeta(self) -> SimpleNamespace:
            return SimpleNamespace(custom_metadata_map={"character": "a\nb\nc"})

        def get_outputs(self) -> list[SimpleNamespace]:
            return [SimpleNamespace(shape=["batch", "columns", 9])]

    monkeypatch.setattr("pipeline.line_reader.open_content", lambda *_: Session())
    model = tmp_path / "other.onnx"
    model.write_bytes(b"")
    with pytest.raises(WeightsError, match="tells 9 signs apart and names 5"):
        LineReader(1, lang=str(model))
