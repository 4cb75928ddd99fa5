"""Whole pieces, made here and read from files, and what their clips then say of tempo and key."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from mmusset.dsp.clip_signal import ClipSignal
from mmusset.evidence import clip as clips
from mmusset.evidence import music, piece
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.sound import open_sound
from mmusset.measured import shared
from mmusset.measurements.key import KEY, MusicalKey
from mmusset.measurements.tempo import TEMPO
from mmusset.recipe import CERTAINTY
from mmusset.recipe_parts.media import ClipPart
from mmusset.sample_parts.evidence import MusicEvidence

from .test_music_evidence import RATE_HZ, SECONDS, song

Floats = NDArray[np.float32]
PART = ClipPart(rate_hz=RATE_HZ)


def stored(path: Path, *parts: Floats) -> Path:
    soundfile.write(path, np.concatenate(parts), RATE_HZ)
    return path


def clip_of(path: Path, index: int, count: int, part: ClipPart = PART) -> MusicEvidence:
    """As a build measures clip `index` of `count`."""
    with MediaFile(path) as media:
        sound = open_sound(media)
        clip = clips.cut(sound, index, count, part)
        whole = piece.measure(sound, part.silence_dbfs)
    return music.measure(clip.samples, clip.rate_hz, part.silence_dbfs, whole)


def silence(seconds: float) -> Floats:
    return np.zeros((round(seconds * RATE_HZ), 2), dtype=np.float32)


@pytest.mark.parametrize(
    ("duration_s", "places"), [(5.0, 1), (10.24, 1), (30.0, 2), (60.0, 3), (3600.0, 3)]
)
def test_places_lie_in_the_piece_and_apart(duration_s: float, places: int) -> None:
    starts_s = piece.places_s(duration_s)
    assert len(starts_s) == places
    assert starts_s[0] >= 0
    assert all(after - before >= piece.PLACE_S for before, after in pairwise(starts_s))
    assert starts_s[-1] + piece.PLACE_S <= duration_s or places == 1


def test_a_clip_in_a_break_has_the_tempo_of_its_piece(tmp_path: Path) -> None:
    played, pause = song(96.0), song(96.0, drums=False)
    path = stored(tmp_path / "break.wav", played, played, pause, played, played)
    tempi = [clip_of(path, index, 5)[TEMPO] for index in range(5)]
    assert len({tempo.bpm for tempo in tempi}) == 1
    assert tempi[0].bpm == pytest.approx(96.0, rel=0.01)


def test_clips_that_read_half_and_double_have_one_tempo(tmp_path: Path) -> None:
    """Of 70, 70, 140 the third is the odd one out."""
    slow, fast = song(70.0), song(140.0)
    path = stored(tmp_path / "octaves.wav", slow, fast, slow)
    alone = [
        clip_of(stored(tmp_path / f"{n}.wav", part), 0, 1)[TEMPO]
        for n, part in (("slow", slow), ("fast", fast))
    ]
    assert alone[1].bpm == pytest.approx(2 * alone[0].bpm, rel=0.01)
    tempi = [clip_of(path, index, 3)[TEMPO] for index in range(3)]
    assert {round(tempo.bpm) for tempo in tempi} == {70}
    assert {round(tempo.double_bpm) for tempo in tempi} == {140}


def test_clips_of_a_piece_that_modulates_never_contradict_each_other(tmp_path: Path) -> None:
    path = stored(tmp_path / "up.wav", *(song(tonic=tonic) for tonic in (0, 0, 0, 1, 1)))
    keys = [clip_of(path, index, 5)[KEY] for index in range(5)]
    assert len({key.name for key in keys}) == 1
    own = music.measure(song(tonic=1), RATE_HZ)[KEY]
    assert own.name != keys[0].name
    assert keys[-1].confidence < keys[0].confidence


def key_of(clip: Floats, *places: Floats) -> MusicalKey:
    """Of a clip from a piece that is heard in these places."""
    whole = piece.pooled([ClipSignal(place, RATE_HZ, PART.silence_dbfs) for place in places])
    return music.measure(clip, RATE_HZ, piece=whole)[KEY]


def test_a_clip_in_another_key_is_as_surely_minor_as_it_and_its_piece_say() -> None:
    home, away = song(mode="minor"), song(mode="minor", tonic=5)
    key, own = key_of(away, home, home, home), music.measure(away, RATE_HZ)[KEY]
    assert (own.name, key.name, key.confidence) == ("D minor", "A minor", 0)
    assert key.mode_confidence > own.mode_confidence


def test_a_clip_in_the_other_mode_speaks_against_its_piece_s() -> None:
    minor, major = song(mode="minor"), song()
    assert key_of(minor, minor, minor, minor).mode_confidence > CERTAINTY
    turned = key_of(major, minor, minor, minor)
    assert turned.mode == "minor"
    assert turned.mode_confidence < 0.5


def test_a_clip_at_another_tempo_is_less_sure_of_its_piece_s(tmp_path: Path) -> None:
    path = stored(tmp_path / "hurries.wav", *(song(bpm) for bpm in (96, 96, 96, 96, 130)))
    tempi = [clip_of(path, index, 5)[TEMPO] for index in range(5)]
    assert {round(tempo.bpm) for tempo in tempi} == {96}
    assert tempi[-1].confidence < min(tempo.confidence for tempo in tempi[:-1])


def test_a_piece_of_five_seconds_has_one_place(tmp_path: Path) -> None:
    path = stored(tmp_path / "short.wav", song(120.0)[: 5 * RATE_HZ])
    evidence = clip_of(path, 0, 1, ClipPart(seconds=4.0, rate_hz=RATE_HZ))
    assert evidence[TEMPO].bpm == pytest.approx(120.0, rel=0.02)
    assert evidence[KEY].name == "A major"


def test_a_piece_of_one_place_tells_no_more_than_its_clip(tmp_path: Path) -> None:
    sound = song(96.0)
    with_piece = clip_of(stored(tmp_path / "one.wav", sound), 0, 1)
    alone = music.measure(sound, RATE_HZ)
    assert with_piece[KEY].name == alone[KEY].name
    assert with_piece[KEY].confidence == pytest.approx(alone[KEY].confidence, abs=0.02)
    assert with_piece[KEY].mode_confidence == pytest.approx(alone[KEY].mode_confidence, abs=0.02)


def test_silence_at_the_head_says_nothing_of_the_piece(tmp_path: Path) -> None:
    path = stored(tmp_path / "late.wav", silence(2 * SECONDS), *[song(96.0)] * 3)
    plain = stored(tmp_path / "plain.wav", *[song(96.0)] * 3)
    late, soon = clip_of(path, 1, 2), clip_of(plain, 1, 2)
    assert late[TEMPO].bpm == pytest.approx(soon[TEMPO].bpm, rel=0.01)
    assert late[KEY].name == soon[KEY].name
    assert late[KEY].confidence == pytest.approx(soon[KEY].confidence, abs=0.05)


def test_a_silent_piece_has_neither_tempo_nor_key(tmp_path: Path) -> None:
    path = stored(tmp_path / "silent.wav", silence(30.0))
    with MediaFile(path) as media:
        assert piece.measure(open_sound(media), -60.0) == {}


@pytest.mark.parametrize(
    ("clip", "whole", "expected"), [(0.7, 0.95, 0.95), (0.95, 0.7, 0.95), (0.3, 0.95, 0.3)]
)
def test_a_piece_bears_out_a_clip_that_is_likelier_right_than_wrong(
    clip: float, whole: float, expected: float
) -> None:
    assert shared(clip, whole) == expected
