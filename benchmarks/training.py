"""What a training step costs, beside another model and another loop, and how fast sound is made.

    python benchmarks/training.py [--compile]

Prints the tables of docs/benchmarks.md: CPU time of one thread, ways by turns, so that what else
the machine does meets all of them. `--compile` adds torch.compile, which takes a minute. torchcfm
is not one of the project's extras: `pip install --no-deps torchcfm POT`.
"""

import argparse
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

# Threads that wait count as CPU time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch
from cache import write_samples
from diffusers import StableAudioDiTModel
from diffusers.models.embeddings import get_1d_rotary_pos_embed
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from mmusset.musflow.codecs.bundled import BundledCodec, geometry_of, unfitted
from mmusset.musflow.data.cache import Cache
from mmusset.musflow.data.encode import encode_shards, finish_cache, latent_spec
from mmusset.musflow.encoders.encoders import open_encoders
from mmusset.musflow.model import flow
from mmusset.musflow.model.musflow import MusFlow
from mmusset.musflow.model.network import NetworkConfig, VelocityNetwork
from mmusset.musflow.model.sampler import sample
from mmusset.musflow.recipe import MODALITIES, FlowTrainPart, MusFlowRecipe, SamplerPart
from mmusset.musflow.training import flow_stage
from mmusset.musflow.training import plan as planning
from mmusset.musflow.training.cost import step_flops
from mmusset.musflow.training.run_folder import RunFolder
from mmusset.musflow.training.stages import Training
from mmusset.progress import Progress
from mmusset.recipe_file import load
from mmusset.training.loop import Loop, settings_of
from mmusset.training.meter import TrainingMeter
from mmusset.training.optimizer import adamw
from mmusset.training.world import World

Way = Callable[[], object]
SECONDS = 10.24
ROUNDS = 9
# The step that is compared: about 12 M weights, 4 clips of 256 latent frames in 64 channels.
CLIPS, FRAMES = 4, 256
SHAPE = NetworkConfig(channels=64, condition_width=512, width=384, depth=6, heads=6)
# Whole trainings: musflow-tiny as it is, and one of the size above.
SIZES = {
    "musflow-tiny, 32 x 80 frames": (),
    "12 M, 4 x 256 frames": (
        f"network.width={SHAPE.width}",
        f"network.depth={SHAPE.depth}",
        f"network.heads={SHAPE.heads}",
        f"train.batch={CLIPS}",
        "codec.hop=160",
        "codec.squeeze=4",
        f"codec.channels={SHAPE.channels}",
    ),
}
STEPS, WARM_UP, LOG_EVERY, PLANS = 24, 4, 4, 3
SHORT: tuple[str, ...] = (
    f"train.steps={STEPS}",
    f"train.log_every={LOG_EVERY}",
    "alignment.steps=1",
)
SHORT += tuple(f"train.{name}_every={10 * STEPS}" for name in ("validate", "save", "listen"))
SAMPLER_STEPS = (8, 25, 50)


def parameters(model: nn.Module) -> int:
    """How many weights are trained."""
    return sum(weight.numel() for weight in model.parameters())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--compile", action="store_true")
    told = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    print_peers()
    print_precisions(told.compile)
    with tempfile.TemporaryDirectory() as folder:
        write_samples(Path(folder) / "data" / "train-000000.tar", 16000, 1)
        print_trainings([whole_training(folder, name) for name in SIZES])
        print_sampling(folder)


def print_peers() -> None:
    """One step of our network, of diffusers' Stable Audio DiT, and of torchcfm around ours."""
    ours, alone, theirs = network_of(SHAPE), network_of(SHAPE), stable_audio()
    without, shape = network_of(replace(SHAPE, qk_norm=False)), (CLIPS, FRAMES, SHAPE.channels)
    ways: dict[str, Way] = {
        "ours": Step(ours, velocity_of(ours), shape),
        "ours without QK-norm": Step(without, velocity_of(without), shape),
        "diffusers StableAudioDiT": Step(
            theirs, stable_audio_velocity(theirs), (CLIPS, SHAPE.channels, FRAMES)
        ),
        "torchcfm loop, our network": torchcfm_step(alone),
    }
    weights = dict(zip(ways, map(parameters, (ours, without, theirs, alone)), strict=True))
    assert max(weights.values()) < 1.05 * min(weights.values())
    gflop = {name: counted_flops(way) / 1e9 for name, way in ways.items()}
    times = by_turns(ways)
    print(
        "| step | weights, M | GFLOP a step | CPU s a step | GFLOP a CPU-s"
        " | time, of ours | time for a FLOP, of ours |\n|---|---|---|---|---|---|---|"
    )
    for name, found in times.items():
        over = ratios(found, times["ours"])
        by_flop = [ratio * gflop["ours"] / gflop[name] for ratio in over]
        print(
            f"| {name} | {weights[name] / 1e6:.2f} | {gflop[name]:.1f} | {spread(found)}"
            f" | {gflop[name] / statistics.median(found):.1f}"
            f" | {spread(over)} | {spread(by_flop)} |"
        )
    formula = step_flops(SHAPE, FRAMES, len(MODALITIES), CLIPS) / 1e9
    print(f"\n`cost.py` says {formula:.1f} GFLOP of ours, counted {gflop['ours']:.1f}.\n")


class Step:
    """A training step: forwards, backwards, clipping and the fused AdamW."""

    def __init__(
        self,
        model: nn.Module,
        velocity: flow.Velocity,
        shape: tuple[int, int, int],
        bf16: bool = False,
    ) -> None:
        self._model, self._velocity, self._bf16 = model, velocity, bf16
        part = FlowTrainPart()
        self._optimizer = adamw(model, part.lr, flow_stage.BETAS, part.weight_decay)
        self._music = torch.randn(shape)

    def __call__(self) -> None:
        x1, t = self._music, flow.sample_timesteps(torch.rand(len(self._music)))
        x0 = torch.randn_like(x1)
        with torch.autocast("cpu", torch.bfloat16, self._bf16):
            v = self._velocity(flow.interpolate(x0, x1, t), t)
        flow.velocity_loss(v, flow.velocity_target(x0, x1)).mean().backward()
        nn.utils.clip_grad_norm_(self._model.parameters(), 1.0)
        self._optimizer.step()
        self._optimizer.zero_grad(set_to_none=True)


def network_of(shape: NetworkConfig) -> VelocityNetwork:
    return VelocityNetwork(shape, len(MODALITIES))


def velocity_of(network: VelocityNetwork) -> flow.Velocity:
    """Our network's, told three embeddings."""
    told = torch.randn(CLIPS, len(MODALITIES), SHAPE.condition_width)
    given = torch.ones(CLIPS, len(MODALITIES), dtype=torch.bool)
    return lambda x, t: network(x, t, told, given)


def stable_audio() -> nn.Module:
    """Of as many weights as ours: the same width and heads, four blocks, since each of them is
    larger (cross-attention, and a feed-forward of 12 width^2 where ours has 8)."""
    return StableAudioDiTModel(
        sample_size=FRAMES,
        in_channels=SHAPE.channels,
        out_channels=SHAPE.channels,
        num_layers=4,
        attention_head_dim=SHAPE.width // SHAPE.heads,
        num_attention_heads=SHAPE.heads,
        num_key_value_attention_heads=SHAPE.heads,
        cross_attention_dim=SHAPE.width,
        cross_attention_input_dim=SHAPE.condition_width,
        global_states_input_dim=SHAPE.condition_width,
    )


def stable_audio_velocity(model: nn.Module) -> flow.Velocity:
    """Told three embeddings by cross-attention, and one as the global state."""
    told = torch.randn(CLIPS, len(MODALITIES), SHAPE.condition_width)
    overall = torch.randn(CLIPS, 1, SHAPE.condition_width)
    half_a_head = SHAPE.width // SHAPE.heads // 2
    turns = get_1d_rotary_pos_embed(
        half_a_head, FRAMES + 1, use_real=True, repeat_interleave_real=False
    )
    return lambda x, t: model(x, t, told, overall, rotary_embedding=turns).sample


def torchcfm_step(network: VelocityNetwork) -> Way:
    """A step as torchcfm's examples write it: its matcher, and torch's AdamW as it comes."""
    from torchcfm import ConditionalFlowMatcher

    matcher, optimizer = ConditionalFlowMatcher(sigma=0.0), torch.optim.AdamW(network.parameters())
    x1, velocity = torch.randn(CLIPS, FRAMES, SHAPE.channels), velocity_of(network)

    def step() -> None:
        optimizer.zero_grad()
        t, xt, ut = matcher.sample_location_and_conditional_flow(torch.randn_like(x1), x1)
        loss = torch.mean((velocity(xt, t) - ut) ** 2)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()

    return step


def counted_flops(way: Way) -> float:
    """What torch counts of a step; it knows attention in its plain form alone."""
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        way()
    return float(counter.get_total_flops())


def print_precisions(compiled: bool) -> None:
    """Our step in float32 and bfloat16, eager and with each block compiled."""
    kinds = [(False, False), (True, False)] + ([(False, True), (True, True)] if compiled else [])
    ways = dict[str, Way]()
    for bf16, whether in kinds:
        network = network_of(SHAPE)
        for block in network.blocks if whether else ():
            block.compile()
        name = f"{'bf16 autocast' if bf16 else 'fp32'}, {'compiled' if whether else 'eager'}"
        shape = (CLIPS, FRAMES, SHAPE.channels)
        ways[name] = Step(network, velocity_of(network), shape, bf16)
    times = by_turns(ways)
    print("| our step | CPU s | of eager fp32 |\n|---|---|---|")
    for name, found in times.items():
        print(f"| {name} | {spread(found)} | {spread(ratios(found, times['fp32, eager']))} |")
    print()


@dataclass(frozen=True, slots=True)
class Measured:
    """A short training. `step` and its `parts` in CPU seconds at each step; `planned` what
    `--plan` said of a step, before and after; `waiting` the share of each line of the log."""

    name: str
    weights: int
    step: list[float]
    parts: dict[str, list[float]]
    planned: list[float]
    waiting: list[float]


def whole_training(source: str, name: str) -> Measured:
    """Encode the clips of `source` and train on them with the project's own loop."""
    recipe = load(MusFlowRecipe, "musflow-tiny", SHORT + SIZES[name])
    with tempfile.TemporaryDirectory() as place:
        folder, world = RunFolder(Path(place)), World(0, 1, "cpu")
        asked = Training(source, recipe, RunFolder(Path(place) / "none"), world, Progress())
        planned = [planned_s(asked) for _ in range(PLANS)]
        dataset = encoded(source, folder.cache, recipe)
        none = Cache(folder.cache, "validation")
        model, part = MusFlow(recipe, dataset.manifest), recipe.train
        task = flow_stage.FlowTask(recipe, model, dataset, none, world, lambda _: None)
        settings = settings_of(part, part.steps, part.warmup, part.log_every)
        loop = Loop(task, settings, world, Progress(), folder)
        clock = Clock()
        with ExitStack() as stack:
            for name_of_part, owner, function in (
                ("step", loop, "_train"),
                ("clipping", nn.utils, "clip_grad_norm_"),
                ("AdamW", task.optimizer, "step"),
                ("AdamW, zero_grad", task.optimizer, "zero_grad"),
                ("average (EMA)", task.ema, "update"),
                ("noise and timesteps", flow_stage, "draw"),
                ("sums for the log", TrainingMeter, "add"),
            ):
                stack.enter_context(clock.on(name_of_part, owner, function))
            loop.run("training")
        planned += [planned_s(asked) for _ in range(PLANS)]
        log = [json.loads(line) for line in folder.log.read_text().splitlines()]
    taken = {part: found[WARM_UP:] for part, found in clock.found.items()}
    return Measured(
        name,
        parameters(model),
        taken.pop("step"),
        taken,
        planned,
        [line["waiting"] for line in log if line["at"] == "train"][WARM_UP // LOG_EVERY :],
    )


def encoded(source: str, folder: Path, recipe: MusFlowRecipe) -> Cache:
    """A cache of the clips, by a codec that was not fitted: it takes as long."""
    part, encoders = recipe.codec, open_encoders(recipe.encoders)
    codec = BundledCodec(unfitted(part, geometry_of(part, SECONDS)))
    encode_shards(source, folder, codec, encoders, lambda *_: None)
    finish_cache(source, folder, codec, encoders)
    return Cache(folder, "train", latent_spec(codec, encoders))


def planned_s(asked: Training) -> float:
    """What `mmusset train --plan` says of a step, timed by this process's CPU time."""
    cpu = SimpleNamespace(perf_counter=time.process_time)
    with mock.patch.object(planning, "time", cpu):
        return planning.plan(asked).seconds_per_step


class Clock:
    """CPU seconds of each call of some functions, by name."""

    def __init__(self) -> None:
        self.found: dict[str, list[float]] = {}

    @contextmanager
    def on(self, name: str, owner: Any, function: str) -> Iterator[None]:
        """Take the time of `owner.function` from here on."""
        inner, taken = getattr(owner, function), self.found.setdefault(name, [])

        def timed(*args: Any, **named: Any) -> Any:
            begun_s = time.process_time()
            result = inner(*args, **named)
            taken.append(time.process_time() - begun_s)
            return result

        with mock.patch.object(owner, function, timed):
            yield


def print_trainings(found: Sequence[Measured]) -> None:
    """Where a step's time goes, how long it waits for data, and what was planned."""
    rows: dict[str, list[str]] = {"weights, M": [f"{run.weights / 1e6:.2f}" for run in found]}
    rows["CPU s a step"] = [spread(run.step) for run in found]
    for part in found[0].parts:
        rows[part] = [share(run, [part]) for run in found]
    three = ["clipping", "AdamW", "AdamW, zero_grad", "average (EMA)"]
    rows["**clipping, AdamW, average**"] = [f"**{share(run, three)}**" for run in found]
    rows["waiting for data, of wall time"] = [
        f"{statistics.mean(run.waiting):.3%} [{min(run.waiting):.3%}-{max(run.waiting):.3%}]"
        for run in found
    ]
    rows["planned step, of the measured one"] = [
        spread([planned / statistics.median(run.step) for planned in run.planned]) for run in found
    ]
    print(f"| | {' | '.join(run.name for run in found)} |\n|---|---|---|")
    for name, cells in rows.items():
        print(f"| {name} | {' | '.join(cells)} |")
    print()


def share(run: Measured, parts: Sequence[str]) -> str:
    """Of a step, what some parts take together."""
    together = [sum(each) for each in zip(*(run.parts[part] for part in parts), strict=True)]
    return f"{statistics.median(ratios(together, run.step)):.2%}"


def print_sampling(source: str) -> None:
    """How long music takes to make, for the length of it: musflow-tiny's network and codec."""
    recipe = load(MusFlowRecipe, "musflow-tiny")
    with tempfile.TemporaryDirectory() as place:
        rows = encoded(source, Path(place), recipe)
        model, part = MusFlow(recipe, rows.manifest).eval(), recipe.codec
        codec = BundledCodec(unfitted(part, geometry_of(part, SECONDS)))
        frames = rows.lengths[0]
        batch = rows.batch(0, torch.arange(1))
    with torch.no_grad():
        aligned = model.alignment(batch.embeddings)
    made = batch.mean.float()

    def sampled(steps: int) -> Tensor:
        sampler = SamplerPart(steps=steps, guidance=recipe.sampler.guidance)
        return sample(model, aligned, batch.present, frames, sampler, 0)

    ways: dict[str, Way] = {"sound": torch.no_grad()(lambda: codec.decode(made))}
    ways |= {str(steps): partial(sampled, steps) for steps in SAMPLER_STEPS}
    times = by_turns(ways)
    print("| steps | sampling, CPU s a clip | decoding | real-time factor |\n|---|---|---|---|")
    for steps in SAMPLER_STEPS:
        both = [one + other for one, other in zip(times[str(steps)], times["sound"], strict=True)]
        factor = spread([taken / SECONDS for taken in both], 3)
        sampling, sound = spread(times[str(steps)]), spread(times["sound"])
        print(f"| {steps} | {sampling} | {sound} | {factor} |")


def by_turns(ways: dict[str, Way]) -> dict[str, list[float]]:
    """CPU seconds of each way, ROUNDS times by turns, after two to warm up."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(-2, ROUNDS):
        for name, way in ways.items():
            begun_s = time.process_time()
            way()
            if turn >= 0:
                times[name].append(time.process_time() - begun_s)
    return times


def ratios(one: Sequence[float], other: Sequence[float]) -> list[float]:
    """Turn by turn."""
    return [a / b for a, b in zip(one, other, strict=True)]


def spread(found: Sequence[float], digits: int = 2) -> str:
    """The median, and the least and the most."""
    low, middle, high = min(found), statistics.median(found), max(found)
    return f"{middle:.{digits}f} [{low:.{digits}f}-{high:.{digits}f}]"


if __name__ == "__main__":
    main()
