"""What a trainer reads: the clips of one split, from the cache or from the shards themselves."""

from typing import Protocol

from torch import Tensor

from .cache import ALL, CacheManifest, LatentBatch


class LatentDataset(Protocol):
    """The clips of one split, in buckets of equal length: a Cache, or LiveShards."""

    manifest: CacheManifest
    lengths: tuple[int, ...]
    """Latent frames of each bucket's clips."""
    counts: tuple[int, ...]
    """Clips in each bucket."""

    def batch(self, bucket: int, rows: Tensor, share: slice = ALL, step: int = 0) -> LatentBatch:
        """Rows `[B]` of a bucket: embeddings of all of them, latents of one process's `share`.

        `step` matters to datasets that augment a clip anew at each step.
        """
        ...

    def everything(self, bucket: int) -> LatentBatch:
        """The embeddings of all rows of a bucket, and no latents."""
        ...
