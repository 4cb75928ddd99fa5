"""Music of which a part is known: going on from it, filling a gap in it.

In a share of the training's samples the network is told a part of the music itself, beside the
noise, and only what it is not told counts in the loss (Le et al. 2023, Voicebox, arXiv 2306.15687,
section 3.1; Stable Audio Open's in-painting is trained alike). What is told are the latents where
they are known, 0 elsewhere, and which is which.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from . import flow

LEAST_GAP, MOST_GAP = 1 / 8, 7 / 8  # of a clip
AT_THE_END = 0.5  # of the gaps: there the music goes on from what is known


class KnownPart(NamedTuple):
    """The part of music that is known: normalized latents `[B, T, C]`, and where they are it,
    `mask` `[B, T]`."""

    latents: Tensor
    mask: Tensor

    def features(self) -> Tensor:
        """As the network is told it, `[B, T, C + 1]`."""
        shown = self.mask[..., None].to(self.latents.dtype)
        return torch.cat([shown * self.latents, shown], dim=2)


def draw_known(uniform: Tensor, share: float, frames: int) -> Tensor:
    """Which frames are known `[B, T]`, by three draws from [0, 1) for each sample, `[B, 3]`: in a
    `share` of the samples all but a gap, in the others none."""
    is_told, length, place = (uniform[:, n, None] for n in range(3))
    gap = ((LEAST_GAP + (MOST_GAP - LEAST_GAP) * length) * frames).round().clamp(min=1)
    # The rest of the draw is spread evenly over all places; the end is one of them anyway.
    start = (place / (1 - AT_THE_END)).clamp(max=1) * (frames - gap)
    at = torch.arange(frames, device=uniform.device)
    in_gap = (at >= start.round()) & (at < start.round() + gap)
    return (is_told < share) & ~in_gap


def along_known(velocity: flow.Velocity, x0: Tensor, known: KnownPart) -> flow.Velocity:
    """A velocity from noise `x0` `[B, T, C]`, which on the known part is that of its own path.

    So the network meets there, at each step, what it met in training; and in the end it is what
    is known.
    """
    own = flow.velocity_target(x0, known.latents)

    def velocity_with_known(x: Tensor, t: Tensor) -> Tensor:
        return torch.where(known.mask[..., None], own, velocity(x, t))

    return velocity_with_known
