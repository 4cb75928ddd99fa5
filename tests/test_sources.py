"""Sources: what is found, how it pairs, and what must stay together."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.errors import UsageError
from mmusset.recipe import SplitPart
from mmusset.sample import Split
from mmusset.sources import tags
from mmusset.sources.group import group_name, join, labels
from mmusset.sources.pair import pair
from mmusset.sources.split import deal
from mmusset.sources.walk import Entry, kind_of, walk


def entries(*names: str) -> list[Entry]:
    """Entries of these names, as a walk would list them."""
    paths = sorted(name.encode() for name in names)
    return [Entry(path, kind_of(path), 1, 0) for path in paths]


def pictures_of(*names: str, covers: tuple[str, ...] = ()) -> dict[str, tuple[str, str]]:
    """The picture of each piece, and by which rule."""
    paired = pair(entries(*names), {name.encode() for name in covers})
    return {p.music.decode(): (p.image.decode(), p.image_origin) for p in paired.pairs}


def test_the_nearest_picture_wins() -> None:
    names = ("a/song.mp3", "a/song.jpg", "a/cover.jpg", "a/other.mp3")
    assert pictures_of(*names, covers=("a/song.mp3",)) == {
        "a/song.mp3": ("a/song.mp3", "embedded"),
        "a/other.mp3": ("a/cover.jpg", "folder"),
    }
    assert pictures_of(*names)["a/song.mp3"] == ("a/song.jpg", "stem")


@pytest.mark.parametrize("cover", ["cover.jpg", "Folder.PNG", "FRONT.webp"])
def test_folder_covers_by_any_of_their_names(cover: str) -> None:
    assert pictures_of("a/song.mp3", f"a/{cover}") == {"a/song.mp3": (f"a/{cover}", "folder")}


def test_a_disc_folder_uses_the_cover_above_it() -> None:
    names = ("album/CD1/song.mp3", "album/Live/song.mp3", "album/cover.jpg")
    assert pictures_of(*names) == {"album/CD1/song.mp3": ("album/cover.jpg", "folder")}


def test_names_that_differ_in_case_or_unicode_form_belong_together() -> None:
    assert pictures_of("Étude.mp3", "étude.jpg") == {"Étude.mp3": ("étude.jpg", "stem")}


def test_a_video_is_its_own_picture() -> None:
    assert pictures_of("clip.mp4", "cover.jpg") == {"clip.mp4": ("clip.mp4", "video")}


def test_a_text_of_the_same_name_is_the_story() -> None:
    paired = pair(entries("a.mp3", "a.jpg", "a.txt", "b.mp3", "b.jpg", "b.story.txt"), set())
    assert [p.story for p in paired.pairs] == [b"a.txt", b"b.story.txt"]


NAME = st.sampled_from(
    [
        f"{folder}{stem}.{suffix}"
        for folder in ("", "a/", "a/CD2/")
        for stem in ("x", "X", "cover", "y.z")
        for suffix in ("mp3", "flac", "jpg", "png", "txt", "mp4")
    ]
)


@given(names=st.sets(NAME), covers=st.sets(NAME))
def test_every_entry_is_used_or_left_over_with_a_reason(names: set[str], covers: set[str]) -> None:
    listed = entries(*names)
    paired = pair(listed, {c.encode() for c in covers & names})
    used = {part for p in paired.pairs for part in (p.music, p.image, p.story) if part}
    left = {path for path, reason in paired.leftover if reason}
    assert used | left == {entry.path for entry in listed}
    assert not used & left


def test_a_source_that_is_no_folder_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is not a folder"):
        walk(tmp_path / "file")
    with pytest.raises(UsageError, match="is not there"):
        walk(tmp_path / "nothing")


def test_a_very_deep_tree_is_walked(tmp_path: Path) -> None:
    folder = tmp_path.joinpath(*["d"] * 300)
    folder.mkdir(parents=True)
    (folder / "song.mp3").write_bytes(b"x")
    (entry,) = walk(tmp_path)
    assert entry.path.count(b"/") == 300


@given(st.text(), st.text())
def test_tags_are_clean_and_short(text: str, other: str) -> None:
    cleaned = tags.clean(text + "\x00\x1b\u202e" + other)
    assert len(cleaned) <= tags.MAX_CHARACTERS
    assert cleaned.isprintable()


@pytest.mark.parametrize("text", ["CC0 1.0", "CC BY-SA 4.0", "Public Domain Mark"])
def test_licences_are_told_from_owners(text: str) -> None:
    assert tags.names_license(text)
    assert not tags.names_license("(c) 2024 Somebody")


def test_an_artist_in_two_folders_is_one_group_and_so_is_a_shared_cover() -> None:
    pieces = [
        labels("The Band", b"a/1.mp3", "cover one"),
        labels("the  band", b"b/2.mp3", "cover two"),
        labels("", b"c/3.mp3", "cover two"),
        labels("", b"d/4.mp3", "cover four"),
        labels("", b"d/5.mp3", "cover five"),
        labels("", b"6.mp3", "cover six"),
        labels("", b"7.mp3", "cover seven"),
    ]
    assert join(pieces) == [[0, 1, 2], [3, 4], [5], [6]]
    assert group_name(pieces[:2]) == group_name(reversed(pieces[:2]))
    assert "band" not in group_name(pieces[:1])


SIZES = st.dictionaries(st.text("abcdef", min_size=1, max_size=4), st.integers(1, 9), min_size=1)


@given(sizes=SIZES, seed=st.integers(0, 9))
def test_dealing_is_total_and_repeatable(sizes: dict[str, int], seed: int) -> None:
    part = SplitPart(train=0.8, validation=0.1, test=0.1, seed=seed)
    dealt = deal(sizes, {}, {}, part)
    assert dealt.keys() == sizes.keys()
    assert dealt == deal(dict(reversed(sizes.items())), {}, {}, part)


@given(old=SIZES, new=SIZES)
def test_what_was_dealt_never_moves(old: dict[str, int], new: dict[str, int]) -> None:
    part = SplitPart(train=0.5, validation=0.25, test=0.25)
    before = deal(old, {}, {}, part)
    held: dict[str, int] = {}
    for group, split in before.items():
        held[split] = held.get(split, 0) + old[group]
    after = deal(new, before, held, part)
    assert all(after[group] == before[group] for group in new.keys() & before.keys())


def test_many_groups_come_near_their_shares() -> None:
    part = SplitPart(train=0.8, validation=0.1, test=0.1)
    dealt = list(deal({f"g{n}": 1 for n in range(1000)}, {}, {}, part).values())
    assert [dealt.count(split) for split in ("train", "validation", "test")] == [800, 100, 100]


def test_few_small_groups_leave_no_split_empty() -> None:
    dealt = deal({f"g{n}": 2 for n in range(6)}, {}, {}, SplitPart())
    counts: dict[Split, int] = {}
    for split in dealt.values():
        counts[split] = counts.get(split, 0) + 1
    assert counts == {"train": 4, "validation": 1, "test": 1}


def test_one_group_is_all_for_training() -> None:
    assert deal({"g": 40}, {}, {}, SplitPart()) == {"g": "train"}


def test_a_split_without_a_share_gets_nothing() -> None:
    part = SplitPart(train=0.9, validation=0.1, test=0.0)
    assert "test" not in deal({f"g{n}": 1 for n in range(50)}, {}, {}, part).values()
