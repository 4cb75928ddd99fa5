"""The training clips that sound most like what was made: does it copy?"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from mmusset.musflow.data.cache import Cache
from mmusset.musflow.data.encode import heard

if TYPE_CHECKING:
    from .generate import Composer

LOOKED_AT = 1024  # training clips that tell how near clips usually are


@dataclass(frozen=True, slots=True)
class Near:
    """A training clip by its key, and how near it is: the cosine of both embeddings."""

    key: str
    similarity: float


class Neighbours:
    """The embeddings of all training clips of a run.

    `usual` is how near a training clip's own nearest neighbour is, in the median, or None
    where there is one clip alone: what is much nearer than that may be a copy. Raises
    MmussetError where the run's cache is gone.
    """

    def __init__(self, composer: "Composer") -> None:
        cache = Cache(composer.folder.cache, "train", composer.manifest.maker)
        self._composer = composer
        self._keys = [key for n in range(len(cache.counts)) for key in cache.keys(n)]
        audio = torch.cat(
            [cache.everything(n).embeddings["audio"] for n in range(len(cache.counts))]
        )
        self._clips = composer.model.alignment.target(audio.to(composer.device))
        self.usual = _usual(self._clips)

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


def _usual(clips: Tensor) -> float | None:
    """The median cosine of clips `[N, E]`, some of them if they are many, to their nearest."""
    if len(clips) < 2:
        return None
    some = torch.linspace(0, len(clips) - 1, min(len(clips), LOOKED_AT)).long().to(clips.device)
    between = clips[some] @ clips.T
    between.scatter_(1, some[:, None], -1)
    return float(between.amax(dim=1).quantile(0.5))
