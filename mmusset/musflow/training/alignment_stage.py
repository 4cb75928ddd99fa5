"""Training the Alignment Module by itself, on cached embeddings: seconds, not hours."""

from typing import Any

import torch
from torch import Tensor

from mmusset.musflow.data.cache import Cache, LatentBatch
from mmusset.musflow.data.captions import with_drawn_captions
from mmusset.musflow.model.alignment import Alignment, Recall, recall
from mmusset.progress import Progress
from mmusset.training.loop import Loop, LoopSettings
from mmusset.training.order import generator_at
from mmusset.training.task import Forward, Output, StepBatch, Task
from mmusset.training.world import World

MIN_CLIPS = 10  # among fewer, recall says nothing


class AlignmentTask(Task[LatentBatch]):
    """The adapters, trained on batches from all clips of a split, whatever their length."""

    section = "alignment"
    unit = "clips"
    dropout_seed = "alignment"

    def __init__(self, alignment: Alignment, dataset: Cache, seed: int, device: str) -> None:
        part = alignment.part
        self.model, self._seed, self._device = alignment, seed, device
        self._alignment, self._clips = alignment, _embeddings(dataset)
        self.optimizer = torch.optim.AdamW(
            alignment.parameters(), lr=part.lr, weight_decay=part.weight_decay, fused=True
        )

    def batch(self, step: int) -> StepBatch[LatentBatch]:
        clips, size = self._clips, len(self._clips.keys)
        order = torch.randperm(size, generator=generator_at(self._seed, step, "alignment"))
        chosen = order[: min(self._alignment.part.batch, size)]
        batch = LatentBatch(
            keys=tuple(clips.keys[int(place)] for place in chosen),
            mean=clips.mean,
            std=clips.std,
            embeddings={name: value[chosen] for name, value in clips.embeddings.items()},
            captions=clips.captions[chosen],
            present=clips.present[chosen],
            kin=clips.kin[chosen],
            beat=clips.beat[chosen],
        )
        batch = with_drawn_captions(batch, self._seed, step, "alignment captions")
        return StepBatch([batch], batch.keys, len(batch.keys))

    def loss(self, forward: Forward, batch: LatentBatch, step: int) -> Output:
        embeddings = {name: value.to(self._device) for name, value in batch.embeddings.items()}
        aligned: Tensor = forward(embeddings)
        target = self._alignment.target(embeddings["audio"])
        given = (each.to(self._device) for each in (batch.present, batch.kin, batch.beat))
        loss = self._alignment.loss(aligned, target, *given)
        return Output.single(loss, loss)

    def note(self, line: dict[str, Any]) -> str:
        return f"loss {line['loss']:.3f}"


def fit_alignment(
    alignment: Alignment, dataset: Cache, seed: int, device: str, progress: Progress
) -> None:
    """Train the adapters. Every process does it all: sharing would take longer."""
    part = alignment.part
    task = AlignmentTask(alignment, dataset, seed, device)
    settings = LoopSettings(seed=seed, steps=part.steps, lr=part.lr)
    Loop(task, settings, World(0, 1, device), progress).run("alignment")
    alignment.eval()


@torch.no_grad()
def measure_recall(alignment: Alignment, dataset: Cache) -> list[Recall]:
    """recall@k of each modality over all clips of a split."""
    clips = _embeddings(dataset)
    device = next(alignment.parameters()).device
    alignment.eval()
    embeddings = {name: value.to(device) for name, value in clips.embeddings.items()}
    target = alignment.target(embeddings["audio"])
    return recall(alignment(embeddings), target, clips.kin.to(device))


def recall_lines(alignment: Alignment, dataset: Cache) -> list[str]:
    """`caption finds its music among 30 clips: 12 % first, 41 % in the first 5, ...`"""
    if sum(dataset.counts) < MIN_CLIPS:
        return [f"recall is not measured: {sum(dataset.counts)} validation clips are too few"]
    return [
        f"{each.modality} finds its music among {each.clips} clips: "
        + ", ".join(f"{share:.0%} in the first {k}" for k, share in each.at.items())
        + f" (by chance {min(1, 1 / each.clips):.0%} in the first 1)"
        for each in measure_recall(alignment, dataset)
    ]


def _embeddings(dataset: Cache) -> LatentBatch:
    """Every clip's embeddings, without its latents."""
    parts = [dataset.everything(bucket) for bucket in range(len(dataset.counts))]
    return LatentBatch(
        keys=tuple(key for part in parts for key in part.keys),
        mean=torch.empty(0),
        std=None,
        embeddings={
            name: torch.cat([part.embeddings[name] for part in parts])
            for name in parts[0].embeddings
        },
        captions=torch.cat([part.captions for part in parts]),
        present=torch.cat([part.present for part in parts]),
        kin=torch.cat([part.kin for part in parts]),
        beat=torch.cat([part.beat for part in parts]),
    )
