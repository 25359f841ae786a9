"""Model folders load in transformers, with their processor, and read there as they do by ONNX Runtime."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from transformers import AutoProcessor, AutoTokenizer, VisionEncoderDecoderModel  # noqa: E402

from recognizer.codec import CompactCodec  # noqa: E402
from recognizer.config import ImageConfig  # noqa: E402
from recognizer.predict import Recognizer  # noqa: E402
from recognizer.processor import FormulaProcessor  # noqa: E402
from recognizer.tokenizer import LatexTokenizer  # noqa: E402
from scanpage import weights  # noqa: E402

Load = Callable[[Path], FormulaProcessor]
IMAGE = ImageConfig(stride_px=32)


def pictures() -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(2)
    return [rng.integers(0, 256, size, dtype=np.uint8) for size in ((48, 160), (33, 250, 3), (96, 41), (20, 20))]


@pytest.mark.parametrize("load", [FormulaProcessor.from_pretrained, AutoProcessor.from_pretrained])
def test_generates_what_the_exported_graphs_write(model_folder: Path, load: Load) -> None:
    recognizer = Recognizer(model_folder, threads=1, constrained=False)
    model = VisionEncoderDecoderModel.from_pretrained(model_folder, dtype="float32").eval()
    processor = load(model_folder)
    read = []
    for picture in pictures():
        ids = model.generate(**processor(images=picture, return_tensors="pt"))
        read += processor.batch_decode(ids)
    assert read == [reading.latex for reading in recognizer.read_batch(pictures())]
    assert len(set(read)) > 1 and max(len(latex.split()) for latex in read) > 20


def test_one_import_makes_transformers_know_the_folder(model_folder: Path) -> None:
    code = (
        "import sys, recognizer.processor\nfrom transformers import AutoProcessor, VisionEncoderDecoderModel\n"
        "model = VisionEncoderDecoderModel.from_pretrained(sys.argv[1])\n"
        "AutoProcessor.from_pretrained(sys.argv[1])\n"
        "print(type(model.encoder).__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(model_folder)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "FormulaEncoder"


def test_a_model_folder_holds_data_only_and_its_sums_cover_the_processor(model_folder: Path) -> None:
    names = {path.name for path in model_folder.iterdir()}
    assert {"processor_config.json", "tokenizer.json", "tokenizer_config.json"} <= names
    assert {Path(name).suffix for name in names} <= {".json", ".onnx", ".safetensors", ""}
    assert not any("auto_map" in path.read_text("utf-8") for path in model_folder.glob("*.json"))
    assert "tokenizer.json" in (model_folder / weights.SUMS).read_text("utf-8")


def test_a_run_saves_its_processor_beside_the_model(tmp_path: Path) -> None:
    CompactCodec(IMAGE, LatexTokenizer(["x", "[", "{", "}"])).save(tmp_path)
    processor = AutoProcessor.from_pretrained(tmp_path)
    assert ImageConfig(**processor.image_processor.image) == IMAGE
    assert len(processor.tokenizer) == 8


def test_its_tokenizer_gives_the_numbers_of_ours_and_needs_no_code_of_ours(tmp_path: Path) -> None:
    ours = LatexTokenizer()
    FormulaProcessor.of(IMAGE, ours).save_pretrained(tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    tokens = [*ours.vocabulary, "\\unknown"]
    assert theirs(" ".join(tokens)).input_ids == ours.encode(tokens)
    assert theirs.decode(ours.encode(["\\frac", "<", "["]), skip_special_tokens=True) == "\\frac < ["


def test_decodes_to_latex_that_compiles_up_to_the_end() -> None:
    tokenizer = LatexTokenizer()
    processor = FormulaProcessor.of(IMAGE, tokenizer)
    ids = tokenizer.encode(["\\frac", "{", "x", "}", "{", "y"])
    assert processor.decode([*ids, 7, 7]) == "\\frac { x } { y }"
    assert processor.batch_decode(torch.tensor([ids, ids]), skip_special_tokens=True) == ["\\frac { x } { y }"] * 2


def test_takes_pictures_as_users_have_them(tmp_path: Path) -> None:
    processor = FormulaProcessor.of(IMAGE, LatexTokenizer())
    array = pictures()[1]
    Image.fromarray(array).save(tmp_path / "a.png")
    expected = processor(images=array)["pixel_values"]
    assert expected.dtype == np.uint8 and expected.shape[:2] == (1, 1)
    for picture in (Image.fromarray(array), tmp_path / "a.png", str(tmp_path / "a.png")):
        np.testing.assert_array_equal(processor(images=picture)["pixel_values"], expected)
    assert processor(images=[array, array[:20]], return_tensors="pt")["pixel_values"].shape[0] == 2


def test_text_becomes_labels() -> None:
    processor = FormulaProcessor.of(IMAGE, LatexTokenizer())
    out = processor(images=pictures()[0], text="x ^ { 2 }", return_tensors="pt")
    assert out["labels"].tolist() == [LatexTokenizer().encode(["x", "^", "{", "2", "}"])]
    with pytest.raises(ValueError, match="images"):
        processor()
