"""Manifests of shards that no build wrote."""

from collections.abc import Iterable
from typing import Any

from mmusset.shards.manifest import ListedShard, Manifest
from mmusset.shards.tar import Shard


def manifest_of(shards: Iterable[Shard], **more: Any) -> Manifest:
    """The manifest of a dataset of these shards, to which nothing was lost but for `more`."""
    listed = tuple(
        ListedShard(name=s.name, samples=s.samples, bytes=s.size, sha256=s.sha256) for s in shards
    )
    count = sum(shard.samples for shard in listed)
    facts = {"format": "mmusset/1", "found": count, "accepted": count, "shards": listed}
    facts |= {"rejected": 0, "failed": 0, "skipped": 0}
    return Manifest.model_validate(facts | more)
