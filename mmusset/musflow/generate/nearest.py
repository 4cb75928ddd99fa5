"""The training clips that sound most like a generated piece: does the model copy?"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

MEDIAN_OVER = 1024  # training clips at most: the cosines of more need not fit into memory


@dataclass(frozen=True, slots=True)
class NearestClip:
    """A training clip by its key, and the cosine of its embedding with the piece's."""

    key: str
    similarity: float


class TrainingClips:
    """The training clips of a run by their unit vectors `[N, E]` in the alignment's space.

    `median_similarity` is how near a training clip's own nearest neighbour is, in the median,
    or None for a single clip: a piece much nearer than that may be a copy.
    """

    def __init__(self, keys: Sequence[str], vectors: Tensor) -> None:
        self._keys, self._vectors = keys, vectors
        self.median_similarity = _median_nearest(vectors)

    def nearest(self, vector: Tensor, count: int) -> list[NearestClip]:
        """The `count` clips nearest to a unit vector `[E]`, nearest first."""
        top = (self._vectors @ vector).topk(min(count, len(self._keys)))
        return [
            NearestClip(self._keys[index], similarity)
            for index, similarity in zip(top.indices.tolist(), top.values.tolist(), strict=True)
        ]


def _median_nearest(vectors: Tensor) -> float | None:
    """The median cosine of clips `[N, E]`, an even sample of them if they are many, to their
    nearest other clip."""
    count = len(vectors)
    if count < 2:
        return None
    some = torch.linspace(0, count - 1, min(count, MEDIAN_OVER)).long().to(vectors.device)
    similarities = vectors[some] @ vectors.T
    similarities.scatter_(1, some[:, None], -1)  # a clip is not its own neighbour
    return float(similarities.amax(dim=1).quantile(0.5))
