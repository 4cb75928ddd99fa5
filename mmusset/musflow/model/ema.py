"""A moving average of the weights: what validation and `generate` use."""

import copy

import torch
from torch import nn

WARM_UP = 10.0  # the average of few steps forgets fast, so that it leaves the random start


class Ema:
    """A copy of a model whose weights follow it, in float32."""

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self._decay = decay
        self._ours = list(self.model.parameters())
        self._theirs = list(model.parameters())

    @torch.no_grad()
    def follow(self, step: int) -> None:
        """Go a part of the way to where the weights are after step number `step`, from 0."""
        decay = min(self._decay, (1 + step) / (WARM_UP + step))
        torch._foreach_lerp_(self._ours, [p.detach() for p in self._theirs], 1 - decay)
