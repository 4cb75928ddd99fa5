"""manifest.json: what a dataset is, counted from its ledger. No dates: same ledger, same bytes."""

import hashlib
import json
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mmusset.files import write_durably
from mmusset.json_text import canonical_json

from .accounting import Cost, total_cost
from .ledger.ledger import Ledger

NAME = "manifest.json"


def write_manifest(out: Path, ledger: Ledger) -> None:
    """Write manifest.json, if it would say anything new.

    It names the ledger that it was counted from, so that an older one is not taken for it.
    """
    text = json.dumps(manifest(ledger), indent=2, sort_keys=True, ensure_ascii=True) + "\n"
    path, data = out / NAME, text.encode("ascii")
    if not path.exists() or path.read_bytes() != data:
        write_durably(path, lambda file: file.write(data), "manifest")
    if ledger.job.has_taken_back():
        with ledger.transaction():
            ledger.job.note_manifest()


def manifest(ledger: Ledger) -> dict[str, Any]:
    """The facts of a dataset, as plain values."""
    tally, job = ledger.verdicts.tally(), ledger.job.facts()
    splits = Counter[str]()
    shards = []
    for block in ledger.plan.blocks():
        shard = ledger.shards.of(block.n)
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
    return {
        "format": "mmusset/1",
        "found": tally.found,
        "accepted": tally.accepted,
        "rejected": tally.rejected,
        "failed": tally.failed,
        "skipped": tally.skipped,
        "reasons": [
            {"status": status, "reason": reason, "count": count}
            for status, reason, count in ledger.verdicts.reasons()
        ],
        "marks": ledger.marks.honoured(),
        "splits": dict(splits),
        "groups": len(ledger.plan.splits()),
        "claims": ledger.verdicts.claims(),
        "shards": sorted(shards, key=lambda s: str(s["name"])),
        "recipe": job.recipe,
        "fingerprint": hashlib.sha256(canonical_json(job.recipe).encode()).hexdigest(),
        "mmusset": job.mmusset,
        "speaker": job.speaker,
        "ledger": {
            "generation": ledger.job.generation,
            "verdicts": ledger.verdicts.count(),
        },
        "generated": {"clips": ledger.media.generated_count(), "by": job.composer},
        "models": {agent: job.models.get(agent, "") for agent in job.prompts},
        "prompts": job.prompts,
        "cost": _cost(ledger, tally.found - tally.skipped),
    }


def _cost(ledger: Ledger, items: int) -> dict[str, Any]:
    """Calls and tokens, in all and by agent."""
    costs = ledger.calls.costs()
    total = total_cost(costs)
    return {
        "calls_per_item": round(total.calls / max(items, 1), 3),
        **_rates(total),
        "agents": {
            cost.agent: asdict(cost) | {"seconds": round(cost.seconds, 3)} | _rates(cost)
            for cost in costs
        },
    }


def _rates(cost: Cost) -> dict[str, float]:
    return {
        "cached_share": round(cost.cached_tokens / max(cost.prompt_tokens, 1), 4),
        "tokens_per_s_of_a_call": round(cost.completion_tokens / max(cost.seconds, 1e-3), 1),
    }
