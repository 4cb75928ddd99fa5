"""Pictures of samples, made when somebody looks: a smaller image, the waveform, the spectrogram."""

import io
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from mmusset.dsp import spectrum
from mmusset.shards.reader import decode_sound, open_image

Floats = NDArray[np.float32]
Kind = Literal["thumb.webp", "waveform.png", "spectrogram.webp"]
KINDS: tuple[Kind, ...] = get_args(Kind)

THUMB_PX = 480
WIDTH_PX = 480
WAVE_PX = 56
SPECTROGRAM_PX = 80
WINDOW = 2048
RANGE_DB = 80.0
# Read well on white and on black: one blue.
WAVE_RGB = (92, 124, 222)
# From silence to loud; the light rises evenly.
COLOURS = np.array([[8, 6, 28], [74, 22, 110], [170, 46, 98], [238, 118, 56], [252, 244, 190]])


def picture(kind: Kind, data: bytes) -> bytes:
    """A picture of a sample's JPEG (`thumb.webp`) or of its FLAC.

    Raises BadSample or OSError where the bytes are none.
    """
    if kind == "thumb.webp":
        return thumb(data)
    sound, rate_hz = decode_sound(data)
    return waveform(sound) if kind == "waveform.png" else spectrogram(sound, rate_hz)


def pictures(jpeg: bytes, flac: bytes) -> dict[Kind, bytes]:
    """All of them, of one sample. Raises as `picture` does."""
    sound, rate_hz = decode_sound(flac)
    return {
        "thumb.webp": thumb(jpeg),
        "waveform.png": waveform(sound),
        "spectrogram.webp": spectrogram(sound, rate_hz),
    }


def thumb(jpeg: bytes) -> bytes:
    """A JPEG as WebP of at most 480 pixels a side."""
    with open_image(jpeg, ("JPEG",)) as image:
        image.draft("RGB", (THUMB_PX, THUMB_PX))
        small = image.convert("RGB")
    small.thumbnail((THUMB_PX, THUMB_PX))
    return _encoded(small, "WEBP", quality=80, method=0)


def waveform(sound: Floats) -> bytes:
    """The loudest value of each of 480 moments, on a transparent ground.

    Heights grow with the root of the value, so that quiet pieces have a shape too. There are
    no gaps: on a smaller screen those would make a pattern that is not in the music.
    """
    peaks = np.sqrt(np.minimum(_peaks(sound, WIDTH_PX), 1.0))
    heights = np.maximum(1, np.round(peaks * WAVE_PX / 2)).astype(int)
    rows = np.abs(np.arange(WAVE_PX) - (WAVE_PX - 1) / 2)[:, None]
    alpha = np.where(rows < heights[None, :], 255, 0).astype(np.uint8)
    image = Image.new("RGB", (WIDTH_PX, WAVE_PX), WAVE_RGB)
    image.putalpha(Image.fromarray(alpha))
    return _encoded(image, "PNG")


def spectrogram(sound: Floats, rate_hz: int) -> bytes:
    """Time to the right, pitch (mel) upwards, light for loudness over 80 dB."""
    mono = np.asarray(sum(sound.T) / sound.shape[1], dtype=np.float32)
    hop = max(1, (len(mono) - WINDOW) // WIDTH_PX)
    power = spectrum.mel(spectrum.spectrum(mono, rate_hz, WINDOW, hop))
    level_db = 10 * np.log10(np.maximum(power, 1e-12))
    loudest = max(float(level_db.max()), -50.0)  # silence stays dark
    light = np.clip((level_db - loudest) / RANGE_DB + 1, 0, 1).T[::-1]
    places = np.linspace(0, 1, len(COLOURS))
    pixels = np.stack([np.interp(light, places, COLOURS[:, c]) for c in range(3)], axis=-1)
    image = Image.fromarray(pixels.astype(np.uint8))
    image = image.resize((WIDTH_PX, SPECTROGRAM_PX), Image.Resampling.BICUBIC)
    return _encoded(image, "WEBP", quality=70, method=0)


def _peaks(sound: Floats, count: int) -> Floats:
    # Moments first: numpy is slow along an axis of two channels.
    edges = np.linspace(0, len(sound), count, endpoint=False).astype(int)
    loudest = np.maximum.reduceat(np.abs(sound), edges, axis=0).max(axis=1)
    return np.asarray(loudest, dtype=np.float32)


def _encoded(image: Image.Image, form: str, **how: int) -> bytes:
    file = io.BytesIO()
    image.save(file, form, **how)
    return file.getvalue()
