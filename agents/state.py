"""A sample on its way through the graph, an agent's declaration, and how it asks its speaker."""

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypedDict, TypeVar

from pydantic import BaseModel

from mmusset import prompts
from mmusset.frozen import Name
from mmusset.notability import worth_saying
from mmusset.recipe import SOUNDS_LIKE, Recipe
from mmusset.recipe_parts.rights import UsedTag
from mmusset.recipe_parts.texts import STORY_WORDS
from mmusset.sample import Material, Outcome, Revision, Status
from mmusset.sample_parts.claims import BY_EARS, Claim, JudgedClaim
from mmusset.sample_parts.evidence import Heard
from mmusset.sample_parts.texts import GIVEN, PictureFit
from mmusset.sample_parts.turns import PERSON, RULES, Fault, Turn
from mmusset.speakers.agent import Agent, Draft
from mmusset.speakers.asking import Asker
from mmusset.speakers.base import Brief, PromptParts, R
from mmusset.truth.findings import sayable
from mmusset.truth.hedge import is_hedged
from mmusset.truth.told import told

MOST_QUOTED = 200  # characters of a text at fault in a list of faults


class StateChange(TypedDict, total=False):
    """The part of a state that an agent changes; what it leaves out stays as it was."""

    caption: str
    claims: tuple[JudgedClaim, ...]
    story: str
    story_note: str  # what the critic has against a given story, which stays as it is
    picture_fit: PictureFit  # of the story, as the critic found it last
    faults: tuple[Fault, ...]
    round: int
    status: Status | None
    turns: tuple[Turn, ...]
    heard: Heard  # by a listener: it becomes part of what is known


class SignedChange(StateChange, total=False):
    """A change with the writer of each text, which the graph fills in: no agent says who it is."""

    caption_writer: Name
    story_writer: Name


class Known(TypedDict):
    """What is known of a sample, whatever is written; it grows where an agent has listened."""

    material: Material
    told: tuple[JudgedClaim, ...]  # what the tags in use claim, contradicted or not
    sayable: tuple[Claim, ...]
    evidence: str  # the part of the prompt that all agents share


class State(SignedChange, Known):
    """One sample in the graph. Texts are "" and tuples empty until they are written."""

    title: str  # the piece's, where the recipe allows to tell it
    story_words: tuple[int, int]  # the fewest and the most, as the recipe has them


R_co = TypeVar("R_co", bound=BaseModel, covariant=True)
TakeTurn: TypeAlias = Callable[[State, Asker, Recipe], Awaitable[StateChange]]


@dataclass(frozen=True, kw_only=True)
class GraphAgent(Agent[R_co]):
    """An agent's whole declaration: what the rooms below know of it, and its turn in the graph.

    `turn` takes a sample's state, what asks the speaker, and the recipe, and returns what it
    changed. A text in it is published as the agent's; one that `is_fixed` stays as it was. An agent
    that judges sets `status`, or leaves it None to have the faults mended; one that mends counts
    `round` up, or sets `status` where it can't. Each appends its `Turn`, the record that is
    published.
    """

    turn: TakeTurn


def begin(
    material: Material,
    certainty: float,
    use: Sequence[UsedTag] = (),
    sounds_like: float = SOUNDS_LIKE,
    story_words: tuple[int, int] = STORY_WORDS,
) -> State:
    """A sample of which nothing is written yet, or as its revision left it.

    `certainty`, `sounds_like` and `story_words` are the recipe's, and `use` the tags that may be
    used.
    """
    music = material.media.music_evidence
    by_tags = told(material.tags, use, music, certainty)
    said = sayable(music, certainty, by_tags, sounds_like)
    worth = worth_saying(said)
    evidence = prompts.load("evidence").render(
        music=music.known,
        image=material.media.image_evidence,
        sayable=[claim for claim in worth if claim.tier not in BY_EARS],
    )
    evidence += _heard([claim for claim in worth if claim.tier in BY_EARS])
    if music.scope == "piece":
        evidence += prompts.load("piece").render()
    state = State(
        material=material,
        told=by_tags,
        sayable=said,
        title=material.tags.title if "title" in use else "",
        story_words=story_words,
        evidence=evidence,
        caption="",
        caption_writer="",
        claims=(),
        story="",
        story_writer="",
        story_note="",
        picture_fit=PictureFit(),
        faults=(),
        round=first_round(material),
        status=None,
        turns=material.earlier,
        heard={},
    )
    if material.revision:
        return {**state, **_revised(material.revision)}
    return state


def begin_by(material: Material, recipe: Recipe) -> State:
    """A sample of which nothing is written yet, as a recipe has it."""
    return begin(
        material,
        recipe.certainty,
        recipe.tags.use,
        recipe.certainty_sounds_like,
        recipe.critic.story_words,
    )


def known_with(state: State, heard: Heard, recipe: Recipe) -> Known:
    """What is known of a sample when more was heard in it."""
    begun = begin_by(state["material"].with_heard(heard), recipe)
    return Known(
        material=begun["material"],
        told=begun["told"],
        sayable=begun["sayable"],
        evidence=begun["evidence"],
    )


def _heard(claims: Sequence[Claim]) -> str:
    """What the ears' part of the prompt says of these claims; "" of none."""
    if not claims:
        return ""
    heard = [claim.model_dump() | {"hedged": is_hedged(claim)} for claim in claims]
    return prompts.load("heard").render(heard=heard)


def _sha256_of(agent: GraphAgent[BaseModel], state: State) -> str:
    """The hash of the templates that the sample's prompt is made of."""
    music = state["material"].media.music_evidence
    of_piece = music.scope == "piece"
    return prompts.sha256_of(agent.prompt, bool(music.heard), of_piece, is_matched(state))


def is_matched(state: State) -> bool:
    """Whether nothing in the source pairs the picture and its music."""
    return state["material"].media.image.match.by == "matched"


def first_round(material: Material) -> int:
    """The round in which the texts of a sample are begun: 0, but with another picture."""
    return material.earlier[-1].round + 1 if material.earlier else 0


def _revised(revision: Revision) -> SignedChange:
    """Where a revision begins: with what was there, and the person's words in its place."""
    before, change = revision.before, SignedChange()
    if before:
        change["round"], change["turns"] = round_of(before), before.turns
    if before and before.caption:
        change["caption"], change["caption_writer"] = before.caption.text, before.caption.writer
    if before and before.story:
        change["story"], change["story_writer"] = before.story.text, before.story.writer
    if revision.caption:
        change["caption"], change["caption_writer"] = revision.caption, PERSON
    if revision.story:
        change["story"], change["story_writer"] = revision.story, PERSON
    return change


def is_fixed(state: State, text: Literal["caption", "story"]) -> bool:
    """Whether a text is a person's or the source's own, which no agent changes."""
    writer = state["caption_writer"] if text == "caption" else state["story_writer"]
    return writer in (GIVEN, PERSON)


def is_given(state: State, text: Literal["caption", "story"]) -> bool:
    """Whether a text is the source's own, which nothing changes."""
    writer = state["caption_writer"] if text == "caption" else state["story_writer"]
    return writer == GIVEN


def round_of(outcome: Outcome) -> int:
    """The round in which an item was decided."""
    return outcome.turns[-1].round if outcome.turns else 0


def has_words(state: State) -> bool:
    """Whether a person wrote one of the texts."""
    return PERSON in (state["caption_writer"], state["story_writer"])


def draft_of(state: State) -> Draft:
    """The texts as they stand."""
    return Draft(state["round"], state["caption"], state["story"], state["faults"])


def brief(state: State, agent: GraphAgent[BaseModel]) -> Brief:
    """What `agent` may know of the sample, and its prompt."""
    draft = draft_of(state)
    task = agent.prompt.render(
        mood=_mood(state["sayable"]),
        story_words=state["story_words"],
        title=state["title"],
        caption=draft.caption,
        story=draft.story,
        faults=draft.faults,
    )
    if agent.place == "judge" and is_matched(state):
        task += prompts.load("match").text
    system, evidence = prompts.load("system").text.strip(), state["evidence"]
    if agent.place == "listen":
        system = evidence = ""  # it is to say what it hears, whatever else is known
    return Brief(
        agent=agent,
        material=state["material"],
        sayable=state["sayable"],
        draft=draft,
        prompt=PromptParts(system, evidence, task, _sha256_of(agent, state)),
        title=state["title"],
        story_words=state["story_words"],
    )


def _mood(sayable: tuple[Claim, ...]) -> str:
    """The mood that a story is to have: as a tag tells it, else by the music's energy."""
    values = {c.attribute: c.value for c in reversed(sayable) if c.attribute in ("mood", "energy")}
    return (values.get("mood") or values.get("energy", "quiet and open")).removesuffix(" mood")


async def ask(state: State, agent: GraphAgent[R], asker: Asker) -> tuple[R, Turn]:
    """The reply to `agent`'s brief, and the turn that records it.

    Raises Unusable where no reply is of any use.
    """
    request = brief(state, agent)
    reply = await asker.ask(request, agent.reply)
    turn = Turn(
        agent=agent.name,
        round=request.draft.round,
        speaker=reply.speaker,
        model=reply.model,
        prompt_sha256=request.prompt.sha256,
        request_sha256=reply.request_sha256,
        said=reply.value.model_dump_json(),
        faults="",
    )
    return reply.value, turn


def settled_turn(
    state: State,
    agent: GraphAgent[BaseModel],
    faults: tuple[Fault, ...],
    by: str,
    said: str = "",
) -> Turn:
    """A turn that rules or a person decided: no speaker was asked."""
    texts = json.dumps([state["caption"], state["story"]])
    return Turn(
        agent=agent.name,
        round=state["round"],
        speaker=by,
        model="rules/1" if by == RULES else by,
        prompt_sha256=_sha256_of(agent, state),
        request_sha256=hashlib.sha256(texts.encode()).hexdigest(),
        said=said,
        faults=list_faults(faults),
    )


def list_faults(faults: tuple[Fault, ...]) -> str:
    """Faults as text, one a line."""
    return "\n".join(f"{f.where}, {f.rule}: {_shortened(f.quote)!r}: {f.why}" for f in faults)


def _shortened(quote: str) -> str:
    return quote if len(quote) <= MOST_QUOTED else f"{quote[: MOST_QUOTED - 1]}…"
