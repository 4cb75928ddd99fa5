"""The training clips that sound most like what was made: does it copy?"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .cache import Cache
from .encode import heard

if TYPE_CHECKING:
    from .generate import Composer


@dataclass(frozen=True, slots=True)
class Near:
    """A training clip by its key, and how near it is: the cosine of both embeddings."""

    key: str
    similarity: float


class Neighbours:
    """The embeddings of all training clips of a run.

    `usual` is how near a training clip's own nearest neighbour is, in the median: what is
    much nearer than that may be a copy. Raises MmussetError where the run's cache is gone.
    """

    def __init__(self, composer: "Composer") -> None:
        cache = Cache(composer.folder.cache, "train", composer.manifest.maker)
        self._composer = composer
        self._keys = [key for n in range(len(cache.counts)) for key in cache.keys(n)]
        audio = torch.cat(
            [cache.everything(n).embeddings["audio"] for n in range(len(cache.counts))]
        )
        self._clips = composer.model.alignment.target(audio.to(composer.device))
        between = (self._clips @ self._clips.T).fill_diagonal_(-1).amax(dim=1)
        self.usual = float(between.quantile(0.5))

    def of(self, sound: Tensor, count: int) -> list[Near]:
        """The `count` clips nearest to sound `[channels, samples]`, nearest first."""
        composer = self._composer
        encoder = composer.encoders.audio
        mono = heard(sound[None].to(composer.device), composer.codec.rate_hz, encoder.rate_hz)
        own = composer.model.alignment.target(encoder(mono).to(composer.device))[0]
        found = (self._clips @ own).topk(min(count, len(self._keys)))
        return [
            Near(self._keys[place], value)
            for place, value in zip(found.indices.tolist(), found.values.tolist(), strict=True)
        ]
