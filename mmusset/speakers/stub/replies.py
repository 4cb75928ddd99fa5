"""What the stub server replies: what the agent whose schema is asked for writes offline.

So it is true, and in the schema. All it knows is in the request, as it would be for a model.
"""

import hashlib
import io
import json
import re
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from random import Random
from typing import Any

from pydantic import BaseModel

from mmusset.ears.listener import Hearing
from mmusset.ears.sounds import seconds_of
from mmusset.measured import Measured
from mmusset.recipe_parts.texts import MODEL_STORY_WORDS
from mmusset.sample_parts.claims import Claim
from mmusset.sample_parts.evidence import Colour, ImageEvidence, Placed
from mmusset.sample_parts.turns import Fault
from mmusset.speakers.agent import Agent, Draft, Notes
from mmusset.speakers.offline import story_grammar
from mmusset.speakers.picture import tokens
from mmusset.speakers.vllm.listener import sound_tokens
from mmusset.text import word_count

from .listening import hearing
from .plan import StubPlan

CHARACTERS_PER_TOKEN = 4
BLOCK_TOKENS = 16  # of vLLM's prefix cache on a GPU

# How the templates in prompts/ say what the offline writers need.
_MEASURES = ("brightness", "warmth", "saturation", "contrast", "busyness", "sharpness")
_CLAIM = re.compile(r"^- (\w+): (.+)$", re.MULTILINE)
_COLOUR = re.compile(r"([a-z][a-z ]+) (\d+) % \(([a-z ]+), ([a-z ]+)\)")
_LIGHTEST = re.compile(r"lightest: ([a-z ]+)")
_SHARE = re.compile(rf"({'|'.join(_MEASURES)}) ([\d.]+)")
_QUOTED = r'("(?:[^"\\]|\\.)*")'
_FAULT = re.compile(
    rf"^fault in the (caption|story): {_QUOTED}: {_QUOTED}; to mend it: {_QUOTED}$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """The parts of a chat. `picture` is a data URL, `sound` a WAV in base64; `sample` is the same
    for all calls on one."""

    model: str
    system: str
    picture: str
    evidence: str
    task: str
    schema: str  # the name of the reply's schema, "" for plain text
    sample: str
    sound: str = ""

    @property
    def prompt_tokens(self) -> int:
        text = len(self.system) + len(self.evidence) + len(self.task)
        seen, heard = picture_tokens(self.picture), heard_tokens(self.sound)
        return text // CHARACTERS_PER_TOKEN + seen + heard


def parse_chat(body: dict[str, Any]) -> ChatRequest:
    """The parts of a chat completion's body. Raises KeyError or TypeError where one is missing."""
    system, picture, sound, texts = "", "", "", []
    for message in body["messages"]:
        content = message["content"]
        if message["role"] == "system":
            system = content
        elif isinstance(content, str):
            texts.append(content)
        else:
            texts += [part["text"] for part in content if part["type"] == "text"]
            urls = [p["image_url"]["url"] for p in content if p["type"] == "image_url"]
            picture = "".join(urls)
            sounds = [p["input_audio"]["data"] for p in content if p["type"] == "input_audio"]
            sound = "".join(sounds)
    schema = body.get("response_format", {}).get("json_schema", {}).get("name", "")
    *before, task = texts
    evidence = "".join(before)
    sample = hashlib.sha256((picture + sound + evidence).encode()).hexdigest()
    return ChatRequest(body["model"], system, picture, evidence, task, schema, sample, sound)


def reply_to(chat: ChatRequest, agents: Sequence[Agent[BaseModel]], plan: StubPlan) -> str:
    """The reply's text: what the agent whose schema is asked for writes offline, and of a sound
    what the plan has a listener hear.

    The share `plan.objecting` of first drafts is objected to, so that there is something to mend.
    """
    if chat.schema == Hearing.__name__:
        return hearing(chat.sound, plan).model_dump_json()
    for agent in agents:
        if agent.reply.__name__ == chat.schema:
            return _reply(agent, chat, agents, plan.objecting).model_dump_json()
    # What `mmusset serve` warms a server up with, and what a probe asks.
    return '{"white":"yes"}' if chat.schema == "White" else "Yes."


def _reply(
    agent: Agent[BaseModel],
    chat: ChatRequest,
    agents: Sequence[Agent[BaseModel]],
    objecting: float,
) -> BaseModel:
    notes = _notes(chat)
    if agent.objection and _share(chat) < objecting and _is_first_draft(notes, chat, agents):
        return agent.objection
    return _written(agent, notes, chat)


def _written(agent: Agent[BaseModel], notes: Notes, chat: ChatRequest) -> BaseModel:
    """What an agent writes offline, its story made as long as a model's is to be."""
    random = _random(agent, chat)
    reply = agent.offline(notes, random)
    story = getattr(reply, "story", "")
    while story and word_count(story) < MODEL_STORY_WORDS[0]:
        story = f"{story} {story_grammar.write(notes.image, '', random)}"
    return reply.model_copy(update={"story": story}) if story else reply


def _is_first_draft(notes: Notes, chat: ChatRequest, agents: Sequence[Agent[BaseModel]]) -> bool:
    """Whether the story is as this server's own writers leave it: nobody has mended it yet.

    The server keeps no state, so that it can be restarted: what its writers wrote is computed
    once more, from the same request.
    """
    first = replace(notes, draft=Draft(0, "", "", ()))
    for agent in agents:
        if agent.place == "write":
            texts = _written(agent, first, chat).model_dump(include={"caption", "story"})
            first = replace(first, draft=replace(first.draft, **texts))
    return notes.draft.story == first.draft.story


def _random(agent: Agent[BaseModel], chat: ChatRequest) -> Random:
    return Random(f"{chat.sample} {agent.name}")


@lru_cache(maxsize=512)
def picture_tokens(url: str) -> int:
    """How many tokens a data URL's picture takes; its size stands in the first bytes."""
    from PIL import Image

    if not url:
        return 0
    data = b64decode(url.partition(",")[2][:4096])
    with Image.open(io.BytesIO(data)) as image:
        return tokens(*image.size)


@lru_cache(maxsize=64)
def heard_tokens(sound: str) -> int:
    """How many tokens a sound takes."""
    return sound_tokens(seconds_of(b64decode(sound))) if sound else 0


def _notes(chat: ChatRequest) -> Notes:
    """What the offline writers need to know, read out of a prompt, which may be a single text."""
    evidence = chat.evidence or chat.task
    claims = [
        Claim.model_validate({"attribute": attribute, "value": value, "text": value})
        for attribute, value in _CLAIM.findall(evidence)
    ]
    draft = Draft(0, _text("caption", chat.task), _text("story", chat.task), _faults(chat.task))
    return Notes(tuple(claims), _image(evidence), draft)


def _image(evidence: str) -> ImageEvidence:
    """The picture's measures; a plain grey one where they can't be read."""
    measures = {name: Measured(value=0.5, confidence=0.0) for name in _MEASURES}
    measures |= {
        name: Measured(value=float(v), confidence=1.0) for name, v in _SHARE.findall(evidence)
    }
    colours = _COLOUR.findall(evidence.partition("colours ")[2].partition("\n")[0])
    lightest = _LIGHTEST.search(evidence)
    palette = tuple(
        Colour(
            name=name.strip(),
            hex="#000000",
            share=int(percent) / 100,
            purity=1.0,
            place=_placed(where, shape),
        )
        for name, percent, shape, where in colours or [("grey", "100", "area", "all over")]
    )
    return ImageEvidence(
        width_px=1,
        height_px=1,
        palette=palette,
        lightest=_placed(lightest[1] if lightest else "all over"),
        **measures,
    )


def _placed(where: str, shape: str = "area") -> Placed:
    place = {"where": where, "shape": shape, "confidence": 1.0, "filled": 1.0}
    return Placed.model_validate(place)


def _text(field: str, task: str) -> str:
    """A text that stands in a prompt as one line of JSON; "" where it does not."""
    match = re.search(rf'^{field}: (".*")$', task, re.MULTILINE)
    return str(json.loads(match[1])) if match else ""


def _faults(task: str) -> tuple[Fault, ...]:
    """The faults that a prompt lists. It does not say by which rule they were found."""
    faults = []
    for where, *quoted in _FAULT.findall(task):
        quote, why, mend = (json.loads(text) for text in quoted)
        faults.append(Fault(where=where, rule="", quote=quote, why=why, mend=mend))
    return tuple(faults)


def _share(chat: ChatRequest) -> float:
    return int(chat.sample[:8], 16) / 2**32
