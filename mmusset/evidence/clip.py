"""Cutting clips: where in a piece, how long, at which rate."""

import io
import math
from dataclasses import dataclass

import numpy as np

from mmusset.dsp.loudness import silence_share
from mmusset.errors import Unfit, Unusable
from mmusset.recipe_parts.media import ClipPart

from .sound import NO_MUSIC, Samples, Sound, past_damage

# Where in its stretch of the piece a clip may lie, as shares; the middle is tried first.
OFFSETS = (0.5, 0.25, 0.75, 0.0, 1.0)
# 16-bit FLAC can't hold more than full scale; resampling can overshoot it.
FULL_SCALE = 32768
CEILING = (FULL_SCALE - 1) / FULL_SCALE
TAIL_S = 0.05  # behind a clip, so that the resampler's own tail is not cut short
# Lossy decoders overshoot loud masters now and then; a float file may do so all along.
MAX_OVER = 0.01


@dataclass(frozen=True, slots=True)
class Clip:
    """`samples` `[frames, channels]` at `rate_hz`, cut at `start_s` of the piece.

    `decoded` is the same stretch at the rate of its source: the same array, if that is the same.
    """

    samples: Samples
    rate_hz: int
    start_s: float
    source_rate_hz: int
    decoded: Samples


def cut(sound: Sound, index: int, count: int, part: ClipPart) -> Clip:
    """Clip `index` of `count`, each from its own equal stretch of the piece.

    Raises Unusable where the piece ends before a clip is full, Unfit where it is silent or
    beyond full scale; only when it is so at every place tried.
    """
    stretch_s = sound.duration_s / count
    room_s = stretch_s - part.seconds
    if room_s < 0:
        raise Unusable("shorter than a clip", f"{stretch_s:.2f} s of {part.seconds:g} s")
    # Down to the millisecond, so that a clip never begins too late to be full.
    starts_s = [math.floor(1e3 * (index * stretch_s + each * room_s)) / 1e3 for each in OFFSETS]
    troubles: list[Unusable] = []
    for start_s in dict.fromkeys(starts_s):
        try:
            return cut_at(sound, start_s, part)
        except Unusable as trouble:
            troubles.append(trouble)
    if any(trouble.reason == NO_MUSIC for trouble in troubles) and (other := past_damage(sound)):
        return cut(other, index, count, part)
    raise troubles[0]


def cut_at(sound: Sound, start_s: float, part: ClipPart) -> Clip:
    """The clip that begins there. Raises as `cut` does, for this place alone."""
    clip = _window(sound, start_s, part)
    _check_sounds(clip, part)
    return clip


def _check_sounds(clip: Clip, part: ClipPart) -> None:
    share = silence_share(clip.samples, clip.rate_hz, part.silence_dbfs)
    if share > part.max_silence_share:
        raise Unfit("silent", f"more than {part.max_silence_share:.0%} of it, at every place tried")


def encode_flac(clip: Clip) -> bytes:
    """The clip as 16-bit FLAC."""
    return flac_of(clip.samples, clip.rate_hz)


def flac_of(samples: Samples, rate_hz: int) -> bytes:
    """Samples as 16-bit FLAC, cut off at full scale. The same samples give the same bytes."""
    import soundfile

    file = io.BytesIO()
    # As libsndfile rounds, which takes three times as long.
    pcm = np.rint(within_full_scale(samples) * np.float32(FULL_SCALE)).astype(np.int16)
    soundfile.write(file, pcm, rate_hz, format="FLAC", subtype="PCM_16")
    return file.getvalue()


def _window(sound: Sound, start_s: float, part: ClipPart) -> Clip:
    import soxr

    samples, source_rate_hz = sound.window(start_s, part.seconds + TAIL_S), sound.rate_hz
    over = float(np.mean(np.abs(samples) > 1.0)) if len(samples) else 0.0
    if over > MAX_OVER:
        raise Unfit("beyond full scale", f"{over:.0%} of the samples; lower the file's level")
    decoded = within_full_scale(samples[: round(part.seconds * source_rate_hz)])
    if source_rate_hz != part.rate_hz:
        samples = soxr.resample(samples, source_rate_hz, part.rate_hz, quality="HQ")
    frames = round(part.seconds * part.rate_hz)
    if len(samples) < frames:
        had_s = len(samples) / part.rate_hz
        raise Unusable("shorter than a clip", f"only {had_s:.2f} s could be decoded")
    # What is measured is what is stored.
    samples = decoded if source_rate_hz == part.rate_hz else within_full_scale(samples[:frames])
    return Clip(samples, part.rate_hz, start_s, source_rate_hz, decoded)


def within_full_scale(samples: Samples) -> Samples:
    """As 16 bits hold them."""
    return np.clip(samples, -1.0, CEILING)
