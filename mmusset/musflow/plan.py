"""What a training will need, before it begins: weights, memory, steps, time."""

import os
import time
from dataclasses import dataclass

import torch
from torch import Tensor

from mmusset.errors import MmussetError
from mmusset.text import duration

from .bundled_codec import geometry_of
from .cache import Batch, Cache, Maker, Manifest
from .codec import open_codec
from .cost import step_flops
from .encode import maker_of
from .encoders import open_encoders
from .model import MusFlow, throw
from .network import Block, rotations
from .ranks import Ranks
from .reader import decoded, listed_samples, raw_samples, shards_of, split_of
from .recipe import MODALITIES, CodecPart, MusFlowRecipe
from .run_folder import RunFolder
from .stages import Training

GIB = 2**30
TIMED_CLIPS, TIMINGS = 4, 3
BESIDE_BLOCKS = 1.15  # of a step's time: optimizer, average, data, the network's ends


@dataclass(frozen=True, slots=True)
class Plan:
    """Memory in GiB for each process, without codec and encoders; `room` is what is there.

    `activations` is counted on the model itself; `seconds_per_step` follows from the speed
    of one of its blocks, on this device, now.
    """

    parameters: int
    clips: int
    seconds_per_clip: float
    frames: int
    steps: int
    epochs: float
    weights: float
    gradients_and_moments: float
    average: float
    activations: float
    room: float
    flops_per_step: float
    seconds_per_step: float

    @property
    def memory(self) -> float:
        return self.weights + self.gradients_and_moments + self.average + self.activations

    @property
    def fits(self) -> bool:
        return self.memory < 0.9 * self.room

    def text(self) -> str:
        """For people."""
        fits = (
            "fits"
            if self.fits
            else "does NOT fit: lower train.batch or network.width, or use more processes"
        )
        return "\n".join(
            [
                f"weights     {self.parameters / 1e6:.2f} M trained",
                f"clips       {self.clips} of {self.seconds_per_clip:.2f} s,"
                f" {self.frames} latent frames each",
                f"steps       {self.steps}, {self.epochs:.1f} times through the clips",
                f"memory      {self.memory:.2f} GiB = {self.weights:.2f} weights"
                f" + {self.gradients_and_moments:.2f} gradients and moments"
                f" + {self.average:.2f} average + {self.activations:.2f} activations;"
                f" {self.room:.1f} GiB are there: {fits}",
                f"computing   {self.flops_per_step / 1e9:.0f} GFLOP a step",
                f"time        about {duration(self.steps * self.seconds_per_step)}"
                f" ({self.seconds_per_step:.2f} s a step on this device), without fitting the"
                " codec, encoding, and listening",
            ]
        )


def plan(training: Training) -> Plan:
    """The plan of a training. Raises what opening its shards, codec and encoders may raise."""
    recipe, ranks = training.recipe, training.ranks
    maker, frames, clips = _facts(training.source, recipe, training.folder)
    with torch.device("meta"):
        model = MusFlow(recipe, _unmeasured(maker))
    batch = recipe.train.batch // ranks.count
    weights = sum(weight.numel() for weight in model.parameters())
    gib = 4 * weights / GIB
    part = recipe.network
    shape = model.network.shape
    flops = step_flops(shape, frames, len(MODALITIES), recipe.train.batch)
    one = step_flops(shape, frames, len(MODALITIES), 1) / part.depth
    per_flop = _seconds_of_block(model, frames, ranks, recipe) / (TIMED_CLIPS * one)
    return Plan(
        parameters=weights,
        clips=clips,
        seconds_per_clip=frames * maker.samples_per_latent / maker.rate_hz,
        frames=frames,
        steps=recipe.train.steps,
        epochs=recipe.train.steps * recipe.train.batch / max(clips, 1),
        weights=gib,
        gradients_and_moments=3 * gib,
        average=gib,
        activations=_activations(model, maker, frames, batch, recipe) / GIB,
        room=_room(ranks),
        flops_per_step=flops,
        seconds_per_step=BESIDE_BLOCKS * per_flop * flops / ranks.count,
    )


def _facts(source: str, recipe: MusFlowRecipe, folder: RunFolder) -> tuple[Maker, int, int]:
    """Who encodes, how many latent frames the commonest clip has, and how many clips there are."""
    if (folder.cache / "manifest.json").exists():
        cache = Cache(folder.cache, "train")
        frames = cache.lengths[cache.counts.index(max(cache.counts))]
        return cache.manifest.maker, frames, sum(cache.counts)
    shards = [shard for shard in shards_of(source) if split_of(shard) == "train"]
    if not shards:
        raise MmussetError("no accepted samples to train on: the train split is empty")
    key, members = next(raw_samples(shards[0]))
    first = decoded(key, members)
    encoders = open_encoders(recipe.encoders)
    if recipe.codec.kind == "bundled":
        maker = _bundled(recipe.codec, encoders.identities(), encoders.widths())
    else:
        maker = maker_of(open_codec(recipe.codec, folder.codec), encoders)
    samples = len(first.sound) * maker.rate_hz // first.rate_hz
    frames = max(1, samples // maker.samples_per_latent)
    return maker, frames, sum(listed_samples(shard) or 0 for shard in shards)


def _bundled(part: CodecPart, identities: dict[str, str], widths: dict[str, int]) -> Maker:
    geometry = geometry_of(part, part.crop_seconds)
    return Maker(
        codec="bundled/not fitted yet",
        encoders=identities,
        widths=widths,
        rate_hz=part.rate_hz,
        channels=1,
        latent_channels=part.channels,
        samples_per_latent=geometry.samples_per_latent,
    )


def _unmeasured(maker: Maker) -> Manifest:
    """A manifest of the right widths."""
    zeros, ones = (0.0,) * maker.latent_channels, (1.0,) * maker.latent_channels
    return Manifest(
        maker=maker,
        latent_mean=zeros,
        latent_std=ones,
        embedding_mean=(0.0,) * sum(maker.widths.values()),
        embedding_scale=dict.fromkeys(maker.widths, 1.0),
        shards=(),
        clips={},
        bad={},
    )


def _activations(
    model: MusFlow, maker: Maker, frames: int, batch: int, recipe: MusFlowRecipe
) -> float:
    """Bytes that a step keeps for its way back, counted on the meta device.

    Under bf16 nearly all of them are half as wide.
    """
    shape = (batch, frames, maker.latent_channels)
    latents = torch.empty(shape, device="meta")
    told = Batch(
        keys=("",) * batch,
        mean=latents,
        std=latents,
        embeddings={n: torch.empty(batch, w, device="meta") for n, w in maker.widths.items()},
        present=torch.ones(batch, len(MODALITIES), dtype=torch.bool, device="meta"),
    )
    throws = throw(recipe.train, 0, shape, "cpu")
    there = [getattr(throws, name).to("meta") for name in type(throws).__slots__]
    own = {weight.untyped_storage()._cdata for weight in model.parameters()}
    kept: dict[int, Tensor] = {}  # the tensors themselves, else an address may come twice

    def keep(tensor: Tensor) -> Tensor:
        kept.setdefault(tensor.untyped_storage()._cdata, tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        model.network.train()
        condition = model.condition(model.alignment(told.embeddings), there[3])
        model.network(there[1], there[0], condition)
    total = sum(t.untyped_storage().nbytes() for place, t in kept.items() if place not in own)
    return total / (2 if recipe.train.precision == "bf16" else 1)


def _seconds_of_block(model: MusFlow, frames: int, ranks: Ranks, recipe: MusFlowRecipe) -> float:
    """The least seconds of a block of the network, forwards and backwards, for TIMED_CLIPS."""
    shape, tokens = model.network.shape, len(MODALITIES)
    block = Block(shape).to(ranks.device)
    x = torch.randn(TIMED_CLIPS, frames + tokens, shape.width, device=ranks.device)
    modulation = torch.randn(TIMED_CLIPS, 6, shape.width, device=ranks.device)
    turns = rotations(tokens, frames, shape.width // shape.heads, x)
    bf16, kind = recipe.train.precision == "bf16", ranks.device.partition(":")[0]
    taken = list[float]()
    for _ in range(TIMINGS + 1):
        begun_s = time.perf_counter()
        with torch.autocast(kind, torch.bfloat16, bf16):
            made = block(x, modulation, turns)
        made.float().sum().backward()
        if ranks.cuda:
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - begun_s)
    return min(taken[1:])


def _room(ranks: Ranks) -> float:
    """GiB of memory where the model would live."""
    if ranks.cuda:
        return float(torch.cuda.get_device_properties(ranks.device).total_memory) / GIB
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB
