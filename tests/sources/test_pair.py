"""Pairing: the corners of who gets which picture and story."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.sources.pair import Pairing, PicturesFound, album_of, pair
from mmusset.sources.source import Entry, kind_of


def entries(*paths: bytes) -> list[Entry]:
    return [Entry(path, kind_of(path), 1, 0) for path in sorted(paths)]


def pictures_of(*names: str, covers: tuple[str, ...] = ()) -> dict[str, tuple[str, str]]:
    """The picture of each piece, and by which rule."""
    listed = entries(*(name.encode() for name in names))
    paired = pair(listed, PicturesFound({name.encode(): True for name in covers}))
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


@pytest.mark.parametrize(
    "cover",
    [
        *("AlbumArt_{0}_Large.jpg", "AlbumArtSmall.jpg", "album.jpg", "Front Cover.jpg"),
        *("cover_front.png", "Artist - Album.jpg", "Artwork/front.jpg", "Scans/page.jpg"),
        *("Artist - Album (Front).jpg", "albumart.jpg", "cover.avif", "cover.JFIF", "back.jpg"),
    ],
)
def test_a_folder_s_cover_as_players_and_people_name_it(cover: str) -> None:
    assert pictures_of("a/song.mp3", f"a/{cover}") == {"a/song.mp3": (f"a/{cover}", "folder")}


def test_of_several_pictures_the_likeliest_is_the_cover() -> None:
    names = ["a/song.mp3", "a/back.jpg", "a/booklet 1.jpg", "a/us in 1999.jpg"]
    assert pictures_of(*names)["a/song.mp3"][0] == "a/back.jpg"
    for better in ("Scans/x.jpg", "AlbumArtSmall.jpg", "Album_Large.jpg", "front.jpg", "cover.jpg"):
        names.append(f"a/{better}")
        if better != "Album_Large.jpg":
            assert pictures_of(*names)["a/song.mp3"] == (f"a/{better}", "folder")


def test_a_picture_at_random_is_no_cover() -> None:
    assert pictures_of("a/song.mp3", "a/one.jpg", "a/two.jpg") == {}
    assert pictures_of("a/song.mp3", "a/other.mp3", "a/other.jpg") == {
        "a/other.mp3": ("a/other.jpg", "stem")
    }


def test_a_back_comes_after_every_front() -> None:
    listed = entries(b"a/song.mp3", b"a/cover.jpg")
    found = PicturesFound({b"a/song.mp3": False})
    assert pair(listed, found).pairs[0].image == b"a/cover.jpg"
    assert pair(listed[:1], found).pairs == []
    assert pair(entries(b"a/song.mp3"), found).pairs[0].image_origin == "embedded"


def test_what_can_not_be_used_gives_way_to_the_next() -> None:
    listed = entries(b"a/song.mp3", b"a/song.jpg", b"a/cover.jpg", b"a/folder.jpg")
    unusable = [b"a/song.mp3", b"a/song.jpg", b"a/cover.jpg"]
    expected = [
        (b"a/song.mp3", "embedded"),
        (b"a/song.jpg", "stem, second choice"),
        (b"a/cover.jpg", "folder, second choice"),
        (b"a/folder.jpg", "folder, second choice"),
    ]
    for count, (image, origin) in enumerate(expected):
        found = PicturesFound({b"a/song.mp3": True}, frozenset(unusable[:count]))
        (pairing,) = pair(listed, found).pairs
        assert (pairing.image, pairing.image_origin) == (image, origin)
    (pairing,) = pair(listed, PicturesFound({}, frozenset([*unusable, b"a/folder.jpg"]))).pairs
    assert pairing.image == b"a/song.jpg", "the nearest, whose reason is told"


def test_a_video_of_sound_alone_takes_a_picture_beside_it() -> None:
    listed = entries(b"Song [id].webm", b"Song [id].webp", b"film.mp4", b"film.jpg")
    found = PicturesFound(without_frames=frozenset([b"Song [id].webm"]))
    assert {p.music: (p.image, p.image_origin) for p in pair(listed, found).pairs} == {
        b"Song [id].webm": (b"Song [id].webp", "stem"),
        b"film.mp4": (b"film.mp4", "video"),
    }


def test_a_disc_folder_uses_the_cover_above_it() -> None:
    names = ("album/CD1/song.mp3", "album/Live/song.mp3", "album/cover.jpg")
    assert pictures_of(*names) == {"album/CD1/song.mp3": ("album/cover.jpg", "folder")}


def test_a_video_is_its_own_picture() -> None:
    assert pictures_of("clip.mp4", "cover.jpg") == {"clip.mp4": ("clip.mp4", "video")}


def test_two_files_of_one_name_share_picture_and_story() -> None:
    paired = pair(entries(b"a.flac", b"a.mp3", b"a.png", b"a.txt"), PicturesFound())
    assert paired.pairs == [
        Pairing(b"a.flac", b"a.png", "stem", b"a.txt"),
        Pairing(b"a.mp3", b"a.png", "stem", b"a.txt"),
    ]
    assert paired.leftover == []


def test_the_very_same_name_comes_before_one_that_is_alike() -> None:
    paired = pair(entries(b"Song.jpg", b"Song.mp3", b"song.jpg", b"song.mp3"), PicturesFound())
    assert [(p.music, p.image) for p in paired.pairs] == [
        (b"Song.mp3", b"Song.jpg"),
        (b"song.mp3", b"song.jpg"),
    ]


def test_composed_and_decomposed_names_belong_together() -> None:
    music, image = "e\u0301.mp3".encode(), "\u00c9.JPG".encode()
    assert pair(entries(music, image), PicturesFound()).pairs == [
        Pairing(music, image, "stem", None)
    ]


@pytest.mark.parametrize(
    ("music", "story"),
    [(b"a.mp3", b"a.Story.TXT"), (b"a.story.mp3", b"a.story.txt"), (b"a.mp3", b"A.txt")],
)
def test_a_story_is_found_by_any_of_its_names(music: bytes, story: bytes) -> None:
    (pairing,) = pair(entries(music, story, b"cover.jpg"), PicturesFound()).pairs
    assert pairing.story == story


def test_what_is_left_over_says_why() -> None:
    paired = pair(entries(b"a/song.mp3", b"b/scan.jpg", b"b/notes.txt"), PicturesFound())
    assert paired.pairs == []
    assert dict(paired.leftover) == {
        b"a/song.mp3": "no picture: put cover.jpg beside it, or a picture of the same name",
        b"b/notes.txt": "text of no music",
        b"b/scan.jpg": "picture of no music",
    }


DISCS = (
    *(b"CD1", b"cd 01", b"CD-2", b"disc_03", b"[CD4]", b"(Disc 5)", b"Disc 5 of 5", b"Disc One"),
    *(b"Disc 1 - The Beginning", b"CD 02 - Live", b"CD1 (Live)", b"LP 1", b"Side A", b"Disk II"),
    *(b"Vinyl 2", b"DVD 1", b"disc 3: Extras", b"CD.2"),
)
NO_DISCS = (b"Discovery", b"CD", b"Disco 2000", b"CD 101 Hits", b"Side Effects", b"Disc Jockeys")


def test_pictures_that_music_is_to_be_made_for() -> None:
    names = (b"a/cover.jpg", b"a/scan.jpg", b"a/scan.txt", b"a/song.jpg", b"a/song.mp3")
    more = (b"b/x.jpg", b"b/x.png", b"b/x.story.txt", b"b/y.txt")
    paired = pair(entries(*names, *more), PicturesFound(), generate=True)
    assert [p.image for p in paired.pairs] == [b"a/song.jpg"]
    assert paired.alone == [
        Pairing(b"a/cover.jpg", b"a/cover.jpg", "alone", None),
        Pairing(b"a/scan.jpg", b"a/scan.jpg", "alone", b"a/scan.txt"),
        Pairing(b"b/x.jpg", b"b/x.jpg", "alone", b"b/x.story.txt"),
        Pairing(b"b/x.png", b"b/x.png", "alone", None),
    ]
    assert paired.leftover == [(b"b/y.txt", "text of no music")]


def test_a_picture_is_not_alone_where_a_piece_has_it() -> None:
    listed = entries(b"a/cover.jpg", b"a/one.mp3", b"a/one.txt", b"one.jpg", b"two.jpg", b"two.mp3")
    paired = pair(listed, PicturesFound({b"two.mp3": True}), generate=True)
    assert [p.image for p in paired.alone] == [b"one.jpg", b"two.jpg"]
    assert [p.story for p in paired.alone] == [None, None], "a text of a piece is not a picture's"


@pytest.mark.parametrize(
    ("folder", "album"),
    [
        (b"Weather/CD1", b"Weather"),
        (b"Weather/disc 02", b"Weather"),
        (b"CD2", b""),
        *((b"Weather/" + disc, b"Weather") for disc in DISCS),
        *((b"Weather/" + other, b"Weather/" + other) for other in NO_DISCS),
        (b"Weather", b"Weather"),
        (b"Weather/CD", b"Weather/CD"),
        (b"Weather/\xff", b"Weather/\xff"),
    ],
)
def test_the_discs_of_an_album(folder: bytes, album: bytes) -> None:
    assert album_of(folder) == album


STEM = st.binary(min_size=1, max_size=3).map(lambda b: b.translate(None, b"/\0.") or b"_")
PATH = st.builds(
    lambda folder, stem, suffix: folder + stem + suffix,
    st.sampled_from([b"", b"a/", b"a/CD1/", b"\xff/"]),
    st.one_of(STEM, st.sampled_from([b"x", b"X", b"cover", b"x.story"])),
    st.sampled_from([b".mp3", b".ogg", b".jpg", b".txt", b".mkv"]),
)


@given(st.sets(PATH), st.sets(PATH), st.booleans())
def test_any_names_are_used_or_left_over_exactly_once(
    paths: set[bytes], covers: set[bytes], generate: bool
) -> None:
    paired = pair(entries(*paths), PicturesFound(dict.fromkeys(covers & paths, True)), generate)
    both = [*paired.pairs, *paired.alone]
    used = {part for p in both for part in (p.music, p.image, p.story) if part}
    left = [path for path, reason in paired.leftover if reason]
    assert len(left) == len(set(left))
    assert used | set(left) == paths
    assert used.isdisjoint(left)
    assert len({p.music for p in both}) == len(both)
    assert {p.image for p in paired.pairs}.isdisjoint(p.image for p in paired.alone)
