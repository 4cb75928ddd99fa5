"""What a training will need, before it begins: weights, memory, steps, time."""

import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from mmusset.bounded import open_regular
from mmusset.errors import MmussetError
from mmusset.musflow.codecs.bundled import geometry_of
from mmusset.musflow.codecs.codec import open_codec
from mmusset.musflow.data.cache import Cache, CacheManifest, LatentSpec
from mmusset.musflow.data.encode import latent_spec, resampled
from mmusset.musflow.data.live import CROPPED_PART
from mmusset.musflow.encoders.encoders import Encoders, open_encoders
from mmusset.musflow.licences import show_licences
from mmusset.musflow.model import flow
from mmusset.musflow.model.musflow import MusFlow
from mmusset.musflow.model.network import DiTBlock, NetworkConfig, rotary_embedding
from mmusset.musflow.recipe import MODALITIES, CodecPart, MusFlowRecipe
from mmusset.shards.reader import (
    HUB,
    BadSample,
    Read,
    broken,
    decoded,
    listed_samples,
    raw_samples,
    shards_of,
    split_of,
)
from mmusset.shards.tar import headers
from mmusset.text import duration
from mmusset.training import checkpoint
from mmusset.training.room import GIB, gib_text, room_gib
from mmusset.training.world import World

from .checkpoint import FlowState, check_spec
from .cost import step_flops
from .stages import Training, check_folder

TIMED_CLIPS, TIMINGS = 32, 3
BESIDE_BLOCKS = 1.05  # of a step's time: optimizer, average, data, the network's ends


@dataclass(frozen=True, slots=True)
class Plan:
    """Memory in GiB for each process, without codec and encoders; `room` is what is there.

    `clips` is 0 where their number is not known. `activations` is counted on the model itself,
    without computing it; `seconds_per_step` follows from the speed of one of its blocks, on
    this device, now.
    """

    parameters: int
    clips: int
    seconds_per_clip: float
    frames: int
    steps: int
    steps_done: int
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
        left = self.steps - self.steps_done
        done = f", of which {self.steps_done} are done" if self.steps_done else ""
        times = f", {self.epochs:.1f} times through the clips" if self.clips else ""
        return "\n".join(
            [
                f"weights     {self.parameters / 1e6:.2f} M trained",
                f"clips       {self.clips or 'a number that no manifest tells,'} of"
                f" {self.seconds_per_clip:.2f} s, {self.frames} latent frames each",
                f"steps       {self.steps}{times}{done}",
                f"memory      {gib_text(self.memory)} = {gib_text(self.weights)} weights"
                f" + {gib_text(self.gradients_and_moments)} gradients and moments"
                f" + {gib_text(self.average)} average + {gib_text(self.activations)} activations;"
                f" {gib_text(self.room)} are there: {fits}",
                f"computing   {self.flops_per_step / 1e9:.3g} GFLOP a step",
                f"time        about {duration(left * self.seconds_per_step)}"
                f" ({self.seconds_per_step:.2g} s a step on this device), without fitting the"
                " codec, encoding, and listening",
            ]
        )


def plan(training: Training) -> Plan:
    """The plan of a training; nothing is written.

    Raises UsageError and MmussetError where the training itself would before its first step.
    """
    recipe, world = training.recipe, training.world
    world.check_batch(recipe.train.batch)
    shards = [shard for shard in shards_of(training.source) if split_of(shard) == "train"]
    check_folder(training)
    show_licences(recipe, training.progress.log)
    spec = _spec(training, open_encoders(recipe.encoders, world.device))
    frames = _frames(training, shards, spec)
    batch = recipe.train.batch // world.size
    shape, weights, activations = _counted(recipe, spec, frames, batch, world.device)
    flops = step_flops(shape, frames, len(MODALITIES), recipe.train.batch)
    timed = min(batch, TIMED_CLIPS)
    ours = step_flops(shape, frames, len(MODALITIES), timed) / shape.depth
    per_flop = _seconds_of_block(shape, frames, timed, world, recipe) / ours
    clips = _clips(shards)
    gib = 4 * weights / GIB
    return Plan(
        parameters=weights,
        clips=clips,
        seconds_per_clip=frames * spec.samples_per_latent / spec.rate_hz,
        frames=frames,
        steps=recipe.train.steps,
        steps_done=_steps_done(training, spec),
        epochs=recipe.train.steps * recipe.train.batch / max(clips, 1),
        weights=gib,
        gradients_and_moments=3 * gib,
        average=gib,
        activations=activations / GIB,
        room=room_gib(world.device),
        flops_per_step=flops,
        seconds_per_step=BESIDE_BLOCKS * per_flop * flops / world.size,
    )


def _steps_done(training: Training, spec: LatentSpec) -> int:
    """Of this training. Raises Refused where the folder holds another."""
    before = checkpoint.last(training.folder.checkpoints)
    if before is None:
        return 0
    check_spec(FlowState(**before.task), spec)
    return before.step


def _spec(training: Training, encoders: Encoders) -> LatentSpec:
    """Who will encode; a bundled codec need not be fitted yet."""
    part, folder = training.recipe.codec, training.folder.codec
    if part.kind == "bundled" and not (folder / "codec.json").exists():
        return _bundled(part, encoders)
    return latent_spec(open_codec(part, folder, training.world.device), encoders)


def _bundled(part: CodecPart, encoders: Encoders) -> LatentSpec:
    return LatentSpec(
        codec="bundled/not fitted yet",
        encoders=encoders.identities(),
        widths=encoders.widths(),
        rate_hz=part.rate_hz,
        channels=1,
        latent_channels=part.channels,
        samples_per_latent=geometry_of(part, part.crop_seconds).samples_per_latent,
    )


def _frames(training: Training, shards: list[str], spec: LatentSpec) -> int:
    """Latent frames of the commonest clip of the cache, or else of the first clip."""
    if training.cached:
        try:
            cache = Cache(training.folder.cache, "train", spec)
            return cache.lengths[cache.counts.index(max(cache.counts))]
        except (MmussetError, ValueError):
            pass  # no cache, or one that this training would make anew
    frames = max(1, _first_samples(shards, spec) // spec.samples_per_latent)
    return frames if training.cached else max(1, frames - max(1, frames // CROPPED_PART))


def _first_samples(shards: list[str], spec: LatentSpec) -> int:
    """Samples of the first clip that can be used, at the codec's rate."""
    why = "the train split is empty"
    for shard in shards:
        for key, members in raw_samples(shard):
            try:
                read: Read = decoded(key, members)
                return len(resampled(read.sound, read.rate_hz, spec.rate_hz, spec.channels))
            except BadSample as error:
                why = f"none can be used; {shard}: {key}: {error}"
    raise MmussetError(f"no accepted samples to train on: {why}")


def _clips(shards: list[str]) -> int:
    """How many clips the shards hold, 0 where that is not known without reading all of them."""
    counts = [listed_samples(shard) for shard in shards]
    if all(count is not None for count in counts):
        return sum(count or 0 for count in counts)
    return 0 if shards[0].startswith(HUB) else sum(_in_tar(Path(shard)) for shard in shards)


def _in_tar(shard: Path) -> int:
    try:
        with open_regular(shard) as file:
            return sum(info.name.endswith(".music.flac") for info in headers(file))
    except tarfile.TarError as error:
        raise broken(str(shard), str(error)) from None


def _unmeasured(spec: LatentSpec) -> CacheManifest:
    """A manifest of the right widths."""
    zeros, ones = (0.0,) * spec.latent_channels, (1.0,) * spec.latent_channels
    return CacheManifest(
        spec=spec,
        latent_mean=zeros,
        latent_std=ones,
        embedding_mean=(0.0,) * sum(spec.widths.values()),
        embedding_scale=dict.fromkeys(spec.widths, 1.0),
        shards=(),
        clips={},
        bad={},
    )


def _counted(
    recipe: MusFlowRecipe, spec: LatentSpec, frames: int, batch: int, device: str
) -> tuple[NetworkConfig, int, int]:
    """The network's shape, the number of weights, and the bytes that a step keeps for its way back.

    The model is there in shapes alone. Under bf16 weights, moments and average stay float32;
    what is kept is counted as autocast keeps it, with its copies of the weights.
    """
    bf16 = recipe.train.precision == "bf16"
    with FakeTensorMode(), torch.device(device):
        model = MusFlow(recipe, _unmeasured(spec))
        own = {weight.untyped_storage()._cdata for weight in model.parameters()}
        latents = torch.empty(batch, frames, spec.latent_channels)
        told = {name: torch.empty(batch, width) for name, width in spec.widths.items()}
        there = torch.ones(batch, len(MODALITIES), dtype=torch.bool)
        kept = dict[int, Tensor]()  # the tensors themselves, else an address may come twice
        with _keeping(kept), torch.autocast(device.partition(":")[0], torch.bfloat16, bf16):
            condition = model.condition(model.alignment(told), there)
            v = model.network(latents, torch.empty(batch), condition)
            flow.velocity_loss(v, latents)
    size = sum(t.untyped_storage().nbytes() for place, t in kept.items() if place not in own)
    return model.network.config, sum(w.numel() for w in model.parameters()), size


@contextmanager
def _keeping(kept: dict[int, Tensor]) -> Iterator[None]:
    """Note what autograd saves, by its place in memory."""

    def keep(tensor: Tensor) -> Tensor:
        kept.setdefault(tensor.untyped_storage()._cdata, tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        yield


def _seconds_of_block(
    shape: NetworkConfig, frames: int, clips: int, world: World, recipe: MusFlowRecipe
) -> float:
    """The least seconds of a block of the network, forwards and backwards, for some clips."""
    tokens = len(MODALITIES)
    block = DiTBlock(shape).to(world.device)
    x = torch.randn(clips, frames + tokens, shape.width, device=world.device, requires_grad=True)
    modulation = torch.randn(clips, 6, shape.width, device=world.device, requires_grad=True)
    turns = rotary_embedding(tokens, frames, shape.width // shape.heads, x)
    bf16, kind = recipe.train.precision == "bf16", world.device.partition(":")[0]
    taken = list[float]()
    for _ in range(TIMINGS + 1):
        begun_s = time.perf_counter()
        with torch.autocast(kind, torch.bfloat16, bf16):
            made = block(x, modulation, turns)
        made.float().sum().backward()
        if world.cuda:
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - begun_s)
    return min(taken[1:])
