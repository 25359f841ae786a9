import numpy as np
import pytest

from scanpage.errors import InputError
from synth.handwrite import SymbolBank
from synth.ink import read_inks
from synth.inkml import read_inkml

CROHME = """<ink xmlns="http://www.w3.org/2003/InkML">
<annotation type="truth">$x^2$</annotation><annotation type="UI">2011_IVC_7</annotation>
<trace id="5">0 0 10, 40 60 11, 50 70 12</trace>
<trace id="8">40 0, 0 60</trace>
<trace id="9">60 -20, 80 -20, 60 0, 80 0</trace>
<traceGroup xml:id="A"><annotation type="truth">Segmentation</annotation>
 <traceGroup xml:id="B"><annotation type="truth">x</annotation>
  <traceView traceDataRef="5"/><traceView traceDataRef="#8"/></traceGroup>
 <traceGroup xml:id="C"><annotation type="truth">2</annotation><traceView traceDataRef="9"/></traceGroup>
</traceGroup></ink>"""

MATHWRITING = """<ink xmlns="http://www.w3.org/2003/InkML">
<annotation type="label">{a \\over b}</annotation>
<annotation type="normalizedLabel">\\frac{a}{b}</annotation>
<annotation type="splitTagOriginal">train</annotation>
<annotation type="inkCreationMethod">human</annotation>
<annotation type="sampleId">00f1e2d3c4b5a697</annotation>
<traceFormat><channel name="X" type="decimal"/><channel name="Y" type="decimal"/>
<channel name="T" type="decimal" units="ms"/></traceFormat>
<trace id="0">901.7 479.2 0.0,900.5 482.8 12.0,899 490 25.0</trace>
<trace id="1">850 500 400.0,950 501.5 460.0</trace>
</ink>"""

GLYPH = """<ink xmlns="http://www.w3.org/2003/InkML">
<annotation type="label">&lt;</annotation><annotation type="splitTagOriginal">symbols</annotation>
<annotation type="sampleId">aa01</annotation>
<trace id="0">10 0 0,0 5 1,10 10 2</trace></ink>"""

BOMB = """<?xml version="1.0"?><!DOCTYPE ink [<!ENTITY a "1 1,"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
<ink><trace id="1">&c; 2 2</trace></ink>"""


def write(folder, text, name="one.inkml"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_crohme_is_read_with_its_segmentation(tmp_path):
    ink = read_inkml(write(tmp_path, CROHME))
    assert (ink.id, ink.label) == ("2011_IVC_7", "x^2")
    assert ink.symbols == (("x", (0, 1)), ("2", (2,)))
    assert ink.strokes[0].tolist() == [[0, 0], [40, 60], [50, 70]]


def test_mathwriting_is_read_with_its_normalised_label(tmp_path):
    ink = read_inkml(write(tmp_path, MATHWRITING))
    assert (ink.id, ink.label) == ("00f1e2d3c4b5a697", r"\frac{a}{b}")
    assert [len(stroke) for stroke in ink.strokes] == [3, 2]
    assert ink.strokes[1] == pytest.approx(np.array([[850, 500], [950, 501.5]]))
    assert ink.symbols == ()


def test_a_single_glyph_of_mathwriting_is_its_own_symbol_under_crohmes_name(tmp_path):
    inks = list(read_inks(write(tmp_path, GLYPH).parent))
    assert inks[0].symbols == (("<", (0,)),)
    assert list(SymbolBank.from_inks(inks).samples) == [r"\lt"]


def test_channels_may_come_in_another_order(tmp_path):
    swapped = (
        MATHWRITING.replace('name="X"', 'name="Q"').replace('name="T"', 'name="X"').replace('name="Q"', 'name="T"')
    )
    assert read_inkml(write(tmp_path, swapped)).strokes[0][1].tolist() == pytest.approx([12.0, 482.8])


def test_files_without_namespace_annotations_and_trace_names_are_read(tmp_path):
    ink = read_inkml(write(tmp_path, "<ink><trace>1 2, 3 4</trace><trace>5 6</trace></ink>", "bare.inkml"))
    assert (ink.id, ink.label, len(ink.strokes)) == ("bare", "", 2)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no element found"),
        ("<ink><trace id='1'>1 2</trace>", "no element found"),  # cut off
        ("<ink></ink>", "no traces"),
        ("<ink><trace id='1'></trace></ink>", "without points"),
        ("<ink><trace id='1'>1, 2 3</trace></ink>", "lacks a coordinate"),
        ("<ink><trace id='1'>1 one</trace></ink>", "could not convert"),
        ("<ink><trace id='1'>1 nan</trace></ink>", "not finite"),
        (CROHME.replace('Ref="9"', 'Ref="7"'), "'7'"),  # no such trace
        (BOMB, "document type"),
    ],
)
def test_what_is_wrong_is_said_with_the_files_name(tmp_path, text, reason):
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=reason) as caught:
        read_inkml(path)
    assert str(path) in str(caught.value)
