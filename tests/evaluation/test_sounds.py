"""Anybody's files: any rate, any number of channels, and what is no sound."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mmusset.errors import MmussetError, UsageError
from mmusset.evaluation.sounds import Short, Window, in_channels, match_sounds, read_sound
from mmusset.evidence.music import measure
from mmusset.measurements.loudness import LOUDNESS

WINDOW = Window(8000, 1.0)


def written(path: Path, seconds: float = 1.0, rate_hz: int = 8000, channels: int = 1) -> Path:
    path.parent.mkdir(exist_ok=True)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    wave = 0.5 * np.sin(2 * np.pi * 440 * time_s)
    soundfile.write(path, np.stack([wave] * channels, axis=1), rate_hz)
    return path


@pytest.mark.parametrize(
    ("seconds", "rate_hz", "channels", "heard"),
    [
        (1.0, 8000, 1, 1),
        (2.5, 8000, 2, 2),
        (1.0, 22050, 2, 2),
        (0.99, 8000, 1, 1),
        (1.0, 8000, 6, 1),
    ],
)
def test_all_are_heard_alike(
    tmp_path: Path, seconds: float, rate_hz: int, channels: int, heard: int
) -> None:
    sound = read_sound(written(tmp_path / "a.wav", seconds, rate_hz, channels), WINDOW)
    assert sound.shape == (8000, heard)
    assert float(np.abs(sound[2000:3000]).max()) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("given", "asked"), [(1, 2), (2, 1), (2, 2)])
def test_mono_is_as_loud_as_the_same_from_two_loudspeakers(
    tmp_path: Path, given: int, asked: int
) -> None:
    """What is made in mono is not called quieter than the stereo that it is compared with."""
    sounds = [
        read_sound(written(tmp_path / f"{n}.wav", channels=n), WINDOW) for n in (given, asked)
    ]
    alike, real = (in_channels(sound, asked) for sound in sounds)
    levels = [measure(sound, WINDOW.rate_hz)[LOUDNESS].value for sound in (alike, real)]
    assert levels[0] == pytest.approx(levels[1], abs=0.01)


def test_what_is_no_sound_is_named(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(MmussetError, match=r"text\.wav can't be read as sound"):
        read_sound(tmp_path / "text.wav", WINDOW)
    soundfile.write(tmp_path / "nan.wav", np.full(8000, np.nan), 8000, subtype="FLOAT")
    with pytest.raises(MmussetError, match=r"nan\.wav holds numbers that are not finite"):
        read_sound(tmp_path / "nan.wav", WINDOW)
    with pytest.raises(Short, match=r"is 0\.50 s, not 1\.00 s"):
        read_sound(written(tmp_path / "short.wav", 0.5), WINDOW)


def test_a_key_may_end_in_a_number(tmp_path: Path) -> None:
    for name in ("song-1-0", "song-1-1", "song-2"):
        written(tmp_path / "made" / f"{name}.wav")
    matched = match_sounds(tmp_path / "made", ["song-1"], WINDOW, ["song-1", "song-2"])
    assert [sorted(files) for files in matched.by_seed] == [["song-1"], ["song-1"]]
    assert matched.extra == ()
    written(tmp_path / "made" / "song-1.wav")
    with pytest.raises(UsageError, match="are for the same clip and seed"):
        match_sounds(tmp_path / "made", ["song-1"], WINDOW)


def test_a_folder_without_any_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "made" / "other.wav")
    with pytest.raises(UsageError, match=r"they are KEY\.flac, such as k1\.flac, of 1\.00 s"):
        match_sounds(tmp_path / "made", ["k1"], WINDOW)
    with pytest.raises(UsageError, match="there is no folder"):
        match_sounds(tmp_path / "none", ["k1"], WINDOW)
