"""Early stopping: the best validation so far, and when to wait no longer for a better one."""

from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from .optimizer import trainable


@dataclass(frozen=True, slots=True)
class Best:
    """The best validation: its step, its loss, and the trained weights that have it."""

    step: int
    loss: float
    weights: dict[str, Tensor]


class EarlyStopping:
    """Ends a training after `patience` validations without a better loss; never where it is 0."""

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._without_better = 0
        self.base_loss = float("nan")
        self.best: Best | None = None

    @property
    def ended(self) -> bool:
        return 0 < self._patience <= self._without_better

    def update(self, step: int, loss: float, model: nn.Module) -> None:
        """Take in a validation; the first is that of the untrained model."""
        if self.best is None:
            self.base_loss = loss
        elif not loss < self.best.loss:
            self._without_better += 1
            return
        self._without_better = 0
        self.best = Best(step, loss, weights_of(model))

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        assert self.best
        return {
            "base_loss": self.base_loss,
            "without_better": self._without_better,
            "best": {name: getattr(self.best, name) for name in Best.__slots__},
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from what `state` gave."""
        self.base_loss = state["base_loss"]
        self._without_better = state["without_better"]
        self.best = Best(**state["best"])


def weights_of(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the trained weights, on the CPU."""
    return {name: each.detach().cpu().clone() for name, each in trainable(model).items()}
