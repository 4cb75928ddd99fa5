"""Groups: nothing that two pieces share may stand in two splits."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mmusset.sources.folder import FolderSource
from mmusset.sources.group import group_name, join, labels


def labels_of(artist: str, path: bytes, image: str, sound: str = "") -> tuple[str, ...]:
    """The labels of a piece that lies in a folder."""
    return labels(artist, FolderSource(Path()).groups(path), image, sound)


def test_the_discs_of_an_album_are_one_group() -> None:
    pieces = [
        labels_of("", b"Weather/CD1/rain.mp3", "cover one"),
        labels_of("", b"Weather/CD2/snow.mp3", "cover two"),
        labels_of("", b"Weather/hail.mp3", "cover three"),
        labels_of("", b"Songs/CD1/rain.mp3", "cover four"),
    ]
    assert join(pieces) == [[0, 1, 2], [3]]


def test_an_artist_in_two_folders_is_one_group_and_so_is_a_shared_cover() -> None:
    pieces = [
        labels_of("The Band", b"a/1.mp3", "cover one"),
        labels_of("the  band", b"b/2.mp3", "cover two"),
        labels_of("", b"c/3.mp3", "cover two"),
        labels_of("", b"d/4.mp3", "cover four"),
        labels_of("", b"d/5.mp3", "cover five"),
        labels_of("", b"6.mp3", "cover six"),
        labels_of("", b"7.mp3", "cover seven"),
    ]
    assert join(pieces) == [[0, 1, 2], [3, 4], [5], [6]]
    assert "band" not in group_name(pieces[:1])


def test_what_sounds_the_same_is_one_group_and_what_is_unknown_is_not() -> None:
    pieces = [
        labels_of("", f"{n}.mp3".encode(), f"cover {n}", s) for n, s in enumerate(("x", "", "x"))
    ]
    unknown = [labels_of("", f"{n}.mp3".encode(), f"cover {n}", "") for n in (7, 8)]
    assert join([*pieces, *unknown]) == [[0, 2], [1], [3], [4]]


def test_an_artist_is_known_in_any_spelling() -> None:
    spellings = ("Ａｂｂａ", "ABBA", " abba ")
    first, *others = (labels_of(name, b"x/1.mp3", "cover")[0] for name in spellings)
    assert set(others) == {first}


def test_a_folder_and_an_artist_of_the_same_name_are_not_the_same() -> None:
    assert labels_of("weather", b"1.mp3", "a")[0] != labels_of("", b"weather/1.mp3", "a")[0]


LABELS = st.lists(st.sets(st.sampled_from("abcdefgh"), min_size=1, max_size=3), max_size=12)


@given(LABELS)
def test_groups_are_whole_and_share_nothing(pieces: list[set[str]]) -> None:
    groups = join(pieces)
    assert sorted(i for members in groups for i in members) == list(range(len(pieces)))
    reach = [set().union(*(pieces[i] for i in members)) for members in groups]
    assert sum(map(len, reach)) == len(set().union(*reach))


@given(st.sets(st.text(), min_size=1))
def test_a_name_is_short_and_does_not_hang_on_the_order(paths: set[str]) -> None:
    pieces = [labels_of("", path.encode("utf-8", "replace"), path) for path in sorted(paths)]
    name = group_name(pieces)
    assert len(name) == 13
    assert name == group_name(reversed(pieces))
