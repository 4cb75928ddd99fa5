"""What a score says of a clip, where it is that of the sound; and that others are found out."""

from pathlib import Path

import pytest

from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.piece import places_of
from mmusset.evidence.sound import open_sound
from mmusset.score import Score
from mmusset.scores.agreement import HeardPlace
from mmusset.scores.evidence import of_clip, of_piece
from mmusset.scores.read import read_score
from tests.support.scores import FLUTE, LEAD, PIANO, VIOLIN, midi, musicxml, song, sound_of


def said(sound: Path, score: bytes, suffix: str = ".mid", start_s: float = 10.0) -> Score:
    """What a score says of ten seconds of a sound."""
    with MediaFile(sound) as media:
        opened = open_sound(media)
        places = [HeardPlace(at.start_s, at.signal) for at in places_of(opened, -60.0)]
        piece = of_piece(read_score(score, suffix), places, opened.duration_s)
    return of_clip(piece, start_s, 10.0, "beside")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty seconds in G major, at 100 beats a minute, with drums."""
    return sound_of(song(67), 100, tmp_path_factory.mktemp("sound") / "song.wav")


def test_tempo_key_drums_and_instruments(sound: Path) -> None:
    score = said(sound, midi(song(67), key=(1, 0), programs=(FLUTE, PIANO)))
    assert (score.used, score.why, score.bpm, score.key) == (True, "", 100.0, "G major")
    assert (score.percussion, score.all_named) == ("present", True)
    assert set(score.playing) == {"flute", "piano"}
    assert score.agreement > 0.4


def test_without_drums_it_says_so(tmp_path: Path) -> None:
    notes = song(67, drums=False)
    score = said(sound_of(notes, 100, tmp_path / "x.wav"), midi(notes))
    assert score.percussion == "absent"


def test_the_score_of_another_piece_is_not_used(sound: Path) -> None:
    score = said(sound, midi(song(61), bpm=100))
    assert (score.used, score.why) == (False, "its notes are not those of the sound")
    assert score.settles == frozenset()


@pytest.mark.slow
def test_nor_is_that_of_the_same_piece_in_another_key(sound: Path) -> None:
    for tonic in (60, 62, 66, 72):
        assert said(sound, midi(song(tonic))).why == "its notes are not those of the sound"


def test_a_score_of_another_length_is_not_used(sound: Path) -> None:
    score = said(sound, midi(song(67, rounds=8)))
    assert score.why == "it is not as long as the sound"


def test_silence_before_the_music_is_found(tmp_path: Path) -> None:
    late = sound_of(song(67), 100, tmp_path / "late.wav", begins_s=2.5)
    assert said(late, midi(song(67))).used


@pytest.mark.slow
def test_a_sound_that_is_played_faster_has_its_own_tempo(tmp_path: Path) -> None:
    faster = sound_of(song(67), 104, tmp_path / "faster.wav")
    score = said(faster, midi(song(67), bpm=100))
    assert score.used
    assert score.bpm == pytest.approx(104, abs=1.5)


def test_a_tempo_that_the_notes_do_not_keep_to_is_only_a_clocks(sound: Path) -> None:
    score = said(sound, midi(song(67), late=0.05))
    assert score.used
    assert score.bpm == 0.0


def test_a_key_that_no_signature_names_is_left_to_measurements(sound: Path) -> None:
    assert said(sound, midi(song(67))).key == ""


def test_a_signature_that_the_notes_do_not_bear_says_nothing(sound: Path) -> None:
    assert said(sound, midi(song(67), key=(-5, 0))).key == ""


def test_a_synthesizer_may_sound_like_anything(sound: Path) -> None:
    assert not said(sound, midi(song(67), programs=(LEAD, PIANO))).all_named
    assert said(sound, midi(song(67), programs=(VIOLIN, PIANO))).all_named


def test_musicxml_is_as_good(tmp_path: Path) -> None:
    notes = [note for note in song(60, rounds=2, drums=False) if note.channel == 0]
    sound = sound_of(notes, 100, tmp_path / "x.wav")
    score = said(sound, musicxml().encode(), ".musicxml", start_s=4.0)
    assert (score.used, score.bpm, score.key) == (True, 100.0, "C major")
    assert score.instruments == "flute"
