"""The loss on the validation split, always with the same noise, so that runs can be compared."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mmusset.musflow.data.cache import Cache, LatentBatch
from mmusset.musflow.model.kin import strangers
from mmusset.musflow.model.musflow import Draws, MusFlow, draw, on_device
from mmusset.musflow.recipe import FlowTrainPart

MIN_DRAWS = 128  # of noise and timesteps; fewer clips are drawn for several times
MAX_CLIPS = 512
BATCH = 64
NEAR_NOISE = 0.1  # of the timesteps of training


@dataclass(frozen=True, slots=True)
class ConditionLosses:
    """Mean flow losses: with a clip's own conditions, with none, and with another clip's that is of
    another piece and has another picture. All are told the beat.

    A model that listens to its conditions has the first below both others.
    """

    conditional: float
    unconditional: float
    shuffled: float

    def text(self) -> str:
        """For people."""
        return (
            f"{self.conditional:.3f}, unconditional {self.unconditional:.3f},"
            f" with another clip's conditions {self.shuffled:.3f}"
        )


@dataclass(frozen=True, slots=True)
class Validation:
    """Losses at the timesteps of training, and near the noise (NEAR_NOISE), where conditions
    decide: later the noisy music itself shows what it will be."""

    usual: ConditionLosses
    near_noise: ConditionLosses


@torch.no_grad()
def validate(model: MusFlow, dataset: Cache, part: FlowTrainPart, device: str) -> Validation | None:
    """The losses of a model in eval mode; None where no clip of the split has another of its
    length beside it, of another piece, whose conditions it could be given."""
    batches = list(_batches(dataset))
    if not batches:
        return None
    sums, count = torch.zeros(2, 3, device=device, dtype=torch.float64), 0
    passes = -(-MIN_DRAWS // min(sum(dataset.counts), MAX_CLIPS))
    step = 0
    for batch in batches:
        here = on_device(batch, device)
        at_once = max(1, BATCH // len(batch.keys))
        for first in range(0, passes, at_once):
            clips = _repeated(here, min(at_once, passes - first))
            shape = (clips.mean.shape[0], clips.mean.shape[1], clips.mean.shape[2])
            present, seen = model.present(clips), clips.video_present
            draws = draw(part, step, shape, present, "validation", video_present=seen)
            draws = replace(
                draws,
                beat_mask=torch.ones_like(draws.beat_mask),
                known=torch.zeros_like(draws.known),
            )
            near_noise = replace(draws, timesteps=NEAR_NOISE * draws.timesteps)
            sums[0] += _losses(model, clips, draws)
            sums[1] += _losses(model, clips, near_noise)
            count += len(clips.keys)
            step += 1
    usual, near = (ConditionLosses(*row) for row in (sums / count).tolist())
    return Validation(usual, near)


def _repeated(batch: LatentBatch, times: int) -> LatentBatch:
    """The clips of a batch several times over."""
    return replace(
        batch,
        keys=batch.keys * times,
        mean=batch.mean.repeat(times, 1, 1),
        std=None if batch.std is None else batch.std.repeat(times, 1, 1),
        embeddings={name: value.repeat(times, 1) for name, value in batch.embeddings.items()},
        present=batch.present.repeat(times, 1),
        kin=batch.kin.repeat(times, 1),
        beat=batch.beat.repeat(times, 1),
        video=batch.video and batch.video.each(lambda each: torch.cat([each] * times)),
    )


def _losses(model: MusFlow, batch: LatentBatch, draws: Draws) -> Tensor:
    """Summed losses `[3]` under the same draws, but for the conditions."""
    other = _shuffled(batch)
    everything, others = (
        replace(
            draws,
            condition_mask=model.asked(clips),
            video_mask=torch.ones_like(draws.video_mask),
        )
        for clips in (batch, other)
    )
    nothing = replace(
        draws,
        condition_mask=torch.zeros_like(draws.condition_mask),
        video_mask=torch.zeros_like(draws.video_mask),
    )
    losses = [
        model(batch, everything).flow.sum(),
        model(batch, nothing).flow.sum(),
        model(other, others).flow.sum(),
    ]
    return torch.stack(losses).double()


def _shuffled(batch: LatentBatch) -> LatentBatch:
    """Every clip with the conditions of the next one that is none of its kin."""
    other = strangers(batch.kin)
    embeddings = {name: value[other] for name, value in batch.embeddings.items()}
    video = batch.video and batch.video.each(lambda each: each[other])
    return replace(batch, embeddings=embeddings, present=batch.present[other], video=video)


def _batches(dataset: Cache) -> Iterator[LatentBatch]:
    """All clips that have a stranger beside them, or the first of them where there are many."""
    left = MAX_CLIPS
    for bucket, count in enumerate(dataset.counts):
        for first in range(0, min(count, left), BATCH):
            rows = torch.arange(first, min(first + BATCH, count, first + left))
            left -= len(rows)
            # Whose stranger stays has a stranger: it is theirs as they are its.
            rows = rows[strangers(dataset.batch(bucket, rows, slice(0)).kin) >= 0]
            if len(rows):
                yield dataset.batch(bucket, rows)
