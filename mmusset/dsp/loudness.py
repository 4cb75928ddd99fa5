"""How loud a clip is, how much that varies, and how wide it stands between the ears."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from mmusset.measured import Measured

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]

FLOOR_LUFS = -70.0  # the absolute gate of ITU-R BS.1770-4; nothing is ever below it here
STEP_S = 0.1  # blocks of 400 ms that overlap by 75 %, so four steps make a block
STEPS_PER_BLOCK = 4
BATCH = 64  # steps transformed at a time, so that they stay in the cache
FRAME_S = 0.05  # for silence


def block_loudness(samples: Floats, rate_hz: int) -> Doubles:
    """Momentary loudness in LUFS of each 400 ms block (ITU-R BS.1770-4), 100 ms apart.

    `samples` is `[frames, 1 or 2]`. The K-weighting is done on the spectrum of each
    100 ms step instead of by running filters; docs/benchmarks.md has the difference.
    """
    step = max(1, round(STEP_S * rate_hz))
    count = len(samples) // step
    steps = samples[: count * step].reshape(count, step, -1)
    batches = (steps[start : start + BATCH] for start in range(0, count, BATCH))
    power = np.concatenate([_k_weighted_power(each, rate_hz) for each in batches])
    blocks = np.convolve(power, np.full(STEPS_PER_BLOCK, 1 / STEPS_PER_BLOCK), mode="valid")
    return np.asarray(-0.691 + 10 * np.log10(np.maximum(blocks, 1e-12)))


def integrated(blocks_lufs: Doubles) -> Measured:
    """Integrated loudness: the mean power of the blocks that pass both gates.

    Confidence is the share of blocks above the absolute gate.
    """
    heard = blocks_lufs[blocks_lufs > FLOOR_LUFS]
    if not len(heard):
        return Measured(value=FLOOR_LUFS, confidence=0.0)
    relative_gate = _mean_lufs(heard) - 10
    value = _mean_lufs(heard[heard > relative_gate])
    return Measured(value=max(FLOOR_LUFS, value), confidence=len(heard) / len(blocks_lufs))


def dynamic_range(blocks_lufs: Doubles) -> Measured:
    """95th less 10th percentile of momentary loudness, in dB.

    The gates and percentiles are those of EBU Tech 3342 (loudness range), but on
    400 ms blocks: its 3 s windows would leave a clip of ten seconds too few.
    """
    heard = blocks_lufs[blocks_lufs > FLOOR_LUFS]
    if not len(heard):
        return Measured(value=0.0, confidence=0.0)
    kept = heard[heard > _mean_lufs(heard) - 20]
    low, high = np.percentile(kept, [10, 95])
    return Measured(value=float(high - low), confidence=len(heard) / len(blocks_lufs))


def silence_share(samples: Floats, rate_hz: int, silence_dbfs: float) -> float:
    """Share of 50 ms frames whose RMS over all channels is below `silence_dbfs`."""
    frame = max(1, round(FRAME_S * rate_hz))
    count = max(1, len(samples) // frame)
    frames = samples[: count * frame].reshape(count, -1)
    power = np.einsum("ij,ij->i", frames, frames) / frames.shape[1]
    return float(np.mean(power < 10 ** (silence_dbfs / 10)))


def peak_dbfs(samples: Floats) -> float:
    """The highest sample, in dB of full scale; -120 at the least."""
    return float(20 * np.log10(max(1e-6, float(samples.max()), -float(samples.min()))))


def stereo_width(mid: Floats, side: Floats, audible_share: float) -> Measured:
    """RMS of the side over that of mid and side: 0 mono, 0.5 unrelated channels, 1 opposed."""
    mid_rms, side_rms = (float(np.sqrt(x @ x / len(x))) for x in (mid, side))
    if audible_share == 0 or mid_rms + side_rms == 0:
        return Measured(value=0.0, confidence=0.0)
    return Measured(value=side_rms / (mid_rms + side_rms), confidence=audible_share)


def _mean_lufs(blocks_lufs: Doubles) -> float:
    return float(10 * np.log10(np.mean(10 ** (blocks_lufs / 10))))


def _k_weighted_power(steps: Floats, rate_hz: int) -> Floats:
    """Mean power of each of `steps` `[steps, frames, 1 or 2]`, summed over the channels.

    Two channels are transformed as one complex one: its power in the bins of f and -f is twice
    that of both channels in the bin of f.
    """
    from scipy.fft import fft

    is_stereo = steps.shape[2] == 2
    channels = np.ascontiguousarray(steps).view(np.complex64 if is_stereo else np.float32)[..., 0]
    parts = fft(channels).view(np.float32)
    return np.asarray(np.square(parts, out=parts) @ _k_weights(steps.shape[1], rate_hz))


@cache
def _k_weights(step: int, rate_hz: int) -> Floats:
    """Power gain of the K-weighting for the real and the imaginary part of each bin of a step,
    `[2 * step]`, scaled to give mean power.

    The two biquads are those that BS.1770-4 gives for 48 kHz, taken at each bin's
    frequency, so that no coefficients for other rates are needed.
    """
    bins_hz = np.fft.fftfreq(step, 1 / rate_hz)
    delay = np.exp(-2j * np.pi * bins_hz / 48000)
    shelf = _gain([1.53512485958697, -2.69169618940638, 1.19839281085285], delay) / _gain(
        [1.0, -1.69065929318241, 0.73248077421585], delay
    )
    high_pass = _gain([1.0, -2.0, 1.0], delay) / _gain(
        [1.0, -1.99004745483398, 0.99007225036621], delay
    )
    return np.repeat(shelf * high_pass / step**2, 2).astype(np.float32)


def _gain(coefficients: list[float], delay: NDArray[np.complex128]) -> Doubles:
    return np.asarray(np.abs(np.polyval(coefficients[::-1], delay)) ** 2)
