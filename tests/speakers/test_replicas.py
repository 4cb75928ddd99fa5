"""Several servers of one model: who is asked, and what happens when one goes."""

import asyncio
from pathlib import Path

import pytest

from mmusset.agents import AGENTS
from mmusset.agents.captioner import CAPTIONER
from mmusset.agents.state import begin, brief
from mmusset.errors import MmussetError, ServerGone, UsageError
from mmusset.recipe import CERTAINTY
from mmusset.recipe_parts.speaker import ServerPart, SpeakerPart
from mmusset.speakers.base import Request
from mmusset.speakers.picture import fit
from mmusset.speakers.stub.plan import PlannedFault, StubPlan
from mmusset.speakers.stub.server import StubServer
from mmusset.speakers.vllm.replicas import ReplicatedSpeaker
from tests.support import samples
from tests.support.command import SHORT, mmusset, tree
from tests.support.media import library
from tests.support.serving import serving

SPEAKER = SpeakerPart.for_agents(AGENTS)


def server(model: str = "stub", latency_s: float = 0.02) -> StubServer:
    return StubServer(StubPlan(latency_s=latency_s, model=model), AGENTS)


def speaker(*servers: StubServer, **settings: float) -> ReplicatedSpeaker:
    urls = {"urls": [each.url for each in servers]}
    return ReplicatedSpeaker(SPEAKER, ServerPart.model_validate(urls | settings))


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from PIL import Image

    path = tmp_path_factory.mktemp("picture") / "k.model.jpg"
    path.write_bytes(fit(Image.new("RGB", (200, 120), "navy"), 256 * 784))
    return path


def request(picture: Path, key: str) -> Request:
    state = begin(samples.material(picture, key=key), CERTAINTY)
    state["evidence"] = f"{state['evidence']}\n{key}"
    return Request(brief(state, CAPTIONER))


def test_a_sample_s_calls_go_to_one_server_and_new_ones_to_the_least_queue(picture: Path) -> None:
    async def run() -> None:
        async with server() as one, server() as other, speaker(one, other) as both:
            asked = [request(picture, f"k{n}") for n in range(8)]
            for _ in range(2):
                await asyncio.gather(*map(both.answer, asked))
            assert len(one.seen) == len(other.seen) == 8
            assert all(seen.status == 200 for seen in one.seen + other.seen)
            hashes = [{seen.body_sha256 for seen in each.seen} for each in (one, other)]
            assert [len(each) for each in hashes] == [4, 4]
            assert not hashes[0] & hashes[1]

    asyncio.run(asyncio.wait_for(run(), 60))


def test_samples_that_come_one_at_a_time_go_to_the_servers_by_turns(picture: Path) -> None:
    async def run() -> None:
        async with server() as one, server() as other, speaker(one, other) as both:
            for n in range(6):
                await both.answer(request(picture, f"k{n}"))
            assert len(one.seen) == len(other.seen) == 3

    asyncio.run(asyncio.wait_for(run(), 60))


def test_a_server_that_dies_is_left_and_asked_again(picture: Path) -> None:
    async def run() -> None:
        async with server() as one, server() as other, speaker(one, other) as both:
            asked = [request(picture, f"k{n}") for n in range(4)]
            await asyncio.gather(*map(both.answer, asked))
            await one.go_down()
            await asyncio.gather(*map(both.answer, asked))
            assert len(other.seen) == 6
            await one.come_back()
            await other.go_down()
            await asyncio.gather(*map(both.answer, asked))
            assert len(one.seen) == 6

    asyncio.run(asyncio.wait_for(run(), 60))


def test_one_server_is_enough_to_begin_with_and_none_is_not(picture: Path) -> None:
    async def run() -> None:
        async with server() as one, server() as other:
            await one.go_down()
            async with speaker(one, other) as both:
                await both.answer(request(picture, "k"))
            await other.go_down()
            with pytest.raises(MmussetError, match="no server at"):
                await speaker(one, other).__aenter__()

    asyncio.run(asyncio.wait_for(run(), 60))


def test_servers_that_all_stay_away_end_a_build(picture: Path) -> None:
    async def run() -> None:
        async with server() as one, speaker(one, wait_seconds=0.2) as alone:
            await one.go_down()
            with pytest.raises(ServerGone, match=r"none of the 1 servers .* run the same command"):
                await alone.answer(request(picture, "k"))

    asyncio.run(asyncio.wait_for(run(), 60))


def test_servers_of_different_models_are_refused() -> None:
    async def run() -> None:
        async with server() as one, server("another") as other:
            with pytest.raises(UsageError, match="has another model than the other servers"):
                await speaker(one, other).__aenter__()

    asyncio.run(asyncio.wait_for(run(), 60))


@pytest.mark.slow
def test_a_build_gives_the_same_ledger_with_a_server_that_dies(tmp_path: Path) -> None:
    """Whoever wrote a reply is in no hash: a build by one server finds nothing left to do."""
    source, out = library(tmp_path / "source", 6), tmp_path / "out"
    words = ("build", "--source", source, *SHORT, "--speaker", "vllm")
    death = PlannedFault(kind="die", first=4)
    with serving() as one, serving(death) as other:
        urls = f"server.urls=[{one.url}, {other.url}]"
        done = mmusset(*words, "--out", out, "--set", urls, "--log-json")
        assert done.returncode == 0, done.stderr
        assert "its samples go to the other servers" in done.stderr
        assert {seen.status for seen in other.seen} >= {200}
        alone = mmusset(*words, "--out", tmp_path / "alone", "--set", f"server.url={one.url}")
        assert alone.returncode == 0, alone.stderr
        again = mmusset(*words, "--out", out, "--set", f"server.url={one.url}")
        assert again.stdout.startswith("nothing to do")
    assert tree(out / "data") == tree(tmp_path / "alone" / "data")
