"""Training the Alignment Module by itself, on cached embeddings: seconds, not hours."""

from collections.abc import Callable

import torch

from mmusset.musflow.data.cache import LatentBatch
from mmusset.musflow.data.dataset import LatentDataset
from mmusset.musflow.model.alignment import Alignment, Recall, recall
from mmusset.training.order import generator_at
from mmusset.training.schedule import lr_at, set_lr

FEWEST = 10  # clips among which to find one


def fit_alignment(
    alignment: Alignment, rows: LatentDataset, seed: int, told: Callable[[int, float], None]
) -> None:
    """Train the adapters on all clips of a split, whatever their length.

    `told` hears of each step and its loss.
    """
    part = alignment.part
    whole = _embeddings(rows)
    optimizer = torch.optim.AdamW(
        alignment.parameters(), lr=part.lr, weight_decay=part.weight_decay
    )
    count = len(whole.keys)
    batch = min(part.batch, count)
    device = next(alignment.parameters()).device
    alignment.train()
    for step in range(part.steps):
        random = generator_at(seed, step, "alignment")
        some = torch.randperm(count, generator=random)[:batch]
        torch.manual_seed(random.initial_seed())
        embeddings = {name: value[some].to(device) for name, value in whole.embeddings.items()}
        loss = alignment.loss(
            alignment(embeddings),
            alignment.target(embeddings["audio"]),
            whole.present[some].to(device),
        )
        optimizer.zero_grad()
        loss.backward()
        set_lr(optimizer, lr_at(part.lr, step, part.steps, warmup=0))
        optimizer.step()
        told(step + 1, float(loss.detach()))
    alignment.eval()


@torch.no_grad()
def measure_recall(alignment: Alignment, rows: LatentDataset) -> list[Recall]:
    """recall@k of each modality over all clips of a split."""
    whole = _embeddings(rows)
    device = next(alignment.parameters()).device
    alignment.eval()
    embeddings = {name: value.to(device) for name, value in whole.embeddings.items()}
    return recall(alignment(embeddings), alignment.target(embeddings["audio"]))


def recall_lines(alignment: Alignment, rows: LatentDataset) -> list[str]:
    """`caption finds its music among 30 clips: 12 % first, 41 % in the first 5, ...`"""
    if sum(rows.counts) < FEWEST:
        return [f"of {sum(rows.counts)} validation clips, finding the right one tells nothing"]
    return [
        f"{found.modality} finds its music among {found.clips} clips: "
        + ", ".join(f"{share:.0%} in the first {k}" for k, share in found.at.items())
        + f" (by chance {min(1, 1 / found.clips):.0%} in the first 1)"
        for found in measure_recall(alignment, rows)
    ]


def _embeddings(rows: LatentDataset) -> LatentBatch:
    """Every clip's embeddings, without its latents."""
    parts = [rows.everything(bucket) for bucket in range(len(rows.counts))]
    return LatentBatch(
        keys=tuple(key for part in parts for key in part.keys),
        mean=torch.empty(0),
        std=torch.empty(0),
        embeddings={
            name: torch.cat([part.embeddings[name] for part in parts])
            for name in parts[0].embeddings
        },
        present=torch.cat([part.present for part in parts]),
    )
