"""Large batches on small devices: gradients accumulated, activations computed twice."""

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor

from mmusset.errors import UsageError
from mmusset.musflow.data.cache import Cache
from mmusset.musflow.model.musflow import MusFlow
from mmusset.musflow.recipe import MusFlowRecipe
from mmusset.musflow.training.flow_stage import FlowTask, micro_batches
from mmusset.recipe_file import load
from mmusset.training.world import World
from tests.support.memory import most_held_mib
from tests.support.musflow_trained import SETTINGS, Trained

STEP = 3


def task_of(trained: Trained, changes: Mapping[str, object], world: World) -> FlowTask:
    """A task whose network says something: the weights of a trained one, but deeper."""
    overrides = SETTINGS | {"network.depth": 3, "train.batch": 8} | dict(changes)
    recipe = load(MusFlowRecipe, "musflow-tiny", tuple(f"{k}={v}" for k, v in overrides.items()))
    cache = Cache(trained.run / "cache", "train")
    torch.manual_seed(0)
    model = MusFlow(recipe, cache.manifest)
    for weights in model.network.parameters():
        torch.nn.init.normal_(weights, std=0.1)
    return FlowTask(recipe, model, cache, cache, world, print)


def gradients(task: FlowTask) -> dict[str, Tensor]:
    """Of one step, as the loop accumulates them, dropout and all."""
    task.model.train()
    for batch in task.batch(STEP).micro_batches:
        task.loss(task.model, batch, STEP).loss.backward()
    named = task.model.named_parameters()
    return {name: each.grad for name, each in named if each.grad is not None}


ALONE = World(0, 1, "cpu")


@pytest.mark.parametrize(
    "changes",
    [
        {"train.micro_batch": 2},
        {"train.activation_checkpointing": True},
        {"train.micro_batch": 4, "train.activation_checkpointing": True},
    ],
)
def test_gradients_are_those_of_the_whole_batch(
    trained: Trained, changes: dict[str, object]
) -> None:
    whole = gradients(task_of(trained, {}, ALONE))
    parts = gradients(task_of(trained, changes, ALONE))
    assert parts.keys() == whole.keys()
    for name, gradient in whole.items():
        torch.testing.assert_close(parts[name], gradient, rtol=1e-3, atol=1e-6, msg=name)


def test_shares_of_processes_are_cut_as_well(trained: Trained) -> None:
    """Each clip is in one micro-batch of one process."""
    world = [World(rank, 2, "cpu") for rank in range(2)]
    tasks = [task_of(trained, {"train.micro_batch": 2}, each) for each in world]
    batches = [batch for task in tasks for batch in task.batch(STEP).micro_batches]
    assert [len(batch.mean) for batch in batches] == [2, 2, 2, 2]
    (whole,) = task_of(trained, {}, ALONE).batch(STEP).micro_batches
    for batch in batches:
        assert torch.equal(batch.mean, whole.mean[batch.share])


def test_checkpointing_keeps_less(trained: Trained) -> None:
    def held_mib(checkpointing: bool) -> float:
        large = {"network.depth": 6, "train.batch": 64}
        task = task_of(trained, large | {"train.activation_checkpointing": checkpointing}, ALONE)
        (batch,) = task.batch(STEP).micro_batches
        return most_held_mib(lambda: task.loss(task.model, batch, STEP).loss.backward())

    assert held_mib(True) < 0.5 * held_mib(False)


def test_a_micro_batch_divides_what_a_process_has() -> None:
    part = load(MusFlowRecipe, "musflow-16k", ()).train
    assert (part.batch, part.micro_batch) == (128, 16)
    assert [micro_batches(part, processes) for processes in (1, 4, 8, 32)] == [8, 2, 1, 1]
    with pytest.raises(UsageError, match=r"train\.micro_batch 48 does not divide the 128 clips"):
        micro_batches(part.model_copy(update={"micro_batch": 48}), 1)
