"""What a build with a model will cost, before anything is asked: calls, tokens, money."""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from mmusset import prompts
from mmusset.recipe import Recipe
from mmusset.speakers.agent import Agent, Place
from mmusset.speakers.picture import fitted_size, tokens

# A rule of thumb for plain English and a vocabulary of Qwen's size.
CHARACTERS_PER_TOKEN = 4.2
# The share of samples that are mended, once.
MENDED_SHARE = 0.25
# How often an agent is asked about a sample, by its place: what was mended is judged again.
CALLS: dict[Place, float] = {"write": 1.0, "judge": 1 + MENDED_SHARE, "mend": MENDED_SHARE}


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of a whole build; `price` is 0 where the recipe names none."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    price: float


def estimate(samples: int, recipe: Recipe, agents: Sequence[Agent[BaseModel]]) -> Estimate | None:
    """The cost of that many samples; None for a speaker that needs no model."""
    if recipe.speaker.kind == "offline":
        return None
    side = recipe.image.max_side_px
    picture = tokens(*fitted_size(side, side, recipe.speaker.max_pixels))
    shared = picture + _tokens(prompts.load("system")) + _tokens(prompts.load("evidence"))
    calls = samples * sum(CALLS[agent.place] for agent in agents)
    prompt = samples * sum(
        CALLS[agent.place] * (shared + _tokens(agent.prompt)) for agent in agents
    )
    reply = samples * sum(CALLS[agent.place] * agent.reply_tokens for agent in agents)
    price = (prompt * recipe.server.price_in + reply * recipe.server.price_out) / 1e6
    return Estimate(round(calls), round(prompt), round(reply), price)


def _tokens(prompt: prompts.Prompt) -> float:
    return len(prompt.text) / CHARACTERS_PER_TOKEN
