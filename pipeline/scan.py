"""The Python front door: inputs to a `Document`."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from pipeline.arbitrate import without_prose
from pipeline.assemble import assemble
from pipeline.engines import Engines, Reading, load_engines
from pipeline.figures import cut_figures
from pipeline.languages import check_lang
from pipeline.limits import DEFAULT_LIMITS, Limits
from pipeline.load import DEFAULT_DPI, LoadedPage, PageSource, list_pages
from pipeline.page_range import ALL_PAGES, PageRange
from pipeline.places import moved
from pipeline.regions import crop, settle
from pipeline.snap import snapped
from pipeline.text_layer import TextLayerUse
from pipeline.timing import StageTimes
from scanpage.document import Alternative, Document, Formula, ScannedPage
from scanpage.errors import InputError, ScanpageError, UsageError
from scanpage.region import Region

log = logging.getLogger(__name__)

MIN_DPI, MAX_DPI = 36, 1200
CHECK_BELOW = 0.5
"""A reading of less confidence is more likely wrong than right."""
MAX_ALTERNATIVES = 20

OnPage = Callable[[ScannedPage, np.ndarray | None], None]
"""Called after each page with the result and its picture (None where the page could not be loaded)."""


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """Settings of a run.

    Attributes:
        pages: which pages of each input to read.
        dpi: resolution at which PDF pages are drawn, and assumed of pictures that name none.
        min_score: least detector score of a formula, None for the model's own threshold.
        prose: whether to read the text around the formulas.
        normalise: whether photos are turned, straightened and evenly lit before they are read.
        text_layer: whether the prose of PDF pages comes from their text layer where that can be trusted.
        lang: language of the prose, or the file of another model that reads it; None for all letters that are known.
        detector: folder of another detector than the shipped one.
        recognizer: folder of another recognizer than the shipped one.
        threads: threads of the inference engines, 0 for their own choice.
        check_below: formulas of less confidence are marked to be checked, in [0, 1].
        alternatives: how many other readings of each formula are kept.
        limits: what a file may cost before it is given up.
    """

    pages: PageRange = ALL_PAGES
    dpi: int = DEFAULT_DPI
    min_score: float | None = None
    prose: bool = True
    normalise: bool = True
    text_layer: TextLayerUse = TextLayerUse.AUTO
    lang: str | None = None
    detector: Path | None = None
    recognizer: Path | None = None
    threads: int = 0
    check_below: float = CHECK_BELOW
    alternatives: int = 0
    limits: Limits = DEFAULT_LIMITS

    def __post_init__(self) -> None:
        if not MIN_DPI <= self.dpi <= MAX_DPI:
            raise UsageError(f"--dpi must lie between {MIN_DPI} and {MAX_DPI}, got {self.dpi}")
        if self.min_score is not None and not 0.0 <= self.min_score <= 1.0:
            raise UsageError(f"--min-score must lie between 0 and 1, got {self.min_score}")
        if self.lang is not None:
            check_lang(self.lang)
        if self.threads < 0:
            raise UsageError(f"--threads must be 0 or more, got {self.threads}")
        if not 0.0 <= self.check_below <= 1.0:
            raise UsageError(f"--check-below must lie between 0 and 1, got {self.check_below}")
        if not 0 <= self.alternatives <= MAX_ALTERNATIVES:
            raise UsageError(f"--alternatives must lie between 0 and {MAX_ALTERNATIVES}, got {self.alternatives}")

    def load_engines(self) -> Engines:
        """Load the models that these settings name. Raises `WeightsError`."""
        return load_engines(
            detector=self.detector,
            recognizer=self.recognizer,
            prose=self.prose,
            normalise=self.normalise,
            lang=self.lang,
            threads=self.threads,
        )


def scan(
    inputs: Sequence[str | os.PathLike[str]],
    *,
    options: ScanOptions | None = None,
    engines: Engines | None = None,
    on_done: OnPage | None = None,
) -> Document:
    """Read pages of mathematics.

    Args:
        inputs: files, folders, or `-` for standard input.
        options: settings, the defaults where left out.
        engines: loaded models, to use them for more than one call; loaded by `options` where left out.
        on_done: told of each finished page.

    Returns:
        All pages in order. A page that cannot be read stands in it as a failure, see `Document.failures`.

    Raises:
        InputError: an input does not exist, or no page at all could be read.
        WeightsError: a model is missing or damaged.
    """
    options = ScanOptions() if options is None else options
    sources = list_inputs([os.fspath(entry) for entry in inputs], options)
    engines = options.load_engines() if engines is None else engines
    document = scan_pages(sources, engines, options=options, on_done=on_done)
    require_readable(document)
    return document


def list_inputs(inputs: Sequence[str], options: ScanOptions, *, alone: bool | None = None) -> list[PageSource]:
    """The pages of all inputs; one of several that cannot be opened stands in the list as one broken page.

    Args:
        inputs: files, folders, or `-`.
        options: settings.
        alone: whether a broken input ends the run since nothing else is read in it; by default if it is the only one.

    Raises:
        UsageError: there are no inputs.
        InputError: an input does not exist, or the only one cannot be opened or lacks the chosen pages.
    """
    if not inputs:
        raise UsageError("no input: name a PDF, a picture, a folder, or - for standard input")
    alone = len(inputs) == 1 if alone is None else alone
    sources: list[PageSource] = []
    for entry in inputs:
        try:
            sources += list_pages(entry, pages=options.pages, dpi=options.dpi, limits=options.limits)
        except InputError as error:
            if alone or not Path(entry).is_file():
                raise
            sources.append(PageSource(Path(entry), entry, dpi=options.dpi, broken=str(error)))
    return sources


def scan_pages(
    sources: Sequence[PageSource],
    engines: Engines,
    *,
    options: ScanOptions | None = None,
    on_done: OnPage | None = None,
    times: StageTimes | None = None,
) -> Document:
    """Read listed pages one by one, holding one picture at a time; pages that cannot be read stand as failures."""
    options = ScanOptions() if options is None else options
    times = StageTimes() if times is None else times
    done: list[ScannedPage] = []
    for source in sources:
        scanned, image = scan_source(source, engines, options=options, times=times)
        done.append(scanned)
        if on_done is not None:
            on_done(scanned, image)
    return Document(tuple(done), engines.versions)


def require_readable(document: Document) -> None:
    """Raise `InputError` with the first reason if no page of the document could be read."""
    if document.pages and all(scanned.failure is not None for scanned in document.pages):
        raise InputError(str(document.pages[0].failure))


def scan_source(
    source: PageSource, engines: Engines, *, options: ScanOptions, times: StageTimes
) -> tuple[ScannedPage, np.ndarray | None]:
    """Read one listed page, and its picture where there is one; what goes wrong with the page stands in it.

    Raises:
        ScanpageError: no fault of the page.
    """
    loaded: LoadedPage | None = None
    try:
        with times("load"):
            loaded = source.load()
        if source.is_pdf and options.prose and options.text_layer is TextLayerUse.AUTO:
            with times("text layer"):
                loaded = _with_layer(loaded, source)
        return scan_page(loaded, engines, options=options, times=times), loaded.image
    except Exception as error:  # errors of OpenCV and ONNX Runtime share no narrower base; other pages go on
        if isinstance(error, ScanpageError) and not isinstance(error, InputError):
            raise  # no fault of the page
        page = source.unread() if loaded is None else loaded.page
        reason = " ".join(str(error).split()) or type(error).__name__
        if not isinstance(error, InputError):
            reason = f"{page.name} could not be processed: {reason}"
            log.debug("%s", reason, exc_info=error)
        return ScannedPage(page, failure=reason), None if loaded is None else loaded.image


def _with_layer(loaded: LoadedPage, source: PageSource) -> LoadedPage:
    """The page with its text layer; a layer that cannot be opened costs nothing but itself."""
    try:
        layer = source.text_layer(loaded.page)
    except InputError as error:
        log.debug("%s: text layer not used: %s", loaded.page.name, error)
        return loaded
    log.debug("%s: text layer with %d letters", loaded.page.name, 0 if layer is None else len(layer))
    return replace(loaded, layer=layer)


def scan_page(
    loaded: LoadedPage, engines: Engines, *, options: ScanOptions | None = None, times: StageTimes | None = None
) -> ScannedPage:
    """Read one page picture; all places are in its own pixels, though it is read upright and flat."""
    options = ScanOptions() if options is None else options
    times = StageTimes() if times is None else times
    if engines.normaliser is None:
        return _read_page(loaded, engines, options, times)
    with times("normalise"):
        normal = engines.normaliser.normalise(loaded.image)
    height, width = normal.image.shape[:2]
    layer = None if loaded.layer is None else loaded.layer.seen_through(normal.to_original.inverse())
    flat = LoadedPage(replace(loaded.page, width_px=width, height_px=height), normal.image, layer)
    page = replace(loaded.page, quarter_turns=normal.quarter_turns)
    return moved(_read_page(flat, engines, options, times), normal.to_original, page)


def _read_page(loaded: LoadedPage, engines: Engines, options: ScanOptions, times: StageTimes) -> ScannedPage:
    image, page = loaded.image, loaded.page
    with times("detect"):
        found = engines.detector.detect(image, min_score=options.min_score)
        regions = snapped(image, settle(found, width=page.width_px, height=page.height_px))
    with times("formulas"):
        formulas = _read(image, regions, engines, options)
    with times("prose"):
        if engines.prose is not None:
            formulas = without_prose(image, formulas, engines.prose)
        lines = [] if engines.prose is None else engines.prose.read(image, formulas, layer=loaded.layer)
    placed = {id(formula) for line in lines for formula in line.formulas}
    isolated = [formula for formula in formulas if id(formula) not in placed]
    with times("assemble"):
        if engines.prose is None:
            return assemble(page, [], isolated)
        figures, lines, isolated = cut_figures(image, lines, isolated)
        return assemble(page, lines, isolated, figures)


def _read(image: np.ndarray, regions: Sequence[Region], engines: Engines, options: ScanOptions) -> list[Formula]:
    if not regions:
        return []
    crops = [crop(image, region.box) for region in regions]
    readings = engines.recognizer.read_batch(crops, alternatives=options.alternatives)
    return [_formula(region, reading, options) for region, reading in zip(regions, readings, strict=True)]


def _formula(region: Region, reading: Reading, options: ScanOptions) -> Formula:
    latex = reading.latex.strip()
    others = tuple(Alternative(other.latex.strip(), other.score) for other in reading.alternatives)
    # What was not read at all is reported as a failure.
    return Formula(region, latex, reading.score, others, check=bool(latex) and reading.score < options.check_below)
