"""Frames of videos as an eye is shown them: upright, square, in sRGB, and of the video itself."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition
from PIL import Image

from mmusset.errors import Unusable
from mmusset.evaluation.videos import write_video
from mmusset.evidence import video
from mmusset.evidence.high_dynamic_range import (
    HLG,
    PQ,
    _light,
    _under_white,
    is_hdr,
    tone_mapped,
)
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.sound import open_sound
from tests.support.cards import card, is_card
from tests.support.films import damage, film
from tests.support.sounds import filmed, put

from .test_sound import steps


def frame_of(path: Path, start_s: float = 0.0, seconds: float = 1.0) -> Image.Image:
    with MediaFile(path) as media:
        return video.video_frame(media, start_s, seconds, 28, 1024)


def test_a_video_of_one_frame_shows_it(tmp_path: Path) -> None:
    path = filmed(tmp_path / "x.mp4", steps(3), [np.asarray(card((160, 120)))])
    assert is_card(frame_of(path, 0.0, 3.0), error=12)
    assert is_card(frame_of(path, 2.0, 1.0), error=12)


def test_a_moment_is_shown_by_the_frame_that_is_there_by_then(tmp_path: Path) -> None:
    """Not by the one after it, which is not seen yet: here each stays for a second."""
    upright, turned = card((160, 120)), card((160, 120)).rotate(180)
    write_video(tmp_path / "x.avi", [upright, turned, upright])
    for second, frame in enumerate([upright, turned, upright]):
        assert frame_of(tmp_path / "x.avi", float(second), 1.0) == frame


# Ten a second, each lighter than the one before, with a corner so that none is of one colour.
LIGHTER = [Image.new("RGB", (64, 48), 3 * (4 * n,)) for n in range(40)]
for each in LIGHTER:
    each.paste((255, 0, 0), (0, 0, 16, 12))


def lights(path: Path, start_s: float, seconds: float) -> list[float]:
    """How light the frame of each second is, beside its corner."""
    with MediaFile(path) as media:
        frames = video.frames_by_second(media, start_s, seconds, 224)
    return [float(np.asarray(frame)[24:, 32:].mean()) for frame in frames]


def test_a_second_is_shown_by_the_frame_in_its_middle(tmp_path: Path) -> None:
    path = film(tmp_path / "x.mkv", LIGHTER)
    assert lights(path, 0.0, 3.2) == pytest.approx([20, 60, 100], abs=3)
    assert lights(path, 1.1, 2.0) == pytest.approx([64, 104], abs=3)
    assert lights(path, 2.0, 4.0) == pytest.approx([100, 140, 156, 156], abs=3), "the last stays"
    assert lights(path, 3.0, 0.5) == pytest.approx([140], abs=3)


@pytest.mark.parametrize(
    ("name", "codec", "pix_fmt"),
    [
        ("x.mp4", "libx264", "yuv420p"),
        ("x.mov", "png", "rgb24"),
        ("x.mov", "mjpeg", "yuvj420p"),
        ("x.webm", "libvpx", "yuv420p"),
    ],
)
def test_the_last_good_frame_stands_for_what_is_damaged(
    tmp_path: Path, name: str, codec: str, pix_fmt: str
) -> None:
    path = film(tmp_path / name, LIGHTER, codec, pix_fmt, gop_size=10, max_b_frames=0)
    damage(path, 1.15, 1.75)
    with av.open(str(path)) as container, pytest.raises(av.error.FFmpegError):
        list(container.decode(video=0))
    assert lights(path, 0.0, 4.0) == pytest.approx([20, 44, 100, 140], abs=6)
    assert frame_of(path, 1.0, 1.0).size == (64, 48)
    damage(path, 0.0, 9.0)
    assert lights(path, 0.0, 4.0) == []
    with pytest.raises(Unusable, match="no frame could be read"):
        frame_of(path)


@pytest.mark.parametrize("name", ["x.webm", "x.mkv"])
def test_a_live_recording_is_as_long_as_its_frames(tmp_path: Path, name: str) -> None:
    path = film(tmp_path / name, LIGHTER, "libvpx", live=True)
    with av.open(str(path)) as container:
        assert not container.duration
    with MediaFile(path) as media:
        assert video.span(media, 600.0) == pytest.approx((0.0, 4.0), abs=0.11)
        assert video.span(media, 1.5) == (0.0, 1.5)
    assert lights(path, 0.0, 4.0) == pytest.approx([20, 60, 100, 140], abs=6)


@pytest.mark.parametrize(("aspect", "size"), [((2, 1), (320, 120)), ((1, 2), (160, 240))])
def test_pixels_come_out_square(
    tmp_path: Path, aspect: tuple[int, int], size: tuple[int, int]
) -> None:
    path = film(tmp_path / "x.mkv", [card((160, 120))] * 10, sample_aspect_ratio=Fraction(*aspect))
    assert frame_of(path).size == size


def turned(path: Path, degrees: int) -> Path:
    """The video with a display matrix, as a phone that is held upright writes it."""
    data = path.read_bytes()
    a, b = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    matrix = [a << 16, b << 16, 0, -b << 16, a << 16, 0, 0, 0, 1 << 30]
    plain = [1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30]

    def packed(values: list[int]) -> bytes:
        return b"".join(value.to_bytes(4, "big", signed=True) for value in values)

    track = data.index(b"tkhd")
    path.write_bytes(data[:track] + data[track:].replace(packed(plain), packed(matrix), 1))
    return path


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_phone_s_video_is_upright(tmp_path: Path, degrees: int) -> None:
    lying = card((120, 160) if degrees != 180 else (160, 120)).rotate(degrees, expand=True)
    path = turned(film(tmp_path / "x.mov", [lying] * 10), degrees)
    image = frame_of(path)
    assert image.size == ((160, 120) if degrees == 180 else (120, 160))
    assert is_card(image, error=12)


def test_hd_that_names_no_colours_is_taken_as_bt709(tmp_path: Path) -> None:
    def hd(name: str, matrix: str) -> Path:
        with av.open(str(tmp_path / name), "w") as container:
            stream = container.add_stream("mpeg4", rate=10)
            stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
            stream.bit_rate = 8_000_000
            for _ in range(10):
                frame = av.VideoFrame.from_ndarray(np.asarray(card((1280, 720))), format="rgb24")
                frame = frame.reformat(format="yuv420p", dst_colorspace=matrix)
                frame.colorspace = video.UNNAMED
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return tmp_path / name

    assert is_card(frame_of(hd("x.mkv", "ITU709")), error=6)


def hdr_frame(transfer: int) -> av.VideoFrame:
    """The card as PQ or HLG of BT.2020, as ITU-R BT.2408 puts standard video into HDR."""
    numbers = np.asarray(card((160, 120))) / 255.0
    # HLG holds the scene before a camera of standard video, PQ the light of its display.
    scene_light = np.where(
        numbers < 0.081, numbers / 4.5, ((numbers + 0.099) / 1.099) ** (1 / 0.45)
    )
    light = scene_light if transfer == HLG else _light(numbers, 0)
    to_2020 = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]
    light = light @ np.array(to_2020).T
    if transfer == PQ:
        power = (light * 100 / 10000) ** (2610 / 16384)
        signal = ((3424 / 4096 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375
    else:
        scene = light * 0.2650
        a, b, c = 0.17883277, 0.28466892, 0.55991073
        high = a * np.log(np.maximum(12 * scene - b, 1e-9)) + c
        signal = np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)
    wide = np.ascontiguousarray((signal * 65535).round().astype(np.uint16))
    frame = av.VideoFrame.from_ndarray(wide, format="rgb48le")
    frame = frame.reformat(format="yuv420p10le", dst_colorspace="BT2020", dst_color_range="MPEG")
    frame.color_trc, frame.color_primaries = transfer, 9
    return frame


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_hdr_is_brought_down_to_srgb(transfer: int) -> None:
    frame = hdr_frame(transfer)
    assert is_hdr(frame)
    assert is_card(tone_mapped(frame, 1024), error=10)


def test_what_is_brighter_than_white_keeps_its_hue_and_its_shape() -> None:
    light = np.linspace(0.1, 10, 200)[:, None] * np.array([1.0, 0.5, 0.25])
    pressed = _under_white(light[None])[0]
    assert (np.diff(pressed[:, 0]) > 0).all() and pressed.max() <= 1.0
    assert pressed[:, 1] / pressed[:, 0] == pytest.approx(0.5, abs=1e-4)
    assert pressed[:12, 0] == pytest.approx(light[:12, 0])


@pytest.mark.parametrize("is_default", [True, False])
def test_a_cover_that_is_the_first_stream_is_not_the_video(
    tmp_path: Path, is_default: bool
) -> None:
    path = tmp_path / "x.mkv"
    with av.open(str(path), "w") as container:
        cover = container.add_stream("mjpeg", rate=1)
        cover.width, cover.height, cover.pix_fmt = 160, 120, "yuvj420p"
        cover.disposition = Disposition.default if is_default else Disposition(0)
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        noise = np.random.default_rng(1).integers(0, 255, (120, 160, 3), np.uint8)
        first = av.VideoFrame.from_ndarray(noise, format="rgb24")
        container.mux(cover.encode(first) + cover.encode(None))
        for _ in range(20):
            frame = av.VideoFrame.from_ndarray(np.asarray(card((160, 120))), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert is_card(frame_of(path, 0.0, 2.0), error=16)


def test_time_stamps_of_frames_may_begin_anywhere(tmp_path: Path) -> None:
    """Each second has another card; the third is asked for by the file's own time."""
    path = tmp_path / "x.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        sound = container.add_stream("aac", rate=44100, layout="stereo")
        for number in range(40):
            turn = card((160, 120)) if number // 10 == 2 else card((160, 120)).rotate(180)
            frame = av.VideoFrame.from_ndarray(np.asarray(turn), format="rgb24")
            frame.pts = 10_000 + number
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
        put(container, sound, steps(4), begins_s=1000.0)
    assert is_card(frame_of(path, 1002.0, 0.9), error=16)


def test_a_film_without_pictures_says_so(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "x.webm"), "w") as container:
        put(container, container.add_stream("libopus", rate=48000, layout="stereo"), steps(2))
    with MediaFile(tmp_path / "x.webm") as media:
        assert not open_sound(media).has_frames
    with pytest.raises(Unusable, match="no picture in it"):
        frame_of(tmp_path / "x.webm")
