"""Words of tags as values: of closed vocabularies, which the claims of captions have too."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.measurements.key import KEYS
from mmusset.sources import tag_values
from mmusset.sources.tag_words import GENERAL, GENRES, INSTRUMENTS, MOODS
from mmusset.truth import lexicon


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("Rock", "rock"),
        ("Drum & Bass", "drum and bass"),
        ("dnb", "drum and bass"),
        ("Hip-Hop/Rap", "hip hop"),
        ("Jazz+Funk", "jazz, funk"),
        ("Folk-Rock", "folk, rock"),
        ("R&B; Soul", "r&b, soul music"),
        ("Rock 'n' Roll", "rock"),
        ("Romantic Classical", "classical"),
        ("Ambient Music", "ambient"),
        ("Thrash Metal", "heavy metal"),
        ("Kraut Techno", "techno"),
        ("Video Game Soundtrack", "soundtrack"),
        *(
            (name, "")
            for name in ("Game", "Other", "Unknown", "(None)", "Sound FX", "VGM", "Music")
        ),
        *((name, "") for name in ("The Best Of The Clash", "not rock", "anything but rock at all")),
        ("Rock, Pop, Jazz, Folk, Blues, Ska", "rock, pop, jazz, folk"),
    ],
)
def test_genres(tag: str, value: str) -> None:
    assert tag_values.genre([tag]) == value


@pytest.mark.parametrize(
    ("tag", "value"),
    [("124", "124"), ("124.00", "124"), ("124,6 BPM", "125"), ("0", ""), ("900", ""), ("fast", "")],
)
def test_tempi(tag: str, value: str) -> None:
    assert tag_values.bpm([tag]) == value


@pytest.mark.parametrize(
    ("tag", "value"),
    [
        ("A minor", "A minor"),
        ("Am", "A minor"),
        ("AM", "A major"),
        ("am", "A minor"),
        ("a", ""),
        ("C", "C major"),
        ("Abm", "G# minor"),
        ("F# MINOR", "F# minor"),
        ("E flat major", "D# major"),
        ("B♭", "A# major"),
        ("Cb", "B major"),
        ("8A", "A minor"),
        ("8B", "C major"),
        ("01A", "G# minor"),
        ("12B", "E major"),
        ("1d", "C major"),
        ("6m", "G# minor"),
        ("8A/Am", "A minor"),
        ("8A/C", ""),
        ("13A", ""),
        ("o", ""),
        ("Atonal", ""),
    ],
)
def test_keys(tag: str, value: str) -> None:
    assert tag_values.key([tag]) == value


def test_the_wheel_has_every_key_once() -> None:
    for sides in ("AB", "dm"):
        wheel = [f"{hour}{side}" for hour in range(1, 13) for side in sides]
        assert sorted(tag_values.key([place]) for place in wheel) == sorted(KEYS)


def test_moods_and_instruments() -> None:
    assert tag_values.mood(["Sad; Happy, stormy"]) == "sad, happy"
    assert tag_values.instruments(["Acoustic Guitar / Bongos"]) == "guitar, bongo"
    assert tag_values.played(["Max Horn (piano)", "Harp Bell", "Viola (Ann)"]) == "piano"
    assert tag_values.credited(["piano\0Max Horn\0harp\0Viola Organ"]) == "piano, harp"


def test_every_value_is_one_that_a_caption_can_claim() -> None:
    for table, entries in (
        (GENRES, lexicon.GENRES),
        (MOODS, lexicon.MOODS),
        (INSTRUMENTS, (*lexicon.INSTRUMENTS, *lexicon.UNTUNED)),
    ):
        values = {value for values in table.values() for value in values}
        assert values <= {entry.value for entry in entries}
    assert set(GENRES) >= GENERAL


@given(st.lists(st.text(), max_size=5))
def test_whatever_stands_in_tags_a_value_comes_out_or_none(texts: list[str]) -> None:
    def values(table: dict[str, tuple[str, ...]]) -> set[str]:
        return {value for values in table.values() for value in values} | {""}

    assert set(tag_values.genre(texts).split(", ")) <= values(GENRES)
    assert set(tag_values.mood(texts).split(", ")) <= values(MOODS)
    assert set(tag_values.instruments(texts).split(", ")) <= values(INSTRUMENTS)
    assert tag_values.key(texts) in {*KEYS, ""}
    assert tag_values.bpm(texts) == "" or 20 <= int(tag_values.bpm(texts)) <= 400
