"""A new agent is one declaration: a proofreader, declared here alone, takes part in everything.

It reads the story after the story writer, and takes the word "so" out of it.
"""

# docs/ADDING.md: from here
from random import Random
from typing import Annotated

from pydantic import Field

from mmusset.agents.state import GraphAgent, State, StateChange, ask, is_fixed
from mmusset.frozen import Frozen
from mmusset.prompts import Prompt
from mmusset.recipe import Recipe
from mmusset.recipe_parts.speaker import Sampling
from mmusset.speakers.agent import Notes
from mmusset.speakers.asking import Asker

# docs/ADDING.md: to here
# isort: split
import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from mmusset.agents import AGENTS
from mmusset.agents.preview import preview
from mmusset.builder import item_story, report, show_item
from mmusset.builder.estimate import estimate
from mmusset.builder.ledger.file import open_to_read
from mmusset.errors import UsageError
from mmusset.pipeline import build_dataset
from mmusset.recipe_file import load
from mmusset.shards.tar import read_shard
from mmusset.sources.folder import FolderSource
from mmusset.speakers import chat
from mmusset.speakers.agent import agents_named
from mmusset.view.detail import detail_of
from mmusset.view.open_dataset import open_dataset
from tests.support.media import library
from tests.support.samples import jpeg, material
from tests.support.serving import serving


# docs/ADDING.md: from here
class Proof(Frozen):
    """The proofreader's answer."""

    story: Annotated[str, Field(min_length=1, max_length=2000)]


async def turn(state: State, asker: Asker, recipe: Recipe) -> StateChange:
    if is_fixed(state, "story"):  # the source's own or a person's: nobody changes it
        return StateChange()
    reply, done = await ask(state, PROOFREADER, asker)
    return StateChange(story=reply.story, turns=(*state["turns"], done))


def offline(notes: Notes, random: Random) -> Proof:
    return Proof(story=notes.draft.story.replace(" so ", " "))


PROOFREADER: GraphAgent[Proof] = GraphAgent(
    name="proofreader",
    place="write",
    prompt=Prompt.of("proofreader", "# Your part: the proofreader\nstory: {{ story | quoted }}\n"),
    reply=Proof,
    sampling=Sampling(temperature=0.1, top_p=1.0, max_tokens=300),
    reply_tokens=120,
    turn=turn,
    offline=offline,
)
# docs/ADDING.md: to here
WITH_IT: tuple[GraphAgent[BaseModel], ...] = (*AGENTS, PROOFREADER)
ORDER = ["captioner", "story_writer", "proofreader", "critic"]
SHORT = ("clip.seconds=2", "limits.block_size=3")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("proofread") / "source", 2)


def build(
    source: Path, out: Path, *overrides: str, agents: Sequence[GraphAgent[BaseModel]] = WITH_IT
) -> dict[str, dict[str, Any]]:
    """The JSON of each sample of a finished build with these agents."""
    recipe = load(Recipe, "quickstart", (*SHORT, *overrides), agents)
    assert build_dataset(FolderSource(source), out, recipe, agents=agents).finished
    shards = sorted((out / "data").glob("*.tar"))
    return {
        key: json.loads(members["json"]) for shard in shards for key, members in read_shard(shard)
    }


def agents_of(sample: dict[str, Any]) -> list[str]:
    return [turn["agent"] for turn in sample["turns"]]


def test_a_build_offline_has_its_turn_in_every_sample(source: Path, tmp_path: Path) -> None:
    samples = build(source, tmp_path / "out")
    assert len(samples) == 2
    for sample in samples.values():
        assert agents_of(sample) == ORDER
        assert sample["story"]["writer"] == "proofreader"
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert manifest["models"]["proofreader"] == "offline-grammar/1"
    assert len(manifest["prompts"]["proofreader"]) == 64
    assert manifest["recipe"]["speaker"]["sampling"]["proofreader"]["temperature"] == 0.1
    assert "| proofreader | offline-grammar/1 |" in (tmp_path / "out" / "README.md").read_text()


def test_without_it_the_dataset_is_as_it_ever_was(source: Path, tmp_path: Path) -> None:
    samples = build(source, tmp_path / "out", agents=AGENTS)
    assert agents_of(next(iter(samples.values()))) == ["captioner", "story_writer", "critic"]
    manifest = (tmp_path / "out" / "manifest.json").read_text()
    assert "proofreader" not in manifest


@pytest.mark.slow
def test_a_server_answers_it_and_is_told_its_sampling(source: Path, tmp_path: Path) -> None:
    with serving(objecting=0.0) as stub:
        stub.agents = WITH_IT
        where = (f"server.url={stub.url}", "speaker.kind=vllm")
        samples = build(source, tmp_path / "out", *where)
        asked = [request for request in stub.seen if request.schema == "Proof"]
    assert len(asked) == len(samples) == 2
    assert all(agents_of(sample) == ORDER for sample in samples.values())


@pytest.mark.slow
def test_explain_and_view_show_its_turn(source: Path, tmp_path: Path) -> None:
    key = next(iter(build(source, tmp_path / "out")))
    with open_to_read(tmp_path / "out") as ledger:
        assert "proofreader, round 0" in show_item.stories(item_story.explain(ledger, key))
        assert any(cost.agent == "proofreader" for cost in report.status(ledger).costs)
    dataset = open_dataset(tmp_path / "out")
    with dataset.reading() as reading:
        story = reading.story(key)
        assert story
        detail = detail_of(story, reading.answer)
    assert [turn.agent for turn in detail.turns] == ORDER


def test_a_recipe_can_set_its_sampling_and_misspellings_are_refused() -> None:
    warm = "speaker.sampling.proofreader.temperature=0.9"
    changed = load(Recipe, "vllm", (warm,), WITH_IT).speaker.sampling["proofreader"]
    assert (changed.temperature, changed.max_tokens) == (0.9, 300)
    with pytest.raises(UsageError, match=r"Did you mean 'speaker\.sampling\.proofreader"):
        load(Recipe, "vllm", ("speaker.sampling.proofreder.temperature=0.9",), WITH_IT)
    with pytest.raises(UsageError, match=r"unknown key 'speaker\.sampling\.proofreader'"):
        load(Recipe, "vllm", (warm,), AGENTS)
    with pytest.raises(UsageError, match=r"no agent named .*\. Did you mean 'proofreader'"):
        agents_named(["proofreder"], WITH_IT)


def test_the_estimate_counts_its_calls() -> None:
    recipe = load(Recipe, "vllm", agents=WITH_IT)
    four, five = estimate(100, recipe, AGENTS), estimate(100, recipe, WITH_IT)
    assert four
    assert five
    assert five.calls == four.calls + 100
    assert five.completion_tokens == four.completion_tokens + 100 * PROOFREADER.reply_tokens


def test_its_prompt_can_be_looked_at(tmp_path: Path) -> None:
    picture = tmp_path / "picture.jpg"
    picture.write_bytes(jpeg())
    recipe = load(Recipe, "vllm", agents=WITH_IT)
    request = asyncio.run(preview(material(picture), PROOFREADER, recipe, WITH_IT))
    text = chat.show(chat.body(request, recipe.speaker))
    assert '# Your part: the proofreader\nstory: "' in text
    assert '"temperature": 0.1' in text
