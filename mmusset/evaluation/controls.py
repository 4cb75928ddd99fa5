"""What is no music, made of what is: the floors of a table. Sound is `[frames, channels]`."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FRAME_S = 0.064


def shuffled(sound: Floats, rate_hz: int, seed: int) -> Floats:
    """A sound's moments of 64 ms in random order, faded into each other: the same spectra and
    levels, and no melody, no chord, no beat."""
    half = round(FRAME_S * rate_hz / 2)
    count = len(sound) // half - 1
    if count < 2:
        return sound
    fade = np.sin(np.pi * (np.arange(2 * half) + 0.5) / (2 * half)).astype(np.float32)[:, None]
    order = np.random.default_rng(seed).permutation(count)
    out = np.zeros_like(sound)
    for place, taken in enumerate(order):
        # Moments that were no neighbours don't add up in phase: their powers are to make one.
        out[place * half : (place + 2) * half] += fade * sound[taken * half : (taken + 2) * half]
    return np.asarray(np.clip(out, -1, 1))


def noise_like(sound: Floats, seed: int) -> Floats:
    """White noise with the sound's RMS in each channel."""
    random = np.random.default_rng(seed)
    rms = np.sqrt(np.mean(np.square(sound, dtype=np.float64), axis=0))
    noise = random.standard_normal(sound.shape) * rms
    return np.asarray(np.clip(noise, -1, 1), dtype=np.float32)


def silence_like(sound: Floats) -> Floats:
    """Nothing, for as long."""
    return np.zeros_like(sound)
