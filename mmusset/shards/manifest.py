"""manifest.json: what a dataset is and which shards it has. One class writes it and reads it.

A build writes it last, so a folder that has one is finished. What says nothing to a reader of
shards has a default: manifests that other tools put together need only their counts and shards.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mmusset.bounded import MOST_FACTS, read_bounded
from mmusset.frozen import Sha256, is_empty

MANIFEST = "manifest.json"
# Beside it, what mmusset keeps for itself and never publishes: the ledger first of all.
FOLDER = ".mmusset"
Number = Annotated[int, Field(ge=0)]


class _ManifestPart(BaseModel):
    """Fields that a later version may add are left alone."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class ListedShard(_ManifestPart):
    """A shard: its name under the dataset's folder, its samples, and the file's size and hash."""

    name: Annotated[str, Field(pattern=r"^data/(train|validation|test)-\d{6}\.tar$")]
    samples: Annotated[int, Field(ge=1)]
    bytes: Annotated[int, Field(ge=1)]
    sha256: Sha256


class ReasonCount(_ManifestPart):
    """How many items were not accepted for the same reason."""

    status: str
    reason: str
    count: Number


class LedgerStamp(_ManifestPart):
    """The ledger that a manifest was counted from, so that an older one is not taken for it."""

    generation: Number = 0
    verdicts: Number = 0


class GeneratedMusic(_ManifestPart):
    """How many accepted clips a model made, and which model."""

    clips: Number = 0
    by: str = ""


class NearDuplicates(_ManifestPart):
    """How many accepted captions and stories say nearly what an earlier one says, and how many
    pieces are the recording of an earlier one, in another encoding."""

    captions: Number = 0
    stories: Number = 0
    recordings: Number = 0


class RemovedPieces(_ManifestPart):
    """Pieces that were taken out for good: on which day, why, and how many samples went."""

    at: str
    why: str
    pieces: Number
    samples: Number


class Rates(_ManifestPart):
    """What share of the prompt tokens was cached, and how fast a call's reply came."""

    cached_share: float = 0.0
    tokens_per_s_of_a_call: float = 0.0


class AgentCost(Rates):
    """What the replies to one agent cost. `cached_tokens` are part of `prompt_tokens`."""

    agent: str
    calls: Number
    prompt_tokens: Number
    cached_tokens: Number
    completion_tokens: Number
    seconds: float


class CallCosts(Rates):
    """What all replies cost: `calls_per_item` of the items that were not skipped."""

    calls_per_item: float = 0.0
    agents: dict[str, AgentCost] = {}


class ListedLabel(_ManifestPart):
    """What one label of an ear is worth by its calibration card: it heard `found` of `positives`
    clips that have the thing, and `false` of `negatives` that do not. `right` is the probability of
    being right in music at large."""

    label: str
    positives: Number
    found: Number
    negatives: Number
    false: Number
    right: float


class ListedEar(_ManifestPart):
    """An ear that listened to the clips: its kind, its version with its calibration, what it is
    licensed under, what it was calibrated on, and the labels that it listens for. `calibration` is
    that of an ear which its user calibrated."""

    kind: str
    identity: str
    licences: tuple[str, ...]
    calibrated_on: str
    labels: tuple[str, ...]
    calibration: Annotated[tuple[ListedLabel, ...], Field(exclude_if=is_empty)] = ()


class ObjectedStories(_ManifestPart):
    """The shares of stories of the picture itself, and of other pictures, that were less probable
    of it, on the pictures of a calibration card."""

    below: float
    own: float
    others: float


class ListedEye(_ManifestPart):
    """The model that compared stories with their pictures: its identity with its calibration, its
    licence, and by how many pictures it was calibrated. `right` is how often a picture's own story
    was nearer than most others."""

    identity: str
    licence: str
    calibrated_on: str
    pictures: Number
    right: float
    objected: tuple[ObjectedStories, ...] = ()


class Manifest(_ManifestPart):
    """What a dataset is, counted from its ledger. No date of its own: same ledger, same bytes.

    found = accepted + rejected + failed + skipped. `splits` counts samples, `claims` those of
    accepted captions by verdict, `licences` samples by the licence of their music, `unknown` where
    nothing names one, `marks` what people asked for that was honoured. `recipe` is
    less what can't change a byte (`Recipe.canonical`), `fingerprint` the sha256 of that text;
    `prompts` (sha256) and `models` are by agent, `ears` by their names, `eye` is what compared
    stories with their pictures; `model_licences` are those of other pretrained models, by the key
    of the recipe that names one; `removed` is what was taken out for good. Without any, the file
    has no such fields.
    """

    format: Literal["mmusset/1"]
    found: Number
    accepted: Number
    rejected: Number
    failed: Number
    skipped: Number
    shards: tuple[ListedShard, ...]
    reasons: tuple[ReasonCount, ...] = ()
    marks: dict[str, int] = {}
    splits: dict[str, int] = {}
    groups: Number = 0
    claims: dict[str, int] = {}
    licences: dict[str, int] = {}
    near_duplicates: NearDuplicates = NearDuplicates()
    recipe: dict[str, Any] = {}
    fingerprint: str = ""
    mmusset: str = ""
    speaker: str = ""
    ledger: LedgerStamp = LedgerStamp()
    generated: GeneratedMusic = GeneratedMusic()
    models: dict[str, str] = {}
    prompts: dict[str, str] = {}
    cost: CallCosts = CallCosts()
    ears: Annotated[dict[str, ListedEar], Field(exclude_if=is_empty)] = {}
    eye: Annotated[ListedEye | None, Field(exclude_if=is_empty)] = None
    model_licences: Annotated[dict[str, str], Field(exclude_if=is_empty)] = {}
    removed: Annotated[tuple[RemovedPieces, ...], Field(exclude_if=is_empty)] = ()

    def to_bytes(self) -> bytes:
        """The bytes of its file: sorted keys, plain ASCII."""
        data = self.model_dump(mode="json")
        return (json.dumps(data, indent=2, sort_keys=True, ensure_ascii=True) + "\n").encode()


def parse_manifest(data: bytes) -> Manifest | None:
    """The manifest in a file's bytes; None for what is none of ours."""
    try:
        return Manifest.model_validate_json(data)
    except ValidationError:
        return None


def read_manifest(out: Path) -> Manifest:
    """The manifest of a dataset's folder.

    Raises OSError (FileNotFoundError where there is none) and ValidationError.
    """
    return Manifest.model_validate_json(read_bounded(out / MANIFEST, MOST_FACTS))


def known_manifest(out: Path) -> Manifest | None:
    """The manifest of a dataset's folder; None where there is none that can be read."""
    try:
        return read_manifest(out)
    except (OSError, ValidationError):
        return None
