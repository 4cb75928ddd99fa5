"""What travels through the graph, and how an agent asks its speaker."""

import hashlib
import json
from typing import TypedDict

from mmusset import prompts
from mmusset.sample import (
    RULES,
    AgentName,
    Claim,
    Fault,
    JudgedClaim,
    Material,
    Outcome,
    Status,
    Turn,
)
from mmusset.speakers.asking import Asker
from mmusset.speakers.base import Brief, Draft, PromptParts, R


class Change(TypedDict, total=False):
    """The part of a state that an agent changes; what it leaves out stays as it was."""

    caption: str
    caption_writer: AgentName
    claims: tuple[JudgedClaim, ...]
    story: str
    story_writer: str
    faults: tuple[Fault, ...]
    round: int
    status: Status | None
    turns: tuple[Turn, ...]


class State(Change):
    """One sample in the graph. Texts are "" and tuples empty until they are written."""

    material: Material
    sayable: tuple[Claim, ...]
    evidence: str  # the part of the prompt that all agents share


def begin(material: Material, sayable: tuple[Claim, ...]) -> State:
    """A sample of which nothing is written yet, or that is as its revision tells."""
    evidence = prompts.load("evidence").render(
        music=material.media.music_evidence, image=material.media.image_evidence, sayable=sayable
    )
    state = State(
        material=material,
        sayable=sayable,
        evidence=evidence,
        caption="",
        caption_writer="captioner",
        claims=(),
        story="",
        story_writer="story_writer",
        faults=(),
        round=0,
        status=None,
        turns=(),
    )
    if material.revision:
        before = material.revision.before
        assert before.caption and before.story
        state["caption"], state["caption_writer"] = before.caption.text, before.caption.writer
        state["story"], state["story_writer"] = before.story.text, before.story.writer
        state["round"], state["turns"] = round_of(before), before.turns
    return state


def round_of(outcome: Outcome) -> int:
    """The round in which an item was decided."""
    return outcome.turns[-1].round


def draft_of(state: State) -> Draft:
    """The texts as they stand."""
    return Draft(state["round"], state["caption"], state["story"], state["faults"])


def brief(state: State, agent: AgentName) -> Brief:
    """What `agent` is told of the sample."""
    draft = draft_of(state)
    mood = next((c.value for c in state["sayable"] if c.attribute == "energy"), "quiet and open")
    task = prompts.load(agent).render(
        mood=mood, caption=draft.caption, story=draft.story, faults=draft.faults
    )
    system = prompts.load("system").text.strip()
    return Brief(
        agent=agent,
        material=state["material"],
        sayable=state["sayable"],
        draft=draft,
        prompt=PromptParts(system, state["evidence"], task, prompts.sha256_of(agent)),
    )


async def ask(state: State, agent: AgentName, asker: Asker, reply: type[R]) -> tuple[R, Turn]:
    """The reply to `agent`'s brief, and the turn that records it."""
    told = brief(state, agent)
    said = await asker.ask(told, reply)
    turn = Turn(
        agent=agent,
        round=told.draft.round,
        speaker=said.speaker,
        model=said.model,
        prompt_sha256=told.prompt.sha256,
        request_sha256=said.request_sha256,
        said=said.reply.model_dump_json(),
        faults="",
    )
    return said.reply, turn


def rules_turn(state: State, agent: AgentName, faults: tuple[Fault, ...]) -> Turn:
    """A turn in which rules spoke alone, and no speaker was asked."""
    said = json.dumps([state["caption"], state["story"]])
    return Turn(
        agent=agent,
        round=state["round"],
        speaker=RULES,
        model="rules/1",
        prompt_sha256=prompts.sha256_of(agent),
        request_sha256=hashlib.sha256(said.encode()).hexdigest(),
        said="",
        faults=list_faults(faults),
    )


def list_faults(faults: tuple[Fault, ...]) -> str:
    """Faults as text, one a line."""
    return "\n".join(f"{f.where}, {f.rule}: {f.quote!r}: {f.why}" for f in faults)
