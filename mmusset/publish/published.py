"""What is published of a folder. Of a dataset: the files that are named here, and no other.

The shards that the manifest names, the manifest, and the card with what belongs to it. The
ledger, the cache, and whatever else lies in the folder stay at home.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, Literal

from pydantic import ValidationError

from mmusset.bounded import MOST_FACTS, read_bounded
from mmusset.errors import MmussetError, Refused
from mmusset.files import file_sha256
from mmusset.licensing import objections
from mmusset.recipe_parts.rights import TagsPart
from mmusset.shards.manifest import MANIFEST, Manifest, parse_manifest
from mmusset.shards.reader import split_of
from mmusset.shards.shard_files import shard_files
from mmusset.shards.verify import verify

from . import readme
from .licence import licence_address, licence_text
from .models import licensed_models
from .readme import CARD

CROISSANT = "croissant.json"
RepoKind = Literal["dataset", "model"]
SHARD = re.compile(r"data/[^/]*\.tar")
OF_CARD = re.compile(r"README\.md|croissant\.json|assets/(?!.*\.partial$)[A-Za-z0-9_][\w.-]*")
MAX_SHOWN = 5


@dataclass(frozen=True, slots=True)
class File:
    """A file that is published: `name` is its path under the dataset's folder `out`."""

    name: str
    out: Path
    size: int
    sha256: str

    @property
    def path(self) -> Path:
        """Where it lies; a shard in a bucket is fetched for that."""
        return shard_files(self.out).path(self.name, self.sha256)


@dataclass(frozen=True, slots=True)
class Publication:
    """What a folder publishes, verified: a dataset or a model.

    `forbidden` says which licences of its music are against its own; `lines` and `facts` are about
    what it holds, for people and for programs; `summary` is the message of its commit. `owned`
    matches the names of files that are part of it wherever they lie, and `listed` gives the
    names of those that a manifest lists, None for a manifest of another kind.
    """

    kind: RepoKind
    files: tuple[File, ...]
    licence: str
    forbidden: tuple[str, ...]
    lines: tuple[str, ...]
    facts: dict[str, object]
    summary: str
    owned: re.Pattern[str]
    listed: Callable[[bytes], set[str] | None]


def dataset_of(out: Path) -> Publication:
    """What a dataset's folder publishes, read and checked from end to end.

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
    shards = [File(s.name, out, s.bytes, s.sha256) for s in manifest.shards]
    others = [file_of(out, name) for name in (*_card_files(out), MANIFEST)]
    check_stays_at_home(
        out, json.loads(data), [out / file.name for file in others if file.name[-4:] != ".jpg"]
    )
    if not shards:
        raise Refused(f"{out} holds no sample: there is nothing to publish")
    splits = _splits(manifest)
    counts = sum(splits.values()), len(shards)
    ears = {name: list(ear.licences) for name, ear in manifest.ears.items()}
    models = licensed_models(manifest)
    return Publication(
        kind="dataset",
        files=(*shards, *others),
        licence=licence_text(front),
        forbidden=forbidden(manifest.licences, front),
        lines=_lines(manifest, counts, splits),
        facts={"splits": splits, "ears": ears, "models": [asdict(model) for model in models]},
        summary="{} samples in {} shards".format(*counts),
        owned=SHARD,
        listed=_listed_shards,
    )


def forbidden(licences: Mapping[str, int], front: dict[str, Any]) -> tuple[str, ...]:
    """Why the music's licences, with how many clips each has, let nobody publish this under the
    one that its card's front matter names."""
    named, name = front.get("license"), str(front.get("license_name") or "")
    ids = [str(each) for each in (named if isinstance(named, list) else [named]) if each]
    found = [why for each in ids for why in objections(each, name, licences)]
    return tuple(dict.fromkeys(found))


def _lines(
    manifest: Manifest,
    counts: tuple[int, int],
    splits: dict[str, int],
) -> tuple[str, ...]:
    """What is in the samples, and the licences of the pretrained models that judged them."""
    tags = ", ".join(_tags(manifest.recipe.get("tags"))) or "none"
    ears = manifest.ears.items()
    return (
        f"samples   {counts[0]} in {counts[1]} shards:"
        f" {', '.join(f'{split} {count}' for split, count in splits.items())}",
        "in each   the picture, the music, story and caption, and in its JSON the claims,",
        f"          what was measured, and what each agent said; tags of your files: {tags}",
        *(f"heard by  {name}: {each}" for name, ear in ears for each in ear.licences),
        *(f"judged by {m.name}, for {m.key}: {m.licence}" for m in licensed_models(manifest)),
    )


def _listed_shards(data: bytes) -> set[str] | None:
    manifest = parse_manifest(data)
    return {shard.name for shard in manifest.shards} if manifest else None


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
            f"the licence in the YAML of {out / CARD} is not the one on the card: run"
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


def file_of(out: Path, name: str) -> File:
    """A file of a folder."""
    path = out / name
    return File(name, out, path.stat().st_size, file_sha256(path))


def check_stays_at_home(out: Path, manifest: dict[str, Any], texts: list[Path]) -> None:
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
