"""The loss on the validation split, always with the same noise, so that runs can be compared."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mmusset.musflow.data.cache import LatentBatch
from mmusset.musflow.data.dataset import LatentDataset
from mmusset.musflow.model.musflow import Draws, MusFlow, draw, on_device
from mmusset.musflow.recipe import FlowTrainPart

DRAWS = 128  # times and noises in all, at the least
MOST_CLIPS = 512
BATCH = 64
NEAR_NOISE = 0.1  # of all times


@dataclass(frozen=True, slots=True)
class Told:
    """Mean flow losses: told all conditions, told nothing, and told those of another clip."""

    told: float
    untold: float
    shuffled: float

    def text(self) -> str:
        """For people."""
        return (
            f"{self.told:.3f}, told nothing {self.untold:.3f},"
            f" told another clip's picture and texts {self.shuffled:.3f}"
        )


@dataclass(frozen=True, slots=True)
class Validation:
    """Losses at the times of training, and near the noise (NEAR_NOISE), where conditions decide:
    later the noisy music itself tells what it will be."""

    usual: Told
    near_noise: Told


@torch.no_grad()
def validate(
    model: MusFlow, rows: LatentDataset, part: FlowTrainPart, device: str
) -> Validation | None:
    """The losses of a model in eval mode; None where no clip of the split has another of its
    length beside it, whose conditions it could be told."""
    batches = _batches(rows)
    if not batches:
        return None
    sums, count = torch.zeros(2, 3, device=device, dtype=torch.float64), 0
    passes = -(-DRAWS // min(sum(rows.counts), MOST_CLIPS))
    step = 0
    for batch in batches:
        here = on_device(batch, device)
        for _ in range(passes):
            draws = draw(part, step, here.mean.shape, device, "validation")
            sums[0] += _losses(model, here, draws)
            sums[1] += _losses(model, here, replace(draws, timesteps=NEAR_NOISE * draws.timesteps))
            count += len(here.keys)
            step += 1
    usual, near_noise = (Told(*row) for row in (sums / count).tolist())
    return Validation(usual, near_noise)


def _losses(model: MusFlow, batch: LatentBatch, draws: Draws) -> Tensor:
    """Summed losses `[3]` under the same draws, but for what is told."""
    told, untold = torch.ones_like(draws.condition_mask), torch.zeros_like(draws.condition_mask)
    other = _of_others(batch)
    found = [
        model(batch, replace(draws, condition_mask=told)).flow.sum(),
        model(batch, replace(draws, condition_mask=untold)).flow.sum(),
        model(other, replace(draws, condition_mask=told)).flow.sum(),
    ]
    return torch.stack(found).double()


def _of_others(batch: LatentBatch) -> LatentBatch:
    """Every clip with the conditions of its neighbour."""
    told = {name: value.roll(1, 0) for name, value in batch.embeddings.items()}
    return replace(batch, embeddings=told, present=batch.present.roll(1, 0))


def _batches(rows: LatentDataset) -> list[LatentBatch]:
    """All clips, or the first of them where there are many."""
    left, found = MOST_CLIPS, list[LatentBatch]()
    for bucket, count in enumerate(rows.counts):
        for first in range(0, min(count, left), BATCH):
            last = min(first + BATCH, count, first + left)
            if last - first > 1:
                found.append(rows.batch(bucket, torch.arange(first, last)))
            left -= last - first
    return found
