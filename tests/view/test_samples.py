"""What the page of one sample tells: claims and evidence, the history of its texts, its fate."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mmusset.builder.ledger.file import open_to_read
from mmusset.measurements.precision import rightness
from mmusset.sample_parts.claims import JudgedClaim
from mmusset.shards.tar import read_shard
from mmusset.view.card import words_of
from mmusset.view.detail import changes
from tests.support.viewing import Viewing


def samples(out: Path) -> dict[str, dict[str, bytes]]:
    """The members of every sample in the shards, by key."""
    shards = sorted((out / "data").glob("*.tar"))
    return {key: members for shard in shards for key, members in read_shard(shard)}


def test_every_claim_has_its_badge_measured_value_and_confidence(
    viewed: Viewing, built_to_view: Path
) -> None:
    shown = 0
    for key, members in samples(built_to_view).items():
        claims = json.loads(members["json"])["caption"]["claims"]
        detail = viewed.sample(key)
        shown_with = [{**c, "right": rightness(c["attribute"])} for c in claims]
        assert detail["claims"] == shown_with, "and how often such a measurement is right"
        assert detail["card"]["verdicts"] == [claim["verdict"] for claim in claims]
        for claim in claims:
            assert claim["measured"]
            assert 0 < claim["confidence"] <= 1
        for run in detail["card"]["caption"]:
            if run["claim"] >= 0:
                assert claims[run["claim"]]["text"] == run["text"], "what is underlined"
                shown += 1
        caption = "".join(run["text"] for run in detail["card"]["caption"])
        assert caption == members["caption.txt"].decode()
        assert detail["card"]["story"] == members["story.txt"].decode()
    assert shown > 30


def test_the_evidence_is_that_of_the_sample(viewed: Viewing, built_to_view: Path) -> None:
    key, members = next(iter(samples(built_to_view).items()))
    music = json.loads(members["json"])["music_evidence"]
    told = {m["name"]: m for m in viewed.sample(key)["measures"]}
    assert told["loudness"]["value"] == f"{music['loudness_lufs']['value']:.1f} LUFS"
    assert told["tempo"]["value"].startswith(f"{music['tempo']['bpm']:.1f} BPM, or ")
    assert told["tempo"]["confidence"] == music["tempo"]["confidence"]


def test_the_history_tells_who_wrote_what_and_what_was_changed(
    viewed: Viewing, built_to_view: Path
) -> None:
    key = next(iter(viewed.page(reason="accepted after changes")["cards"]))
    detail, turns = viewed.sample(key), json.loads(samples(built_to_view)[key]["json"])["turns"]
    told = detail["turns"]
    assert [(t["agent"], t["round"]) for t in told] == [
        ("captioner", 0),
        ("story_writer", 0),
        ("critic", 0),
        ("reconciler", 1),
        ("critic", 1),
    ]
    for shown, turn in zip(told, turns, strict=True):
        for name in ("model", "speaker", "prompt_sha256", "request_sha256"):
            assert shown[name] == turn[name]
    critic, reconciler = told[2], told[3]
    assert critic["faults"], "what the critic objected to"
    before, (after,) = written(told[1], "story"), reconciler["writings"]
    assert text(after["changes"], "same", "gone") == before
    assert text(after["changes"], "same", "new") == detail["card"]["story"]
    assert {change["kind"] for change in after["changes"]} >= {"gone", "new"}
    assert told[4]["faults"] == [], "the last word of the critic"


def written(turn: dict[str, Any], where: str) -> str:
    (writing,) = (w for w in turn["writings"] if w["where"] == where)
    return text(writing["changes"], "same", "new")


def text(changed: list[dict[str, str]], *kinds: str) -> str:
    return "".join(change["text"] for change in changed if change["kind"] in kinds)


def test_what_each_answer_cost_is_that_of_the_ledger(viewed: Viewing, built_to_view: Path) -> None:
    with open_to_read(built_to_view) as ledger:
        costs = {
            c.agent: (c.calls, c.prompt_tokens, c.completion_tokens) for c in ledger.calls.costs()
        }
    told = dict.fromkeys(costs, (0, 0, 0))
    for key, card in viewed.page()["cards"].items():
        if card["status"] != "skipped":
            for turn in viewed.sample(key)["turns"]:
                calls, tokens_in, tokens_out = told[turn["agent"]]
                if asked := turn["call"]:
                    told[turn["agent"]] = (
                        calls + 1,
                        tokens_in + asked["prompt_tokens"],
                        tokens_out + asked["completion_tokens"],
                    )
    assert told == costs


def test_what_was_lost_has_a_page_too(viewed: Viewing) -> None:
    (failed,) = viewed.page(status="failed")["cards"]
    detail = viewed.sample(failed)
    assert (detail["card"]["reason"], detail["card"]["detail"]) == (
        "refused by the server",
        "400: as planned",
    )
    assert detail["measures"], "it was measured before it failed"
    facts = {fact["name"]: fact["value"] for fact in detail["facts"]}
    assert facts["music"] == "artist 1/song 3.wav"
    (skipped,) = viewed.page(status="skipped")["cards"]
    assert viewed.sample(skipped)["card"]["path"] == "lonely/song.wav"
    reply = viewed.ask("/api/sample/nosuchkey")
    assert (reply.status, reply.text) == (404, "there is no such sample")


def test_tags_that_the_recipe_kept_are_shown(viewed: Viewing) -> None:
    (key,) = viewed.page(folder="artist 9")["cards"]
    facts = {fact["name"]: fact["value"] for fact in viewed.sample(key)["facts"]}
    assert facts["license"] == "cc-by-4.0"
    assert facts["shard"].startswith("data/")


def claim(words: str) -> JudgedClaim:
    return JudgedClaim(
        attribute="loudness",
        value="quiet",
        text=words,
        verdict="supported",
        measured="-30.0 LUFS",
        confidence=0.9,
    )


def test_whole_words_are_underlined() -> None:
    runs = words_of("A disquieting, quiet piece.", (claim("quiet"),))
    assert [(run.text, run.claim) for run in runs] == [
        ("A disquieting, ", -1),
        ("quiet", 0),
        (" piece.", -1),
    ]


@given(
    words=st.text(max_size=60),
    spans=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=1, max_size=4),
)
def test_a_caption_is_cut_without_losing_a_letter(words: str, spans: list[tuple[int, int]]) -> None:
    claims = tuple(claim(words[a:b]) for a, b in spans)
    assert "".join(run.text for run in words_of(words, claims)) == words


@given(before=st.text(min_size=1, max_size=80), after=st.text(min_size=1, max_size=80))
def test_a_difference_holds_both_texts(before: str, after: str) -> None:
    found = changes(before, after)
    assert words(c.text for c in found if c.kind != "new") == before.split()
    assert words(c.text for c in found if c.kind != "gone") == after.split()


def words(parts: Iterator[str]) -> list[str]:
    return "".join(parts).split()
