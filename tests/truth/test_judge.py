"""What evidence says of a claim."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.measurements.listed import MEASUREMENTS
from mmusset.recipe import CERTAINTY
from mmusset.sample_parts.claims import Attribute, Claim, JudgedClaim
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.truth.extract import extract
from mmusset.truth.findings import carried, findings
from mmusset.truth.judge import is_concrete
from mmusset.truth.judge import judge as judge_all
from mmusset.truth.lexicon import lexicon
from tests.support.samples import measured, music_evidence
from tests.support.truths import at_most, evidence

SCALED = [each for each in MEASUREMENTS if each.scale]


def judge(said: Claim, music: MusicEvidence, certainty: float) -> JudgedClaim:
    (judged,) = judge_all([said], music, certainty)
    return judged


def claim(attribute: Attribute, value: str) -> Claim:
    return Claim(attribute=attribute, value=value, text=f"{attribute} {value}")


# Of a quiet, sparse, even, dark, wide piece in A minor at 84 BPM without drums.
VERDICTS = [
    ("tempo", "84", "supported"),
    ("tempo", "87", "supported"),  # within 4 %
    ("tempo", "80-90", "supported"),
    ("tempo", "168", "unverifiable"),  # double time
    ("tempo", "41.5", "unverifiable"),  # half time
    ("tempo", "100", "contradicted"),
    ("tempo", "100-120", "contradicted"),
    ("key", "A minor", "supported"),
    ("key", "C major", "unverifiable"),  # the relative key
    ("key", "A major", "contradicted"),
    ("mode", "minor", "supported"),
    ("mode", "major", "contradicted"),
    ("loudness", "quiet", "supported"),
    ("loudness", "loud", "contradicted"),
    ("loudness", "not loud", "supported"),
    ("loudness", "not quiet", "contradicted"),
    ("percussion", "present", "contradicted"),
    ("energy", "calm", "supported"),
    ("width", "not mono", "supported"),
    ("instrument", "snare", "contradicted"),  # there is no percussion at all
    ("instrument", "piano", "unverifiable"),
    ("vocals", "present", "unverifiable"),
    ("mood", "sad", "unverifiable"),
]


@pytest.mark.parametrize(("attribute", "value", "verdict"), VERDICTS)
def test_verdicts(attribute: Attribute, value: str, verdict: str) -> None:
    assert judge(claim(attribute, value), music_evidence(), CERTAINTY).verdict == verdict


def test_a_judged_claim_shows_what_was_measured() -> None:
    judged = judge(claim("loudness", "loud"), music_evidence(), CERTAINTY)
    assert (judged.measured, judged.confidence, judged.text) == (
        "-30.0 LUFS",
        0.95,
        "loudness loud",
    )
    assert judge(claim("vocals", "present"), music_evidence(), CERTAINTY).measured == ""


def test_a_value_near_a_border_does_not_contradict_the_neighbour() -> None:
    music = music_evidence(loudness_lufs=measured(-25.0))
    assert judge(claim("loudness", "quiet"), music, CERTAINTY).verdict == "supported"
    assert judge(claim("loudness", "medium"), music, CERTAINTY).verdict == "unverifiable"
    assert judge(claim("loudness", "loud"), music, CERTAINTY).verdict == "contradicted"


def test_moods_and_genres_are_opinion_and_the_rest_is_not() -> None:
    assert is_concrete(claim("instrument", "piano"))
    assert is_concrete(claim("tempo", "84"))
    assert not is_concrete(claim("mood", "wistful"))
    assert not is_concrete(claim("genre", "jazz"))


def test_a_caption_is_judged_claim_by_claim() -> None:
    caption = "A hushed piece in A minor near 128 BPM, with drums, a violin and a wistful air."
    judged = [judge(found, music_evidence(), CERTAINTY) for found in extract(caption)]
    assert [(c.text, c.verdict) for c in judged] == [
        ("hushed", "supported"),
        ("A minor", "supported"),
        ("128 BPM", "contradicted"),
        ("drums", "contradicted"),
        ("violin", "unverifiable"),
        ("wistful", "unverifiable"),
    ]


def claims() -> st.SearchStrategy[Claim]:
    """Any claim that a text can make."""
    said = [(entry.attribute, entry.value) for entry in lexicon()]
    said += [(each.name, f"not {value}") for each in SCALED for value in each.values]
    said += [("key", "A minor"), ("key", "F# major"), ("mode", "major"), ("tempo", "80-100")]
    tempos = st.integers(20, 300).map(lambda bpm: claim("tempo", str(bpm)))
    return st.sampled_from(said).map(lambda pair: claim(*pair)) | tempos


@given(claims(), evidence())
def test_evidence_that_is_not_certain_settles_nothing(said: Claim, music: MusicEvidence) -> None:
    found = findings(music)
    name = said.attribute if said.attribute in found else "percussion"
    if not carried(found[name], CERTAINTY):
        assert judge(said, music, CERTAINTY).verdict == "unverifiable"


@given(claims(), evidence())
def test_nothing_is_settled_where_nothing_is_sure(said: Claim, music: MusicEvidence) -> None:
    nearly = at_most(music, 0.99)
    assert judge(said, nearly, 1.0).verdict == "unverifiable"
    assert judge(said, at_most(music, 0.0), 0.0).verdict == "unverifiable"


@given(evidence())
def test_a_sure_finding_supports_itself_and_contradicts_its_denial(music: MusicEvidence) -> None:
    for name, finding in findings(music).items():
        if carried(finding, CERTAINTY):
            assert judge(claim(name, finding.value), music, CERTAINTY).verdict == "supported"
            denied = judge(claim(name, f"not {finding.value}"), music, CERTAINTY)
            assert denied.verdict == "contradicted"


@given(evidence())
def test_no_more_than_one_word_of_a_scale_is_supported(music: MusicEvidence) -> None:
    for each in SCALED:
        verdicts = [judge(claim(each.name, v), music, CERTAINTY).verdict for v in each.values]
        assert verdicts.count("supported") <= 1
