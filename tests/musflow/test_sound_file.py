"""Files of generated sound: as long and loud as they should be, and marked; pictures of sound."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from tinytag import TinyTag
from torch import Tensor

from mmusset.errors import MmussetError, UsageError
from mmusset.musflow.sound.sound_file import (
    FORMATS,
    PEAK,
    check_format,
    hash_in,
    hash_of,
    peak_safe,
    write_sound,
)
from mmusset.musflow.sound.spectrogram import GAP_PX, ROW_PX, spectrogram

TOLD = {"model": "musflow-tiny", "seed": 7, "story": "Été à Ōsaka, “and” a\nnew line"}


def tone(
    seconds: float = 0.5, hz: float = 440.0, rate_hz: int = 16000, channels: int = 1
) -> Tensor:
    time_s = torch.arange(round(seconds * rate_hz)) / rate_hz
    return (torch.sin(2 * torch.pi * hz * time_s) / 2).repeat(channels, 1)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(("rate_hz", "channels"), [(16000, 1), (44100, 2)])
def test_a_file_holds_the_sound(tmp_path: Path, suffix: str, rate_hz: int, channels: int) -> None:
    path, sound = tmp_path / f"a{suffix}", tone(0.3, rate_hz=rate_hz, channels=channels)
    write_sound(path, sound, rate_hz, TOLD)
    read, rate = soundfile.read(path, always_2d=True, dtype="float32")
    assert (read.shape, rate) == (tuple(reversed(sound.shape)), rate_hz)
    assert np.abs(read.T - sound.numpy()).max() < (0.1 if suffix == ".ogg" else 1e-4)


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_thrice_too_loud_is_turned_down(tmp_path: Path, suffix: str) -> None:
    """Also in what an Ogg's decoder makes of it, which is not quite what went in."""
    loud = 6 * tone()
    safe, turned_down_db = peak_safe(loud)
    assert turned_down_db == pytest.approx(20 * np.log10(3 / PEAK), abs=0.01)
    torch.testing.assert_close(safe, loud * PEAK / 3, atol=1e-3, rtol=0)
    write_sound(tmp_path / f"a{suffix}", safe, 16000, TOLD)
    read, _ = soundfile.read(tmp_path / f"a{suffix}")
    assert 0.8 < np.abs(read).max() < 1


def test_what_is_not_too_loud_stays_as_it_is() -> None:
    safe, turned_down_db = peak_safe(tone())
    assert torch.equal(safe, tone())
    assert turned_down_db == 0


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_is_an_error(wrong: float) -> None:
    sound = tone()
    sound[0, 100] = wrong
    with pytest.raises(MmussetError, match="not finite"):
        peak_safe(sound)


@pytest.mark.parametrize("suffix", FORMATS)
def test_tags_say_that_a_model_made_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_sound(path, tone(), 16000, TOLD)
    whole = {"generated": True, "hash": hash_of(TOLD)} | TOLD
    with soundfile.SoundFile(path) as file:
        assert json.loads(file.comment) == whole
        assert "Generated" in file.title
        assert "MusFlow" in file.software
    tags = TinyTag.get(path).as_dict()
    assert json.loads(tags["comment"][0]) == whole
    assert "Generated" in tags["title"][0]


@pytest.mark.parametrize("suffix", FORMATS)
def test_long_texts_spoil_no_file(tmp_path: Path, suffix: str) -> None:
    path, told = tmp_path / f"a{suffix}", {"seed": 1, "story": "ß" * 64_000, "caption": "x" * 9000}
    write_sound(path, tone(), 16000, told)
    with soundfile.SoundFile(path) as file:
        comment = json.loads(file.comment)
        assert file.frames == 8000
    assert hash_in(path) == comment["hash"] == hash_of(told)
    assert comment["seed"] == 1
    assert comment["story"].rstrip("…") in told["story"]  # type: ignore[operator]
    assert (comment["story"] == told["story"]) == (suffix != ".wav")


def test_other_files_tell_nothing(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.flac", np.zeros(100), 16000)
    (tmp_path / "b.flac").write_bytes(b"no sound")
    with soundfile.SoundFile(tmp_path / "c.flac", "w", 16000, 1) as file:
        file.comment = '"ripped"'
        file.write(np.zeros(100))
    assert [hash_in(tmp_path / f"{name}.flac") for name in "abc"] == ["", "", ""]


@pytest.mark.parametrize("suffix", [".flac", ".wav"])
def test_the_same_sound_is_the_same_file(tmp_path: Path, suffix: str) -> None:
    for name in ("a", "b"):
        write_sound(tmp_path / f"{name}{suffix}", tone(), 16000, TOLD)
    first, second = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("a", "b"))
    assert first == second


@pytest.mark.parametrize("name", ["a.mp3", "a", "flac", ".flac"])
def test_formats_that_are_not_written_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"line 3: .*\.flac, \.wav, \.ogg"):
        check_format(Path(name), "line 3: ")
    check_format(Path("A.FLAC"))


def light(sounds: list[Tensor], rate_hz: int = 16000) -> "np.ndarray[tuple[int, ...], np.dtype]":  # type: ignore[type-arg]
    """How light each pixel of the picture of sounds is, 0 to 1."""
    return np.asarray(spectrogram(sounds, rate_hz).convert("L")) / 255


@pytest.mark.parametrize("rate_hz", [16000, 44100])
def test_pitch_goes_upwards_and_time_to_the_right(rate_hz: int) -> None:
    sound = torch.cat([tone(0.5, 200, rate_hz), tone(0.5, 3000, rate_hz)], dim=1)
    seen = light([sound], rate_hz)
    left, right = np.array_split(seen, 2, axis=1)
    low, high = (int(half.mean(axis=1).argmax()) for half in (left, right))
    assert high < ROW_PX / 2 < low, "row 0 is the top"


def test_silence_is_dark_and_each_sound_has_a_row() -> None:
    seen = light([torch.zeros(1, 8000), tone(1.0)])
    assert len(seen) == 2 * ROW_PX + GAP_PX
    assert seen[:ROW_PX, :30].max() < 0.1
    assert seen[-ROW_PX:].max() > 0.7
