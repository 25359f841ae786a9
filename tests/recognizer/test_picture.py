"""Pictures as users have them become crops."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageGrab, UnidentifiedImageError

from recognizer.picture import as_crop, from_clipboard, open_picture, open_source
from scanpage.errors import InputError


def drawn(mode: str = "RGB", paper: object = "white", ink: object = "black") -> Image.Image:
    """A bar at the left of a sheet of 60 x 40 pixels."""
    image = Image.new(mode, (60, 40), paper)  # type: ignore[arg-type]
    image.paste(ink, (4, 4, 14, 36))  # type: ignore[arg-type]
    return image


@pytest.mark.parametrize(
    ("name", "mode", "paper", "ink"),
    [
        ("grey.png", "L", 255, 0),
        ("bits.tif", "1", 1, 0),
        ("deep.png", "I;16", 65535, 0),  # 16 bits a pixel
        ("palette.png", "P", 0, 1),
        ("clear.png", "RGBA", (0, 0, 0, 0), (0, 0, 0, 255)),  # black on nothing, as formulas are copied from the web
        ("clear.webp", "RGBA", (0, 0, 0, 0), (0, 0, 0, 255)),
        ("clear-grey.png", "LA", (0, 0), (0, 255)),
        ("print.jpg", "CMYK", (0, 0, 0, 0), (0, 0, 0, 255)),
        ("print.tif", "CMYK", (0, 0, 0, 0), (0, 0, 0, 255)),
        ("photo.bmp", "RGB", "white", "black"),
    ],
)
def test_every_mode_is_dark_ink_on_light_paper(
    name: str, mode: str, paper: object, ink: object, tmp_path: Path
) -> None:
    image = drawn(mode, paper, ink)
    if mode == "P":
        image.putpalette([255, 255, 255, 0, 0, 0])
    image.save(tmp_path / name)
    crop = open_picture(tmp_path / name)
    assert crop.shape == (40, 60, 3) and crop.dtype == np.uint8
    assert crop[20, 9].max() < 12 and crop[20, 40].min() > 243


def test_a_photo_is_turned_upright(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: what is left here is the top
    drawn().save(tmp_path / "photo.jpg", exif=exif, quality=95)
    assert open_picture(tmp_path / "photo.jpg")[9, 20].max() < 40
    with Image.open(tmp_path / "photo.jpg") as photo:
        np.testing.assert_array_equal(as_crop(photo), open_picture(tmp_path / "photo.jpg"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("empty.png", b"", r"empty\.png is empty"),
        ("letter.png", b"Dear Sir or Madam", r"letter\.png is no picture that can be read"),
        ("page.pdf", b"%PDF-1.4\n", r"page\.pdf is no picture"),
        ("cut.png", None, r"cut\.png is damaged or cut short"),
    ],
)
def test_what_is_no_picture_is_named(name: str, content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is None:
        noise = np.random.default_rng(0).integers(0, 255, (200, 300, 3), np.uint8)
        Image.fromarray(noise).save(tmp_path / name)
        content = (tmp_path / name).read_bytes()[:9000]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        open_picture(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere"):
        open_picture(tmp_path / "nowhere.png")
    with pytest.raises(InputError, match="directory"):
        open_picture(tmp_path)


def test_arrays_are_taken_as_they_are_and_transparency_goes_on_white() -> None:
    grey = np.asarray(drawn("L", 255, 0))
    assert as_crop(grey) is grey
    clear = np.asarray(drawn("RGBA", (0, 0, 0, 0), (0, 0, 0, 255)))
    np.testing.assert_array_equal(as_crop(clear), np.asarray(drawn()))


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 4), np.uint8),
        np.zeros((4, 4), np.float32),  # whether white is 1 or 255 cannot be known
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((1, 4, 4, 3), np.uint8),
    ],
)
def test_arrays_of_another_kind_are_refused(array: np.ndarray) -> None:
    with pytest.raises(ValueError, match="crop must"):
        as_crop(array)


def test_a_picture_given_is_left_as_it_is() -> None:
    image = Image.new("L", (9000, 40), 255)
    assert as_crop(image).shape == (18, 4000, 3)
    assert image.size == (9000, 40)


def test_standard_input_is_read_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.BytesIO()
    drawn().save(out, "PNG")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(out.getvalue())))
    assert open_source("-").shape == (40, 60, 3)
    with pytest.raises(InputError, match="<stdin> is empty"):
        open_source("-")


def test_the_clipboard_may_hold_a_picture_or_the_name_of_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    drawn().save(tmp_path / "a.png")
    for held in (drawn(), [str(tmp_path / "a.png")]):
        monkeypatch.setattr(ImageGrab, "grabclipboard", lambda held=held: held)
        np.testing.assert_array_equal(from_clipboard(), np.asarray(drawn()))


@pytest.mark.parametrize(
    ("held", "message"),
    [
        (None, "holds no picture: copy one first"),
        (UnidentifiedImageError("cannot identify image file"), "holds no picture: copy one first"),
        (["a.png", "b.png"], "holds 2 files"),
        (NotImplementedError("wl-paste or xclip is required"), "install wl-clipboard .* or xclip"),
        (ChildProcessError("xclip error: Error: Can't open\ndisplay"), "cannot be read: xclip error: .* open display"),
    ],
)
def test_a_clipboard_without_a_picture_is_an_input_error(
    held: object, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def grab() -> object:
        if isinstance(held, Exception):
            raise held
        return held

    monkeypatch.setattr(ImageGrab, "grabclipboard", grab)
    with pytest.raises(InputError, match=message):
        from_clipboard()
