"""Encoders without a model: what can be measured on a picture, counted in a text, heard in a clip.

They need no download and little time, and see what they were written to see: a picture's
light, colours and edges, a text's words and numbers, a clip's spectrum, level and pulse.
Features are brought to a spread of about 1 by constants, so that they mean the same in
every dataset.
"""

import hashlib
import math
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from .geometry import Geometry
from .mel import log_mel

if TYPE_CHECKING:
    from PIL.Image import Image

Floats = NDArray[np.float32]

THUMBNAIL_PX = 64
HUES, LIGHTS, GRID = 12, 8, 3
TEXT_WIDTH = 384
WORD = re.compile(r"[a-z]+|\d+(?:\.\d+)?")
EAR = Geometry(16000, 10.24, 1024, 256, 64, 1, 1)  # how the sound encoder listens
BANDS = 16  # each of four mels
PULSES_BPM = tuple(45 * 2 ** (n / 12) for n in range(29))  # 45 to 227


class MeasuredImage:
    """Light, colours and edges of a picture."""

    identity = "measured-image/1"
    width = 3 * GRID * GRID + LIGHTS + HUES + 9

    def __call__(self, images: Sequence["Image"]) -> Tensor:
        """Features `[B, width]` of pictures of any size and mode."""
        return torch.from_numpy(np.stack([_image_features(image) for image in images]))


class HashedText:
    """Words, pairs of words and numbers of a text, hashed into places, as Weinberger et al. 2009
    (arXiv 0902.2206). A number stands near its neighbours: 95 is more like 100 than like 180."""

    identity = "hashed-text/1"
    width = TEXT_WIDTH

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Unit vectors `[B, width]`; a text without a word is 0."""
        return torch.from_numpy(np.stack([_text_features(text) for text in texts]))


class SoundStatistics:
    """Spectrum, level, attacks and pulse of a clip."""

    identity = "sound-statistics/1"
    width = 2 * BANDS + 7 + len(PULSES_BPM)
    rate_hz = EAR.rate_hz

    def __call__(self, sound: Tensor) -> Tensor:
        """Features `[B, width]` of mono sound `[B, samples]` at `rate_hz`."""
        whole = sound[:, : sound.shape[1] // EAR.hop * EAR.hop]
        return _sound_features(log_mel(whole, EAR))


def _image_features(image: "Image") -> Floats:
    from PIL.Image import Resampling

    small = image.convert("RGB").resize((THUMBNAIL_PX, THUMBNAIL_PX), Resampling.BOX)
    rgb = np.asarray(small, dtype=np.float32) / 255
    light = rgb @ np.array([0.299, 0.587, 0.114], dtype=np.float32)
    warm, green = rgb[..., 0] - rgb[..., 2], rgb[..., 1] - (rgb[..., 0] + rgb[..., 2]) / 2
    chroma = rgb.max(axis=2) - rgb.min(axis=2)
    hue = np.arctan2(np.sqrt(3) / 2 * (rgb[..., 1] - rgb[..., 2]), warm / 2 - green / 2)
    hues, _ = np.histogram(hue, HUES, (-np.pi, np.pi), weights=chroma)
    lights, _ = np.histogram(light, LIGHTS, (0, 1))
    edges = [_edges(light[::step, ::step]) for step in (1, 2, 4)]
    whole = [light.mean(), light.std(), chroma.mean(), (chroma / (rgb.max(axis=2) + 0.05)).mean()]
    places = np.stack([light, warm, green], axis=-1)
    places = places[:63, :63].reshape(GRID, 21, GRID, 21, 3).mean(axis=(1, 3))
    features = [
        4 * places.ravel(),
        2 * np.sqrt(lights / light.size),
        3 * np.sqrt(hues / light.size),
        4 * np.array([*whole, warm.mean(), green.mean()]),
        np.log(np.array(edges) + 1e-3),
    ]
    return np.concatenate(features).astype(np.float32)


def _edges(light: Floats) -> float:
    """How much light changes from one pixel to the next, on average."""
    return float(np.abs(np.diff(light, axis=0)).mean() + np.abs(np.diff(light, axis=1)).mean())


def _text_features(text: str) -> Floats:
    features = np.zeros(TEXT_WIDTH, dtype=np.float32)
    for token, weight in _tokens(text):
        told = int.from_bytes(hashlib.blake2b(token.encode(), digest_size=8).digest())
        features[told % TEXT_WIDTH] += weight * (1 if told >> 62 & 1 else -1)
    return features / max(float(np.linalg.norm(features)), 1e-6)


def _tokens(text: str) -> Iterator[tuple[str, float]]:
    words = WORD.findall(text.lower())
    for word in words:
        if word[0].isdigit():
            yield from _number_tokens(float(word))
        else:
            yield word, 1.0
    for first, second in pairwise(words):
        if not (first[0].isdigit() or second[0].isdigit()):
            yield f"{first} {second}", 0.7


def _number_tokens(value: float) -> Iterator[tuple[str, float]]:
    """The two steps of a fifth of an octave that a number lies between."""
    place = 5 * math.log2(max(value, 1.0))
    yield f"# {int(place)}", math.cos(math.pi / 2 * (place % 1)) * 2
    yield f"# {int(place) + 1}", math.sin(math.pi / 2 * (place % 1)) * 2


def _sound_features(mel: Tensor) -> Tensor:
    """Of log-mel frames `[B, frames, 64]`."""
    bands = mel.unflatten(2, (BANDS, -1)).mean(dim=3)
    level = mel.exp().square().sum(dim=2).add(1e-8).log() / 2
    places = torch.linspace(-1, 1, mel.shape[2], device=mel.device)
    power = mel.exp().square()
    centroid = (power * places).sum(dim=2) / power.sum(dim=2).add(1e-12)
    rise = mel.diff(dim=1).clamp_min(0)
    sharp = torch.stack([part.mean(dim=(1, 2)) for part in rise.chunk(3, dim=2)], dim=1)
    features = [
        (bands.mean(dim=1) + 6) / 2,
        (bands.std(dim=1) - 1),
        2 * (level.mean(dim=1) + 1)[:, None],
        (level.quantile(0.95, dim=1) - level.quantile(0.1, dim=1))[:, None],
        2 * centroid.mean(dim=1)[:, None],
        4 * centroid.std(dim=1)[:, None],
        40 * sharp,
        1.2 * _pulse(rise.mean(dim=2)),
    ]
    return torch.cat(features, dim=1)


def _pulse(attacks: Tensor) -> Tensor:
    """How far attacks `[B, frames]` return at each of PULSES_BPM: autocorrelation, and half as
    much of it at twice the time, so that a beat counts for more than its quavers."""
    frames = attacks.shape[1]
    sharp = attacks - attacks.mean(dim=1, keepdim=True)
    spectrum = torch.fft.rfft(sharp, 2 * frames)
    again = torch.fft.irfft(spectrum.abs().square())[:, :frames]
    again = again / again[:, :1].add(1e-6)
    lags = torch.tensor([60 / bpm * EAR.rate_hz / EAR.hop for bpm in PULSES_BPM])
    return _between(again, lags) + 0.5 * _between(again, 2 * lags)


def _between(curves: Tensor, places: Tensor) -> Tensor:
    """Curves `[B, N]` at fractional places `[P]`; 0 beyond their end."""
    padded = torch.nn.functional.pad(curves, (0, int(places.max()) + 2))
    low = places.long()
    share = (places - low).to(curves)
    return padded[:, low] * (1 - share) + padded[:, low + 1] * share
