"""What a person wants mended: where a note finds fault, and what the agents make of it."""

import asyncio
from dataclasses import replace

import pytest

from mmusset.agents.by_hand import faults_of
from mmusset.agents.graph import build_graph
from mmusset.agents.reconciler import keeps_claims
from mmusset.recipe import Recipe
from mmusset.recipe_parts.texts import CriticPart
from mmusset.sample import Outcome, Revision
from mmusset.speakers.asking import Asker, InMemoryReplies
from mmusset.speakers.offline.speaker import OfflineSpeaker
from tests.agents.test_agents import SCRIPTED
from tests.support.samples import material

CAPTION = "A quiet piece in A minor. There are no drums."
STORY = "A lake lies still. Nobody is there."


FAULTS = faults_of('there is no "soft piano"', "A slow piece in A minor with a soft piano.", STORY)


@pytest.mark.parametrize(
    ("after", "is_kept"),
    [
        ("A slow piece in A minor.", True),
        ("A slow piece in A minor with a harp.", True),
        ("A slow piece with a harp.", False),
        ("A fast piece in A minor.", False),
    ],
)
def test_a_mending_keeps_every_claim_but_those_in_the_words_quoted(
    after: str, is_kept: bool
) -> None:
    assert keeps_claims("A slow piece in A minor with a soft piano.", after, FAULTS) == is_kept


@pytest.mark.parametrize(
    ("note", "faults"),
    [
        ("the story is about a sea", [("story", STORY)]),
        ("Caption: say less", [("caption", CAPTION)]),
        ("dull", [("caption", CAPTION), ("story", STORY)]),
        ("the history of it is missing", [("caption", CAPTION), ("story", STORY)]),
        ("the caption and the story don't go together", [("caption", CAPTION), ("story", STORY)]),
        ('it is a sea, not "A lake"', [("story", "A lake")]),
        ("who said “no drums”? The story is fine.", [("caption", "no drums")]),
        ('the story: not "A pond"', [("story", STORY)]),
        ('"A lake", and "Nobody"', [("story", "A lake"), ("story", "Nobody")]),
    ],
)
def test_a_note_finds_fault_with_what_it_quotes_or_names(
    note: str, faults: list[tuple[str, str]]
) -> None:
    found = faults_of(note, CAPTION, STORY)
    assert [(fault.where, fault.quote) for fault in found] == faults
    assert {fault.mend for fault in found} == {note}


def annotate(
    note: str = "", before: Outcome | None = None, rounds: int = 2, story: str = ""
) -> Outcome:
    """What the offline speaker makes of a sample, or of what a note says of it."""
    of = material(given_story=story)
    if before:
        of = replace(of, revision=Revision(before=before, note=note))
    recipe = Recipe(critic=CriticPart(max_rounds=rounds))
    graph = build_graph(Asker(OfflineSpeaker(), InMemoryReplies()), recipe, SCRIPTED)

    async def run() -> Outcome:
        return await graph(of)

    return asyncio.run(run())


@pytest.mark.parametrize("rounds", [0, 2])
def test_the_offline_speaker_writes_anew_what_is_at_fault_and_nothing_else(rounds: int) -> None:
    before = annotate()
    assert before.caption and before.story
    after = annotate("the story is wrong", before, rounds)
    assert after.caption and after.story
    assert after.verdict.status == "accepted"
    assert after.caption == before.caption
    assert (after.story.text != before.story.text, after.story.writer) == (True, "reconciler")
    assert after.turns[: len(before.turns)] == before.turns
    again = annotate("the caption is wrong", after, rounds)
    assert again.caption and again.story
    assert again.verdict.status == "accepted"
    assert again.story == after.story
    assert again.caption.text != before.caption.text


def test_a_given_story_is_not_changed_for_a_person_either() -> None:
    before = annotate(story=STORY)
    assert before.caption and before.story
    after = annotate("dull", before, story=STORY)
    assert after.caption and after.story
    assert (after.verdict.status, after.story.text) == ("accepted", STORY)
    assert after.caption.text != before.caption.text
    refused = annotate("the story is dull", before, story=STORY)
    assert refused.story
    assert (refused.verdict.status, refused.story.text) == ("rejected", STORY)
    assert "a given story is never changed" in refused.verdict.detail


def test_no_turn_holds_the_note() -> None:
    after = annotate("the story: my neighbour Ada is not to be in it", annotate())
    assert "Ada" not in after.model_dump_json()
