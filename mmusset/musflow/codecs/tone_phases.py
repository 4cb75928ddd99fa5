"""Phases that let tones sound on: each peak of a log-mel is taken for a tone, whose phase runs on
from frame to frame at its own frequency, and the bins next to it go with it. The others are noise.

After Beauregard, Harish and Wyse 2015 (Single Pass Spectrogram Inversion, IEEE DSP), on mel bands
in place of bins, and Serra and Smith 1990 (Spectral Modeling Synthesis, CMJ 14) for the noise. A
network that sees a few frames can do neither: it would have to count them, or to throw dice.
"""

import math
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import filters

REACH = 2.0  # bins on each side of a peak: the main lobe of the Hann window
NOISE_SEED = 0
FLATTEST = -1e-3  # curvature of a peak in natural log units; what is flatter has its middle


@torch.no_grad()
def tone_phases(mel: Tensor, geometry: Geometry) -> Tensor:
    """Phases `[B, frames, n_fft / 2 + 1]` in radians, 0 to 2 pi, of log-mel frames
    `[B, frames, mels]`; relative to the start of each frame, as `istft` takes them."""
    centres, bins = _centres(geometry).to(mel), torch.arange(geometry.n_fft // 2 + 1).to(mel)
    nearest_peak = _nearest(_peaks(mel))
    tones = _peak_bins(mel, centres).gather(2, nearest_peak)
    # In double precision: after an hour there are a million turns.
    turns = (tones.double() * geometry.hop / geometry.n_fft).cumsum(dim=1).remainder(1)
    band = (bins[:, None] - centres).abs().argmin(dim=1)
    # In a frame's middle the bins of a tone are in phase; at its start every second is opposite.
    going_on = turns.gather(2, nearest_peak)[..., band].to(mel) + bins % 2 / 2
    is_tone = (tones[..., band] - bins).abs() <= REACH
    noise = _noise(mel.shape[1], len(bins)).to(mel)
    return 2 * math.pi * torch.where(is_tone, going_on.remainder(1), noise)


def _noise(frames: int, bins: int) -> Tensor:
    """Shares of a turn `[frames, bins]`, the same each time."""
    return torch.rand(frames, bins, generator=torch.Generator().manual_seed(NOISE_SEED))


@cache
def _centres(geometry: Geometry) -> Tensor:
    """The middle of each band `[mels]`, in bins."""
    bank = filters(geometry)
    return bank @ torch.arange(bank.shape[1]).float() / bank.sum(dim=1).clamp_min(1e-9)


def _peaks(mel: Tensor) -> Tensor:
    """Where a band is louder than its neighbours `[B, frames, mels]`."""
    below, above = _neighbours(mel)
    return (mel >= below) & (mel > above)


def _neighbours(mel: Tensor) -> tuple[Tensor, Tensor]:
    padded = functional.pad(mel, (1, 1), value=-math.inf)
    return padded[..., :-2], padded[..., 2:]


def _peak_bins(mel: Tensor, centres: Tensor) -> Tensor:
    """Where the top of a parabola through each band and its neighbours lies `[B, frames, mels]`, in
    bins; it says something where the band is a peak."""
    below, above = (each.clamp_min(mel.min()) for each in _neighbours(mel))
    curvature = (below - 2 * mel + above).clamp(max=FLATTEST)
    bands_off = (0.5 * (below - above) / curvature).clamp(-0.5, 0.5)
    steps = centres.diff()
    up, down = functional.pad(steps, (0, 1)), functional.pad(steps, (1, 0))
    return centres + torch.where(bands_off > 0, up, down) * bands_off


def _nearest(peaks: Tensor) -> Tensor:
    """The band of the peak that is nearest to each band `[B, frames, mels]`; of two the lower, and
    any where there is none, as in frames that are not finite."""
    count = peaks.shape[-1]
    bands = torch.arange(count, device=peaks.device).expand_as(peaks)
    below = torch.where(peaks, bands, -count).cummax(dim=-1).values
    above = torch.where(peaks, bands, 2 * count).flip(-1).cummin(dim=-1).values.flip(-1)
    return torch.where(bands - below <= above - bands, below, above).clamp(0, count - 1)
