"""A caption in other forms for trainers: from its claims alone, and none contradicts another."""

from random import Random

from mmusset.measurements.key import KEYS
from mmusset.measurements.listed import MEASUREMENTS
from mmusset.sample_parts.claims import ClaimVerdict, JudgedClaim
from mmusset.speakers.offline.caption_facets import NOTHING, facets_of
from mmusset.text import sentences, word_count
from mmusset.truth.extract import extract
from mmusset.truth.lexicon import UNMEASURED
from tests.support.thorough import cases

CAPTIONS = cases(150)


def judged(attribute: str, value: str, verdict: ClaimVerdict = "supported") -> JudgedClaim:
    return JudgedClaim(
        attribute=attribute, value=value, text="", verdict=verdict, measured="", confidence=1.0
    )


def claims(random: Random) -> list[JudgedClaim]:
    """One to ten claims: one value of each attribute, some of them told."""
    values = {each.name: random.choice(each.values) for each in MEASUREMENTS if each.values}
    values |= {"tempo": str(random.randint(40, 220)), "key": random.choice(KEYS)}
    values["mode"] = values["key"].split()[1]
    measured = [judged(name, value) for name, value in values.items()]
    told = [judged(each.attribute, each.value, "told") for each in random.sample(UNMEASURED, 3)]
    unlike = {claim.attribute: claim for claim in told}
    return random.sample([*measured, *unlike.values()], random.randint(1, 10))


def said_in(text: str) -> set[tuple[str, str]]:
    return {(claim.attribute, claim.value) for claim in extract(text)}


def test_no_form_says_what_the_caption_does_not() -> None:
    for number in range(CAPTIONS):
        told = claims(Random(number))
        allowed = {(claim.attribute, claim.value) for claim in told}
        captions = facets_of(f"k{number}", told)
        for text in captions.model_dump().values():
            assert text
            assert said_in(text) <= allowed, (text, allowed)
        assert len(sentences(captions.short)) == 1
        assert word_count(captions.short) <= 12
        assert not {"tempo", "key", "mode"} & {name for name, _ in said_in(captions.no_numbers)}
        assert {name for name, _ in allowed} - {"mode"} >= {
            name for name, _ in said_in(captions.plain_numbers)
        } - {"mode"}


def test_numbers_are_plain_and_tags_are_keywords() -> None:
    captions = facets_of(
        "k",
        [
            judged("key", "A# minor"),
            judged("tempo", "120"),
            judged("genre", "rock", "told"),
            judged("percussion", "present"),
            judged("percussion", "present"),
            judged("loudness", "loud", "contradicted"),
            judged("width", "not mono"),
        ],
    )
    assert captions.tags == "rock, drums, 120 BPM, B flat minor"
    assert captions.plain_numbers.endswith("120 BPM, B flat minor.")
    assert said_in(captions.no_numbers) == {("genre", "rock"), ("percussion", "present")}


def test_the_same_sample_has_the_same_forms() -> None:
    told = claims(Random(0))
    assert facets_of("k", told) == facets_of("k", told)


def test_where_no_claim_can_be_told_no_form_is_empty() -> None:
    captions = facets_of("k", [judged("loudness", "not loud")])
    assert captions.short == captions.no_numbers == captions.plain_numbers == NOTHING
    only_numbers = facets_of("k", [judged("tempo", "84")])
    assert only_numbers.plain_numbers == "84 BPM."
    assert only_numbers.no_numbers == NOTHING
