"""What travels through the graph, and how an agent asks its speaker."""

import hashlib
import json
from typing import TypedDict

from mmusset import prompts
from mmusset.sample import AgentName, Claim, Fault, JudgedClaim, Material, Status, Turn
from mmusset.speakers.base import Brief, R, Speaker, request_sha256


class State(TypedDict):
    """One sample on its way. Texts are "" and tuples empty until they are written."""

    material: Material
    sayable: tuple[Claim, ...]
    caption: str
    caption_writer: AgentName
    claims: tuple[JudgedClaim, ...]
    story: str
    story_writer: str
    faults: tuple[Fault, ...]
    round: int
    status: Status | None
    turns: tuple[Turn, ...]


class Change(TypedDict, total=False):
    """The part of a state that an agent changes."""

    caption: str
    caption_writer: AgentName
    claims: tuple[JudgedClaim, ...]
    story: str
    story_writer: str
    faults: tuple[Fault, ...]
    round: int
    status: Status | None
    turns: tuple[Turn, ...]


def begin(material: Material, sayable: tuple[Claim, ...]) -> State:
    """A sample of which nothing is written yet."""
    return State(
        material=material,
        sayable=sayable,
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


def brief(state: State, agent: AgentName) -> Brief:
    """What `agent` is told of the sample."""
    material = state["material"]
    system, task = prompts.load("system"), prompts.load(agent)
    mood = next((c.value for c in state["sayable"] if c.attribute == "energy"), "quiet and open")
    facts = {
        "music": material.music,
        "image": material.image,
        "sayable": state["sayable"],
        "mood": mood,
        "caption": state["caption"],
        "story": state["story"],
        "faults": state["faults"],
    }
    return Brief(
        agent=agent,
        key=material.key,
        round=state["round"],
        seed=material.seed,
        music=material.music,
        image=material.image,
        image_sha256=material.image_sha256,
        sayable=state["sayable"],
        caption=state["caption"],
        story=state["story"],
        faults=state["faults"],
        shared=system.render(**facts),
        task=task.render(**facts),
        prompt_sha256=hashlib.sha256((system.sha256 + task.sha256).encode()).hexdigest(),
    )


async def ask(state: State, agent: AgentName, speaker: Speaker, reply: type[R]) -> tuple[R, Turn]:
    """The speaker's answer to `agent`'s brief, and the turn that records it."""
    told = brief(state, agent)
    answer = await speaker.speak(told, reply)
    turn = Turn(
        agent=agent,
        round=told.round,
        speaker=speaker.name,
        model=speaker.model,
        prompt_sha256=told.prompt_sha256,
        request_sha256=request_sha256(told, speaker.model, reply),
        said=answer.model_dump_json(),
        faults="",
    )
    return answer, turn


def rules_turn(state: State, agent: AgentName, faults: tuple[Fault, ...]) -> Turn:
    """A turn in which rules spoke alone, and no speaker was asked."""
    said = json.dumps([state["caption"], state["story"]])
    return Turn(
        agent=agent,
        round=state["round"],
        speaker="rules",
        model="rules/1",
        prompt_sha256=prompts.load(agent).sha256,
        request_sha256=hashlib.sha256(said.encode()).hexdigest(),
        said="",
        faults=list_faults(faults),
    )


def list_faults(faults: tuple[Fault, ...]) -> str:
    """Faults as text, one a line."""
    return "\n".join(f"{f.where}, {f.rule}: {f.quote!r}: {f.why}" for f in faults)
