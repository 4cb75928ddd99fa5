"""Sound as a listener on a server is sent it; and known sounds, to find out who is deaf."""

import hashlib
import io
import wave
from functools import cache

import numpy as np
from numpy.typing import NDArray

from mmusset.dsp.clip_signal import ClipSignal

from .hearing import levelled

Floats = NDArray[np.float32]

RATE_HZ = 16000  # what all these models' encoders resample to
PROBE_SECONDS = 5.0
CEILING = 0.99


def wav_of_clip(samples: Floats, rate_hz: int, silence_dbfs: float = -60.0) -> bytes:
    """A clip `[frames, 1 or 2]` as a WAV: one channel, 16 kHz, 16 bits, at all ears' level."""
    mono = levelled(ClipSignal(samples, rate_hz, silence_dbfs), RATE_HZ)
    peak = float(np.abs(mono).max())
    return wav_of(mono * np.float32(CEILING / peak) if peak > CEILING else mono)


def wav_of(mono: Floats) -> bytes:
    """One channel at 16 kHz as a WAV of 16 bits."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(np.round(mono * 32767).clip(-32768, 32767).astype("<i2").tobytes())
    return file.getvalue()


def seconds_of(wav: bytes) -> float:
    """How long a WAV is."""
    with wave.open(io.BytesIO(wav)) as file:
        return float(file.getnframes() / file.getframerate())


@cache
def known_sounds() -> dict[str, bytes]:
    """Four sounds that nobody who hears takes for one another, each a WAV: silence, noise, a beat
    of drums, and a chord of an organ."""
    time_s = np.arange(round(PROBE_SECONDS * RATE_HZ)) / RATE_HZ
    noise = np.random.default_rng(0).standard_normal(len(time_s))
    return {
        "silence": wav_of(np.zeros(len(time_s), dtype=np.float32)),
        "noise": wav_of((0.1 * noise).astype(np.float32)),
        "a beat of drums": wav_of(_beat(time_s, noise).astype(np.float32)),
        "a chord": wav_of(_chord(time_s).astype(np.float32)),
    }


# What is in them, for a server that knows sounds by their hashes.
KNOWN_TRUTHS = {"a beat of drums": ("drums",), "a chord": ("organ",)}


def sha256_of(wav: bytes) -> str:
    """The hash by which a sound is known."""
    return hashlib.sha256(wav).hexdigest()


def _beat(time_s: NDArray[np.float64], noise: NDArray[np.float64]) -> NDArray[np.float64]:
    """A bass drum on each beat at 120 BPM, a snare on every second, hi-hats between."""
    since_s = time_s % 0.5
    kick = np.sin(2 * np.pi * (50 * since_s + 4 * (1 - np.exp(-30 * since_s)))) * np.exp(
        -12 * since_s
    )
    snare = np.where(time_s % 1.0 >= 0.5, noise, 0.0) * np.exp(-18 * since_s)
    hat = np.diff(noise, prepend=0.0) * np.exp(-60 * (time_s % 0.25))
    return np.asarray(0.5 * kick + 0.12 * snare + 0.05 * hat)


def _chord(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """C major, held, of pipes: each note with six overtones."""
    sound = np.zeros_like(time_s)
    for note_hz in (130.81, 261.63, 329.63, 392.0):
        for overtone in range(1, 8):
            sound += np.sin(2 * np.pi * note_hz * overtone * time_s) / overtone
    return np.asarray(0.04 * sound)
