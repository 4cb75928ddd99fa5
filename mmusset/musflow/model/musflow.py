"""MusFlow: alignment, learned nulls, the velocity network, and the scale of its latents."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn

from mmusset.musflow.data.cache import Batch, Manifest
from mmusset.musflow.recipe import MODALITIES, FlowTrainPart, Modality, MusFlowRecipe
from mmusset.training.order import generator_at

from . import flow
from .align import Alignment
from .network import Shape, VelocityNetwork


@dataclass(frozen=True, slots=True)
class Throws:
    """What chance decides for a batch: times `[B]`, `noise` and `latent_noise` `[B, T, C]`,
    and which conditions are `kept` `[B, M]`."""

    times: Tensor
    noise: Tensor
    latent_noise: Tensor
    kept: Tensor

    def share(self, rows: slice) -> "Throws":
        """Those of one process of several."""
        return Throws(*(getattr(self, name)[rows] for name in self.__slots__))


class Losses(NamedTuple):
    """Of a batch: each sample's flow loss and time `[B]`, and the alignment's loss."""

    flow: Tensor
    times: Tensor
    alignment: Tensor


class MusFlow(nn.Module):
    """From noise and conditions to the latents of music."""

    def __init__(self, recipe: MusFlowRecipe, manifest: Manifest) -> None:
        super().__init__()
        maker = manifest.maker
        self.alignment = Alignment(recipe.alignment, maker.widths)
        self.alignment.learn_scale(manifest)
        width = maker.widths["audio"]
        self.nulls = nn.Parameter(torch.randn(len(MODALITIES), width))
        part = recipe.network
        shape = Shape(
            maker.latent_channels, width, part.width, part.depth, part.heads, part.qk_norm
        )
        self.network = VelocityNetwork(shape, len(MODALITIES))
        self.register_buffer("latent_mean", torch.tensor(manifest.latent_mean))
        self.register_buffer("latent_std", torch.tensor(manifest.latent_std))

    def condition(self, aligned: Tensor, kept: Tensor) -> Tensor:
        """What the network is told `[B, M, E]`: aligned embeddings, nulls for what is not kept.

        It is the only way by which a condition reaches the network.
        """
        told = math.sqrt(aligned.shape[-1]) * aligned
        return torch.where(kept[..., None], told, self.nulls.to(told.dtype))

    def forward(self, batch: Batch, throws: Throws) -> Losses:
        """The losses of a batch under these throws, which are of this process's share of it.

        The alignment's loss is over the whole batch in every process: it compares each clip
        with all others.
        """
        x1 = self.scaled(batch.mean.float() + batch.std.float() * throws.latent_noise)
        t = throws.times
        aligned = self.alignment(batch.embeddings)
        condition = self.condition(aligned[batch.share], throws.kept & batch.present[batch.share])
        v = self.network(flow.point(throws.noise, x1, t), t, condition)
        target = self.alignment.target(batch.embeddings["audio"])
        return Losses(
            flow.loss(v, flow.target(throws.noise, x1)),
            t,
            self.alignment.loss(aligned, target, batch.present),
        )

    def scaled(self, latents: Tensor) -> Tensor:
        """Latents of the codec, brought to mean 0 and spread 1 over the training set."""
        return (latents - self.latent_mean) / self.latent_std

    def unscaled(self, x: Tensor) -> Tensor:
        """The codec's latents again."""
        return x * self.latent_std + self.latent_mean


def on_device(batch: Batch, device: str) -> Batch:
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


def throw(
    part: FlowTrainPart, step: int, shape: tuple[int, int, int], device: str, use: str = "train"
) -> Throws:
    """All that chance decides at a step, for latents of `shape`.

    Random conditioning: each sample keeps a random non-empty subset of its modalities, all
    equally likely; `part.drop` of the samples keep none, for guidance.
    """

    def of(name: str) -> torch.Generator:
        return generator_at(part.seed, step, f"{use} {name}", device)

    def uniform(name: str) -> Tensor:
        return torch.rand(shape[0], generator=of(name), device=device)

    subsets = 2 ** len(MODALITIES) - 1
    subset = 1 + (uniform("subset") * subsets).long().clamp(max=subsets - 1)
    subset = torch.where(uniform("drop") < part.drop, 0, subset)
    bits = 2 ** torch.arange(len(MODALITIES), device=device)
    return Throws(
        times=flow.times(uniform("times"), part.time_mean, part.time_std),
        noise=torch.randn(shape, generator=of("noise"), device=device),
        latent_noise=torch.randn(shape, generator=of("latents"), device=device),
        kept=(subset[:, None] & bits) > 0,
    )


def guided(
    model: MusFlow, aligned: Tensor, present: Tensor, guidance: Mapping[Modality, float]
) -> flow.Velocity:
    """The velocity under guidance (Ho and Salimans 2022, arXiv 2207.12598), a scale a modality.

    v = v() + g1 (v(c1) - v()) + g2 (v(c1, c2) - v(c1)) + ..., so with one scale for all it
    is the usual v() + g (v(c) - v()); a scale of 0 leaves its modality out, and where all
    are 0 nothing is asked for.
    """
    chain = [torch.zeros_like(present)]
    weights = list[float]()
    scales = [guidance[name] for name in MODALITIES]
    for number, scale in enumerate(scales):
        if not (scale and present[:, number].any()):
            continue
        kept = chain[-1].clone()
        kept[:, number] = present[:, number]
        if weights and weights[-1] == scale:
            chain[-1] = kept
        else:
            chain.append(kept)
            weights.append(scale)
    asked = [(k, f) for k, f in zip(chain, _factors(weights), strict=True) if f]
    conditions = torch.cat([model.condition(aligned, kept) for kept, _ in asked])

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        many = len(asked)
        v = model.network(x.repeat(many, 1, 1), t.repeat(many), conditions)
        parts = v.float().chunk(many)
        return sum(
            (factor * part for (_, factor), part in zip(asked, parts, strict=True)),
            torch.zeros_like(x),
        )

    return velocity


def _factors(weights: list[float]) -> list[float]:
    """What each velocity of the chain counts: 1 - g1, g1 - g2, ..., gn."""
    return [before - after for before, after in zip([1.0, *weights], [*weights, 0.0], strict=True)]
