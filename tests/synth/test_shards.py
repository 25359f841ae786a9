"""Files of layouts, of this version and the one before."""

from __future__ import annotations

import errno
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scanpage.errors import InputError, OutputError
from synth.corpus import LayoutCorpus, load_layouts, save_layouts
from synth.layout import Glyph, Layout, Rule, Shape, Typesetting
from synth.shards import Shard, read_shard, write_shard

LATEX = [r"\frac{a}{b}", "x=1", r"\sqrt{\alpha}+x_{1}", r"\overline{y}", "x"]


@pytest.fixture(scope="module")
def layouts() -> list[Layout]:
    pytest.importorskip("matplotlib")
    from synth.mathtext import typeset_mathtext

    made = [layout for layout in typeset_mathtext(LATEX) if isinstance(layout, Layout)]
    families = [Typesetting("times", True), Typesetting("euler", False), None]
    return [
        replace(layout, source=f"  {layout.latex}\n% π", typesetting=families[k % 3]) for k, layout in enumerate(made)
    ]


def rounded(layouts: list[Layout], tmp_path: Path) -> list[Layout]:
    save_layouts(tmp_path / "rounded.layouts", layouts)
    return list(load_layouts(tmp_path / "rounded.layouts"))


def test_sources_and_typesettings_are_kept(layouts: list[Layout], tmp_path: Path) -> None:
    read = rounded(layouts, tmp_path)
    assert [layout.source for layout in read] == [layout.source for layout in layouts]
    assert [layout.typesetting for layout in read] == [layout.typesetting for layout in layouts]
    corpus = load_layouts(tmp_path / "rounded.layouts")
    assert list(corpus.sources) == [layout.source for layout in layouts]
    assert list(corpus.typesettings) == [layout.typesetting for layout in layouts]


def test_outlines_come_back_exactly(layouts: list[Layout], tmp_path: Path) -> None:
    for before, after in zip(layouts, rounded(layouts, tmp_path), strict=True):
        for old, new in zip(before.glyphs, after.glyphs, strict=True):
            for a, b in zip(old.shape.contours, new.shape.contours, strict=True):
                assert b.dtype == np.int16
                assert (a == b).all()


def test_what_was_read_is_written_again_unchanged(layouts: list[Layout], tmp_path: Path) -> None:
    save_layouts(tmp_path / "a.layouts", layouts)
    save_layouts(tmp_path / "b.layouts", load_layouts(tmp_path / "a.layouts"))
    assert (tmp_path / "a.layouts").read_bytes() == (tmp_path / "b.layouts").read_bytes()


def test_far_away_and_empty_parts_are_kept(tmp_path: Path) -> None:
    shape = Shape("font", "dot", (np.array([[-32768, 0], [32767, 0], [0, 5]], np.int16),))
    far = Layout("a", (Glyph(shape, -900.0, 70.0, 1.0), Glyph(shape, 2000.0, -70.0, 40.0)), ())
    bare = Layout("b", (), (Rule(far.box),))
    save_layouts(tmp_path / "a.layouts", [bare, far, bare])
    read = load_layouts(tmp_path / "a.layouts")
    assert [layout.latex for layout in read] == ["b", "a", "b"]
    assert read[1].glyphs == far.glyphs
    assert (read[1].glyphs[0].shape.contours[0] == shape.contours[0]).all()
    assert read[2].rules[0].box.xyxy == pytest.approx(far.box.xyxy, abs=6e-4)


def test_selected_and_joined_layouts_are_the_same_ones(layouts: list[Layout], tmp_path: Path) -> None:
    layouts = rounded(layouts, tmp_path)
    one, two = Shard.of(layouts[:3]), Shard.of(layouts[2:])
    joined = Shard.joined([one.select([0, 2]), two.select([]), two.select([1, 2])])
    assert list(LayoutCorpus(joined)) == [layouts[i] for i in (0, 2, 3, 4)]
    assert {shape.name for shape in joined.shapes} == {g.name for i in (0, 2, 3, 4) for g in layouts[i].glyphs}
    assert len(Shard.joined([])) == 0


def test_a_folder_is_read_in_the_order_of_its_files(layouts: list[Layout], tmp_path: Path) -> None:
    for name, part in (("001", layouts[3:]), ("000", layouts[:3])):
        save_layouts(tmp_path / "corpus" / f"{name}.layouts", part)
    corpus = load_layouts(tmp_path / "corpus")
    assert list(corpus.labels) == [layout.latex for layout in layouts]
    assert corpus.glyph_counts.tolist() == [len(layout.glyphs) for layout in layouts]
    assert list(corpus) == rounded(layouts, tmp_path)


def test_a_folder_without_layouts_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no layouts in"):
        load_layouts(tmp_path)


def test_version_1_is_read(layouts: list[Layout], tmp_path: Path) -> None:
    layouts = rounded(layouts, tmp_path)
    (tmp_path / "old.layouts").write_bytes(b"")
    with (tmp_path / "old.layouts").open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **_version_1(Shard.of(layouts)))
    read = list(load_layouts(tmp_path / "old.layouts"))
    assert read == [replace(layout, source="", typesetting=None) for layout in layouts]
    assert (read[0].glyphs[0].shape.contours[0] == layouts[0].glyphs[0].shape.contours[0]).all()


def _version_1(shard: Shard) -> dict[str, np.ndarray]:
    contours = [contour for shape in shard.shapes for contour in shape.contours]
    names = "\n".join(f"{shape.font}\t{shape.name}" for shape in shard.shapes)
    return {
        "version": np.array([1]),
        "latex": np.frombuffer("\n".join(shard.latex).encode(), np.uint8),
        "glyph_counts": shard.glyph_counts,
        "rule_counts": shard.rule_counts,
        "shape": shard.glyphs[:, 0].astype(np.uint16),
        "dx": shard.glyphs[:, 1],
        "dy": shard.glyphs[:, 2],
        "size": shard.glyphs[:, 3].astype(np.uint16),
        "rules": shard.rules,
        "shape_names": np.frombuffer(names.encode(), np.uint8),
        "shape_contours": np.array([len(shape.contours) for shape in shard.shapes], np.int32),
        "contour_points": np.array([len(contour) for contour in contours], np.int32),
        "points": np.concatenate(contours),
    }


def test_columns_that_do_not_fit_together_are_damage(layouts: list[Layout], tmp_path: Path) -> None:
    shard = Shard.of(layouts)
    write_shard(tmp_path / "a.layouts", replace(shard, latex=shard.latex[1:]))
    with pytest.raises(InputError, match="damaged"):
        read_shard(tmp_path / "a.layouts")


def test_notes_are_kept(layouts: list[Layout], tmp_path: Path) -> None:
    write_shard(tmp_path / "a.layouts", replace(Shard.of(layouts), notes={"formulas": 7, "dropped": {"why": 2}}))
    assert read_shard(tmp_path / "a.layouts").notes == {"formulas": 7, "dropped": {"why": 2}}


def test_a_full_disk_leaves_nothing(layouts: list[Layout], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(OutputError, match=r"a\.layouts: No space left"):
        save_layouts(tmp_path / "a.layouts", layouts)
    assert list(tmp_path.iterdir()) == []
