"""What a build with a model will cost, before anything is asked: calls, tokens, money."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from mmusset import prompts
from mmusset.recipe import Recipe
from mmusset.speakers.agent import Agent, Place
from mmusset.speakers.picture import fitted_size, tokens
from mmusset.speakers.vllm.listener import sound_tokens

# A rule of thumb for plain English and a vocabulary of Qwen's size.
CHARACTERS_PER_TOKEN = 4.2
# The share of samples that are mended, once.
MENDED_SHARE = 0.25
# How often an agent is asked about a sample, by its place: what was mended is judged again.
CALLS: dict[Place, float] = {
    "listen": 1.0,
    "write": 1.0,
    "judge": 1 + MENDED_SHARE,
    "mend": MENDED_SHARE,
}


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of a whole build; `price` is 0 where the recipe names none."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    price: float


def estimate(samples: int, recipe: Recipe, agents: Sequence[Agent[BaseModel]]) -> Estimate | None:
    """The cost of that many samples; None where no model is asked."""
    calling = [agent for agent in agents if agent.place == "listen" or not _writes_offline(recipe)]
    if not calling:
        return None
    calls = prompt = reply = price = 0.0
    for agent in calling:
        count = samples * CALLS[agent.place]
        listens = agent.place == "listen"
        tokens_in = count * (_sound(recipe) if listens else _shared(recipe))
        tokens_in += count * _tokens(agent.prompt)
        tokens_out = count * agent.reply_tokens
        server = recipe.listener if listens else recipe.server
        price += (tokens_in * server.price_in + tokens_out * server.price_out) / 1e6
        calls, prompt, reply = calls + count, prompt + tokens_in, reply + tokens_out
    return Estimate(round(calls), round(prompt), round(reply), price)


def _writes_offline(recipe: Recipe) -> bool:
    return recipe.speaker.kind == "offline"


def _shared(recipe: Recipe) -> float:
    """The tokens that all prompts on a sample begin with: picture, evidence, what all are told."""
    side = recipe.image.max_side_px
    picture = tokens(*fitted_size(side, side, recipe.speaker.max_pixels))
    return picture + _tokens(prompts.load("system")) + _tokens(prompts.load("evidence"))


def _sound(recipe: Recipe) -> float:
    return sound_tokens(recipe.clip.seconds)


def _tokens(prompt: prompts.Prompt) -> float:
    return len(prompt.text) / CHARACTERS_PER_TOKEN
