"""Shards, read through webdataset: from a folder, a glob or the Hub.

Nothing is unpickled: webdataset's own decoding is never asked, and WDS_SECURE=1 forbids
it to run commands or open files by itself. Files are opened here.
"""

import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from mmusset.errors import MmussetError, UsageError
from mmusset.shards.tar import MEMBERS

if TYPE_CHECKING:
    from PIL.Image import Image

Floats = NDArray[np.float32]

HUB = "hf://"
MAX_BAD_SHARE = 0.02  # of the samples: more is no accident
MAX_PIXELS = 50_000_000


@dataclass(frozen=True, slots=True)
class Read:
    """A sample as it stands in a shard, decoded: `sound` `[frames, channels]`, -1 to 1."""

    key: str
    shard: str
    image: "Image"
    sound: Floats
    rate_hz: int
    story: str
    caption: str


@dataclass(slots=True)
class Quarantine:
    """What could not be read, and how much was."""

    read: int = 0
    bad: dict[str, str] = field(default_factory=dict)

    def put(self, where: str, why: str) -> None:
        """Note a bad sample. Raises MmussetError where there are too many."""
        self.bad[where] = why
        if len(self.bad) > max(1.0, MAX_BAD_SHARE * (self.read + len(self.bad))):
            told = "; ".join(f"{where}: {why}" for where, why in list(self.bad.items())[:3])
            raise MmussetError(
                f"{len(self.bad)} of {self.read + len(self.bad)} samples can't be used ({told});"
                " `mmusset verify` tells what is wrong with a dataset"
            )


def shards_of(source: str) -> list[str]:
    """The tars of a dataset's folder, a glob or a place on the Hub, sorted.

    Raises UsageError where there are none.
    """
    if source.startswith(HUB):
        found = _hub().glob(source if source.endswith(".tar") else f"{source}/data/*.tar")
        tars = [f"{HUB}{path.removeprefix(HUB)}" for path in found]
    elif Path(source).is_dir():
        tars = [str(path) for path in Path(source, "data").glob("*.tar")]
        tars = tars or [str(path) for path in Path(source).glob("*.tar")]
    else:
        root = Path(Path(source).anchor)
        tars = [str(path) for path in root.glob(str(Path(source).relative_to(root)))]
    if not tars:
        raise UsageError(
            f"no shards in {source}: give the folder that `mmusset build` wrote, a glob of"
            " tars, or hf://datasets/user/name"
        )
    return sorted(tars)


def split_of(shard: str) -> str:
    """`train` of `data/train-000007.tar`; what is named otherwise is to train on."""
    split = shard.rpartition("/")[2].partition("-")[0]
    return split if split in ("validation", "test") else "train"


def listed_samples(source: str) -> dict[str, int]:
    """How many samples each shard should hold, by file name; empty without a manifest."""
    try:
        listed = json.loads(Path(source, "manifest.json").read_bytes())["shards"]
        return {Path(shard["name"]).name: int(shard["samples"]) for shard in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def raw_samples(shards: list[str]) -> Iterator[dict[str, Any]]:
    """Members as bytes, with `__key__` and `__url__`; shared out among ranks and workers.

    Raises MmussetError for a tar that is broken or cut short.
    """
    os.environ["WDS_SECURE"] = "1"
    import webdataset
    from webdataset import tariterators

    webdataset.utils.enforce_security = True
    mine = webdataset.split_by_worker(webdataset.split_by_node(iter(shards)))
    for shard in mine:
        with _opened(shard) as stream:
            opened = [{"url": shard, "stream": stream}]
            try:
                yield from tariterators.group_by_keys(tariterators.tar_file_expander(opened))
            except (tarfile.TarError, ValueError, EOFError) as error:
                raise MmussetError(
                    f"{shard} is broken or cut short ({error.args[0]}); `mmusset build` writes"
                    " it again, `mmusset verify` checks the others"
                ) from None


def samples(shards: list[str], quarantine: Quarantine) -> Iterator[Read]:
    """Decoded samples in order; what can't be decoded goes to the quarantine."""
    for members in raw_samples(shards):
        where = f"{members['__url__'].rpartition('/')[2]}: {members['__key__']}"
        try:
            yield decoded(members)
            quarantine.read += 1
        except BadSample as error:
            quarantine.put(where, str(error))


class BadSample(Exception):
    """Why a sample can't be used."""


def decoded(members: dict[str, Any]) -> Read:
    """A sample from its members' bytes. Raises BadSample."""
    missing = [name for name in MEMBERS if name not in members]
    if missing:
        raise BadSample(f"has no {', '.join(missing)}")
    sound, rate_hz = _sound(members["music.flac"])
    return Read(
        key=members["__key__"],
        shard=members["__url__"],
        image=decode_image(members["image.jpg"]),
        sound=sound,
        rate_hz=rate_hz,
        story=_text(members["story.txt"]),
        caption=_text(members["caption.txt"]),
    )


def decode_image(data: bytes) -> "Image":
    """An RGB picture. Raises BadSample for what is none."""
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise BadSample(f"its image has {image.width} x {image.height} pixels")
            return image.convert("RGB")
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, ValueError) as error:
        raise BadSample(f"its image does not decode ({error})") from None


def _sound(data: bytes) -> tuple[Floats, int]:
    import soundfile

    try:
        sound, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise BadSample(f"its music does not decode ({error})") from None
    if not len(sound) or not np.isfinite(sound).all():
        raise BadSample("its music is empty or not finite")
    return sound, rate_hz


def _text(data: bytes) -> str:
    try:
        return data.decode().strip()
    except UnicodeDecodeError:
        raise BadSample("its text is not UTF-8") from None


def hub_sha256(shard: str) -> str:
    """What the Hub knows a file's bytes by."""
    facts = _hub().info(shard)
    return str(facts["lfs"]["sha256"] if facts.get("lfs") else facts["blob_id"])


def _opened(shard: str) -> BinaryIO:
    opener: Callable[..., BinaryIO] = _hub().open if shard.startswith(HUB) else open
    try:
        return opener(shard, "rb")
    except FileNotFoundError:
        raise MmussetError(f"{shard} is gone; build again to write it") from None


def _hub() -> Any:
    from huggingface_hub import HfFileSystem

    return HfFileSystem()
