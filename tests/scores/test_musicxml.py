"""MusicXML: what is read of it, played out, and what is refused."""

import io
import zipfile

import pytest

from mmusset.scores.notation import NotAScore
from mmusset.scores.read import read_score
from tests.support.scores import FLUTE, musicxml


def read(text: str) -> object:
    return read_score(text.encode(), ".musicxml")


def test_notes_tempo_and_signature() -> None:
    score = read_score(musicxml(2).encode(), ".musicxml")
    assert len(score.notes) == 32
    assert score.ends_s == pytest.approx(32 * 0.6)
    assert [mark.bpm for mark in score.tempi] == [100.0]
    assert [(mark.fifths, mark.mode) for mark in score.keys] == [(2, "")]
    assert score.on_beat == 1.0
    assert {note.program for note in score.notes} == {FLUTE}  # by the name of its part


def test_a_repeat_is_played_out() -> None:
    once, twice = (read_score(musicxml(repeat=r).encode(), ".musicxml") for r in (False, True))
    assert len(twice.notes) == 2 * len(once.notes)
    assert twice.ends_s == pytest.approx(2 * once.ends_s)
    assert len(twice.keys) == 1


def test_ties_make_one_note_and_chords_begin_together() -> None:
    def note(step: str, more: str = "", before: str = "") -> str:
        pitch = f"<pitch><step>{step}</step><octave>4</octave></pitch>"
        return f"<note>{before}{pitch}<duration>1</duration>{more}</note>"

    measure = (
        "<attributes><divisions>1</divisions></attributes>"
        + note("C", '<tie type="start"/>')
        + note("C", '<tie type="stop"/>')
        + note("E", before="<chord/>")
    )
    text = (
        '<score-partwise><part-list/><part id="P1"><measure>' + measure + "</measure></part>"
        "</score-partwise>"
    )
    score = read_score(text.encode(), ".musicxml")
    assert [(n.pitch, n.start_s, n.end_s) for n in score.notes] == [(60, 0, 1), (64, 0.5, 1)]


def test_a_packed_one_is_read() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("META-INF/container.xml", "<container/>")
        packed.writestr("song.xml", musicxml())
    assert read_score(file.getvalue(), ".mxl") == read_score(musicxml().encode(), ".musicxml")


def bomb() -> str:
    """A billion laughs: a few lines that would be gigabytes."""
    names = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(10))
    return f"<!DOCTYPE x [{names}]><score-partwise>&l9;</score-partwise>"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no XML that can be read"),
        ("<score-partwise>", "is no XML that can be read"),
        ("<html/>", "is no MusicXML"),
        ("<score-timewise/>", "save it by parts"),
        ("<score-partwise/>", "holds no notes"),
        (bomb(), "declares entities"),
        (
            '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]><score-partwise>&f;'
            "</score-partwise>",
            "declares entities",
        ),
        ("<a>" * 100 + "</a>" * 100, "is too large or too deep"),
    ],
)
def test_what_is_no_score_is_refused_with_its_reason(text: str, why: str) -> None:
    with pytest.raises(NotAScore, match=why):
        read(text)


def test_what_a_doctype_names_is_not_read() -> None:
    named = '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD" "http://127.0.0.1:9/x.dtd">'
    text = musicxml().replace("<score-partwise>", named + "<score-partwise>")
    assert read_score(text.encode(), ".musicxml").notes


def test_a_packed_one_that_is_damaged_is_refused() -> None:
    with pytest.raises(NotAScore, match="is packed, and damaged"):
        read_score(b"PK\x03\x04" + bytes(40), ".mxl")
