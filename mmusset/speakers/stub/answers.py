"""What the stub server says: true answers in the schema that is asked for, by the offline grammar.

Everything it knows is in the request, as it would be for a model.
"""

import hashlib
import io
import json
import re
from base64 import b64decode
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from mmusset.sample import Claim, Colour, ImageEvidence, Measured
from mmusset.speakers.offline import caption_grammar, story_grammar
from mmusset.speakers.picture import tokens

CHARACTERS_PER_TOKEN = 4
BLOCK_TOKENS = 16  # of vLLM's prefix cache on a GPU

_CLAIM = re.compile(r"^- (\w+): (.+)$", re.MULTILINE)
_COLOUR = re.compile(r"([a-z][a-z ]+) (\d+) %")
_SHARE = re.compile(r"(brightness|warmth|saturation|contrast|busyness) ([\d.]+)")
_STORY = re.compile(r"^story: (\".*\")$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A chat taken apart. `picture` is a data URL; `sample` is alike for all calls on one."""

    model: str
    system: str
    picture: str
    evidence: str
    task: str
    schema: str  # the name of the answer's schema, "" for plain text
    sample: str

    @property
    def prompt_tokens(self) -> int:
        text = len(self.system) + len(self.evidence) + len(self.task)
        return text // CHARACTERS_PER_TOKEN + picture_tokens(self.picture)


def take_apart(body: dict[str, Any]) -> ChatRequest:
    """The parts of a chat completion's body. Raises KeyError or TypeError where one is missing."""
    system, picture, texts = "", "", []
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
    schema = body.get("response_format", {}).get("json_schema", {}).get("name", "")
    *before, task = texts
    evidence = "".join(before)
    sample = hashlib.sha256((picture + evidence).encode()).hexdigest()
    return ChatRequest(body["model"], system, picture, evidence, task, schema, sample)


def answer(asked: ChatRequest, objecting: float) -> str:
    """The answer's text. The critic objects to so many first stories, for the reconciler's sake."""
    first = _story(asked, 0)
    if asked.schema == "CaptionReply":
        said: dict[str, Any] = {"caption": _write_caption(asked.evidence, asked.sample)}
    elif asked.schema == "StoryReply":
        said = {"story": first}
    elif asked.schema == "Judgement":
        objects = _share(asked) < objecting and _told(asked) == first
        said = {"faults": [_OBJECTION] if objects else []}
    elif asked.schema == "Mending":
        said = {"caption": "", "story": _story(asked, 1)}
    elif asked.schema == "White":  # what `mmusset serve` warms up with
        said = {"white": "yes"}
    else:
        return "Yes."
    return json.dumps(said)


_OBJECTION = {
    "where": "story",
    "rule": "mood",
    "quote": "(the whole story)",
    "why": "a stub has no taste, but it can object",
    "mend": "write it anew",
}


@lru_cache(maxsize=512)
def picture_tokens(url: str) -> int:
    """How many tokens a data URL's picture takes; its size stands in the first bytes."""
    from PIL import Image

    if not url:
        return 0
    data = b64decode(url.partition(",")[2][:4096])
    with Image.open(io.BytesIO(data)) as image:
        return tokens(*image.size)


def _write_caption(evidence: str, sample: str) -> str:
    claims = [{"attribute": a, "value": v, "text": v} for a, v in _CLAIM.findall(evidence)]
    sayable = tuple(Claim.model_validate(claim) for claim in claims)
    return caption_grammar.write(sayable, 10.24, Random(sample))


def _story(asked: ChatRequest, number: int) -> str:
    return _write_story(asked.evidence, asked.sample, number)


@lru_cache(maxsize=512)
def _write_story(evidence: str, sample: str, number: int) -> str:
    shares = {name: _sure(float(value)) for name, value in _SHARE.findall(evidence)}
    colours = _COLOUR.findall(evidence.partition("colours ")[2].partition("\n")[0])
    if not shares or not colours:
        return "It is quiet here."
    palette = tuple(
        Colour(name=name.strip(), hex="#000000", share=int(percent) / 100)
        for name, percent in colours
    )
    image = ImageEvidence(width_px=1, height_px=1, palette=palette, **shares)
    return story_grammar.write(image, (), Random(f"{sample}{number}"))


def _sure(value: float) -> Measured:
    return Measured(value=value, confidence=1.0)


def _told(asked: ChatRequest) -> str:
    """The story that stands in the critic's prompt."""
    found = _STORY.search(asked.task)
    return str(json.loads(found[1])) if found else ""


def _share(asked: ChatRequest) -> float:
    return int(asked.sample[:8], 16) / 2**32
