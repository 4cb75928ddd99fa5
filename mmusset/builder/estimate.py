"""What a build with a model will cost, before anything is asked: calls, tokens, money."""

from dataclasses import dataclass

from mmusset import prompts
from mmusset.recipe import Recipe
from mmusset.sample import AGENTS
from mmusset.speakers.picture import fitted_size, tokens

# A rule of thumb for plain English and a vocabulary of Qwen's size; answers are as long as
# the prompts ask for.
CHARACTERS_PER_TOKEN = 4.2
ANSWER_TOKENS = {"captioner": 60, "story_writer": 130, "critic": 10, "reconciler": 150}
# The first three speak once for each sample; this share of samples is mended once.
MENDED_SHARE = 0.25


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of a whole build; `price` is 0 where the recipe names none."""

    calls: int
    prompt_tokens: int
    completion_tokens: int
    price: float


def estimate(samples: int, recipe: Recipe) -> Estimate | None:
    """The cost of so many samples; None with a speaker that needs no model."""
    if recipe.speaker.kind == "offline":
        return None
    side = recipe.image.max_side_px
    picture = tokens(*fitted_size(side, side, recipe.speaker.max_pixels))
    shared = picture + _tokens("system") + _tokens("evidence")
    # Whoever is mended is read by the critic again.
    times = {"captioner": 1.0, "story_writer": 1.0}
    times |= {"critic": 1 + MENDED_SHARE, "reconciler": MENDED_SHARE}
    prompt = samples * sum(times[agent] * (shared + _tokens(agent)) for agent in AGENTS)
    answer = samples * sum(times[agent] * ANSWER_TOKENS[agent] for agent in AGENTS)
    price = (prompt * recipe.server.price_in + answer * recipe.server.price_out) / 1e6
    return Estimate(round(samples * sum(times.values())), round(prompt), round(answer), price)


def _tokens(prompt: str) -> float:
    return len(prompts.load(prompt).text) / CHARACTERS_PER_TOKEN
