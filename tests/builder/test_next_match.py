"""A critic who finds that a matched picture and its music don't go together: the reconciler asks
for the next best match, and every picture is accounted for."""

import json
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
from pydantic import BaseModel

from mmusset.agents import AGENTS
from mmusset.agents.critic import CRITIC, Objection
from mmusset.agents.state import GraphAgent, State, StateChange
from mmusset.builder.ledger.file import open_to_read
from mmusset.builder.workers.sharing import board_of
from mmusset.pipeline import build_dataset, work_on
from mmusset.recipe import Recipe
from mmusset.recipe_parts.media import ClipPart, LimitsPart
from mmusset.recipe_parts.source import PairingPart
from mmusset.recipe_parts.texts import CriticPart
from mmusset.sample_parts.turns import NEXT_MATCH
from mmusset.shards.tar import read_shard
from mmusset.sources.choose import source_of
from mmusset.speakers.asking import Asker, ValidReply
from mmusset.speakers.base import Brief, R
from tests.support.command import mmusset, tree
from tests.support.media import picture, piece

SONGS, PICTURES = 5, 40
JARS = "a still picture under restless music"
RECIPE = Recipe(
    clip=ClipPart(seconds=2, per_track=1),
    pairing=PairingPart(mode="any"),
    critic=CriticPart(max_rounds=1),
    limits=LimitsPart(workers=1),
)


@dataclass(frozen=True, slots=True)
class Objecting:
    """An asker whose critic finds, in the first rounds, that a matched picture jars."""

    asker: Asker
    rounds: int
    fit: None = None  # nothing sees

    async def ask(self, brief: Brief, reply_type: type[R]) -> ValidReply[R]:
        reply = await self.asker.ask(brief, reply_type)
        is_matched = brief.material.media.image.match.by == "matched"
        if not is_matched or brief.draft.round >= self.rounds:
            return reply
        words = brief.draft.story[:20]
        objection = Objection(where="story", rule="match", quote=words, why=JARS, mend="another")
        return replace(reply, value=reply_type(faults=(objection,)))


def critic_against(rounds: int) -> tuple[GraphAgent[BaseModel], ...]:
    """The agents, with such a critic among them."""

    async def judge(state: State, asker: Asker, recipe: Recipe) -> StateChange:
        return await CRITIC.turn(state, cast(Asker, Objecting(asker, rounds)), recipe)

    critic = replace(CRITIC, turn=judge)
    return tuple(critic if agent is CRITIC else agent for agent in AGENTS)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("next-match") / "source"
    for number in range(SONGS):
        piece(folder / f"songs/{number}.flac", number)
    for number in range(PICTURES):
        picture(folder / f"photos/{number:02d}.png", number)
    piece(folder / "own/song.flac", 40)
    picture(folder / "own/song.png", 41)
    return folder


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dataset of which every matched picture but the second was refused."""
    out = tmp_path_factory.mktemp("next-match-out") / "out"
    build(source, out, against=1)
    return out


def build(source: Path, out: Path, against: int) -> None:
    result = build_dataset(source_of(str(source)), out, RECIPE, agents=critic_against(against))
    assert result.finished


def samples(out: Path) -> list[dict[str, Any]]:
    """What was accepted with a matched picture."""
    return [
        sample
        for shard in sorted((out / "data").iterdir())
        for _, members in read_shard(shard, ("json",))
        if (sample := json.loads(members["json"]))["image"]["match"]["by"] == "matched"
    ]


def status(out: Path) -> dict[str, Any]:
    return dict(json.loads(mmusset("status", out, "--json").stdout))


def pictures_of(out: Path) -> dict[str, list[str]]:
    """The pictures of each matched song: the one that its item has, and then all it could have."""
    with open_to_read(out) as ledger:
        return {
            planned.item.key: [
                planned.item.piece.picture.path.decode(),
                *(
                    each.image_path.decode()
                    for each in ledger.matching.choices(planned.item.source_sha256)
                ),
            ]
            for planned in ledger.plan.items()
            if planned.item.piece.picture.origin == "matched"
        }


def test_the_next_best_picture_is_taken_and_the_history_says_why(built: Path) -> None:
    found = samples(built)
    assert found
    for sample in found:
        agents = [turn["agent"] for turn in sample["turns"]]
        assert agents == ["captioner", "story_writer", "critic", "reconciler", *agents[:3]]
        refused, asked = sample["turns"][2:4]
        assert refused["faults"] == f"pair, match: 'the picture and its music': {JARS}"
        assert asked["said"] == NEXT_MATCH
        assert [turn["round"] for turn in sample["turns"]] == [0, 0, 0, 0, 1, 1, 1]
        assert sample["image"]["match"]["score"] >= 0.95
    held = [now for now, *_ in pictures_of(built).values()]
    assert len(set(held)) == len(held)
    switched = [paths for paths in pictures_of(built).values() if paths[2:]]
    assert len(switched) == len(found)
    assert all(now == second for now, _, second, *_ in switched)
    told = mmusset("explain", built, switched[0][0]).stdout
    assert NEXT_MATCH in told and JARS in told
    assert "accepted with another picture than matched best" in told


@pytest.mark.slow
def test_workers_take_the_next_best_picture_too(source: Path, built: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with ThreadPoolExecutor(1) as thread:
        driving = thread.submit(
            build_dataset,
            source_of(str(source)),
            out,
            RECIPE,
            engine="workers",
            agents=critic_against(1),
        )
        while board_of(out).job() is None:
            assert not driving.done(), driving.result()
            time.sleep(0.02)
        worked = work_on(out, agents=critic_against(1))
        assert driving.result().finished
    assert worked.done
    assert tree(out) == tree(built)
    assert pictures_of(out) == pictures_of(built)


def test_no_picture_stands_by_for_two(built: Path) -> None:
    choices = [path for _, *paths in pictures_of(built).values() for path in paths]
    assert len(choices) == len(set(choices))


def test_every_picture_is_accounted_for_and_stays_so(source: Path, built: Path) -> None:
    before = status(built)
    why = {path: reason for path, reason, _ in before["skipped"]}
    matched = pictures_of(built)
    for now, first, *others in matched.values():
        assert now not in why
        if others:
            assert why[first] == "the critic found that it does not go with its music"
    assert before["tally"]["skipped"] == PICTURES + SONGS - 2 * len(matched)
    build(source, built, against=1)
    assert status(built) == before


@pytest.mark.slow
def test_it_is_asked_for_twice_at_most(source: Path, tmp_path: Path) -> None:
    build(source, tmp_path / "out", against=9)
    report = status(tmp_path / "out")
    assert {(status, reason) for status, reason, _ in report["reasons"]} >= {("rejected", "match")}
    assert report["tally"]["accepted"] == 1
    with open_to_read(tmp_path / "out") as ledger:
        outcomes = [ledger.verdicts.outcome(each.idx) for each in ledger.plan.items()]
    asked = [sum(turn.said == NEXT_MATCH for turn in each.turns) for each in outcomes if each]
    assert set(asked) <= {0, 1, 2} and max(asked) == 2
    told = mmusset("explain", tmp_path / "out", "songs/0.flac").stdout
    assert "its matched picture and its music don't go together, by the critic" in told


@pytest.mark.slow
def test_the_same_again_gives_the_same_bytes_and_a_lost_ledger_the_same_pictures(
    source: Path, built: Path, tmp_path: Path
) -> None:
    build(source, tmp_path / "out", against=1)
    assert tree(tmp_path / "out" / "data") == tree(built / "data")
    before = pictures_of(built)
    for file in (tmp_path / "out" / ".mmusset").glob("ledger*"):
        file.unlink()
    assert mmusset("recover", tmp_path / "out").returncode == 0
    build(source, tmp_path / "out", against=1)
    assert pictures_of(tmp_path / "out") == before
    assert status(tmp_path / "out")["skipped"] == status(built)["skipped"]


@pytest.mark.slow
def test_what_has_stood_by_is_free_for_music_that_comes_later(
    source: Path, built: Path, tmp_path: Path
) -> None:
    more, out = tmp_path / "source", tmp_path / "out"
    shutil.copytree(source, more)
    shutil.copytree(built, out)
    before = pictures_of(out)
    for number in range(60, 70):
        piece(more / f"songs/{number}.flac", number)
    build(more, out, against=1)
    after = pictures_of(out)
    assert {key: after[key][0] for key in before} == {key: now for key, (now, *_) in before.items()}
    held = [now for now, *_ in after.values()]
    assert len(set(held)) == len(held) > len(before)
    given_up = {first for now, first, *_ in before.values() if now != first}
    assert given_up and not given_up & set(held)
