"""Which clips a step trains on, and with which dice: functions of the step, so nothing to resume.

A run that was killed goes on at its step as if nothing had happened; the clips, times and
noise of a step are the same however many processes share it.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor


def rows(seed: int, step: int, batch: int, counts: Sequence[int]) -> tuple[int, Tensor]:
    """The bucket of a step from 0, and the rows `[batch]` of it, of `counts[bucket]`.

    In an epoch every bucket is shuffled and cut into batches, its last filled up from its
    start, and the batches come in an order of their own: each row comes at least once.
    """
    steps = steps_per_epoch(batch, counts)
    bucket, first = _batches(seed, step // steps, batch, tuple(counts))[step % steps]
    order = _shuffled(seed, step // steps, bucket, counts[bucket])
    return bucket, order[torch.arange(first, first + batch) % counts[bucket]]


def steps_per_epoch(batch: int, counts: Sequence[int]) -> int:
    """Batches in which every row has come."""
    return sum(-(-count // batch) for count in counts)


def generator_at(seed: int, step: int, use: str, device: str = "cpu") -> torch.Generator:
    """A generator for one use (noise, times, ...) at one step."""
    told = hashlib.sha256(f"{seed}:{step}:{use}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(told[:8]) >> 1)


@lru_cache(maxsize=4)
def _batches(
    seed: int, epoch: int, batch: int, counts: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    """The bucket and first place of each batch of an epoch."""
    cut = [(n, first) for n, count in enumerate(counts) for first in range(0, count, batch)]
    order = torch.randperm(len(cut), generator=generator_at(seed, epoch, "batches"))
    return tuple(cut[int(place)] for place in order)


@lru_cache(maxsize=64)
def _shuffled(seed: int, epoch: int, bucket: int, count: int) -> Tensor:
    return torch.randperm(count, generator=generator_at(seed, epoch, f"rows {bucket}"))
