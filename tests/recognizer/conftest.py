"""A tiny recognizer with random weights, made once."""

from __future__ import annotations

from pathlib import Path

import pytest


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
