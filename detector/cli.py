"""The command `detector`: train, evaluate, export, predict."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path
from typing import Any

from scanpage import __version__
from scanpage.errors import ExitCode, InputError, ScanpageError, UsageError


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
    _add_evaluate(commands, shared)
    _add_export(commands, shared)
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
    parser.add_argument("--long-side", type=_whole, metavar="PX", help="long side of pages for the network")
    parser.add_argument("--val-pages", type=_whole, metavar="N", help="validate on the first N pages; 0: all")
    parser.add_argument("--eval-minutes", type=_positive, metavar="M", help="validate every M minutes")
    parser.add_argument("--save-minutes", type=_positive, metavar="M", help="save the state every M minutes")
    parser.add_argument("--workers", type=_whole, metavar="N", help="processes that prepare windows")
    parser.add_argument("--seed", type=_whole, metavar="S", help="of all randomness (default: 0)")
    parser.set_defaults(run=_train)


def _add_evaluate(commands: Any, shared: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("evaluate", parents=[shared], help="COCO AP, and F1 at IoU 0.5, of an exported model")
    parser.add_argument(
        "--data", type=Path, nargs="+", required=True, metavar="DIR", help="COCO folders with the truth"
    )
    parser.add_argument("--model", type=Path, metavar="DIR", help="model folder (default: the shipped model)")
    parser.add_argument("--min-score", type=_share, metavar="S", help="threshold of F1 (default: the model's own)")
    parser.add_argument("--best-threshold", action="store_true", help="choose the threshold of the best F1 here")
    parser.add_argument("--out", type=Path, metavar="FILE", help="also write the figures as JSON")
    parser.set_defaults(run=_evaluate)


def _add_export(commands: Any, shared: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("export", parents=[shared], help="make a model folder from a run")
    parser.add_argument("source", type=Path, metavar="RUN", help="a run's folder, or a model folder to export again")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="the model folder")
    parser.add_argument("--min-score", type=_share, metavar="S", help="the model's default score threshold")
    parser.add_argument("--long-side", type=_whole, metavar="PX", help="long side of pages for the network")
    parser.set_defaults(run=_export)


def _add_predict(commands: Any, shared: argparse.ArgumentParser) -> None:
    parser = commands.add_parser("predict", parents=[shared], help="list the formulas on page images as JSON lines")
    parser.add_argument("images", type=Path, nargs="+", metavar="IMAGE")
    parser.add_argument("--model", type=Path, metavar="DIR", help="model folder (default: the shipped model)")
    parser.add_argument("--min-score", type=_share, metavar="S", help="lowest score listed (default: the model's own)")
    parser.set_defaults(run=_predict)


def _train(options: argparse.Namespace) -> int:
    from detector.config import DetectorConfig
    from detector.train import TrainSettings, train

    config = DetectorConfig(long_side_px=options.long_side) if options.long_side else DetectorConfig()
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


def _evaluate(options: argparse.Namespace) -> int:
    from detector.coco import read_pages
    from detector.evaluate import LOWEST_SCORE, detect_all, metrics, table
    from detector.predict import Detector
    from scanpage.files import write_text

    if options.best_threshold and options.min_score is not None:
        raise UsageError("give --min-score or --best-threshold, not both")
    detector = Detector(options.model, options.threads)
    pages = [page for folder in options.data for page in read_pages(folder)]
    found, seconds = detect_all(lambda image: detector.detect(image, min_score=LOWEST_SCORE), pages)
    own = detector.config.min_score if options.min_score is None else options.min_score
    figures = metrics(found, pages, threshold=None if options.best_threshold else own)
    figures |= {"seconds_per_page": round(seconds, 3), "threads": options.threads, "model": detector.version}
    sys.stdout.write(table(figures))
    if options.out is not None:
        write_text(options.out, json.dumps(figures, indent=2) + "\n")
    return ExitCode.DONE


def _export(options: argparse.Namespace) -> int:
    from dataclasses import replace

    from detector.config import DetectorConfig
    from detector.export import WEIGHTS, export, load_model
    from detector.train import BEST
    from scanpage.weights import read_config

    config = DetectorConfig.from_dict(read_config(options.source))
    changes = {"min_score": options.min_score, "long_side_px": options.long_side}
    config = replace(config, **{name: value for name, value in changes.items() if value is not None})
    best = options.source / BEST
    export(load_model(config, best if best.is_file() else options.source / WEIGHTS), config, options.out)
    return ExitCode.DONE


def _predict(options: argparse.Namespace) -> int:
    import numpy as np
    from PIL import Image, UnidentifiedImageError

    from detector.predict import Detector

    detector = Detector(options.model, options.threads)
    for path in options.images:
        try:
            image = np.asarray(Image.open(path).convert("RGB"))
        except (OSError, UnidentifiedImageError) as error:
            raise InputError(f"{path} cannot be read as an image: {error}") from error
        regions = [
            {"box": [round(v, 1) for v in region.box.xyxy], "kind": region.kind.value, "score": round(region.score, 3)}
            for region in detector.detect(image, min_score=options.min_score)
        ]
        sys.stdout.write(json.dumps({"image": str(path), "regions": regions}) + "\n")
    return ExitCode.DONE


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
