"""Several encodings of each clip, each begun a fraction of a latent frame later than the last.

Where a latent frame begins is chance, and latents begun half a frame later are other numbers of
the same music: trained on one of them at each step, a network sees more music.
"""

import torch
from torch import Tensor

from mmusset.training.order import generator_at


def shift_samples(number: int, shifts: int, samples_per_latent: int) -> int:
    """By how many samples shift `number` of so many begins later; the first by none."""
    return number * samples_per_latent // shifts


def drawn_shifts(shifts: int, clips: int, seed: int, step: int) -> Tensor:
    """Which of its shifts each clip `[B]` of a batch is trained with at a step, all equally likely.

    A function of (seed, step) and the place in the batch: the same in every process, and in a
    training that goes on.
    """
    if shifts == 1:
        return torch.zeros(clips, dtype=torch.long)
    return torch.randint(shifts, (clips,), generator=generator_at(seed, step, "shifts"))
