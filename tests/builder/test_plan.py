"""The plan: what becomes an item, what stays together, what is only found again."""

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

from mmusset.builder.accounting import Tally
from mmusset.builder.planning.inventory import Inventory, take_inventory
from mmusset.builder.planning.offers import Offer
from mmusset.builder.planning.plan import drop_short, freeze
from mmusset.builder.progress import BuildProgress
from mmusset.builder.run import survey_only
from mmusset.builder.workspace import open_workspace
from mmusset.progress import Progress
from mmusset.recipe import Recipe
from mmusset.recipe_parts.media import ClipPart
from mmusset.recipe_parts.source import SplitPart
from mmusset.sample_parts.piece import Item, Piece, SourceFile, SourcePicture, Tags
from mmusset.sources.folder import FolderSource
from tests.sources.test_tags import tagged_mp3, text
from tests.support.media import RATE_HZ, library, picture, piece
from tests.support.thorough import slow

RECIPE = Recipe(clip=ClipPart(seconds=2))


def offers_of(source: Path) -> dict[str, Offer]:
    """What a build would find in a folder, by path."""
    inventory = asyncio.run(survey_only(FolderSource(source), Recipe(), BuildProgress(Progress())))
    return {offer.piece.music.path.decode(): offer for offer in inventory.offers}


def planned(source: Path, out: Path) -> tuple[dict[str, Item], Tally]:
    """The items of a folder's plan after one more look at it, by the path of their music."""

    async def plan() -> tuple[dict[str, Item], Tally]:
        async with open_workspace(FolderSource(source), out, RECIPE) as workspace:
            entries = workspace.source.entries()
            step = BuildProgress(Progress()).surveyed
            freeze(await take_inventory(workspace, entries, step), workspace, None)
            verdicts, items = workspace.ledger.verdicts, list[Item]()
            last = 0
            while planned := verdicts.next_undecided(last):
                last = planned.idx
                items.append(planned.item)
            return {item.piece.music.path.decode(): item for item in items}, verdicts.tally()

    return asyncio.run(plan())


def stay_together(a: Offer, b: Offer) -> bool:
    return bool(set(a.labels) & set(b.labels))


def an_offer(number: int = 0, duration_s: float = 30.0) -> Offer:
    music = SourceFile(b"%06d.wav" % number, f"{number:064x}")
    picture = SourcePicture(b"cover.jpg", "0" * 64, "folder")
    return Offer(Piece(music, duration_s, picture, None, Tags()), ())


def test_short_pieces_are_left_out_and_unknown_lengths_are_not() -> None:
    offers = [an_offer(number, duration_s) for number, duration_s in enumerate((0.0, 1.5, 3.0))]
    long_enough, skipped = drop_short(offers, ClipPart(seconds=2))
    assert list(long_enough) == [offers[0], offers[2]]
    assert [(s.path, s.reason) for s in skipped] == [(b"000001.wav", "shorter than a clip")]


@pytest.mark.slow
def test_a_hundred_thousand_short_pieces_are_no_trouble() -> None:
    """Comparing each with each would take hours."""
    offers = [an_offer(number, duration_s=1.0) for number in range(100_000)]
    assert len(drop_short(offers, ClipPart(seconds=2))[1]) == 100_000


def rotated(path: Path) -> None:
    """The picture of number 1, stored lying on its side, with EXIF that turns it upright."""
    picture(path.with_suffix(".png"), 1)
    exif = Image.Exif()
    exif[0x0112] = 8
    with Image.open(path.with_suffix(".png")) as image:
        image.transpose(Image.Transpose.ROTATE_270).save(path, exif=exif)
    path.with_suffix(".png").unlink()


@pytest.mark.slow
def test_one_picture_in_several_files_keeps_its_pieces_together(tmp_path: Path) -> None:
    for number, name in enumerate(("png", "bmp", "turned", "another", "broken", "broken too")):
        piece(tmp_path / name / "song.wav", number)
    picture(tmp_path / "png" / "song.png", 1)
    picture(tmp_path / "bmp" / "song.bmp", 1)
    rotated(tmp_path / "turned" / "song.tiff")
    picture(tmp_path / "another" / "song.png", 2)
    (tmp_path / "broken" / "song.png").write_bytes(b"no picture")
    (tmp_path / "broken too" / "song.png").write_bytes(b"no picture either")
    found = offers_of(tmp_path)
    first = found["png/song.wav"]
    assert stay_together(first, found["bmp/song.wav"])
    assert stay_together(first, found["turned/song.wav"])
    assert not stay_together(first, found["another/song.wav"])
    assert not stay_together(found["broken/song.wav"], found["broken too/song.wav"])


@pytest.mark.parametrize("suffix", ["flac", *slow("aiff")])
def test_one_recording_in_several_files_keeps_its_pieces_together(
    tmp_path: Path, suffix: str
) -> None:
    piece(tmp_path / "one" / "song.wav", 1, seconds=5.0)
    piece(tmp_path / "three" / "third.wav", 2, seconds=5.0)
    (tmp_path / "two").mkdir()
    samples, rate_hz = soundfile.read(tmp_path / "one" / "song.wav", dtype="int16")
    soundfile.write(tmp_path / "two" / f"other.{suffix}", samples, rate_hz)
    for number, name in enumerate(("one/song", "two/other", "three/third")):
        picture(tmp_path / f"{name}.png", number)
    found = offers_of(tmp_path)
    assert stay_together(found["one/song.wav"], found[f"two/other.{suffix}"])
    assert not stay_together(found["one/song.wav"], found["three/third.wav"])


@pytest.mark.slow
def test_a_retagged_mp3_stays_with_the_old_one(tmp_path: Path) -> None:
    for number, (name, title) in enumerate((("a", "Rain"), ("b", "A longer title: snow"))):
        (tmp_path / name).mkdir()
        tagged_mp3(tmp_path / name / "x.mp3", text(b"TIT2", title))
        picture(tmp_path / name / "x.png", number)
    found = offers_of(tmp_path)
    assert len(found) == 2
    assert stay_together(found["a/x.mp3"], found["b/x.mp3"])


def drawn(offers: list[Offer], out: Path, sample: int, seed: int) -> list[bytes]:
    """The pieces that `--sample` takes of these."""

    async def plan() -> list[bytes]:
        recipe = RECIPE.model_copy(update={"split": SplitPart(seed=seed)})
        async with open_workspace(FolderSource(out), out, recipe) as workspace:
            freeze(Inventory(offers), workspace, sample, "x", at_random=True)
            items = (workspace.ledger.plan.items_at(o.piece.music.path) for o in offers)
            return [item.item.piece.music.path for found in items for item in found]

    return asyncio.run(plan())


def test_a_sample_is_drawn_at_random_and_is_always_the_same(tmp_path: Path) -> None:
    offers = []
    for number in range(20):
        offer, sha256 = an_offer(number), f"{number:02x}" * 32
        piece = replace(offer.piece, music=SourceFile(b"%02d.wav" % number, sha256))
        offers.append(Offer(piece, (sha256,)))
    first = drawn(offers, tmp_path / "a", 5, seed=0)
    assert len(first) == 5 and first != [o.piece.music.path for o in offers[:5]]
    assert drawn(offers[::-1], tmp_path / "b", 5, seed=0) == first[::-1]
    assert drawn(offers, tmp_path / "a", 5, seed=0) == first, "run again, it stays"
    assert drawn(offers, tmp_path / "c", 5, seed=1) != first
    assert set(first) < set(drawn(offers, tmp_path / "a", 8, seed=0)), "and it may grow"


@pytest.mark.slow
def test_silence_in_the_middle_is_no_kinship(tmp_path: Path) -> None:
    time_s = np.arange(8 * RATE_HZ) / RATE_HZ
    middle = (time_s > 2) & (time_s < 6)
    for number, hz in enumerate((220, 330)):
        (tmp_path / str(hz)).mkdir()
        tone = np.where(middle, 0, 0.3 * np.sin(2 * np.pi * hz * time_s))
        soundfile.write(tmp_path / str(hz) / "x.wav", tone, RATE_HZ)
        picture(tmp_path / str(hz) / "x.png", number)
    found = offers_of(tmp_path)
    assert not stay_together(found["220/x.wav"], found["330/x.wav"])


@pytest.mark.slow
def test_items_follow_their_music_when_files_swap_names(tmp_path: Path) -> None:
    source, out = library(tmp_path / "source", 2), tmp_path / "out"
    before, _ = planned(source, out)
    folder = source / "artist 0"
    for suffix in (".wav", ".png"):
        (folder / f"song 0{suffix}").rename(folder / "kept")
        (folder / f"song 1{suffix}").rename(folder / f"song 0{suffix}")
        (folder / "kept").rename(folder / f"song 1{suffix}")
    after, tally = planned(source, out)
    assert after["artist 0/song 1.wav"].key == before["artist 0/song 0.wav"].key
    assert after["artist 0/song 0.wav"].key == before["artist 0/song 1.wav"].key
    assert (tally.found, tally.undecided) == (2, 2)


def test_items_follow_their_pictures_and_stories(tmp_path: Path) -> None:
    source, out = library(tmp_path / "source", 1), tmp_path / "out"
    (source / "artist 0" / "song 0.txt").write_text("A ferry in the rain.")
    planned(source, out)
    (source / "artist 0" / "song 0.png").rename(source / "artist 0" / "cover.png")
    (source / "artist 0" / "song 0.txt").rename(source / "artist 0" / "song 0.story.txt")
    (item,) = planned(source, out)[0].values()
    picture = item.piece.picture
    assert (picture.path, picture.origin) == (b"artist 0/cover.png", "folder")
    assert item.piece.story_path == b"artist 0/song 0.story.txt"


@pytest.mark.slow
def test_another_picture_is_not_taken_for_the_planned_one(tmp_path: Path) -> None:
    source, out = library(tmp_path / "source", 1), tmp_path / "out"
    before = planned(source, out)[0]["artist 0/song 0.wav"]
    picture(source / "artist 0" / "song 0.png", 7)
    (source / "artist 0").rename(source / "moved")
    after = planned(source, out)[0]["moved/song 0.wav"]
    assert after.piece.picture == before.piece.picture


@pytest.mark.slow
def test_a_file_is_counted_once_though_it_lost_its_picture(tmp_path: Path) -> None:
    source, out = library(tmp_path / "source", 1), tmp_path / "out"
    planned(source, out)
    (source / "artist 0" / "song 0.png").unlink()
    _, tally = planned(source, out)
    assert (tally.found, tally.undecided, tally.skipped) == (1, 1, 0)
