"""The speaker for servers, against a server that does what a plan says."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from mmusset.agents import AGENTS
from mmusset.agents.captioner import CAPTIONER, CaptionReply
from mmusset.agents.state import begin, brief
from mmusset.agents.story_writer import STORY_WRITER
from mmusset.errors import MmussetError, ServerGone, Stopped, Unusable
from mmusset.recipe import CERTAINTY, Recipe
from mmusset.recipe_parts.speaker import ServerPart, SpeakerPart
from mmusset.speakers.asking import Asker, InMemoryReplies
from mmusset.speakers.base import Reply, Request
from mmusset.speakers.picture import fit
from mmusset.speakers.stub.plan import PlannedFault, StubPlan
from mmusset.speakers.stub.server import StubServer
from mmusset.speakers.vllm.speaker import VllmSpeaker
from mmusset.speakers.vllm.wire import retry_after_s
from tests.support import samples

Scene = Callable[[StubServer, VllmSpeaker], Awaitable[None]]


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from PIL import Image

    path = tmp_path_factory.mktemp("picture") / "k.model.jpg"
    path.write_bytes(fit(Image.new("RGB", (200, 120), "navy"), 256 * 784))
    return path


def request(picture: Path, key: str = "k1", evidence: str | None = None) -> Request:
    material = samples.material(picture, key=key)
    state = begin(material, CERTAINTY)
    state["evidence"] = evidence or state["evidence"]
    return Request(brief(state, CAPTIONER))


def play(plan: StubPlan, scene: Scene, part: SpeakerPart | None = None, **server: float) -> None:
    """Run a scene with a server and a speaker that was entered."""

    async def run() -> None:
        async with StubServer(plan, AGENTS) as stub:
            where = ServerPart.model_validate({"url": stub.url} | server)
            async with VllmSpeaker(part or SpeakerPart.for_agents(AGENTS), where) as speaker:
                await scene(stub, speaker)

    asyncio.run(asyncio.wait_for(run(), 60))


def quick(*faults: PlannedFault, **changes: object) -> StubPlan:
    plan: dict[str, object] = {"latency_s": 0.0, "faults": faults}
    return StubPlan.model_validate(plan | changes)


def test_an_answer_comes_with_its_tokens(picture: Path) -> None:
    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        first = await speaker.answer(request(picture))
        second = await speaker.answer(request(picture))
        assert CaptionReply.model_validate_json(first.text).caption
        assert first.prompt_tokens > 500
        assert first.completion_tokens > 10
        assert first.cached_tokens == 0
        assert second.cached_tokens > 0.5 * second.prompt_tokens

    play(quick(), scene)


@pytest.mark.parametrize(
    ("left", "order"),
    [(100, ["caption", "story", "caption"]), (3, ["caption", "caption", "story"])],
)
def test_begun_samples_go_first_but_at_the_end_of_a_build(
    picture: Path, left: int, order: list[str]
) -> None:
    """There new ones do, or the last of them would go on alone."""

    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        begun = begin(samples.material(picture, key="begun"), CERTAINTY)
        begun["caption"] = "A quiet piece."
        story, caption = Request(brief(begun, STORY_WRITER)), request(picture, "new")
        asked = [replace(each, left=left) for each in (request(picture), story, caption)]
        await asyncio.gather(*map(speaker.answer, asked))
        assert [seen.schema.removesuffix("Reply").lower() for seen in stub.seen] == order

    play(quick(), scene, max_in_flight=1)


@pytest.mark.parametrize("kind", ["429", "503", "500", "reset", "html", "abort", "hang", "drip"])
def test_trouble_of_the_server_is_waited_out(picture: Path, kind: str) -> None:
    """However long it lasts: after a lost call the server is probed until it lives."""

    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        answer = await speaker.answer(request(picture))
        assert CaptionReply.model_validate_json(answer.text).caption
        asked = [seen.schema for seen in stub.seen]
        assert asked.count("CaptionReply") == (5 if kind in {"429", "503"} else 2)
        assert speaker.strikes == {}

    trouble = PlannedFault.model_validate({"kind": kind, "last": 4})
    play(quick(trouble), scene, call_seconds=0.3)


def test_a_server_that_sends_every_call_away_stops_the_build_with_exit_code_3(
    picture: Path,
) -> None:
    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        with pytest.raises(ServerGone, match="run the same command again"):
            await speaker.answer(request(picture))

    play(quick(PlannedFault(kind="503")), scene, wait_seconds=0.1)


@pytest.mark.parametrize("kind", ["reset", "hang", "html"])
def test_a_call_that_alone_is_never_answered_is_given_up(picture: Path, kind: str) -> None:
    words = "Measured on the poison"
    good, poison = request(picture), request(picture, "poison", words)

    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        with pytest.raises(Unusable, match="kills the server: 5 calls alone ended so"):
            await speaker.answer(poison)
        assert (await speaker.answer(good)).text
        # By now the server has noticed that nobody waits for the last of them.
        assert sum(seen.schema == "CaptionReply" for seen in stub.seen) == 2 + 5 + 1

    fault = PlannedFault.model_validate({"kind": kind, "containing": words})
    play(quick(fault), scene, call_seconds=0.3)


@pytest.mark.parametrize("kind", ["no choices", "null content", "empty", "length", "no json"])
def test_an_answer_of_no_use_comes_as_it_is_and_is_asked_for_once_more(
    picture: Path, kind: str
) -> None:
    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        answers = InMemoryReplies()
        said = await Asker(speaker, answers).ask(request(picture).brief, CaptionReply)
        assert said.value.caption
        assert stub.requests == len(answers.kept) == 2

    play(quick(PlannedFault.model_validate({"kind": kind, "last": 1})), scene)


def test_what_the_server_refuses_is_the_items_fault_at_once(picture: Path) -> None:
    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        with pytest.raises(Unusable, match="refused by the server: 400: as planned"):
            await speaker.answer(request(picture))
        assert stub.requests == 1

    play(quick(PlannedFault(kind="400")), scene)


def test_retry_after_is_honoured(picture: Path) -> None:
    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        await speaker.answer(request(picture))
        assert loop.time() - begun_s >= 0.3

    play(quick(PlannedFault(kind="429", last=1, retry_after_s=0.3)), scene)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7),
        ("1e9", 300),
        ("-1", 0),
        ("soon", 0),
        ("", 0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
        ("Wed, 06 Nov 2199 08:49:37 GMT", 300),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float) -> None:
    assert retry_after_s(header) == seconds


def test_adapters_are_asked_for_by_name_agent_by_agent(picture: Path) -> None:
    part = SpeakerPart.for_agents(AGENTS, adapters={"captioner": "music-1"})

    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        await speaker.answer(request(picture))
        assert [seen.model for seen in stub.seen] == ["music-1"]
        assert speaker.model_id("captioner").name == "music-1"
        assert speaker.model_id("critic").name == "stub"

    play(quick(adapters=("music-1",)), scene, part)


def test_a_model_that_is_not_served_is_an_error_before_any_work() -> None:
    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        raise AssertionError("it should not be entered")

    with pytest.raises(MmussetError, match=r"does not serve other; it serves stub"):
        play(quick(), scene, SpeakerPart.for_agents(AGENTS, model="other"))


def test_no_server_is_an_error_that_says_how_to_start_one() -> None:
    async def run() -> None:
        async with VllmSpeaker(
            SpeakerPart.for_agents(AGENTS), ServerPart(url="http://127.0.0.1:9/v1")
        ):
            pass

    with pytest.raises(MmussetError, match="mmusset serve"):
        asyncio.run(run())


def test_a_cancelled_call_leaves_nothing_behind(picture: Path) -> None:
    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        calls = [asyncio.create_task(speaker.answer(request(picture, f"k{n}"))) for n in range(6)]
        while stub.slots.running < 1:
            await asyncio.sleep(0.01)
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        while stub.slots.running or stub.slots.waiting:
            await asyncio.sleep(0.01)
        assert speaker.dispatcher.in_flight == 0

    play(StubPlan(slots=1, latency_s=30.0), scene)


def test_a_stop_lets_what_flies_come_back_and_sends_nothing_more(picture: Path) -> None:
    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        calls = [asyncio.create_task(speaker.answer(request(picture, f"k{n}"))) for n in range(50)]
        while not stub.slots.running:
            await asyncio.sleep(0.01)
        speaker.stop()
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert sum(isinstance(one, Reply) for one in ended) == stub.requests
        assert sum(isinstance(one, Stopped) for one in ended) == 50 - stub.requests

    play(StubPlan(slots=2, latency_s=0.2), scene)


def test_the_build_goes_on_when_the_server_comes_back(picture: Path) -> None:
    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        calls = [asyncio.create_task(speaker.answer(request(picture, f"k{n}"))) for n in range(40)]
        while len(stub.seen) < 5:
            await asyncio.sleep(0.01)
        await stub.go_down()
        while speaker.dispatcher.in_flight:
            await asyncio.sleep(0.01)
        await stub.come_back()
        answers = await asyncio.gather(*calls)
        assert len(answers) == 40
        assert speaker.strikes == {}, "whoever was answered is no suspect"

    play(StubPlan(slots=8, latency_s=0.05), scene)


def test_a_server_that_stays_away_stops_the_build_with_exit_code_3(picture: Path) -> None:
    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        await stub.go_down()
        with pytest.raises(ServerGone, match="run the same command again"):
            await speaker.answer(request(picture))

    play(quick(), scene, wait_seconds=0.1)


def test_an_item_that_kills_the_server_is_found_and_given_up(picture: Path) -> None:
    """The server dies whenever the poison comes, and something starts it again."""
    words = "Measured on the poison"
    poison = request(picture, "poison", words)

    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        async def supervise() -> None:
            while True:
                await asyncio.sleep(0.02)
                if stub.is_down:
                    await stub.come_back()

        supervisor = asyncio.create_task(supervise())
        others = [asyncio.create_task(speaker.answer(request(picture, f"k{n}"))) for n in range(12)]
        with pytest.raises(Unusable, match=r"kills the server: [4-7] calls alone ended so"):
            await speaker.answer(poison)
        assert len(await asyncio.gather(*others)) == 12
        assert speaker.strikes == {}
        supervisor.cancel()

    play(quick(PlannedFault(kind="die", containing=words), latency_s=0.01), scene)


HALF = (
    PlannedFault(kind="reset", share=0.25, seed=1),
    PlannedFault(kind="502", share=0.33, seed=2),
)


def blamed(picture: Path, plan: StubPlan, count: int) -> list[str]:
    """Which of `count` items, each with three calls, are said to kill the server; k7 is poison."""
    found: list[str] = []

    async def item(speaker: VllmSpeaker, key: str) -> None:
        asked = request(picture, key)
        prompt = asked.brief.prompt
        prompt = replace(prompt, evidence=prompt.evidence + (POISON if key == "k7" else ""))
        try:
            for _ in range(3):
                await speaker.answer(replace(asked, brief=replace(asked.brief, prompt=prompt)))
        except Unusable as error:
            assert error.reason == "kills the server"
            found.append(key)

    async def scene(stub: StubServer, speaker: VllmSpeaker) -> None:
        await asyncio.gather(*(item(speaker, f"k{n}") for n in range(count)))
        assert speaker.strikes == {}

    play(plan, scene)
    return found


POISON = "what kills a server"
HALF = (
    PlannedFault(kind="reset", share=0.25, seed=1),
    PlannedFault(kind="502", share=0.33, seed=2),
)


@pytest.mark.slow
def test_no_item_is_blamed_for_a_server_that_loses_half_of_all_calls(picture: Path) -> None:
    """Reset, or answered 502, at random: 150 calls on 50 items, each answered in the end."""
    assert blamed(picture, quick(*HALF), 50) == []


@pytest.mark.parametrize("kind", ["reset", "502"])
@pytest.mark.parametrize("flaky", [0.0, 0.2])
def test_an_item_that_is_never_answered_is_found_among_those_that_are_lost_by_chance(
    picture: Path, kind: str, flaky: float
) -> None:
    poison = PlannedFault.model_validate({"kind": kind, "containing": POISON})
    chance = PlannedFault(kind="reset", share=flaky, seed=3)
    assert blamed(picture, quick(poison, chance), 20) == ["k7"]


def test_the_throttle_follows_the_queue_where_there_are_metrics() -> None:
    from mmusset.speakers.vllm.throttle import LatencyThrottle, QueueThrottle

    async def with_metrics(stub: StubServer, speaker: VllmSpeaker) -> None:
        assert isinstance(speaker.throttle, QueueThrottle)

    async def without(stub: StubServer, speaker: VllmSpeaker) -> None:
        assert isinstance(speaker.throttle, LatencyThrottle)

    play(quick(), with_metrics)
    play(quick(metrics=False), without)


def test_where_the_server_is_does_not_change_the_dataset() -> None:
    here, there = Recipe(), Recipe(server=ServerPart(url="http://elsewhere/v1", price_in=1.0))
    assert here.canonical() == there.canonical()
