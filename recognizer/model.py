"""The compact TrOCR: a convolutional text backbone, a few transformer layers, a TrOCR decoder.

It is a `VisionEncoderDecoderModel` as transformers has it (Li et al. 2021, "TrOCR"), so that public TrOCR checkpoints
train with the same command. The encoder starts from the convolutions of a text recognizer (`scanpage.text_backbone`).
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from transformers import (
    AutoConfig,
    AutoModel,
    PretrainedConfig,
    PreTrainedModel,
    TrOCRConfig,
    TrOCRForCausalLM,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
)
from transformers.modeling_outputs import BaseModelOutput
from transformers.models.trocr.modeling_trocr import TrOCRSinusoidalPositionalEmbedding

from recognizer.config import ModelConfig
from recognizer.tokenizer import LatexTokenizer
from scanpage import text_backbone
from scanpage.errors import WeightsError
from scanpage.rapidocr_models import model_path
from scanpage.text_backbone import TextBackbone


class FormulaEncoderConfig(PretrainedConfig):
    """Sizes of `FormulaEncoder`, in the form that transformers saves."""

    model_type = "scanpage_formula_encoder"

    def __init__(
        self,
        hidden_size: int = 256,
        num_attention_heads: int = 8,
        intermediate_size: int = 1024,
        num_hidden_layers: int = 2,
        dropout: float = 0.1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.hidden_size = hidden_size
        self.num_attention_heads = num_attention_heads
        self.intermediate_size = intermediate_size
        self.num_hidden_layers = num_hidden_layers
        self.dropout = dropout


class FormulaEncoder(PreTrainedModel):
    """Grey crops [N, 1, H, W] in [0, 255] (paper 255) to a sequence [N, (H/16)(W/8), hidden]."""

    config_class = FormulaEncoderConfig
    main_input_name = "pixel_values"

    def __init__(self, config: FormulaEncoderConfig) -> None:
        super().__init__(config)
        self.backbone = TextBackbone(text_backbone.RECOGNITION)
        self.neck = nn.Conv2d(384, config.hidden_size, (3, 3), stride=(1, 2), padding=1)
        self.neck_norm = nn.LayerNorm(config.hidden_size)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                config.hidden_size,
                config.num_attention_heads,
                config.intermediate_size,
                config.dropout,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            for _ in range(config.num_hidden_layers)
        )
        for layer in self.layers:
            # Dropped attention weights would cost a fifteenth of the training time: they keep the fused kernel away.
            layer.self_attn.dropout = 0.0
        self.norm = nn.LayerNorm(config.hidden_size)
        self.post_init()

    def _init_weights(self, module: nn.Module) -> None:
        # Every part keeps its own initialisation: the backbone is loaded, the rest starts as torch starts it.
        del module

    def grid(self, pixel_values: Tensor) -> Tensor:
        """Convolutional features [N, hidden, H/16, W/8]."""
        x = (pixel_values.to(self.neck.weight.dtype) - 127.5) / 127.5
        features: Tensor = self.neck(self.backbone(x.expand(-1, 3, -1, -1))[-1])
        return features

    def forward(self, pixel_values: Tensor, return_dict: bool = True, **kwargs: Any) -> BaseModelOutput:
        del return_dict, kwargs
        return BaseModelOutput(last_hidden_state=self.contextual(self.grid(pixel_values)))

    def contextual(self, grid: Tensor) -> Tensor:
        """Features of the grid [N, hidden, h, w] to the sequence [N, h*w, hidden]."""
        x = self.neck_norm(grid.flatten(2).transpose(1, 2))
        x = x + positions_2d(grid.shape[2], grid.shape[3], x.shape[2], x.dtype, x.device)
        for layer in self.layers:
            x = layer(x)
        return self.norm(x)


def positions_2d(height: int, width: int, channels: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Sinusoidal positions [1, height*width, channels]: half of the channels tell the row, half the column."""
    quarter = channels // 4
    rates = torch.exp(torch.arange(quarter, device=device) * (-math.log(1000.0) / quarter))
    rows = torch.arange(height, device=device)[:, None] * rates
    columns = torch.arange(width, device=device)[:, None] * rates
    row_code = torch.cat([rows.sin(), rows.cos()], 1)[:, None].expand(height, width, -1)
    column_code = torch.cat([columns.sin(), columns.cos()], 1)[None].expand(height, width, -1)
    return torch.cat([row_code, column_code], 2).reshape(1, height * width, channels).to(dtype)


AutoConfig.register(FormulaEncoderConfig.model_type, FormulaEncoderConfig, exist_ok=True)
AutoModel.register(FormulaEncoderConfig, FormulaEncoder, exist_ok=True)


def build(config: ModelConfig, tokenizer: LatexTokenizer, *, warm_start: bool = True) -> VisionEncoderDecoderModel:
    """A new model; `warm_start` loads the backbone out of the installed RapidOCR.

    Raises:
        scanpage.errors.WeightsError: RapidOCR's recognition model is not there or is another network.
    """
    encoder = FormulaEncoderConfig(
        config.width, config.heads, config.feed_forward, config.encoder_layers, config.dropout
    )
    decoder = TrOCRConfig(
        vocab_size=len(tokenizer),
        d_model=config.width,
        decoder_layers=config.decoder_layers,
        decoder_attention_heads=config.heads,
        decoder_ffn_dim=config.feed_forward,
        max_position_embeddings=config.max_tokens,
        dropout=config.dropout,
        attention_dropout=0.0,
        activation_function="gelu",
        scale_embedding=True,
        use_learned_position_embeddings=True,
        layernorm_embedding=True,
        tie_word_embeddings=False,
        pad_token_id=tokenizer.pad_id,
        bos_token_id=tokenizer.bos_id,
        eos_token_id=tokenizer.eos_id,
        cross_attention_hidden_size=config.width,
        is_decoder=True,
        add_cross_attention=True,
    )
    both = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    both.decoder_start_token_id = tokenizer.bos_id
    both.pad_token_id = tokenizer.pad_id
    both.eos_token_id = tokenizer.eos_id
    model = VisionEncoderDecoderModel(encoder=FormulaEncoder(encoder), decoder=TrOCRForCausalLM(decoder), config=both)
    model.generation_config.max_new_tokens = config.max_tokens - 1
    if warm_start:
        text_backbone.load_from_onnx(model.encoder.backbone, model_path("rec"), rgb=True)
    return model


def load(name: Path | str) -> VisionEncoderDecoderModel:
    """A saved model in single precision: ours, or any TrOCR checkpoint, by its folder or its name on the hub.

    Raises:
        WeightsError: it is not there or cannot be loaded.
    """
    try:
        model = VisionEncoderDecoderModel.from_pretrained(name).float()
    except (OSError, ValueError, RuntimeError) as error:
        raise WeightsError(f"{name} cannot be loaded as a model: {error}") from error
    for module in model.modules():
        # These positions are computed, not stored, and transformers 5 leaves them empty after loading.
        if isinstance(module, TrOCRSinusoidalPositionalEmbedding) and module.weights.is_meta:
            module.weights = module.get_embedding(len(module.weights), module.embedding_dim, module.padding_idx)
    return model
