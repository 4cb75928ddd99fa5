"""Training on a real little dataset: resumed, shared, stopped and disturbed, it stays the same."""

import hashlib
import json
import os
import re
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from mmusset.musflow.model.musflow import draw
from mmusset.musflow.recipe import FlowTrainPart
from mmusset.musflow.training.checkpoint import load_state
from mmusset.training.checkpoint import newest
from mmusset.training.folder import locked
from tests.support.command import SHORT, mmusset, python, start, torchrun, tree
from tests.support.media import library

SMALL = {
    "codec.steps": 10,
    "codec.head_steps": 4,
    "codec.width": 32,
    "codec.depth": 1,
    "codec.head_width": 16,
    "codec.head_depth": 1,
    "codec.batch": 4,
    "codec.crop_seconds": 1.0,
    "alignment.steps": 5,
    "alignment.hidden": 32,
    "network.width": 32,
    "network.depth": 1,
    "network.heads": 2,
    "train.steps": 12,
    "train.batch": 4,
    "train.log_every": 2,
    "train.save_every": 4,
    "train.validate_every": 4,
    "train.listen_every": 12,
    "sampler.steps": 2,
}


def settings(changes: Mapping[str, object] | None = None) -> list[str]:
    whole = SMALL | dict(changes or {})
    return [word for key, value in whole.items() for word in ("--set", f"{key}={value}")]


def train(dataset: Path, run: Path, failpoint: str = "", **changes: object) -> "Finished":
    dotted = {name.replace("__", "."): value for name, value in changes.items()}
    return mmusset("train", dataset, "--out", run, *settings(dotted), failpoint=failpoint)


Finished = subprocess.CompletedProcess[str]


def lines(run: Path, at: str = "train") -> list[dict[str, Any]]:
    """The log's lines of one kind, without what a clock said."""
    clock = {"clips_per_s", "waiting", "flops_per_s", "mfu", "memory_gib"}
    found = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    return [{k: v for k, v in f.items() if k not in clock} for f in found if f["at"] == at]


def weights(run: Path) -> dict[str, torch.Tensor]:
    path = newest(run / "checkpoints")
    assert path
    return load_state(path).ema


def same(one: Path, other: Path) -> bool:
    ours, theirs = weights(one), weights(other)
    return ours.keys() == theirs.keys() and all(torch.equal(ours[k], theirs[k]) for k in ours)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("to train on")
    source = library(folder / "source", 12)
    shares = ("split.train=0.6", "split.validation=0.2", "split.test=0.2")
    words = [word for share in shares for word in ("--set", share)]
    built = mmusset("build", "--source", source, "--out", folder / "dataset", *SHORT, *words)
    assert built.returncode == 0, built.stderr
    return folder / "dataset"


@pytest.fixture(scope="module")
def encoded(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose codec is fitted and whose cache is made: others are copies of it."""
    run = tmp_path_factory.mktemp("encoded") / "run"
    made = mmusset("encode", dataset, "--out", run, *settings())
    assert made.returncode == 0, made.stderr
    assert made.stdout == f"{run / 'cache'}\n"
    errors = re.findall(r"codec: (log-mels|sound) comes? back within ([0-9.]+) dB", made.stderr)
    assert [what for what, _ in errors] == ["log-mels", "sound"]
    assert all(float(error_db) > 0 for _, error_db in errors)
    return run


@pytest.fixture(scope="module")
def trained(dataset: Path, encoded: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that nothing disturbed."""
    run = copied(encoded, tmp_path_factory.mktemp("trained") / "run")
    done = train(dataset, run)
    assert done.returncode == 0, done.stderr
    assert "trained 12 steps" in done.stdout
    assert "mmusset generate " in done.stdout
    return run


def copied(run: Path, to: Path) -> Path:
    subprocess.run(["cp", "-r", run, to], check=True)
    return to


def test_a_run_leaves_all_that_can_be_looked_at(trained: Path) -> None:
    assert [line["step"] for line in lines(trained)] == [2, 4, 6, 8, 10, 12]
    for line in lines(trained):
        by_time = [loss for loss in line["loss_by_time"] if loss is not None]
        assert min(by_time) <= line["loss"] <= max(by_time)
    checked = lines(trained, "validation")
    assert [line["step"] for line in checked] == [4, 8, 12]
    for line in checked:
        assert all(loss > 0 for when in ("usual", "near_noise") for loss in line[when].values())
    assert sorted(p.name for p in (trained / "checkpoints").iterdir()) == [
        "step-00000008.pt",
        "step-00000012.pt",
    ]
    sounds = list((trained / "heard").glob("step-00000012-*.flac"))
    assert sounds
    assert all(path.with_suffix(".png").exists() for path in sounds)
    assert list((trained / "tensorboard").iterdir())


@pytest.mark.parametrize(
    "failpoint",
    ["checkpoint_renamed:2", pytest.param("checkpoint_synced", marks=pytest.mark.slow)],
)
def test_killed_and_run_again_it_is_as_if_nothing_had_happened(
    dataset: Path, encoded: Path, trained: Path, tmp_path: Path, failpoint: str
) -> None:
    run = copied(encoded, tmp_path / "run")
    killed = train(dataset, run, failpoint)
    assert killed.returncode == -signal.SIGKILL
    assert train(dataset, run).returncode == 0
    assert lines(run) == lines(trained), "bit for bit"
    assert lines(run, "validation") == lines(trained, "validation")
    assert same(run, trained)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"train.precision": "bf16"}, marks=pytest.mark.slow),
        pytest.param(
            {"train.precision": "bf16", "train.compile": True}, marks=pytest.mark.slow
        ),  # compiling takes a minute
    ],
)
def test_in_bfloat16_as_well(
    dataset: Path, encoded: Path, trained: Path, tmp_path: Path, changes: dict[str, object]
) -> None:
    """The same bits after a kill, and nearly the losses of float32."""
    once, twice = (copied(encoded, tmp_path / name) for name in ("once", "twice"))
    words = ["train", dataset, *settings(changes), "--out"]
    assert mmusset(*words, once).returncode == 0
    assert mmusset(*words, twice, failpoint="checkpoint_renamed").returncode == -signal.SIGKILL
    assert mmusset(*words, twice).returncode == 0
    assert lines(once) == lines(twice)
    assert same(once, twice)
    for ours, theirs in zip(lines(once), lines(trained), strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=0.02)


@pytest.mark.slow
def test_ctrl_c_saves_the_step_that_it_is_at(
    dataset: Path, encoded: Path, trained: Path, tmp_path: Path
) -> None:
    run = copied(encoded, tmp_path / "run")
    process = start("train", dataset, "--out", run, *settings(), "--log-json", stdout=None)
    assert process.stderr
    for line in process.stderr:
        event = json.loads(line)
        if event.get("stage") == "training" and event["event"] == "step":
            process.send_signal(signal.SIGINT)
            break
    process.communicate()
    assert process.returncode == 130
    assert train(dataset, run).returncode == 0
    assert same(run, trained)


def test_a_finished_run_has_nothing_left_to_do(dataset: Path, trained: Path) -> None:
    before = tree(trained / "checkpoints")
    again = train(dataset, trained)
    assert again.returncode == 0, again.stderr
    assert again.stdout.startswith(f"trained 12 steps in {trained}\n")
    assert tree(trained / "checkpoints") == before


@pytest.mark.slow
def test_two_processes_train_what_one_trains(
    dataset: Path, encoded: Path, trained: Path, tmp_path: Path
) -> None:
    run = copied(encoded, tmp_path / "run")
    done = torchrun("train", dataset, "--out", run, *settings())
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("trained 12 steps") == 1, "only the first of them speaks"
    for ours, theirs in zip(lines(run), lines(trained), strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-4)
        assert ours["alignment"] == pytest.approx(theirs["alignment"], rel=1e-4)
        assert ours["grad_norm"] == pytest.approx(theirs["grad_norm"], rel=1e-3)


@pytest.mark.slow
def test_a_run_goes_on_with_another_number_of_processes(
    dataset: Path, encoded: Path, trained: Path, tmp_path: Path
) -> None:
    run = copied(encoded, tmp_path / "run")
    assert train(dataset, run, "checkpoint_renamed").returncode == -signal.SIGKILL
    begun = lines(run)
    done = torchrun("train", dataset, "--out", run, *settings())
    assert done.returncode == 0, done.stderr
    assert 0 < len(begun) < len(lines(run)) == len(lines(trained))
    for ours, theirs in zip(lines(run), lines(trained), strict=True):
        assert ours["loss"] == pytest.approx(theirs["loss"], rel=1e-4)


@pytest.mark.slow
def test_a_batch_that_can_not_be_shared_is_refused(
    dataset: Path, encoded: Path, tmp_path: Path
) -> None:
    run = copied(encoded, tmp_path / "run")
    done = torchrun("train", dataset, "--out", run, *settings({"train.batch": 3}))
    assert done.returncode != 0
    assert "train.batch 3 can't be shared by 2 processes" in done.stderr


def spoilt(run: Path) -> None:
    """Latents of one clip that are not finite, as a codec gone wrong might have made them."""
    path = max((run / "cache").glob("train-*.latents"), key=lambda each: each.stat().st_size)
    about = path.with_name(f"{path.name.partition('.')[0]}.json")
    rows = json.loads(about.read_text())
    (bucket,) = rows["buckets"]
    data = np.fromfile(path, np.float16)
    data[: len(data) // len(bucket["keys"])] = np.inf
    data.tofile(path)
    bucket["latents_sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    about.write_text(json.dumps(rows))


@pytest.mark.slow
def test_steps_that_are_not_finite_are_skipped_and_noted(
    dataset: Path, encoded: Path, tmp_path: Path
) -> None:
    run = copied(encoded, tmp_path / "run")
    spoilt(run)
    done = train(dataset, run)
    assert done.returncode == 0, done.stderr
    noted = [json.loads(line) for line in (run / "bad_steps.jsonl").read_text().splitlines()]
    assert 0 < len(noted) < 12
    assert all(len(step["keys"]) == 4 for step in noted)
    assert "was not finite and is skipped" in done.stderr
    assert all(value.isfinite().all() for value in weights(run).values())


def test_too_many_of_them_stop_the_run(dataset: Path, encoded: Path, tmp_path: Path) -> None:
    run = copied(encoded, tmp_path / "run")
    spoilt(run)
    done = train(dataset, run, train__max_bad_steps=0)
    assert done.returncode == 1
    assert "not finite" in done.stderr
    assert "Lower train.lr" in done.stderr
    assert "Traceback" not in done.stderr


def test_another_recipe_is_refused_and_the_difference_shown(dataset: Path, trained: Path) -> None:
    done = train(dataset, trained, train__lr=0.5)
    assert done.returncode == 1
    assert "train.lr: 0.002 -> 0.5" in done.stderr
    assert "--out" in done.stderr


@pytest.mark.slow
def test_a_codec_and_cache_are_not_lost_to_another_recipe(
    dataset: Path, encoded: Path, tmp_path: Path
) -> None:
    run = copied(encoded, tmp_path / "run")
    before = tree(run)
    done = train(dataset, run, codec__steps=20)
    assert done.returncode == 1
    assert "codec.steps: 10 -> 20" in done.stderr
    assert tree(run) == before
    assert train(dataset, run, train__lr=0.5).returncode == 0, "nothing was trained yet"


def test_a_cache_whose_bytes_changed_is_refused(
    dataset: Path, encoded: Path, tmp_path: Path
) -> None:
    run = copied(encoded, tmp_path / "run")
    path = max((run / "cache").glob("train-*.latents"))
    data = bytearray(path.read_bytes())
    data[100] ^= 1
    path.write_bytes(data)
    done = train(dataset, run)
    assert done.returncode == 1
    assert path.name.partition(".")[0] in done.stderr
    assert "Traceback" not in done.stderr


def test_one_training_at_a_time(dataset: Path, encoded: Path, tmp_path: Path) -> None:
    run = copied(encoded, tmp_path / "run")
    with locked(run):
        done = train(dataset, run)
    assert done.returncode == 1
    assert "another training is running" in done.stderr


def test_other_shards_are_refused(dataset: Path, trained: Path, tmp_path: Path) -> None:
    run = copied(trained, tmp_path / "run")
    fewer = tmp_path / "fewer"
    (fewer / "data").mkdir(parents=True)
    for shard in sorted((dataset / "data").glob("train-*.tar"))[1:]:
        os.link(shard, fewer / "data" / shard.name)
    done = train(fewer, run)
    assert done.returncode == 1
    assert "was trained on other shards (12 clips then, " in done.stderr
    kept, before = tree(run / "cache"), tree(trained / "cache")
    assert {name: kept[name] for name in before} == before, "and nothing is forgotten"


def test_an_unknown_key_names_the_nearest(dataset: Path, tmp_path: Path) -> None:
    done = mmusset("train", dataset, "--out", tmp_path / "run", "--set", "train.step=5")
    assert done.returncode == 2
    assert "'train.step'. Did you mean 'train.steps'?" in done.stderr
    assert not (tmp_path / "run").exists()


def test_a_folder_without_shards_is_said_so(tmp_path: Path) -> None:
    done = mmusset("train", tmp_path, "--out", tmp_path / "run")
    assert done.returncode == 2
    assert f"no shards in {tmp_path}" in done.stderr
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_without_a_validation_split_it_trains_as_well(dataset: Path, tmp_path: Path) -> None:
    only = tmp_path / "only"
    (only / "data").mkdir(parents=True)
    for shard in (dataset / "data").glob("train-*.tar"):
        os.link(shard, only / "data" / shard.name)
    done = train(only, tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert lines(tmp_path / "run", "validation") == []


@pytest.mark.parametrize("has", [(1, 1, 1), (0, 1, 1), (1, 0, 1), (0, 0, 1), (1, 0, 0)])
def test_every_subset_of_what_a_sample_has_is_as_likely(has: tuple[int, int, int]) -> None:
    """And as many samples as the recipe says are told nothing, for guidance: no more of those that
    have a caption alone."""
    present = torch.tensor(has, dtype=torch.bool).expand(14_000, 3)
    draws = draw(FlowTrainPart(drop=0.1), 0, (14_000, 1, 1), present)
    bits = torch.tensor([1, 2, 4])
    codes = (draws.condition_mask * bits).sum(dim=1)
    shares = torch.bincount(codes, minlength=8) / len(codes)
    assert float(shares[0]) == pytest.approx(0.1, abs=0.015)
    whole = int((torch.tensor(has) * bits).sum())
    subsets = [code for code in range(1, 8) if code & whole == code]
    assert shares[subsets].numpy() == pytest.approx(0.9 / len(subsets), abs=0.015)
    assert float(shares.sum() - shares[0] - shares[subsets].sum()) == 0
    again = draw(FlowTrainPart(drop=0.1), 0, (14_000, 1, 1), present)
    assert torch.equal(draws.condition_mask, again.condition_mask)


def test_who_has_nothing_is_told_nothing_and_the_beat_is_dropped_by_itself() -> None:
    present = torch.zeros(10_000, 3, dtype=torch.bool)
    draws = draw(FlowTrainPart(drop=0.1, beat_drop=0.2), 0, (10_000, 1, 1), present)
    assert not draws.condition_mask.any()
    assert float(draws.beat_mask.float().mean()) == pytest.approx(0.8, abs=0.02)
    told = draw(FlowTrainPart(), 0, (10_000, 1, 1), ~present).condition_mask.any(dim=1)
    both = (told & draws.beat_mask).float().mean() / told.float().mean()
    assert float(both) == pytest.approx(0.8, abs=0.02)


def test_without_torch_it_says_what_to_install(dataset: Path) -> None:
    """A Python that does not find it: a new one, since a fork has looked already."""
    given = "import sys, importlib.util as u; find = u.find_spec; sys.argv[0] = 'mmusset'\n"
    given += "u.find_spec = lambda name, *rest: None if name == 'torch' else find(name, *rest)\n"
    given += "from mmusset.cli.main import main; main()"
    for words in (
        ["train", dataset],
        ["encode", dataset],
        ["generate", "x"],
    ):
        done = python("-c", given, *words, server=None)
        assert done.returncode == 1
        assert done.stderr == "mmusset: MusFlow needs torch: pip install 'mmusset[train]'\n"


@pytest.mark.slow
def test_full_band_sound_with_the_bundled_codec(dataset: Path, tmp_path: Path) -> None:
    """44.1 kHz, from the shards to a file."""
    run, out = tmp_path / "run", tmp_path / "made.flac"
    full = {"rate_hz": 44100, "n_fft": 2048, "hop": 512, "mels": 128}
    done = train(dataset, run, **{f"codec__{name}": value for name, value in full.items()})
    assert done.returncode == 0, done.stderr
    words = ["--caption", "A loud piece.", "--seconds", "1.5", "--out", out]
    made = mmusset("generate", run, *words)
    assert made.returncode == 0, made.stderr
    sound, rate_hz = soundfile.read(out)
    assert (rate_hz, sound.shape) == (44100, (66150,))
    assert np.abs(sound).max() > 1e-4
