"""Where the decoder looked: the steps, and the pictures drawn of them."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from recognizer.explain import END, Explainer, Explanation, Look
from recognizer.explain_draw import Seen
from recognizer.explain_gif import animate
from recognizer.explain_sheet import draw_sheet
from recognizer.predict import DECODER, Recognizer
from recognizer.reading import Reading
from scanpage import weights
from scanpage.errors import InputError, WeightsError
from scanpage.geometry import Box


def strokes(height: int = 60, width: int = 300) -> NDArray[np.uint8]:
    rng = np.random.default_rng(4)
    crop = np.full((height, width, 3), 250, np.uint8)
    for x in range(12, width - 12, 24):
        y = int(rng.integers(4, height - 18))
        crop[y : y + 14, x : x + 5] = 20
    return crop


def made_up(tokens: int, crop: NDArray[np.uint8]) -> Explanation:
    """Looks that go from left to right over cells of 16 x 8 pixels."""
    height, width = crop.shape[:2]
    grid = np.zeros((tokens + 1, -(-height // 16), -(-width // 8)), np.float32)
    for step, cells in enumerate(grid):
        cells[:, step * (cells.shape[1] - 1) // tokens] = 1 / cells.shape[0]
    looks = tuple(Look(f"\\t{i}" if i < tokens else END, 0.4 + 0.5 * i / tokens, grid[i]) for i in range(tokens + 1))
    frame = Box(0, 0, grid.shape[2] * 8, grid.shape[1] * 16)
    return Explanation(crop, Box(0, 0, width, height), frame, looks, Reading("x", 0.5, ("x",)))


def test_tells_of_each_token_what_it_was_and_where_it_was_seen(model_folder: Path) -> None:
    recognizer, crop = Recognizer(model_folder, threads=1), strokes()
    explanation = Explainer(model_folder, threads=1).explain(crop)
    [written] = recognizer.write([recognizer.prepare(crop)])
    assert explanation.reading == recognizer.read(crop)
    assert [look.token for look in explanation.looks if look.token != END] == list(explanation.reading.tokens)
    assert np.log([look.probability for look in explanation.looks]) == pytest.approx(written.log_probabilities)
    for look in explanation.looks:
        assert look.attention.sum() == pytest.approx(1.0, abs=1e-4)


def test_the_first_look_is_what_the_decoder_says_of_its_first_step(model_folder: Path) -> None:
    recognizer, crop = Recognizer(model_folder, threads=1), strokes()
    cross, lengths = recognizer.encode([recognizer.prepare(crop)])
    session = weights.open_session(model_folder / DECODER, 1)
    shape = next(node.shape for node in session.get_inputs() if node.name == "past")
    past = np.zeros((0, shape[1], 1, shape[3], shape[4]), np.float32)
    inputs = {"input_ids": np.array([recognizer.config.start_id]), "past": past, "lengths": lengths, **cross}
    [attention] = session.run(["attention"], inputs)
    look = Explainer(model_folder, threads=1).explain(crop).looks[0]
    np.testing.assert_allclose(look.attention.ravel(), attention[0], atol=1e-6)


@pytest.mark.parametrize("scale", [1, 3])
def test_the_cells_lie_on_the_ink_whatever_the_margin_and_the_size(model_folder: Path, scale: int) -> None:
    crop = np.full((200 * scale, 400 * scale), 255, np.uint8)
    crop[80 * scale : 120 * scale, 100 * scale : 300 * scale : 20 * scale] = 0
    crop[80 * scale : 120 * scale, 101 * scale : 301 * scale : 20 * scale] = 0
    explanation = Explainer(model_folder, threads=1).explain(crop)
    ink = explanation.ink.scaled(1 / scale)
    assert ink.xyxy == pytest.approx((100, 80, 282, 120), abs=8)
    rows, columns = explanation.looks[0].attention.shape
    frame = explanation.frame
    assert (frame.x0, frame.y0) == (explanation.ink.x0, explanation.ink.y0)
    assert frame.x1 >= explanation.ink.x1 - 0.01 and frame.y1 >= explanation.ink.y1 - 0.01
    # A cell is twice as high as wide, but for the rounding of the picture's sides.
    assert (frame.height / rows) / (frame.width / columns) == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize("column", [2, 20, 35])
def test_heat_is_where_the_attention_was(column: int) -> None:
    crop = np.full((64, 320), 255, np.uint8)
    crop[30:34, ::40] = 0
    cells = np.full((4, 40), 1e-4, np.float32)
    cells[1, column] = 1.0
    explanation = replace(made_up(3, crop), looks=(Look("x", 1.0, cells),), frame=Box(0, 0, 320, 64))
    heated = np.asarray(Seen(explanation).heated(explanation.looks[0], 640, 128)).astype(int)
    heat = heated[..., 0] - heated[..., 2]
    y, x = np.unravel_index(heat.argmax(), heat.shape)
    assert abs(x - (column + 0.5) * 16) < 12 and abs(y - 48) < 24
    assert heat[:, :8].max() < 25 or column < 4
    assert heat[:, -8:].max() < 25


def test_of_a_long_line_the_part_around_the_look_is_shown() -> None:
    explanation = made_up(60, strokes(36, 1500))
    seen = Seen(explanation)
    width, height = seen.fitted(500, 200)
    assert width / height < 10
    peaks = []
    for look in explanation.looks:
        heated = np.asarray(seen.heated(look, width, height)).astype(int)
        assert heated.shape == (height, width, 3)
        peaks.append(int((heated[..., 0] - heated[..., 2]).max(0).argmax()))
    assert peaks[0] < 20 and peaks[-1] > width - 20
    assert abs(peaks[30] - width // 2) < 20


def test_an_even_look_is_paler_than_one_at_a_sign() -> None:
    explanation = made_up(3, strokes(64, 320))
    even, sharp = np.full((4, 40), 1 / 160, np.float32), np.zeros((4, 40), np.float32)
    sharp[1, 5] = 1.0
    seen = Seen(explanation)
    even_red, sharp_red = (
        int((np.asarray(seen.heated(Look("x", 1.0, cells), 320, 64))[..., 2] < 100).sum()) for cells in (even, sharp)
    )
    ink = int((np.asarray(seen.evened(320, 64))[..., 2] < 100).sum())
    assert even_red <= ink < sharp_red


@pytest.mark.parametrize(
    ("tokens", "height", "width"),
    [
        (1, 40, 40),
        (10, 60, 200),
        (60, 60, 900),
        (60, 30, 1500),  # one long line: cells as wide as the sheet
        (60, 400, 40),  # a tall bracket
        (250, 60, 300),
    ],
)
def test_a_sheet_shows_every_token_without_running_out_of_bounds(tokens: int, height: int, width: int) -> None:
    sheet = np.asarray(draw_sheet(made_up(tokens, strokes(height, width))))
    assert sheet.shape[1] == 1500 and sheet.shape[0] < 20_000
    margin = np.concatenate([sheet[:, :20].reshape(-1, 3), sheet[:, -20:].reshape(-1, 3), sheet[-20:].reshape(-1, 3)])
    assert (margin == sheet[0, 0]).all()


def test_an_animation_has_a_frame_for_each_token_and_rests_at_the_end() -> None:
    with Image.open(io.BytesIO(animate(made_up(12, strokes())))) as gif:
        assert gif.n_frames == 12 + 1 + 2  # type: ignore[attr-defined]
        assert gif.info["loop"] == 0
        times = []
        for frame in range(gif.n_frames):  # type: ignore[attr-defined]
            gif.seek(frame)
            times.append(gif.info["duration"])
    assert times[-1] > times[0] > times[1] and len(set(times[1:-1])) == 1


def test_a_decoder_that_does_not_tell_is_named(model_folder: Path, tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    folder = Path(shutil.copytree(model_folder, tmp_path / "old"))
    graph = onnx.load(folder / DECODER, load_external_data=False)
    [output] = [output for output in graph.graph.output if output.name == "attention"]
    graph.graph.output.remove(output)
    (folder / DECODER).write_bytes(graph.SerializeToString())
    weights.seal(folder)
    with pytest.raises(WeightsError, match=r"decoder\.onnx does not tell where it looks.*export the model again"):
        Explainer(folder)


def test_public_checkpoints_can_be_explained(public_checkpoint: Path, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    from recognizer.export import export

    export(public_checkpoint, tmp_path / "out")
    explanation = Explainer(tmp_path / "out", threads=1).explain(strokes())
    assert explanation.looks[0].attention.shape == (4, 4)  # patches of 8 pixels in 32
    assert draw_sheet(explanation).width == 1500


def test_of_a_blank_picture_nothing_is_explained(model_folder: Path) -> None:
    with pytest.raises(InputError, match="blank"):
        Explainer(model_folder, threads=1).explain(np.full((40, 60, 3), 250, np.uint8))


def test_explaining_imports_nothing_of_training() -> None:
    code = (
        "import sys, recognizer.explain_gif, recognizer.explain_sheet, recognizer.picture\n"
        "assert not {'torch', 'transformers', 'matplotlib', 'onnx', 'safetensors'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
