"""manifest.json of a model's folder: what the model is, what it was trained on, which files it has.

Nothing in such a folder is ever unpickled: weights are safetensors, the rest is JSON and the card.
"""

import json
import re
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from mmusset.bounded import MOST_FACTS, read_bounded
from mmusset.frozen import Frozen
from mmusset.musflow.data.cache import CacheManifest
from mmusset.musflow.recipe import MusFlowRecipe

MANIFEST, WEIGHTS, CODEC = "manifest.json", "model.safetensors", "codec"
OWNED = re.compile(r"model\.safetensors|codec/[\w-]+\.(safetensors|json)")


class TrainedOn(Frozen):
    """The dataset of a training: its name, without any folder of this machine; a hash of its
    shards and how they were encoded; clips by split; and samples by the licence of their music, as
    its manifest counts them, if it has one."""

    name: str
    shards_sha256: str
    clips: dict[str, int]
    licences: dict[str, int]


class ModelManifest(Frozen):
    """`cache` are the spec and the statistics of the latents and embeddings of its training,
    `frames` the latent frames of most of its clips, `begun_from` the model whose weights the
    training began with, at its commit; `files` has each file's sha256. `checkpoint_sha256` is that
    of the training's checkpoint, as evaluations name it."""

    format: Literal["mmusset-model/1"] = "mmusset-model/1"
    mmusset: str
    recipe: MusFlowRecipe
    cache: CacheManifest
    frames: int
    step: int
    weights: int
    checkpoint_sha256: str
    trained_on: TrainedOn
    begun_from: str = ""
    files: dict[str, str]

    def to_bytes(self) -> bytes:
        """The bytes of its file: sorted keys, plain ASCII."""
        data = self.model_dump(mode="json")
        return (json.dumps(data, indent=1, sort_keys=True, ensure_ascii=True) + "\n").encode()


def parse_model_manifest(data: bytes) -> ModelManifest | None:
    """The manifest in a file's bytes; None for what is none of a model, or lists files that a
    model does not have."""
    try:
        manifest = ModelManifest.model_validate_json(data)
    except ValidationError:
        return None
    return manifest if all(map(OWNED.fullmatch, manifest.files)) else None


def model_manifest(folder: Path) -> ModelManifest | None:
    """The manifest of a model's folder; None where it is no such folder."""
    try:
        return parse_model_manifest(read_bounded(folder / MANIFEST, MOST_FACTS))
    except OSError:
        return None
