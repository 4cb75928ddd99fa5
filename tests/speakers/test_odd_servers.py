"""Servers that say what no server of models should: one line for it, and never a traceback."""

import asyncio
import gzip
import resource
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmusset.agents import AGENTS
from mmusset.errors import MmussetError
from mmusset.recipe_parts.speaker import ServerPart, SpeakerPart
from mmusset.speakers.vllm import gauges
from mmusset.speakers.vllm.speaker import VllmSpeaker
from mmusset.speakers.vllm.wire import model_names, retry_after_s
from tests.support.rude import MOST_SENT, Answer, Heard, Rude, completion, http, models, rude
from tests.support.thorough import cases

LISTED = {"/v1/models": models("m")}


def entered(answer: Answer) -> Rude:
    """What a server saw of a speaker that began with it."""

    async def enter(url: str) -> None:
        async with VllmSpeaker(
            SpeakerPart.for_agents(AGENTS), ServerPart(url=url, call_seconds=5)
        ) as speaker:
            await asyncio.sleep(0.15 if speaker.throttle.limit > 2 else 0)

    with rude(answer) as server:
        asyncio.run(asyncio.wait_for(enter(server.url), 60))
    return server


def answering(replies: dict[str, bytes]) -> Answer:
    return lambda heard: replies.get(heard.path, http("404 Not Found", b""))


ODD_MODELS = {
    "a list": [1],
    "a string": "hello",
    "a number": 4,
    "null": None,
    "nothing": {},
    "no list": {"data": "m"},
    "null for a list": {"data": None},
    "no id": {"data": [{"name": "m"}]},
    "null for an id": {"data": [{"id": None}]},
    "a number for an id": {"data": [{"id": 7}]},
    "an id that holds escapes": {"data": [{"id": "m\x1b[31m"}]},
    "a list of lists": {"data": [[["m"]]]},
}


@pytest.mark.parametrize("odd", ODD_MODELS)
def test_odd_models_are_said_in_a_line(odd: str) -> None:
    said = http("200 OK", orjson.dumps(ODD_MODELS[odd]))
    with pytest.raises(MmussetError, match=r"^http://127\.0\.0\.1:\d+/v1 ") as raised:
        entered(answering({"/v1/models": said}))
    assert "\n" not in str(raised.value)
    assert "\x1b" not in str(raised.value)


def test_models_without_a_usable_name_are_passed_over() -> None:
    listed = orjson.dumps({"data": [None, {"id": None}, {"id": "m"}, 3]})
    assert model_names(listed) == ["m"]


@pytest.mark.parametrize("data", [b"\xff\xfe", b"", b"NaN", b'{"data": [', b"[" * 100_000])
def test_models_that_are_no_json_are_said_in_a_line(data: bytes) -> None:
    with pytest.raises(MmussetError, match="look at server"):
        entered(answering({"/v1/models": http("200 OK", data)}))


METRICS = b'vllm:num_requests_running{engine="0"} %s\nvllm:num_requests_waiting{engine="0"} %s\n'


@pytest.mark.parametrize(
    "data",
    [
        METRICS % (b"NaN", b"0"),
        METRICS % (b"0", b"NaN"),
        METRICS % (b"inf", b"-inf"),
        METRICS % (b"1e308", b"1e999"),
        METRICS % (b"-5", b"-1e9"),
        METRICS % (b"many", b"\xff\xfe\x00"),
        METRICS % (b"1", b"2") + b"\xff\xfe vllm:kv_cache_usage_perc NaN\n",
        b"vllm:num_requests_waiting 1e300\n" * 99,
        b"\xff" * 1000,
    ],
)
def test_odd_metrics_are_passed_over(data: bytes) -> None:
    server = entered(answering(LISTED | {"/metrics": http("200 OK", data)}))
    assert any(heard.path == "/metrics" for heard in server.heard)


NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("nan", 0),
        ("inf", 300),
        ("-inf", 0),
        ("1e400", 300),
        pytest.param("9" * 5000, 300, id="thousands of digits"),
        ("Fri, 31 Dec 99999 23:59:59 GMT", 0),
        (f"Fri, 31 Dec {10**30} 23:59:59 GMT", 0),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 300),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0),
        ("Wed, 06 Nov 1994 08:49:37", 0),
        # Workers of pytest must see one name, whenever they import this.
        pytest.param(format_datetime(NOW + timedelta(days=1)), 300, id="tomorrow"),
        ("²", 0),
        ("1 2", 0),
    ],
)
def test_an_absurd_retry_after_is_bounded_or_passed_over(header: str, seconds: float) -> None:
    assert retry_after_s(header) == seconds


@given(st.text(max_size=60) | st.from_regex(r"\w{3}, \d+ \w{3} \d+ \d+:\d+:\d+ [-+]\d+"))
def test_any_retry_after_is_some_seconds(header: str) -> None:
    assert 0 <= retry_after_s(header) <= 300


json_like = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers(-(2**63), 2**63) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["data", "id", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(st.binary(max_size=80) | json_like.map(orjson.dumps))
def test_any_models_are_names_or_none(data: bytes) -> None:
    assert all(isinstance(name, str) and name for name in model_names(data))


number = st.floats().map(lambda x: str(x).encode()) | st.binary(max_size=9)
line = st.builds(
    lambda name, labels, value: b"vllm:" + name + labels + b" " + value,
    st.sampled_from([b"num_requests_waiting", b"num_requests_running", b"kv_cache_usage_perc"]),
    st.sampled_from([b"", b'{engine="0"}', b"{"]),
    number,
)


@given(st.lists(line | st.binary(max_size=30), max_size=8).map(b"\n".join))
def test_any_metrics_are_sane_gauges_or_none(data: bytes) -> None:
    if seen := gauges.read(data):
        assert 0 <= seen.running < 10**12
        assert 0 <= seen.waiting < 10**12
        assert 0 <= seen.kv_share <= 1


@settings(max_examples=cases(20))
@given(st.sampled_from([b"vllm:a{", b"vllm:num_requests_waiting{x", b"vllm:a 1 "]))
def test_metrics_are_read_in_linear_time(start: bytes) -> None:
    begun_s = time.process_time()
    gauges.read((start + b"\n") * 100_000)
    assert time.process_time() - begun_s < 5


def endless(start: bytes) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n\r\n" + start
    while True:
        yield b"x" * (1 << 20)


def test_endless_models_end_in_a_line_and_bounded_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(MmussetError, match="over 4194304 bytes"):
        entered(lambda heard: endless(b'{"data": ["'))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000


def test_endless_metrics_are_passed_over() -> None:
    def reply(heard: Heard) -> bytes | Iterator[bytes]:
        return models("m") if heard.path == "/v1/models" else endless(METRICS % (b"1", b"1"))

    assert entered(reply).sent < MOST_SENT


def test_endless_headers_end_in_a_line() -> None:
    def lines() -> Iterator[bytes]:
        yield b"HTTP/1.1 200 OK\r\n"
        while True:
            yield b"X: " + b"y" * 4000 + b"\r\n"

    with pytest.raises(MmussetError, match="no server at"):
        entered(lambda heard: lines())


def test_a_small_answer_that_unpacks_to_much_is_cut() -> None:
    packed = gzip.compress(bytes(1 << 28), compresslevel=1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(MmussetError):
        entered(answering({"/v1/models": http("200 OK", packed, "Content-Encoding: gzip")}))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_no_redirect_is_followed() -> None:
    """Neither with a prompt nor without: who was named is who is asked."""
    for moved in ("/v1/models", "/metrics", "/v1/chat/completions"):
        with rude(answering(LISTED)) as elsewhere:
            there = elsewhere.url.removesuffix("/v1")

            def reply(heard: Heard, moved: str = moved, there: str = there) -> bytes:
                if heard.path == moved:
                    return http("307 Temporary Redirect", b"", f"Location: {there}{heard.path}")
                if heard.path == "/v1/chat/completions":
                    return completion(heard)
                return LISTED.get(heard.path, http("404 Not Found", b""))

            with rude(reply) as server:
                said = asyncio.run(asyncio.wait_for(_probed(server.url), 30))
        assert elsewhere.heard == []
        if moved != "/metrics":
            assert server.url in said
            assert "follows no redirect" in said
            assert there not in said


async def _probed(url: str) -> str:
    """What is said of a server that is begun with and asked one word, "" where all is well."""
    try:
        async with VllmSpeaker(SpeakerPart.for_agents(AGENTS), ServerPart(url=url)) as speaker:
            return await speaker.probe()
    except MmussetError as error:
        return str(error)
