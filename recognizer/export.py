"""From a trained model to two ONNX graphs over one file of half-precision weights.

`encoder.onnx` runs once for each crop and gives what every decoder layer attends to: keys and values of the picture.
`decoder.onnx` is one step of decoding with a cache, and tells where in the picture it looked. Both are made of the
model's own submodules, so any `VisionEncoderDecoderModel` with a TrOCR decoder can be exported: ours, and the public
checkpoints. What a graph multiplies with as integers it holds itself, in 8 bits (`scanpage.onnx_integers`).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor, nn
from transformers import TrOCRForCausalLM, VisionEncoderDecoderModel

from recognizer.config import Pieces, RecognizerConfig
from recognizer.export_graphs import DecoderGraph, EncoderGraph
from recognizer.model import FormulaEncoder, load
from recognizer.predict import DECODER, ENCODER, SETTINGS
from recognizer.processor import FormulaProcessor
from recognizer.settings import read_settings
from recognizer.spelling import BLANK
from recognizer.tokenizer import LatexTokenizer
from scanpage import weights
from scanpage.errors import UsageError
from scanpage.files import atomic_path
from scanpage.onnx_integers import use_integers_for_few_rows, use_integers_for_many_rows
from scanpage.onnx_weights import share_weights

WEIGHTS = "model.safetensors"
OPSET = 17  # the first with LayerNormalization in one node


def export(
    source: Path | VisionEncoderDecoderModel,
    out: Path,
    *,
    config: RecognizerConfig | None = None,
    integers: bool = True,
) -> None:
    """Write a model folder: two graphs, half-precision `model.safetensors`, `config.json`, `recognizer.json`.

    Of our own models it holds the processor of `recognizer.processor` too.

    Args:
        source: a folder that transformers can load, or a model. A model is left as it is.
        out: the folder to write; made if missing. It can be loaded by `recognizer.model.load` as well.
        config: what `recognizer.json` shall say; by default what the source's folder says, or else what the model
            and its processor say.
        integers: whether the decoder and our encoder multiply with 8-bit integers (`scanpage.onnx_integers`). The
            encoders of public checkpoints stay as they are: what rounding costs them is not measured.

    Raises:
        UsageError: the decoder is not a TrOCR decoder, or a public checkpoint comes without its processor.
        WeightsError: `source` cannot be loaded.
        OutputError: `out` cannot be written.
    """
    folder = source if isinstance(source, Path) else None
    model = _load(source)
    if not isinstance(model.decoder, TrOCRForCausalLM):
        raise UsageError(f"the decoder is {type(model.decoder).__name__}; only TrOCR decoders can be exported")
    mean = std = None
    if not isinstance(model.encoder, FormulaEncoder):
        if folder is None:
            raise UsageError("a public checkpoint is exported from its folder, which holds its processor too")
        config, mean, std = _hub_settings(folder, model)
    elif config is None:
        config = _own_settings(folder, model)
    out.mkdir(parents=True, exist_ok=True)
    if mean is None:
        model.generation_config.max_new_tokens = config.max_tokens - 1
        FormulaProcessor.of(config.image, LatexTokenizer(config.vocabulary)).save_pretrained(out)
    model.save_pretrained(out)
    (out / WEIGHTS).chmod((out / "config.json").stat().st_mode)  # safetensors makes private files
    model = model.float().eval()
    config.save(out / SETTINGS)
    with torch.no_grad(), _quiet_tracing():
        _export_encoder(EncoderGraph(model, mean, std), config, out / ENCODER)
        _export_decoder(DecoderGraph(model.decoder), out / DECODER)
    if integers:
        use_integers_for_few_rows(out / DECODER)
        if isinstance(model.encoder, FormulaEncoder):
            use_integers_for_many_rows(out / ENCODER)
    for graph in (ENCODER, DECODER):
        share_weights(out / graph, out / WEIGHTS)
    weights.seal(out)


def _load(source: Path | VisionEncoderDecoderModel) -> VisionEncoderDecoderModel:
    """A copy of the model, in half precision."""
    if isinstance(source, Path):
        return load(source).half()
    with TemporaryDirectory(prefix="export-") as folder:
        source.save_pretrained(folder)
        return load(folder).half()


def _own_settings(folder: Path | None, model: VisionEncoderDecoderModel) -> RecognizerConfig:
    if folder is not None and (folder / SETTINGS).is_file():
        return read_settings(folder / SETTINGS)
    tokenizer = LatexTokenizer()
    if len(tokenizer) != model.decoder.config.vocab_size:
        raise UsageError(f"the model has another vocabulary than this version and no {SETTINGS} that names it")
    limit = model.decoder.config.max_position_embeddings
    return RecognizerConfig(max_tokens=limit, vocabulary=tokenizer.vocabulary)


def _hub_settings(
    folder: Path, model: VisionEncoderDecoderModel
) -> tuple[RecognizerConfig, Sequence[float], Sequence[float]]:
    """Settings of a checkpoint in the hub's format, and its pictures' mean and standard deviation per channel."""
    from transformers import AutoImageProcessor, AutoTokenizer

    try:
        images, tokenizer = AutoImageProcessor.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise UsageError(f"{folder} holds no processor that can be loaded: {error}") from error
    pieces = tokenizer.convert_ids_to_tokens(list(range(model.decoder.config.vocab_size)))
    special = set(tokenizer.all_special_tokens)
    config = RecognizerConfig(
        max_tokens=model.decoder.config.max_position_embeddings,
        vocabulary=tuple("" if piece is None or piece in special else piece for piece in pieces),
        pieces=Pieces.WORDS if any((piece or "").startswith(BLANK) for piece in pieces) else Pieces.BYTES,
        start_id=model.config.decoder_start_token_id,
        end_id=model.config.eos_token_id if model.config.eos_token_id is not None else tokenizer.eos_token_id,
        fixed_size=(images.size["height"], images.size["width"]),
    )
    return config, images.image_mean, images.image_std


@contextmanager
def _quiet_tracing() -> Iterator[None]:
    """Without fused encoder layers, which ONNX has no node for, and without the tracer's warnings."""
    before = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with warnings.catch_warnings():
            # The tracer warns of each size that it reads; that they may vary is tested.
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.backends.mha.set_fastpath_enabled(before)


def _export_encoder(graph: EncoderGraph, config: RecognizerConfig, path: Path) -> None:
    channels = 1 if config.fixed_size is None else 3
    height, width = config.fixed_size or (48, 160)
    outputs = _cross_names(len(graph.attentions))
    axes = {"pixel_values": {0: "n"} if config.fixed_size else {0: "n", 2: "height", 3: "width"}}
    axes |= {name: {0: "n", 3 if name.startswith("keys") else 2: "s"} for name in outputs}
    example = torch.full((2, channels, height, width), 255, dtype=torch.uint8)
    _export(graph, (example,), path, ["pixel_values"], outputs, axes)


def _export_decoder(graph: DecoderGraph, path: Path) -> None:
    attention = graph.layers[0].self_attn
    layers, heads, size = len(graph.layers), attention.num_heads, attention.head_dim
    cross_names = _cross_names(layers)
    cross = [torch.zeros(2, heads, *((size, 5) if name.startswith("keys") else (5, size))) for name in cross_names]
    example = (torch.tensor([1, 2]), torch.zeros(3, layers, 2, 2 * heads, size), torch.tensor([5, 4]), *cross)
    axes = {name: {0: "n", 3 if name.startswith("keys") else 2: "s"} for name in cross_names}
    axes |= {"input_ids": {0: "n"}, "past": {0: "t", 2: "n"}, "lengths": {0: "n"}}
    axes |= {"logits": {0: "n"}, "entry": {1: "n"}, "attention": {0: "n", 1: "s"}}
    outputs = ["logits", "entry", "attention"]
    _export(graph, example, path, ["input_ids", "past", "lengths", *cross_names], outputs, axes)


def _cross_names(layers: int) -> list[str]:
    return [f"{kind}.{i}" for i in range(layers) for kind in ("keys", "values")]


def _export(
    graph: nn.Module,
    example: tuple[Tensor, ...],
    path: Path,
    inputs: list[str],
    outputs: list[str],
    axes: dict[str, dict[int, str]],
) -> None:
    with atomic_path(path) as temporary:
        # The tracing exporter: the other one fixes sizes that have to vary.
        torch.onnx.export(
            graph,
            example,
            str(temporary),
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
