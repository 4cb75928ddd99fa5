"""MusFlow: alignment, learned nulls, the velocity network, and the scale of its latents."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from mmusset.musflow.data.cache import CacheManifest, LatentBatch
from mmusset.musflow.data.video_frames import VideoFrames, no_frames
from mmusset.musflow.recipe import MODALITIES, FlowTrainPart, MusFlowRecipe
from mmusset.training.order import generator_at

from . import flow
from .alignment import Alignment
from .known import KnownPart, draw_known
from .metronome import FEATURES, metronome
from .network import NetworkConfig, VelocityNetwork
from .video import latent_places, video_features


@dataclass(frozen=True, slots=True)
class Draws:
    """Everything random about a training batch.

    `timesteps` `[B]`; `noise`, the x0 of the flow, and `posterior_noise`, with which latents are
    drawn from the codec's posterior, `[B, T, C]`; `condition_mask` `[B, M]`, which modalities
    are given to the network; `video_mask` and `beat_mask` `[B]`, whether video and metronome are;
    `known` `[B, T]`, which latent frames are.
    """

    timesteps: Tensor
    noise: Tensor
    posterior_noise: Tensor
    condition_mask: Tensor
    video_mask: Tensor
    beat_mask: Tensor
    known: Tensor

    def share(self, rows: slice) -> "Draws":
        """Those of one process of several."""
        return Draws(*(getattr(self, name)[rows] for name in self.__slots__))


class FlowLosses(NamedTuple):
    """Of a batch: each sample's flow loss and timestep `[B]`, and the alignment's loss."""

    flow: Tensor
    timesteps: Tensor
    alignment: Tensor


class Condition(NamedTuple):
    """What the network is told beside x and t, in the order of its arguments: embeddings
    `[B, M, E]`, which of them are given `[B, M]`, the metronome `[B, T, features]`, what is known
    of the music `[B, T, C + 1]`, and a video's frames `[B, S, features]`, where they stand and
    which are shown, each `[B, S]`."""

    embeddings: Tensor
    given: Tensor
    beat: Tensor
    known: Tensor
    video: Tensor
    video_at: Tensor
    video_shown: Tensor


class MusFlow(nn.Module):
    """From noise and conditions to the latents of music."""

    def __init__(self, recipe: MusFlowRecipe, manifest: CacheManifest) -> None:
        super().__init__()
        spec = manifest.spec
        self.alignment = Alignment(recipe.alignment, spec.widths)
        self.alignment.set_scale(manifest)
        width = spec.widths["audio"]
        part = recipe.network
        self.tokens = part.tokens
        self.nulls = nn.Parameter(torch.randn(len(self.tokens), width))
        config = NetworkConfig(
            spec.latent_channels,
            width,
            part.width,
            part.depth,
            part.heads,
            part.qk_norm,
            FEATURES if part.metronome else 0,
            spec.latent_channels + 1 if recipe.train.known else 0,
            2 * spec.widths["image"] if manifest.video_frames else 0,
        )
        self.network = VelocityNetwork(
            config, len(self.tokens), recipe.train.activation_checkpointing
        )
        self.frame_s = spec.samples_per_latent / spec.rate_hz
        self.register_buffer("latent_mean", torch.tensor(manifest.latent_mean))
        self.register_buffer("latent_std", torch.tensor(manifest.latent_std))

    def condition(
        self,
        aligned: Tensor,
        mask: Tensor,
        beat: Tensor,
        frames: int,
        known: KnownPart | None = None,
        video: VideoFrames | None = None,
    ) -> Condition:
        """The network's condition: aligned embeddings `[B, M, E]` where `mask` `[B, M]` is True,
        learned nulls elsewhere, a metronome over `frames` by beats `[B, 3]`, what is `known` of the
        music, and the frames of a `video` that are shown.

        Every condition reaches the network through here, so a masked one can't leak. Unit
        vectors are brought to a spread of 1 per channel, the size that the nulls start at.
        """
        scaled = math.sqrt(aligned.shape[-1]) * aligned
        embeddings = torch.where(mask[..., None], scaled, self.nulls.to(scaled.dtype))
        shape = (len(aligned), frames, len(self.latent_mean) + 1)
        told = known.features() if known else aligned.new_zeros(shape)
        seen = video or no_frames(len(aligned), aligned)
        return Condition(
            embeddings,
            mask,
            metronome(beat, frames, self.frame_s),
            told,
            self._video_features(seen),
            latent_places(seen.at_s, self.frame_s),
            seen.shown,
        )

    def _video_features(self, video: VideoFrames) -> Tensor:
        """`[B, S, features]`, of a network that can be told no video, or of no frames, empty."""
        if not (self.network.config.video_features and video.shown.shape[1]):
            return video.at_s.new_zeros(*video.at_s.shape, self.network.config.video_features)
        return video_features(self.alignment.normalized("image", video.embeddings), video.shown)

    def forward(self, batch: LatentBatch, draws: Draws) -> FlowLosses:
        """The losses of a batch under `draws`, which are of this process's share of it.

        The alignment's loss is over the whole batch in every process, since it compares each
        clip with all others.
        """
        latents = batch.mean.float()
        if batch.std is not None:
            latents = latents + batch.std.float() * draws.posterior_noise
        x1 = self.normalize(latents)
        t = draws.timesteps
        adapted = self.alignment(batch.embeddings)
        target = self.alignment.target(batch.embeddings["audio"])
        aligned = self._with_audio(adapted, target)
        mask = draws.condition_mask & self.present(batch)[batch.share]
        beat = batch.beat[batch.share] * draws.beat_mask[:, None]
        known = KnownPart(x1, draws.known)
        video = batch.video and batch.video.each(lambda each: each[batch.share])
        video = video and video.given(draws.video_mask)
        condition = self.condition(aligned[batch.share], mask, beat, x1.shape[1], known, video)
        v = self.network(flow.interpolate(draws.noise, x1, t), t, *condition)
        return FlowLosses(
            flow.velocity_loss(v, flow.velocity_target(draws.noise, x1), ~draws.known),
            t,
            self.alignment.loss(adapted, target, batch.present, batch.kin, batch.beat),
        )

    def aligned(self, embeddings: Mapping[str, Tensor]) -> Tensor:
        """What the network is told of embeddings `[B, W]`, as unit vectors `[B, M, E]` in the order
        of `tokens`: those of a sound are where the adapters of the others lead."""
        target = self.alignment.target(embeddings["audio"])
        return self._with_audio(self.alignment(embeddings), target)

    def present(self, batch: LatentBatch) -> Tensor:
        """Which of the `tokens` the clips of a batch have, `[B, M]`: all have their sound."""
        return functional.pad(batch.present, (0, len(self.tokens) - len(MODALITIES)), value=True)

    def asked(self, batch: LatentBatch) -> Tensor:
        """The same without the sound where a clip has anything else: what people ask with."""
        alone = ~batch.present.any(dim=1, keepdim=True)
        return torch.cat([batch.present, alone], dim=1)[:, : len(self.tokens)]

    def _with_audio(self, adapted: Tensor, target: Tensor) -> Tensor:
        if "audio" not in self.tokens:
            return adapted
        return torch.cat([adapted, target[:, None]], dim=1)

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
        std=None if batch.std is None else moved(batch.std),
        embeddings={name: moved(value) for name, value in batch.embeddings.items()},
        present=moved(batch.present),
        kin=moved(batch.kin),
        beat=moved(batch.beat),
        video=batch.video and batch.video.each(moved),
    )


def draw(
    part: FlowTrainPart,
    step: int,
    shape: tuple[int, int, int],
    present: Tensor,
    use: str = "train",
    video_present: Tensor | None = None,
) -> Draws:
    """Everything random about a step, for latents of `shape` (B, T, C), on the device of `present`
    `[B, M]`, which modalities each sample has; `video_present` `[B]` are those that have a video,
    which is one more.

    Random conditioning: each sample is given a random non-empty subset of what it has, all equally
    likely, unless the recipe has it off: then all of it. `part.drop` of the samples are given none,
    for classifier-free guidance. The metronome is dropped by itself, in `part.beat_drop` of the
    samples; a part of the music is known in `part.known` of them.
    """
    device = str(present.device)

    def generator(name: str) -> torch.Generator:
        return generator_at(part.seed, step, f"{use} {name}", device)

    def uniform(name: str) -> Tensor:
        return torch.rand(shape[0], generator=generator(name), device=device)

    if video_present is None:
        video_present = torch.zeros_like(present[:, 0])
    there = torch.cat([present, video_present[:, None]], dim=1)
    subset = random_subset(uniform("subset"), there) if part.random_conditioning else there
    given = subset & (uniform("drop") >= part.drop)[:, None]
    gaps = torch.rand((shape[0], 3), generator=generator("known"), device=device)
    return Draws(
        timesteps=flow.sample_timesteps(uniform("times"), part.time_mean, part.time_std),
        noise=torch.randn(shape, generator=generator("noise"), device=device),
        posterior_noise=torch.randn(shape, generator=generator("latents"), device=device),
        condition_mask=given[:, :-1],
        video_mask=given[:, -1],
        beat_mask=uniform("beat") >= part.beat_drop,
        known=draw_known(gaps, part.known, shape[1]),
    )


def random_subset(uniform: Tensor, present: Tensor) -> Tensor:
    """A non-empty subset `[B, M]` of what is `present` `[B, M]`, all equally likely, by a draw from
    [0, 1) for each sample; an empty one where nothing is present."""
    subsets = 2 ** present.sum(dim=1) - 1
    # As a bit mask from 1 to 2^n - 1 over those present; clamped, since a product may round up.
    number = 1 + torch.minimum((uniform * subsets).long(), (subsets - 1).clamp_min(0))
    place = (present.cumsum(dim=1) - 1).clamp_min(0)
    return present & ((number[:, None] >> place) & 1 > 0)
