"""Which files of a dataset are published: those that are named here, and no other.

The shards that the manifest names, the manifest, and the card with what belongs to it. The
ledger, the cache, and whatever else lies in the folder stay at home.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from pydantic import ValidationError

from mmusset.bounded import MOST_FACTS, read_bounded
from mmusset.errors import MmussetError, Refused
from mmusset.files import file_sha256
from mmusset.licensing import objections
from mmusset.recipe import TagsPart
from mmusset.shards.manifest import MANIFEST, Manifest, parse_manifest
from mmusset.shards.reader import split_of
from mmusset.shards.verify import verify

from . import readme
from .licence import licence_address, licence_text
from .readme import CARD

CROISSANT = "croissant.json"
OF_CARD = re.compile(r"README\.md|croissant\.json|assets/(?!.*\.partial$)[A-Za-z0-9_][\w.-]*")
MAX_SHOWN = 5


@dataclass(frozen=True, slots=True)
class File:
    """A file that is published: `name` is its path under the dataset's folder."""

    name: str
    path: Path
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Publication:
    """A verified dataset, ready to be published. `splits` counts samples, `forbidden` says which
    licences of its music are against that of the dataset, `ears` are those that listened, with what
    is said of their licences."""

    files: tuple[File, ...]
    shards: int
    splits: dict[str, int]
    licence: str
    forbidden: tuple[str, ...]
    tags: tuple[str, ...]
    ears: dict[str, tuple[str, ...]]


def dataset_of(out: Path) -> Publication:
    """What a folder publishes, read and checked from end to end.

    Raises MmussetError where the folder does not verify, Refused where its card
    can't be read or is of another version, or something in it reveals this machine.
    """
    _, problems = verify(out)
    if problems:
        lines = [f"{problem.where}: {problem.what}" for problem in problems]
        raise MmussetError(
            f"{out} does not verify: {_first_of(lines)}; `mmusset verify {out}` lists all"
        )
    if not (out / CARD).is_file():
        raise MmussetError(f"{out} has no {CARD}, the dataset's card: run `mmusset card {out}`")
    data = read_bounded(out / MANIFEST, MOST_FACTS)
    manifest = parse_manifest(data)
    assert manifest, "it was verified"
    front, _ = readme.split(out / CARD)
    _check_card(out, manifest, front)
    shards = [File(s.name, out / s.name, s.bytes, s.sha256) for s in manifest.shards]
    others = [_file(out, name) for name in (*_card_files(out), MANIFEST)]
    _stays_at_home(
        out, json.loads(data), [file.path for file in others if file.path.suffix != ".jpg"]
    )
    return Publication(
        files=(*shards, *others),
        shards=len(shards),
        splits=_splits(manifest),
        licence=licence_text(front),
        tags=_tags(manifest.recipe.get("tags")),
        forbidden=_forbidden(manifest, front),
        ears={name: ear.licences for name, ear in manifest.ears.items()},
    )


def _forbidden(manifest: Manifest, front: dict[str, Any]) -> tuple[str, ...]:
    """Why the music's licences let nobody publish this under the dataset's."""
    named, name = front.get("license"), str(front.get("license_name") or "")
    ids = [str(each) for each in (named if isinstance(named, list) else [named]) if each]
    found = [why for each in ids for why in objections(each, name, manifest.licences)]
    return tuple(dict.fromkeys(found))


def _tags(part: object) -> tuple[str, ...]:
    """The tags in the samples, by the recipe's part; none where it has no such part."""
    try:
        return TagsPart.model_validate(part).published
    except ValidationError:
        return ()


def _check_card(out: Path, manifest: Manifest, front: dict[str, Any]) -> None:
    """Raises Refused where a card that was generated is of other shards, or of another licence.

    croissant.json, written after the card, tells; who wrote a card alone has none.
    """
    path = out / CROISSANT
    if not path.is_file():
        return
    try:
        metadata = json.loads(read_bounded(path, MOST_FACTS))
        listed = {part["sha256"] for part in metadata["distribution"] if "sha256" in part}
        licence = metadata.get("license", "")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Refused(f"{path} can't be read: run `mmusset card {out}`, or remove it") from None
    if listed != {shard.sha256 for shard in manifest.shards}:
        raise Refused(f"the card describes another version of {out}: run `mmusset card {out}`")
    if licence != licence_address(front):
        raise Refused(
            f"the licence in the YAML of {out / CARD} is not the one that the card tells: run"
            f" `mmusset card {out}`"
        )


def _splits(manifest: Manifest) -> dict[str, int]:
    """How many samples each split has."""
    splits = dict[str, int]()
    for shard in manifest.shards:
        split = split_of(shard.name)
        splits[split] = splits.get(split, 0) + shard.samples
    return splits


def _card_files(out: Path) -> Iterator[str]:
    """The names of the card's files that are there. Raises Refused for one that is a link."""
    assets = out / "assets"
    candidates = [out / CARD, out / CROISSANT, assets, *sorted(assets.glob("*"))]
    for path in candidates:
        name = path.relative_to(out).as_posix()
        if path.is_symlink():
            raise Refused(f"{name} is a link; only files are published: remove it, or copy it")
        if path.is_file() and OF_CARD.fullmatch(name):
            yield name


def _file(out: Path, name: str) -> File:
    path = out / name
    return File(name, path, path.stat().st_size, file_sha256(path))


def _stays_at_home(out: Path, manifest: dict[str, Any], texts: list[Path]) -> None:
    """Raises Refused where a path of this machine would be published."""
    for where, value in _strings(manifest):
        if PurePosixPath(value).is_absolute() or PureWindowsPath(value).drive or value[:1] == "~":
            raise Refused(
                f"{MANIFEST} names a path of this machine ({where}: {value}), which would be public"
                " there and in samples; build with a name from the Hub, or with a relative path"
            )
    homes = {str(Path.home()), str(out.resolve())} - {"/"}
    for text in texts:
        data = read_bounded(text, MOST_FACTS)
        if any(home.encode() in data for home in homes):
            raise Refused(f"{text.name} names a folder of this machine, which would be public")


def _strings(value: Any, where: str = "") -> Iterator[tuple[str, str]]:
    """Each text in plain values, and where it stands."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _strings(inner, f"{where}.{key}" if where else str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _strings(inner, where)
    elif isinstance(value, str):
        yield where, value


def _first_of(lines: list[str]) -> str:
    more = len(lines) - MAX_SHOWN
    return "; ".join(lines[:MAX_SHOWN]) + (f"; and {more} more" if more > 0 else "")
