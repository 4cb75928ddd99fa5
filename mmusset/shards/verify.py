"""Checking a finished dataset folder from the outside, without its ledger.

What must hold: the manifest's counts add up; every shard is the one
that the manifest names; every member is there, decodes, and has the hash that its
JSON says; nothing that should stay in one split is in two.
"""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from mmusset.files import file_sha256
from mmusset.sample import Quadruple
from mmusset.sample_parts.texts import GIVEN
from mmusset.sample_parts.turns import PERSON

from .first_seen import FirstSeen
from .frames import MEMBER as FRAMES
from .frames import sheet_size
from .manifest import MANIFEST, ListedShard, Manifest, read_manifest
from .shard_files import ShardFiles, shard_files
from .tar import MEMBERS, members_of, read_shard, sample_json

MAX_PIXELS = 50_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong, and where."""

    where: str
    what: str


@dataclass(slots=True)
class Seen:
    """What was in the samples read so far, to find what is there twice or in two splits."""

    samples: int = 0
    keys: FirstSeen = field(default_factory=FirstSeen)
    values: FirstSeen = field(default_factory=FirstSeen)

    def copy(self) -> "Seen":
        """Another that has seen the same samples."""
        return Seen(self.samples, self.keys.copy(), self.values.copy())


def verify(out: Path) -> tuple[int, list[Problem]]:
    """How many samples were read, and all that is wrong with the folder."""
    manifest, problems = _manifest(out)
    seen = Seen()
    if manifest is None:
        return 0, problems
    files, listed = shard_files(out), {shard.name for shard in manifest.shards}
    for shard in manifest.shards:
        problems += _listed(shard, files, seen)
    for name in files.names():
        if name not in listed:
            problems.append(Problem(name, "is not in the manifest"))
    return seen.samples, problems


def _listed(shard: ListedShard, files: ShardFiles, seen: Seen) -> Iterator[Problem]:
    """All that is wrong with a shard of the manifest."""
    name, stamp = shard.name, files.stamp(shard.name)
    if stamp is None:
        yield Problem(name, "missing; run the build again to write it")
        return
    with files.as_it_lies(name) as path:
        is_right = stamp.size == shard.bytes and file_sha256(path) == shard.sha256
        if not is_right:
            yield Problem(name, "changed since it was written; `mmusset build --check` repairs it")
        before = seen.samples
        yield from check_shard(path, name, seen)
        if is_right and seen.samples - before != shard.samples:
            yield Problem(name, f"should hold {shard.samples} samples")


def _manifest(out: Path) -> tuple[Manifest | None, list[Problem]]:
    """The manifest, if it can be read, and what is wrong with it."""
    where = MANIFEST
    try:
        manifest = read_manifest(out)
    except FileNotFoundError:
        return None, [Problem(where, "missing: the build is not finished")]
    except OSError as error:
        return None, [Problem(where, f"can't be read: {error.strerror}")]
    except ValidationError as error:
        return None, [Problem(where, _fault_text(fault)) for fault in error.errors()]
    return manifest, [Problem(where, what) for what in _miscounts(manifest)]


def _miscounts(manifest: Manifest) -> Iterator[str]:
    fates = manifest.accepted + manifest.rejected + manifest.failed + manifest.skipped
    if manifest.found != fates:
        yield f"{manifest.found} found, but {fates} accepted, rejected, failed or skipped"
    held = sum(shard.samples for shard in manifest.shards)
    if manifest.accepted != held:
        yield f"{manifest.accepted} accepted, but its shards hold {held}"


def _fault_text(fault: ErrorDetails) -> str:
    """A pydantic error as `where: what`."""
    return f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}".removeprefix(": ")


def check_shard(path: Path, name: str, seen: Seen) -> Iterator[Problem]:
    """All that is wrong with one shard, beside the samples that were `seen` before."""
    split = path.name.partition("-")[0]
    try:
        for key, members in read_shard(path):
            seen.samples += 1
            where = f"{name}: {key}"
            if seen.keys.before(key, split):
                yield Problem(where, "its key stands twice")
            for what in _sample(key, members, split, seen):
                yield Problem(where, what)
    except (tarfile.TarError, OSError) as error:
        yield Problem(name, f"broken tar: {error}")


def _sample(key: str, members: dict[str, bytes], split: str, seen: Seen) -> Iterator[str]:
    if tuple(members)[: len(MEMBERS)] != MEMBERS:
        yield f"has the members {', '.join(members)}, not {', '.join(MEMBERS)}"
        return
    try:
        quadruple = Quadruple.model_validate_json(members["json"])
    except ValidationError as error:
        yield f"its JSON is not a sample: {_fault_text(error.errors()[0])}"
        return
    if tuple(members) != (expected := members_of(quadruple)):
        yield f"has the members {', '.join(members)}, not {', '.join(expected)}"
        return
    if sample_json(quadruple) != members["json"]:
        yield "its JSON is not in canonical form"
    if quadruple.key != key or quadruple.split != split:
        yield f"its JSON says it is {quadruple.split}/{quadruple.key}"
    yield from _texts(quadruple, members)
    yield from _media(quadruple, members)
    yield from _leaks(quadruple, seen)


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
            length = sum(len(block) for block in file.blocks(blocksize=65536))
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


def _leaks(quadruple: Quadruple, seen: Seen) -> Iterator[str]:
    shared = {
        "group": quadruple.group,
        "image": quadruple.image.sha256,
        "clip": quadruple.music.sha256,
        "music file": quadruple.source_sha256,
    }
    for what, value in shared.items():
        other = seen.values.before(value, quadruple.split)
        if other not in ("", quadruple.split):
            yield f"its {what} is in {other} too"
