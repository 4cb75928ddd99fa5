"""manifest.json: what a dataset is, counted from its ledger. No dates: same ledger, same bytes."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

from mmusset import __version__, prompts
from mmusset.shards.durable import write_durably
from mmusset.speakers.base import Speaker

from .ledger import Ledger

NAME = "manifest.json"
PROMPTS = ("system", "captioner", "story_writer", "critic", "reconciler")


def versions(speaker: Speaker) -> dict[str, str]:
    """Who and what writes this dataset; a change of any of it is a change of the dataset."""
    return {
        "speaker": speaker.name,
        "model": speaker.model,
        "mmusset": __version__,
        "prompts": hashlib.sha256(
            "".join(prompts.load(name).sha256 for name in PROMPTS).encode()
        ).hexdigest(),
    }


def write_manifest(out: Path, ledger: Ledger) -> None:
    """Write manifest.json, if it would say anything new."""
    text = json.dumps(manifest(ledger), indent=2, sort_keys=True, ensure_ascii=True) + "\n"
    path = out / NAME
    if not path.exists() or path.read_text(encoding="ascii") != text:
        write_durably(path, lambda file: file.write(text.encode("ascii")), "manifest")


def manifest(ledger: Ledger) -> dict[str, Any]:
    """The facts of a dataset, as plain values."""
    tally, recipe = ledger.tally(), ledger.meta("recipe") or "{}"
    splits, verdicts = Counter[str](), Counter[str]()
    shards = []
    for block in ledger.blocks():
        shard = ledger.shard(block.n)
        if shard and shard.name:
            splits[block.split] += shard.samples
            shards.append(
                {
                    "name": shard.name,
                    "samples": shard.samples,
                    "bytes": shard.size,
                    "sha256": shard.sha256,
                }
            )
    for outcome in ledger.accepted_outcomes():
        if outcome.caption:
            verdicts.update(claim.verdict for claim in outcome.caption.claims)
    return {
        "format": "mmusset/1",
        "found": tally.found,
        "accepted": tally.accepted,
        "rejected": tally.rejected,
        "failed": tally.failed,
        "skipped": tally.skipped,
        "reasons": [
            {"status": status, "reason": reason, "count": count}
            for status, reason, count in ledger.reasons()
        ],
        "splits": dict(splits),
        "groups": len(ledger.splits()),
        "claims": dict(verdicts),
        "shards": sorted(shards, key=lambda s: str(s["name"])),
        "recipe": json.loads(recipe),
        "fingerprint": hashlib.sha256(recipe.encode()).hexdigest(),
        **{name: ledger.meta(name) for name in ("speaker", "model", "mmusset", "prompts")},
    }
