"""Sound as people have it: what players play is read, and its length is that of what is there."""

import io
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile
from av.stream import Disposition

from mmusset.errors import Unusable
from mmusset.evidence import clip as clips
from mmusset.evidence.clip import Clip
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.sound import Samples, Sound, open_sound
from mmusset.recipe_parts.media import ClipPart
from mmusset.sources.source import kind_of
from tests.support.sounds import (
    ENCODED,
    FILMED,
    RATE_HZ,
    Floats,
    encoded,
    filmed,
    in_container,
    put,
)


def sound_of(path: Path) -> Sound:
    """What is told of a file's sound; the file is closed."""
    with MediaFile(path) as media:
        return open_sound(media)


def window(path: Path, start_s: float, seconds: float) -> tuple[Samples, int]:
    with MediaFile(path) as media:
        sound = open_sound(media)
        return sound.window(start_s, seconds), sound.rate_hz


def clip_of(path: Path, part: ClipPart, index: int = 0, count: int = 1) -> Clip:
    with MediaFile(path) as media:
        return clips.cut(open_sound(media), index, count, part)


def steps(seconds: int, rate_hz: int = RATE_HZ, first: int = 0) -> Floats:
    """A tone that tells the time: 300 Hz in the first second and 20 Hz more in each that follows;
    on the right 1000 Hz and 30 more."""
    time_s = np.arange(rate_hz) / rate_hz
    parts = [
        np.stack(
            [
                np.sin(2 * np.pi * (base + step * n) * time_s)
                for base, step in ((300, 20), (1000, 30))
            ],
            axis=1,
        )
        for n in range(first, first + seconds)
    ]
    return (0.4 * np.concatenate(parts)).astype(np.float32)


def loudest_hz(samples: Samples, rate_hz: int, channel: int = 0) -> float:
    """The strongest tone of a channel."""
    power = np.abs(np.fft.rfft(samples[:, channel] * np.hanning(len(samples))))
    return float(np.argmax(power) * rate_hz / len(samples))


def second_told(path: Path, start_s: float) -> float:
    """Which second of `steps` sounds half a second behind a place."""
    samples, rate_hz = window(path, start_s + 0.3, 0.4)
    return round((loudest_hz(samples, rate_hz) - 300) / 20)


def film_of(seconds: int) -> list[np.ndarray]:
    card = np.zeros((64, 96, 3), np.uint8)
    card[:, ::8] = 220
    return [card] * (10 * seconds)


@pytest.mark.parametrize("suffix", [*ENCODED, *FILMED])
def test_every_format_on_the_list_is_read_where_it_should_be(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x.{suffix}"
    assert kind_of(path.name.encode()) == ("video" if suffix in FILMED else "music")
    if suffix in FILMED:
        filmed(path, steps(5), film_of(5))
    else:
        rate_hz = ENCODED[suffix][2]
        path.write_bytes(encoded(steps(5, rate_hz), suffix))
    slow = RATE_HZ / 48000 if suffix == "webm" else 1.0  # Opus has one rate alone
    assert sound_of(path).duration_s == pytest.approx(5.0 * slow, abs=0.15)
    samples, rate_hz = window(path, 3.3 * slow, 0.4)
    assert loudest_hz(samples, rate_hz) == pytest.approx(360 / slow, abs=5)
    assert loudest_hz(samples, rate_hz, 1) == pytest.approx(1090 / slow, abs=5)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("x.mp3", "m4a"),
        ("x.mp3", "aac"),
        ("x.mp3", "weba"),
        ("x.mp3", "wma"),
        ("x.opus", "weba"),
        ("x.flac", "wv"),
        ("x.wav", "mka"),
        ("x.ogg", "m4a"),
        ("x.m4a", "aac"),
    ],
)
def test_a_wrong_suffix_does_no_harm(tmp_path: Path, name: str, kind: str) -> None:
    (tmp_path / name).write_bytes(encoded(steps(5, ENCODED[kind][2]), kind))
    assert second_told(tmp_path / name, 3.0) == 3


@pytest.mark.parametrize("junk", [b"", bytes(417), bytes(4096), bytes(5000) + b"junk" * 40])
def test_an_mp3_may_begin_with_junk(tmp_path: Path, junk: bytes) -> None:
    file = io.BytesIO()
    soundfile.write(file, steps(6), RATE_HZ, format="MP3")
    tag = b"ID3\3\0\0\0\0\0\x0a" + bytes(10)
    for name, data in (("x.mp3", junk + file.getvalue()), ("y.mp3", tag + junk + file.getvalue())):
        (tmp_path / name).write_bytes(data)
        assert sound_of(tmp_path / name).duration_s == pytest.approx(6.0, abs=0.1)
        assert second_told(tmp_path / name, 4.0) == 4


def test_the_frames_of_an_mp3_are_counted_where_its_head_does_not_count_them(
    tmp_path: Path,
) -> None:
    """By its first frames, of 32 kbit/s and silent, it would be far longer than it is."""
    loud = np.random.default_rng(1).normal(0, 0.2, (8 * RATE_HZ, 2)).astype(np.float32)
    sound = np.concatenate([np.zeros((4 * RATE_HZ, 2), np.float32), loud])
    file = io.BytesIO()
    with soundfile.SoundFile(
        file, "w", RATE_HZ, 2, format="MP3", bitrate_mode="VARIABLE", compression_level=0.5
    ) as written:
        written.write(sound)
    data = file.getvalue()
    first = data.index(b"\xff\xfb")
    second = data.index(b"\xff\xfb", first + 4)
    assert b"Xing" in data[first:second]
    (tmp_path / "x.mp3").write_bytes(data[second:])
    assert sound_of(tmp_path / "x.mp3").duration_s == pytest.approx(12.0, abs=0.15)
    assert clip_of(tmp_path / "x.mp3", ClipPart(seconds=3.0), 2, 3).start_s > 8.0


def test_a_count_that_is_not_of_all_bytes_is_not_believed(tmp_path: Path) -> None:
    """Cut off, and two joined."""
    file = io.BytesIO()
    soundfile.write(file, steps(8), RATE_HZ, format="MP3")
    data = file.getvalue()
    (tmp_path / "cut.mp3").write_bytes(data[: len(data) // 2])
    assert sound_of(tmp_path / "cut.mp3").duration_s == pytest.approx(4.0, abs=0.2)
    (tmp_path / "joined.mp3").write_bytes(data + data)
    assert sound_of(tmp_path / "joined.mp3").duration_s == pytest.approx(16.0, abs=0.3)
    assert second_told(tmp_path / "joined.mp3", 11.0) == 3


def test_a_flac_that_does_not_know_its_length_is_measured(tmp_path: Path) -> None:
    """As a program writes it that can't go back: STREAMINFO says 0 samples."""
    file = io.BytesIO()
    soundfile.write(file, steps(9), RATE_HZ, format="FLAC")
    data = bytearray(file.getvalue())
    data[21] &= 0xF0
    data[22:26] = bytes(4)
    (tmp_path / "x.flac").write_bytes(data)
    assert sound_of(tmp_path / "x.flac").duration_s == pytest.approx(9.0, abs=0.01)
    starts = [clip_of(tmp_path / "x.flac", ClipPart(seconds=2.0), n, 3).start_s for n in range(3)]
    assert starts == [0.5, 3.5, 6.5]
    assert second_told(tmp_path / "x.flac", 7.0) == 7


@pytest.mark.parametrize("subtype", ["VORBIS", "OPUS"])
def test_the_links_of_a_chained_ogg_are_one_piece(tmp_path: Path, subtype: str) -> None:
    """A recorded radio stream: each title is a stream of its own, which begins at 0 again."""
    chain = b""
    for seconds, first in ((3, 0), (5, 3), (2, 8)):
        file = io.BytesIO()
        soundfile.write(file, steps(seconds, 48000, first), 48000, format="OGG", subtype=subtype)
        chain += file.getvalue()
    (tmp_path / "x.ogg").write_bytes(chain)
    assert sound_of(tmp_path / "x.ogg").duration_s == pytest.approx(10.0, abs=0.1)
    assert [second_told(tmp_path / "x.ogg", at_s) for at_s in (1.0, 4.0, 9.0)] == [1, 4, 9]
    assert clip_of(tmp_path / "x.ogg", ClipPart(seconds=7.0)).start_s == pytest.approx(1.5, abs=0.1)


def test_a_clip_lies_beside_the_damage(tmp_path: Path) -> None:
    file = io.BytesIO()
    soundfile.write(file, steps(16), RATE_HZ, format="MP3")
    data = bytearray(file.getvalue())
    begin = len(data) // 4
    data[begin : begin + 4000] = np.random.default_rng(5).bytes(4000)
    (tmp_path / "x.mp3").write_bytes(data)
    clip = clip_of(tmp_path / "x.mp3", ClipPart(seconds=10.24))
    assert clip.start_s > 4.2
    middle = clip.samples[5 * RATE_HZ : 5 * RATE_HZ + RATE_HZ // 2]
    assert loudest_hz(middle, RATE_HZ) > 300 + 20 * 9
    with pytest.raises(Unusable, match="damaged"):
        clip_of(tmp_path / "x.mp3", ClipPart(seconds=15.0))


SURROUND = {"FL": 300, "FR": 500, "FC": 2000, "LFE": 60, "BL": 700, "BR": 900}


def surround(rate_hz: int) -> Floats:
    """Each loudspeaker has a tone of its own, of the same level."""
    time_s = np.arange(3 * rate_hz) / rate_hz
    return np.stack([0.1 * np.sin(2 * np.pi * hz * time_s) for hz in SURROUND.values()], 1).astype(
        np.float32
    )


@pytest.mark.parametrize("kind", ["flac", "wav", "wavex", "opus", "vorbis", "mka", "m4a", "wv"])
def test_surround_is_mixed_down_by_where_its_loudspeakers_stand(tmp_path: Path, kind: str) -> None:
    """Levels against the left front's, as ITU-R BS.775 has them: nothing is dropped."""
    rate_hz = 48000
    path, whole = (
        tmp_path / f"x.{ {'wavex': 'wav', 'vorbis': 'ogg'}.get(kind, kind) }",
        surround(rate_hz),
    )
    if kind == "vorbis":  # it has an order of its own
        soundfile.write(path, whole[:, [0, 2, 1, 4, 5, 3]], rate_hz)
    elif kind in ("flac", "wav", "wavex"):
        soundfile.write(path, whole, rate_hz, format=kind.upper(), subtype="PCM_16")
    else:
        container, codec = {
            "opus": ("ogg", "libopus"),
            "mka": ("matroska", "flac"),
            "m4a": ("ipod", "aac"),
            "wv": ("wv", "wavpack"),
        }[kind]
        path.write_bytes(in_container(whole, container, codec, rate_hz, "5.1"))
    samples, rate_hz = window(path, 0.5, 2.0)
    assert samples.shape[1] == 2

    def level(channel: int, hz: int) -> float:
        spectrum = np.abs(np.fft.rfft(samples[:, channel] * np.hanning(len(samples))))
        place = round(hz * len(samples) / rate_hz)
        return float(spectrum[place - 3 : place + 4].max())

    front = level(0, 300)
    half = pytest.approx(0.7071, abs=0.05)
    assert level(1, 500) / front == pytest.approx(1.0, abs=0.05)
    assert level(1, 300) / front < 0.02 and level(0, 500) / front < 0.02
    assert level(0, 2000) / front == half and level(1, 2000) / front == half
    assert level(0, 700) / front == half and level(1, 900) / front == half
    assert level(1, 700) / front < 0.02 and level(0, 900) / front < 0.02
    for side in (0, 1):
        assert level(side, 60) / front == pytest.approx(0.7071, abs=0.15)


def test_a_mix_that_exceeds_full_scale_is_turned_down(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.flac", 8 * surround(48000), 48000)
    samples, _ = window(tmp_path / "x.flac", 0.5, 1.0)
    assert np.abs(samples).max() == pytest.approx(1.0, abs=1e-6)


def two_tracks(path: Path, first: Floats, second: Floats, *meant: Disposition) -> Path:
    """Two audio tracks with what is said of each."""
    with av.open(str(path), "w") as container:
        streams = [container.add_stream("aac", rate=RATE_HZ, layout="stereo") for _ in meant]
        for stream, disposition in zip(streams, meant, strict=True):
            stream.disposition = disposition
        for stream, samples in zip(streams, (first, second), strict=True):
            put(container, stream, samples)
    return path


@pytest.mark.slow
def test_the_default_track_is_heard_and_no_commentary(tmp_path: Path) -> None:
    talk, music = steps(4, first=30), steps(4)
    none, default, comment = Disposition(0), Disposition.default, Disposition.comment
    for number, meant in enumerate(((comment, none), (none, default), (comment, default))):
        path = two_tracks(tmp_path / f"{number}.mkv", talk, music, *meant)
        assert second_told(path, 2.0) == 2
    path = two_tracks(tmp_path / "first.mkv", music, talk, default, none)
    assert second_told(path, 2.0) == 2


def test_where_the_first_track_is_silent_the_next_is_heard(tmp_path: Path) -> None:
    path = two_tracks(
        tmp_path / "x.mp4", np.zeros_like(steps(4)), steps(4), Disposition.default, Disposition(0)
    )
    assert second_told(path, 2.0) == 2


def test_time_stamps_may_begin_anywhere(tmp_path: Path) -> None:
    path = tmp_path / "x.mkv"
    with av.open(str(path), "w") as container:
        put(
            container, container.add_stream("aac", rate=RATE_HZ, layout="stereo"), steps(12), 1000.0
        )
    assert sound_of(path).duration_s == pytest.approx(12.0, abs=0.1)
    starts = [clip_of(path, ClipPart(seconds=3.0), n, 3).start_s for n in range(3)]
    assert starts == pytest.approx([0.5, 4.5, 8.5], abs=0.05)
    assert [second_told(path, at_s) for at_s in (1.0, 5.0, 9.0)] == [1, 5, 9]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<!DOCTYPE html><html>no such song</html>", "it is a web page, and not music"),
        (b"%PDF-1.7 a score", "it is a PDF document, and not music"),
        (b"\xff\xd8\xff\xe0 a picture", "it is a JPEG picture, and not music"),
        (b"PK\x03\x04 an album", "it is a ZIP archive, and not music"),
        (b"a list of songs\n", "it is text, and not music"),
        (b"MThd\0\0\0\6\0\1\0\1\1\xe0", "it is a MIDI file, which holds notes and no sound"),
        (b"MAC \x96\x0f" + bytes(60), "it is a Monkey's Audio file, .* convert it to FLAC"),
        (b"fLaC" + bytes(60), "it is a FLAC file, but damaged or cut off"),
        (b"OggS" + bytes(60), "it is an Ogg file, but damaged or cut off"),
        (bytes(range(256)) * 4, "nothing in it tells of music"),
    ],
)
def test_what_is_no_music_is_named(tmp_path: Path, data: bytes, why: str) -> None:
    for suffix in ("mp3", "m4a"):
        (tmp_path / f"x.{suffix}").write_bytes(data)
        with pytest.raises(Unusable, match=f"music can't be decoded: {why}"):
            sound_of(tmp_path / f"x.{suffix}")


def test_copy_protection_is_named(tmp_path: Path) -> None:
    data = encoded(steps(2), "m4a").replace(b"mp4a", b"drms", 1)
    (tmp_path / "x.m4p").write_bytes(data)
    with pytest.raises(Unusable, match="copy-protected"):
        sound_of(tmp_path / "x.m4p")
