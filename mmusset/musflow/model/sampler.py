"""From noise to latents, by a trained model and a seed."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmusset.musflow.recipe import MODALITIES, SamplerPart
from mmusset.training.order import generator_at

from . import flow
from .musflow import MusFlow, guided


@torch.no_grad()
def make(
    model: MusFlow,
    aligned: Tensor,
    present: Tensor,
    frames: int,
    sampler: SamplerPart,
    seed: int,
    guidance: Sequence[float] | None = None,
) -> Tensor:
    """Latents `[B, frames, C]` for conditions `[B, M, E]`, of which some are `present` `[B, M]`.

    Noise is drawn for one clip and used for all of a batch: what is made of a seed does not
    hang on what else is made. `guidance` has a scale for each modality.
    """
    scales = guidance or [sampler.guidance] * len(MODALITIES)
    device = str(aligned.device)
    shape = (1, frames, len(model.latent_mean))
    noise = torch.randn(shape, generator=generator_at(seed, 0, "generate")).to(device)
    velocity = guided(model, aligned, present, dict(zip(MODALITIES, scales, strict=True)))
    at = flow.grid(sampler.steps, sampler.shift)
    x = flow.integrate(velocity, noise.repeat(len(aligned), 1, 1), at, sampler.method)
    return model.unscaled(x)
