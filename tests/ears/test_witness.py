"""What musicnn's labels do to captions: which claims they carry, and which they speak against."""

from random import Random

import pytest

from mmusset.agents.rules import claim_faults
from mmusset.ears.musicnn.ear import MUSICNN
from mmusset.measured import Measured
from mmusset.recipe import CERTAINTY, CriticPart
from mmusset.sample import Claim, MusicEvidence
from mmusset.speakers.offline.caption_facets import facets_of
from mmusset.speakers.offline.caption_grammar import write
from mmusset.truth.extract import extract
from mmusset.truth.findings import sayable
from mmusset.truth.judge import judge
from mmusset.truth.told import told
from tests.support.samples import Tags, music_evidence


def heard(probability: float = 0.0, label: str = "", **scores: float) -> MusicEvidence:
    """Evidence in which every label has its least, but those that are given: scores, and one
    label with a probability."""
    labels = {each.name: each.heard(scores.get(each.name, 0.0)) for each in MUSICNN.labels}
    found = {name: each.model_dump() for name, each in labels.items()}
    if label:
        found[label] = {"score": 0.5, "probability": probability}
    return music_evidence(
        heard={"musicnn": found}, percussiveness=Measured(value=0.95, confidence=0.97)
    )


def verdicts(caption: str, music: MusicEvidence) -> list[tuple[str, str, str]]:
    return [(c.value, c.verdict, c.tier) for c in judge(extract(caption), music, CERTAINTY)]


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("A choir sings.", [("choir", "supported"), ("present", "supported")]),
        ("Choral music.", [("choir", "supported")]),
        ("An instrumental piece.", [("absent", "contradicted")]),
        ("Music without a choir.", [("not choir", "contradicted")]),
        ("A piece for flute.", [("flute", "unverifiable")]),
    ],
)
def test_a_choir_is_a_voice(caption: str, expected: list[tuple[str, str]]) -> None:
    found = verdicts(caption, heard(0.95, "choir"))
    assert [(value, verdict) for value, verdict, _ in found] == expected


def test_a_choir_that_is_not_heard_says_nothing_of_other_voices() -> None:
    assert verdicts("Somebody sings.", heard()) == [("present", "unverifiable", "none")]
    assert verdicts("An instrumental piece.", heard()) == [("absent", "unverifiable", "none")]


def test_drums_are_said_where_both_measure_and_ear_have_them() -> None:
    doubted, agreed = heard(), heard(drums=0.3)
    assert verdicts("A piece with drums.", agreed) == [("present", "supported", "measured")]
    assert verdicts("A piece with drums.", doubted) == [("present", "unverifiable", "none")]
    said = [{c.attribute for c in sayable(music, CERTAINTY)} for music in (doubted, agreed)]
    assert ["percussion" in each for each in said] == [False, True]


def test_a_sitar_is_named_in_place_of_its_family_and_one_genre_of_two() -> None:
    music = heard(0.95, "sitar", plucked=0.9, electronic=0.9, classical=0.9)
    found = [c.value for c in sayable(music, CERTAINTY) if c.tier == "one ear"]
    assert "sitar" in found
    assert "plucked strings" not in found
    assert len([c for c in sayable(music, CERTAINTY) if c.attribute == "genre"]) <= 1


def test_a_tag_that_an_ear_is_less_sure_of_stays_told() -> None:
    music = heard(0.8, "flute")
    tags = told(Tags(instruments="flute", genre="folk"), ("genre", "instruments"), music, CERTAINTY)
    said = sayable(music, CERTAINTY, tags)
    assert [(c.value, c.tier) for c in said[:2]] == [("folk", "told"), ("flute", "told")]
    assert [c.value for c in said].count("flute") == 1
    surer = heard(0.95, "flute")
    tags = told(Tags(instruments="flute"), ("instruments",), surer, CERTAINTY)
    assert [(c.verdict, c.tier) for c in tags] == [("supported", "one ear")]
    assert [c.tier for c in sayable(surer, CERTAINTY, tags) if c.value == "flute"] == ["one ear"]


@pytest.mark.parametrize("label", [each.name for each in MUSICNN.labels if each.name != "drums"])
@pytest.mark.parametrize("probability", [0.95, 0.75])
def test_the_grammar_says_it_as_surely_as_it_may(label: str, probability: float) -> None:
    """And what it writes is read back as supported, in all forms of the caption."""
    music = heard(probability, label)
    for seed in range(12):
        claims = sayable(music, CERTAINTY)
        [by_ear] = [claim for claim in claims if claim.tier == "one ear"]
        caption = write(claims, Random(seed))
        judged = judge(extract(caption), music, CERTAINTY)
        assert {claim.verdict for claim in judged} == {"supported"}, caption
        assert by_ear.value in [claim.value for claim in judged], caption
        forms = facets_of("key", judged)
        for text in (forms.short, forms.no_numbers, forms.plain_numbers):
            found = judge(extract(text), music, CERTAINTY)
            assert {claim.verdict for claim in found} <= {"supported"}, text


@pytest.mark.parametrize(
    "caption",
    [
        "It sounds like a flute.",
        "A piece with what sounds like a flute.",
        "A melody on something sounding like a flute.",
        "What seems to be a flute plays.",
        "A flute-sounding lead.",
    ],
)
def test_a_hedge_is_read_with_its_claim(caption: str) -> None:
    music = heard(0.8, "flute")
    [claim] = [c for c in judge(extract(caption), music, CERTAINTY) if c.value == "flute"]
    assert claim.verdict == "supported"


def test_a_plain_statement_of_what_only_sounds_so_is_to_be_mended() -> None:
    music = heard(0.8, "flute")
    judged = judge(extract("A flute plays; an oboe plays."), music, CERTAINTY)
    limits = CriticPart(max_unverifiable=0)
    flute, oboe = claim_faults(judged, "A flute plays; an oboe plays.", limits)
    assert flute.mend == "say that it sounds like flute"
    assert "flute by musicnn, but not sure enough" in flute.why
    assert oboe.mend == "leave it out"


def test_a_claim_of_an_ear_never_outranks_a_measurement() -> None:
    """Where the ear doubts, a measurement is silent; it is never turned round."""
    music = heard()
    quiet = Claim(attribute="loudness", value="quiet", text="quiet")
    [claim] = judge([quiet], music, CERTAINTY)
    assert (claim.verdict, claim.tier) == ("supported", "measured")
