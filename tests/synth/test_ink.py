import gzip
import json

import numpy as np
import pytest

from scanpage.errors import InputError
from synth.ink import Ink, Pen, paint_ink, read_inks

RECORD = {
    "id": "writer-1",
    "label": "x + 1",
    "strokes": [[0, 0, 40, 60], [40, 0, 0, 60], [70, 30, 110, 30], [90, 10, 90, 50], [140, 0, 140, 60]],
    "symbols": [["x", [0, 1]], ["+", [2, 3]], ["1", [4]]],
}


@pytest.fixture
def ink(tmp_path) -> Ink:
    path = tmp_path / "inks.jsonl"
    path.write_text(json.dumps(RECORD) + "\n\n")
    (found,) = read_inks(path)
    return found


def test_json_lines_are_read(ink):
    assert (ink.id, ink.label) == ("writer-1", "x + 1")
    assert ink.symbols == (("x", (0, 1)), ("+", (2, 3)), ("1", (4,)))
    assert ink.strokes[0].dtype == np.float32
    assert ink.strokes[2].tolist() == [[70, 30], [110, 30]]


def test_compressed_lines_and_words_are_read(tmp_path):
    record = {"id": 3, "strokes": [[0, 0, 5, 5]], "words": [["hello", [0]]]}
    path = tmp_path / "inks.jsonl.gz"
    path.write_bytes(gzip.compress(json.dumps(record).encode()))
    (ink,) = read_inks(path)
    assert ink.symbols == (("hello", (0,)),)
    assert ink.label == ""


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        '{"id": 1, "strokes": []}',  # nothing written
        '{"id": 1, "strokes": [[0, 0, 1]]}',  # half a point
        '{"id": 1, "strokes": [[0, 0]], "symbols": [["x", [1]]]}',  # no such stroke
        '{"strokes": [[0, 0]]}',  # no id
    ],
)
def test_broken_lines_are_named(tmp_path, line):
    path = tmp_path / "inks.jsonl"
    path.write_text(json.dumps(RECORD) + "\n" + line + "\n")
    with pytest.raises(InputError, match="line 2 of"):
        list(read_inks(path))


def test_folders_are_searched_for_inks_of_both_formats_in_name_order(tmp_path):
    for name in ("b", "a/deep"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / f"{name}.inkml").write_text("<ink><trace>1 2, 3 4</trace></ink>")
    (tmp_path / "c.jsonl").write_text('{"id": "json", "strokes": [[1, 2]]}\n')
    (tmp_path / "README.txt").write_text("no ink")
    assert [ink.id for ink in read_inks(tmp_path)] == ["deep", "b", "json"]


def test_missing_file_is_an_input_error(tmp_path):
    with pytest.raises(InputError):
        list(read_inks(tmp_path / "none.jsonl"))


@pytest.mark.parametrize("height", [20.0, 64.0, 200.0])
def test_picture_has_the_height_asked_for(ink, height):
    painted = paint_ink(ink, height, np.random.default_rng(0), variation=0.0, pen=Pen(2.0))
    assert painted.alpha.shape[0] == pytest.approx(height, abs=2)


def test_a_lone_dash_is_not_blown_up():
    painted = paint_ink([np.array([[0, 0], [100, 0]], np.float32)], 40.0, np.random.default_rng(0), pen=Pen(2.0))
    assert painted.alpha.shape[0] < 12
    assert 30 < painted.alpha.shape[1] < 55


def test_a_dot_is_painted():
    painted = paint_ink([np.array([[3, 3]], np.float32)], 20.0, np.random.default_rng(0))
    assert painted.alpha.max() > 100


def test_boxes_hold_the_ink(ink):
    for seed in range(20):
        painted = paint_ink(ink, 70.0, np.random.default_rng(seed))
        assert [name for name, _ in painted.glyphs] == ["x", "+", "1"]
        rest = painted.alpha.copy()
        for _, box in painted.glyphs:
            x0, y0, x1, y1 = box.padded(2).clipped(rest.shape[1], rest.shape[0]).pixels()
            assert rest[y0:y1, x0:x1].max() > 0
            rest[y0:y1, x0:x1] = 0
        assert rest.max() == 0


def test_boxes_are_tight(ink):
    painted = paint_ink(ink, 70.0, np.random.default_rng(3), variation=0.0, pen=Pen(3.0, tremor_px=0.0))
    for _, box in painted.glyphs:
        x0, y0, x1, y1 = box.clipped(painted.alpha.shape[1], painted.alpha.shape[0]).pixels()
        ys, xs = np.nonzero(painted.alpha[y0:y1, x0:x1] > 100)
        assert max(xs.min(), ys.min(), x1 - x0 - 1 - xs.max(), y1 - y0 - 1 - ys.max()) <= 2


def test_baseline_is_where_the_symbols_stand(ink):
    painted = paint_ink(ink, 70.0, np.random.default_rng(0), variation=0.0, pen=Pen(2.0))
    assert painted.baseline_px == pytest.approx(painted.alpha.shape[0], abs=3)


def test_same_seed_same_pixels_and_other_seed_others(ink):
    first, again, other = (paint_ink(ink, 60.0, np.random.default_rng(s)).alpha for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)
