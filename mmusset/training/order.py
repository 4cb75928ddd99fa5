"""Which samples a step trains on, and its random generators: functions of (seed, step).

So there is no state of either to save: a training that was killed goes on at its step as if
nothing had happened, and a step is the same however many processes share it.
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor


def batch_rows(seed: int, step: int, batch: int, counts: Sequence[int]) -> tuple[int, Tensor]:
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
    """The generator of one use (noise, timesteps, ...) at one step.

    Hashed, so that neighbouring seeds and steps have nothing in common.
    """
    digest = hashlib.sha256(f"{seed}:{step}:{use}".encode()).digest()
    return torch.Generator(device).manual_seed(int.from_bytes(digest[:8]) >> 1)


@lru_cache(maxsize=4)
def _batches(
    seed: int, epoch: int, batch: int, counts: tuple[int, ...]
) -> tuple[tuple[int, int], ...]:
    """The bucket and the first row of each batch of an epoch."""
    batches = [(n, first) for n, count in enumerate(counts) for first in range(0, count, batch)]
    order = torch.randperm(len(batches), generator=generator_at(seed, epoch, "batches"))
    return tuple(batches[int(place)] for place in order)


@lru_cache(maxsize=64)
def _shuffled(seed: int, epoch: int, bucket: int, count: int) -> Tensor:
    return torch.randperm(count, generator=generator_at(seed, epoch, f"rows {bucket}"))
