"""What the loop is handed: a Task, and what passes between the two."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

MicroBatch = TypeVar("MicroBatch")
Forward = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class StepBatch(Generic[MicroBatch]):
    """A rank's share of a step, in micro-batches whose gradients are accumulated.

    `keys` name the samples of the whole step and `units` counts its clips or tokens, both over
    all ranks.
    """

    micro_batches: Sequence[MicroBatch]
    keys: tuple[str, ...]
    units: int


@dataclass(frozen=True, slots=True)
class Output:
    """What a task makes of a micro-batch.

    `loss` is the scalar to differentiate. `values` `[N]` are what the log averages: each adds
    to the metric whose number stands in `metrics` `[N]`, with its weight in `weights` `[N]`.
    """

    loss: Tensor
    values: Tensor
    metrics: Tensor
    weights: Tensor

    @classmethod
    def single(cls, loss: Tensor, value: Tensor, weight: float = 1.0) -> "Output":
        """One value of the only metric."""
        value = value.detach()[None]
        return cls(
            loss, value, torch.zeros_like(value, dtype=torch.long), torch.full_like(value, weight)
        )


@dataclass(frozen=True, slots=True)
class BadStep:
    """A step that was skipped, since its gradient was not finite, and the keys of its samples."""

    step: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MeterReading:
    """What a meter measured over `steps` steps and all processes, up to `step`.

    `units` are the clips or tokens of those steps; `waiting` is the share of time in which
    the device waited for a batch.
    """

    step: int
    steps: int
    sums: dict[str, float]
    weights: dict[str, float]
    grad_norm: float
    units: int
    seconds: float
    waiting: float
    bad: tuple[BadStep, ...]

    def mean(self, *metrics: str) -> float:
        """The mean over one or several metrics; NaN where none of their steps was finite."""
        weight = sum(self.weights[name] for name in metrics)
        return sum(self.sums[name] for name in metrics) / weight if weight else float("nan")


class Task(ABC, Generic[MicroBatch]):
    """What is trained. The loop owns the optimizer's steps, a task owns everything it is about."""

    model: nn.Module
    optimizer: torch.optim.Optimizer  # fused, see training.optimizer
    metrics: tuple[str, ...] = ("loss",)  # what its outputs' numbers of metrics mean
    unit: str = "samples"  # what rates count
    section: str = "train"  # of the recipe, for messages
    bf16: bool = False
    dropout_seed: str = "dropout"  # names the seed of a step's dropout; one with the rank in it
    #                                gives each rank a dropout of its own

    @abstractmethod
    def batch(self, step: int) -> StepBatch[MicroBatch]:
        """This rank's share of a step from 0. Called in the prefetcher's thread."""

    @abstractmethod
    def loss(self, forward: Forward, batch: MicroBatch, step: int) -> Output:
        """The loss of a micro-batch, by `forward`: the model, under DDP and autocast if so set.

        The gradient of a step is that of the sum over its micro-batches, averaged over ranks.
        """

    def after_step(self, step: int) -> None:
        """The optimizer has made its step number `step`, from 0."""

    def facts(self, reading: MeterReading) -> dict[str, Any]:
        """What the log says about a reading, beyond what it says for every task."""
        return {"loss": reading.mean(*self.metrics)}

    def note(self, line: dict[str, Any]) -> str:
        """A line of the log in a few words, for people."""
        return f"loss {line['loss']:.3f}, {line[f'{self.unit}_per_s']:.0f} {self.unit} a second"

    def validate(self, step: int) -> dict[str, Any] | None:
        """What the log says of a validation, with its `loss`; None without one. On every rank."""
        return None

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps: tensors, numbers and strings."""
        return {"model": self.model.state_dict()}

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave. Raises Refused where it is of another training."""
        self.model.load_state_dict(state["model"])
