"""The exported graphs say what the torch model says: token for token, and logit for logit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from recognizer import model as models  # noqa: E402 - only where torch is installed
from recognizer.config import ModelConfig, Pieces, RecognizerConfig  # noqa: E402
from recognizer.export import export  # noqa: E402
from recognizer.image import batch  # noqa: E402
from recognizer.predict import Recognizer  # noqa: E402
from recognizer.tokenizer import LatexTokenizer  # noqa: E402
from scanpage.errors import UsageError, WeightsError  # noqa: E402

TINY = ModelConfig(width=32, heads=4, feed_forward=48, encoder_layers=1, decoder_layers=2, max_tokens=40)
SIZES = ((48, 160), (33, 250), (96, 41), (20, 20))


def random_pictures(seed: int = 0) -> list[NDArray[np.uint8]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, size, dtype=np.uint8) for size in SIZES]


def greedy_by_torch(model: object, pixels: NDArray[np.uint8] | object, count: int) -> list[list[int]]:
    """What transformers' own `generate` writes, without the start token."""
    rows = model.generate(pixels, max_new_tokens=count, num_beams=1, do_sample=False)  # type: ignore[attr-defined]
    return [row[1:].tolist() for row in rows]


def test_writes_the_tokens_that_transformers_generates(model_folder: Path) -> None:
    recognizer = Recognizer(model_folder, threads=1)
    model = models.load(model_folder).eval()
    pictures = random_pictures()
    written = recognizer.write(pictures)
    assert len({row.ids for row in written}) > 1, "the pictures must matter for this test to mean anything"
    for picture, row in zip(pictures, written, strict=True):
        pixels = torch.from_numpy(batch([picture], recognizer.config.image))
        [ids] = greedy_by_torch(model, pixels, TINY.max_tokens - 1)
        if recognizer.config.end_id in ids:
            ids = ids[: ids.index(recognizer.config.end_id)]
        assert list(row.ids) == ids


def test_gives_the_logits_of_the_torch_model(model_folder: Path) -> None:
    recognizer = Recognizer(model_folder, threads=1)
    model = models.load(model_folder).eval()
    picture, ids = random_pictures()[1], [1, 7, 300, 4, 4, 90]
    with torch.no_grad():
        pixels = torch.from_numpy(batch([picture], recognizer.config.image))
        expected = model(pixel_values=pixels, decoder_input_ids=torch.tensor([ids])).logits[0].numpy()
    cross, lengths = recognizer.encode([picture])
    past = np.zeros((len(ids), TINY.decoder_layers, 2, 1, TINY.heads, TINY.width // TINY.heads), np.float32)
    for step, token in enumerate(ids):
        logits, past[step] = recognizer.step(np.array([token]), past[:step], lengths, cross)
        np.testing.assert_allclose(logits[0], expected[step], atol=1e-3)


def test_stores_the_weights_once_and_in_half_precision(model_folder: Path) -> None:
    weights = (model_folder / "model.safetensors").stat().st_size
    parameters = sum(p.numel() for p in models.load(model_folder).parameters())
    assert weights < 2.1 * parameters + 50_000
    graphs = sum((model_folder / name).stat().st_size for name in ("encoder.onnx", "decoder.onnx"))
    assert graphs < 0.1 * weights + 150_000


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
    tmp_path: Path, learned_positions: bool, decoder_width: int, pieces: Pieces
) -> None:
    checkpoint, out = tmp_path / "checkpoint", tmp_path / "out"
    save_tiny_checkpoint(checkpoint, learned_positions, decoder_width, pieces)
    export(checkpoint, out)
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


def save_tiny_checkpoint(folder: Path, learned_positions: bool, decoder_width: int, pieces: Pieces) -> None:
    """A random TrOCR with its processor, in the hub's format."""
    from transformers import (
        TrOCRConfig,
        TrOCRForCausalLM,
        TrOCRProcessor,
        VisionEncoderDecoderConfig,
        VisionEncoderDecoderModel,
        ViTConfig,
        ViTImageProcessor,
        ViTModel,
    )

    torch.manual_seed(3)
    encoder = ViTConfig(
        hidden_size=48, num_hidden_layers=1, num_attention_heads=4, intermediate_size=32, image_size=32, patch_size=8
    )
    tokenizer = tiny_tokenizer(pieces)
    decoder = TrOCRConfig(
        vocab_size=len(tokenizer), d_model=decoder_width, decoder_layers=2, decoder_attention_heads=4,
        decoder_ffn_dim=32, max_position_embeddings=24, use_learned_position_embeddings=learned_positions,
        scale_embedding=not learned_positions, layernorm_embedding=learned_positions, init_std=0.7,
        cross_attention_hidden_size=48 if learned_positions else None, pad_token_id=1, bos_token_id=0, eos_token_id=2,
    )  # fmt: skip
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = 2, 1, 2
    model = VisionEncoderDecoderModel(encoder=ViTModel(encoder), decoder=TrOCRForCausalLM(decoder), config=config)
    model.save_pretrained(folder)
    images = ViTImageProcessor(size={"height": 32, "width": 32}, image_mean=[0.5] * 3, image_std=[0.5] * 3)
    TrOCRProcessor(images, tokenizer).save_pretrained(folder)


def tiny_tokenizer(pieces: Pieces) -> object:
    """A tokenizer whose pieces look like those of RoBERTa (bytes) or SentencePiece (words)."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers
    from tokenizers import models as kinds
    from transformers import PreTrainedTokenizerFast

    blank = "\u0120" if pieces is Pieces.BYTES else "\u2581"
    words = ["<s>", "<pad>", "</s>", "<unk>", blank, "x", "y", f"{blank}+", "\\frac", "{", "}", "2", "^", "_"]
    tokenizer = Tokenizer(kinds.BPE({word: i for i, word in enumerate(words)}, [], unk_token="<unk>"))
    if pieces is Pieces.BYTES:
        tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.ByteLevel(), decoders.ByteLevel()
    else:
        tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Metaspace(), decoders.Metaspace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>"
    )
