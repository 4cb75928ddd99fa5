"""What a training will need, before it begins: weights, memory, steps, time."""

import time
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode

from mmusset.musflow.data.cache import CacheManifest, LatentSpec
from mmusset.musflow.data.video_frames import VideoFrames
from mmusset.musflow.model import flow
from mmusset.musflow.model.musflow import MusFlow
from mmusset.musflow.model.network import DiTBlock, NetworkConfig, rotary_embedding
from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.shards.reader import shards_of, split_of
from mmusset.text import duration
from mmusset.training import checkpoint
from mmusset.training.memory import (
    FEW_LAYERS,
    Memory,
    available_gib,
    gib_text,
    memory_of_step,
)
from mmusset.training.world import World

from .checkpoint import FlowState, check_spec
from .cost import step_flops
from .flow_stage import micro_batches
from .planned_clips import PlannedClips, planned_clips
from .planned_spec import agree, planned_spec, pretrained_gib
from .stages import Training, check_folder, with_revisions_of_before

TIMED_CLIPS, TIMINGS = 32, 3
# On a CPU a block of a large network is timed on as many clips as take about so long; where one
# takes longer, as in bfloat16 on a CPU that has to imitate it, once is enough.
TIMED_S = 1.0
BESIDE_BLOCKS = 1.05  # of a step's time: optimizer, average, data, the network's ends


@dataclass(frozen=True, slots=True)
class TrainingPlan:
    """A training before it begins. Memory is that of a step of the flow, in each process;
    `available` is the GiB that are there, `encoding` those of codec and encoders while clips are
    encoded, 0 where they are bundled or not known.

    `clips` is 0 where their number is not known. `frames` are latent ones of a clip, `video_frames`
    those of its video, which all are taken to have where any has one. `seconds_per_step` follows
    from the speed of one of the network's blocks, on this device, now.
    """

    memory: Memory
    clips: int
    seconds_per_clip: float
    frames: int
    video_frames: int
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
        seen = f" and {self.video_frames} of a video" if self.video_frames else ""
        encoding = f"encoding    {gib_text(self.encoding)} for the weights of codec and encoders"
        return "\n".join(
            [
                f"weights     {self.memory.trained / 1e6:.2f} M trained",
                f"clips       {self.clips or 'a number that no manifest tells,'} of"
                f" {self.seconds_per_clip:.2f} s, {self.frames} latent frames{seen} each",
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
    clips = planned_clips(training, shards, spec)
    batch = recipe.train.batch // world.size // micro_batches(recipe.train, world.size)
    config, memory = needed(recipe, spec, clips, batch)
    flops = step_flops(config, clips.frames, clips.tokens, recipe.train.batch)
    return TrainingPlan(
        memory=memory,
        clips=clips.count,
        seconds_per_clip=clips.frames * spec.samples_per_latent / spec.rate_hz,
        frames=clips.frames,
        video_frames=clips.video,
        steps=recipe.train.steps,
        steps_done=_steps_done(training, spec),
        epochs=recipe.train.steps * recipe.train.batch / max(clips.count, 1),
        available=available_gib(world.device),
        encoding=pretrained_gib(training),
        flops_per_step=flops,
        seconds_per_step=_beside(recipe)
        * _seconds_per_flop(config, clips, batch, world, recipe)
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
    config: NetworkConfig, clips: PlannedClips, batch: int, world: World, recipe: MusFlowRecipe
) -> float:
    """By a block of the network."""
    flops_per_clip = step_flops(config, clips.frames, clips.tokens, 1) / config.depth
    timed = 1
    seconds = _seconds_of_block(config, clips, timed, 1, world, recipe)
    if world.cuda or seconds < TIMED_S:
        most = TIMED_CLIPS if world.cuda else min(TIMED_CLIPS, int(TIMED_S / seconds))
        timed = min(batch, most)
        seconds = _seconds_of_block(config, clips, timed, TIMINGS + 1, world, recipe)
    return seconds / (timed * flops_per_clip)


def _unmeasured(spec: LatentSpec, video_frames: int) -> CacheManifest:
    """A manifest of the right widths, with videos or without."""
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
        video_frames=video_frames,
    )


def needed(
    recipe: MusFlowRecipe, spec: LatentSpec, clips: PlannedClips, batch: int
) -> tuple[NetworkConfig, Memory]:
    """The network's config, and the memory of a step for `batch` clips: of a deep network known
    from that of few blocks."""
    depth = recipe.network.depth
    if depth <= 2 * FEW_LAYERS + 1:  # as many blocks as below
        return simulated(recipe, spec, clips, batch)
    config, few = simulated(_of_depth(recipe, FEW_LAYERS), spec, clips, batch)
    _, one_more = simulated(_of_depth(recipe, FEW_LAYERS + 1), spec, clips, batch)
    return replace(config, depth=depth), few.extended(one_more, depth - FEW_LAYERS)


def _of_depth(recipe: MusFlowRecipe, depth: int) -> MusFlowRecipe:
    network = recipe.network.model_copy(update={"depth": depth})
    return recipe.model_copy(update={"network": network})


def simulated(
    recipe: MusFlowRecipe, spec: LatentSpec, clips: PlannedClips, batch: int
) -> tuple[NetworkConfig, Memory]:
    """What `needed` gives, by simulating every block.

    Under bf16 weights, moments and average stay float32; activations are counted as autocast
    keeps them, with its copies of the weights.
    """
    bf16 = recipe.train.precision == "bf16"
    with FakeTensorMode():
        model = MusFlow(recipe, _unmeasured(spec, clips.video))
        latents = torch.empty(batch, clips.frames, spec.latent_channels)
        embeddings = {name: torch.empty(batch, width) for name, width in spec.widths.items()}
        present = torch.ones(batch, clips.conditions, dtype=torch.bool)
        beat = torch.empty(batch, 3)
        video = _all_shown(batch, clips.video, spec.widths["image"]) if clips.video else None

        def loss() -> Tensor:
            with torch.autocast("cpu", torch.bfloat16, bf16):
                aligned = model.aligned(embeddings)
                condition = model.condition(aligned, present, beat, clips.frames, video=video)
                v = model.network(latents, torch.empty(batch), *condition)
                return flow.velocity_loss(v, latents).mean()

        return model.network.config, memory_of_step(model.parameters(), 0, loss, averaged=True)


def _all_shown(clips: int, count: int, width: int) -> VideoFrames:
    """So many frames of a video for each clip."""
    shown = torch.ones(clips, count, dtype=torch.bool)
    return VideoFrames(torch.empty(clips, count, width), torch.empty(clips, count), shown)


def _seconds_of_block(
    shape: NetworkConfig,
    clips: PlannedClips,
    timed: int,
    timings: int,
    world: World,
    recipe: MusFlowRecipe,
) -> float:
    """The least seconds of a block of the network, forwards and backwards, for as many clips as are
    `timed`; the first time counts only where it is the last."""
    block, device = DiTBlock(shape).to(world.device), world.device
    positions = clips.tokens + clips.frames
    x = torch.randn(timed, positions, shape.width, device=device, requires_grad=True)
    modulation = torch.randn(timed, 6, shape.width, device=device, requires_grad=True)
    video_at = torch.zeros(timed, clips.video, device=device)
    turns = rotary_embedding(clips.conditions, clips.frames, shape.head_width, x, video_at)
    # With a video attention is masked, for which there are other kernels.
    shown = torch.ones(timed, 1, 1, positions, dtype=torch.bool, device=device)
    mask = shown if clips.video else None
    bf16, kind = recipe.train.precision == "bf16", world.device.partition(":")[0]
    taken = list[float]()
    for _ in range(timings):
        begun_s = time.perf_counter()
        with torch.autocast(kind, torch.bfloat16, bf16):
            output = block(x, modulation, turns, mask)
        output.float().sum().backward()
        if world.cuda:
            torch.cuda.synchronize()
        taken.append(time.perf_counter() - begun_s)
    return min(taken[1:] or taken)
