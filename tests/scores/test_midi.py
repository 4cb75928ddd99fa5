"""MIDI files: what is read of them, and what is refused, with its reason."""

import struct

import pytest

from mmusset.scores.midi import parse
from mmusset.scores.notation import DRUMS, NotAScore
from tests.support.scores import DRUMS as DRUM_CHANNEL
from tests.support.scores import FLUTE, PIANO, TICKS, Played, midi, song, variable


def track(*events: bytes) -> bytes:
    """A MIDI file of these events, each with the ticks before it."""
    body = b"".join(events)
    return (
        b"MThd"
        + struct.pack(">IHHH", 6, 0, 1, TICKS)
        + b"MTrk"
        + struct.pack(">I", len(body))
        + body
    )


def test_notes_have_seconds_programs_and_force() -> None:
    score = parse(midi([Played(1, 2, 60), Played(2, 1, 38, DRUM_CHANNEL)], bpm=120))
    first, second = score.notes
    assert (first.start_s, first.end_s, first.pitch, first.velocity) == (0.5, 1.5, 60, 90)
    assert (first.program, second.program) == (FLUTE, DRUMS)
    assert (score.begins_s, score.ends_s) == (0.5, 1.5)


def test_tempo_and_signature_are_those_that_are_written() -> None:
    score = parse(midi(song(), bpm=90, key=(-3, 1)))
    assert [(mark.at_s, round(mark.bpm)) for mark in score.tempi] == [(0.0, 90)]
    assert [(mark.fifths, mark.mode) for mark in score.keys] == [(-3, "minor")]


def test_c_major_is_what_programs_write_where_nobody_chose() -> None:
    assert parse(midi(song(), key=(0, 0))).keys == ()


def test_a_tempo_that_nobody_wrote_is_none() -> None:
    score = parse(track(b"\0\x90\x3c\x40", variable(TICKS) + b"\x80\x3c\0"))
    assert score.tempi == ()
    assert score.ends_s == 0.5  # of the usual 120 quarters a minute


def test_in_compound_time_the_beat_is_a_dotted_quarter() -> None:
    meter, tempo = b"\0\xff\x58\x04\x06\x03\x24\x08", b"\0\xff\x51\x03\x07\xa1\x20"
    score = parse(track(tempo, meter, b"\0\x90\x3c\x40", variable(TICKS) + b"\x80\x3c\0"))
    assert [mark.bpm for mark in score.tempi] == [120.0, 80.0]


def test_a_tempo_that_changes_moves_what_comes_after_it() -> None:
    slower = variable(TICKS) + b"\xff\x51\x03" + (1_000_000).to_bytes(3, "big")
    score = parse(track(slower, b"\0\x90\x3c\x40", variable(TICKS) + b"\x80\x3c\0"))
    assert (score.notes[0].start_s, score.notes[0].end_s) == (0.5, 1.5)


def test_running_status_and_notes_that_end_by_no_force() -> None:
    score = parse(track(b"\0\x90\x3c\x40", b"\0\x40\x40", variable(TICKS) + b"\x3c\0", b"\0\x40\0"))
    assert [(note.pitch, note.end_s) for note in score.notes] == [(60, 0.5), (64, 0.5)]


def test_playing_that_was_recorded_is_off_the_beat() -> None:
    assert parse(midi(song())).on_beat == 1.0
    assert parse(midi(song(), late=0.05)).on_beat < 0.7


def test_a_packed_midi_is_read_too() -> None:
    plain = midi(song())
    packed = (
        b"RIFF" + struct.pack("<I", len(plain) + 12) + b"RMIDdata" + struct.pack("<I", len(plain))
    )
    assert parse(packed + plain) == parse(plain)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is no MIDI file"),
        (b"RIFF" + bytes(60), "is no MIDI file"),
        (midi(song())[:-1], "is damaged: it ends in the middle of a message"),
        (midi([], programs=(PIANO,)), "holds no notes"),
        (b"MThd" + struct.pack(">IHHH", 6, 2, 1, 480), "holds patterns, and no piece"),
        (b"MThd" + struct.pack(">IHHH", 6, 1, 1, 0), "has a damaged header"),
        (track(b"\0\x3c\x40"), "is damaged: a message has no status"),
        (track(b"\xff\xff\xff\xff\x7f"), "is damaged: a number has no end"),
        (track(b"\0\x90\x3c\x40", b"\xff\xff\xff\x7f\x80\x3c\0"), "is over an hour long"),
    ],
)
def test_what_is_no_score_is_refused_with_its_reason(data: bytes, why: str) -> None:
    with pytest.raises(NotAScore, match=why):
        parse(data)
