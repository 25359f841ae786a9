"""A tiny recognizer with random weights, made once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from recognizer.config import Pieces


@pytest.fixture(scope="session")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny compact model, exported. What it reads is nonsense, but always the same."""
    torch = pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from recognizer import model as models
    from recognizer.config import ModelConfig
    from recognizer.export import export
    from recognizer.tokenizer import LatexTokenizer

    torch.manual_seed(1)
    config = ModelConfig(width=32, heads=4, feed_forward=48, encoder_layers=1, decoder_layers=2, max_tokens=40)
    model = models.build(config, LatexTokenizer(), warm_start=False)
    with torch.no_grad():
        # As they start, the embeddings of tokens would drown what comes from the picture.
        for name, parameter in model.named_parameters():
            if "backbone" not in name and parameter.ndim > 1:
                parameter.mul_(1.5)
    out = tmp_path_factory.mktemp("model")
    export(model, out)
    return out


@pytest.fixture(scope="session")
def save_tiny_checkpoint() -> Callable[[Path, bool, int, Pieces], None]:
    """Writes a tiny public-style checkpoint: folder, learned positions, decoder width, kind of pieces."""
    pytest.importorskip("transformers")
    return _save_tiny_checkpoint


@pytest.fixture
def public_checkpoint(tmp_path: Path, save_tiny_checkpoint: Callable[[Path, bool, int, Pieces], None]) -> Path:
    """A checkpoint built as trocr-base is, in the hub's format."""
    save_tiny_checkpoint(tmp_path / "checkpoint", True, 32, Pieces.BYTES)
    return tmp_path / "checkpoint"


def _save_tiny_checkpoint(folder: Path, learned_positions: bool, decoder_width: int, pieces: Pieces) -> None:
    """A random TrOCR with its processor, in the hub's format."""
    import torch
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
    tokenizer = _tiny_tokenizer(pieces)
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


def _tiny_tokenizer(pieces: Pieces) -> object:
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
