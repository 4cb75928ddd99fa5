"""What musicnn's labels do to captions: which claims they carry, and which they speak against."""

from dataclasses import replace
from random import Random

import pytest

from mmusset.agents.rules import claim_faults
from mmusset.ears.declaration import Label, Step
from mmusset.ears.listed import EARS
from mmusset.ears.musicnn.ear import MUSICNN
from mmusset.measured import Measured
from mmusset.recipe import CERTAINTY
from mmusset.recipe_parts.texts import CriticPart
from mmusset.sample_parts.claims import Claim
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.speakers.offline.caption_facets import facets_of
from mmusset.speakers.offline.caption_grammar import write
from mmusset.truth.extract import extract
from mmusset.truth.findings import sayable
from mmusset.truth.judge import judge
from mmusset.truth.told import told
from tests.support.samples import Tags, music_evidence


def heard(probability: float = 0.0, label: str = "", **scores: float) -> MusicEvidence:
    """Evidence in which every label has its least, but those that are given: scores, and labels
    (words of `label`) with a probability."""
    labels = {each.name: each.heard(scores.get(each.name, 0.0)) for each in MUSICNN.labels}
    found = {name: each.model_dump() for name, each in labels.items()}
    found |= {each: {"score": 0.5, "probability": probability} for each in label.split()}
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


def test_a_measurement_is_no_surer_than_a_second_witness_allows() -> None:
    """One whose silence counts; musicnn's does not, as the measurement of drums is now."""
    label = Label(
        name="drums",
        attribute="percussion",
        value="present",
        steps=(Step(0.0, 0.5), Step(0.03, 0.9)),
        absent_below=0.03,
    )
    drummer = replace(MUSICNN, name="drummer", labels=(label,))
    doubted, agreed = (
        music_evidence(
            heard={"drummer": {"drums": label.heard(score).model_dump()}},
            percussiveness=Measured(value=0.95, confidence=0.97),
        )
        for score in (0.0, 0.3)
    )
    with EARS.added(drummer):
        assert verdicts("A piece with drums.", agreed) == [("present", "supported", "measured")]
        assert verdicts("A piece with drums.", doubted) == [("present", "unverifiable", "none")]
        said = [{c.attribute for c in sayable(music, CERTAINTY)} for music in (doubted, agreed)]
        assert ["percussion" in each for each in said] == [False, True]


def test_what_musicnn_does_not_hear_contradicts_nobody() -> None:
    caption = "A choir and a flute over drums; classical music for strings and sitar."
    found = judge(extract(caption), heard(), CERTAINTY)
    assert "contradicted" not in [claim.verdict for claim in found]


def test_a_sitar_is_named_in_place_of_its_family_and_one_genre_of_two() -> None:
    music = heard(0.95, "sitar plucked electronic classical")
    found = [c.value for c in sayable(music, CERTAINTY) if c.tier == "one ear"]
    assert "sitar" in found
    assert "plucked strings" not in found
    assert len([c for c in sayable(music, CERTAINTY) if c.attribute == "genre"]) == 1


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
