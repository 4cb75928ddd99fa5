"""When drums come in or go out: read in prose, judged by a piece's sections, and said in words."""

import pytest

from mmusset.recipe import CERTAINTY
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.speakers.offline.phrase_book import phrase_book, spoken
from mmusset.structure import Change, Section
from mmusset.truth.entrances import rounded_s
from mmusset.truth.extract import extract
from mmusset.truth.findings import sayable
from mmusset.truth.judge import judge
from tests.support.samples import music_evidence


@pytest.mark.parametrize(
    ("text", "attribute", "value"),
    [
        ("The drums come in after about 20 seconds.", "drums in", "20 s"),
        ("Calm at first, drums only come in at 1:05, with bass.", "drums in", "65 s"),
        ("Around the 1:05 mark, the percussion enters.", "drums in", "65 s"),
        ("After half a minute the drum kit joins in.", "drums in", "30 s"),
        ("The beat kicks in around thirty seconds in.", "drums in", "30 s"),
        ("The drums enter about two and a half minutes into the piece.", "drums in", "150 s"),
        ("Drums from 40 seconds onwards.", "drums in", "40 s"),
        ("The drums drop out after a minute and ten seconds.", "drums out", "70 s"),
        ("Percussion until 95 s.", "drums out", "95 s"),
    ],
)
def test_times_are_read(text: str, attribute: str, value: str) -> None:
    found = [claim for claim in extract(text) if claim.attribute in (attribute, "percussion")]
    assert [(claim.attribute, claim.value) for claim in found] == [(attribute, value)]


@pytest.mark.parametrize(
    "text",
    ["The drums come in after a while.", "Drums at 120 BPM.", "The drums enter in the chorus."],
)
def test_without_a_time_drums_are_drums(text: str) -> None:
    assert "percussion" in {claim.attribute for claim in extract(text)}
    assert "drums in" not in {claim.attribute for claim in extract(text)}


def piece(*changes: tuple[float, Change], scope: str = "piece") -> MusicEvidence:
    """Evidence on a piece of 120 s with these changes, each as sure as can be."""
    borders = [(0.0, "start"), *changes, (120.0, "start")]
    sections = [
        Section(
            start_s=start_s,
            end_s=borders[place + 1][0],
            change=change,
            confidence=0.95,
            loudness_lufs=-20.0,
            from_clip_s=start_s,
        )
        for place, (start_s, change) in enumerate(borders[:-1])
    ]
    return music_evidence(sections=sections, scope=scope)


@pytest.mark.parametrize(
    ("seconds", "verdict"),
    [(20, "supported"), (23, "supported"), (28, "unverifiable"), (60, "contradicted")],
)
def test_people_round_times(seconds: int, verdict: str) -> None:
    [claim] = extract(f"The drums come in after {seconds} seconds.")
    [judged] = judge([claim], piece((21.3, "drums in")), CERTAINTY)
    assert judged.verdict == verdict


def test_evidence_of_a_clip_settles_no_time_of_its_piece() -> None:
    [claim] = extract("The drums come in after 20 seconds.")
    music = piece((21.3, "drums in"), scope="clip")
    assert judge([claim], music, CERTAINTY)[0].verdict == "unverifiable"
    assert not [each for each in sayable(music, CERTAINTY) if each.attribute == "drums in"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ([(21.3, "drums in")], {"drums in": "20 s"}),
        ([(21.3, "drums in"), (95.2, "drums out")], {"drums in": "20 s", "drums out": "95 s"}),
        ([(40.0, "drums out"), (50.0, "drums in")], {}),  # they come back
        ([(2.0, "drums in"), (118.0, "drums out")], {}),  # they begin and end with the piece
    ],
)
def test_first_entrances_and_last_ends_are_said(
    changes: list[tuple[float, Change]], said: dict[str, str]
) -> None:
    claims = sayable(piece(*changes), CERTAINTY)
    assert {c.attribute: c.value for c in claims if c.attribute.startswith("drums ")} == said


@pytest.mark.parametrize("seconds", [7, 20, 60, 90, 119, 135, 300, 894])
@pytest.mark.parametrize("change", ["drums in", "drums out"])
def test_what_is_written_is_read_back(change: str, seconds: float) -> None:
    [claim] = [
        each for each in sayable(music_of(change, seconds), CERTAINTY) if each.attribute == change
    ]
    [statement] = phrase_book().statements([claim])
    for phrase in (*statement.phrases["the"], *statement.phrases["tag"]):
        [read] = extract(f"{phrase}.")
        assert (read.attribute, read.value) == (change, claim.value)
        assert judge([read], music_of(change, seconds), CERTAINTY)[0].verdict == "supported"


def music_of(change: str, seconds: float) -> MusicEvidence:
    start = Section(
        start_s=0, end_s=seconds, change="start", confidence=1, loudness_lufs=-20, from_clip_s=0
    )
    there = {"change": change, "start_s": seconds, "end_s": 900.0, "confidence": 0.95}
    return music_evidence(sections=[start, start.model_copy(update=there)], scope="piece")


def test_long_times_are_said_in_half_minutes() -> None:
    [claim] = extract("The drums come in after 2:20.")
    assert rounded_s(140) == 150
    assert spoken(claim.model_copy(update={"value": "150 s"})) == "two and a half minutes"
