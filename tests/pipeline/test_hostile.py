"""Damaged and hostile files end with a result or a clear error; `benchmarks/hostile.py` makes them, and more."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.cli import main
from pipeline.engines import Engines
from pipeline.limits import Limits
from pipeline.load import LoadedPage, list_pages
from pipeline.page_range import PageRange
from scanpage.errors import ExitCode, InputError

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
Maker = Callable[..., Path]
SECONDS = 10.0


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return import_module("hostile")


def first_page(path: Path, *, limits: Limits | None = None) -> LoadedPage | str:
    """The first page of a file, or why it cannot be read."""
    limits = Limits(timeout_s=SECONDS) if limits is None else limits
    try:
        return list_pages(str(path), pages=PageRange.parse("1"), limits=limits)[0].load()
    except InputError as error:
        return str(error)


def test_mutated_files_end_with_a_page_or_a_clear_error(hostile: ModuleType, tmp_path: Path) -> None:
    pages, errors = 0, 0
    for name, data in hostile.mutants(84, 1):
        path = tmp_path / name
        path.write_bytes(data)
        start = time.perf_counter()
        found = first_page(path)
        assert time.perf_counter() - start < 2 * SECONDS + 5, name
        if isinstance(found, str):
            errors += 1
            assert found.startswith(str(path)) and "\n" not in found and len(found) < len(str(path)) + 250
        else:
            pages += 1
            assert found.image.ndim == 3 and 8 <= min(found.image.shape[:2]) <= max(found.image.shape[:2]) <= 4001
    assert pages >= 10 and errors >= 10


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bomb.png", "30000 x 30000 pixels, .*--max-pixels"),
        ("bomb-grey.png", "65000 x 65000 pixels, .*--max-pixels"),
        ("circular.tif", None),
        ("zero-size.pdf", None),  # viewers show an empty sheet of letter paper
        ("huge-page.pdf", None),  # drawn smaller
        ("endless-page.pdf", None),
        ("large-page.pdf", None),
        ("units.pdf", None),
        ("thin-page.pdf", "too small or too narrow"),
        ("deep-arrays.pdf", None),
        ("deep-dictionaries.pdf", None),
        ("page-tree-loop.pdf", "is damaged"),
        ("xref-loop.pdf", "not a whole PDF"),
        ("billion-pages.pdf", "page 1"),
        ("empty.pdf", "is empty"),
        ("text.pdf", "is not a PDF, though its name says so"),
    ],
)
def test_files_made_to_do_harm(name: str, expected: str | None, hostile: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(hostile.SPECIALS[name]())
    found = first_page(path)
    if expected is None:
        assert isinstance(found, LoadedPage), found
    else:
        assert isinstance(found, str)
        with pytest.raises(InputError, match=expected):
            raise InputError(found)


@pytest.mark.parametrize("name", ["forms-within-forms", "deflated-twice"])
def test_what_swells_is_stopped_at_the_limit_of_memory(name: str, hostile: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "bomb.pdf"
    path.write_bytes(
        hostile.forms_within_forms(30) if name == "forms-within-forms" else hostile.deflated_twice(1 << 28)
    )
    found = first_page(path, limits=Limits(max_pixels=1_000_000, timeout_s=SECONDS))
    assert isinstance(found, str) and "bomb.pdf page 1" in found
    assert "memory" in found or "--timeout" in found


def test_ten_thousand_pages_are_listed_at_once_and_read_as_chosen(hostile: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "pages.pdf"
    path.write_bytes(hostile.many_pages(10_000))
    start = time.perf_counter()
    pages = list_pages(str(path), pages=PageRange.parse("1-2,9999-"), dpi=72)
    assert [page.number for page in pages] == [1, 2, 9999, 10_000]
    assert pages[-1].load().image.shape == (200, 200, 3)
    assert len(list_pages(str(path), limits=Limits(max_pages=10_000))) == 10_000
    with pytest.raises(InputError, match=r"10000 pages, and more than 5000 .* --pages, or raise --max-pages"):
        list_pages(str(path))
    assert time.perf_counter() - start < SECONDS


def test_pages_of_a_folder_are_counted_together(hostile: ModuleType, picture: Maker, tmp_path: Path) -> None:
    picture("scans/a.png", size=(50, 50))
    (tmp_path / "scans" / "b.tif").write_bytes(hostile.tiff(frames=4))
    picture("scans/c.png", size=(60, 60))
    pages = list_pages(str(tmp_path / "scans"), pages=PageRange.parse("1,5-6"), limits=Limits(max_pages=3))
    assert [(Path(page.source).name, page.number) for page in pages] == [("a.png", 1), ("b.tif", 4), ("c.png", 1)]
    with pytest.raises(InputError, match="scans has 6 pages, and more than 3"):
        list_pages(str(tmp_path / "scans"), limits=Limits(max_pages=3))


def test_more_pixels_than_allowed_lower_the_resolution_of_a_pdf(pdf: Maker) -> None:
    (page,) = list_pages(str(pdf(pages=1)), dpi=288, limits=Limits(max_pixels=480_000))
    loaded = page.load()
    assert (loaded.page.width_px, loaded.page.height_px) == (600, 800)
    assert loaded.page.dpi == pytest.approx(144)


def test_what_is_no_file_is_named(picture: Maker, tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    picture("scans/good.png")
    (folder / "folder.png").mkdir()
    (folder / "loop.png").symlink_to("loop.png")
    os.mkfifo(folder / "pipe.png")
    (tmp_path / "scans" / "nowhere.png").symlink_to("gone.png")
    good, loop, nowhere, pipe = list_pages(str(folder))
    assert good.load().image.shape == (120, 200, 3)
    assert "does not exist" in str(loop.broken) and "does not exist" in str(nowhere.broken)
    assert "pipe.png is neither a file nor a folder" in str(pipe.broken)
    with pytest.raises(InputError, match="holds no pages"):
        list_pages(str(folder / "folder.png"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(picture: Maker) -> None:
    path = picture("secret.png")
    path.chmod(0)
    with pytest.raises(InputError, match=r"secret.png cannot be read: Permission denied"):
        list_pages(str(path))


def test_a_page_over_a_limit_fails_alone(
    hostile: ModuleType,
    picture: Maker,
    engines: Engines,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    small, large = picture("small.png", size=(300, 300)), picture("large.png", size=(400, 400))
    many = tmp_path / "many.tif"
    many.write_bytes(hostile.tiff(frames=4))
    options = ["--max-pixels", "0.1", "--max-pages", "3", "-q", "-o", "all.tex"]
    code = main([str(small), str(large), str(many), *options], load_engines=lambda _: engines)
    assert code == ExitCode.FINISHED_WITH_FAILURES
    first, second = capsys.readouterr().err.splitlines()
    assert first.startswith(f"scanpage: {large} is 400 x 400 pixels, more than the 0.1 million")
    assert "--max-pixels" in first and "more than 3" in second and "--max-pages" in second
    assert Path("all.tex").read_text().count("Page not read:") == 2


def test_names_of_any_bytes_reach_all_results_and_no_terminal(
    picture: Maker,
    engines: Engines,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    good, bad = Path(os.fsdecode(b"caf\xe9.png")), Path(os.fsdecode(b"\x1b[31mred\xff.png"))
    try:
        picture("x.png").rename(good)
        bad.write_bytes(b"rubbish")
    except OSError:
        pytest.skip("file names are text here")
    code = main([str(good), str(bad), "--json", "all.json", "--preview", "look"], load_engines=lambda _: engines)
    assert code == ExitCode.FINISHED_WITH_FAILURES
    said = capsys.readouterr().err
    assert said.startswith("scanpage: \\x1b[31mred\\udcff.png is neither") and "\x1b" not in said
    pages = json.loads(Path("all.json").read_text("utf-8"))["pages"]
    assert [page["source"] for page in pages] == [str(good), str(bad)]
    assert good.with_suffix(".tex").is_file() and len(list(Path("look").iterdir())) == 1
