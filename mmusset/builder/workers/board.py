"""The objects that driver and workers exchange, by their names in the store:

    job                     what is built: recipe, source, prompts
    models                  the models that the first worker found; those of all others are the same
    blocks/BLOCK            what the driver's ledger knows of a block that is to be decided
    leases/BLOCK/N          whose it is; that of the highest N counts
    leases/BLOCK/N.free     who had it gave it back
    segments/SHA256         what was learnt of a block
    shards/SHA256           the shard that a block became
    markers/BLOCK           the block is decided: which shard, which segment, by whom
    twice/BLOCK/WORKER      the marker of somebody who was later
    clock/WORKER            asks the store for its time

A BLOCK is `000007-0a1b2c3d4e5f6071`: its number, and a hash of what was known of it and of the job.
So a block that is planned otherwise, or asked again by other prompts, is another one.
"""

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from typing import Any, Self

from mmusset import __version__
from mmusset.builder.ledger.job import JobFacts
from mmusset.builder.ledger.segment import Segment
from mmusset.errors import Refused
from mmusset.json_text import canonical_json
from mmusset.shards.tar import Shard
from mmusset.stores.store import Store

JOB = "job"
MODELS = "models"
BLOCKS, LEASES, MARKERS = "blocks/", "leases/", "markers/"
SEGMENTS, SHARDS, TWICE, CLOCK = "segments/", "shards/", "twice/", "clock/"
_LEASE = re.compile(r"leases/(?P<block>[0-9a-f-]+)/(?P<term>\d{6})(?P<free>\.free)?")


@dataclass(frozen=True, slots=True)
class SharedJob:
    """What a worker has to know of a build.

    `dataset` says which one it is; `source` is the text that names its source; `facts` are what it
    is made with; `re_run` names the agents whose models may differ from those.
    """

    dataset: str
    source: str
    recipe: dict[str, Any]
    facts: JobFacts
    re_run: tuple[str, ...]
    mmusset: str = __version__

    @property
    def lease_s(self) -> float:
        """After so long a worker that is silent has lost its block."""
        return float(self.recipe["limits"]["lease_seconds"])

    def to_bytes(self) -> bytes:
        return canonical_json(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Raises Refused where another version of mmusset wrote it."""
        said = json.loads(data)
        if said["mmusset"] != __version__:
            raise Refused(
                f"mmusset {said['mmusset']} runs this build, and this is {__version__};"
                " use the same version for the build and all of its workers"
            )
        facts, re_run = JobFacts(**said.pop("facts")), tuple(said.pop("re_run"))
        return cls(**said, facts=facts, re_run=re_run)


@dataclass(frozen=True)
class Marker:
    """That a block is decided: its shard, the segment that says what was learnt, by whom, and
    through which models."""

    block: str
    shard: Shard
    segment: str
    worker: str
    models: dict[str, str]

    @property
    def number(self) -> int:
        """The number of its block in the plan."""
        return number_of(self.block)

    def to_bytes(self) -> bytes:
        return canonical_json(asdict(self)).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        said = json.loads(data)
        return cls(**said | {"shard": Shard(**said["shard"])})


@dataclass(frozen=True)
class BlockLease:
    """The last claim on a block, or that it was given back; and when, by the store's clock."""

    term: int
    is_free: bool
    written_s: float


def block_id(facts: JobFacts, segment: Segment) -> str:
    """By what the store knows a block. Models are left out: the first worker finds them."""
    job = canonical_json(asdict(facts) | {"models": {}})
    digest = hashlib.sha256(f"{job}\n{segment.sha256}".encode()).hexdigest()
    return f"{segment.column('block', 'n')[0]:06d}-{digest[:16]}"


def number_of(block: str) -> int:
    """The number of a block in the plan."""
    return int(block.partition("-")[0])


def lease_name(block: str, term: int) -> str:
    """The name of a claim on a block."""
    return f"{LEASES}{block}/{term:06d}"


class Board:
    """What stands in a store about one build; `place` is how people call that. It `is_remote` where
    it is not in the dataset's own folder, so that other builds may meet there too."""

    def __init__(self, store: Store, place: str, is_remote: bool = False) -> None:
        self.store = store
        self.place = place
        self.is_remote = is_remote

    def __str__(self) -> str:
        return self.place

    # --- the build ---------------------------------------------------------------------------

    def job(self) -> SharedJob | None:
        """The build that offers blocks; None where none does. Raises Refused as `SharedJob`."""
        data = self.store.read(JOB)
        return SharedJob.from_bytes(data) if data else None

    def begin(self, job: SharedJob) -> None:
        """Say what is built; where its models are not known, the first worker says them."""
        data = job.to_bytes()
        if job.facts.models:
            self.store.put(MODELS, canonical_json(job.facts.models).encode())
        elif self.store.read(JOB) != data:
            self.store.delete(MODELS)  # of another build, or other prompts
        self.store.put(JOB, data)

    def agree_on_models(self, models: dict[str, str]) -> dict[str, str]:
        """The models that the build's workers speak through: these, where nobody was first."""
        data = canonical_json(models).encode()
        theirs = None if self.store.create(MODELS, data) else self.store.read(MODELS)
        agreed: dict[str, str] = json.loads(theirs or data)
        return agreed

    def close(self) -> None:
        """Delete all that stands there, the job first: who looks for it finds the build over."""
        for name in (JOB, MODELS):
            self.store.delete(name)
        for prefix in (BLOCKS, LEASES, MARKERS, TWICE, SEGMENTS, SHARDS, CLOCK):
            self.store.delete_all(prefix)

    # --- blocks ------------------------------------------------------------------------------

    def offer(self, block: str, known: Segment) -> None:
        """Offer a block of which so much is known."""
        self.store.put(BLOCKS + block, known.sha256.encode() + b"\n" + known.to_bytes())

    def blocks(self) -> list[str]:
        """The blocks that are offered, decided or not."""
        return self._names(BLOCKS)

    def undecided(self) -> list[str]:
        """The blocks that are offered and that nobody has decided."""
        markers = set(self.markers())
        return [block for block in self.blocks() if block not in markers]

    def offered(self, block: str) -> Segment | None:
        """What the build knows of a block; None where it is not offered any more."""
        data = self.store.read(BLOCKS + block)
        if data is None:
            return None
        sha256, _, packed = data.partition(b"\n")
        return Segment.from_bytes(packed, sha256.decode())

    def forget(self, block: str) -> None:
        """Delete what stands there about a block, the offer first: nobody takes it up then."""
        self.store.delete(BLOCKS + block)
        self.store.delete_all(f"{LEASES}{block}/")
        self.store.delete_all(f"{TWICE}{block}/")
        self.store.delete(MARKERS + block)

    def leases(self) -> dict[str, BlockLease]:
        """The lease of each block that anybody has or had."""
        found = dict[str, BlockLease]()
        for each in self.store.objects(LEASES):
            match = _LEASE.fullmatch(each.name)
            if match is None:
                continue
            lease = BlockLease(int(match["term"]), bool(match["free"]), each.written_s)
            before = found.get(match["block"])
            if before is None or (before.term, before.is_free) < (lease.term, lease.is_free):
                found[match["block"]] = lease
        return found

    # --- what is handed in -------------------------------------------------------------------

    def put_segment(self, segment: Segment) -> None:
        """Write a segment under its hash, unless it is there."""
        self.store.create(SEGMENTS + segment.sha256, segment.to_bytes())

    def segment(self, sha256: str) -> Segment | None:
        """The segment of a hash. Raises as `Segment.from_bytes`."""
        data = self.store.read(SEGMENTS + sha256)
        return Segment.from_bytes(data, sha256) if data else None

    def hand_in(self, marker: Marker) -> bool:
        """Say that a block is decided; False where somebody else has, which is noted."""
        if self.store.create(MARKERS + marker.block, marker.to_bytes()):
            return True
        self.store.put(f"{TWICE}{marker.block}/{marker.worker}", marker.to_bytes())
        return False

    def markers(self) -> list[str]:
        """The blocks that somebody has decided."""
        return self._names(MARKERS)

    def marker(self, block: str) -> Marker | None:
        """The marker of a block; None where it is not decided."""
        return self._marker(MARKERS + block)

    def later(self, block: str) -> list[Marker]:
        """The markers of those who decided a block after somebody else had."""
        found = [self._marker(each.name) for each in self.store.objects(f"{TWICE}{block}/")]
        return [marker for marker in found if marker]

    def discard(self, marker: Marker) -> None:
        """Have a block decided again: what was handed in of it can't be used."""
        self.delete_parts(marker)
        self.store.delete_all(f"{LEASES}{marker.block}/")
        self.store.delete(MARKERS + marker.block)

    def delete_parts(self, marker: Marker) -> None:
        """Delete shard and segment of what was handed in."""
        self.store.delete(SEGMENTS + marker.segment)
        if marker.shard.sha256:
            self.store.delete(SHARDS + marker.shard.sha256)

    def _marker(self, name: str) -> Marker | None:
        data = self.store.read(name)
        return Marker.from_bytes(data) if data else None

    def _names(self, prefix: str) -> list[str]:
        return [each.name.removeprefix(prefix) for each in self.store.objects(prefix)]
