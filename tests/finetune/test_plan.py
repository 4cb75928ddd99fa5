"""`mmusset finetune --plan`: what it says is what a step then needs."""

import json
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from mmusset.finetune.batch import PackedBatch
from mmusset.finetune.offline_base import EstimatedTokenizer, published_config
from mmusset.finetune.plan import StepShape, needed, plan, simulated
from mmusset.training.memory import ALLOWANCE, GIB
from mmusset.training.published import QWEN2_VL
from tests.support.command import mmusset
from tests.support.finetune_parts import (
    learner,
    packed,
    recipe,
    words,
)
from tests.support.memory import most_held_mib

SHAPE = StepShape(samples=1, tokens=900, labels=120)


def config_of(base: Path) -> Any:
    # Here, since every worker collects this file: it takes seconds.
    from transformers import AutoConfig

    return AutoConfig.from_pretrained(base)


def batch(shape: StepShape) -> PackedBatch:
    """Pages of this shape, without pictures."""
    sees = torch.ones(shape.tokens, shape.tokens, dtype=torch.bool).tril()
    return PackedBatch(
        input_ids=torch.zeros(shape.samples, shape.tokens, dtype=torch.long),
        attention_mask=sees.expand(shape.samples, 1, -1, -1).contiguous(),
        position_ids=torch.arange(shape.tokens).expand(3, shape.samples, -1).contiguous(),
        pixel_values=None,
        image_grid_thw=None,
        logit_positions=torch.arange(shape.labels),
        labels=torch.zeros(shape.labels, dtype=torch.long),
    )


def measured_mib(base: Path, shape: StepShape, rank: int, checkpointing: bool) -> float:
    """What a step takes beside the weights, by torch's profiler."""
    model = learner(base, rank, checkpointing=checkpointing).train()
    asked = batch(shape)
    model(asked).backward()  # gradients are there, as in every step but the first
    return most_held_mib(lambda: model(asked).backward())


@pytest.mark.parametrize(
    ("shape", "rank", "checkpointing"),
    [
        (SHAPE, 8, False),
        pytest.param(SHAPE, 64, True, marks=pytest.mark.slow),
        pytest.param(replace(SHAPE, samples=3, labels=360), 8, True, marks=pytest.mark.slow),
    ],
)
def test_the_plan_is_what_a_step_takes(
    shape: StepShape, rank: int, checkpointing: bool, base: Path
) -> None:
    config = config_of(base)
    need, _ = needed(recipe(base, rank, checkpointing=checkpointing), config, shape, bf16=False)
    measured = measured_mib(base, shape, rank, checkpointing)
    assert need.activations * 1024 == pytest.approx(measured, rel=0.1)
    weights = [w for w in learner(base, rank).parameters() if w.requires_grad]
    assert need.trained == sum(weight.numel() for weight in weights)
    assert need.gradients * GIB == 4 * need.trained
    assert need.optimizer * GIB == 8 * need.trained


@pytest.mark.slow
@pytest.mark.parametrize("checkpointing", [True, False])
def test_a_step_of_many_layers_is_known_from_few(base: Path, checkpointing: bool) -> None:
    config = config_of(base)
    text = config.get_text_config()
    text.num_hidden_layers, text.layer_types = 4, 4 * ["full_attention"]
    asked = recipe(base, checkpointing=checkpointing, quantize="nf4")
    memory, weights = needed(asked, config, SHAPE, bf16=True)
    whole, all_weights = simulated(asked, config, SHAPE, bf16=True)
    assert astuple(memory) == pytest.approx(astuple(whole), rel=1e-9)
    assert weights == all_weights


@pytest.mark.slow
def test_more_never_needs_less(base: Path) -> None:
    config = config_of(base)

    def peak(shape: StepShape = SHAPE, rank: int = 8, **train: Any) -> float:
        return needed(recipe(base, rank, **train), config, shape, bf16=False)[0].peak

    usual = peak()
    assert peak(rank=64) > usual
    assert peak(replace(SHAPE, tokens=1100)) > usual
    assert peak(replace(SHAPE, samples=2, labels=240)) > usual
    assert peak(checkpointing=True) < usual
    assert peak(quantize="nf4") < usual


@pytest.mark.slow
def test_its_advice_fits_when_it_is_followed(base: Path, source: Path) -> None:
    found, _ = packed(base, source)
    config = config_of(base)
    asked = recipe(base, 64, micro_batch=4, batch=4)
    whole = plan(asked, config, found, available=100.0, bf16=False)
    assert whole.fits
    assert whole.advice == ()
    tight = plan(asked, config, found, available=ALLOWANCE + 0.6 * whole.memory.peak, bf16=False)
    assert not tight.fits
    assert tight.advice[0] == "train.micro_batch=1"
    assert tight.advised <= 0.6 * whole.memory.peak
    assert f"--set {tight.advice[0]}" in tight.text()
    hopeless = plan(asked, config, found, available=ALLOWANCE, bf16=False)
    assert "no setting makes it fit" in hopeless.text()


@pytest.mark.slow
def test_the_command_plans_and_writes_nothing(base: Path, source: Path, tmp_path: Path) -> None:
    (base / "model.safetensors").rename(base / "hidden")  # no weight is read
    try:
        done = mmusset(
            *words(base, source, tmp_path / "a"), "--plan", "--gpu-memory", "24", "--json"
        )
    finally:
        (base / "hidden").rename(base / "model.safetensors")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["fits"]
    assert (facts["samples"], facts["validation_samples"], facts["steps"]) == (5, 2, 10)
    assert facts["shared_tokens"] > 0
    assert not (tmp_path / "a").exists()


@pytest.mark.slow
def test_a_bundled_recipe_is_planned_without_network_or_files(source: Path, tmp_path: Path) -> None:
    """The base is known by its published sizes, tokens are estimated."""
    nowhere = {"HF_HOME": str(tmp_path / "empty"), "HF_ENDPOINT": "http://127.0.0.1:9"}
    words = ("finetune", source, "--include", "offline", "--plan", "--gpu-memory", "24", "--json")
    done = mmusset(*words, variables=nowhere, cold=True)
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["tokens_estimated"]
    assert facts["all_weights"] - facts["memory"]["trained"] == 2_208_985_600
    assert facts["fits"]
    assert (facts["samples"], facts["validation_samples"]) == (5, 2)
    assert facts["shared_tokens"] > 0


@pytest.mark.parametrize("base", QWEN2_VL)
def test_a_published_size_is_that_of_the_model(base: str) -> None:
    from transformers import Qwen2VLForConditionalGeneration

    with torch.device("meta"):
        model = Qwen2VLForConditionalGeneration._from_config(published_config(base))
    assert sum(weight.numel() for weight in model.parameters()) == QWEN2_VL[base].parameters


def test_estimated_tokens_are_cut_where_a_tokenizer_cuts() -> None:
    tokenizer = EstimatedTokenizer()
    count = len(tokenizer("A slow, quiet piece of 62 BPM.<|im_end|>")["input_ids"])
    assert count == len(
        ["A", " slow", ",", " quiet", " piece", " of", " ", "6", "2", " BPM", ".", "end"]
    )
    assert len(tokenizer("<|im_end|>", split_special_tokens=True)["input_ids"]) > 1
