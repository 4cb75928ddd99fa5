"""Encoders without a model: features measured on an image, a text or a clip.

They need no download and little time, and encode only what they were written for: an image's
light, colours and edges, a text's claims and words, a clip's spectrum, level and pulse.
Features are brought to a spread of about 1 by constants, so that they mean the same in
every dataset.
"""

import hashlib
import math
import re
from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mmusset.measurements.key import TONICS
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.tempo import bounds_bpm
from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import log_mel
from mmusset.truth.extract import extract

if TYPE_CHECKING:
    from PIL.Image import Image

Floats = NDArray[np.float32]

THUMBNAIL_PX = 64
HUES, LIGHTS, GRID = 12, 8, 3
TURNS = 3  # of a hue's circle: 1 to 3
GREY = 2 / 255  # chroma that rounding or a JPEG leaves: of no hue
WORD = re.compile(r"[a-z]+")
WORDS, WORD_WEIGHT = 512, 0.35
PACES, MIDDLE_BPM = 9, 110.0  # places of a tempo from half of the middle to twice as fast
# The words in an order, from low to high, that version 2 of a text's features has places for.
# Checkpoints were trained on them, so they stay as they are; of what else a list of measurements
# has, the places come after them, and the names go into the identity.
VERSION_2_WORDS = (
    *("pulse", "loudness", "dynamics", "brightness", "density", "percussion", "width", "energy"),
    "mode",
)
MELS = Geometry(16000, 10.24, 1024, 256, 64, 1, 1)  # of the sound encoder
BANDS = 16  # each of four mels
PULSES_BPM = tuple(45 * 2 ** (n / 12) for n in range(29))  # 45 to 227


class MeasuredImage:
    """Light, colours and edges of a picture."""

    identity = "measured-image/2"
    width = 3 * GRID * GRID + LIGHTS + HUES + 2 * TURNS + 9

    def __call__(self, images: Sequence["Image"]) -> Tensor:
        """Features `[B, width]` of pictures of any size and mode."""
        return torch.from_numpy(np.stack([_image_features(image) for image in images]))


class ReadText:
    """What a text claims of music, read as the critic reads it, and its words beside that.

    Words and pairs of words are hashed into places, after Weinberger et al. 2009
    (arXiv 0902.2206).
    """

    def __init__(self) -> None:
        self._ordered = _ordered_words()
        self.identity = "+".join(["read-text/2", *list(self._ordered)[len(VERSION_2_WORDS) :]])
        self.width = 2 * len(self._ordered) + len(TONICS) + PACES + WORDS

    def __call__(self, texts: Sequence[str]) -> Tensor:
        """Features `[B, width]`; a text without a word is 0."""
        return torch.from_numpy(np.stack([_text_features(text, self._ordered) for text in texts]))


class SoundStatistics:
    """Spectrum, level, attacks and pulse of a clip."""

    identity = "sound-statistics/1"
    width = 2 * BANDS + 7 + len(PULSES_BPM)
    rate_hz = MELS.rate_hz

    def __call__(self, sound: Tensor) -> Tensor:
        """Features `[B, width]` of mono sound `[B, samples]` at `rate_hz`."""
        whole = sound[:, : sound.shape[1] // MELS.hop * MELS.hop]
        return _sound_features(log_mel(whole, MELS))


def _image_features(image: "Image") -> Floats:
    from PIL.Image import Resampling

    small = image.convert("RGB").resize((THUMBNAIL_PX, THUMBNAIL_PX), Resampling.BOX)
    rgb = np.asarray(small, dtype=np.float32) / 255
    light: Floats = (rgb @ np.array([0.299, 0.587, 0.114], dtype=np.float32)).astype(np.float32)
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
        2 * _mean_hue(hue, chroma),
        4 * np.array([*whole, warm.mean(), green.mean()]),
        np.log(np.array(edges) + 1e-3),
    ]
    return np.concatenate(features).astype(np.float32)


def _mean_hue(hue: Floats, chroma: Floats) -> Floats:
    """Which way the colours point, whatever their strength: cosines and sines of 1 to TURNS times
    the hue, the mean over pixels by their chroma."""
    angles = np.arange(1, TURNS + 1)[:, None] * hue.ravel()
    coloured = np.maximum(chroma.ravel() - GREY, 0)
    weights = coloured / max(float(coloured.sum()), GREY)
    means = np.stack([np.cos(angles), np.sin(angles)]) @ weights
    return np.asarray(means.ravel(), dtype=np.float32)


def _edges(light: Floats) -> float:
    """How much light changes from one pixel to the next, on average."""
    return float(np.abs(np.diff(light, axis=0)).mean() + np.abs(np.diff(light, axis=1)).mean())


def _ordered_words() -> dict[str, tuple[str, ...]]:
    """What a text can say of music in words that stand in an order: a measurement's, by name."""
    ordered = {each.name: each.values for each in MEASUREMENTS if len(each.values) > 1}
    return {name: ordered[name] for name in VERSION_2_WORDS} | ordered


def _text_features(text: str, ordered: dict[str, tuple[str, ...]]) -> Floats:
    places: dict[str, list[float]] = {name: [] for name in ordered}
    tonics, paces = np.zeros(len(TONICS), np.float32), np.zeros(PACES, np.float32)
    for claim in extract(text):
        # That it is not at 84 BPM, or not in A minor, tells nothing of where it is.
        if claim.attribute in ("tempo", "key") and claim.value.startswith("not "):
            continue
        if claim.attribute == "tempo":
            octaves = math.log2(math.sqrt(math.prod(bounds_bpm(claim.value))) / MIDDLE_BPM)
            places["pulse"].append(float(np.clip(2 * octaves, -1, 1)))
            paces += np.maximum(
                0, 1 - np.abs(np.linspace(-1, 1, PACES) - octaves) * (PACES - 1) / 2
            )
        elif claim.attribute == "key":
            tonic, _, mode = claim.value.partition(" ")
            tonics[TONICS.index(tonic)] = 1
            places["mode"].append(_place(ordered["mode"], mode))
        elif claim.attribute in places:
            places[claim.attribute].append(_place(ordered[claim.attribute], claim.value))
    scales = [(float(np.mean(each)), 1.0) if each else (0.0, 0.0) for each in places.values()]
    return np.concatenate(
        [np.ravel(scales), tonics, paces, WORD_WEIGHT * _word_features(text)], dtype=np.float32
    )


def _place(words: tuple[str, ...], value: str) -> float:
    """Where a word stands from -1 to 1 among those of its order; "not loud" is half quiet."""
    place = 2 * words.index(value.removeprefix("not ")) / (len(words) - 1) - 1
    return -place / 2 if value.startswith("not ") else place


def _word_features(text: str) -> Floats:
    features = np.zeros(WORDS, dtype=np.float32)
    words = WORD.findall(text.lower())
    pairs = (" ".join(pair) for pair in pairwise(words))
    for token, weight in (*((word, 1.0) for word in words), *((pair, 0.7) for pair in pairs)):
        digest = int.from_bytes(hashlib.blake2b(token.encode(), digest_size=8).digest())
        features[digest % WORDS] += weight * (1 if digest >> 62 & 1 else -1)
    return features / max(float(np.linalg.norm(features)), 1e-6)


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


def _pulse(onsets: Tensor) -> Tensor:
    """How strongly onsets `[B, frames]` recur at each of PULSES_BPM: autocorrelation, plus half
    of that at twice the lag, so that a beat outweighs its subdivisions."""
    frames = onsets.shape[1]
    centred = onsets - onsets.mean(dim=1, keepdim=True)
    spectrum = torch.fft.rfft(centred, 2 * frames)
    correlation = torch.fft.irfft(spectrum.abs().square())[:, :frames]
    correlation = correlation / correlation[:, :1].add(1e-6)
    lags = torch.tensor([60 / bpm * MELS.rate_hz / MELS.hop for bpm in PULSES_BPM])
    return _at(correlation, lags) + 0.5 * _at(correlation, 2 * lags)


def _at(curves: Tensor, positions: Tensor) -> Tensor:
    """Curves `[B, N]` at fractional positions `[P]`, linearly interpolated; 0 beyond their end."""
    padded = torch.nn.functional.pad(curves, (0, int(positions.max()) + 2))
    low = positions.long()
    share = (positions - low).to(curves)
    return padded[:, low] * (1 - share) + padded[:, low + 1] * share
