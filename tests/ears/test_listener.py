"""The ear on a server: its closed questions, what its answers mean, and what they are worth."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset import prompts
from mmusset.ears.base_rates import base_rate
from mmusset.ears.calibration import (
    CalibrationCard,
    KnownClip,
    agreement,
    by_type,
    calibrated,
    card_of,
    probes_of,
    read_card,
)
from mmusset.ears.listener import LISTENER, UNKNOWN, Hearing, hearing_of, scores_of
from mmusset.ears.sounds import known_sounds, seconds_of, sha256_of
from mmusset.ears.truth_table import read_truth
from mmusset.ears.worth import LabelWorth
from mmusset.errors import UsageError
from mmusset.recipe import CERTAINTY
from mmusset.sample_parts.claims import Claim
from mmusset.speakers.offline import caption_grammar
from mmusset.truth.extract import extract
from tests.support.listening import card_in, clips_with_truth, worth

NAMES = [label.name for label in LISTENER.labels]


def test_every_label_is_a_claim_that_captions_make_and_are_read_by() -> None:
    from random import Random

    for label in LISTENER.labels:
        if label.attribute == "percussion":
            continue
        claim = Claim(attribute=label.attribute, value=label.value, text=label.value)
        said = caption_grammar.write((claim,), Random(0))
        assert (label.attribute, label.value) in {(c.attribute, c.value) for c in extract(said)}


def test_the_prompt_lists_what_its_schema_allows() -> None:
    text = prompts.load("listener").text
    for label in LISTENER.labels:
        if label.attribute in ("instrument", "genre", "mood"):
            assert label.value in text, label.value
    for line in text.splitlines():
        if line.startswith('{"'):
            assert Hearing.model_validate_json(line)


def test_an_answer_says_yes_no_or_nothing_of_each_label() -> None:
    hearing = Hearing(
        voice="several", drums="unsure", instruments=("piano", "cello"), genre="jazz", mood="other"
    )
    scores = scores_of(hearing)
    assert {name for name, score in scores.items() if score == 1} == {
        *("voice", "piano", "cello", "jazz"),
    }
    assert scores["drums"] == 0.5
    assert scores["choir"] == 0
    assert scores_of(UNKNOWN)["voice"] == 0.5


@given(st.sets(st.sampled_from(["voice", "choir", "drums", "flute", "piano", "rock", "sad"])))
def test_what_is_heard_is_what_was_said(names: set[str]) -> None:
    heard = {name for name, score in scores_of(hearing_of(names)).items() if score == 1}
    assert heard == (names | {"voice"} if "choir" in names else names)


def test_without_a_card_nothing_is_worth_a_word() -> None:
    for label in LISTENER.labels:
        assert label.heard(1.0).probability == 0
        assert label.absent_below == 0


def test_what_a_label_is_worth_follows_from_hits_false_alarms_and_how_usual_the_thing_is() -> None:
    good = worth("flute")
    assert good.if_heard(base_rate("instrument", "flute")) == pytest.approx(0.989, abs=0.001)
    assert good.if_heard(0.001) < CERTAINTY, "a thing that hardly any music has"
    assert worth("flute", false=100).if_heard(0.045) < 0.5
    assert worth("flute", found=0).if_heard(0.045) == 0
    assert good.if_unheard(0.045) < 0.01


def test_of_a_few_clips_nothing_follows_and_a_rate_never_seen_is_not_zero() -> None:
    few = LabelWorth(label="flute", gate=1, positives=9, found=9, negatives=500, false=0)
    assert few.if_heard(0.5) == 0
    small = LabelWorth(label="flute", gate=1, positives=20, found=20, negatives=45, false=0)
    assert small.if_heard(0.045) < 0.7


def test_silence_counts_only_where_hardly_anything_is_missed() -> None:
    assert worth("flute").silence_counts
    assert not worth("flute", found=170).silence_counts
    once = LabelWorth(label="flute", gate=1, positives=12, found=12, negatives=500, false=0)
    assert not once.silence_counts


def test_a_card_makes_an_ear_whose_identity_it_is(tmp_path: Path) -> None:
    card = read_card(card_in(tmp_path, worth("flute"), worth("piano", found=90)))
    assert card
    ear = calibrated(LISTENER, card, ("stub: made up",))
    flute, piano, harp = (ear.label(name) for name in ("flute", "piano", "harp"))
    assert flute
    assert piano
    assert harp
    assert flute.heard(1.0).probability > CERTAINTY
    assert (flute.absent_below, piano.absent_below) == (0.5, 0.0)
    assert flute.heard(0.5).probability == 0.045, "it says nothing: as usual as flutes are"
    assert harp.heard(1.0).probability == 0, "the card does not name it"
    assert ear.identity != LISTENER.identity
    assert ear.licences == ("stub: made up",)


def test_a_damaged_card_or_clip_is_named(tmp_path: Path) -> None:
    assert read_card(tmp_path) is None
    (tmp_path / "card.json").write_text("{")
    with pytest.raises(UsageError, match=r"card.json can't be read .* ears calibrate"):
        read_card(tmp_path)
    folder = card_in(tmp_path)
    wav = known_sounds()["noise"]
    name = f"{sha256_of(wav)}.wav"
    facts = json.loads((folder / "card.json").read_text())
    facts["probes"] = [{"file": name, "there": ["flute"], "absent": [], "heard": ["flute"]}]
    card = CalibrationCard.model_validate(facts)
    (folder / name).write_bytes(wav)
    assert [kept for _, kept in probes_of(folder, card)] == [wav]
    (folder / name).write_bytes(wav[:-2])
    with pytest.raises(UsageError, match="it has changed"):
        list(probes_of(folder, card))


def clip(there: str, heard: str) -> KnownClip:
    names = frozenset(there.split())
    scores = dict.fromkeys(NAMES, 0.0) | dict.fromkeys(heard.split(), 1.0)
    return KnownClip("", names, frozenset(NAMES) - names, scores)


def test_agreement_is_the_share_of_all_that_is_heard_or_there() -> None:
    assert agreement(["flute"], ["flute"], ["piano"]) == 1
    assert agreement(["flute", "piano"], ["flute"], ["piano"]) == 0.5
    assert agreement(["flute", "harp"], ["flute"], ["piano"]) == 1, "of harps nobody knows"
    assert agreement([], ["flute"], []) == 0


def test_one_that_agrees_with_the_wrong_clip_as_well_is_refused() -> None:
    hears = [clip("flute", "flute"), clip("piano", "piano"), clip("harp", "piano")]
    card = card_of(LISTENER, "m", "three clips", hears)
    assert (card.right, card.wrong) == (0.667, 0.167)
    types = {each.attribute: (each.right, each.made) for each in by_type(LISTENER, card)}
    assert types["instrument"] == (2, 3)
    always = [clip("flute", "flute piano"), clip("piano", "flute piano")]
    with pytest.raises(UsageError, match="m does not hear"):
        card_of(LISTENER, "m", "two clips", always)


def test_the_table_of_a_folder_tells_what_is_there_what_is_not_and_what_nobody_knows(
    tmp_path: Path,
) -> None:
    clips_with_truth(tmp_path / "clips", 4)
    _, _, choir, violin = read_truth(tmp_path / "clips", LISTENER)
    there, absent = choir.labels(LISTENER)
    assert there == {"choir", "voice"}
    assert "rock" not in absent, "of genre the table says nothing"
    there, absent = violin.labels(LISTENER)
    assert there == {"violin", "strings"}, "a violin is one of the strings"
    assert {"flute", "voice", "drums", "cello"} <= absent
    (tmp_path / "clips" / "truth.csv").write_text("file,instruments\n00.wav,strings\n")
    [strings] = read_truth(tmp_path / "clips", LISTENER)
    there, absent = strings.labels(LISTENER)
    assert there == {"strings"}
    assert not {"violin", "cello"} & absent, "they may be among the strings"


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("file,singer\n00.wav,yes\n", "its columns are file, voice"),
        ("file,voice\n99.wav,one\n", "line 2: there is no file"),
        ("file,voice\n../clips.wav,one\n", "there is no file|lies outside"),
        ("file,voice\n00.wav,tenor\n", "voice is one of none, one, several, choir, not 'tenor'"),
        ("file,instruments\n00.wav,kazoo\n", "not 'kazoo'"),
        ("file,voice\n", "names no clip"),
    ],
)
def test_a_table_that_can_not_be_used_is_refused_with_its_line(
    tmp_path: Path, table: str, said: str
) -> None:
    clips_with_truth(tmp_path / "clips", 1)
    (tmp_path / "clips" / "truth.csv").write_text(table)
    with pytest.raises(UsageError, match=said):
        read_truth(tmp_path / "clips", LISTENER)


def test_the_known_sounds_are_short_and_unlike() -> None:
    sounds = known_sounds()
    assert list(sounds) == ["silence", "noise", "a beat of drums", "a chord"]
    assert len({sha256_of(wav) for wav in sounds.values()}) == 4
    assert all(seconds_of(wav) == 5 for wav in sounds.values())
