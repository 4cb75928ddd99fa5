"""`pairing.mode`: pictures and music that nothing pairs become samples, or say why they don't."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mmusset.builder.planning.inventory import Inventory, take_inventory
from mmusset.builder.workspace import open_workspace
from mmusset.errors import Unread
from mmusset.publish.features import fields_of, optional_fields
from mmusset.recipe import Recipe
from mmusset.recipe_parts.media import ClipPart
from mmusset.recipe_parts.source import PairingPart
from mmusset.sample_parts.media import MediaFacts
from mmusset.shards.tar import read_shard
from mmusset.sources.folder import FolderSource
from mmusset.sources.source import Source
from tests.support.command import SHORT, mmusset, tree
from tests.support.media import picture, piece

ANY = (*SHORT, "--set", "pairing.mode=any", "--set", "limits.block_size=512")
PAIRS = 14


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos, songs, and one song with a picture of its own."""
    folder = tmp_path_factory.mktemp("matching") / "source"
    for number in range(PAIRS):
        piece(folder / f"songs/{number}.flac", number)
        picture(folder / f"photos/IMG_{number:04d}.png", number)
    piece(folder / "own/song.flac", 40)
    picture(folder / "own/song.png", 40)
    piece(folder / "songs/short.flac", 50, seconds=1.0)
    shutil.copy(folder / "songs/3.flac", folder / "songs/again.flac")
    shutil.copy(folder / "photos/IMG_0003.png", folder / "photos/twin.png")
    return folder


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("matched") / "out"
    done = mmusset("build", "--source", source, "--out", out, *ANY)
    assert done.returncode == 0, done.stderr
    return out


def samples(out: Path) -> list[dict[str, Any]]:
    return [
        json.loads(members["json"])
        for shard in sorted((out / "data").iterdir())
        for _, members in read_shard(shard, ("json",))
    ]


def pictures(out: Path) -> dict[str, str]:
    """The picture of each piece that was matched, by what `explain` says."""
    found = {}
    for number in range(PAIRS):
        told = mmusset("explain", out, f"songs/{number}.flac")
        if told.returncode == 0:
            line = next(line for line in told.stdout.splitlines() if line.startswith("picture"))
            assert "it goes with the music better than" in line
            found[f"{number}"] = line.split()[1].rstrip(",")
    return found


def skipped(out: Path) -> dict[str, str]:
    """Why each file was skipped."""
    report = json.loads(mmusset("status", out, "--json").stdout)
    return {path: reason for path, reason, _ in report["skipped"]}


def test_left_overs_are_matched_and_say_so(built: Path) -> None:
    by = [sample["image"]["match"] for sample in samples(built)]
    matched = [match for match in by if match["by"] == "matched"]
    assert len(matched) == len(by) - 1 >= 4
    assert all(match["score"] >= 0.95 for match in matched)
    assert all(match["best"] >= match["score"] for match in matched)
    assert by.count({"by": "source", "score": 0.0, "best": 0.0}) == 1
    chosen = pictures(built)
    assert len(set(chosen.values())) == len(chosen) == len(matched)


def test_everything_that_stays_alone_has_its_reason(built: Path) -> None:
    why, report = skipped(built), json.loads(mmusset("status", built, "--json").stdout)
    alone = PAIRS - len(pictures(built))
    assert why["songs/short.flac"] == "shorter than a clip"
    assert why["photos/twin.png"] == "same picture as another"
    assert why["songs/again.flac"] == "same bytes as another"
    reasons = list(why.values())
    assert reasons.count("no picture goes with it better than 95% of random pairs") == alone
    assert reasons.count("no music goes with it better than 95% of random pairs") == alone
    assert report["tally"]["skipped"] == 2 * alone + 3


def test_the_card_counts_them_and_types_their_fields(built: Path) -> None:
    card, count = (built / "README.md").read_text(), len(samples(built)) - 1
    assert f"pictures matched to music by mood and theme, which nobody paired ({count})" in card
    recipe = Recipe.model_validate({"pairing": {"mode": "any"}})
    optional = optional_fields(json.loads(recipe.canonical()))
    image = next(f for f in fields_of(MediaFacts, {}, optional) if f["name"] == "image")
    assert "match" in {field["name"] for field in image["struct"]}
    assert "match" not in str(fields_of(MediaFacts))
    assert mmusset("verify", built).returncode == 0


@pytest.mark.slow
def test_a_kill_after_matching_changes_nothing(source: Path, built: Path, tmp_path: Path) -> None:
    words = ("build", "--source", source, "--out", tmp_path / "out", *ANY)
    assert mmusset(*words, failpoint="matches_kept").returncode < 0
    assert mmusset(*words).returncode == 0
    assert tree(tmp_path / "out" / "data") == tree(built / "data")


@pytest.mark.slow
def test_a_pair_that_was_made_stays_when_more_is_found(
    source: Path, built: Path, tmp_path: Path
) -> None:
    more, out = tmp_path / "source", tmp_path / "out"
    shutil.copytree(source, more)
    shutil.copytree(built, out)
    before, count = pictures(out), len(samples(out))
    for number in range(60, 70):
        piece(more / f"songs/{number}.flac", number)
        picture(more / f"photos/IMG_{number:04d}.png", number)
    done = mmusset("build", "--source", more, "--out", out, *ANY)
    assert done.returncode == 0, done.stderr
    after = pictures(out)
    assert before.items() <= after.items()
    assert len(samples(out)) > count
    assert len(set(after.values())) == len(after)


@pytest.mark.slow
def test_what_its_owner_reserves_is_given_to_nothing(
    source: Path, built: Path, tmp_path: Path
) -> None:
    more, out = tmp_path / "source", tmp_path / "out"
    shutil.copytree(source, more)
    piece(more / "private/secret.flac", 80)
    for number in range(80, 83):
        picture(more / f"private/{number} of mine.png", number)
    (more / "private/.noml").touch()
    done = mmusset("build", "--source", more, "--out", out, *ANY)
    assert done.returncode == 0, done.stderr
    assert pictures(out) == pictures(built)
    reserved = {path for path, why in skipped(out).items() if "reserves it" in why}
    assert reserved == {"private/secret.flac", *(f"private/{n} of mine.png" for n in (80, 81, 82))}


@pytest.mark.slow
def test_a_lost_ledger_comes_back_with_the_same_pairs(
    source: Path, built: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    shutil.copytree(built, out)
    for file in (out / ".mmusset").glob("ledger*"):
        file.unlink()
    assert mmusset("recover", out).returncode == 0
    done = mmusset("build", "--source", source, "--out", out, *ANY)
    assert done.returncode == 0, done.stderr
    assert pictures(out) == pictures(built)
    assert skipped(out) == skipped(built)


@dataclass(frozen=True, slots=True)
class Failing(FolderSource):
    """A folder on a bad disk: one of its files can't be read."""

    bad: bytes = b""

    @asynccontextmanager
    async def open(self, path: bytes) -> AsyncIterator[Path]:
        if path == self.bad:
            raise Unread("input/output error")
        yield self.root / os.fsdecode(path)


@pytest.mark.slow
def test_while_a_picture_can_not_be_read_no_pair_is_for_good(source: Path, tmp_path: Path) -> None:
    """It might be the better one for any piece."""
    recipe = Recipe(clip=ClipPart(seconds=2), pairing=PairingPart(mode="any"))
    bad = b"photos/IMG_0005.png"

    async def look(at: Source) -> tuple[Inventory, int]:
        async with open_workspace(at, tmp_path / "out", recipe) as workspace:
            inventory = await take_inventory(workspace, at.entries(), lambda done, total: None)
            return inventory, len(workspace.ledger.matching.known())

    inventory, known = asyncio.run(look(Failing(source, bad=bad)))
    assert [each.path for each in inventory.undecided] == [bad]
    assert known == 0
    inventory, known = asyncio.run(look(FolderSource(source)))
    assert inventory.undecided == ()
    assert known == len(inventory.offers) - 1 > 0


@pytest.mark.slow
def test_in_the_mode_match_no_piece_keeps_what_lies_beside_it(source: Path, tmp_path: Path) -> None:
    words = (*SHORT, "--set", "pairing.mode=match", "--json")
    report = json.loads(mmusset("scan", source, *words).stdout)
    assert set(report["pictured_by"]) == {"matched"}
    assert "own/song.png" in str(report["skipped"]) or report["pieces"] > 0
