"""Which form of source a text such as that of `--source` names."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote_to_bytes

from mmusset.bounded import MOST_FACTS, read_text_bounded
from mmusset.recipe_parts.source import Role
from mmusset.stores.choose import is_url

from .bucket import BucketSource
from .folder import FolderSource
from .hub import HUB, HubSource
from .sharded import local_shards, tars_of
from .source import Source
from .table import is_table
from .tabled import TableSource, tables_in

SHARD = re.compile(r"data/(train|validation|test)-\d{6}\.tar")


def source_of(
    text: str | Path, columns: Mapping[Role, str] | None = None, as_written: bool = False
) -> Source:
    """The source of this name: a table by its suffix, tars or a pattern of them, a dataset that a
    build wrote, a folder that holds `metadata.csv` or the like, or else a folder. `columns` are
    those of a recipe; of a folder, the keys of its files of JSON. Of what a build wrote, agents'
    texts are taken too if it is to be read `as_written`. `hf://user/name` is a dataset on the Hub,
    `s3://bucket/music` what is in a bucket.
    """
    name, mapped = str(text), columns or {}
    if name.startswith(HUB):
        return HubSource(name, mapped, as_written)
    if is_url(name):
        return BucketSource(name, mapped)
    path = Path(text)
    if tars := _built(path) or tars_of(name):
        return local_shards(name, tars, mapped, as_written)
    if is_table(os.fsencode(path.name)) and not path.is_dir():
        return TableSource(path.parent, os.fsencode(path.name), mapped)
    if tables_in(path):
        return TableSource(path, columns=mapped)
    return FolderSource(path, mapped)


def _built(folder: Path) -> list[Path]:
    """The shards that the manifest of a dataset lists; none where it is no dataset of a build."""
    manifest = folder / "manifest.json"
    if not manifest.is_file() or not (folder / "data").is_dir():
        return []
    try:
        said = json.loads(read_text_bounded(manifest, MOST_FACTS))
        names = [str(shard["name"]) for shard in said["shards"]]
    except (OSError, ValueError, LookupError, TypeError):
        return []
    return [folder / name for name in names if SHARD.fullmatch(name)]


def address_of(source: Source) -> str:
    """Text, all ASCII, by which `source_at` finds a source from anywhere on this machine; "" where
    no text names it, as it is with a class of somebody's own."""
    if isinstance(source, FolderSource | TableSource):
        return quote(os.fsencode(source.root.absolute()))
    return ""


def source_at(address: str) -> Source:
    """The source of an address that `address_of` gave."""
    return FolderSource(root_at(address))


def root_at(address: str) -> Path:
    """The folder of an address that `address_of` gave."""
    return Path(os.fsdecode(unquote_to_bytes(address)))
