"""What is wrong with one shard by itself, whatever the other shards hold."""

import io
import json
import tarfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mmusset.files import file_sha256
from mmusset.sample import Quadruple
from mmusset.sample_parts.texts import GIVEN
from mmusset.sample_parts.turns import PERSON

from .frames import MEMBER as FRAMES
from .frames import sheet_size
from .tar import MEMBERS, members_of, read_shard, sample_json

MAX_PIXELS = 50_000_000


@dataclass(frozen=True, slots=True)
class CheckedSample:
    """A sample by its key, and its faults. What must be in its `split` alone is `shared`, by what
    people call it; it is empty where the sample's JSON can't be used."""

    key: str
    faults: tuple[str, ...]
    split: str = ""
    shared: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckedShard:
    """A shard's samples. `broken` says why no more of them could be read; `is_right` whether the
    file is the one that the manifest names."""

    samples: tuple[CheckedSample, ...] = ()
    broken: str = ""
    is_missing: bool = False
    is_right: bool = True

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def of(cls, said: dict[str, Any]) -> Self:
        """What `to_json` said."""
        samples = tuple(
            CheckedSample(**(each | {"faults": tuple(each["faults"])})) for each in said["samples"]
        )
        return cls(**(said | {"samples": samples}))


def check_listed(path: Path, size: int, sha256: str) -> CheckedShard:
    """The file of a shard that a manifest names with its size in bytes and its sha256, read from
    end to end."""
    try:
        is_right = path.stat().st_size == size and file_sha256(path) == sha256
    except OSError as error:
        return CheckedShard(broken=f"can't be read: {error.strerror or error}")
    return replace(check(path), is_right=is_right)


def check(path: Path) -> CheckedShard:
    """A shard's file, read from end to end."""
    samples = list[CheckedSample]()
    try:
        for key, members in read_shard(path):
            samples.append(_sample(key, members, split=path.name.partition("-")[0]))
    except (tarfile.TarError, OSError) as error:
        return CheckedShard(tuple(samples), f"broken tar: {error}")
    return CheckedShard(tuple(samples))


def _sample(key: str, members: dict[str, bytes], split: str) -> CheckedSample:
    if tuple(members)[: len(MEMBERS)] != MEMBERS:
        return CheckedSample(key, (_wrong_members(members, MEMBERS),))
    try:
        quadruple = Quadruple.model_validate_json(members["json"])
    except ValidationError as error:
        return CheckedSample(key, (f"its JSON is not a sample: {fault_text(error.errors()[0])}",))
    if tuple(members) != (expected := members_of(quadruple)):
        return CheckedSample(key, (_wrong_members(members, expected),))
    faults = tuple(_faults(key, members, split, quadruple))
    return CheckedSample(key, faults, quadruple.split, _shared(quadruple))


def fault_text(fault: ErrorDetails) -> str:
    """A pydantic error as `where: what`."""
    return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}".removeprefix(": ")


def _wrong_members(members: dict[str, bytes], expected: tuple[str, ...]) -> str:
    return f"has the members {', '.join(members)}, not {', '.join(expected)}"


def _shared(quadruple: Quadruple) -> dict[str, str]:
    return {
        "group": quadruple.group,
        "image": quadruple.image.sha256,
        "clip": quadruple.music.sha256,
        "music file": quadruple.source_sha256,
    }


def _faults(key: str, members: dict[str, bytes], split: str, quadruple: Quadruple) -> Iterator[str]:
    if sample_json(quadruple) != members["json"]:
        yield "its JSON is not in canonical form"
    if quadruple.key != key or quadruple.split != split:
        yield f"its JSON says it is {quadruple.split}/{quadruple.key}"
    yield from _texts(quadruple, members)
    yield from _media(quadruple, members)


def _texts(quadruple: Quadruple, members: dict[str, bytes]) -> Iterator[str]:
    if members["caption.txt"] != quadruple.caption.text.encode():
        yield "its caption is not the one that its JSON judged"
    if members["story.txt"] != quadruple.story.text.encode():
        yield "its story is not the one in its JSON"
    # What a person wrote stands, whatever was measured; the sample says so.
    if quadruple.caption.writer not in (GIVEN, PERSON) and any(
        claim.verdict == "contradicted" for claim in quadruple.caption.claims
    ):
        yield "its caption holds a contradicted claim"


def _media(quadruple: Quadruple, members: dict[str, bytes]) -> Iterator[str]:
    import soundfile

    image, frames = quadruple.image, quadruple.frames
    size = (image.width_px, image.height_px)
    yield from _picture("image", members["image.jpg"], image.sha256, size)
    if frames.count:
        size = sheet_size(frames.count, frames.width_px, frames.height_px)
        yield from _picture("sheet of frames", members[FRAMES], frames.sha256, size)
    if sha256(members["music.flac"]).hexdigest() != quadruple.music.sha256:
        yield "its music is not the one that its JSON describes"
    try:
        with soundfile.SoundFile(io.BytesIO(members["music.flac"])) as file:
            # As whole numbers: they are counted, and floating ones take a tenth longer.
            length = sum(len(block) for block in file.blocks(blocksize=65536, dtype="int16"))
            same = (file.samplerate, file.channels) == (
                quadruple.music.rate_hz,
                quadruple.music.channels,
            )
        if not same or abs(length / quadruple.music.rate_hz - quadruple.music.duration_s) > 1e-3:
            yield "its music has another shape than its JSON says"
    except soundfile.LibsndfileError as error:
        yield f"its music does not decode: {error}"


def _picture(what: str, jpeg: bytes, expected: str, size: tuple[int, int]) -> Iterator[str]:
    from PIL import Image, UnidentifiedImageError

    if sha256(jpeg).hexdigest() != expected:
        yield f"its {what} is not the one that its JSON describes"
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as image:
            if image.width * image.height > MAX_PIXELS:
                yield f"its {what} is too large to decode"
            else:
                image.load()
            found = image.size
        if found != size:
            yield f"its {what} has another size than its JSON says"
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError) as error:
        yield f"its {what} does not decode: {error}"
