"""Stereo as what the side has to do with the middle, in a few bands: how much of the middle is in
it, which places a sound to the left or right, and how loud the rest of it is, which makes it wide.

After Breebaart et al. 2005 (Parametric Coding of Stereo Audio, EURASIP JASP 2005:9), with a
prediction in place of their level differences (Helmrich et al. 2011, Efficient Transform Coding of
Two-Channel Audio Signals by Means of Complex-Valued Stereo Prediction, ICASSP). The side's phases
come from the middle's: what was in the middle stays there, whatever phases a decoder guesses. What
is opposed in both channels, and so not in the middle at all, is lost, as it is in mono.
"""

from dataclasses import replace
from functools import cache

import torch
from torch import Tensor
from torch.nn import functional

from mmusset.musflow.sound.geometry import Geometry
from mmusset.musflow.sound.mel import FLOOR, between_bands, filters

BANDS = 20  # an ear tells places apart in about so many
PARAMETERS = 2 * BANDS
MOST_PREDICTED = 2.0  # of the middle; 1 and -1 are a sound on one side alone
LEAST_REST, MOST_REST = -5.0, 1.5  # natural logs of its magnitude over the middle's
# What brings both kinds of parameters to about the size of a normalized log-mel.
PREDICTED_SPREAD = 0.3
REST_MEAN, REST_SPREAD = -2.0, 1.5


def stereo_parameters(mid: Tensor, side: Tensor, geometry: Geometry) -> Tensor:
    """`[B, latents, 2 * BANDS]` of the spectra `[B, bins, frames]` of half the sum of left and
    right, and half their difference: the share of the middle that is in the side, and the natural
    log of the rest's magnitude over the middle's, over all frames of a latent frame; both scaled
    to about unit size."""
    own = _in_bands(mid.abs().square(), geometry).clamp_min(FLOOR**2)
    predicted = _in_bands((side * mid.conj()).real, geometry) / own
    rest = _in_bands(side.abs().square(), geometry) / own - predicted.square()
    predicted = predicted.clamp(-MOST_PREDICTED, MOST_PREDICTED)
    logs = (0.5 * rest.clamp_min(FLOOR).log()).clamp(LEAST_REST, MOST_REST)
    return torch.cat([predicted / PREDICTED_SPREAD, (logs - REST_MEAN) / REST_SPREAD], dim=2)


def side_of(mid: Tensor, parameters: Tensor, geometry: Geometry) -> Tensor:
    """The side's spectrum `[B, bins, frames]`, of the middle's and the parameters.

    The rest is the middle turned by a quarter, ahead in one band and behind in the next: so it has
    nothing in common with the middle, and neither channel gets another tone.
    """
    in_frames = functional.interpolate(parameters.transpose(1, 2), mid.shape[2], mode="linear")
    predicted, logs = in_frames.split(BANDS, dim=1)
    weights, turns = (each.to(parameters) for each in _over_bins(geometry))
    logs = (logs * REST_SPREAD + REST_MEAN).clamp(LEAST_REST, MOST_REST)
    rest = turns[:, None] * (weights @ logs).exp()
    return mid * torch.complex(weights @ (predicted * PREDICTED_SPREAD), rest)


def _in_bands(power: Tensor, geometry: Geometry) -> Tensor:
    """Power `[B, bins, frames]` in each band, the mean of a latent frame: `[B, latents, BANDS]`."""
    bank = filters(_stereo_bands(geometry)).to(power)
    frames = power.transpose(1, 2) @ bank.T
    return frames.unflatten(1, (-1, geometry.squeeze)).mean(dim=2)


@cache
def _over_bins(geometry: Geometry) -> tuple[Tensor, Tensor]:
    """What makes a value of each band one of each bin `[bins, BANDS]`, and each bin's direction of
    turning `[bins]`, 1 or -1."""
    weights = between_bands(_stereo_bands(geometry))[0].T
    return weights, 1 - 2 * (weights.argmax(dim=1) % 2).float()


def _stereo_bands(geometry: Geometry) -> Geometry:
    return replace(geometry, mels=BANDS)
