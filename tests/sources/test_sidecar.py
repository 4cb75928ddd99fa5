"""Sidecars: files of JSON beside music that say what its tags don't."""

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmusset.sample_parts.piece import Tags
from mmusset.sources.choose import source_of
from mmusset.sources.folder import walk
from mmusset.sources.sidecar import MOST_BYTES, read, sidecars, texts_given, together
from tests.support.thorough import cases

SAYS = {
    "genre": ["Hip-Hop", "Soul"],
    "mood": "dreamy",
    "bpm": 92,
    "key": "8A",
    "instruments": ["piano", "my dog"],
    "license": "CC BY 4.0",
    "composer": "passed over",
    "title": "Rain\u202e  at night",
    "artists": ["Ann Bell", "Bob"],
}


def test_what_a_sidecar_says() -> None:
    assert read(json.dumps(SAYS).encode()) == Tags(
        genre="hip hop, soul music",
        mood="dreamy",
        bpm="92",
        key="A minor",
        instruments="piano",
        license="cc-by-4.0",
        title="Rain at night",
        artist="Ann Bell",
    )
    assert read(b'{"keyscale": "A minor", "genres": ["Rock"]}') == Tags(key="A minor", genre="rock")
    assert read(b"{}") == Tags()
    assert read(b'{"genre": {"a": 1}, "bpm": true, "key": null, "mood": [[]]}') == Tags()


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff\xfe{", "not JSON"),
        (b"[" * 5000, "not JSON"),
        (b'["rock"]', "not an object"),
        (b" " * (MOST_BYTES + 1), "more than 4194304 bytes"),
    ],
)
def test_what_is_no_sidecar(content: bytes, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read(content)


@given(
    st.dictionaries(
        st.sampled_from([*SAYS, "x"]), st.recursive(st.text() | st.floats() | st.none(), st.lists)
    )
)
@settings(max_examples=cases(40))
def test_a_sidecar_may_hold_anything(content: dict[str, object]) -> None:
    tags = read(json.dumps(content).encode())
    assert len(tags.title) <= 200 and len(tags.artist) <= 200


def test_the_nearest_that_says_anything_counts() -> None:
    own, tags, album = (
        Tags(genre="rock"),
        Tags(genre="folk", bpm="90"),
        Tags(bpm="80", key="A minor"),
    )
    assert together(own, tags, album) == Tags(genre="rock", bpm="90", key="A minor")


def test_whose_they_are(tmp_path: Path) -> None:
    for name in (
        "a/1.mp3",
        "a/1.json",
        "a/2.mp3",
        "a/album.json",
        "a/CD1/3.mp3",
        "4.mp3",
        "x.json",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    assert sidecars(list(walk(tmp_path))) == {
        b"4.mp3": (b"", b""),
        b"a/1.mp3": (b"a/1.json", b"a/album.json"),
        b"a/2.mp3": (b"", b"a/album.json"),
        b"a/CD1/3.mp3": (b"", b"a/album.json"),
    }


def test_a_recipe_says_under_which_keys_things_stand(tmp_path: Path) -> None:
    (tmp_path / "song.mp3").write_bytes(b"sound")
    (tmp_path / "song.json").write_text('{"beschreibung": "A slow waltz.", "title": "Rain"}')
    (tmp_path / "other.json").write_text("not JSON")

    async def opened(name: bytes) -> bytes:
        async with source_of(tmp_path, {"caption": "beschreibung"}).open(name) as file:
            return file.read_bytes()

    assert texts_given(asyncio.run(opened(b"song.json"))) == {"caption": "A slow waltz."}
    assert read(asyncio.run(opened(b"song.json"))).title == "Rain"
    assert asyncio.run(opened(b"other.json")) == b"not JSON"
    assert asyncio.run(opened(b"song.mp3")) == b"sound"
