"""Which tempo an aligned embedding says, so that pictures and stories set the metronome too."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

LOWEST_BPM, BINS_PER_OCTAVE, BINS = 40.0, 12, 32  # 40 to 240 BPM
SPREAD_OCTAVES = 1 / 12  # of a tempo's place among the bins: neighbours are nearly right


@dataclass(frozen=True, slots=True)
class TempoRead:
    """The median tempo `[B]` in BPM, and how clear a beat is expected `[B]`, 0 to 1."""

    bpm: Tensor
    clarity: Tensor


class TempoReading(nn.Module):
    """A linear layer from aligned embeddings `[..., E]` to a distribution of tempi, and to how
    sure the tempo of such music is."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = nn.Linear(width, BINS + 1)

    def loss(self, aligned: Tensor, present: Tensor, beat: Tensor) -> Tensor:
        """Cross-entropy of tempi by beats `[B, 3]`, as far as they are sure, and of how sure they
        are; over embeddings `[B, M, E]` where `present` `[B, M]`."""
        told = self._told(aligned)[present]
        rows = present.nonzero()[:, 0]
        bpm, weight = beat[rows, 0], beat[rows, 2]
        logits, clarity = told[:, :BINS], told[:, BINS]
        octaves = _octaves(told.device) - _in_octaves(bpm)[:, None]
        place = functional.softmax(-0.5 * (octaves / SPREAD_OCTAVES).square(), dim=1)
        tempo = -(place * logits.log_softmax(dim=1)).sum(dim=1)
        sure = functional.binary_cross_entropy_with_logits(clarity, weight)
        return (tempo * weight).sum() / weight.sum().clamp_min(1) + sure

    def _told(self, aligned: Tensor) -> Tensor:
        """Of unit vectors, brought to a spread of 1 per channel so that the layer learns fast."""
        return self.layer(math.sqrt(aligned.shape[-1]) * aligned)

    def read(
        self, aligned: Tensor, present: Tensor, bounds_bpm: tuple[float, float] | None = None
    ) -> TempoRead:
        """What embeddings `[B, M, E]` say together, as far as `present` `[B, M]`, of tempi within
        bounds, where they are given; half of the chances are below it.

        Of nothing present it is as if all tempi were as likely, and clarity is 0.
        """
        told = self._told(aligned.float()) * present[..., None]
        told = told.sum(dim=1) / present.sum(dim=1, keepdim=True).clamp_min(1)
        logits, octaves = told[:, :BINS], _octaves(told.device)
        if bounds_bpm:
            low, high = (_in_octaves(torch.tensor(bound)) for bound in bounds_bpm)
            half = 0.5 / BINS_PER_OCTAVE
            outside = (octaves < low - half) | (octaves > high + half)
            logits = logits.masked_fill(outside & ~outside.all(), -torch.inf)
        below = logits.softmax(dim=1).cumsum(dim=1)
        # Between bins: where the sum of chances reaches one half.
        index = (below < 0.5).sum(dim=1, keepdim=True).clamp(max=BINS - 1)
        before = functional.pad(below, (1, 0)).gather(1, index)
        share = (0.5 - before) / (below.gather(1, index) - before).clamp_min(1e-6)
        at = (index + share - 0.5)[:, 0] / BINS_PER_OCTAVE
        bpm = LOWEST_BPM * 2**at
        if bounds_bpm:
            bpm = bpm.clamp(*bounds_bpm)
        return TempoRead(bpm, told[:, BINS].sigmoid() * present.any(dim=1))


def _octaves(device: torch.device) -> Tensor:
    return torch.arange(BINS, device=device) / BINS_PER_OCTAVE


def _in_octaves(bpm: Tensor) -> Tensor:
    return (bpm.clamp_min(1.0) / LOWEST_BPM).log2()
