"""From noise to latents, by a trained model and a seed."""

from collections.abc import Sequence

import torch
from torch import Tensor

from mmusset.musflow.data.video_frames import VideoFrames
from mmusset.musflow.recipe import CONDITIONS, SamplerPart
from mmusset.training.order import generator_at

from . import flow
from .guidance import guided_velocity
from .known import KnownPart, along_known
from .musflow import MusFlow


@torch.no_grad()
def sample(
    model: MusFlow,
    aligned: Tensor,
    present: Tensor,
    frames: int,
    sampler: SamplerPart,
    seed: int,
    guidance: Sequence[float] | None = None,
    beat: Tensor | None = None,
    known: KnownPart | None = None,
    without: Tensor | None = None,
    window: int = 0,
    video: VideoFrames | None = None,
) -> Tensor:
    """Latents `[B, frames, C]` for conditions `[B, M, E]`, of which some are `present` `[B, M]`,
    to beats `[B, 3]`, or without a metronome.

    The noise is drawn for one clip and used for the whole batch, so what a seed gives does
    not depend on what else is in the batch. `guidance` has a scale for each condition; without
    it the sampler's scale holds for all. The `video` goes by the seconds of what is made. What is
    `known` comes back as it is; `without` `[B, E]` is a negative prompt's aligned embedding; and
    each `window` of a long piece has another noise.
    """
    scales = guidance or [sampler.guidance] * len(CONDITIONS)
    device = str(aligned.device)
    shape = (1, frames, len(model.latent_mean))
    # Drawn on the CPU: a GPU's generator gives other numbers for the same seed.
    noise = (
        torch.randn(shape, generator=generator_at(seed, window, "generate"))
        .to(device)
        .repeat(len(aligned), 1, 1)
    )
    if beat is None:
        beat = torch.zeros(len(aligned), 3, device=device)
    named = dict(zip(CONDITIONS, scales, strict=True))
    velocity = guided_velocity(model, aligned, present, beat, frames, named, known, without, video)
    if known:
        velocity = along_known(velocity, noise, known)
    timesteps = flow.timestep_grid(sampler.steps, sampler.shift)
    return model.denormalize(flow.SOLVERS[sampler.method](velocity, noise, timesteps))
