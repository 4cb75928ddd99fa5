"""Recordings are known again in another encoding, louder, mono or cut, and nothing else is."""

import io
from base64 import b64decode
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
import pytest
import soundfile
import soxr
from numpy.typing import NDArray

from mmusset.dsp.fingerprint import STEPS_PER_S, fingerprint
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.recognition import recognition
from mmusset.evidence.sound import open_sound
from mmusset.sources.recordings import MOST_CHAINED, Print, SameRecording, joined, matches
from tests.support.media import RATE_HZ, sound_of
from tests.support.sounds import in_container

Sound = NDArray[np.float32]
SECONDS = 14.0


def music(number: int, seconds: float = SECONDS) -> Sound:
    return sound_of(number, seconds).astype(np.float32)


def print_of(sound: Sound, rate_hz: int = RATE_HZ) -> Print:
    return Print(fingerprint(sound, rate_hz), len(sound) / rate_hz)


def read_back(data: bytes, suffix: str, folder: Path) -> Print:
    """The fingerprint of a file, as a build reads it."""
    path = folder / f"song.{suffix}"
    path.write_bytes(data)
    with MediaFile(path) as media:
        sound = open_sound(media)
        words = np.frombuffer(b64decode(recognition(sound)[1]), "<u4")
        return Print(words, sound.duration_s)


def are_one(one: Print, other: Print) -> bool:
    return [(m.one, m.other) for m in matches([one, other])] == [(0, 1)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suffix", "container", "codec"),
    [
        ("mp3", "mp3", "libmp3lame"),
        ("m4a", "ipod", "aac"),
        ("opus", "ogg", "libopus"),
        ("ogg", "ogg", "libvorbis"),
        ("wma", "asf", "wmav2"),
    ],
)
def test_another_encoding_is_the_same_recording(
    suffix: str, container: str, codec: str, tmp_path: Path
) -> None:
    if codec == "libvorbis":  # FFmpeg's own encoder is experimental
        file = io.BytesIO()
        soundfile.write(file, music(1), RATE_HZ, format="OGG", subtype="VORBIS")
        encoded = file.getvalue()
    else:
        rate_hz = 48000 if codec == "libopus" else 44100
        resampled = soxr.resample(music(1), RATE_HZ, rate_hz)
        encoded = in_container(resampled, container, codec, rate_hz)
    assert are_one(print_of(music(1)), read_back(encoded, suffix, tmp_path))


@pytest.mark.parametrize(
    "change",
    [
        lambda sound: (2 * sound).clip(-1, 1),
        lambda sound: sound / 2,
        lambda sound: sound.mean(axis=1, keepdims=True),
        lambda sound: sound[5 * RATE_HZ :],
        lambda sound: sound[: -5 * RATE_HZ],
        lambda sound: np.concatenate([np.zeros((RATE_HZ // 3, 2), np.float32), sound]),
    ],
    ids=["louder", "softer", "mono", "beginning cut", "end cut", "silence before it"],
)
def test_a_change_that_leaves_the_music_is_the_same_recording(change) -> None:  # type: ignore[no-untyped-def]
    assert are_one(print_of(music(2)), print_of(change(music(2))))


@pytest.mark.slow
def test_other_pieces_of_the_same_instrument_are_not() -> None:
    assert matches([print_of(music(number)) for number in range(12)]) == []


def test_what_shares_only_its_beginning_is_not() -> None:
    both = [np.concatenate([music(1, 6.0), music(number)]) for number in (2, 3)]
    assert matches([print_of(sound) for sound in both]) == []


def test_sound_in_which_nothing_happens_is_like_no_other() -> None:
    time_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    sines = [np.sin(2 * np.pi * hz * time_s)[:, None].astype(np.float32) for hz in (220, 330)]
    silence = np.zeros((len(time_s), 1), np.float32)
    assert matches([print_of(sound) for sound in (*sines, silence, silence)]) == []


def test_too_little_has_no_fingerprint_and_matches_nothing() -> None:
    assert len(fingerprint(music(1, 0.8), RATE_HZ)) == 0
    assert matches([print_of(music(1, 3.0)), print_of(music(1, 3.0))]) == []


class Counted(list[Print]):
    """Fingerprints, and how often one was asked for."""

    asked = 0

    def __getitem__(self, at: SupportsIndex | slice) -> Any:
        self.asked += 1
        return super().__getitem__(at)


def test_pieces_that_are_too_short_are_not_compared_one_with_another() -> None:
    """A thousand of them would otherwise be half a million pairs."""
    dice = np.random.default_rng(0)
    prints = Counted(Print(dice.integers(1, 1 << 32, 15, np.uint32), 1.0) for _ in range(300))
    assert matches(prints) == []
    assert prints.asked <= 4 * len(prints)


def test_a_word_is_of_64_ms() -> None:
    words = fingerprint(music(1), RATE_HZ)
    assert len(words) == pytest.approx((SECONDS - 1) * STEPS_PER_S, abs=3)


def test_pieces_of_one_length_and_of_many_are_found_among_a_thousand() -> None:
    dice = np.random.default_rng(1)
    made = [dice.integers(1, 2**32, 300, dtype=np.uint32) for _ in range(1000)]
    of_many_lengths = [Print(words, 20.0 + place) for place, words in enumerate(made)]
    cut = Print(made[7][80:], 15.0)
    flipped = made[8] ^ np.uint32(0x11111111)  # a quarter of the bits: no word is the same
    found = matches([*of_many_lengths, cut, Print(flipped, 28.5)])
    assert [(m.one, m.other) for m in found] == [(7, 1000), (8, 1001)]


def test_copies_join_however_many_and_a_chain_does_not() -> None:
    copies = [SameRecording(0, place, 0.1) for place in range(1, 200)]
    assert joined(copies) == copies
    chain = [SameRecording(place, place + 1, 0.55) for place in range(199)]
    assert len(joined(chain)) == 199 - 199 // MOST_CHAINED
