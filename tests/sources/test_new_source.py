"""A kind of source that the house does not know is all in this file, and a build takes it."""

# docs/ADDING.md: from here
import tempfile
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mmusset.errors import MmussetError, Unread, UsageError
from mmusset.sources.source import Entry, kind_of

# docs/ADDING.md: to here
# isort: split
import json
import shutil

import pytest

from mmusset.pipeline import build_dataset
from mmusset.recipe import Recipe
from mmusset.recipe_parts.media import ClipPart, LimitsPart
from mmusset.shards.verify import verify
from tests.support.media import library

RECIPE = Recipe(clip=ClipPart(seconds=2), limits=LimitsPart(workers=1))


# docs/ADDING.md: from here
class ZipSource:
    """The members of a zip archive, each taken out for as long as it is open."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive

    def __str__(self) -> str:
        return str(self._archive)

    def entries(self, out: Path | None = None) -> list[Entry]:
        try:
            with zipfile.ZipFile(self._archive) as archive:
                members = [member for member in archive.infolist() if not member.is_dir()]
        except (OSError, zipfile.BadZipFile) as error:
            raise UsageError(f"{self._archive} is no zip archive: {error}") from None
        entries = [
            # A member has no time that is worth anything; its checksum changes with its content.
            Entry(member.filename.encode(), kind_of(member.filename.encode()), member.file_size,
                  member.CRC)
            for member in members
        ]  # fmt: skip
        return sorted(entries, key=lambda entry: entry.path)

    @asynccontextmanager
    async def open(self, path: bytes) -> AsyncIterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            try:
                with zipfile.ZipFile(self._archive) as archive:
                    file = Path(archive.extract(path.decode(), folder))
            except (OSError, KeyError, zipfile.BadZipFile) as error:
                raise Unread(str(error)) from None
            yield file

    def check(self) -> None:
        if not self._archive.exists():
            raise MmussetError(f"{self._archive} is gone")

    def groups(self, path: bytes) -> tuple[bytes, ...]:
        return (b"zipped:" + path.rpartition(b"/")[0],)


# docs/ADDING.md: to here
@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Four pieces of two artists with a picture each, zipped; no folder of them is left."""
    folder = library(tmp_path / "unzipped", 4)
    shutil.make_archive(str(tmp_path / "music"), "zip", folder)
    shutil.rmtree(folder)
    return tmp_path / "music.zip"


def contents(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((out / "data").iterdir())}


def test_a_dataset_is_built_from_it_and_building_again_changes_nothing(
    archive: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    first = build_dataset(ZipSource(archive), out, RECIPE)
    assert (first.tally.found, first.tally.accepted, first.tally.undecided) == (4, 4, 0)
    samples, problems = verify(out)
    assert (samples, problems) == (4, [])
    shards, manifest = contents(out), (out / "manifest.json").read_bytes()
    again = build_dataset(ZipSource(archive), out, RECIPE)
    assert (again.new, again.sealed) == (0, 0)
    assert contents(out) == shards
    assert (out / "manifest.json").read_bytes() == manifest
    assert json.loads(manifest)["groups"] == 2


def test_a_source_that_is_gone_stops_the_build(archive: Path, tmp_path: Path) -> None:
    source = ZipSource(archive)
    archive.unlink()
    with pytest.raises(UsageError, match="is no zip archive"):
        source.entries()
    with pytest.raises(MmussetError, match="is gone"):
        source.check()
