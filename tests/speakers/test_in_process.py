"""Qwen2-VL in this process: a real one, tiny and random, whose answers keep to their schema."""

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from pydantic import BaseModel

from mmusset import prompts
from mmusset.agents import AGENTS
from mmusset.agents.captioner import CAPTIONER
from mmusset.agents.critic import CRITIC
from mmusset.agents.reconciler import RECONCILER
from mmusset.agents.state import GraphAgent, begin, brief
from mmusset.agents.story_writer import STORY_WRITER
from mmusset.errors import MmussetError, Stopped
from mmusset.recipe import CERTAINTY
from mmusset.recipe_parts.speaker import SpeakerPart
from mmusset.sample_parts.turns import Fault
from mmusset.speakers.base import Reply, Request
from mmusset.speakers.local.speaker import TransformersSpeaker
from mmusset.speakers.picture import fit, tokens
from tests.support import samples
from tests.support.tiny_qwen2vl import architecture, make_adapter, make_tiny, size_of

# Random weights fill each string to its bound.
ROOM = {"temperature": 1.0, "top_p": 1.0, "max_tokens": 3200}
MAX_PIXELS = 8 * 28 * 28


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    texts = [prompts.load(name).text for name in ("system", "evidence")]
    texts += [agent.prompt.text for agent in AGENTS]
    return make_tiny(tmp_path_factory.mktemp("tiny") / "base", texts)


@pytest.fixture(scope="module")
def adapter(base: Path) -> Path:
    return make_adapter(base, base.parent / "adapter")


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("picture") / "k.model.jpg"
    path.write_bytes(fit(Image.new("RGB", (200, 120), "navy"), MAX_PIXELS))
    return path


def request(picture: Path, agent: GraphAgent[BaseModel], key: str = "k1") -> Request:
    material = samples.material(picture, key=key)
    fault = Fault(where="caption", rule="contradicted", quote="loud", why="it is soft", mend="soft")
    state = {
        **begin(material, CERTAINTY),
        "caption": "A loud piece.",
        "story": "A blue wall.",
        "faults": (fault,),
    }
    return Request(brief(state, agent))


def part(base: Path, adapters: dict[str, str] | None = None, **sampling: float) -> SpeakerPart:
    return SpeakerPart.for_agents(
        AGENTS,
        kind="transformers",
        model=str(base),
        adapters=adapters or {},
        max_pixels=MAX_PIXELS,
        sampling={agent.name: ROOM | sampling for agent in AGENTS},
    )


def answers(part: SpeakerPart, requests: Sequence[Request]) -> list[Reply]:
    async def ask() -> list[Reply]:
        async with TransformersSpeaker(part) as speaker:
            return list(await asyncio.gather(*map(speaker.answer, requests)))

    return asyncio.run(ask())


def test_it_is_a_real_qwen2_vl(base: Path) -> None:
    assert architecture(base) == "Qwen2VLForConditionalGeneration"
    assert 500_000 < size_of(base) < 1_500_000


@pytest.mark.slow
@pytest.mark.parametrize(
    "agent",
    [CAPTIONER, CRITIC, STORY_WRITER, RECONCILER],
    ids=lambda agent: str(agent.name),
)
def test_random_weights_keep_to_the_schema(
    agent: GraphAgent[BaseModel], base: Path, picture: Path
) -> None:
    asked = [request(picture, agent, key) for key in ("k1", "k2", "k3")]
    written = answers(part(base), asked)
    for answer in written:
        assert answer.finish_reason == "stop"
        agent.reply.model_validate_json(answer.text)
        assert answer.prompt_tokens > tokens(84, 56)
        assert answer.completion_tokens > 0
    if agent.place != "judge":  # whose commonest reply has no words: an empty list of faults
        assert len({answer.text for answer in written}) == 3, "each draws its own words"


@pytest.mark.slow
def test_what_is_said_does_not_hang_on_the_batch(base: Path, picture: Path) -> None:
    """Longer and shorter prompts side by side are padded, and nobody can tell."""
    first = request(picture, CAPTIONER)
    prompt = first.brief.prompt
    longer = replace(
        first.brief,
        material=replace(first.brief.material, key="k2"),
        prompt=replace(prompt, evidence=prompt.evidence + "One line more.\n" * 9),
    )
    speaker = part(base, temperature=1.0, max_tokens=40)
    together = answers(speaker, [first, replace(first, brief=longer)])
    assert together[0].text == answers(speaker, [first])[0].text
    assert together[0].finish_reason == "length"
    assert together[0].completion_tokens == 40
    assert together[0].prompt_tokens < together[1].prompt_tokens


def test_a_picture_takes_the_patches_that_it_was_fitted_to(base: Path, tmp_path: Path) -> None:
    """Neither qwen-vl-utils nor the processor scales again what was scaled for a server."""
    asked, patches = [], []
    for width, height in ((100, 100), (640, 200), (30, 900), (1024, 1024), (57, 20)):
        path = tmp_path / f"{width}.jpg"
        path.write_bytes(fit(Image.new("RGB", (width, height), "navy"), MAX_PIXELS))
        with Image.open(path) as image:
            patches.append(tokens(*image.size))
        asked.append(request(path, CAPTIONER))
    speaker = part(base, temperature=0.0, max_tokens=16)
    text = [a.prompt_tokens - n for a, n in zip(answers(speaker, asked), patches, strict=True)]
    assert len(set(patches)) > 2
    assert len(set(text)) == 1, "the text is the same"


@pytest.mark.slow
def test_only_the_agents_that_name_an_adapter_speak_through_it(
    base: Path, adapter: Path, picture: Path
) -> None:
    asked = [request(picture, agent) for agent in (CAPTIONER, STORY_WRITER)]
    plain = answers(part(base, max_tokens=60), asked)
    adapted = answers(part(base, {"captioner": str(adapter)}, max_tokens=60), asked)
    assert adapted[0].text != plain[0].text
    assert adapted[1].text == plain[1].text


@pytest.mark.slow
def test_each_agent_may_have_an_adapter_of_its_own(
    base: Path, adapter: Path, picture: Path
) -> None:
    other = make_adapter(base, base.parent / "other", seed=2)
    asked = [request(picture, agent) for agent in (CAPTIONER, STORY_WRITER)]
    alone, both = (
        answers(
            part(base, {"captioner": str(adapter), "story_writer": str(its)}, max_tokens=60), asked
        )
        for its in (adapter, other)
    )
    assert both[0].text == alone[0].text
    assert both[1].text != alone[1].text


def test_an_adapters_weights_are_in_the_models_name(base: Path, adapter: Path) -> None:
    async def names() -> list[str]:
        async with TransformersSpeaker(part(base, {"captioner": str(adapter)})) as speaker:
            return [speaker.model_id(agent).name for agent in ("captioner", "critic")]

    captioner, critic = asyncio.run(names())
    assert captioner.startswith(f"{base}+adapter-")
    assert critic == str(base)


@pytest.mark.slow
def test_a_model_of_the_hub_is_known_by_its_commit(base: Path, tmp_path: Path) -> None:
    """What is loaded is the revision that the recipe names, and else the newest one."""
    newest, older = "a" * 40, "b" * 40
    cached = tmp_path / "hub" / "models--some--tiny"
    for commit in (newest, older):
        shutil.copytree(base, cached / "snapshots" / commit)
    (cached / "refs").mkdir()
    (cached / "refs" / "main").write_text(newest)
    parts = [
        SpeakerPart.for_agents(AGENTS, kind="transformers", model="some/tiny", revision=revision)
        for revision in ("", older)
    ]
    script = (
        "import asyncio, sys; from mmusset.recipe_parts.speaker import SpeakerPart;"
        " from mmusset.speakers.local.speaker import TransformersSpeaker\n"
        "async def main():\n"
        "    for part in map(SpeakerPart.model_validate_json, sys.argv[1:]):\n"
        "        async with TransformersSpeaker(part) as speaker:\n"
        "            print(speaker.model_id('critic').name)\n"
        "asyncio.run(main())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *(part.model_dump_json() for part in parts)],
        capture_output=True,
        text=True,
        env=os.environ | {"HF_HUB_CACHE": str(tmp_path / "hub"), "HF_HUB_OFFLINE": "1"},
        check=False,
    )
    assert done.stdout == f"some/tiny@{newest}\nsome/tiny@{older}\n", done.stderr


def test_a_model_that_is_not_there_gets_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(MmussetError, match=r"can't load the model .*nowhere") as raised:
        answers(part(tmp_path / "nowhere"), [])
    assert "\n" not in str(raised.value)


@pytest.mark.slow
def test_stopping_lets_the_batch_come_back_and_begins_no_more(base: Path, picture: Path) -> None:
    async def scene() -> list[Reply | BaseException]:
        async with TransformersSpeaker(part(base)) as speaker:
            calls = []
            for agent in (CAPTIONER, CRITIC):
                calls.append(asyncio.create_task(speaker.answer(request(picture, agent))))
                for _ in range(10):  # turns of the loop: the first is being written
                    await asyncio.sleep(0)
            speaker.stop()
            return await asyncio.gather(*calls, return_exceptions=True)

    written, refused = asyncio.run(scene())
    assert isinstance(written, Reply)
    assert isinstance(refused, Stopped)
