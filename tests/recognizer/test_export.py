"""The exported graphs say what the torch model says: token for token, and logit for logit."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

onnx = pytest.importorskip("onnx")
torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from recognizer import model as models  # noqa: E402 - only where torch is installed
from recognizer.calibration import Calibration  # noqa: E402
from recognizer.cli import main  # noqa: E402
from recognizer.config import ModelConfig, Pieces, RecognizerConfig  # noqa: E402
from recognizer.export import export  # noqa: E402
from recognizer.image import batch  # noqa: E402
from recognizer.predict import Recognizer  # noqa: E402
from recognizer.tokenizer import LatexTokenizer  # noqa: E402
from scanpage import weights  # noqa: E402
from scanpage.errors import UsageError, WeightsError  # noqa: E402
from scanpage.text_backbone import RECOGNITION  # noqa: E402

TINY = ModelConfig(width=32, heads=4, feed_forward=48, encoder_layers=1, decoder_layers=2, max_tokens=40)
SaveCheckpoint = Callable[[Path, bool, int, Pieces], None]
SIZES = ((48, 160), (33, 250), (96, 41), (20, 20))


def random_pictures(seed: int = 0) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, size, dtype=np.uint8) for size in SIZES]


def greedy_by_torch(model: object, pixels: NDArray[np.uint8] | object, count: int) -> list[list[int]]:
    """What transformers' own `generate` writes, without the start token."""
    rows = model.generate(pixels, max_new_tokens=count, num_beams=1, do_sample=False)  # type: ignore[attr-defined]
    return [row[1:].tolist() for row in rows]


@pytest.fixture(scope="module")
def precise_folder(model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same model, its decoder in single precision."""
    out = tmp_path_factory.mktemp("precise")
    export(model_folder, out, integers=False)
    return out


def test_writes_the_tokens_that_transformers_generates(precise_folder: Path) -> None:
    recognizer = Recognizer(precise_folder, threads=1, constrained=False)
    model = models.load(precise_folder).eval()
    pictures = random_pictures()
    written = recognizer.write(pictures)
    assert len({row.ids for row in written}) > 1, "the pictures must matter for this test to mean anything"
    for picture, row in zip(pictures, written, strict=True):
        pixels = torch.from_numpy(batch([picture], recognizer.config.image))
        [ids] = greedy_by_torch(model, pixels, TINY.max_tokens - 1)
        if recognizer.config.end_id in ids:
            ids = ids[: ids.index(recognizer.config.end_id)]
        assert list(row.ids) == ids


@pytest.mark.parametrize(("integers", "tolerance"), [(False, 1e-4), (True, 0.002)])
def test_gives_the_logits_of_the_torch_model(
    model_folder: Path, precise_folder: Path, integers: bool, tolerance: float
) -> None:
    recognizer = Recognizer(model_folder if integers else precise_folder, threads=1)
    model = models.load(model_folder).eval()
    picture, ids = random_pictures()[1], [1, 7, 300, 4, 4, 90]
    with torch.no_grad():
        pixels = torch.from_numpy(batch([picture], recognizer.config.image))
        expected = model(pixel_values=pixels, decoder_input_ids=torch.tensor([ids])).logits[0].numpy()
    cross, lengths = recognizer.encode([picture])
    past = np.zeros((len(ids), TINY.decoder_layers, 1, 2 * TINY.heads, TINY.width // TINY.heads), np.float32)
    for step, token in enumerate(ids):
        logits, past[step] = recognizer.step(np.array([token]), past[:step], lengths, cross)
        np.testing.assert_allclose(logits[0], expected[step], atol=tolerance)


def test_tells_where_in_the_picture_each_step_looked(precise_folder: Path) -> None:
    recognizer = Recognizer(precise_folder, threads=1)
    cross, lengths = recognizer.encode(random_pictures()[:2])
    assert lengths[0] != lengths[1], "one row must be padded for this test to mean anything"
    last, past = np.array([1, 1]), np.zeros((0, TINY.decoder_layers, 2, 2 * TINY.heads, 8), np.float32)
    session = weights.open_session(precise_folder / "decoder.onnx", 1)
    [attention] = session.run(["attention"], {"input_ids": last, "past": past, "lengths": lengths, **cross})
    assert attention.shape == (2, lengths.max())
    np.testing.assert_allclose(attention.sum(1), 1.0, atol=1e-5)
    for row, length in zip(attention, lengths, strict=True):
        assert not row[length:].any()
    model = models.load(precise_folder).eval()
    model.set_attn_implementation("eager")  # the only one that gives the weights
    with torch.no_grad():
        pixels = torch.from_numpy(batch(random_pictures()[:1], recognizer.config.image))
        out = model(pixel_values=pixels, decoder_input_ids=torch.tensor([[1]]), output_attentions=True)
    expected = out.cross_attentions[-1][0, :, 0].mean(0).numpy()
    np.testing.assert_allclose(attention[0, : lengths[0]], expected, atol=1e-4)


def test_stores_the_weights_once_and_in_half_precision(model_folder: Path, precise_folder: Path) -> None:
    stored = (model_folder / "model.safetensors").stat().st_size
    parameters = sum(p.numel() for p in models.load(model_folder).parameters())
    assert stored < 2.1 * parameters + 50_000
    encoder, decoder = ((precise_folder / name).stat().st_size for name in ("encoder.onnx", "decoder.onnx"))
    # Query, key and value are one matrix in the graph and three in the file.
    assert encoder < 0.1 * stored + 100_000 and decoder < 150_000


def test_the_decoder_holds_its_matrices_as_bytes(model_folder: Path) -> None:
    graph = onnx.load(str(model_folder / "decoder.onnx"), load_external_data=False).graph
    bytes_ = [tensor for tensor in graph.initializer if tensor.data_type == onnx.TensorProto.UINT8]
    # Five of each layer: query, key and value are one, and the second of the feed-forward has rows of 48.
    assert len(bytes_) == 5 * TINY.decoder_layers


def test_the_encoder_holds_its_matrices_as_bytes_that_no_processor_overflows(model_folder: Path) -> None:
    graph = onnx.load(str(model_folder / "encoder.onnx"), load_external_data=False).graph
    matrices = [onnx.numpy_helper.to_array(t) for t in graph.initializer if t.data_type == onnx.TensorProto.INT8]
    matrices = [values for values in matrices if values.ndim == 2]
    blocks = sum(len(stage.excite) + (stage.stride is not None) for stage in RECOGNITION.stages)
    # Two of each block, four of each layer of the transformer, and keys and values for each of the decoder's.
    assert len(matrices) == 2 * blocks + 4 * TINY.encoder_layers + 2 * TINY.decoder_layers
    assert max(int(np.abs(values.astype(int)).max()) for values in matrices) <= 64


def test_leaves_the_given_model_as_it_is(tmp_path: Path) -> None:
    model = models.build(TINY, LatexTokenizer(), warm_start=False)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    export(model, tmp_path / "out")
    after = model.state_dict()
    assert list(after) == list(before)
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_an_exported_folder_can_be_exported_again(model_folder: Path, tmp_path: Path) -> None:
    export(model_folder, tmp_path / "again")
    first, second = Recognizer(model_folder, threads=1), Recognizer(tmp_path / "again", threads=1)
    assert first.config == second.config
    pictures = random_pictures()[:1]
    assert first.write(pictures)[0].ids == second.write(pictures)[0].ids


def test_a_model_of_another_vocabulary_needs_settings_that_name_it(tmp_path: Path) -> None:
    tokenizer = LatexTokenizer(["x", "y", "+"])
    model = models.build(TINY, tokenizer, warm_start=False)
    with pytest.raises(UsageError, match="vocabulary"):
        export(model, tmp_path / "unnamed")
    export(model, tmp_path / "named", config=RecognizerConfig(vocabulary=tokenizer.vocabulary, max_tokens=8))
    assert set(Recognizer(tmp_path / "named").read_batch(random_pictures())[0].tokens) <= {"x", "y", "+"}


def test_a_folder_without_a_model_is_named_in_the_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="nothing-here"):
        export(tmp_path / "nothing-here", tmp_path / "out")


@pytest.mark.parametrize(
    ("learned_positions", "decoder_width", "pieces"),
    [
        (True, 32, Pieces.BYTES),  # as trocr-base: learned positions, byte-level pieces, attention between two widths
        (False, 24, Pieces.WORDS),  # as trocr-small has it: sinusoidal positions, SentencePiece; and a projection
    ],
)
def test_public_checkpoints_export_and_read(
    tmp_path: Path, save_tiny_checkpoint: SaveCheckpoint, learned_positions: bool, decoder_width: int, pieces: Pieces
) -> None:
    checkpoint, out = tmp_path / "checkpoint", tmp_path / "out"
    save_tiny_checkpoint(checkpoint, learned_positions, decoder_width, pieces)
    export(checkpoint, out, integers=False)  # whose rounding would decide between the tokens of a random model
    recognizer = Recognizer(out, threads=1)
    assert recognizer.config.pieces is pieces
    crop = random_pictures()[1]
    picture = recognizer.prepare(crop)
    assert picture.shape == (32, 32, 3)
    model = models.load(out).eval()
    pixels = (torch.from_numpy(picture).permute(2, 0, 1)[None] / 255.0 - 0.5) / 0.5
    [ids] = greedy_by_torch(model, pixels, 15)
    if recognizer.config.end_id in ids:
        ids = ids[: ids.index(recognizer.config.end_id)]
    assert list(recognizer.write([picture])[0].ids[:15]) == ids
    assert recognizer.read(crop).score > 0.0


@pytest.mark.parametrize("parameters", [(), (0.0, 1.0, 0.0)])
def test_the_command_says_where_confidence_is_no_probability_yet(
    parameters: tuple[float, ...], model_folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    source = Path(shutil.copytree(model_folder, tmp_path / "source"))
    settings = RecognizerConfig.from_json(weights.read_json(source / "recognizer.json"))
    replace(settings, calibration=Calibration(parameters)).save(source / "recognizer.json")
    with caplog.at_level("INFO"):
        assert main(["export", str(source), "--out", str(tmp_path / "out")]) == 0
    assert ("recognizer calibrate --weights" in caplog.text) is not bool(parameters)
    assert Recognizer(tmp_path / "out").config.calibration.parameters == parameters
