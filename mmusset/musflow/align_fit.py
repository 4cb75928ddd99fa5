"""Training the Alignment Module by itself, on cached embeddings: seconds, not hours."""

from collections.abc import Callable

import torch

from .align import Alignment, Recall, recall
from .cache import Batch, Cache
from .order import dice


def fit_alignment(
    alignment: Alignment, cache: Cache, seed: int, told: Callable[[int, float], None]
) -> None:
    """Train the adapters on all clips of a cache, whatever their length.

    `told` hears of each step and its loss.
    """
    part = alignment.part
    whole = _embeddings(cache)
    optimizer = torch.optim.AdamW(
        alignment.parameters(), lr=part.lr, weight_decay=part.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, part.steps)
    count = len(whole.keys)
    batch = min(part.batch, count)
    device = next(alignment.parameters()).device
    alignment.train()
    for step in range(part.steps):
        random = dice(seed, step, "alignment")
        rows = torch.randperm(count, generator=random)[:batch]
        torch.manual_seed(random.initial_seed())
        embeddings = {name: value[rows].to(device) for name, value in whole.embeddings.items()}
        loss = alignment.loss(
            alignment(embeddings),
            alignment.target(embeddings["audio"]),
            whole.present[rows].to(device),
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        told(step + 1, float(loss.detach()))
    alignment.eval()


@torch.no_grad()
def measure_recall(alignment: Alignment, cache: Cache) -> list[Recall]:
    """recall@k of each modality over all clips of a cache's split."""
    whole = _embeddings(cache)
    device = next(alignment.parameters()).device
    alignment.eval()
    embeddings = {name: value.to(device) for name, value in whole.embeddings.items()}
    return recall(alignment(embeddings), alignment.target(embeddings["audio"]))


def _embeddings(cache: Cache) -> Batch:
    """Every clip's embeddings, without its latents."""
    parts = [cache.everything(bucket) for bucket in range(len(cache.counts))]
    return Batch(
        keys=tuple(key for part in parts for key in part.keys),
        mean=torch.empty(0),
        std=torch.empty(0),
        embeddings={
            name: torch.cat([part.embeddings[name] for part in parts])
            for name in parts[0].embeddings
        },
        present=torch.cat([part.present for part in parts]),
    )
