from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pypdfium2
import pytest
from PIL import Image

from pipeline import load_pdf, load_picture
from pipeline.load import list_pages, natural_key
from pipeline.page_range import PageRange
from scanpage.errors import InputError

Maker = Callable[..., Path]

ENCRYPTED_PDF = b"""%%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj
4 0 obj<</Filter/Standard/V 1/R 2/P -4/O<%s>/U<%s>>>endobj
trailer<</Root 1 0 R/Size 5/Encrypt 4 0 R/ID[<00><00>]>>
%%%%EOF
""" % (b"11" * 32, b"22" * 32)


def test_pdf_pages_come_one_by_one_with_size_and_dpi(pdf: Maker) -> None:
    pages = list_pages(str(pdf(pages=3)), dpi=144)
    assert [page.number for page in pages] == [1, 2, 3]
    loaded = pages[2].load()
    assert loaded.image.shape == (800, 600, 3) and loaded.image.dtype == np.uint8
    assert (loaded.page.width_px, loaded.page.height_px, loaded.page.dpi) == (600, 800, 144)
    assert loaded.page.number == 3 and loaded.page.source.endswith("notes.pdf")


def test_pdf_is_drawn_without_poppler_too(pdf: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pdf(pages=2)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    image, _ = load_pdf.load_page(path, str(path), 2, 72)
    assert image.shape == (400, 300, 3)
    assert np.abs(image.astype(int) - (201, 200, 200)).max() <= 3


@pytest.mark.parametrize("poppler", [True, False])
def test_only_what_the_crop_box_shows_is_drawn(poppler: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if poppler and shutil.which("pdftoppm") is None:
        pytest.skip("poppler is not installed")
    path = tmp_path / "cropped.pdf"
    sheet = Image.new("L", (300, 400), 0)
    sheet.paste(255, (0, 200, 300, 400))
    sheet.save(path, resolution=72)
    document = pypdfium2.PdfDocument(path.read_bytes())
    document[0].set_cropbox(50, 0, 250, 190)  # left, bottom, right, top: within the white half
    document.save(path)
    if not poppler:
        monkeypatch.setattr(shutil, "which", lambda _: None)
    image, _ = load_pdf.load_page(path, str(path), 1, 72)
    assert image.shape == (190, 200, 3)
    assert image.min() > 250


def test_large_paper_is_drawn_smaller_than_asked(tmp_path: Path) -> None:
    path = tmp_path / "poster.pdf"
    Image.new("L", (400, 500), 255).save(path, resolution=5)  # 80 x 100 inches
    loaded = list_pages(str(path), dpi=200)[0].load()
    assert max(loaded.image.shape) <= load_picture.MAX_SIDE_PX + 1
    assert loaded.page.dpi == pytest.approx(loaded.page.height_px / 100, rel=0.01)


def test_folder_pages_come_in_natural_order_and_other_files_are_left_out(picture: Maker, tmp_path: Path) -> None:
    for name in ("scans/p10.png", "scans/p2.png", "scans/.hidden.png"):
        picture(name)
    (tmp_path / "scans" / "readme.txt").write_text("no page")
    pages = list_pages(str(tmp_path / "scans"))
    assert [Path(page.source).name for page in pages] == ["p2.png", "p10.png"]


def test_broken_file_in_a_folder_is_one_broken_page(picture: Maker, tmp_path: Path) -> None:
    picture("scans/a.png")
    (tmp_path / "scans" / "b.png").write_bytes(b"")
    good, broken = list_pages(str(tmp_path / "scans"))
    assert good.load().image.shape == (120, 200, 3)
    with pytest.raises(InputError, match=r"b\.png is empty"):
        broken.load()


def test_tiff_frames_are_pages(tmp_path: Path) -> None:
    path = tmp_path / "fax.tif"
    frames = [Image.new("1", (50 + n, 40), 1) for n in range(3)]
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert [page.load().page.width_px for page in list_pages(str(path))] == [50, 51, 52]


@pytest.mark.parametrize("make", ["pdf", "png"])
def test_stdin_is_sniffed(make: str, pdf: Maker, picture: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    data = (pdf(pages=2) if make == "pdf" else picture("a.png")).read_bytes()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))
    pages = list_pages("-", dpi=72)
    assert len(pages) == (2 if make == "pdf" else 1)
    assert pages[-1].load().page.source == "<stdin>"


@pytest.mark.parametrize(
    ("mode", "colour", "name", "expected"),
    [
        ("L", 100, "grey.png", (100, 100, 100)),
        ("1", 1, "bits.tif", (255, 255, 255)),
        ("I;16", 65535 // 2, "deep.png", (127, 127, 127)),  # 16-bit grey keeps its brightness
        ("I", 65535, "deeper.tif", (255, 255, 255)),
        ("F", 0.0, "float.tif", (0, 0, 0)),
        ("CMYK", (0, 255, 255, 0), "print.tif", (255, 0, 0)),
        ("P", 0, "palette.png", (0, 0, 0)),
        ("LA", (0, 0), "clear.png", (255, 255, 255)),  # what is transparent is paper
        ("RGBA", (0, 0, 0, 0), "clear.webp", (255, 255, 255)),
        ("RGB", (10, 20, 30), "photo.bmp", (10, 20, 30)),
    ],
)
def test_every_mode_becomes_rgb(
    mode: str, colour: object, name: str, expected: tuple[int, int, int], picture: Maker
) -> None:
    image = list_pages(str(picture(name, mode=mode, colour=colour)))[0].load().image
    assert image.shape == (120, 200, 3) and image.dtype == np.uint8
    assert np.abs(image[60, 100].astype(int) - expected).max() <= 2


def test_palette_with_transparent_colour_goes_on_white(picture: Maker) -> None:
    path = picture("gif-like.png", mode="P", colour=0, transparency=0)
    assert tuple(list_pages(str(path))[0].load().image[5, 5]) == (255, 255, 255)


def test_photo_is_turned_upright(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    photo = Image.new("RGB", (60, 40), "white")
    photo.paste((0, 0, 0), (0, 0, 10, 40))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: top is on the right side
    photo.save(path, exif=exif)
    image = list_pages(str(path))[0].load().image
    assert image.shape == (60, 40, 3)
    assert image[2].mean() < 60 < 200 < image[-2].mean()


def test_stated_resolution_is_used_and_scaled(picture: Maker) -> None:
    small = list_pages(str(picture("a.png", dpi=(300, 300))))[0].load().page
    assert small.dpi == pytest.approx(300, rel=0.01)
    large = list_pages(str(picture("b.png", size=(8000, 100), dpi=(300, 300))))[0].load().page
    assert (large.width_px, large.dpi) == (4000, pytest.approx(150, rel=0.01))
    assert list_pages(str(picture("c.png", dpi=(72, 72))), dpi=220)[0].load().page.dpi == 220


def test_huge_jpeg_is_read_reduced(tmp_path: Path) -> None:
    path = tmp_path / "huge.jpg"
    Image.new("L", (16_000, 12_000), 250).save(path)
    assert list_pages(str(path))[0].load().image.shape == (3000, 4000, 3)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("nothing.png", b"", "is empty"),
        ("nothing.pdf", b"", "is empty"),
        ("letter.pdf", b"Dear Sir or Madam,\n", "is not a PDF, though its name says so"),
        ("letter.png", b"Dear Sir or Madam,\n", "neither a PDF nor a picture"),
        ("cut.pdf", b"%PDF-1.4\n1 0 obj<</Type/Cata", "is not a whole PDF"),
        ("locked.pdf", ENCRYPTED_PDF, "is encrypted: remove its password"),
    ],
)
def test_unreadable_file_is_refused_with_one_line(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        list_pages(str(tmp_path / name))
    assert name in str(caught.value) and "\n" not in str(caught.value)


def test_missing_file_and_empty_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        list_pages(str(tmp_path / "none.pdf"))
    with pytest.raises(InputError, match="holds no pages"):
        list_pages(str(tmp_path))


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
def test_picture_cut_short_is_refused_when_loaded(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"cut.{suffix}"
    noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=r"cut short|neither"):
        list_pages(str(path))[0].load()


def test_one_pixel_is_no_page(picture: Maker) -> None:
    with pytest.raises(InputError, match="1 x 1 pixels, too small"):
        list_pages(str(picture("dot.png", size=(1, 1))))[0].load()


def test_pages_out_of_range_are_refused(pdf: Maker) -> None:
    path = str(pdf(pages=2))
    assert [page.number for page in list_pages(path, pages=PageRange.parse("2"))] == [2]
    with pytest.raises(InputError, match="has 2 pages, so there is no page 7"):
        list_pages(path, pages=PageRange.parse("1,7"))


def test_natural_key_survives_any_name() -> None:
    assert sorted(["b²", "a10", "a9", "٣"], key=natural_key)[:2] == ["٣", "a9"]
