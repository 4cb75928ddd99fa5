"""All that can be written of a measurement is recognised as its claim: the whole of the tables."""

from itertools import product
from random import Random
from typing import Any

import pytest

from mmusset.measurements.declaration import Measurement
from mmusset.measurements.key import KEYS
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.measurements.phrases import Form
from mmusset.speakers.offline.spoken_values import SPELT_OUT
from mmusset.speakers.offline.wording import choices, conjugate, finish
from mmusset.truth.extract import extract
from mmusset.truth.lexicon import lexicon

# How a phrase of each form stands in a sentence.
CARRIERS: dict[Form, tuple[str, ...]] = {
    "adjective": ("You hear a_ {} passage of music.", "This is a_ {} clip."),
    "predicate": ("The clip is {}, and so on.", "The clip stays {}."),
    "noun": ("The clip comes with {}.", "You hear {}."),
    "verb": ("The clip {}.", "This is a passage that {}."),
    "clause": ("Here {}.", "{}."),
    "adverbial": ("The clip plays {}.", "{}, the music goes on."),
}
# Of what has no list of values, all that the grammar can be asked to write.
SPOKEN = {"tempo": [str(bpm) for bpm in range(30, 300)], "key": list(KEYS)}


def values(measurement: Measurement[Any]) -> tuple[str, ...]:
    return measurement.values or tuple(SPOKEN[measurement.name][:2])


EVERY_VALUE = [(each, value) for each in MEASUREMENTS for value in values(each)]
NAMES = [f"{each.name}-{value}" for each, value in EVERY_VALUE]


def claims_in(text: str) -> set[tuple[str, str]]:
    return {(claim.attribute, claim.value) for claim in extract(text)}


def spelt(phrase: str, value: str) -> str:
    """A phrase with the claim's value and the clip's name in their places."""
    for placeholder, spell in SPELT_OUT.items():
        if placeholder in phrase:
            phrase = phrase.replace(placeholder, spell(value, Random(0)))
    return phrase.replace("$value", value).replace("$its", "its").replace("$it", "it")


@pytest.mark.parametrize(
    "measurement", [each for each in MEASUREMENTS if each.values], ids=lambda each: each.name
)
def test_every_value_has_phrases_and_synonyms(measurement: Measurement[Any]) -> None:
    for value in measurement.values:
        assert value in measurement.phrases or "" in measurement.phrases
        assert value in measurement.synonyms or measurement.mentions


@pytest.mark.parametrize(("measurement", "value"), EVERY_VALUE, ids=NAMES)
def test_every_phrase_that_can_be_written_is_recognised(
    measurement: Measurement[Any], value: str
) -> None:
    phrases = measurement.phrases.get(value) or measurement.phrases[""]
    for form, pattern in phrases.forms().items():
        for phrase, carrier in product(choices(pattern), CARRIERS[form]):
            for verb in ("third", "gerund") if form == "verb" else ("third",):
                text = finish(carrier.format(conjugate(spelt(phrase, value), verb)))
                assert claims_in(text) == {(measurement.name, value)}, text


@pytest.mark.parametrize(("placeholder", "name"), [("$beats", "tempo"), ("$key", "key")])
def test_every_spelling_of_a_value_is_recognised(placeholder: str, name: str) -> None:
    for value in SPOKEN[name]:
        for seed in range(12):
            spelling = SPELT_OUT[placeholder](value, Random(seed))
            assert claims_in(f"It goes at {spelling}, they say.") == {(name, value)}, spelling


def test_no_phrase_stands_for_two_claims() -> None:
    claims: dict[str, set[tuple[str, str]]] = {}
    for entry in lexicon():
        for phrase in entry.phrases:
            claims.setdefault(phrase, set()).add((entry.attribute, entry.value))
    assert {phrase: both for phrase, both in claims.items() if len(both) > 1} == {}
