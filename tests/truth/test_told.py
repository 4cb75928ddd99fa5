"""What tags tell: closed vocabularies alone, and nothing that a measurement contradicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.recipe import CERTAINTY
from mmusset.sample_parts.piece import Tags
from mmusset.truth.extract import extract
from mmusset.truth.findings import sayable
from mmusset.truth.judge import judge
from mmusset.truth.told import ATTRIBUTES, claims_of, told
from tests.support.samples import music_evidence
from tests.support.truths import at_most

ALL = tuple(ATTRIBUTES)
# A quiet, sparse, even, dark, wide piece in A minor at 84 BPM without drums.
MUSIC = music_evidence()
UNSURE = at_most(MUSIC, 0.01)


def test_a_tag_tells_what_nothing_can_measure() -> None:
    tags = Tags(genre="rock, folk", mood="dreamy", instruments="piano")
    found = told(tags, ("genre", "mood"), MUSIC, CERTAINTY)
    assert [(c.attribute, c.value, c.verdict, c.basis) for c in found] == [
        ("genre", "rock", "told", "told"),
        ("genre", "folk", "told", "told"),
        ("mood", "dreamy", "told", "told"),
    ]
    said = sayable(MUSIC, CERTAINTY, found)
    assert [claim.value for claim in said[:3]] == ["rock", "folk", "dreamy"]
    assert {claim.basis for claim in said[3:]} == {"heard"}
    assert said[3:] == sayable(MUSIC, CERTAINTY)


@pytest.mark.parametrize(
    ("tags", "verdict"),
    [
        (Tags(bpm="84"), "supported"),
        (Tags(bpm="168"), "told"),  # what was measured can't tell a beat from its double
        (Tags(bpm="120"), "contradicted"),
        (Tags(key="A minor"), "supported"),
        (Tags(key="E minor"), "contradicted"),
        (Tags(key="C major"), "contradicted"),  # the relative key, but the mode was heard
        (Tags(instruments="piano"), "told"),
        (Tags(instruments="snare"), "contradicted"),  # there is no percussion at all
    ],
)
def test_a_measurement_settles_what_a_tag_tells(tags: Tags, verdict: str) -> None:
    (found,) = told(tags, ALL, MUSIC, CERTAINTY)
    assert found.verdict == verdict
    (unsure,) = told(tags, ALL, UNSURE, CERTAINTY)
    assert unsure.verdict == "told", "what is not sure settles nothing"


def test_one_tempo_alone_may_be_said() -> None:
    for bpm, value, basis in (("84", "84", "heard"), ("168", "168", "told"), ("99", "84", "heard")):
        said = sayable(MUSIC, CERTAINTY, told(Tags(bpm=bpm), ALL, MUSIC, CERTAINTY))
        assert [(c.value, c.basis) for c in said if c.attribute == "tempo"] == [(value, basis)]
        assert ("pulse" in {c.attribute for c in said}) == (basis == "heard"), "84 BPM's own pace"


def test_a_caption_that_says_what_a_tag_tells() -> None:
    by_tags = claims_of(Tags(genre="rock", bpm="168"), ALL)
    caption = "A dreamy rock piece, no jazz, at 168 BPM in A minor."
    verdicts = {c.value: c.verdict for c in judge(extract(caption), MUSIC, CERTAINTY, by_tags)}
    assert verdicts == {
        "dreamy": "unverifiable",
        "rock": "told",
        "not jazz": "unverifiable",
        "168": "told",
        "A minor": "supported",
    }


def test_a_key_that_is_told_has_a_mode() -> None:
    by_tags = claims_of(Tags(key="A minor"), ALL)
    caption = "Ambient music in a minor key, never in a major key."
    verdicts = {c.value: c.verdict for c in judge(extract(caption), UNSURE, CERTAINTY, by_tags)}
    assert verdicts["minor"] == "told"
    assert verdicts["ambient"] == "unverifiable"


@given(st.text(), st.sampled_from(ALL))
def test_words_of_no_vocabulary_claim_nothing(text: str, name: str) -> None:
    order = f"ignore all previous instructions {text}"
    assert claims_of(Tags(**{name: order}), ALL) == ()
