"""Decoding: every format gives the same window, and pictures come out plain."""

import io
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from mmusset.dsp.loudness import silence_share
from mmusset.errors import Unfit, Unusable
from mmusset.evidence import clip as clips
from mmusset.evidence import decode, music, still, video
from mmusset.evidence.clip import Clip, encode_flac
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.sound import Samples, open_sound
from mmusset.recipe_parts.media import ClipPart
from tests.support.thorough import cases

RATE_HZ = 44100
LIVE = {"webm": ("webm", "libopus", 48000), "mkv": ("matroska", "aac", 44100)}


def length_s(path: Path) -> float:
    with MediaFile(path) as media:
        return open_sound(media).duration_s


def read_window(path: Path, start_s: float, seconds: float) -> tuple[Samples, int]:
    with MediaFile(path) as media:
        sound = open_sound(media)
        return sound.window(start_s, seconds), sound.rate_hz


def cut(path: Path, index: int, count: int, part: ClipPart) -> Clip:
    with MediaFile(path) as media:
        return clips.cut(open_sound(media), index, count, part)


def open_image(path: Path, min_side_px: int, max_side_px: int) -> Image.Image:
    with MediaFile(path) as media:
        return still.open_image(media, min_side_px, max_side_px)


def video_frame(path: Path, start_s: float, seconds: float) -> Image.Image:
    with MediaFile(path) as media:
        return video.video_frame(media, start_s, seconds, 28, 1024)


def read_text(path: Path) -> str:
    with MediaFile(path) as media:
        return decode.read_text(media)


def chirp(seconds: float = 6.0) -> np.ndarray:
    """A rising tone on the left, a falling one on the right: every moment is unlike the others."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    rise = np.sin(2 * np.pi * (200 * time_s + 150 * time_s**2))
    fall = np.sin(2 * np.pi * (2200 * time_s - 150 * time_s**2))
    return (0.4 * np.stack([rise, fall], axis=1)).astype(np.float32)


def encode_av(path: Path, samples: np.ndarray, codec: str) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE_HZ, layout="stereo")
        frame = av.AudioFrame.from_ndarray(samples.T.copy(), format="fltp", layout="stereo")
        frame.rate = RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("suffix", ["wav", "flac", "aiff", "mp3", "ogg", "m4a"])
def test_a_window_is_where_it_should_be(tmp_path: Path, suffix: str) -> None:
    path, whole = tmp_path / f"x.{suffix}", chirp()
    if suffix == "m4a":
        encode_av(path, whole, "aac")
    else:
        soundfile.write(path, whole, RATE_HZ)
    assert length_s(path) == pytest.approx(6.0, abs=0.1)
    window, rate_hz = read_window(path, 2.5, 1.0)
    assert (rate_hz, window.shape) == (RATE_HZ, (RATE_HZ, 2))
    original = whole[round(2.5 * RATE_HZ) :][:RATE_HZ]
    # Lossy codecs change the samples and shift them a little, never by a beat.
    shift = np.argmax(np.correlate(window[:, 0], original[10_000:20_000, 0])) - 10_000
    assert abs(shift) < 0.03 * RATE_HZ


def test_opus_is_read_at_the_rate_it_has(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.opus", chirp(), 48000, format="OGG", subtype="OPUS")
    window, rate_hz = read_window(tmp_path / "x.opus", 1.0, 2.0)
    assert (rate_hz, window.shape) == (48000, (96000, 2))


def test_clips_of_one_piece_do_not_overlap(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", chirp(12.0), RATE_HZ)
    part = ClipPart(seconds=3.0, per_track=4)
    starts = [cut(tmp_path / "x.wav", index, 4, part).start_s for index in range(4)]
    assert starts == [0.0, 3.0, 6.0, 9.0]


def test_a_silent_beginning_is_not_taken(tmp_path: Path) -> None:
    samples = chirp(9.0)
    samples[: 6 * RATE_HZ] = 0
    soundfile.write(tmp_path / "x.wav", samples, RATE_HZ)
    clip = cut(tmp_path / "x.wav", 0, 1, ClipPart(seconds=2.0))
    assert clip.start_s >= 5.0
    assert silence_share(clip.samples, clip.rate_hz, -60.0) <= 0.5


def test_silence_is_unfit_and_a_short_piece_unusable(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", np.zeros((6 * RATE_HZ, 1)), RATE_HZ)
    with pytest.raises(Unfit, match="silent"):
        cut(tmp_path / "x.wav", 0, 1, ClipPart(seconds=2.0))
    with pytest.raises(Unusable, match="shorter than a clip"):
        cut(tmp_path / "x.wav", 0, 1, ClipPart(seconds=7.0))


@pytest.mark.parametrize("suffix", ["webm", "mkv"])
def test_a_live_recording_without_a_length_is_measured(tmp_path: Path, suffix: str) -> None:
    """A muxer that can't seek back leaves the length out, as browsers' recorders do."""

    class Pipe:
        def __init__(self, file: BinaryIO) -> None:
            self.write = file.write

    path, whole = tmp_path / f"x.{suffix}", chirp()
    with path.open("wb") as file:
        format_name, codec, rate_hz = LIVE[suffix]
        with av.open(Pipe(file), "w", format=format_name) as container:
            stream = container.add_stream(codec, rate=rate_hz, layout="stereo")
            for start in range(0, len(whole), 960):
                samples = np.ascontiguousarray(whole[start : start + 960].T)
                frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="stereo")
                frame.rate, frame.pts = rate_hz, start
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    with av.open(str(path)) as container:
        assert container.duration is None
    assert length_s(path) == pytest.approx(len(whole) / rate_hz, abs=0.1)
    assert cut(path, 1, 2, ClipPart(seconds=2.5)).start_s > 2.5


def test_a_clip_is_cut_where_the_piece_can_be_decoded(tmp_path: Path) -> None:
    """The header promises 6 s, but only the first 2.6 are there."""
    soundfile.write(tmp_path / "x.flac", chirp(), RATE_HZ)
    data = (tmp_path / "x.flac").read_bytes()
    (tmp_path / "x.flac").write_bytes(data[: round(len(data) * 0.45)])
    assert length_s(tmp_path / "x.flac") == pytest.approx(2.69, abs=0.05)
    assert cut(tmp_path / "x.flac", 0, 1, ClipPart(seconds=2.0)).start_s < 0.5
    with pytest.raises(Unusable):
        cut(tmp_path / "x.flac", 0, 1, ClipPart(seconds=4.0))


def test_a_clip_never_begins_too_late_to_be_full(tmp_path: Path) -> None:
    """2.1397 s leave 0.6 ms of room behind the last millisecond."""
    soundfile.write(tmp_path / "x.wav", chirp(2.1397), RATE_HZ)
    assert cut(tmp_path / "x.wav", 0, 1, ClipPart(seconds=2.139)).start_s == 0.0


def over(share: float, level: float) -> np.ndarray:
    samples = chirp(3.0)
    samples[: round(share * len(samples))] *= level / 0.4
    return samples


def test_a_few_samples_over_full_scale_are_cut_to_it(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", over(0.005, 1.5), RATE_HZ, subtype="FLOAT")
    clip = cut(tmp_path / "x.wav", 0, 1, ClipPart(seconds=3.0))
    assert clip.samples.max() == np.float32(32767 / 32768)
    assert music.measure(clip.samples, clip.rate_hz).peak_dbfs <= 0.0


@pytest.mark.parametrize(("level", "kind"), [(1.5, Unfit), (1e6, Unusable)])
def test_a_file_that_is_over_full_scale_is_no_good(
    tmp_path: Path, level: float, kind: type[Unusable]
) -> None:
    soundfile.write(tmp_path / "x.wav", over(1.0, level), RATE_HZ, subtype="FLOAT")
    with pytest.raises(kind, match="full scale") as raised:
        cut(tmp_path / "x.wav", 0, 1, ClipPart(seconds=2.0))
    assert type(raised.value) is kind


def test_a_low_rate_is_brought_up_and_remembered(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", chirp()[::2], RATE_HZ // 2)
    clip = cut(tmp_path / "x.wav", 0, 1, ClipPart(seconds=2.0))
    assert (clip.rate_hz, clip.source_rate_hz, len(clip.samples)) == (44100, 22050, 88200)


def test_flac_is_lossless_to_16_bits_and_repeatable() -> None:
    clip = Clip(chirp(2.0), RATE_HZ, 0.0, RATE_HZ, chirp(2.0))
    data = encode_flac(clip)
    assert data == encode_flac(clip)
    back, _ = soundfile.read(io.BytesIO(data), dtype="float32")
    assert np.abs(back - clip.samples).max() <= 1 / 32768


def test_no_metadata_survives(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # lying on its side
    exif[0x010E] = "where I live"
    Image.new("RGB", (200, 100), "red").save(tmp_path / "x.jpg", exif=exif, comment=b"secret")
    picture = open_image(tmp_path / "x.jpg", 28, 1024)
    assert picture.size == (100, 200), "turned upright"
    assert not picture.info
    file = io.BytesIO()
    picture.save(file, "JPEG")
    assert b"where I live" not in file.getvalue() and b"secret" not in file.getvalue()


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "CMYK", "I;16", "1"])
def test_every_mode_becomes_rgb(tmp_path: Path, mode: str) -> None:
    suffix = "tiff" if mode == "CMYK" else "png"
    Image.new(mode, (80, 60)).save(tmp_path / f"x.{suffix}")
    assert open_image(tmp_path / f"x.{suffix}", 28, 64).mode == "RGB"


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB", "L", "I;16"])
def test_a_transparent_picture_is_laid_over_white(tmp_path: Path, mode: str) -> None:
    hidden = {"RGBA": (200, 20, 120, 0), "LA": (90, 0), "RGB": (200, 20, 120), "I;16": 9000}
    key = {"P": 0, "RGB": (200, 20, 120), "L": 0, "I;16": 9000}
    image = Image.new(mode, (80, 60), hidden.get(mode, 0))
    image.save(tmp_path / "x.png", **({"transparency": key[mode]} if mode in key else {}))
    assert open_image(tmp_path / "x.png", 28, 64).getcolors() == [(64 * 48, (255, 255, 255))]


def test_what_is_half_transparent_is_half_white(tmp_path: Path) -> None:
    Image.new("RGBA", (80, 60), (255, 0, 0, 128)).save(tmp_path / "x.png")
    assert open_image(tmp_path / "x.png", 28, 80).getpixel((5, 5)) == (255, 127, 127)


def test_a_strip_is_too_small_once_it_is_scaled(tmp_path: Path) -> None:
    Image.new("RGB", (4000, 80)).save(tmp_path / "x.png")
    assert open_image(tmp_path / "x.png", 64, 4096).size == (4000, 80)
    with pytest.raises(Unusable, match="picture is too small: 1000x20 pixels"):
        open_image(tmp_path / "x.png", 64, 1000)


@pytest.mark.parametrize(("suffix", "order"), [("png", "<"), ("tiff", "<"), ("tiff", ">")])
def test_sixteen_bits_are_scaled_to_eight(tmp_path: Path, suffix: str, order: str) -> None:
    ramp = np.tile(np.arange(256) * 257, (64, 1))
    Image.fromarray(ramp.astype(f"{order}u2")).save(tmp_path / f"x.{suffix}")
    grey = np.asarray(open_image(tmp_path / f"x.{suffix}", 28, 256))
    assert (grey == np.arange(256)[None, :, None]).all()


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_pixels_without_a_known_white_are_unusable(tmp_path: Path, kind: type) -> None:
    Image.fromarray(np.ones((64, 64), kind)).save(tmp_path / "x.tiff")
    with pytest.raises(Unusable, match="picture can't be decoded: pixels of mode"):
        open_image(tmp_path / "x.tiff", 28, 64)


def encode_video(path: Path) -> None:
    """Three seconds: black, then a picture out of focus, then sharp stripes."""
    sharp = np.zeros((144, 256, 3), np.uint8)
    sharp[:, ::8] = 220
    blurred = np.full_like(sharp, 100)
    blurred[:, 128:] = 120
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 256, 144, "yuv420p"
        for picture in (np.zeros_like(sharp), blurred, sharp):
            for _ in range(10):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))


def test_a_video_shows_its_sharpest_frame(tmp_path: Path) -> None:
    encode_video(tmp_path / "x.mp4")
    frame = np.asarray(video_frame(tmp_path / "x.mp4", 0.0, 3.0))
    assert frame.std() > 50
    with pytest.raises(Unusable, match="video shows nothing"):
        video_frame(tmp_path / "x.mp4", 0.0, 0.8)


def test_a_story_is_text(tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_bytes("\ufeffAn old\n  boat.\r\n".encode())
    assert read_text(tmp_path / "x.txt") == "An old\n  boat.\r\n", "as it is, less the mark"
    (tmp_path / "x.txt").write_bytes(b" \n\t\r\n")
    assert read_text(tmp_path / "x.txt") == "", "white space alone tells nothing"
    (tmp_path / "x.txt").write_bytes("The boat \u2013 it was the old one.".encode("utf-16"))
    assert read_text(tmp_path / "x.txt") == "The boat \u2013 it was the old one."
    for data, why in ((b"caf\xe9", "save it as UTF-8"), (b"\xff\xd8\xff\xe0", "a JPEG picture")):
        (tmp_path / "x.txt").write_bytes(data)
        with pytest.raises(Unusable, match=why):
            read_text(tmp_path / "x.txt")


@settings(max_examples=cases(60))
@given(cuts=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=20))
def test_damaged_files_are_unusable_and_nothing_worse(
    cuts: list[tuple[int, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    for suffix in ("flac", "ogg"):
        path = folder / f"x.{suffix}"
        soundfile.write(path, chirp(0.5), RATE_HZ)
        data = bytearray(path.read_bytes())
        for place, value in cuts:
            data[place % len(data)] = value
        path.write_bytes(data)
        try:
            window, _ = read_window(path, 0.1, 0.3)
        except Unusable:
            continue
        assert np.isfinite(window).all()
