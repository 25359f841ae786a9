"""A model's own submodules, put together as the two graphs that `recognizer.export` writes."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import TrOCRForCausalLM, VisionEncoderDecoderModel

from recognizer.model import FormulaEncoder
from scanpage.text_backbone import Block


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
            for stage in self.encoder.backbone.stages:
                for k, block in enumerate(stage):
                    stage[k] = RowsBlock(block)
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


class RowsBlock(nn.Module):
    """`scanpage.text_backbone.Block` with its channel mixer written as products of rows, as integers want it."""

    def __init__(self, original: Block) -> None:
        super().__init__()
        self.depthwise, self.excite, self.residual = original.depthwise, original.excite, original.residual
        self.expand, self.project = _linear(original.expand), _linear(original.project)

    def forward(self, x: Tensor) -> Tensor:
        x = self.excite(self.depthwise(x))
        mixed: Tensor = self.project(F.gelu(self.expand(x.permute(0, 2, 3, 1)))).permute(0, 3, 1, 2)
        return x + mixed if self.residual else mixed


def _linear(convolution: nn.Conv2d) -> nn.Linear:
    """A convolution of single pixels, as the product that it is."""
    linear = nn.Linear(convolution.in_channels, convolution.out_channels)
    linear.weight = nn.Parameter(convolution.weight.flatten(1))
    linear.bias = convolution.bias
    return linear


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
    """One step: the last tokens and the cache in; logits, the cache's next entry and where it looked out.

    A step computes little, so that its time is that of reading weights and of starting nodes: query, key and value are
    one product, and sizes that never vary are written as numbers.
    """

    def __init__(self, decoder: TrOCRForCausalLM) -> None:
        super().__init__()
        inner = decoder.model.decoder
        self.embed_tokens = inner.embed_tokens
        self.layernorm_embedding = inner.layernorm_embedding
        self.layers = inner.layers
        self.mixed = nn.ModuleList(_mixed(layer.self_attn) for layer in inner.layers)
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
            past: [T, layers, N, 2 * heads, d]: of each of the T tokens before these the keys, then the values.
            lengths: int64 [N], how many of the S positions of the picture belong to each row.
            cross: for each layer the picture's keys [N, heads, d, S] and values [N, heads, S, d].

        Returns:
            Logits [N, V], the cache's entry [layers, N, 2 * heads, d], and the last layer's attention [N, S] to the
            picture, averaged over its heads. Earlier layers look around; on typeset formulas the peak of the last one
            lies on the sign being written in 97 of 100 cases, of the first one in 31, of their average in 95.
        """
        x = self.embed_tokens(input_ids) + self.positions[past.shape[0] + self.offset]
        if self.layernorm_embedding is not None:
            x = self.layernorm_embedding(x)
        outside = torch.arange(cross[0].shape[3], device=x.device)[None] >= lengths[:, None]
        hidden = torch.where(outside, -1e9, 0.0)[:, None, None]
        cached = past.permute(1, 2, 3, 0, 4).unbind()
        entries = []
        for i, layer in enumerate(self.layers):
            attention = layer.self_attn
            heads, size = attention.num_heads, attention.head_dim
            query, entry = self.mixed[i](x).view(-1, 3 * heads, 1, size).split([heads, 2 * heads], 1)
            entries.append(entry)
            keys, values = torch.cat([cached[i], entry], 2).split(heads, 1)
            seen = (query @ keys.transpose(2, 3)).softmax(-1) @ values
            x = layer.self_attn_layer_norm(x + attention.out_proj(seen.view(-1, heads * size)))
            attention = layer.encoder_attn
            query = attention.q_proj(x).view(-1, heads, 1, size)
            look = (query @ cross[2 * i] + hidden).softmax(-1)
            x = layer.encoder_attn_layer_norm(x + attention.out_proj((look @ cross[2 * i + 1]).view(-1, heads * size)))
            x = layer.final_layer_norm(x + layer.fc2(layer.activation_fn(layer.fc1(x))))
        return self.output_projection(x), torch.stack(entries).squeeze(3), look.mean((1, 2))


def _mixed(attention: nn.Module) -> nn.Linear:
    """Query, key and value as one product; the keys carry the factor that attention scales by."""
    parts = [(attention.q_proj, 1.0), (attention.k_proj, attention.scaling), (attention.v_proj, 1.0)]
    weight = torch.cat([part.weight * factor for part, factor in parts])
    mixed = nn.Linear(weight.shape[1], weight.shape[0])
    mixed.weight = nn.Parameter(weight)
    mixed.bias = nn.Parameter(torch.cat([part.bias * factor for part, factor in parts]))
    return mixed
