"""`mmusset train --plan`: what it says is what a training then needs, and nothing is written."""

import json
import os
import shutil
import socket
import warnings
from collections.abc import Mapping
from dataclasses import asdict, astuple
from pathlib import Path

import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from mmusset.errors import MmussetError, Refused, UsageError
from mmusset.musflow.data.cache import Cache, LatentBatch
from mmusset.musflow.model.musflow import MusFlow, draw
from mmusset.musflow.model.network import NetworkConfig, VelocityNetwork
from mmusset.musflow.recipe import MODALITIES, MusFlowRecipe
from mmusset.musflow.training.cost import forward_flops, peak_flops_per_s, step_flops
from mmusset.musflow.training.plan import TrainingPlan, needed, plan, simulated
from mmusset.musflow.training.planned_clips import PlannedClips
from mmusset.musflow.training.planned_spec import planned_spec
from mmusset.musflow.training.run_folder import RunFolder
from mmusset.musflow.training.stages import Training
from mmusset.progress import Progress
from mmusset.recipe_file import load
from mmusset.training.memory import Memory
from mmusset.training.world import World
from tests.support.command import mmusset, tree
from tests.support.memory import most_held_mib
from tests.support.musflow_parts import dataset, remake, tone
from tests.support.musflow_trained import SETTINGS, TINY, Trained
from tests.support.thorough import slow

MIB = 2**20


def training(
    source: Path | str,
    run: Path,
    changes: Mapping[str, object] | None = None,
    world: World = World(0, 1, "cpu"),  # noqa: B008
) -> Training:
    overrides = tuple(f"{key}={value}" for key, value in (SETTINGS | dict(changes or {})).items())
    recipe = load(MusFlowRecipe, "musflow-tiny", overrides)
    return Training(str(source), recipe, RunFolder(run), world, Progress())


@pytest.mark.slow
def test_before_and_after(trained: Trained, tmp_path: Path) -> None:
    """The same but for what is done by then; and a plan leaves no trace."""
    before = mmusset("train", trained.dataset, "--out", tmp_path / "run", "--plan", *TINY, "--json")
    assert before.returncode == 0, before.stderr
    assert list(tmp_path.iterdir()) == []
    files = tree(trained.run)
    after = plan(training(trained.dataset, trained.run))
    assert tree(trained.run) == files
    told = json.loads(before.stdout)
    for name in told.keys() - {"seconds_per_step", "steps_done"}:
        value = getattr(after, name)
        assert told[name] == (asdict(value) if name == "memory" else value), name
    assert (told["steps_done"], after.steps_done) == (0, 8)
    assert (after.clips, after.frames, after.seconds_per_clip) == (8, 15, 1.92)
    assert after.epochs == 4
    assert after.memory.trained == weights_of(trained)
    assert "steps       8, 4.0 times through the clips, of which 8 are done" in after.text()
    assert ": fits" in after.text()


def weights_of(trained: Trained) -> int:
    """How many weights the newest checkpoint holds, without what is not trained."""
    found = torch.load(trained.run / "checkpoints" / "step-00000008.pt", weights_only=True)
    buffers = {"latent_mean", "latent_std"}
    scales = ("_mean", "_scale")
    return sum(
        value.numel()
        for name, value in found["task"]["model"].items()
        if name not in buffers and not name.endswith(scales)
    )


def batch_of(trained: Trained, size: int) -> LatentBatch:
    cache = Cache(trained.run / "cache", "train")
    return cache.batch(0, torch.arange(size) % cache.counts[0])


def held_gib(trained: Trained, recipe: MusFlowRecipe) -> float:
    """What a real step on the CPU takes beside weights and gradients, by torch's profiler."""
    model = MusFlow(recipe, Cache(trained.run / "cache", "train").manifest)
    batch = batch_of(trained, recipe.train.batch)
    draws = draw(recipe.train, 0, tuple(batch.mean.shape), batch.present)
    bf16 = recipe.train.precision == "bf16"

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, bf16):
            losses = model(batch, draws)
            loss = losses.flow.mean() + losses.alignment
        loss.backward()

    step()  # gradients are there, as in every step but the first
    return most_held_mib(step) / 1024


SMALL = {"network.width": 128, "network.depth": 2}


@pytest.mark.parametrize(
    "changes",
    [
        {"network.width": 64, "network.depth": 1, "train.batch": 4},
        *slow(
            {"network.width": 128, "network.depth": 4, "train.batch": 16},
            SMALL | {"train.batch": 16, "train.precision": "bf16"},
            SMALL | {"train.batch": 8, "network.qk_norm": "false"},
        ),
    ],
)
def test_memory_is_what_a_step_takes(
    trained: Trained, tmp_path: Path, changes: dict[str, object]
) -> None:
    shutil.copytree(trained.run / "codec", tmp_path / "codec")
    shutil.copytree(trained.run / "cache", tmp_path / "cache")
    asked = training(trained.dataset, tmp_path, changes)
    with warnings.catch_warnings():
        # Of the network's norms, that bf16 has no faster kernel for them on a CPU.
        warnings.filterwarnings("ignore", message="Mismatch dtype between input and weight")
        memory, real = plan(asked).memory, held_gib(trained, asked.recipe)
    assert memory.activations == pytest.approx(real, rel=0.1)
    gib = 4 * memory.trained / 2**30
    assert (memory.frozen, memory.weights, memory.average) == (0, gib, gib)
    assert memory.gradients == pytest.approx(gib, rel=0.1)  # the nulls have none where all is given
    assert memory.optimizer == 2 * gib
    assert memory.peak == pytest.approx(5 * gib + memory.activations, rel=0.01)


@pytest.mark.slow
@pytest.mark.parametrize("checkpointing", ["true", "false"])
def test_a_step_of_many_blocks_is_known_from_few(
    trained: Trained, tmp_path: Path, checkpointing: str
) -> None:
    changes = {"network.depth": 7, "train.activation_checkpointing": checkpointing}
    asked = training(trained.dataset, tmp_path, changes)
    spec, clips = planned_spec(asked), PlannedClips(8, 15, len(MODALITIES), 0)
    config, memory = needed(asked.recipe, spec, clips, 4)
    whole_config, whole = simulated(asked.recipe, spec, clips, 4)
    assert config == whole_config
    assert astuple(memory) == pytest.approx(astuple(whole), rel=1e-9)


@pytest.mark.slow
def test_the_recipe_of_the_paper_fits_24_gb(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[tone(0, 10.24)])
    recipe = load(MusFlowRecipe, "musflow-16k", ())
    assert recipe.train.batch == 128
    planned = plan(
        Training(str(out), recipe, RunFolder(tmp_path / "run"), World(0, 1, "cpu"), Progress())
    )
    assert planned.frames == 256
    assert planned.memory.fits(24e9 / 2**30 - planned.encoding)


@pytest.mark.slow
def test_long_clips_need_no_square_of_their_length(tmp_path: Path) -> None:
    """Attention keeps no scores: twice as long is twice as much."""
    found = [
        plan(training(dataset(tmp_path / name, train_0=[tone(1, seconds)]), tmp_path / "run", LONG))
        for name, seconds in (("short", 10.0), ("long", 20.0))
    ]
    assert found[1].frames == pytest.approx(2 * found[0].frames, abs=1)
    assert found[1].memory.activations == pytest.approx(2 * found[0].memory.activations, rel=0.1)


LONG = {"codec.hop": 128, "codec.squeeze": 1, "network.width": 16, "train.batch": 1}


@pytest.mark.slow
def test_several_processes_share_a_batch(trained: Trained, tmp_path: Path) -> None:
    # A batch so large that a weight's gradient, which every process has whole, hardly counts.
    large = {"train.batch": 128}
    run = tmp_path / "run"
    one = plan(training(trained.dataset, run, large))
    two = plan(training(trained.dataset, run, large, world=World(0, 2, "cpu")))
    assert two.memory.activations == pytest.approx(one.memory.activations / 2, rel=0.1)
    assert two.memory.optimizer == one.memory.optimizer
    assert two.flops_per_step == one.flops_per_step
    with pytest.raises(UsageError, match="can't be shared by 3"):
        plan(training(trained.dataset, run, world=World(0, 3, "cpu")))


def test_a_cache_of_another_codec_is_not_believed(trained: Trained, tmp_path: Path) -> None:
    shutil.copytree(trained.run / "cache", tmp_path / "run" / "cache")
    asked = training(trained.dataset, tmp_path / "run", {"codec.hop": 128, "codec.channels": 7})
    found = plan(asked)
    assert found.frames == 31
    assert not (tmp_path / "run" / "codec").exists()


def test_another_training_in_the_folder_is_refused(trained: Trained) -> None:
    with pytest.raises(Refused, match=r"network.depth: 1 -> 3"):
        plan(training(trained.dataset, trained.run, {"network.depth": 3}))
    with pytest.raises(Refused, match=r"codec\.width: 64 -> 96"):
        plan(training(trained.dataset, trained.run, {"codec.width": 96}))


def test_shards_without_a_manifest_are_counted(tmp_path: Path) -> None:
    out = dataset(
        tmp_path / "out",
        train_0=[tone(n) for n in range(3)],
        train_1=[tone(3)],
        validation_0=[tone(4)],
    )
    (out / "manifest.json").unlink()
    found = plan(training(f"{out}/data/*.tar", tmp_path / "run"))
    assert (found.clips, found.epochs) == (4, 8)


def test_a_first_sample_that_can_not_be_used_is_passed_over(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[tone(0, 1.0), tone(1, 2.0)])
    remake(
        out / "data" / "train-000000.tar",
        lambda name, data: b"no picture" if name == "k00000.image.jpg" else data,
    )
    assert plan(training(out, tmp_path / "run")).frames == 15
    remake(
        out / "data" / "train-000000.tar",
        lambda name, data: b"no picture" if name.endswith("image.jpg") else data,
    )
    with pytest.raises(MmussetError, match=r"none can be used; .*k00001: its image is no JPEG"):
        plan(training(out, tmp_path / "run"))


def test_what_can_not_be_trained_on_is_refused(tmp_path: Path) -> None:
    low = dataset(tmp_path / "low", train_0=[tone(0, rate_hz=8000)])
    with pytest.raises(UsageError, match="at 8000 Hz, the codec makes 16000 Hz"):
        plan(training(low, tmp_path / "run"))
    without = dataset(tmp_path / "without", validation_0=[tone(0)])
    with pytest.raises(MmussetError, match="the train split is empty"):
        plan(training(without, tmp_path / "run"))
    with pytest.raises(UsageError, match="no shards in"):
        plan(training(tmp_path, tmp_path / "run"))
    with pytest.raises(UsageError, match="width 64 can't be cut into 5 even heads"):
        training(low, tmp_path, {"network.heads": 5})


def test_what_does_not_fit_is_said() -> None:
    memory = Memory(310_000_000, 0, 1.2, 1.2, 1.2, 2.4, 90)
    found = TrainingPlan(memory, 0, 10.24, 256, 10, 100, 40, 0, 79, 3.71, 4e12, 0.5)
    assert found.text().splitlines() == [
        "weights     310.00 M trained",
        "clips       a number that no manifest tells, of 10.24 s,"
        " 256 latent frames and 10 of a video each",
        "steps       100, of which 40 are done",
        "memory      96.00 GiB = 1.20 GiB trained weights + 1.20 GiB average"
        " + 1.20 GiB gradients + 2.40 GiB optimizer + 90.00 GiB activations;"
        " 79.00 GiB are there: does NOT fit:"
        " lower train.micro_batch, set train.activation_checkpointing, or use more processes",
        "encoding    3.71 GiB for the weights of codec and encoders",
        "computing   4e+03 GFLOP a step",
        "time        about 30 s (0.5 s a step on this device), without fitting the codec,"
        " encoding, and listening",
    ]


def test_available_memory_is_not_more_than_the_machine_has(trained: Trained) -> None:
    found = plan(training(trained.dataset, trained.run))
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    assert 0 < found.available <= whole
    assert found.seconds_per_step > 0


@pytest.mark.parametrize("frames", [1, 60, 300])
@pytest.mark.parametrize("width", [32, 96])
def test_a_step_computes_what_the_formula_says(frames: int, width: int) -> None:
    shape = NetworkConfig(channels=8, condition_width=68, width=width, depth=3, heads=4)
    network = VelocityNetwork(shape, len(MODALITIES))
    x, t, c = torch.randn(2, frames, 8), torch.rand(2), torch.randn(2, len(MODALITIES), 68)
    # The counter knows attention in its plain form alone.
    with (
        FlopCounterMode(display=False) as counter,
        sdpa_kernel(SDPBackend.MATH),
        torch.no_grad(),
    ):
        network(x, t, c, torch.ones(2, len(MODALITIES), dtype=torch.bool))
    counted = counter.get_total_flops() / 2
    assert forward_flops(shape, frames, len(MODALITIES)) == pytest.approx(counted, rel=0.02)
    assert step_flops(shape, frames, 3, 2) == 6 * forward_flops(shape, frames, 3)


def test_what_a_cpu_could_do_is_not_known() -> None:
    assert peak_flops_per_s("cpu", "bf16") == 0


@pytest.mark.parametrize(
    "recipe",
    ["musflow-tiny", *slow("musflow-tiny-44k", "musflow-16k", "musflow-44k")],
)
def test_a_bundled_recipe_is_planned_without_network_or_weights(
    recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The codec and encoders that it names are known by their published sizes."""
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "empty"))
    out = dataset(tmp_path / "out", train_0=[tone(0, 1.0, rate_hz=48000)])
    loaded = load(MusFlowRecipe, recipe, ("train.batch=2",))
    planned = plan(
        Training(str(out), loaded, RunFolder(tmp_path / "run"), World(0, 1, "cpu"), Progress())
    )
    frames, millions, encoding = {
        "musflow-tiny": (7, 1.4, 0),
        "musflow-tiny-44k": (7, 1.4, 0),
        "musflow-16k": (25, 312, 3.14),
        "musflow-44k": (25, 312, 3.35),
    }[recipe]
    assert planned.frames == frames
    assert planned.memory.trained / 1e6 == pytest.approx(millions, rel=0.2)
    assert planned.encoding == pytest.approx(encoding, abs=0.01)
    assert not (tmp_path / "run").exists()


def refuse(*address: object) -> None:
    raise AssertionError(f"a plan asked the network: {address}")
