"""Which clips a step trains on, and with which dice: functions of the step, so nothing to resume.

A run that was killed goes on at its step as if nothing had happened; the clips of a
step are the same however many processes share it.
"""

import hashlib
from functools import lru_cache

import torch
from torch import Tensor


def rows(seed: int, step: int, batch: int, count: int, rank: int = 0, world: int = 1) -> Tensor:
    """The rows `[batch / world]` of this rank, of `count`, at a step from 0.

    Every row comes once an epoch, in an order of the epoch's own; a batch may reach over
    two epochs. Raises ValueError where the ranks can't share the batch evenly.
    """
    if batch % world:
        raise ValueError(f"a batch of {batch} can't be shared by {world} processes")
    places = torch.arange(step * batch + rank, (step + 1) * batch, world)
    epochs = places // count
    found = torch.empty_like(places)
    for epoch in epochs.unique().tolist():
        here = epochs == epoch
        found[here] = _shuffled(seed, epoch, count)[places[here] % count]
    return found


def dice(seed: int, step: int, rank: int, use: str, device: str = "cpu") -> torch.Generator:
    """A generator for one use (noise, times, ...) at one step of one rank."""
    told = hashlib.sha256(f"{seed}:{step}:{rank}:{use}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(told[:8]) >> 1)


@lru_cache(maxsize=4)
def _shuffled(seed: int, epoch: int, count: int) -> Tensor:
    return torch.randperm(count, generator=dice(seed, epoch, 0, "order"))
