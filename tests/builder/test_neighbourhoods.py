"""A source is paired part by part, and comes out as if all of it had been paired at once."""

import asyncio
import subprocess
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mmusset.builder.planning.neighbourhoods import Neighbourhoods
from mmusset.builder.planning.part import for_recipe
from mmusset.builder.planning.spool import Spool, Subsequence
from mmusset.builder.progress import BuildProgress
from mmusset.builder.run import survey_only
from mmusset.progress import Progress
from mmusset.recipe import Recipe
from mmusset.sources.folder import FolderSource
from mmusset.sources.pair import PicturesFound, pair
from mmusset.sources.sidecar import sidecars
from mmusset.sources.source import Entry, Row, kind_of
from tests.support.command import environment
from tests.support.media import picture, piece

FOLDERS = [b"a", b"b", b"audio", b"Images", b"captions", b"CD1", b"Disc 2 - Live", b"scans", b"Art"]
NAMES = [b"x", b"X", b"x.caption", b"x.story", b"1", b"2", b"cover", b"back", b"album", b"story"]
SUFFIXES = [b".mp3", b".mkv", b".jpg", b".txt", b".json", b".mid", b".lrc"]
PATHS = st.builds(
    lambda folders, name, suffix: b"/".join((*folders, name + suffix)),
    st.lists(st.sampled_from(FOLDERS), max_size=4),
    st.sampled_from(NAMES),
    st.sampled_from(SUFFIXES),
)


def listed(paths: Iterable[bytes]) -> list[Entry]:
    return [Entry(path, kind_of(path.rpartition(b"/")[2]), 1, 1) for path in sorted(paths)]


def in_parts(entries: Iterable[Entry]) -> Neighbourhoods:
    return Neighbourhoods(entries, partial(for_recipe, Recipe()), whole=False)


@given(st.sets(PATHS, max_size=30))
def test_parts_pair_as_the_whole_does(paths: set[bytes]) -> None:
    entries = for_recipe(Recipe(), listed(paths))
    parts = list(in_parts(listed(paths)))
    placed = {n: e for part in parts for n, e in zip(part.places, part.entries, strict=True)}
    assert [placed[place] for place in range(len(entries))] == entries
    whole = pair(entries, PicturesFound())
    found = [pair(part.entries, PicturesFound()) for part in parts]
    assert sorted((p for each in found for p in each.pairs), key=lambda p: p.music) == whole.pairs
    assert sorted(left for each in found for left in each.leftover) == sorted(whole.leftover)
    beside = dict(each for part in parts for each in sidecars(part.entries).items())
    assert beside == sidecars(entries)


def test_albums_are_parts_of_their_own_with_their_discs_and_scans() -> None:
    paths = [b"Ann/Rain/CD1/1.mp3", b"Ann/Rain/CD2/1.mp3", b"Ann/Rain/scans/front.jpg"]
    more = [b"Ann/Snow/1.mp3", b"Ann/Snow/cover.jpg"]
    parts = [[entry.path for entry in part.entries] for part in in_parts(listed([*paths, *more]))]
    assert parts == [paths, more]


def test_a_table_s_rows_may_name_files_anywhere_and_so_are_one_part() -> None:
    song = Entry(b"a/song.mp3", "music", 1, 1, row=Row(image=b"b/picture.jpg"))
    (part,) = in_parts([song, *listed([b"b/picture.jpg"])])
    assert len(part.entries) == 2


def test_folders_side_by_side_come_in_the_order_of_the_source(tmp_path: Path) -> None:
    for number, name in enumerate(("a/1", "b/1", "a/2")):
        music = tmp_path / "audio" / f"{name}.wav"
        music.parent.mkdir(parents=True, exist_ok=True)
        piece(music, number, seconds=5.0)
        drawn = tmp_path / "images" / f"{name}.png"
        drawn.parent.mkdir(parents=True, exist_ok=True)
        picture(drawn, number)
    shown = BuildProgress(Progress())
    inventory = asyncio.run(survey_only(FolderSource(tmp_path), Recipe(), shown))
    paths = [offer.piece.music.path for offer in inventory.offers]
    assert paths == [b"audio/a/1.wav", b"audio/a/2.wav", b"audio/b/1.wav"]


def test_a_spool_is_a_sequence_whether_it_is_in_memory_or_in_a_file() -> None:
    entries = listed(b"%04d.mp3" % number for number in range(1000))
    spool = Spool(entries, in_memory=100)
    assert list(spool) == entries
    assert (len(spool), spool[999], spool[500:503]) == (1000, entries[999], entries[500:503])
    spool.append(entries[0])
    assert (spool[1000], spool[3]) == (entries[0], entries[3])
    some = Subsequence(spool, [7, 3])
    assert (list(some), some[1:]) == ([entries[7], entries[3]], [entries[3]])


FULL = """
import os
import resource
from mmusset.builder.planning.spool import Spool
from mmusset.errors import MmussetError
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    Spool((os.urandom(100) for number in range(1000)), in_memory=1000)
except MmussetError as error:
    print(error)
"""


def test_a_full_disk_for_temporary_files_is_named(tmp_path: Path) -> None:
    """A file size limit stands for it."""
    done = subprocess.run(
        [sys.executable, "-c", FULL],
        capture_output=True,
        text=True,
        env=environment() | {"TMPDIR": str(tmp_path)},
        check=False,
    )
    assert f"can't write to {tmp_path}, the folder for temporary files (File" in done.stdout
    assert "TMPDIR" in done.stdout
    assert done.stderr == "", "nor does closing the file say anything"
