"""The compact model's processor, as transformers has it: pictures to `pixel_values`, numbers to LaTeX.

Importing this module makes transformers' `from_pretrained` know our models and their processors: a model folder holds
data only, and its code is here.

>>> import recognizer.processor
>>> from transformers import AutoProcessor, VisionEncoderDecoderModel
>>> model = VisionEncoderDecoderModel.from_pretrained(folder, dtype="float32")      # doctest: +SKIP
>>> processor = AutoProcessor.from_pretrained(folder)                               # doctest: +SKIP
>>> ids = model.generate(**processor(images=picture, return_tensors="pt"))          # doctest: +SKIP
>>> processor.batch_decode(ids)                                                     # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from os import PathLike
from typing import Any

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import (
    AutoProcessor,
    BatchFeature,
    ImageProcessingMixin,
    PreTrainedTokenizerFast,
    ProcessorMixin,
)

from recognizer.config import ImageConfig
from recognizer.image import batch, prepare
from recognizer.model import FormulaEncoderConfig
from recognizer.picture import Picture, as_crop
from recognizer.tokenizer import BOS, EOS, PAD, UNK, LatexTokenizer
from scanpage.latex import repair, to_latex


class FormulaImageProcessor(ImageProcessingMixin):
    """Pictures of formulas to `pixel_values` uint8 [N, 1, H, W].

    Args:
        image: the fields of `ImageConfig`.
    """

    model_input_names = ("pixel_values",)

    def __init__(self, image: dict[str, Any] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.image = asdict(ImageConfig(**(image or {})))

    def __call__(self, images: Picture | Sequence[Picture], return_tensors: str | None = None) -> BatchFeature:
        """One picture or several: arrays, Pillow's, or paths of files.

        Pictures of several sizes are padded to one: a picture may read a little differently than alone.

        Raises:
            scanpage.errors.InputError: a file cannot be read.
            ValueError: an array has another shape or type.
        """
        config = ImageConfig(**self.image)
        pictures: Sequence[Any] = images if isinstance(images, (list, tuple)) else [images]
        prepared = [prepare(as_crop(picture), config) for picture in pictures]
        return BatchFeature({"pixel_values": batch(prepared, config)}, tensor_type=return_tensors)


class FormulaProcessor(ProcessorMixin):
    """An image processor and a tokenizer of LaTeX.

    Args:
        image_processor: made of an `ImageConfig`.
        tokenizer: as `latex_tokenizer` makes it.
    """

    def __init__(self, image_processor: FormulaImageProcessor, tokenizer: PreTrainedTokenizerFast) -> None:
        super().__init__(image_processor, tokenizer)

    @classmethod
    def from_pretrained(cls, name: str | PathLike[str], **options: Any) -> FormulaProcessor:
        """The processor of a model folder or of a model on the hub; `options` are those of transformers."""
        options.pop("trust_remote_code", None)  # there is no code beside the model
        images = FormulaImageProcessor.from_pretrained(name, **options)
        return cls(images, PreTrainedTokenizerFast.from_pretrained(name, **options))

    @staticmethod
    def of(image: ImageConfig, tokenizer: LatexTokenizer) -> FormulaProcessor:
        """The processor of a model that was trained with these."""
        return FormulaProcessor(FormulaImageProcessor(asdict(image)), latex_tokenizer(tokenizer))

    def __call__(
        self,
        images: Picture | Sequence[Picture] | None = None,
        text: str | Sequence[str] | None = None,
        return_tensors: str | None = None,
        **options: Any,
    ) -> BatchFeature:
        """`pixel_values` of pictures, `labels` of canonical LaTeX, or both; `options` are the tokenizer's.

        Raises:
            ValueError: neither is given.
        """
        if images is None and text is None:
            raise ValueError("give images, text, or both")
        out = BatchFeature() if images is None else self.image_processor(images, return_tensors=return_tensors)
        if text is not None:
            out["labels"] = self.tokenizer(text, return_tensors=return_tensors, **options).input_ids
        return out

    def decode(self, ids: Iterable[int], **options: Any) -> str:
        """LaTeX that compiles of the numbers that the model wrote, up to the end; `options` are of no use here."""
        del options
        row = [int(i) for i in ids]
        if self.tokenizer.eos_token_id in row:
            row = row[: row.index(self.tokenizer.eos_token_id)]
        special = set(self.tokenizer.all_special_tokens)
        tokens = [token for token in self.tokenizer.convert_ids_to_tokens(row) if token not in special]
        return to_latex(repair(tokens))

    def batch_decode(self, ids: Iterable[Iterable[int]], **options: Any) -> list[str]:
        """`decode` of each row."""
        return [self.decode(row, **options) for row in ids]


def latex_tokenizer(tokenizer: LatexTokenizer) -> PreTrainedTokenizerFast:
    """The same numbers for the same tokens, in the form that transformers loads without code of ours."""
    words = Tokenizer(WordLevel({token: i for i, token in enumerate(tokenizer.tokens)}, unk_token=UNK))
    words.pre_tokenizer = WhitespaceSplit()
    words.post_processor = TemplateProcessing(
        single=f"{BOS} $A {EOS}", special_tokens=[(BOS, tokenizer.bos_id), (EOS, tokenizer.eos_id)]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=words,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNK,
        clean_up_tokenization_spaces=False,
    )


AutoProcessor.register(FormulaEncoderConfig, FormulaProcessor, exist_ok=True)
