"""The listener's server: what it is sent, and how one that does not hear is found out."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from functools import partial

import pytest

from mmusset.agents import AGENTS
from mmusset.ears.listener import NAME, Hearing, scores_of
from mmusset.ears.sounds import known_sounds, sha256_of
from mmusset.errors import ServerGone, UsageError
from mmusset.recipe_parts.listening import ListenerPart
from mmusset.speakers.stub.plan import PlannedFault, StubPlan
from mmusset.speakers.stub.server import StubServer
from mmusset.speakers.vllm.deaf import Answer, ProbeSound, why_deaf
from mmusset.speakers.vllm.listener import ListenerExam, ListenerSpeaker, body, questions
from tests.support.rude import Heard, completion, http, models, rude

WAV = known_sounds()["a beat of drums"]
Scene = Callable[[StubServer, ListenerSpeaker], Awaitable[None]]


def play(plan: StubPlan, scene: Scene, exam: ListenerExam | None = None) -> None:
    """Run a scene with a server and a listener that has passed."""

    async def run() -> None:
        async with StubServer(plan, AGENTS) as stub:
            speaker = ListenerSpeaker(ListenerPart(url=stub.url, call_seconds=5), exam=exam)
            async with speaker:
                await scene(stub, speaker)

    asyncio.run(asyncio.wait_for(run(), 60))


def plan(*faults: PlannedFault, **changes: object) -> StubPlan:
    return StubPlan.model_validate({"latency_s": 0.0, "faults": faults} | changes)


def hearing(heard: Heard, metrics: bool = False) -> bytes:
    """What a server says that hears; with `metrics`, as vLLM does."""
    if heard.path == "/v1/models":
        return models("ears")
    if heard.path == "/metrics":
        line = b"vllm:num_requests_running 0.0\nvllm:num_requests_waiting 0.0\n"
        return http("200 OK", line) if metrics else http("404 Not Found", b"")
    return completion(heard)


async def nothing(stub: StubServer, speaker: ListenerSpeaker) -> None:
    pass


def test_it_is_sent_the_questions_and_the_sound_and_answers_in_its_schema() -> None:
    async def scene(stub: StubServer, speaker: ListenerSpeaker) -> None:
        reply = await speaker.hear(WAV, "0" * 64, "k1", questions())
        hearing = Hearing.model_validate_json(reply.text)
        assert hearing.drums == "yes"
        assert scores_of(hearing)["voice"] == 0
        assert reply.prompt_tokens > 100
        assert speaker.model_id(NAME).name == "stub"
        assert speaker.model_id(NAME).speaker == "vllm"

    play(plan(), scene)


def test_the_body_is_as_the_protocol_has_it() -> None:
    """OpenAI's part for sound; the hash by which vLLM keeps it only where it is vLLM."""
    sent = body(ListenerPart(model="m"), questions(), WAV)
    text, sound = sent["messages"][0]["content"]
    assert text == {"type": "text", "text": questions()}
    assert sound["type"] == "input_audio"
    assert sound["input_audio"]["format"] == "wav"
    assert base64.b64decode(sound["input_audio"]["data"]) == WAV
    assert "uuid" not in sound
    assert sent["response_format"]["json_schema"]["name"] == "Hearing"
    known = body(ListenerPart(model="m"), questions(), WAV, "abc")
    assert known["messages"][0]["content"][1]["uuid"] == "abc"
    mute = body(ListenerPart(model="m"), questions(), b"")
    assert [part["type"] for part in mute["messages"][0]["content"]] == ["text"]


@pytest.mark.parametrize("metrics", [True, False])
def test_the_uuid_is_for_vllm_alone(metrics: bool) -> None:
    """A server is taken for vLLM where it reports its queue as vLLM does."""
    with rude(partial(hearing, metrics=metrics)) as server:

        async def run() -> None:
            async with ListenerSpeaker(ListenerPart(url=server.url)) as speaker:
                await speaker.hear(WAV, "f" * 64, "k1", questions())

        asyncio.run(asyncio.wait_for(run(), 60))
        sounds = [heard for heard in server.heard if b"input_audio" in heard.body]
    assert len(sounds) == 5, "four to find out whether it hears, and the one"
    assert all((b'"uuid"' in heard.body) == metrics for heard in sounds)


@pytest.mark.parametrize(
    ("listening", "why"),
    [
        ("deaf", r"its prompt has (\d+) tokens with silence, and \1 without any sound"),
        ("numb", "it says the same of silence, noise, a beat of drums and a chord"),
        ("always yes", "it says the same of silence, noise, a beat of drums and a chord"),
    ],
)
def test_a_server_that_does_not_hear_is_refused_by_name(listening: str, why: str) -> None:
    with pytest.raises(UsageError, match=f"the listener stub at .* is refused: {why}"):
        play(plan(listening=listening), nothing)


def probe(there: str, sound: bytes = WAV) -> ProbeSound:
    heard = frozenset(there.split())
    return ProbeSound(sound, heard, frozenset(("flute", "harp", "piano")), heard)


def says(heard: str, tokens: int = 500) -> Answer:
    return Answer(tokens, frozenset(heard.split()))


KNOWN = {"silence": says(""), "noise": says(""), "a beat of drums": says("drums")}


def test_one_that_agrees_with_the_wrong_clip_as_much_is_refused() -> None:
    probes = [probe("flute"), probe("harp")]
    assert why_deaf(100, KNOWN, probes, [says("flute"), says("harp")]) == ""
    swapped = why_deaf(100, KNOWN, probes, [says("harp"), says("flute")])
    assert "agrees with the clip that it was sent by 0.00" in swapped
    assert "when it was sent another clip" in swapped
    both = why_deaf(100, KNOWN, probes, [says("flute harp"), says("flute harp")])
    assert "when it was sent another clip" in both
    hears_flutes = KNOWN | {"noise": says("flute harp")}
    assert "noise" in why_deaf(100, hears_flutes, probes, [says("flute harp"), says("harp flute")])


def test_one_that_hears_otherwise_than_when_it_was_calibrated_is_another() -> None:
    probes = [probe("flute drums"), probe("harp")]
    answers = [says("piano drums"), says("piano harp")]
    assert "with what it heard when it was calibrated" in why_deaf(100, KNOWN, probes, answers)


def test_a_server_that_counts_no_tokens_is_judged_by_what_it_says() -> None:
    quiet = {name: Answer(0, answer.heard) for name, answer in KNOWN.items()}
    assert why_deaf(0, quiet, [], []) == ""
    assert "is of no use" in why_deaf(0, quiet | {"noise": Answer(0, None, "it was empty")}, [], [])


def test_another_model_than_the_card_is_of_is_refused() -> None:
    with pytest.raises(UsageError, match=r"card was made of qwen, and .* serves stub"):
        play(plan(), nothing, ListenerExam("qwen"))


def test_no_server_is_said_with_what_to_do() -> None:
    async def run() -> None:
        async with ListenerSpeaker(ListenerPart(url="http://127.0.0.1:9/v1")):
            pass

    with pytest.raises(ServerGone, match=r"no listener at .* set listener.url") as raised:
        asyncio.run(run())
    assert raised.value.exit_code == 3


def test_a_server_that_takes_no_sound_is_refused() -> None:
    fault = PlannedFault(kind="400", containing="input_audio")
    with pytest.raises(UsageError, match="takes no sound"):
        play(plan(fault), nothing)


def test_trouble_of_the_server_is_waited_out() -> None:
    async def scene(stub: StubServer, speaker: ListenerSpeaker) -> None:
        reply = await speaker.hear(WAV, sha256_of(WAV), "k1", questions())
        assert Hearing.model_validate_json(reply.text).drums == "yes"

    faults = [
        PlannedFault(kind=kind, containing="input_audio", first=first, at_most=1)
        for kind, first in (("429", 3), ("503", 4), ("reset", 5), ("500", 6))
    ]
    play(plan(*faults), scene)


def test_its_key_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The writers' key is for their server: it is never sent to another."""
    monkeypatch.setenv("OPENAI_API_KEY", "the-writers-key")
    monkeypatch.setenv("LISTENER_API_KEY", "the-listeners-key")
    with rude(hearing) as server:

        async def run() -> None:
            async with ListenerSpeaker(ListenerPart(url=server.url)):
                pass

        asyncio.run(asyncio.wait_for(run(), 60))
    assert all("Bearer the-listeners-key" in heard.head for heard in server.heard)
    assert not any("the-writers-key" in heard.head for heard in server.heard)
