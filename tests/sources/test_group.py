"""Groups: nothing that two pieces share may stand in two splits."""

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.sources.artists import chief
from mmusset.sources.folder import FolderSource
from mmusset.sources.group import group_name, join, labels, least_label


def labels_of(
    artist: str, path: bytes, image: str, sound: str = "", album_artist: str = ""
) -> tuple[str, ...]:
    """The labels of a piece that lies in a folder."""
    return labels((artist, album_artist), FolderSource(Path()).groups(path), image, sound)


def components(label_sets: Iterable[Iterable[str]]) -> list[list[int]]:
    """The pieces that stay together, by their positions."""
    members: dict[int, list[int]] = {}
    for position, first in enumerate(join(label_sets)):
        members.setdefault(first, []).append(position)
    return list(members.values())


def test_the_discs_of_an_album_are_one_group() -> None:
    pieces = [
        labels_of("", b"Weather/CD1/rain.mp3", "cover one"),
        labels_of("", b"Weather/CD2/snow.mp3", "cover two"),
        labels_of("", b"Weather/hail.mp3", "cover three"),
        labels_of("", b"Songs/CD1/rain.mp3", "cover four"),
    ]
    assert components(pieces) == [[0, 1, 2], [3]]


@pytest.mark.parametrize(
    "discs",
    [
        *(("Weather (Disc 1)", "Weather (Disc 2)"), ("Weather [CD1]", "Weather [CD 2]")),
        *(("Weather - Disc One", "Weather - Disc Two"), ("Weather CD1", "Weather", "Weather_CD2")),
        *(("Weather/Disc 1 - Rain", "Weather/CD 02 - Snow", "Weather/disc_03", "Weather/[CD4]"),),
        *(("Weather/Disc 5 of 5", "Weather/LP 1", "Weather (Disc 2)/Side A"),),
    ],
)
def test_discs_without_tags_are_one_album_wherever_they_lie(discs: tuple[str, ...]) -> None:
    pieces = [labels_of("", f"Ann/{d}/1.mp3".encode(), f"cover of {d}") for d in discs]
    others = [
        labels_of("", f"{path}/1.mp3".encode(), path)
        for path in ("Bob/Weather (Disc 1)", "Ann/Weather Report", "Ann/Discs", "CD1/Weather")
    ]
    together, *apart = components([*pieces, *others])
    assert together == list(range(len(discs)))
    assert [len(group) for group in apart] == [1, 1, 1, 1]


def test_an_artist_with_guests_is_the_same_artist() -> None:
    names = [
        *("Queen", "Queen feat. David Bowie", "Queen ft. Bowie", "QUEEN (featuring Bowie)"),
        *("Queen & David Bowie", "Queen, Bowie", "Queen vs. Bowie", "Queen x Bowie", "Queen/Bowie"),
        *("Queen + Adam Lambert", "Queen; Bowie", "Queen with Bowie", "Queen w/ Bowie"),
        *("Ｑｕｅｅｎ ＆ Bowie", "The Queen", "Queen, The", "Unknown Artist, Queen"),
    ]
    assert {name: chief(name) for name in names} == dict.fromkeys(names, "queen")


def test_names_that_only_look_like_guests() -> None:
    assert chief("10,000 Maniacs") == "10 000 maniacs"
    assert chief("Malcolm X") == "malcolm x"
    assert chief("And One") == "and one"
    assert chief("Xzibit") == "xzibit"
    assert chief("Ft. Worth") == "ft worth"
    assert chief("!!!") == "!!!"
    assert chief("The The") == "the"
    assert chief("Beyoncé") == chief("BEYONCE") == "beyonce"
    assert chief("がく") != chief("かく"), "no accent of Europe's"


def test_an_album_s_artist_joins_its_pieces() -> None:
    pieces = [
        labels_of("Ann feat. Cid", b"a/1.mp3", "one", album_artist="Ann"),
        labels_of("Bob", b"b/1.mp3", "two", album_artist="Ann & Bob"),
        labels_of("Bob", b"c/1.mp3", "three"),
        labels_of("Dan", b"d/1.mp3", "four", album_artist="Various Artists"),
        labels_of("Eve", b"d/2.mp3", "five", album_artist="Various Artists"),
    ]
    assert components(pieces) == [[0, 1, 2], [3], [4]]


@pytest.mark.parametrize(
    "nobody",
    [
        *("Various Artists", "VARIOUS", "VA", "V.A.", "V/A", "Unknown Artist", "<unknown>"),
        *("[unknown]", "Verschiedene Interpreten", "Artistes Divers", "Неизвестный исполнитель"),
        *("Unknown artist 3", "Various Artists - Chill", "n/a", "", " ", "群星"),
    ],
)
def test_names_that_stand_for_nobody_join_nothing(nobody: str) -> None:
    """Two samplers of that "artist" are two groups, each with what lies in its folder."""
    paths = (b"Sampler 0/1.mp3", b"Sampler 0/2.mp3", b"Sampler 1/1.mp3", b"Sampler 1/2.mp3")
    pieces = [labels_of(nobody, path, f"cover {n}") for n, path in enumerate(paths)]
    assert components(pieces) == [[0, 1], [2, 3]]


def test_albums_of_one_title_by_different_artists_are_not_one() -> None:
    pieces = [
        labels_of("", b"Ann/Greatest Hits/1.mp3", "one"),
        labels_of("", b"Bob/Greatest Hits/1.mp3", "two"),
        labels_of("Cid", b"Greatest Hits/1.mp3", "three"),
        labels_of("Dan", b"Greatest Hits/2.mp3", "four"),
    ]
    assert components(pieces) == [[0], [1], [2], [3]]


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
    assert components(pieces) == [[0, 1, 2], [3, 4], [5], [6]]
    assert "band" not in group_name(least_label(pieces[0]))


def test_what_sounds_the_same_is_one_group_and_what_is_unknown_is_not() -> None:
    pieces = [
        labels_of("", f"{n}.mp3".encode(), f"cover {n}", s) for n, s in enumerate(("x", "", "x"))
    ]
    unknown = [labels_of("", f"{n}.mp3".encode(), f"cover {n}", "") for n in (7, 8)]
    assert components([*pieces, *unknown]) == [[0, 2], [1], [3], [4]]


def test_an_artist_is_known_in_any_spelling() -> None:
    spellings = ("Ａｂｂａ", "ABBA", " abba ")
    first, *others = (labels_of(name, b"x/1.mp3", "cover")[0] for name in spellings)
    assert set(others) == {first}


def test_a_folder_and_an_artist_of_the_same_name_are_not_the_same() -> None:
    assert labels_of("weather", b"1.mp3", "a")[0] != labels_of("", b"weather/1.mp3", "a")[0]


LABELS = st.lists(st.sets(st.sampled_from("abcdefgh"), min_size=1, max_size=3), max_size=12)


@given(LABELS)
def test_groups_are_whole_and_share_nothing(pieces: list[set[str]]) -> None:
    groups = components(pieces)
    assert sorted(i for members in groups for i in members) == list(range(len(pieces)))
    reach = [set().union(*(pieces[i] for i in members)) for members in groups]
    assert sum(map(len, reach)) == len(set().union(*reach))


@given(st.sets(st.text(), min_size=1))
def test_a_name_is_short_and_does_not_hang_on_the_order(paths: set[str]) -> None:
    pieces = [labels_of("", path.encode("utf-8", "replace"), path) for path in sorted(paths)]
    name = group_name(min(map(least_label, pieces)))
    assert len(name) == 13
    assert name == group_name(min(map(least_label, reversed(pieces))))
