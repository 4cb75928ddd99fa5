"""All that can be written of a claim is recognised as that claim: the whole of the tables."""

from collections.abc import Iterator
from typing import Any

import pytest

from mmusset.measurements.declaration import Measurement
from mmusset.measurements.key import KEYS
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.sample_parts.claims import Claim
from mmusset.speakers.offline.phrase_book import phrase_book
from mmusset.speakers.offline.wording import choices, finish
from mmusset.truth.extract import extract
from mmusset.truth.lexicon import UNMEASURED, lexicon

# How a phrase of each kind stands in a sentence. What has no list of values is tried at all that
# the grammar can be asked to write.
CARRIERS: dict[str, tuple[str, ...]] = {
    "noun": ("This is a_ {}.", "A_ {} at night."),
    "adj": ("This is a_ {} piece.", "{} music.", "A_ {} rock track."),
    "is": ("It is {}.", "This track is {}, and so on."),
    "play": ("A piece with {}.", "It is in C major, with {}.", "This track features {}."),
    "lacking": ("A piece with {}.", "It is in C major, with {}."),
    "without": ("A track {}.", "It is in C major, {}."),
    "lack": ("{}.", "{} in this rock track."),
    "have": ("A piece with {}.", "It has {}."),
    "texture": ("A piece with {}.", "It has {}."),
    "tone": ("A piece with {}.", "It has {}."),
    "shade": ("A piece with a_ {} sound.", "It has a_ {} sound."),
    "key": ("A piece in {}.", "The music is in {}, with a smile.", "In {}, as ever."),
    "bpm": ("A track at {}.", "The tempo is {}.", "It has a tempo of {}."),
    "beats": ("The tempo is a_ brisk {}.",),
    "pace": ("The tempo is {}.", "The tempo is {}, at 90 BPM.", "The tempo is a_ {} 90 BPM."),
    "swells": ("It {}.", "The music {}.", "A track that {}."),
    "grows": ("It {}.",),
    "vary": ("The {}.", "Its {}.", "Here we are, and the {}."),
    "though": ("It is loud, though the {}.",),
    "image": ("{}.", "Here we are, and {}."),
    "mono": ("A piece of music, recorded {}.", "The recording is {}."),
    "sounds": ("{}.", "Here we are, and {}."),
    "the": ("{}.", "Here we are, and {}."),
    "tag": (),
}
OTHERS = {
    ("genre", "rock"),
    ("key", "C major"),
    ("loudness", "loud"),
    ("pulse", "fast"),
    ("tempo", "90"),
}  # which carriers say themselves
SPELT_OUT = {"tempo": [str(bpm) for bpm in range(30, 300)], "key": list(KEYS)}


def of_measurements() -> list[tuple[str, str]]:
    return [
        (each.name, value) for each in MEASUREMENTS for value in each.values or SPELT_OUT[each.name]
    ]


EVERY_CLAIM = [*of_measurements(), *((entry.attribute, entry.value) for entry in UNMEASURED)]


def carried(attribute: str, value: str) -> Iterator[str]:
    """Each phrase for a claim, in sentences where it can stand."""
    (statement,) = phrase_book().statements([Claim(attribute=attribute, value=value, text="")])
    for kind, patterns in statement.phrases.items():
        for phrase in (each for pattern in patterns for each in choices(pattern)):
            yield from (finish(carrier.format(phrase)) for carrier in CARRIERS[kind])


def claims_in(text: str) -> set[tuple[str, str]]:
    return {(claim.attribute, claim.value) for claim in extract(text)}


def test_every_value_of_every_attribute_has_phrases_a_tag_and_synonyms() -> None:
    for attribute, value in EVERY_CLAIM:
        (statement,) = phrase_book().statements([Claim(attribute=attribute, value=value, text="")])
        assert set(statement.phrases) - {"tag"}, (attribute, value)


@pytest.mark.parametrize(
    "measurement", [each for each in MEASUREMENTS if each.values], ids=lambda each: each.name
)
def test_every_value_of_a_measurement_has_synonyms(measurement: Measurement[Any]) -> None:
    for value in measurement.values:
        assert value in measurement.synonyms or measurement.mentions
    assert measurement.notable is None or measurement.notable <= set(measurement.values)


@pytest.mark.parametrize("attribute", sorted({attribute for attribute, _ in EVERY_CLAIM}))
def test_every_phrase_that_can_be_written_is_recognised(attribute: str) -> None:
    unread = [
        text
        for name, value in EVERY_CLAIM
        if name == attribute
        for text in carried(name, value)
        if claims_in(text) - OTHERS != {(name, value)} - OTHERS
    ]
    assert unread == []


def test_no_phrase_stands_for_two_claims() -> None:
    claims: dict[str, set[tuple[str, str]]] = {}
    for entry in lexicon():
        for phrase in entry.phrases:
            claims.setdefault(phrase, set()).add((entry.attribute, entry.value))
    assert {phrase: both for phrase, both in claims.items() if len(both) > 1} == {}
