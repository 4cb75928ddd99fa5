"""Real little media, made on the spot: pieces with a beat and chords, and pictures."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import soundfile
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATE_HZ = 22050


def piece(path: Path, number: int, seconds: float = 3.0) -> None:
    """A few chords over a click; every number sounds different. The suffix says the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound_of(number, seconds), RATE_HZ)


@cache  # most modules begin with the same few pieces
def sound_of(number: int, seconds: float) -> "NDArray[np.float64]":
    """The samples of a piece, `[frames, 2]`."""
    rng = np.random.default_rng(number)
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    bpm = 70 + 13 * (number % 7)
    beat_s = 60 / bpm
    sound = np.zeros_like(time_s)
    for beat in range(int(seconds / beat_s) + 1):
        root = 48 + number % 12 + (0, 5, 7, 0)[beat % 4]
        since = time_s - beat * beat_s
        gate = (since >= 0) & (since < beat_s)
        for note in (root, root + 4, root + 7):
            tone = np.sin(2 * np.pi * 440 * 2 ** ((note - 69) / 12) * since)
            sound += gate * 0.1 * tone * np.exp(-3 * np.clip(since, 0, None))
        click = gate * np.exp(-80 * np.clip(since, 0, None))
        sound += 0.2 * click * rng.standard_normal(len(time_s))
    stereo = np.stack([sound, np.roll(sound, number % 40)], axis=1)
    return stereo.clip(-0.9, 0.9)


def picture(path: Path, number: int, size: tuple[int, int] = (96, 72)) -> None:
    """A gradient with a block; every number looks different."""
    across = np.linspace(0, 255, size[0])[None, :, None]
    down = np.linspace(0, 255, size[1])[:, None, None]
    tint = np.array([(37 * number) % 256, (91 * number) % 256, (53 * number) % 256])
    pixels = (0.4 * across + 0.3 * down + 0.3 * tint).astype(np.uint8)
    pixels[20:60, 20 + number % 80 : 60 + number % 80] = tint
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def library(folder: Path, count: int, start: int = 0) -> Path:
    """`count` pieces, each in the folder of its artist with a picture of its own name."""
    for number in range(start, start + count):
        stem = folder / f"artist {number // 2}" / f"song {number}"
        piece(stem.with_suffix(".wav"), number)
        picture(stem.with_suffix(".png"), number)
    return folder
