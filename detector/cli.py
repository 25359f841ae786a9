"""The command `detector`: train, evaluate, export, predict."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scanpage import __version__
from scanpage.errors import ExitCode, InputError, OutputError, ScanpageError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from detector.predict import Detector
    from scanpage.region import Region

AS_THEY_ARE = "Find formulas on pictures as they are, turned as EXIF says. scanpage straightens photos first."


def main(arguments: list[str] | None = None) -> int:
    """Run the command; errors become one line on stderr and an exit code."""
    options = _parser().parse_args(arguments)
    level = logging.DEBUG if options.verbose else logging.WARNING if options.quiet else logging.INFO
    logging.basicConfig(level=level, format="%(message)s", stream=sys.stderr)
    try:
        return int(options.run(options))
    except ScanpageError as error:
        return _fail(options, str(error), error.exit_code)
    except ModuleNotFoundError as error:
        message = f"{error.name} is not installed: this command needs the extra, pip install 'scanpage[train]'"
        return _fail(options, message, ExitCode.USAGE)
    except KeyboardInterrupt:
        return _fail(options, "interrupted", ExitCode.INTERRUPTED)


def _fail(options: argparse.Namespace, message: str, code: ExitCode) -> int:
    if options.verbose:
        logging.getLogger(__name__).exception("the error in full")
    sys.stderr.write(f"detector: {' '.join(message.split())}\n")
    return int(code)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="detector", description="Find formulas on pages.")
    parser.add_argument("--version", action="version", version=f"detector {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--threads", type=_whole, default=0, metavar="N", help="CPU threads (default: all)")
    shared.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")
    shared.add_argument("-v", "--verbose", action="store_true", help="say more, and show errors in full")
    _add_train(commands, shared)
    _add_train_paper(commands, shared)
    _add_evaluate(commands, shared)
    _add_export(commands, shared)
    _add_calibrate(commands, shared)
    _add_predict(commands, shared)
    return parser


def _add_train(commands: Any, shared: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("train", parents=[shared], help="train on COCO pages within a time budget")
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="DIR", help="COCO folders to train on")
    parser.add_argument(
        "--val", type=Path, required=True, metavar="DIR", help="COCO folder to choose the best weights on"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    parser.add_argument("--minutes", type=_positive, required=True, metavar="M", help="time budget")
    parser.add_argument("--resume", action="store_true", help="go on where the run in RUN stopped")
    parser.add_argument(
        "--init", default="rapidocr", metavar="START", help="rapidocr (default), none, or the folder of a run or model"
    )
    parser.add_argument("--batch", type=_whole, metavar="N", help="windows per step")
    parser.add_argument("--lr", type=_positive, help="highest learning rate")
    parser.add_argument("--window", type=_whole, dest="window_px", metavar="PX", help="side of windows; 0: whole pages")
    parser.add_argument("--text-height", type=_positive, metavar="PX", help="height that writing gets for the network")
    parser.add_argument("--val-pages", type=_whole, metavar="N", help="validate on the first N pages; 0: all")
    parser.add_argument("--eval-minutes", type=_positive, metavar="M", help="validate every M minutes")
    parser.add_argument("--save-minutes", type=_positive, metavar="M", help="save the state every M minutes")
    parser.add_argument("--workers", type=_whole, metavar="N", help="processes that prepare windows")
    parser.add_argument("--seed", type=_whole, metavar="S", help="of all randomness (default: 0)")
    parser.set_defaults(run=_train)


def _add_train_paper(commands: Any, shared: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "train-paper",
        parents=[shared],
        help="train and export the network that finds the sheet of paper in a photo",
        description="Train on pages of `synth generate`, which tell where the corners of their paper are. When the "
        "time is over, RUN is a model folder; the shipped one is detector/weights/paper.",
    )
    add = parser.add_argument
    add("--data", type=Path, nargs="+", required=True, metavar="DIR", help="folders of synth generate to train on")
    add("--val", type=Path, required=True, metavar="DIR", help="such a folder to measure on")
    add("--out", type=Path, required=True, metavar="RUN", help="the run's folder")
    add("--minutes", type=_positive, required=True, metavar="M", help="time budget")
    add("--resume", action="store_true", help="go on where the run in RUN stopped")
    add("--init", type=Path, metavar="DIR", help="start from the weights in the folder of a run or model")
    add("--batch", type=_whole, metavar="N", help="pictures per step")
    add("--lr", type=_positive, help="highest learning rate")
    add("--val-pictures", type=_whole, metavar="N", help="measure on the first N pictures; 0: all")
    add("--save-minutes", type=_positive, metavar="M", help="measure and save every M minutes")
    add("--seed", type=_whole, metavar="S", help="of all randomness (default: 0)")
    parser.set_defaults(run=_train_paper)


def _add_evaluate(commands: Any, shared: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "evaluate", parents=[shared], help="COCO AP, F1 at IoU 0.5 and 0.75, and false boxes, of an exported model"
    )
    parser.add_argument(
        "--data", type=Path, nargs="+", required=True, metavar="DIR", help="COCO folders with the truth"
    )
    parser.add_argument("--model", type=Path, metavar="DIR", help="model folder (default: the shipped model)")
    parser.add_argument("--min-score", type=_share, metavar="S", help="threshold of F1 (default: the model's own)")
    parser.add_argument("--best-threshold", action="store_true", help="choose the threshold of the best F1 here")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the figures as JSON")
    parser.add_argument("--curves", type=Path, metavar="FILE.png", help="draw precision-recall curves")
    parser.set_defaults(run=_evaluate)


def _add_export(commands: Any, shared: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("export", parents=[shared], help="make a model folder from a run")
    parser.add_argument("source", type=Path, metavar="RUN", help="a run's folder, or a model folder to export again")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the model folder")
    parser.add_argument("--min-score", type=_share, metavar="S", help="the model's default score threshold")
    parser.add_argument("--text-height", type=_positive, metavar="PX", help="height that writing gets for the network")
    parser.set_defaults(run=_export)


def _add_calibrate(commands: Any, shared: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "calibrate",
        parents=[shared],
        help="make a model's scores the probability of being right, and 0.5 its threshold",
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="DIR",
        help="COCO folders held out, also of pages without formulas")  # fmt: skip
    parser.add_argument("--model", type=Path, required=True, metavar="DIR", help="model folder, changed in place")
    parser.set_defaults(run=_calibrate)


def _add_predict(commands: Any, shared: argparse.ArgumentParser) -> None:
    parser = commands.add_parser(
        "predict", parents=[shared], help="list the formulas on page images as JSON lines", description=AS_THEY_ARE
    )
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE", help="PNG, JPEG, TIFF, WebP, or a folder")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write one JSON document instead of lines")
    parser.add_argument(
        "--preview", type=Path, metavar="DIR", help="write a picture of each page with boxes and scores"
    )
    parser.add_argument("--model", type=Path, metavar="DIR", help="model folder (default: the shipped model)")
    parser.add_argument("--min-score", type=_share, metavar="S", help="lowest score listed (default: the model's own)")
    parser.set_defaults(run=_predict)


def _train(options: argparse.Namespace) -> int:
    from detector.config import DetectorConfig
    from detector.train import TrainSettings, train

    config = DetectorConfig(text_height_px=options.text_height) if options.text_height else DetectorConfig()
    names = ("batch", "lr", "window_px", "val_pages", "eval_minutes", "save_minutes", "workers", "seed")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    settings = TrainSettings(
        data=tuple(str(folder) for folder in options.data),
        val=str(options.val),
        out=str(options.out),
        minutes=options.minutes,
        init=options.init,
        threads=options.threads,
        config=config,
        **given,
    )
    return ExitCode.DONE if train(settings, resume=options.resume) else ExitCode.INTERRUPTED


def _train_paper(options: argparse.Namespace) -> int:
    from detector.paper_train import PaperTrainSettings, train_paper

    names = ("batch", "lr", "val_pictures", "save_minutes", "seed")
    given = {name: getattr(options, name) for name in names if getattr(options, name) is not None}
    settings = PaperTrainSettings(
        data=tuple(str(folder) for folder in options.data),
        val=str(options.val),
        out=str(options.out),
        minutes=options.minutes,
        init=None if options.init is None else str(options.init),
        threads=options.threads,
        **given,
    )
    return ExitCode.DONE if train_paper(settings, resume=options.resume) else ExitCode.INTERRUPTED


def _evaluate(options: argparse.Namespace) -> int:
    from detector.coco import read_pages
    from detector.evaluate import LOWEST_SCORE, detect_all, metrics, table
    from detector.predict import Detector
    from scanpage.files import write_text

    if options.best_threshold and options.min_score is not None:
        raise UsageError("give --min-score or --best-threshold, not both")
    _check_files([], options.out, options.curves)
    import_module("pycocotools.cocoeval")  # where it is missing, that is told before the long work
    if options.curves is not None:
        from detector.precision_recall import draw_curves
    detector = Detector(options.model, options.threads)
    pages = [page for folder in options.data for page in read_pages(folder)]
    with _progress(options, pages) as bar:
        found, seconds = detect_all(lambda image: detector.detect(image, min_score=LOWEST_SCORE), bar)
    own = detector.config.min_score if options.min_score is None else options.min_score
    figures = metrics(found, pages, threshold=None if options.best_threshold else own)
    figures |= {"seconds_per_page": round(seconds, 3), "threads": options.threads, "model": detector.version}
    sys.stdout.write(table(figures))
    if options.out is not None:
        write_text(options.out, json.dumps(figures, indent=2) + "\n")
    if options.curves is not None:
        draw_curves(options.curves, found, pages, threshold=figures["threshold"])
    return ExitCode.DONE


def _export(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from detector.config import DetectorConfig
    from detector.export import export
    from detector.start import initial_model
    from scanpage.weights import read_config

    config = DetectorConfig.from_dict(read_config(options.source))
    changes = {"min_score": options.min_score, "text_height_px": options.text_height}
    config = replace(config, **{name: value for name, value in changes.items() if value is not None})
    export(initial_model(str(options.source), config), config, options.out)
    return ExitCode.DONE


def _calibrate(options: argparse.Namespace) -> int:
    from detector.calibrate import calibrate
    from detector.coco import read_pages
    from scanpage.region import RegionKind

    pages = [page for folder in options.data for page in read_pages(folder)]
    config = calibrate(options.model, pages, threads=options.threads)
    for kind, (slope, offset, company) in zip(RegionKind, config.calibration, strict=True):
        sys.stdout.write(f"{kind.value}: log odds {slope:.2f} x {offset:+.2f} {company:+.2f} x company\n")
    return ExitCode.DONE


def _predict(options: argparse.Namespace) -> int:
    from detector.draw import preview_paths, write_preview
    from detector.pictures import pictures_at, read_picture
    from detector.predict import Detector
    from scanpage.files import write_stdout, write_text

    paths = [path for entry in options.images for path in pictures_at(entry)]
    previews = None if options.preview is None else preview_paths(options.preview, paths)
    _check_files(paths, options.json, *(previews or ()))
    detector = Detector(options.model, options.threads)
    done: list[dict[str, Any]] = []
    # Lines on a terminal are progress enough.
    with _progress(options, paths, hidden=options.json is None and sys.stdout.isatty()) as bar:
        for index, path in enumerate(bar):
            try:
                image, size = read_picture(path)
            except InputError as error:
                with bar.external_write_mode(file=sys.stderr):
                    _fail(options, str(error), error.exit_code)
                continue
            regions = _find(detector, image, options)
            done.append(_record(path, regions, size, scale=max(size) / max(image.shape[:2])))
            if options.json is None:
                write_stdout((json.dumps(done[-1]) + "\n").encode())
            if previews is not None:
                write_preview(previews[index], image, regions)
    if not done:
        return ExitCode.UNREADABLE_INPUT
    if options.json is not None:
        write_text(options.json, json.dumps({"model": detector.version, "images": done}, indent=1) + "\n")
        if not options.quiet:
            formulas = sum(len(record["regions"]) for record in done)
            sys.stderr.write(f"{_count(len(done), 'page')}, {_count(formulas, 'formula')}: {options.json}\n")
    return ExitCode.DONE if len(done) == len(paths) else ExitCode.FINISHED_WITH_FAILURES


def _find(detector: Detector, image: NDArray[np.uint8], options: argparse.Namespace) -> list[Region]:
    """Regions in pixels of `image` (RGB [H, W, 3])."""
    return detector.detect(image, min_score=options.min_score)


def _record(path: Path, regions: Sequence[Region], size: tuple[int, int], *, scale: float) -> dict[str, Any]:
    """What is written of an image of `size` (width, height); its pixels are `scale` times those of the regions."""
    return {
        "image": str(path),
        "width": size[0],
        "height": size[1],
        "regions": [
            {"box": [round(v * scale, 1) for v in r.box.xyxy], "kind": r.kind.value, "score": round(r.score, 3)}
            for r in regions
        ],
    }


def _check_files(inputs: Sequence[Path], *outputs: Path | None) -> None:
    """Find places that cannot be written, or that are inputs, before the long work."""
    from scanpage.files import check_folder

    files = [path for path in outputs if path is not None]
    places = [path.resolve() for path in files]
    if len(set(places)) != len(places):
        raise UsageError("two results would go to the same file: choose another place for one")
    taken = {path.resolve() for path in inputs}
    for path, place in zip(files, places, strict=True):
        if place in taken:
            raise UsageError(f"{path} is an input and would be overwritten: choose another place for the output")
        if path.is_dir():
            raise OutputError(f"cannot write {path}: it is a folder; name a file")
    for folder in dict.fromkeys(path.parent for path in files):
        check_folder(folder)


def _progress(options: argparse.Namespace, pages: Sequence[Any], *, hidden: bool = False) -> Any:
    """`pages` with a bar, on a terminal and where they are several."""
    from tqdm import tqdm

    hidden = hidden or options.quiet or len(pages) < 2 or not sys.stderr.isatty()
    return tqdm(pages, unit="page", file=sys.stderr, disable=hidden, leave=False)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _whole(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError(text)
    return value


def _positive(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise ValueError(text)
    return value


if __name__ == "__main__":
    sys.exit(main())
