"""Sound files of every kind, encoded on the spot: what people's libraries hold, and what went wrong
with it."""

import io
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

RATE_HZ = 44100
BIT_RATE = 192_000
# By suffix: FFmpeg's format, its encoder, and the rate.
ENCODED = {
    "m4a": ("ipod", "aac", 44100),
    "m4b": ("ipod", "aac", 44100),
    "aac": ("adts", "aac", 44100),
    "wma": ("asf", "wmav2", 44100),
    "wv": ("wv", "wavpack", 44100),
    "tta": ("tta", "tta", 44100),
    "mka": ("matroska", "libopus", 48000),
    "weba": ("webm", "libopus", 48000),
    "aifc": ("aiff", "pcm_s16be", 44100),
    "mp2": ("mp2", "mp2", 44100),
    "ac3": ("ac3", "ac3", 48000),
    "oga": ("ogg", "flac", 44100),
}
# Containers of video, each with a codec of its pictures.
FILMED = {
    "mp4": ("mp4", "aac", "mpeg4"),
    "m4v": ("ipod", "aac", "mpeg4"),
    "mov": ("mov", "aac", "mpeg4"),
    "3gp": ("3gp", "aac", "mpeg4"),
    "mkv": ("matroska", "aac", "mpeg4"),
    "webm": ("webm", "libopus", "libvpx"),
    "avi": ("avi", "libmp3lame", "mpeg4"),
    "mpg": ("mpeg", "mp2", "mpeg1video"),
    "ts": ("mpegts", "aac", "mpeg2video"),
    "wmv": ("asf", "wmav2", "wmv2"),
    "flv": ("flv", "aac", "flv"),
}


def encoded(samples: Floats, suffix: str, rate_hz: int = 0, layout: str = "stereo") -> bytes:
    """The samples `[frames, channels]` in the format that a suffix stands for."""
    container_format, codec, usual_hz = ENCODED[suffix]
    return in_container(samples, container_format, codec, rate_hz or usual_hz, layout)


def in_container(
    samples: Floats,
    container_format: str,
    codec: str,
    rate_hz: int = RATE_HZ,
    layout: str = "stereo",
    options: dict[str, str] | None = None,
) -> bytes:
    """The samples in a container of FFmpeg's, encoded by the codec of that name."""
    file = io.BytesIO()
    with av.open(file, "w", format=container_format, container_options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate_hz, layout=layout, bit_rate=BIT_RATE)
        put(container, stream, samples)
    return file.getvalue()


def put(container: Any, stream: Any, samples: Floats, begins_s: float = 0.0) -> None:
    """Encode samples into a stream that is open to be written, from a time on."""
    rate_hz, size = stream.rate, 960
    resampler = av.AudioResampler(stream.codec_context.format, stream.layout, rate_hz)
    for start in range(0, len(samples), size):
        part = np.ascontiguousarray(samples[start : start + size].T, np.float32)
        frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=stream.layout.name)
        frame.sample_rate = rate_hz
        frame.pts = round(begins_s * rate_hz) + start
        for ready in resampler.resample(frame):
            container.mux(stream.encode(ready))
    container.mux(stream.encode(None))


def filmed(
    path: Path, samples: Floats, pictures: list[NDArray[np.uint8]], bit_rate: int = BIT_RATE
) -> Path:
    """A video with that sound, ten frames a second; the suffix says the format."""
    container_format, voice, codec = FILMED[path.suffix[1:]]
    with av.open(str(path), "w", format=container_format) as container:
        film = container.add_stream(codec, rate=25 if codec == "mpeg1video" else 10)
        film.height, film.width = pictures[0].shape[:2]
        film.pix_fmt = "yuv420p"
        rate_hz = 48000 if voice == "libopus" else RATE_HZ
        sound = container.add_stream(voice, rate=rate_hz, layout="stereo", bit_rate=bit_rate)
        for picture in pictures:
            container.mux(film.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(film.encode(None))
        put(container, sound, samples)
    return path
