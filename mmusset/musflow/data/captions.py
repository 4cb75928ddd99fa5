"""Which of its captions a clip is trained with at a step.

A sample has several, long and short, with numbers and without (`Captions` in
`sample_parts/texts.py`). Drawn anew at each step, they teach a model to follow requests of any of
these manners.
"""

from dataclasses import replace

import torch

from mmusset.musflow.recipe import MODALITIES
from mmusset.training.order import generator_at

from .cache import LatentBatch


def with_drawn_captions(
    batch: LatentBatch, seed: int, step: int, use: str = "captions"
) -> LatentBatch:
    """A batch in which each clip has one of its captions, all equally likely.

    A function of (seed, step) and the place in the batch: the same in every process, and in a
    training that goes on.
    """
    clips, count, _ = batch.captions.shape
    if count == 1:
        return batch
    drawn = torch.randint(count, (clips,), generator=generator_at(seed, step, use))
    caption = batch.captions[torch.arange(clips), drawn]
    present = batch.present.clone()
    present[:, MODALITIES.index("caption")] = (caption != 0).any(dim=1)
    return replace(batch, embeddings=batch.embeddings | {"caption": caption}, present=present)
