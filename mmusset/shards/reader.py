"""Shards, read through webdataset: from a folder, a glob, a bucket or the Hub.

Files are opened and read here, within bounds; webdataset groups what was read into samples.
Nothing is unpickled: its own decoding is never called, and WDS_SECURE=1 forbids it to run
commands or open files by itself.
"""

import hashlib
import io
import json
import os
import re
import tarfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from mmusset.bounded import MB, MOST_FACTS, open_regular
from mmusset.errors import MmussetError, UsageError
from mmusset.files import file_sha256
from mmusset.quality import Quality, sentence
from mmusset.safe_text import first_line, remember, without_addresses
from mmusset.sample_parts.media import FrameFacts
from mmusset.stores.choose import is_url
from mmusset.tar_members import member

from .frames import MEMBER as FRAMES
from .frames import frames_on
from .manifest import MANIFEST, Manifest, known_manifest, parse_manifest
from .mirror import dataset_to_read, mirror_of
from .shard_files import shard_files
from .tar import headers

if TYPE_CHECKING:
    from PIL.Image import Image

Floats = NDArray[np.float32]
Members = dict[str, bytes]

HUB = "hf://"
MAX_PIXELS = 50_000_000
MAX_VALUES = 100_000_000  # of a clip's sound: 19 minutes at 44.1 kHz, stereo
TAR_END = 2 * tarfile.BLOCKSIZE  # zeros
_OF_THE_TAR = re.compile(r"__[^/]*__($|/)")  # what webdataset takes for facts about the whole tar


@dataclass(frozen=True, slots=True)
class Read:
    """A sample as it stands in a shard, decoded: `sound` `[frames, channels]`, -1 to 1.

    Beside its music it may lack anything, as another tool's: then `image` is None, a text "".
    `facts` are its JSON, {} where there is none of ours; `captions` the tellings of its caption in
    there, by name. `picture` is the hash of its JPEG, the same for all that share one. `frames` are
    those of a video, one for each whole second of the clip, in its middle.
    """

    key: str
    image: "Image | None"
    sound: Floats
    rate_hz: int
    story: str
    caption: str
    captions: dict[str, str]
    facts: dict[str, Any]
    picture: str
    frames: tuple["Image", ...] = ()


class BadSample(Exception):
    """Why a sample can't be used."""


class Gone(MmussetError):
    """A file is not there, or no longer."""


def shards_of(source: str) -> list[str]:
    """The tars of a dataset's folder, of one in a bucket, a glob, one tar, or a place on the Hub,
    sorted.

    On the Hub, `hf://user/name` is `hf://datasets/user/name`.
    Raises UsageError where there are none, MmussetError where Hub or bucket can't be reached.
    """
    if is_url(source):
        names = shard_files(dataset_to_read(source)).names()
        tars = [f"{source.rstrip('/')}/{name}" for name in names if name.endswith(".tar")]
    elif source.startswith(HUB):
        place = _dataset_on_hub(source)
        tars = _on_hub(place if place.endswith(".tar") else f"{place}/data/*.tar")
    elif Path(source).is_dir():
        tars = [str(path) for path in Path(source, "data").glob("*.tar")]
        tars = tars or [str(path) for path in Path(source).glob("*.tar")]
    else:
        root = Path(Path(source).anchor)
        try:
            tars = [str(path) for path in root.glob(str(Path(source).relative_to(root)))]
        except ValueError as error:  # before Python 3.13
            raise UsageError(f"{source} is no glob: {str(error).lower()}") from None
    if not tars:
        raise UsageError(
            f"no shards in {source}: give the folder that `mmusset build` wrote, a glob of"
            " tars, s3://bucket/name, or hf://user/name"
        )
    return sorted(tars)


def is_elsewhere(source: str) -> bool:
    """Whether a shard, or a dataset, is not on this disk."""
    return source.startswith(HUB) or is_url(source)


def dataset_name(source: str) -> str:
    """`music` for the dataset `.../music`, however it is spelled; runs are named so."""
    path = Path(source) if Path(source).name else Path(source).resolve()
    named = next((p for p in (path, *path.parents) if _names_dataset(p)), path)
    return named.resolve().name or "data"


def _names_dataset(path: Path) -> bool:
    """Not a tar, a pattern, or the folder `data` in a dataset."""
    if not path.name or path.suffix == ".tar" or set("*?[") & set(path.name):
        return False
    return path.name != "data" or not path.parent.name


def split_of(shard: str) -> str:
    """`train` of `data/train-000007.tar`; what is named otherwise is to train on."""
    split = shard.rpartition("/")[2].partition("-")[0]
    return split if split in ("validation", "test") else "train"


def listed_samples(shard: str) -> int | None:
    """How many samples a shard should hold, by the manifest of its dataset; None without one.

    Raises MmussetError where the Hub can't be reached.
    """
    manifest = manifest_of(shard)
    counts = {listed.name: listed.samples for listed in manifest.shards} if manifest else {}
    return counts.get(f"data/{shard.rpartition('/')[2]}")


def manifest_of(shard: str) -> Manifest | None:
    """The manifest of a shard's dataset; None where there is none that can be read.

    Raises MmussetError where the Hub can't be reached.
    """
    if is_url(shard):
        return known_manifest(mirror_of(shard.rsplit("/", 2)[0]).folder)
    whole = shard if shard.startswith(HUB) else str(Path(shard).absolute())
    try:
        path = f"{whole.rsplit('/', 2)[0]}/{MANIFEST}"
        with _hub_errors(path), opened(path) as file:
            return parse_manifest(file.read(MOST_FACTS))
    except (OSError, Gone):
        return None


def raw_samples(shard: str) -> Iterator[tuple[str, Members]]:
    """Each sample's key and its members by extension, as bytes.

    Raises MmussetError where the Hub can't be reached, and for a tar that is broken or cut short,
    as far as it can be seen: one that was cut between two samples and got an end again is
    known only by its dataset's manifest.
    """
    os.environ["WDS_SECURE"] = "1"
    from webdataset.tariterators import group_by_keys

    count = 0
    with _hub_errors(shard), opened(shard) as stream:
        try:
            for members in group_by_keys(_members(shard, stream)):
                yield members["__key__"], {k: v for k, v in members.items() if k[:2] != "__"}
                count += 1
        except (tarfile.TarError, ValueError, EOFError) as error:
            raise broken(shard, _why(error)) from None
    listed = listed_samples(shard)
    if listed is not None and listed != count:
        raise broken(shard, f"it holds {count} of {listed} samples")


def broken(shard: str, why: str) -> MmussetError:
    """A shard is of no use, and what to do."""
    return MmussetError(
        f"{shard} is broken or cut short ({why}); `mmusset build --check` writes it"
        " again,"
        " `mmusset verify` checks the others"
    )


def _members(shard: str, stream: BinaryIO) -> Iterator[dict[str, Any]]:
    """The regular files of a tar, as webdataset hands them on to be grouped by their keys."""
    end = 0
    for info in headers(stream):
        end = info.offset_data + -(-info.size // tarfile.BLOCKSIZE) * tarfile.BLOCKSIZE
        if info.isreg() and not _OF_THE_TAR.match(info.name):
            yield {"__url__": shard, "fname": info.name, "data": member(stream, info)}
    _check_end(stream, end)


def _check_end(stream: BinaryIO, end: int) -> None:
    """Raises EOFError unless zeros end a tar, and nothing but zeros follows its last member.

    tarfile takes both the file's end and a header that it can't read for the tar's end.
    """
    stream.seek(end)
    zeros = 0
    while data := stream.read(MB):
        if data.count(0) != len(data):
            break
        zeros += len(data)
    if data or zeros < TAR_END:
        raise EOFError("it does not end as a tar does")


def decoded(key: str, members: Members) -> Read:
    """A sample from its members' bytes. Raises BadSample."""
    if "music.flac" not in members:
        raise BadSample("has no music.flac")
    sound, rate_hz = decode_sound(members["music.flac"])
    facts, caption = _facts(members.get("json", b"")), _text(members.get("caption.txt", b""))
    jpeg = members.get("image.jpg")
    return Read(
        key=key,
        image=None if jpeg is None else _jpeg(jpeg),
        sound=sound,
        rate_hz=rate_hz,
        story=_text(members.get("story.txt", b"")),
        caption=caption,
        captions=_captions(facts) | _with_quality(facts, caption),
        facts=facts,
        picture="" if jpeg is None else hashlib.sha256(jpeg).hexdigest(),
        frames=_frames(members, facts),
    )


@lru_cache(maxsize=2)  # the clips of a piece, and those of an album, lie side by side
def _jpeg(data: bytes) -> "Image":
    """The RGB picture of a sample, the same object for the next that has it. Raises BadSample."""
    with open_image(data, ("JPEG",)) as image:
        image.load()
        return image if image.mode == "RGB" else image.convert("RGB")  # which would copy it


def _frames(members: Members, facts: dict[str, Any]) -> tuple["Image", ...]:
    """The frames of a video; none where the sample has no such member, or its JSON, as another
    tool's, does not say how they lie. Raises BadSample where they are not as it says."""
    try:
        known = FrameFacts.model_validate(facts.get("frames"))
    except ValidationError:
        return ()
    if not (known.count and FRAMES in members):
        return ()
    try:
        return frames_on(_jpeg(members[FRAMES]), known)
    except ValueError as error:
        raise BadSample(f"its sheet of frames has {error}") from None


@contextmanager
def open_image(data: bytes, formats: tuple[str, ...]) -> "Iterator[Image]":
    """A picture of one of these formats, its pixels not decoded yet.

    Raises BadSample for what is none or has too many pixels, and where decoding fails.
    """
    from PIL import Image, UnidentifiedImageError

    # For good: threads decode, and warnings can't be caught in one of them alone.
    warnings.simplefilter("ignore", Image.DecompressionBombWarning)
    try:
        with Image.open(io.BytesIO(data), formats=formats) as image:
            if image.width * image.height > MAX_PIXELS:
                raise BadSample(f"its image has {image.width} x {image.height} pixels")
            yield image
    except UnidentifiedImageError:
        known = formats[0] if len(formats) == 1 else f"picture ({', '.join(formats)})"
        raise BadSample(f"its image is no {known}") from None
    except Image.DecompressionBombError:
        raise BadSample("its image has too many pixels") from None
    except (OSError, ValueError, SyntaxError) as error:
        raise BadSample(f"its image does not decode ({error})") from None


def decode_sound(data: bytes) -> tuple[Floats, int]:
    """A FLAC's sound `[frames, channels]` and its rate in Hz. Raises BadSample."""
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.format != "FLAC" or file.frames * file.channels > MAX_VALUES:
                raise BadSample("its music is no FLAC, or too long")
            sound = file.read(dtype="float32", always_2d=True)
            rate_hz, frames = file.samplerate, file.frames
    except soundfile.LibsndfileError as error:
        raise BadSample(f"its music does not decode ({error.error_string})") from None
    if not len(sound) or len(sound) != frames:
        raise BadSample("its music is empty or cut short")
    return sound, rate_hz


def _text(data: bytes) -> str:
    try:
        return data.decode().strip()
    except UnicodeDecodeError:
        raise BadSample("its text is not UTF-8") from None


def _facts(data: bytes) -> dict[str, Any]:
    """A sample's JSON; {} where it is no object."""
    try:
        facts = json.loads(data)
    except (ValueError, RecursionError):
        return {}
    return facts if isinstance(facts, dict) else {}


def _captions(facts: dict[str, Any]) -> dict[str, str]:
    """The captions that a sample's JSON holds; none where it is not as ours."""
    captions = facts.get("captions")
    named = captions.items() if isinstance(captions, dict) else ()
    return {name: text.strip() for name, text in named if isinstance(text, str)}


def _with_quality(facts: dict[str, Any], caption: str) -> dict[str, str]:
    """The caption and, after it, how well the sound is kept; none where that was not measured."""
    try:
        quality = Quality.model_validate(facts.get("quality"))
    except ValidationError:
        return {}
    return {"with_quality": f"{caption} {sentence(quality)}"} if caption else {}


def sha256_elsewhere(shard: str) -> str:
    """The hash of the bytes of a shard that is not on this disk, by the Hub or by its manifest.
    Raises MmussetError where it can't be reached."""
    if is_url(shard):
        return _listed_sha256(shard) or file_sha256(_from_bucket(shard))
    with _hub_errors(shard):
        facts = _hub().info(shard)
    return str(facts["lfs"]["sha256"] if facts.get("lfs") else facts["blob_id"])


def opened(path: str) -> BinaryIO:
    """A file on this disk or the Hub, or a shard in a bucket. Raises Gone where there is none,
    MmussetError where Hub or bucket can't be reached."""
    with _hub_errors(path):
        if is_url(path):
            return open_regular(_from_bucket(path))
        return _hub().open(path, "rb") if path.startswith(HUB) else open_regular(Path(path))


def _from_bucket(shard: str) -> Path:
    """The file of a shard in a bucket, fetched where it is not here."""
    url, folder, name = shard.rsplit("/", 2)
    return shard_files(mirror_of(url).folder).path(f"{folder}/{name}", _listed_sha256(shard))


def _listed_sha256(shard: str) -> str:
    """What a shard's manifest says of it; "" where there is none."""
    manifest = manifest_of(shard)
    listed = {each.name: each.sha256 for each in manifest.shards} if manifest else {}
    return listed.get(f"data/{shard.rpartition('/')[2]}", "")


def _dataset_on_hub(source: str) -> str:
    """A place on the Hub as its client spells it: without a kind it would be a model's."""
    place = source.removeprefix(HUB)
    kind = place.partition("/")[0]
    return (
        source if kind in ("datasets", "models", "spaces", "buckets") else f"{HUB}datasets/{place}"
    )


def _on_hub(pattern: str) -> list[str]:
    try:
        with _hub_errors(pattern):
            return [f"{HUB}{path.removeprefix(HUB)}" for path in _hub().glob(pattern)]
    except Gone:
        return []


@contextmanager
def _hub_errors(path: str) -> Iterator[None]:
    """Whatever the Hub's client raises becomes MmussetError; other errors of this disk than that
    a file is gone go through."""
    try:
        yield
    except FileNotFoundError:
        raise Gone(f"{path} is gone; build again to write it") from None
    except Exception as error:
        if isinstance(error, MmussetError) or not path.startswith(HUB):
            raise
        why = _why(error)
        raise MmussetError(f"the Hub can't be asked for {path} ({why}); try again") from None


def _why(error: Exception) -> str:
    """The first line of what an error says, without secrets, addresses, and the stream's name that
    webdataset adds."""
    texts = (text.strip() for text in error.args if isinstance(text, str))
    message = next(filter(None, texts), type(error).__name__)
    return first_line(without_addresses(message.partition(" @ <")[0]))


def _hub() -> Any:
    from huggingface_hub import HfFileSystem, get_token

    remember(get_token() or "")
    return HfFileSystem()
