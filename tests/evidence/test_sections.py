"""Sections of pieces that are made here: drums that come in and go out, steps of the level."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from mmusset.errors import Unusable
from mmusset.evidence import sections
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.sound import open_sound
from mmusset.structure import Section, lines, placed
from tests.support.thorough import slow

from .test_music_evidence import RATE_HZ, SECONDS, song

Floats = NDArray[np.float32]
PLAIN, DRUMMED = song(140.0, drums=False), song(140.0)


def sections_of(path: Path, *parts: Floats) -> tuple[Section, ...]:
    soundfile.write(path, np.concatenate(parts), RATE_HZ)
    with MediaFile(path) as media:
        return sections.measure(open_sound(media), -60.0)


def told(found: tuple[Section, ...]) -> list[str]:
    return [each.change for each in found]


@pytest.mark.parametrize("suffix", ["wav", *slow("mp3")])
def test_drums_come_in_and_go_out(tmp_path: Path, suffix: str) -> None:
    found = sections_of(tmp_path / f"x.{suffix}", PLAIN, PLAIN, DRUMMED, DRUMMED, PLAIN, PLAIN)
    assert told(found) == ["start", "drums in", "drums out"]
    assert found[1].start_s == pytest.approx(2 * SECONDS, abs=1.0)
    assert found[2].start_s == pytest.approx(4 * SECONDS, abs=1.0)
    assert all(each.confidence > 0.9 for each in found)


def test_a_piece_without_a_change_is_one_section(tmp_path: Path) -> None:
    (whole,) = sections_of(tmp_path / "x.wav", DRUMMED, DRUMMED, DRUMMED)
    assert (whole.start_s, whole.change, whole.confidence) == (0.0, "start", 1.0)
    assert whole.end_s == pytest.approx(3 * SECONDS, abs=0.5)


def test_the_level_takes_a_step(tmp_path: Path) -> None:
    quiet = np.float32(0.25) * PLAIN
    found = sections_of(tmp_path / "x.wav", quiet, quiet, PLAIN, PLAIN, quiet, quiet)
    assert told(found) == ["start", "louder", "softer"]
    assert found[1].start_s == pytest.approx(2 * SECONDS, abs=0.5)
    assert found[1].loudness_lufs - found[0].loudness_lufs == pytest.approx(12.0, abs=0.5)


def test_drums_that_make_it_louder_are_one_change(tmp_path: Path) -> None:
    quiet = np.float32(0.2) * PLAIN
    assert told(sections_of(tmp_path / "x.wav", quiet, quiet, DRUMMED, DRUMMED)) == [
        "start",
        "drums in",
    ]


def test_gain_moves_the_levels_alone(tmp_path: Path) -> None:
    parts = (PLAIN, PLAIN, DRUMMED, DRUMMED)
    loud = sections_of(tmp_path / "loud.wav", *parts)
    soft = sections_of(tmp_path / "soft.wav", *(np.float32(0.5) * part for part in parts))
    assert [(s.change, s.start_s) for s in soft] == [(s.change, s.start_s) for s in loud]
    assert loud[0].loudness_lufs - soft[0].loudness_lufs == pytest.approx(6.0, abs=0.2)


def test_of_drums_nothing_is_said_where_the_treble_is_cut_off(tmp_path: Path) -> None:
    import soxr

    narrow = [
        soxr.resample(soxr.resample(part, RATE_HZ, 8000), 8000, RATE_HZ)
        for part in (PLAIN, PLAIN, DRUMMED, DRUMMED)
    ]
    assert not {"drums in", "drums out"} & set(told(sections_of(tmp_path / "x.wav", *narrow)))


def test_a_silent_piece_has_one_section(tmp_path: Path) -> None:
    (whole,) = sections_of(tmp_path / "x.wav", np.zeros_like(PLAIN), np.zeros_like(PLAIN))
    assert whole.loudness_lufs == -70.0


def test_a_piece_of_which_nothing_can_be_heard_has_a_section_without_confidence(
    tmp_path: Path,
) -> None:
    (whole,) = sections_of(tmp_path / "x.wav", PLAIN[: RATE_HZ // 2])
    assert (whole.change, whole.end_s, whole.confidence) == ("start", 0.0, 0.0)


def test_what_can_t_be_decoded_has_none(tmp_path: Path) -> None:
    (tmp_path / "x.wav").write_bytes(b"RIFF\0\0\0\0WAVEfmt ")
    with MediaFile(tmp_path / "x.wav") as media, pytest.raises(Unusable):
        sections.measure(open_sound(media), -60.0)


def test_a_clip_counts_from_its_own_beginning(tmp_path: Path) -> None:
    found = sections_of(tmp_path / "x.wav", PLAIN, PLAIN, DRUMMED, DRUMMED)
    start, drums = placed(found, 15.0)
    assert start.from_clip_s == -15.0
    assert drums.from_clip_s == pytest.approx(drums.start_s - 15.0, abs=0.001)
    assert lines(found)[1][1].startswith("drums in (0.9")
