"""Where a training's clips come from: the cache, or the shards themselves."""

from typing import Protocol

from torch import Tensor

from .cache import ALL, Batch, Manifest


class Rows(Protocol):
    """The clips of one split, in buckets of one length each: a Cache, or LiveShards."""

    manifest: Manifest
    lengths: tuple[int, ...]
    """Latent frames of each bucket's clips."""
    counts: tuple[int, ...]
    """Clips in each bucket."""

    def batch(self, bucket: int, rows: Tensor, share: slice = ALL, step: int = 0) -> Batch:
        """Rows `[B]` of a bucket: embeddings of all of them, latents of a process's share.

        `step` is for those that give a clip differently each time.
        """
        ...

    def everything(self, bucket: int) -> Batch:
        """The embeddings of all rows of a bucket, and no latents."""
        ...
