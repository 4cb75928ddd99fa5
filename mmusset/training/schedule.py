"""The learning-rate schedule: linear warmup, then a cosine."""

import math

from torch.optim import Optimizer

FINAL = 0.05  # of the highest rate, at the last step: the cosine does not go down to 0


def lr_at(highest: float, step: int, steps: int, warmup: int) -> float:
    """The learning rate of a step from 0: up in a line for `warmup` steps, then down a cosine."""
    if step < warmup:
        return highest * (step + 1) / warmup
    progress = (step - warmup) / max(steps - warmup, 1)
    return highest * (FINAL + (1 - FINAL) * (1 + math.cos(math.pi * progress)) / 2)


def set_lr(optimizer: Optimizer, lr: float) -> None:
    """Set the learning rate of all parameter groups."""
    for group in optimizer.param_groups:
        group["lr"] = lr
