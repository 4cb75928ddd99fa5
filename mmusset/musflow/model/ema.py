"""An exponential moving average of the weights: validation and `generate` use it."""

import copy

import torch
from torch import nn

# Early on the average forgets fast, so that it leaves the random start behind.
WARM_UP = 10.0


class Ema:
    """A copy of a model whose weights follow the model's, in float32."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self._decay = decay
        self._average = list(self.model.parameters())
        self._weights = list(model.parameters())

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move the average towards the weights after step number `step`, from 0."""
        decay = min(self._decay, (1 + step) / (WARM_UP + step))
        torch._foreach_lerp_(self._average, [p.detach() for p in self._weights], 1 - decay)
