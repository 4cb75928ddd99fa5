"""What a training says of its clips before it begins."""

from collections.abc import Callable

from mmusset.musflow.data.cache import Cache, CacheManifest

SHOWN_BAD = 5  # of the clips that could not be used

Log = Callable[[str], None]


def show_cache(log: Log, manifest: CacheManifest, encoded: int) -> None:
    """How many clips a cache has, which could not be used, and which lack captions."""
    clips = ", ".join(f"{count} {split}" for split, count in sorted(manifest.clips.items()))
    log(f"cache: {clips} clips ({encoded} encoded now), {len(manifest.bad)} unusable")
    for where, why in list(manifest.bad.items())[:SHOWN_BAD]:
        log(f"  {where}: {why}")
    if manifest.stood_in:  # shards of an earlier version
        lacking = ", ".join(manifest.spec.captions[1:])
        log(
            f"captions: {manifest.stood_in} of {sum(manifest.clips.values())} clips have not all of"
            f" {lacking} in their JSON, so their caption stands in; a new build writes them"
        )


def show_alone(log: Log, dataset: Cache, audio: bool) -> None:
    """How many clips have neither picture nor text, and what they teach a network that is told
    their `audio`, or not."""
    buckets = range(len(dataset.counts))
    alone = sum(int((~dataset.everything(n).present.any(dim=1)).sum()) for n in buckets)
    if alone:
        teach = (
            "their own sound is their condition"
            if audio
            else "they teach music without a condition; network.audio makes their sound one"
        )
        log(f"{alone} of {sum(dataset.counts)} training clips are music alone: {teach}")
