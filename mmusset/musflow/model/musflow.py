"""MusFlow: alignment, learned nulls, the velocity network, and the scale of its latents."""

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmusset.musflow.data.cache import CacheManifest, LatentBatch
from mmusset.musflow.recipe import MODALITIES, FlowTrainPart, MusFlowRecipe
from mmusset.training.order import generator_at

from . import flow
from .alignment import Alignment
from .network import NetworkConfig, VelocityNetwork


@dataclass(frozen=True, slots=True)
class Draws:
    """Everything random about a training batch.

    `timesteps` `[B]`; `noise`, the x0 of the flow, and `posterior_noise`, with which latents are
    drawn from the codec's posterior, `[B, T, C]`; `condition_mask` `[B, M]`, which modalities
    are given to the network.
    """

    timesteps: Tensor
    noise: Tensor
    posterior_noise: Tensor
    condition_mask: Tensor

    def share(self, rows: slice) -> "Draws":
        """Those of one process of several."""
        return Draws(*(getattr(self, name)[rows] for name in self.__slots__))


class FlowLosses(NamedTuple):
    """Of a batch: each sample's flow loss and timestep `[B]`, and the alignment's loss."""

    flow: Tensor
    timesteps: Tensor
    alignment: Tensor


class MusFlow(nn.Module):
    """From noise and conditions to the latents of music."""

    def __init__(self, recipe: MusFlowRecipe, manifest: CacheManifest) -> None:
        super().__init__()
        spec = manifest.spec
        self.alignment = Alignment(recipe.alignment, spec.widths)
        self.alignment.set_scale(manifest)
        width = spec.widths["audio"]
        self.nulls = nn.Parameter(torch.randn(len(MODALITIES), width))
        part = recipe.network
        config = NetworkConfig(
            spec.latent_channels, width, part.width, part.depth, part.heads, part.qk_norm
        )
        self.network = VelocityNetwork(config, len(MODALITIES))
        self.register_buffer("latent_mean", torch.tensor(manifest.latent_mean))
        self.register_buffer("latent_std", torch.tensor(manifest.latent_std))

    def condition(self, aligned: Tensor, mask: Tensor) -> Tensor:
        """The network's condition `[B, M, E]`: aligned embeddings `[B, M, E]` where `mask`
        `[B, M]` is True, learned nulls elsewhere.

        Every condition reaches the network through here, so a masked one can't leak. Unit
        vectors are brought to a spread of 1 per channel, the size that the nulls start at.
        """
        scaled = math.sqrt(aligned.shape[-1]) * aligned
        return torch.where(mask[..., None], scaled, self.nulls.to(scaled.dtype))

    def forward(self, batch: LatentBatch, draws: Draws) -> FlowLosses:
        """The losses of a batch under `draws`, which are of this process's share of it.

        The alignment's loss is over the whole batch in every process, since it compares each
        clip with all others.
        """
        x1 = self.normalize(batch.mean.float() + batch.std.float() * draws.posterior_noise)
        t = draws.timesteps
        aligned = self.alignment(batch.embeddings)
        mask = draws.condition_mask & batch.present[batch.share]
        condition = self.condition(aligned[batch.share], mask)
        v = self.network(flow.interpolate(draws.noise, x1, t), t, condition)
        target = self.alignment.target(batch.embeddings["audio"])
        return FlowLosses(
            flow.velocity_loss(v, flow.velocity_target(draws.noise, x1)),
            t,
            self.alignment.loss(aligned, target, batch.present),
        )

    def normalize(self, latents: Tensor) -> Tensor:
        """Latents of the codec, brought to mean 0 and spread 1 over the training set."""
        return (latents - self.latent_mean) / self.latent_std

    def denormalize(self, x: Tensor) -> Tensor:
        """The codec's latents again."""
        return x * self.latent_std + self.latent_mean


def on_device(batch: LatentBatch, device: str) -> LatentBatch:
    """A batch's tensors on a device; from pinned memory without waiting."""

    def moved(tensor: Tensor) -> Tensor:
        return tensor.to(device, non_blocking=True)

    return replace(
        batch,
        mean=moved(batch.mean),
        std=moved(batch.std),
        embeddings={name: moved(value) for name, value in batch.embeddings.items()},
        present=moved(batch.present),
    )


def draw(
    part: FlowTrainPart, step: int, shape: tuple[int, int, int], device: str, use: str = "train"
) -> Draws:
    """Everything random about a step, for latents of `shape` (B, T, C).

    Random conditioning: each sample is given a random non-empty subset of its modalities, all
    equally likely; `part.drop` of the samples are given none, for classifier-free guidance.
    """

    def generator(name: str) -> torch.Generator:
        return generator_at(part.seed, step, f"{use} {name}", device)

    def uniform(name: str) -> Tensor:
        return torch.rand(shape[0], generator=generator(name), device=device)

    subsets = 2 ** len(MODALITIES) - 1
    # A subset as a bit mask from 1 to 2^M - 1; clamped, since a product may round up.
    subset = 1 + (uniform("subset") * subsets).long().clamp(max=subsets - 1)
    subset = torch.where(uniform("drop") < part.drop, 0, subset)
    bits = 2 ** torch.arange(len(MODALITIES), device=device)
    return Draws(
        timesteps=flow.sample_timesteps(uniform("times"), part.time_mean, part.time_std),
        noise=torch.randn(shape, generator=generator("noise"), device=device),
        posterior_noise=torch.randn(shape, generator=generator("latents"), device=device),
        condition_mask=(subset[:, None] & bits) > 0,
    )
