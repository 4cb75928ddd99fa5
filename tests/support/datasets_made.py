"""Whole little datasets, put together by hand: shards, and the manifest that names them."""

import hashlib
import json
from pathlib import Path

from mmusset.agents import AGENTS
from mmusset.recipe import Recipe
from mmusset.shards.manifest import MANIFEST
from mmusset.shards.tar import Sample, write_shard
from tests.support.manifests import manifest_of


def write_dataset(out: Path, shards: dict[str, list[Sample]], **recipe: object) -> Path:
    """A dataset of these shards, to which two items were lost; `recipe` changes the recipe."""
    written = [write_shard(out, name, samples) for name, samples in shards.items()]
    count = sum(shard.samples for shard in written)
    groups = {sample.quadruple.group for samples in shards.values() for sample in samples}
    spelled = Recipe.model_validate(recipe).canonical()
    manifest = manifest_of(
        written,
        found=count + 2,
        rejected=1,
        skipped=1,
        reasons=[
            {"status": "rejected", "reason": "too quiet | <b>", "count": 1},
            {"status": "skipped", "reason": "not media", "count": 1},
        ],
        marks={"keep": 0, "drop": 0, "fix": 0, "words": 0},
        groups=len(groups),
        recipe=json.loads(spelled),
        fingerprint=hashlib.sha256(spelled.encode()).hexdigest(),
        mmusset="0.1.0",
        models=dict.fromkeys((agent.name for agent in AGENTS), "offline-grammar/1"),
        prompts=dict.fromkeys((agent.name for agent in AGENTS), "0" * 64),
    )
    (out / MANIFEST).write_bytes(manifest.to_bytes())
    return out
