"""`mmusset finetune` as users run it: to the end, killed and begun again, refused."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from mmusset.errors import MmussetError, Refused
from mmusset.finetune.batch import batch_of
from mmusset.finetune.curve import running_mean
from mmusset.finetune.finish import save_adapter
from mmusset.finetune.learner import TARGETS, load_base
from mmusset.finetune.recipe import FinetuneRecipe
from mmusset.finetune.run import finetune, prepare
from mmusset.finetune.task import LoraOutcome
from mmusset.recipe_file import load
from mmusset.speakers.adapter import check_adapter, read_adapter
from mmusset.training.early_stopping import Best
from mmusset.training.folder import locked
from tests.support.command import mmusset, python, torchrun, tree, with_torch
from tests.support.finetune_parts import (
    job,
    learner,
    packed,
    recipe,
    words,
)
from tests.support.musflow_parts import dataset
from tests.support.samples import sample
from tests.support.tiny_qwen2vl import make_adapter

ROOT = Path(__file__).parents[2]
CLOCKED = {"tokens_per_s", "memory_gib", "waiting"}


@pytest.fixture(scope="module")
def whole(base: Path, source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An adapter that was trained in one go, by the script."""
    out = tmp_path_factory.mktemp("whole") / "adapter"
    asked = words(base, source, out)[1:]
    done = python("finetune/lora.py", *asked, server=with_torch, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    assert "validation loss" in done.stdout
    return out


def log(folder: Path) -> list[dict[str, Any]]:
    """The log, without what a clock said."""
    lines = map(json.loads, (folder / "log.jsonl").read_text().splitlines())
    return [{k: v for k, v in line.items() if k not in CLOCKED} for line in lines]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    tensors: dict[str, torch.Tensor] = load_file(folder / "adapter_model.safetensors")
    return tensors


def test_the_adapter_can_be_served_and_says_what_made_it(whole: Path, base: Path) -> None:
    check_adapter(read_adapter(whole), str(base))
    assert read_adapter(whole).rank == 4
    made_by = load(FinetuneRecipe, str(whole / "recipe.yaml"))
    assert (made_by.base, made_by.lora.rank) == (str(base), 4)
    card = (whole / "README.md").read_text()
    assert "| learnt from | 5 samples; 2 more" in card
    assert "music captions and stories" in card
    assert "written by the offline grammar (14 texts)" in card
    assert (whole / "loss.png").read_bytes().startswith(b"\x89PNG")
    lines = log(whole)
    assert [line["step"] for line in lines if line["at"] == "train"] == list(range(1, 11))
    checked = {line["step"]: line["loss"] for line in lines if line["at"] == "validation"}
    assert list(checked) == [0, 4, 8, 10]
    assert min(checked.values()) < checked[0]


@pytest.mark.slow
@pytest.mark.parametrize(
    "failpoint",
    ["checkpoint_renamed:2", "checkpoint_synced", "adapter_renamed", "recipe_written"],
)
def test_a_training_that_was_killed_learns_what_one_in_one_go_learns(
    failpoint: str, whole: Path, base: Path, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "adapter"
    assert mmusset(*words(base, source, out), failpoint=failpoint).returncode == -9
    assert not (out / "recipe.yaml").exists()
    again = mmusset(*words(base, source, out))
    assert again.returncode == 0, again.stderr
    assert log(out) == log(whole), "`mmusset finetune` and the script; the same losses, bit for bit"
    ours, theirs = weights(out), weights(whole)
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)
    before = tree(out)
    assert finetune(job(base, source, out))
    assert tree(out) == before, "what has ended is left as it is"


@pytest.mark.slow
def test_two_processes_learn_what_one_learns(
    whole: Path, base: Path, source: Path, tmp_path: Path
) -> None:
    def asked(out: Path) -> list[str | Path]:
        return words(base, source, out, lora__dropout=0, train__epochs=2)

    one, two = tmp_path / "one", tmp_path / "two"
    assert mmusset(*asked(one), "--device", "cpu").returncode == 0
    done = torchrun(*asked(two), "--device", "cpu")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("validation loss") == 1, "only the first of them speaks"
    for ours, theirs in zip(log(one), log(two), strict=True):
        assert ours["step"] == theirs["step"]
        assert ours["loss"] == pytest.approx(theirs["loss"], abs=1e-4)


@pytest.mark.slow
def test_memory_for_time_changes_no_loss(
    whole: Path, base: Path, source: Path, tmp_path: Path
) -> None:
    """Layers computed twice, one page at a time or two."""
    losses = []
    for changes in ({"train__checkpointing": True}, {"train__micro_batch": 2}):
        out = tmp_path / str(len(losses))
        finetune(job(base, source, out, lora__dropout=0, train__epochs=1, **changes))
        losses.append([line["loss"] for line in log(out)])
    assert losses[0] == pytest.approx(losses[1], abs=1e-4)


@pytest.mark.slow
def test_it_ends_when_validation_gets_no_better_and_keeps_the_best(
    base: Path, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "adapter"
    hot = {"train__lr": 3.0, "train__validate_every": 1, "train__patience": 2}
    taught = finetune(job(base, source, out, **hot))
    assert taught
    assert taught.ended_early
    checked = {line["step"]: line["loss"] for line in log(out) if line["at"] == "validation"}
    assert max(checked) < taught.steps
    assert taught.best_step == min(checked, key=lambda step: checked[step])
    assert "it ended early" in (out / "README.md").read_text()


@pytest.mark.slow
def test_a_base_in_four_bits_learns(base: Path, source: Path, tmp_path: Path) -> None:
    """The projections are quantized, and nothing else is."""
    asked = recipe(base, quantize="nf4")
    loaded = load_base(asked, "", "cpu", torch.float32)
    quantized = [n for n, w in loaded.named_parameters() if w.dtype == torch.uint8]
    assert len(quantized) == 14
    assert all(re.fullmatch(TARGETS + r"\.weight", name) for name in quantized)
    out = tmp_path / "adapter"
    done = mmusset(*words(base, source, out, train__quantize="nf4"))
    assert done.returncode == 0, done.stderr
    checked = [line["loss"] for line in log(out) if line["at"] == "validation"]
    assert checked[-1] < checked[0]
    check_adapter(read_adapter(out), str(base))


@pytest.mark.slow
def test_bf16_learns(base: Path, source: Path, tmp_path: Path) -> None:
    done = mmusset(*words(base, source, tmp_path / "a", train__precision="bf16"))
    assert done.returncode == 0, done.stderr
    checked = [line["loss"] for line in log(tmp_path / "a") if line["at"] == "validation"]
    assert checked[-1] < checked[0]


def test_an_adapter_that_changes_nothing_is_not_saved(
    base: Path, source: Path, tmp_path: Path
) -> None:
    found, processor = packed(base, source)
    silent, spoken = learner(base, loud=False), learner(base)
    batch = batch_of(found.samples[:1], processor, silent.base.model.get_rope_index)
    outcome = LoraOutcome(step=4, steps=4, base_loss=2.0, best=Best(4, 1.0, {}))
    with pytest.raises(MmussetError, match="changes nothing that the base says"):
        save_adapter(silent, recipe(base), tmp_path, batch, outcome)
    assert not list(tmp_path.iterdir())
    save_adapter(spoken, recipe(base), tmp_path, batch, outcome)
    assert read_adapter(tmp_path).base == str(base)


# --- refusals ------------------------------------------------------------------------------


def refused(base: Path, source: Path, out: Path, **changes: Any) -> str:
    """What is said, before any weight is looked at."""
    with pytest.raises(MmussetError) as raised:
        prepare(job(base, source, out, **changes))
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_a_folder_that_holds_something_else_is_refused(
    base: Path, source: Path, tmp_path: Path
) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "letter.txt").write_text("mine")
    assert "holds something else" in refused(base, source, tmp_path / "a")


def test_another_recipe_or_other_samples_are_refused(
    whole: Path, base: Path, source: Path, tmp_path: Path
) -> None:
    assert "lora.rank: 4 -> 8" in refused(base, source, whole, lora__rank=8)
    fewer = [sample(n) for n in range(1, 5)]
    held_out = [sample(6, "validation")]
    others = dataset(tmp_path / "others", train_0=fewer, validation_0=held_out)
    assert "have changed since" in refused(base, others, whole)
    with locked(whole), pytest.raises(Refused, match="another training is running"):
        finetune(job(base, source, whole))


def test_a_base_that_is_no_qwen2_vl_is_refused(base: Path, source: Path, tmp_path: Path) -> None:
    other = tmp_path / "llama"
    other.mkdir()
    (other / "config.json").write_text(json.dumps({"model_type": "llama"}))
    assert "is a llama, not a Qwen2-VL" in refused(other, source, tmp_path / "a")
    adapter = make_adapter(base, tmp_path / "adapter")
    assert "is an adapter" in refused(adapter, source, tmp_path / "a")
    assert "can't load" in refused(tmp_path / "nowhere", source, tmp_path / "a")


def test_a_base_that_lacks_weights_is_refused(base: Path, source: Path, tmp_path: Path) -> None:
    other = shutil.copytree(base, tmp_path / "base")
    kept = {k: v for k, v in load_file(base / "model.safetensors").items() if "layers.1." not in k}
    save_file(kept, other / "model.safetensors", {"format": "pt"})
    with pytest.raises(MmussetError, match="lacks weights"):
        finetune(job(other, source, tmp_path / "a"))


def test_nothing_to_learn_from_is_refused(base: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert "no shards in" in refused(base, tmp_path / "empty", tmp_path / "a")
    lone = dataset(tmp_path / "lone", train_0=[sample(0)])
    assert "nothing to validate on" in refused(base, lone, tmp_path / "a")
    test = dataset(tmp_path / "test", test_0=[sample(0, "test")])
    assert "no accepted sample to learn from" in refused(base, test, tmp_path / "a")


def test_a_rank_above_what_a_server_takes_is_refused(
    base: Path, source: Path, tmp_path: Path
) -> None:
    done = mmusset(*words(base, source, tmp_path / "a", lora__rank=1024))
    assert done.returncode == 2
    assert "lora.rank: Input should be less than or equal to 512" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_merged_model_is_never_written_over_something(
    base: Path, source: Path, tmp_path: Path
) -> None:
    assert "is there already" in refused(base, source, tmp_path / "a", merge=source)


def test_shipped_recipes_say_their_names() -> None:
    for name, rank in (("lora-r8", 8), ("lora-r64", 64)):
        loaded = load(FinetuneRecipe, name)
        assert (loaded.name, loaded.lora.rank) == (name, rank)
    assert load(FinetuneRecipe, "lora-r8") == FinetuneRecipe()
    assert load(FinetuneRecipe, "lora-r64").lora.scale == 2.0


def test_the_smoothed_curve_leaves_out_what_is_not_finite() -> None:
    assert running_mean((1.0, float("nan"), 2.0)) == pytest.approx([1.0, 1.0, 1.1])
