"""The learning rate over a training."""

import math

from torch.optim import Optimizer

LAST = 0.05  # of the highest, at the end


def lr_at(highest: float, step: int, steps: int, warmup: int) -> float:
    """Of a step from 0: up in a line for `warmup` steps, then down along a cosine to LAST."""
    if step < warmup:
        return highest * (step + 1) / warmup
    way = (step - warmup) / max(steps - warmup, 1)
    return highest * (LAST + (1 - LAST) * (1 + math.cos(math.pi * way)) / 2)


def set_lr(optimizer: Optimizer, lr: float) -> None:
    """Have all of its weights learn at this rate."""
    for group in optimizer.param_groups:
        group["lr"] = lr
