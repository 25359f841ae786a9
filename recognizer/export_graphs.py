"""A model's own submodules, put together as the two graphs that `recognizer.export` writes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import TrOCRForCausalLM, VisionEncoderDecoderModel

from recognizer.model import FormulaEncoder


class EncoderGraph(nn.Module):
    """Crops uint8 [N, C, H, W] to keys [N, heads, d, S] and values [N, heads, S, d] of each decoder layer.

    The keys carry the factor that attention scales by: were queries scaled, ONNX Runtime would fuse the factor into a
    product that takes twice as long for a single query.

    Args:
        model: the whole model.
        mean, std: per channel, of values in [0, 1]; None where the encoder takes [0, 255] itself, as ours does.
    """

    def __init__(
        self, model: VisionEncoderDecoderModel, mean: Sequence[float] | None, std: Sequence[float] | None
    ) -> None:
        super().__init__()
        self.encoder = model.encoder
        if isinstance(self.encoder, FormulaEncoder):
            for layer in self.encoder.layers:
                layer.self_attn = SelfAttention(layer.self_attn)
        self.project = getattr(model, "enc_to_dec_proj", None)
        self.attentions = nn.ModuleList(layer.encoder_attn for layer in model.decoder.model.decoder.layers)
        self.normalises = mean is not None
        self.register_buffer("mean", torch.tensor(mean or [0.0]).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std or [1.0]).view(1, -1, 1, 1))

    def forward(self, pixel_values: Tensor) -> tuple[Tensor, ...]:
        pixels = pixel_values.float()
        if self.normalises:
            pixels = (pixels / 255.0 - self.mean) / self.std
        hidden = self.encoder(pixel_values=pixels).last_hidden_state
        if self.project is not None:
            hidden = self.project(hidden)
        out = []
        for attention in self.attentions:
            shape = (hidden.shape[0], hidden.shape[1], attention.num_heads, attention.head_dim)
            out.append((attention.k_proj(hidden) * attention.scaling).view(shape).permute(0, 2, 3, 1))
            out.append(attention.v_proj(hidden).view(shape).permute(0, 2, 1, 3))
        return tuple(out)


class SelfAttention(nn.Module):
    """`nn.MultiheadAttention` over itself, written so that the tracer sees sizes that vary.

    Takes and gives [N, S, D]; what it replaces stands in a `nn.TransformerEncoderLayer`.
    """

    def __init__(self, original: nn.MultiheadAttention) -> None:
        super().__init__()
        self.in_proj_weight, self.in_proj_bias = original.in_proj_weight, original.in_proj_bias
        self.out_proj = original.out_proj
        self.heads = original.num_heads

    def forward(self, x: Tensor, *others: Tensor, **options: object) -> tuple[Tensor, None]:
        del others, options  # keys and values are x again; no masks are used in evaluation
        count, length, width = x.shape
        mixed = F.linear(x, self.in_proj_weight, self.in_proj_bias)
        mixed = mixed.view(count, length, 3, self.heads, width // self.heads)
        query, keys, values = mixed.permute(2, 0, 3, 1, 4).unbind(0)
        attention = (query * (width // self.heads) ** -0.5 @ keys.transpose(2, 3)).softmax(-1)
        return self.out_proj((attention @ values).transpose(1, 2).reshape(count, length, width)), None


class DecoderGraph(nn.Module):
    """One step: the last tokens and the cache in; logits, the cache's next entry and where it looked out."""

    def __init__(self, decoder: TrOCRForCausalLM) -> None:
        super().__init__()
        inner = decoder.model.decoder
        self.embed_tokens = inner.embed_tokens
        self.layernorm_embedding = inner.layernorm_embedding
        self.layers = inner.layers
        self.output_projection = decoder.output_projection
        positions = inner.embed_positions
        learned = isinstance(positions, nn.Embedding)
        # Sinusoidal positions are counted from behind the padding's, learned ones from a fixed offset.
        self.offset = positions.offset if learned else positions.padding_idx + 1
        self.positions = positions.weight if learned else nn.Parameter(positions.weights, requires_grad=False)

    def forward(
        self, input_ids: Tensor, past: Tensor, lengths: Tensor, *cross: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits, the new cache entry and where the step looked.

        Args:
            input_ids: int64 [N].
            past: [T, layers, 2, N, heads, d], keys and values of the T tokens before these.
            lengths: int64 [N], how many of the S positions of the picture belong to each row.
            cross: for each layer the picture's keys [N, heads, d, S] and values [N, heads, S, d].

        Returns:
            Logits [N, V], the cache entry [layers, 2, N, heads, d], and the last layer's attention [N, S] to the
            picture, averaged over its heads. Earlier layers look around; on typeset formulas the peak of the last one
            lies on the sign being written in 97 of 100 cases, of the first one in 31, of their average in 95.
        """
        x = self.embed_tokens(input_ids) + self.positions[past.shape[0] + self.offset]
        if self.layernorm_embedding is not None:
            x = self.layernorm_embedding(x)
        hidden = torch.arange(cross[0].shape[3], device=x.device)[None] >= lengths[:, None]
        entries = []
        for i, layer in enumerate(self.layers):
            attention = layer.self_attn
            heads = (x.shape[0], attention.num_heads, attention.head_dim)
            keys = attention.k_proj(x) * attention.scaling
            entry = torch.stack([keys.view(heads), attention.v_proj(x).view(heads)])
            entries.append(entry)
            keys, values = torch.cat([past[:, i], entry[None]]).unbind(1)
            said, _ = _attend(attention, x, keys.permute(1, 2, 3, 0), values.permute(1, 2, 0, 3))
            x = layer.self_attn_layer_norm(x + said)
            seen, look = _attend(layer.encoder_attn, x, cross[2 * i], cross[2 * i + 1], hidden)
            x = layer.encoder_attn_layer_norm(x + seen)
            x = layer.final_layer_norm(x + layer.fc2(layer.activation_fn(layer.fc1(x))))
        return self.output_projection(x), torch.stack(entries), look.mean((1, 2))


def _attend(
    attention: nn.Module, x: Tensor, keys: Tensor, values: Tensor, hidden: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """One query each: x [N, D], scaled keys [N, heads, d, S], values [N, heads, S, d], hidden bool [N, S].

    Returns:
        What was attended to [N, D], and the attention [N, heads, 1, S].
    """
    query = attention.q_proj(x).view(x.shape[0], attention.num_heads, 1, attention.head_dim)
    weights_ = query @ keys
    if hidden is not None:
        weights_ = weights_.masked_fill(hidden[:, None, None], -1e9)
    weights_ = weights_.softmax(-1)
    mixed: Tensor = attention.out_proj((weights_ @ values).reshape(x.shape))
    return mixed, weights_
