"""What a score does to claims: it outranks ears and tags, and stands in place of measurements."""

from mmusset.agents.rules import claim_faults
from mmusset.recipe import CERTAINTY
from mmusset.recipe_parts.texts import CriticPart
from mmusset.sample_parts.evidence import Heard, HeardLabel, MusicEvidence
from mmusset.sample_parts.piece import Tags
from mmusset.score import Score
from mmusset.truth.extract import extract
from mmusset.truth.findings import findings, sayable
from mmusset.truth.judge import judge
from mmusset.truth.told import told
from tests.support.samples import music_evidence


def written(heard: Heard | None = None, **changes: object) -> MusicEvidence:
    """Evidence of a piece that was measured at 84 BPM, in A minor, without drums; its score says
    something else."""
    score = Score.model_validate(
        {
            "origin": "beside",
            "used": True,
            "bpm": 120.0,
            "key": "G major",
            "key_alternative": "E minor",
            "key_probability": 0.97,
            "mode_probability": 0.97,
            "percussion": "present",
            "instruments": "flute, cello",
            "all_named": True,
            **changes,
        }
    )
    return music_evidence(score=score, heard=heard or {})


def verdicts(caption: str, music: MusicEvidence) -> list[tuple[str, str, str]]:
    return [(c.value, c.verdict, c.tier) for c in judge(extract(caption), music, CERTAINTY)]


def test_it_settles_tempo_key_mode_and_drums() -> None:
    caption = "A piece in G major at 120 BPM with drums."
    assert verdicts(caption, written()) == [
        ("G major", "supported", "score"),
        ("120", "supported", "score"),
        ("present", "supported", "score"),
    ]
    assert findings(written())["tempo"].measured == "120.0 BPM by its score"


def test_what_was_measured_holds_where_it_says_nothing() -> None:
    music = written(bpm=0.0, key="", percussion="")
    assert verdicts("In A minor at 84 BPM.", music) == [
        ("A minor", "supported", "measured"),
        ("84", "supported", "measured"),
    ]


def test_one_that_is_not_used_settles_nothing() -> None:
    music = written(used=False, why="its notes are not those of the sound")
    assert verdicts("At 84 BPM, with a flute.", music) == [
        ("84", "supported", "measured"),
        ("flute", "unverifiable", "none"),
    ]


def test_instruments_are_those_that_play_and_what_follows_from_them() -> None:
    assert verdicts("A flute and strings over a cello.", written()) == [
        ("flute", "supported", "score"),
        ("strings", "supported", "score"),
        ("cello", "supported", "score"),
    ]


def test_another_is_contradicted_unless_it_may_be_taken_for_one() -> None:
    music = written()
    assert verdicts("A trumpet plays.", music) == [("trumpet", "contradicted", "score")]
    assert verdicts("A clarinet plays.", music) == [("clarinet", "unverifiable", "none")]
    assert verdicts("A trumpet plays.", written(all_named=False))[0][1] == "unverifiable"
    fault, *_ = claim_faults(
        judge(extract("A trumpet plays."), music, CERTAINTY), "A trumpet plays.", CriticPart()
    )
    assert fault.why == "instrument trumpet, but no trumpet by its score"


def test_it_outranks_ears() -> None:
    piano = HeardLabel(score=0.9, probability=0.95)
    music = written({"musicnn": {"piano": piano}})
    assert [c.value for c in sayable(music, CERTAINTY) if c.attribute == "instrument"] == [
        "flute",
        "cello",
    ]
    assert verdicts("A piano plays.", music) == [("piano", "contradicted", "score")]


def test_it_outranks_what_tags_tell_of_half_its_tempo() -> None:
    tags = told(Tags(bpm="60", key="E minor"), ("bpm", "key"), written(), CERTAINTY)
    said = {claim.attribute: claim.value for claim in sayable(written(), CERTAINTY, tags)}
    assert (said["tempo"], said["key"]) == ("120", "G major")


def test_no_more_than_four_instruments_are_said() -> None:
    music = written(instruments="flute, cello, oboe, harp, viola, bassoon")
    said = [c.value for c in sayable(music, CERTAINTY) if c.attribute == "instrument"]
    assert said == ["flute", "cello", "oboe", "harp"]
