"""What a training will need, before it begins: weights, memory, steps, time."""

import tarfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from mmusset.bounded import open_regular
from mmusset.errors import MmussetError
from mmusset.musflow.data.cache import Cache, CacheManifest, LatentSpec
from mmusset.musflow.data.encode import resampled
from mmusset.musflow.data.live import CROPPED_PART
from mmusset.musflow.model import flow
from mmusset.musflow.model.musflow import MusFlow
from mmusset.musflow.model.network import DiTBlock, NetworkConfig, rotary_embedding
from mmusset.musflow.recipe import MODALITIES, MusFlowRecipe
from mmusset.shards.reader import (
    BadSample,
    Read,
    broken,
    decoded,
    is_elsewhere,
    listed_samples,
    raw_samples,
    shards_of,
    split_of,
)
from mmusset.shards.tar import headers
from mmusset.text import duration
from mmusset.training import checkpoint
from mmusset.training.memory import Memory, available_gib, gib_text, memory_of_step
from mmusset.training.world import World

from .checkpoint import FlowState, check_spec
from .cost import step_flops
from .flow_stage import micro_batches
from .planned_spec import agree, planned_spec, pretrained_gib
from .stages import Training, check_folder, with_revisions_of_before

TIMED_CLIPS, TIMINGS = 32, 3
# On a CPU a block of a large network is timed on fewer clips: seconds, not minutes.
TIMED_FLOPS_ON_CPU = 2e11
# Where one clip takes longer than this, as bfloat16 does on a CPU that has to imitate it, once is
# enough.
SLOW_S = 2.0
BESIDE_BLOCKS = 1.05  # of a step's time: optimizer, average, data, the network's ends


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """A training before it begins. Memory is that of a step of the flow, in each process;
    `available` is the GiB that are there, `encoding` those of codec and encoders while clips are
    encoded, 0 where they are bundled or not known.

    `clips` is 0 where their number is not known. `seconds_per_step` follows from the speed of
    one of the network's blocks, on this device, now.
    """

    memory: Memory
    clips: int
    seconds_per_clip: float
    frames: int
    steps: int
    steps_done: int
    epochs: float
    available: float
    encoding: float
    flops_per_step: float
    seconds_per_step: float

    def text(self) -> str:
        """For people."""
        fits = (
            "fits"
            if self.memory.fits(self.available)
            else "does NOT fit: lower train.micro_batch, set train.activation_checkpointing, or use"
            " more processes"
        )
        left = self.steps - self.steps_done
        done = f", of which {self.steps_done} are done" if self.steps_done else ""
        times = f", {self.epochs:.1f} times through the clips" if self.clips else ""
        encoding = f"encoding    {gib_text(self.encoding)} for the weights of codec and encoders"
        return "\n".join(
            [
                f"weights     {self.memory.trained / 1e6:.2f} M trained",
                f"clips       {self.clips or 'a number that no manifest tells,'} of"
                f" {self.seconds_per_clip:.2f} s, {self.frames} latent frames each",
                f"steps       {self.steps}{times}{done}",
                f"memory      {self.memory.text()}; {gib_text(self.available)} are there: {fits}",
                *([encoding] if self.encoding else []),
                f"computing   {self.flops_per_step / 1e9:.3g} GFLOP a step",
                f"time        about {duration(left * self.seconds_per_step)}"
                f" ({self.seconds_per_step:.2g} s a step on this device), without fitting the"
                " codec, encoding, and listening",
            ]
        )


def plan(training: Training) -> TrainingPlan:
    """The plan of a training; nothing is written, and nothing that is published is fetched.

    Raises UsageError and MmussetError where the training itself would before its first step.
    """
    training = with_revisions_of_before(training)
    recipe, world = training.recipe, training.world
    world.check_batch(recipe.train.batch)
    shards = [shard for shard in shards_of(training.source) if split_of(shard) == "train"]
    check_folder(training)
    spec = planned_spec(training)
    frames = _frames(training, shards, spec)
    batch = recipe.train.batch // world.size // micro_batches(recipe.train, world.size)
    config, memory = _memory(recipe, spec, frames, batch)
    tokens = len(MODALITIES)
    flops = step_flops(config, frames, tokens, recipe.train.batch)
    clips = _clips(shards)
    return TrainingPlan(
        memory=memory,
        clips=clips,
        seconds_per_clip=frames * spec.samples_per_latent / spec.rate_hz,
        frames=frames,
        steps=recipe.train.steps,
        steps_done=_steps_done(training, spec),
        epochs=recipe.train.steps * recipe.train.batch / max(clips, 1),
        available=available_gib(world.device),
        encoding=pretrained_gib(training),
        flops_per_step=flops,
        seconds_per_step=_beside(recipe)
        * _seconds_per_flop(config, frames, batch, world, recipe)
        * flops
        / world.size,
    )


def _beside(recipe: MusFlowRecipe) -> float:
    """A step's time over that of its blocks, forwards and backwards once: with checkpointing they
    go forwards twice, a third of that time more."""
    return BESIDE_BLOCKS * (4 / 3 if recipe.train.activation_checkpointing else 1)


def _steps_done(training: Training, spec: LatentSpec) -> int:
    """Of this training. Raises Refused where the folder holds another."""
    before = checkpoint.last(training.folder.checkpoints)
    if before is None:
        return 0
    state = FlowState(**before.task)
    trained = CacheManifest.model_validate_json(state.manifest).spec
    check_spec(state, trained if agree(spec, trained) else spec)
    return before.step


def _seconds_per_flop(
    config: NetworkConfig, frames: int, batch: int, world: World, recipe: MusFlowRecipe
) -> float:
    """By a block of the network."""
    flops_per_clip = step_flops(config, frames, len(MODALITIES), 1) / config.depth
    clips, timings = 1, 1
    seconds = _seconds_of_block(config, frames, clips, timings, world, recipe)
    if world.cuda or seconds < SLOW_S:
        clips = _timed_clips(flops_per_clip, batch, world)
        seconds = _seconds_of_block(config, frames, clips, TIMINGS + 1, world, recipe)
    return seconds / (clips * flops_per_clip)


def _timed_clips(flops_per_clip: float, batch: int, world: World) -> int:
    """How many clips a block is timed on: as many as a step has, but few enough to be quick."""
    most = TIMED_CLIPS if world.cuda else int(TIMED_FLOPS_ON_CPU / flops_per_clip)
    return max(1, min(batch, TIMED_CLIPS, most))


def _frames(training: Training, shards: list[str], spec: LatentSpec) -> int:
    """Latent frames of the commonest clip of the cache, or else of the first clip."""
    if training.cached:
        try:
            cache = Cache(training.folder.cache, "train")
            if agree(spec, cache.manifest.spec):
                return cache.lengths[cache.counts.index(max(cache.counts))]
        except (MmussetError, ValueError):
            pass  # no cache, or a damaged one, that this training would make anew
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
    return 0 if is_elsewhere(shards[0]) else sum(_in_tar(Path(shard)) for shard in shards)


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


def _memory(
    recipe: MusFlowRecipe, spec: LatentSpec, frames: int, batch: int
) -> tuple[NetworkConfig, Memory]:
    """The network's config, and the memory of a step for `batch` clips.

    Under bf16 weights, moments and average stay float32; activations are counted as autocast
    keeps them, with its copies of the weights.
    """
    bf16 = recipe.train.precision == "bf16"
    with FakeTensorMode():
        model = MusFlow(recipe, _unmeasured(spec))
        latents = torch.empty(batch, frames, spec.latent_channels)
        embeddings = {name: torch.empty(batch, width) for name, width in spec.widths.items()}
        present = torch.ones(batch, len(MODALITIES), dtype=torch.bool)
        beat = torch.empty(batch, 3)

        def loss() -> Tensor:
            with torch.autocast("cpu", torch.bfloat16, bf16):
                condition = model.condition(model.alignment(embeddings), present, beat, frames)
                v = model.network(latents, torch.empty(batch), *condition)
                return flow.velocity_loss(v, latents).mean()

        return model.network.config, memory_of_step(model.parameters(), 0, loss, averaged=True)


def _seconds_of_block(
    shape: NetworkConfig,
    frames: int,
    clips: int,
    timings: int,
    world: World,
    recipe: MusFlowRecipe,
) -> float:
    """The least seconds of a block of the network, forwards and backwards, for some clips; the
    first time counts only where it is the last."""
    tokens = len(MODALITIES)
    block = DiTBlock(shape).to(world.device)
    x = torch.randn(clips, frames + tokens, shape.width, device=world.device, requires_grad=True)
    modulation = torch.randn(clips, 6, shape.width, device=world.device, requires_grad=True)
    turns = rotary_embedding(tokens, frames, shape.width // shape.heads, x)
    bf16, kind = recipe.train.precision == "bf16", world.device.partition(":")[0]
    taken = list[float]()
    for _ in range(timings):
        begun_s = time.perf_counter()
        with torch.autocast(kind, torch.bfloat16, bf16):
            output = block(x, modulation, turns)
        output.float().sum().backward()
        if world.cuda:
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - begun_s)
    return min(taken[1:] or taken)
