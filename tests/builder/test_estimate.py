"""What a build will cost, before anything is asked."""

import json
from pathlib import Path

import pytest

from mmusset import recipe_file
from mmusset.agents import AGENTS
from mmusset.builder.estimate import estimate
from mmusset.recipe import Recipe
from mmusset.speakers.stub.server import StubServer
from tests.support.command import SHORT, mmusset
from tests.support.media import library
from tests.support.serving import serving

PRICES = ("server.price_in=0.2", "server.price_out=0.6")


def test_the_offline_speaker_costs_nothing() -> None:
    assert estimate(1000, recipe_file.load(Recipe, "quickstart", agents=AGENTS), AGENTS) is None


def test_prices_are_for_a_million_tokens() -> None:
    free = estimate(1000, recipe_file.load(Recipe, "vllm", agents=AGENTS), AGENTS)
    priced = estimate(1000, recipe_file.load(Recipe, "vllm", PRICES, AGENTS), AGENTS)
    assert free
    assert priced
    assert (free.calls, free.price) == (3500, 0)
    assert (priced.calls, priced.prompt_tokens) == (free.calls, free.prompt_tokens)
    told = (0.2 * priced.prompt_tokens + 0.6 * priced.completion_tokens) / 1e6
    assert abs(priced.price - told) < 1e-5


def test_smaller_pictures_cost_less() -> None:
    usual = estimate(10, recipe_file.load(Recipe, "vllm", agents=AGENTS), AGENTS)
    small = estimate(
        10, recipe_file.load(Recipe, "vllm", ("speaker.max_pixels=50176",), AGENTS), AGENTS
    )
    assert usual
    assert small
    assert usual.prompt_tokens - small.prompt_tokens == 35 * (256 - 64)


@pytest.mark.slow
def test_it_is_near_what_a_build_then_costs(tmp_path: Path) -> None:
    source, out = library(tmp_path / "source", 8), tmp_path / "out"
    with serving(objecting=0.25) as stub:
        asked = through(stub)
        done = mmusset("build", "--source", source, "--out", out, *SHORT, *asked)
        assert done.returncode == 0, done.stderr
    agents = json.loads((out / "manifest.json").read_text())["cost"]["agents"].values()
    dry = mmusset("build", "--source", source, *asked, *SHORT, "--dry-run", "--json")
    told = json.loads(dry.stdout)["estimate"]
    for counted in ("calls", "prompt_tokens"):
        assert 0.7 < told[counted] / sum(agent[counted] for agent in agents) < 1.4


def through(stub: StubServer) -> tuple[str, ...]:
    """Pictures so small that the tests' own fill them."""
    where = ("--set", f"server.url={stub.url}", "--set", "speaker.max_pixels=12544")
    return ("--speaker", "vllm", *where)
