"""Builds with a listener on a server, run as users run them: one that hears, and some that not."""

import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from mmusset.builder import item_story
from mmusset.builder.ledger.file import open_to_read
from mmusset.sample import Quadruple
from mmusset.shards.tar import read_shard
from mmusset.speakers.stub.server import StubServer
from tests.support.command import SHORT, mmusset
from tests.support.listening import TRUTHS, card_in, clips_with_truth, truths_of, worth
from tests.support.media import library
from tests.support.serving import go_down, serving

PIECES = 4
# What nobody but an ear can know: words that stand in a caption only where one heard it.
NAMES = ("flute", "piano", "choir", "violin", "voice", "vocal", "strings")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("listener") / "source", PIECES)


@pytest.fixture(scope="module")
def truths(source: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, ...]]:
    """What is in the pieces' clips, as far as anybody says: song n holds TRUTHS[n]."""
    songs = [source / f"artist {n // 2}" / f"song {n}.wav" for n in range(PIECES)]
    return truths_of(songs, tmp_path_factory.mktemp("sounds"))


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return card_in(tmp_path_factory.mktemp("card"))


def words(source: Path, out: Path, stub: StubServer, card: Path, *more: str) -> list[str]:
    part = ("--set", f"listener.url={stub.url}", "--set", f"listener.card={card}")
    build = ["build", "--source", str(source), "--out", str(out), "--set", "ears=[listener]"]
    return [*build, *part, *SHORT, *more]


def samples_of(out: Path) -> dict[int, Quadruple]:
    """The samples by the number of their song."""
    found = {}
    for shard in sorted((out / "data").glob("*.tar")):
        for _, members in read_shard(shard):
            sample = Quadruple.model_validate_json(members["json"])
            explained = mmusset("explain", out, sample.key).stdout
            found[int(explained.partition("song ")[2][0])] = sample
    return found


def shards_of(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((out / "data").glob("*.tar"))}


def facts_of(out: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((out / "manifest.json").read_text())
    return facts


def claimed(sample: Quadruple) -> set[str]:
    """What a caption says that only an ear can know."""
    return {
        claim.value
        for claim in sample.caption.claims
        if claim.attribute in ("instrument", "vocals", "genre", "mood")
    }


@pytest.fixture(scope="module")
def built(
    source: Path, truths: dict[str, Any], card: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("listener") / "out"
    with serving(sounds=truths) as stub:
        done = mmusset(*words(source, out, stub, card, "--set", "listener.licence=MIT"))
        assert done.returncode == 0, done.stderr
        asked = Counter(seen.schema for seen in stub.seen)
    assert asked["Hearing"] == 5 + PIECES, "four sounds and none, then each clip once"
    return out


@pytest.mark.slow
def test_what_it_hears_is_said_with_its_tier_and_stands_in_the_sample(built: Path) -> None:
    for number, sample in samples_of(built).items():
        there = set(TRUTHS[number])
        heard = sample.music_evidence.heard["listener"]
        assert {name for name, label in heard.items() if label.score == 1} == there
        said = claimed(sample)
        assert said, sample.caption.text
        assert said <= there | {"present"}
        [claim] = [c for c in sample.caption.claims if c.value in said]
        assert (claim.verdict, claim.tier) == ("supported", "one ear")
        assert "listener" in claim.measured
        turn = sample.turns[0]
        assert (turn.agent, turn.speaker, turn.model) == ("listener", "vllm", "stub")
        assert set(json.loads(turn.said)) == {"voice", "drums", "instruments", "genre", "mood"}
        assert (sample.speaker, sample.model) == ("offline", "offline-grammar/1")


def test_manifest_card_status_and_explain_tell_of_it(built: Path) -> None:
    ear = facts_of(built)["ears"]["listener"]
    assert ear["identity"].startswith("stub, calibration ")
    assert ear["licences"] == ["stub, MIT"]
    [flute] = [label for label in ear["calibration"] if label["label"] == "flute"]
    assert (flute["found"], flute["positives"], flute["false"]) == (198, 200, 0)
    assert facts_of(built)["models"]["listener"] == "stub"
    cost = facts_of(built)["cost"]["agents"]["listener"]
    assert cost["calls"] == PIECES
    assert cost["prompt_tokens"] > PIECES * 50
    text = (built / "README.md").read_text()
    assert "| flute | 198 of 200 | 0 of 2000 | 0.99 |" in text
    assert "listener, licence: stub, MIT." in text
    status = mmusset("status", built).stdout
    assert "written by the offline speaker (offline-grammar/1)" in status
    key = next(iter(samples_of(built).values())).key
    assert "  listener hears " in mmusset("explain", built, key).stdout
    assert mmusset("verify", built).returncode == 0


def test_without_the_card_it_is_known_what_it_was_worth(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's caption is judged, and a piece removed, where nobody has the card any more."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "nothing"))
    out = tmp_path / "out"
    shutil.copytree(built, out)
    before = facts_of(out)["ears"]
    number = next(n for n, there in enumerate(TRUTHS) if "flute" not in there)
    sample = samples_of(out)[number]
    with open_to_read(out) as ledger:
        [story] = item_story.explain(ledger, sample.key)
        assert story.prepared
        [claim] = item_story.judged(ledger, "A flute.", story.prepared, story.outcome)
    assert claim.verdict == "contradicted"
    done = mmusset("remove", out, "--item", sample.key, "--why", "a test", "--yes")
    assert done.returncode == 0, done.stderr
    assert facts_of(out)["ears"] == before


@pytest.mark.slow
def test_the_same_build_gives_the_same_bytes_and_a_replay_asks_nobody(
    source: Path, truths: dict[str, Any], card: Path, built: Path, tmp_path: Path
) -> None:
    with serving(sounds=truths) as stub:
        more = ("--set", "listener.licence=MIT")
        again = words(source, tmp_path / "again", stub, card, *more)
        assert mmusset(*again).returncode == 0
        asked = stub.requests
        assert mmusset(*again).returncode == 0, "it is finished"
        assert mmusset(*again, "--replay").returncode == 0
        assert stub.requests == asked
    assert shards_of(tmp_path / "again") == shards_of(built)


@pytest.mark.slow
def test_hearing_is_paid_for_once_also_where_another_card_judges_it(
    source: Path, truths: dict[str, Any], card: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with serving(sounds=truths) as stub:
        assert mmusset(*words(source, out, stub, card)).returncode == 0
        asked = Counter(seen.schema for seen in stub.seen)
        other = card_in(tmp_path / "card", worth("flute"))
        refused = mmusset(*words(source, out, stub, other))
        assert refused.returncode == 1
        assert "ear listener: stub, calibration " in refused.stderr
        done = mmusset(*words(source, out, stub, other, "--re-run", "listener"))
        assert done.returncode == 0, done.stderr
        again = Counter(seen.schema for seen in stub.seen)
    assert again["Hearing"] - asked["Hearing"] == 5, "to find out whether it hears; no clip"
    said = {number: claimed(sample) for number, sample in samples_of(out).items()}
    assert said == {0: {"flute"}, 1: set(), 2: set(), 3: set()}


def test_without_a_card_it_is_kept_and_nothing_of_it_is_said(
    source: Path, truths: dict[str, Any], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with serving(sounds=truths) as stub:
        done = mmusset(*words(source, out, stub, tmp_path / "no card"))
    assert done.returncode == 0, done.stderr
    assert "the ear listener has no calibration card" in done.stderr
    for number, sample in samples_of(out).items():
        heard = sample.music_evidence.heard["listener"]
        assert {name for name, label in heard.items() if label.score == 1} == set(TRUTHS[number])
        assert claimed(sample) == set()


@pytest.mark.parametrize("listening", ["deaf", "numb", "always yes"])
def test_a_server_that_does_not_hear_ends_the_build_before_anything_is_asked(
    source: Path, truths: dict[str, Any], card: Path, tmp_path: Path, listening: str
) -> None:
    with serving(sounds=truths, listening=listening) as stub:
        model = ("--speaker", "vllm", "--set", f"server.url={stub.url}")
        done = mmusset(*words(source, tmp_path / "out", stub, card, *model))
        assert done.returncode == 2, done.stderr
        assert "the listener stub at" in done.stderr
        assert {seen.schema for seen in stub.seen} == {"Hearing"}, "no writer was asked"
        assert stub.requests == 5


def test_an_absent_server_ends_it_too(source: Path, card: Path, tmp_path: Path) -> None:
    with serving() as stub, serving() as writers:
        go_down(stub)
        model = ("--speaker", "vllm", "--set", f"server.url={writers.url}")
        done = mmusset(*words(source, tmp_path / "out", stub, card, *model))
        assert done.returncode == 3
        assert "no listener at" in done.stderr
        assert writers.requests == 0


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips") / "clips"
    clips_with_truth(folder, 44)
    return folder


@pytest.fixture(scope="module")
def known(
    clips: Path, truths: dict[str, Any], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """All that a server has to know to be honest: of the clips, and of the source's pieces."""
    files = sorted(clips.glob("*.wav"))
    return truths | truths_of(files, tmp_path_factory.mktemp("sounds"))


def calibrate(clips: Path, card: Path, stub: StubServer) -> Any:
    part = ("--set", f"listener.url={stub.url}", "--set", "clip.seconds=2")
    return mmusset("ears", "calibrate", "listener", clips, "--out", card, *part)


@pytest.mark.slow
def test_a_liar_is_worth_nothing_by_its_own_card_and_refused_by_that_of_another(
    source: Path, clips: Path, known: dict[str, Any], tmp_path: Path
) -> None:
    """It names other instruments than there are, and says the truth of voices and drums."""
    honest, lied = tmp_path / "honest", tmp_path / "lied"
    with serving(sounds=known) as stub:
        done = calibrate(clips, honest, stub)
        assert done.returncode == 0, done.stderr
        assert "instrument: 44 of 44 claims right (0.92 to 1.00), 44 to be heard" in done.stdout
        asked = stub.requests
        assert calibrate(clips, honest, stub).returncode == 0
        assert stub.requests - asked == 5, "what it answered is kept"
        out = tmp_path / "by an honest one"
        assert mmusset(*words(source, out, stub, honest)).returncode == 0
        for number, sample in samples_of(out).items():
            assert claimed(sample) <= set(TRUTHS[number]) | {"present"}
    with serving(sounds=known, listening="liar") as stub:
        done = mmusset(*words(source, tmp_path / "out", stub, honest))
        assert done.returncode == 2
        assert "with what it heard when it was calibrated" in done.stderr
        done = calibrate(clips, lied, stub)
        assert "instrument: 0 of 44 claims right" in done.stdout
        done = mmusset(*words(source, tmp_path / "by a liar", stub, lied))
        assert done.returncode == 0, done.stderr
    by_liar = samples_of(tmp_path / "by a liar")
    said = {number: claimed(sample) for number, sample in by_liar.items()}
    assert said == {0: set(), 1: set(), 2: {"present"}, 3: set()}


@pytest.mark.slow
@pytest.mark.parametrize("listening", ["deaf", "numb", "always yes"])
def test_no_card_is_made_of_a_server_that_does_not_hear(
    clips: Path, known: dict[str, Any], tmp_path: Path, listening: str
) -> None:
    with serving(sounds=known, listening=listening) as stub:
        done = calibrate(clips, tmp_path / "card", stub)
    assert done.returncode == 2
    assert not (tmp_path / "card" / "card.json").exists()


def test_scan_estimates_it_and_prompt_shows_what_it_is_sent(source: Path) -> None:
    ears = ("--set", "ears=[listener]", "--set", "listener.price_in=10")
    report = json.loads(mmusset("scan", source, *ears, *SHORT, "--json").stdout)
    assert report["estimate"]["calls"] == PIECES
    assert report["estimate"]["price"] > 0
    shown = mmusset("prompt", source, "listener", *ears, *SHORT).stdout
    assert "[a WAV of 64 kB]" in shown
    assert "Listen to the clip" in shown
    refused = mmusset("prompt", source, "listener", *SHORT)
    assert refused.returncode == 2
    assert "no agent named 'listener'" in refused.stderr


def test_clips_that_are_too_long_for_it_are_refused(source: Path, tmp_path: Path) -> None:
    long = ("--set", "ears=[listener]", "--set", "clip.seconds=40")
    done = mmusset("build", "--source", source, "--out", tmp_path / "out", *long)
    assert done.returncode == 2
    assert "hears 30 s at most" in done.stderr
