"""What scanpage does with damaged and hostile files.

    python benchmarks/hostile.py [--out FILE] [--count N] [--seed S] [--timeout S]

Small PDF, PNG, JPEG, TIFF and WebP files are mutated (bytes flipped, files cut, length fields and numbers overwritten,
blocks spliced in, repeated and removed, checksums mended or not) and go, with some files that were made to do harm,
through the whole command one by one, with all models but the prose. The command runs in a process of its own; the
memory of that and of all it starts is summed every 20 ms. Each file must end with a result or one line of error, and a
known exit code.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import re
import struct
import subprocess
import sys
import tempfile
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

EXTREMES = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
NUMBERS = (b"0", b"-1", b"1e30", b"99999999999", b"2147483647", b"-2147483648", b"0.0000001", b"nan")
SAMPLE_S = 0.02

Mutation = Callable[[bytes, np.random.Generator], bytes]


def sheet(size: tuple[int, int] = (240, 160), mode: str = "RGB") -> Image.Image:
    """A small page with some ink."""
    page = Image.new("RGB", size, "white")
    pen = ImageDraw.Draw(page)
    pen.text((20, 30), "Let x = 2, then x + 1 = 3.", fill="black")
    pen.rectangle((30, 80, 120, 100), outline="black")
    pen.ellipse((140, 80, 200, 130), fill=(90, 40, 200))
    return page.convert(mode)


def saved(page: Image.Image, kind: str, **options: Any) -> bytes:
    """The file that Pillow makes of a page."""
    file = io.BytesIO()
    page.save(file, kind, **options)
    return file.getvalue()


def pdf(*objects: bytes, trailer: bytes = b"") -> bytes:
    """A PDF of these objects, numbered from 1; the first is the catalogue."""
    data = bytearray(b"%PDF-1.5\n")
    places = []
    for number, content in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<</Root 1 0 R/Size %d%b>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, len(data))
    return bytes(data) + b"xref\n0 %d\n0000000000 65535 f \n%b" % (len(objects) + 1, table) + end


def stream(content: bytes, entries: bytes = b"") -> bytes:
    """A stream object of a PDF."""
    return b"<</Length %d%b>>\nstream\n%b\nendstream" % (len(content), entries, content)


def one_page(content: bytes, *more: bytes, box: bytes = b"[0 0 200 120]", entries: bytes = b"") -> bytes:
    """A PDF with one page of the given size and content; objects beyond it are numbered from 6."""
    return pdf(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox%b/Contents 4 0 R/Resources<</Font<</F 5 0 R>>%b>>>>" % (box, entries),
        content,
        b"<</Type/Font/Subtype/Type1/BaseFont/Times-Roman>>",
        *more,
    )


def seeds() -> dict[str, bytes]:
    """The whole files that are mutated, by name."""
    ink = (
        b"BT /F 14 Tf 20 80 Td (Let x = 2, then x + 1 = 3.) Tj ET 1 w 20 20 80 30 re S 120 20 m 150 60 180 0 190 40 c S"
    )
    picture = stream(
        zlib.compress(sheet((60, 40)).tobytes()),
        b"/Subtype/Image/Width 60/Height 40/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode",
    )
    drawn = stream(zlib.compress(ink + b" q 60 0 0 40 20 20 cm /I Do Q"), b"/Filter/FlateDecode")
    exif = Image.Exif()
    exif[0x0112] = 6
    frames = [sheet(mode="1"), sheet((200, 120), "1")]
    return {
        "text.pdf": one_page(stream(ink)),
        "picture.pdf": one_page(drawn, picture, entries=b"/XObject<</I 6 0 R>>"),
        "scan.pdf": saved(sheet(), "PDF", save_all=True, append_images=[sheet()]),
        "rgb.png": saved(sheet(), "PNG"),
        "palette.png": saved(sheet(mode="P"), "PNG", transparency=0, dpi=(200, 200)),
        "deep.png": saved(sheet(mode="L").convert("I;16"), "PNG"),
        "baseline.jpg": saved(sheet(), "JPEG", exif=exif),
        "progressive.jpg": saved(sheet(), "JPEG", progressive=True),
        "cmyk.jpg": saved(sheet(mode="CMYK"), "JPEG"),
        "lzw.tif": saved(sheet(), "TIFF", compression="tiff_lzw"),
        "fax.tif": saved(frames[0], "TIFF", compression="group4", save_all=True, append_images=frames[1:]),
        "plain.tif": saved(sheet(mode="L"), "TIFF"),
        "lossy.webp": saved(sheet(), "WEBP"),
        "lossless.webp": saved(sheet(mode="RGBA"), "WEBP", lossless=True),
    }


def flip(data: bytes, rng: np.random.Generator) -> bytes:
    """A few bytes changed."""
    result = bytearray(data)
    for place in rng.integers(0, len(data), rng.integers(1, 16)):
        result[place] = rng.integers(0, 256)
    return bytes(result)


def cut(data: bytes, rng: np.random.Generator) -> bytes:
    """The end lost."""
    return data[: rng.integers(1, len(data))]


def overwrite(data: bytes, rng: np.random.Generator) -> bytes:
    """What may be a length or an offset is extreme, in either order of bytes; rather near the beginning."""
    result = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        form = str(rng.choice(list("BHIhi"))).upper()
        size = struct.calcsize(form)
        value = int(rng.choice(EXTREMES)) & (256**size - 1)
        place = int(rng.integers(0, max(1, min(len(data), rng.choice([64, 512, len(data)])) - size)))
        struct.pack_into(str(rng.choice(["<", ">"])) + form, result, place, value)
    return bytes(result)


def renumber(data: bytes, rng: np.random.Generator) -> bytes:
    """A number in plain digits is extreme, as in a PDF."""
    found = list(re.finditer(rb"\d+", data))
    if not found:
        return flip(data, rng)
    number = found[rng.integers(len(found))]
    return data[: number.start()] + NUMBERS[rng.integers(len(NUMBERS))] + data[number.end() :]


def splice(data: bytes, rng: np.random.Generator) -> bytes:
    """A block of the file stands in another place too."""
    first, last = sorted(rng.integers(0, len(data), 2))
    place = rng.integers(0, len(data))
    return data[:place] + data[first:last] + data[place:]


def repeat(data: bytes, rng: np.random.Generator) -> bytes:
    """A short block many times over."""
    place = int(rng.integers(0, len(data)))
    block = data[place : place + int(rng.integers(1, 64))]
    return data[:place] + block * int(rng.integers(2, 2000)) + data[place:]


def remove(data: bytes, rng: np.random.Generator) -> bytes:
    """A block is missing."""
    first, last = sorted(rng.integers(0, len(data), 2))
    return data[:first] + data[last:] or data[:1]


MUTATIONS: tuple[Mutation, ...] = (flip, cut, overwrite, overwrite, renumber, splice, repeat, remove)


def mended(data: bytes) -> bytes:
    """A PNG whose chunks have right checksums, so that damage gets past them."""
    result, place = bytearray(data), 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        end = place + 8 + length
        if end + 4 > len(data):
            break
        struct.pack_into(">I", result, end, zlib.crc32(result[place + 4 : end]))
        place = end + 4
    return bytes(result)


def mutants(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """`count` mutated files, each of one to three mutations; mutant *k* of a seed is always the same."""
    whole = list(seeds().items())
    for index in range(count):
        rng = np.random.default_rng((seed, index))
        name, data = whole[index % len(whole)]
        for _ in range(rng.integers(1, 4)):
            data = MUTATIONS[rng.integers(len(MUTATIONS))](data, rng)
        if name.endswith(".png") and rng.random() < 0.7:
            data = mended(data)
        yield f"{index:04d}-{name}", data


def png(width: int, height: int, pixels: bytes, *, depth: int = 8, colour: int = 2) -> bytes:
    """A PNG that says it has this size."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)),
        (b"IDAT", zlib.compress(pixels, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


def tiff(*, frames: int, circular: bool = False) -> bytes:
    """A TIFF of tiny frames; the last one is followed by the first where it is `circular`."""
    tags = [(256, 3, 1, 16), (257, 3, 1, 16), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)]
    tags += [(277, 3, 1, 1), (278, 3, 1, 16), (279, 4, 1, 256)]
    directory = struct.pack("<H", len(tags)) + b"".join(struct.pack("<HHII", *tag) for tag in tags)
    start, size = 8 + 256, len(directory) + 4
    data = struct.pack("<2sHI", b"II", 42, start) + bytes(range(256))
    for number in range(1, frames + 1):
        following = start + number * size if number < frames else start if circular else 0
        data += directory + struct.pack("<I", following)
    return data


def many_pages(count: int) -> bytes:
    """A PDF of empty pages."""
    kids = b" ".join(b"%d 0 R" % number for number in range(3, count + 3))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>"
    tree = b"<</Type/Pages/Kids[%b]/Count %d>>" % (kids, count)
    return pdf(b"<</Type/Catalog/Pages 2 0 R>>", tree, *[page] * count)


def forms_within_forms(depth: int) -> bytes:
    """A PDF that draws `10 ** depth` rectangles: each form draws the one before it ten times."""
    forms = [stream(b"1 1 1 1 re f", b"/Subtype/Form/BBox[0 0 9 9]")]
    for number in range(6, 6 + depth):
        entries = b"/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X %d 0 R>>>>" % number
        forms.append(stream(b"/X Do " * 10, entries))
    return one_page(stream(b"/X Do"), *forms, entries=b"/XObject<</X %d 0 R>>" % (6 + depth))


def huge_picture() -> bytes:
    """A PDF with a picture of 900 million pixels, a tenth of which are there."""
    size = b"/Subtype/Image/Width 30000/Height 30000/ColorSpace/DeviceRGB/BitsPerComponent 8"
    image = stream(zlib.compress(bytes(90_000_000), 9), size + b"/Filter/FlateDecode")
    return one_page(stream(b"200 0 0 120 0 0 cm /I Do"), image, entries=b"/XObject<</I 6 0 R>>")


def deflated_twice(size: int) -> bytes:
    """A PDF with `size` bytes of content in a few kilobytes."""
    content = zlib.compress(zlib.compress(bytes(size), 9), 9)
    return one_page(stream(content, b"/Filter[/FlateDecode/FlateDecode]"))


TREE = b"<</Type/Catalog/Pages 2 0 R>>"
BOX = stream(b"0 0 5 5 re f")
DEEP = 100_000
SPECIALS: dict[str, Callable[[], bytes]] = {
    "bomb.png": lambda: png(30_000, 30_000, b""),
    "bomb-within-limits.png": lambda: png(10_000, 10_000, bytes(10_000 * 30_001)),
    "bomb-grey.png": lambda: png(65_000, 65_000, bytes(1 << 20), depth=1, colour=0),
    "many-frames.tif": lambda: tiff(frames=20_000),
    "circular.tif": lambda: tiff(frames=3, circular=True),
    "pages.pdf": lambda: many_pages(10_000),
    "billion-pages.pdf": lambda: pdf(
        TREE, b"<</Type/Pages/Kids[3 0 R]/Count 2000000000>>", b"<</Type/Page/Parent 2 0 R>>"
    ),
    "zero-size.pdf": lambda: one_page(BOX, box=b"[0 0 0 0]"),
    "huge-page.pdf": lambda: one_page(BOX, box=b"[0 0 1e9 1e9]"),
    "endless-page.pdf": lambda: one_page(BOX, box=b"[0 0 1e39 1e39]"),
    "large-page.pdf": lambda: one_page(BOX, box=b"[0 0 100000 50000]"),
    "thin-page.pdf": lambda: one_page(BOX, box=b"[0 0 1000000 1]"),
    "units.pdf": lambda: one_page(BOX, box=b"[0 0 14400 14400]/UserUnit 75000"),
    "deep-arrays.pdf": lambda: one_page(BOX, b"[" * DEEP + b"]" * DEEP, entries=b"/X 6 0 R"),
    "deep-dictionaries.pdf": lambda: one_page(BOX, entries=b"/X" + b"<</X" * DEEP + b" 1 " + b">>" * DEEP),
    "deep-content.pdf": lambda: one_page(stream(b"q " * DEEP + b"[" * DEEP + b"]" * DEEP)),
    "page-tree-loop.pdf": lambda: pdf(TREE, b"<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2>>"),
    "xref-loop.pdf": lambda: one_page(stream(b""))[:-40] + b"trailer<</Root 1 0 R/Prev 9>>startxref\n9\n%%EOF\n",
    "forms-within-forms.pdf": lambda: forms_within_forms(30),
    "deflated-twice.pdf": lambda: deflated_twice(1 << 30),
    "huge-picture.pdf": huge_picture,
    "empty.pdf": lambda: b"",
    "text.pdf": lambda: b"Dear Sir or Madam,\n",
}
"""Files that were made to do harm, by name."""


def tree_bytes(root: int) -> int:
    """Resident memory of a process and all it started; what they share counts once (PSS)."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    wanted = {root}
    while grown := {pid for pid, parent in parents.items() if parent in wanted} - wanted:
        wanted |= grown
    total = 0
    for pid in wanted:
        with contextlib.suppress(OSError):
            found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
            total += int(found[1]) * 1024 if found else 0
    return total


def measured(folder: Path, timeout_s: float) -> None:
    """Read each file of the folder with the command; a line of JSON for each goes to standard output."""
    from pipeline.cli import main as scanpage
    from pipeline.scan import ScanOptions

    engines = ScanOptions(prose=False, threads=1).load_engines()
    target = folder / "result.tex"
    sys.stdout.write(json.dumps({"ready": True}) + "\n")
    for path in sorted(folder.glob("files/*")):
        said, start = io.StringIO(), time.perf_counter()
        sys.stdout.write(json.dumps({"file": path.name}) + "\n")
        sys.stdout.flush()
        options = ["--no-prose", "-q", "--timeout", str(timeout_s), "--max-pages", "200", "-o", str(target)]
        with contextlib.redirect_stderr(said):
            code = scanpage([str(path), *options], load_engines=lambda _: engines)
        seconds = round(time.perf_counter() - start, 3)
        told = said.getvalue().replace(f"{path.parent}/", "")[:600]
        sys.stdout.write(json.dumps({"code": code, "said": told, "seconds": seconds}) + "\n")
        sys.stdout.flush()


def run(folder: Path, timeout_s: float) -> tuple[list[dict[str, Any]], float]:
    """What became of each file, and the peak of the memory of all processes in GB."""
    command = [sys.executable, __file__, "--measured", str(folder), "--timeout", str(timeout_s)]
    results: list[dict[str, Any]] = []
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        done = threading.Event()

        def watch() -> None:
            nonlocal peak
            while not done.wait(SAMPLE_S):
                now = tree_bytes(child.pid)
                peak = max(peak, now)
                if results:
                    results[-1]["peak_gb"] = max(results[-1]["peak_gb"], round(now / 1e9, 3))

        watcher = threading.Thread(target=watch)
        watcher.start()
        assert child.stdout is not None
        for line in child.stdout:
            told = json.loads(line)
            if "file" in told:
                results.append({**told, "peak_gb": 0.0})
            elif results:
                results[-1].update(told)
        done.set()
        watcher.join()
    return results, peak / 1e9


def faults(results: list[dict[str, Any]], timeout_s: float) -> list[str]:
    """Files that ended neither with a result nor with a clear error, or not in time."""
    found = []
    for result in results:
        if "code" not in result:
            found.append(f"{result['file']}: the command died")
        elif result["code"] not in (0, 3, 6):
            found.append(f"{result['file']}: exit code {result['code']}, {result['said']}")
        elif result["code"] and not result["said"].startswith("scanpage: "):
            found.append(f"{result['file']}: no message")
        elif "Traceback" in result["said"]:
            found.append(f"{result['file']}: a traceback")
        elif result["seconds"] > 3 * timeout_s:
            found.append(f"{result['file']}: {result['seconds']} s")
    return found


def main() -> int:
    """Command line; see the module's docstring."""
    parser = argparse.ArgumentParser(description="What scanpage does with damaged and hostile files.")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the result here, as well as to stdout")
    parser.add_argument("--count", type=int, default=500, help="mutated files (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of the mutations (default: %(default)s)")
    parser.add_argument("--timeout", type=float, default=10, help="seconds for each page (default: %(default)s)")
    parser.add_argument("--measured", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measured:
        measured(arguments.measured, arguments.timeout)
        return 0
    from provenance import provenance, write_result

    from pipeline.scan import ScanOptions

    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "files").mkdir()
        made = list(mutants(arguments.count, arguments.seed)) + [(f"x-{key}", make()) for key, make in SPECIALS.items()]
        for file, data in made:
            (Path(name) / "files" / file).write_bytes(data)
        results, peak_gb = run(Path(name), arguments.timeout)
    wrong = faults(results, arguments.timeout) + ["not all files were read"] * (len(results) < len(made))
    slowest = sorted(results, key=lambda result: -result.get("seconds", 0))[:5]
    largest = sorted(results, key=lambda result: -result["peak_gb"])[:5]
    result = {
        **provenance(ScanOptions(prose=False).load_engines().versions),
        "samples": {"mutants": arguments.count, "made on purpose": len(made) - arguments.count},
        "seed": arguments.seed,
        "timeout_s": arguments.timeout,
        "exit_codes": dict(Counter(str(result.get("code")) for result in results)),
        "peak_gb": round(peak_gb, 3),
        "slowest": [{key: result.get(key) for key in ("file", "seconds", "code", "said")} for result in slowest],
        "largest": [{key: result.get(key) for key in ("file", "peak_gb", "code", "said")} for result in largest],
        "specials": {
            r["file"]: r.get("said") or f"code {r.get('code')}" for r in results if r["file"].startswith("x-")
        },
        "faults": wrong,
    }
    write_result(result, arguments.out)
    return 1 if wrong or peak_gb > 2 else 0


if __name__ == "__main__":
    sys.exit(main())
