"""The manifest of a dataset, counted from its ledger. It is the last that a build writes."""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from pathlib import Path

from mmusset.ears.declaration import Ear
from mmusset.ears.listed import ears_named
from mmusset.files import write_bytes_durably
from mmusset.json_text import canonical_json
from mmusset.licensing import identifier_of
from mmusset.shards.manifest import (
    MANIFEST,
    AgentCost,
    CallCosts,
    GeneratedMusic,
    LedgerStamp,
    ListedEar,
    ListedEye,
    ListedLabel,
    ListedShard,
    Manifest,
    NearDuplicates,
    RemovedPieces,
)

from . import noted_ears
from .accounting import Cost, total_cost
from .ledger.job import JobFacts
from .ledger.ledger import Ledger
from .near_duplicates import count_repeats


def write_manifest(out: Path, ledger: Ledger) -> None:
    """Write manifest.json, if it would say anything new."""
    path, data = out / MANIFEST, manifest(ledger).to_bytes()
    if not path.exists() or path.read_bytes() != data:
        write_bytes_durably(path, data, "manifest")
    if ledger.job.has_taken_back():
        with ledger.transaction():
            ledger.job.note_manifest()


def manifest(ledger: Ledger) -> Manifest:
    """The manifest as the ledger stands."""
    tally, job = ledger.verdicts.tally(), ledger.job.facts()
    splits, shards = _sealed(ledger)
    return Manifest(
        format="mmusset/1",
        found=tally.found,
        accepted=tally.accepted,
        rejected=tally.rejected,
        failed=tally.failed,
        skipped=tally.skipped,
        shards=shards,
        reasons=tuple(ledger.verdicts.reasons()),
        marks=ledger.marks.honoured(),
        splits=splits,
        groups=len(ledger.plan.splits()),
        claims=ledger.verdicts.claims(),
        licences=_licences(ledger),
        near_duplicates=_near_duplicates(ledger),
        recipe=job.recipe,
        fingerprint=hashlib.sha256(canonical_json(job.recipe).encode()).hexdigest(),
        mmusset=job.mmusset,
        speaker=job.speaker,
        ledger=LedgerStamp(generation=ledger.job.generation, verdicts=ledger.verdicts.count()),
        generated=GeneratedMusic(clips=ledger.media.generated_count(), by=job.composer),
        # Every agent is named: that no model is known of one is a fact too.
        models={agent: job.models.get(agent, "") for agent in job.prompts},
        prompts=job.prompts,
        cost=_costs(ledger, tally.found - tally.skipped),
        ears=_ears(job),
        eye=ListedEye.model_validate_json(job.eye) if job.eye else None,
        model_licences=job.model_licences,
        removed=tuple(RemovedPieces(**asdict(each)) for each in ledger.removals.all()),
    )


def _ears(job: JobFacts) -> dict[str, ListedEar]:
    """The ears of the job, as they were when it was begun."""
    with noted_ears.listed(job):
        return {
            ear.name: ListedEar(
                kind=ear.kind,
                identity=job.ears[ear.name],
                licences=ear.licences,
                calibrated_on=ear.calibrated_on,
                labels=tuple(label.name for label in ear.labels),
                calibration=tuple(_calibration(ear)),
            )
            for ear in ears_named(job.ears)
        }


def _calibration(ear: Ear) -> Iterator[ListedLabel]:
    """What the labels are worth of which there was anything to hear."""
    for worth in ear.worth:
        if worth.positives:
            label = ear.label(worth.label)
            assert label
            yield ListedLabel(
                label=worth.label,
                positives=worth.positives,
                found=worth.found,
                negatives=worth.negatives,
                false=worth.false,
                right=label.steps[-1].probability,
            )


def _licences(ledger: Ledger) -> dict[str, int]:
    """Accepted samples by the licence of their music; a file's own words are no licence we know."""
    counts = Counter[str]()
    for licence, count in ledger.verdicts.licences().items():
        counts[identifier_of(licence)] += count
    return dict(counts)


def _near_duplicates(ledger: Ledger) -> NearDuplicates:
    verdicts = ledger.verdicts
    captions = count_repeats(verdicts.texts("caption"), partial(verdicts.text, "caption"))
    stories = count_repeats(verdicts.texts("story"), partial(verdicts.text, "story"))
    recordings = ledger.media.alike_count()
    return NearDuplicates(captions=captions, stories=stories, recordings=recordings)


def _sealed(ledger: Ledger) -> tuple[dict[str, int], tuple[ListedShard, ...]]:
    """How many samples each split has, and the shards by name."""
    splits, shards = Counter[str](), list[ListedShard]()
    for block in ledger.plan.blocks():
        shard = ledger.shards.of(block.n)
        if shard and shard.name:
            splits[block.split] += shard.samples
            shards.append(
                ListedShard(
                    name=shard.name, samples=shard.samples, bytes=shard.size, sha256=shard.sha256
                )
            )
    return dict(splits), tuple(sorted(shards, key=lambda listed: listed.name))


def _costs(ledger: Ledger, items: int) -> CallCosts:
    """Calls and tokens, in all and by agent."""
    costs = ledger.calls.costs()
    total = total_cost(costs)
    return CallCosts(
        calls_per_item=round(total.calls / max(items, 1), 3),
        **_rates(total),
        agents={
            cost.agent: AgentCost(
                **(asdict(cost) | {"seconds": round(cost.seconds, 3)}), **_rates(cost)
            )
            for cost in costs
        },
    )


def _rates(cost: Cost) -> dict[str, float]:
    return {
        "cached_share": round(cost.cached_tokens / max(cost.prompt_tokens, 1), 4),
        "tokens_per_s_of_a_call": round(cost.completion_tokens / max(cost.seconds, 1e-3), 1),
    }
