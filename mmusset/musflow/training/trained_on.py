"""What a training is trained on, as its folder remembers it: a model's card tells it."""

import hashlib

from mmusset.bounded import MOST_TEXT, read_bounded
from mmusset.errors import Refused
from mmusset.files import write_bytes_durably
from mmusset.musflow.data.cache import CacheManifest
from mmusset.musflow.model_folder.manifest import TrainedOn
from mmusset.shards.reader import HUB, dataset_name, manifest_of, shards_of

from .run_folder import RunFolder


def write_trained_on(folder: RunFolder, source: str, cache: CacheManifest) -> None:
    """Remember a dataset, and what of it was encoded, in a training's folder."""
    manifest = manifest_of(shards_of(source)[0])
    facts = TrainedOn(
        name=source if source.startswith(HUB) else dataset_name(source),
        shards_sha256=hashlib.sha256("\n".join(cache.shards).encode()).hexdigest(),
        clips=cache.clips,
        licences=manifest.licences if manifest else {},
    )
    write_bytes_durably(folder.trained_on, facts.model_dump_json(indent=1).encode(), "trained_on")


def read_trained_on(folder: RunFolder) -> TrainedOn:
    """Raises Refused where the folder does not know."""
    try:
        return TrainedOn.model_validate_json(read_bounded(folder.trained_on, MOST_TEXT))
    except OSError:
        raise Refused(
            f"{folder.path} does not know what it was trained on: run its `mmusset train` again,"
            " which writes it down"
        ) from None
