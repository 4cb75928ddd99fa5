"""A key is nowhere but in the requests: not in the ledger, the pages, the logs, the terminal."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from mmusset.agents import AGENTS
from mmusset.errors import MmussetError, Unusable, UsageError
from mmusset.recipe_parts.speaker import ServerPart, SpeakerPart
from mmusset.safe_text import first_line, masked, of_url, printable
from mmusset.speakers.vllm.speaker import VllmSpeaker
from mmusset.speakers.vllm.wire import NoReply, ServerBusy, post
from tests.support.command import SHORT, mmusset
from tests.support.media import library
from tests.support.rude import Heard, Rude, completion, http, models, rude

KEY = "planted-6a1f0c9d2e7b4835"
PASSWORD = "pl4nted-p4ssw0rd"


def echo(heard: Heard) -> str:
    """What a careless server says back: the header that holds the key."""
    return next(line for line in heard.head.splitlines() if line.startswith("Authorization"))


def told(status: str, heard: Heard, *headers: str) -> bytes:
    """An error as servers of models word it, with the header in it."""
    return http(status, orjson.dumps({"error": {"message": f"not with {echo(heard)}"}}), *headers)


CHUNKED = "Transfer-Encoding: chunked"
LONG = "x" * 100_000


def endless(heard: Heard) -> Iterator[bytes]:
    yield b"HTTP/1.1 200 OK\r\n\r\n" + echo(heard).encode()
    while True:
        yield b" " * (1 << 16)


FAULTS = {
    "not HTTP": lambda heard: f"220 mail {echo(heard)}\r\n".encode() * 3,
    "nothing": lambda heard: b"",
    "reset": lambda heard: None,
    "redirect": lambda heard: told("302 Found", heard, f"Location: /v1?{echo(heard)}"),
    "long header": lambda heard: http("200 OK", b"{}", f"X: {echo(heard)}{LONG}"),
    "long status": lambda heard: http(f"200 {echo(heard)}{LONG}", b"{}"),
    "odd header": lambda heard: http("200 OK", b"{}", f"X\x00: {echo(heard)}"),
    "many headers": lambda heard: http("200 OK", b"{}", *[f"X{n}: {KEY}" for n in range(5000)]),
    "odd status": lambda heard: http(f"XYZ {echo(heard)}", b"{}"),
    "broken chunk": lambda heard: http("200 OK", f"{KEY}\r\n{{}}".encode(), CHUNKED),
    "cut chunk": lambda heard: http("200 OK", f"fff\r\n{KEY}".encode(), CHUNKED),
    "cut body": lambda heard: http("200 OK", KEY.encode(), "Content-Length: 9999"),
    "bad length": lambda heard: http("200 OK", b"{}", f"Content-Length: {KEY}"),
    "two lengths": lambda heard: http("200 OK", b"{}", "Content-Length: 2", "Content-Length: 7"),
    "not gzip": lambda heard: http("200 OK", KEY.encode(), "Content-Encoding: gzip"),
    "not deflate": lambda heard: http("200 OK", KEY.encode(), "Content-Encoding: deflate"),
    "odd encoding": lambda heard: http("200 OK", b"{}", f"Content-Encoding: {KEY}"),
    "upgrade": lambda heard: told("101 Switching Protocols", heard, "Upgrade: websocket"),
    "no JSON": lambda heard: http("200 OK", f"<p>{echo(heard)}</p>".encode()),
    "a string": lambda heard: http("200 OK", orjson.dumps(echo(heard))),
    "other JSON": lambda heard: http("200 OK", orjson.dumps({"error": echo(heard)})),
    "cookies": lambda heard: http("200 OK", b"{}", f"Set-Cookie: {KEY}; Expires={KEY}"),
    "endless": endless,
    **{
        str(status): lambda heard, status=status: told(f"{status} No", heard)
        for status in (204, 400, 401, 403, 404, 407, 413, 418, 422, 429, 500, 502, 503)
    },
}


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)


def said_of(server: Rude, path: str = "/chat/completions") -> str:
    """What the client says of a server's one answer."""

    async def ask() -> str:
        speaker = VllmSpeaker(SpeakerPart.for_agents(AGENTS), ServerPart(url=server.url))
        async with speaker.session() as session:
            try:
                await post(session, server.url + path, b"{}", 5.0)
            except (NoReply, ServerBusy, Unusable, MmussetError) as error:
                return str(error)
        raise AssertionError("that was an answer")

    return asyncio.run(asyncio.wait_for(ask(), 30))


@pytest.mark.parametrize("fault", FAULTS)
def test_the_key_is_in_no_error_of_the_client(
    fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with rude(FAULTS[fault]) as server:
        said = said_of(server)
    assert any(f"Bearer {KEY}" in heard.head for heard in server.heard), "it was sent"
    assert said
    assert "\n" not in said
    assert len(said) < 500
    assert_nowhere(KEY, said, "".join(capfd.readouterr()))


@pytest.fixture(scope="module")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("one"), 1) / "artist 0" / "song 0.wav"


def tried(song: Path, key: str, *settings: str) -> "subprocess.CompletedProcess[str]":
    """The finished process of `mmusset try SONG`, with a key."""
    more = [word for setting in (*settings, "clip.seconds=2") for word in ("--set", setting)]
    return mmusset_with(key, "try", str(song), "--speaker", "vllm", *more)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate that nobody trusts, in one file."""
    if not (openssl := shutil.which("openssl")):
        pytest.skip("there is no openssl to make a certificate with")
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run(
        [openssl, *words, "-keyout", path, "-out", path], check=True, capture_output=True
    )
    return path


def test_a_server_of_another_protocol_gets_and_gives_no_key(certificate: Path) -> None:
    with rude(lambda heard: b"", tls=certificate) as server:
        untrusted = said_of(server)
        server.url = server.url.replace("https", "http")
        encrypted = said_of(server)
    with rude(lambda heard: b"") as server:
        server.url = server.url.replace("http", "https")
        plain = said_of(server)
    assert_nowhere(KEY, untrusted, encrypted, plain)
    assert "certificate" in untrusted


def test_where_nobody_listens_the_address_is_shown_without_its_password(song: Path) -> None:
    with rude(lambda heard: b"") as server:
        pass
    done = tried(song, "", "server.url=" + server.url.replace("//", f"//me:{PASSWORD}@"))
    assert done.returncode == 1
    assert server.url in done.stderr
    assert_nowhere(PASSWORD, done.stdout, done.stderr)


def test_a_key_and_a_url_with_a_password_are_one_too_many(song: Path) -> None:
    done = tried(song, KEY, f"server.url=http://me:{PASSWORD}@127.0.0.1:9/v1")
    assert done.returncode == 2
    assert "OPENAI_API_KEY" in done.stderr
    assert "not both" in done.stderr
    assert_nowhere(PASSWORD, done.stderr)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("url", ["here", "http://", "ftp://x/v1", "http://[x/v1", "http://x:y/v1"])
def test_what_is_no_address_is_wrong_usage(url: str) -> None:
    with pytest.raises(UsageError, match=r"server\.url"):
        asyncio.run(entered(url))


def test_a_key_that_no_header_can_hold_is_wrong_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", f"{KEY}\r\nX: y")
    with pytest.raises(UsageError, match="OPENAI_API_KEY") as raised:
        asyncio.run(entered("http://127.0.0.1:9/v1"))
    assert_nowhere(KEY, str(raised.value))


async def entered(url: str) -> None:
    async with VllmSpeaker(SpeakerPart.for_agents(AGENTS), ServerPart(url=url)):
        raise AssertionError("nobody listens there")


# What the first samples' calls get, one kind a sample, from a server that answers all others.
OF_A_SAMPLE = ["not HTTP", "long header", "broken chunk", "no JSON", "500", "400", "413", "422"]


@pytest.mark.slow
def test_a_build_keeps_the_key_of_no_answer(tmp_path: Path) -> None:
    """Eight of twenty fail; ledger, pages, card and terminal are searched for the key."""
    source, out = library(tmp_path / "source", 20), tmp_path / "out"
    fault_of: dict[str, str] = {}

    def reply(heard: Heard) -> bytes | None:
        if heard.path == "/v1/models":
            return models("m")
        if heard.path == "/metrics":
            return http("404 Not Found", echo(heard).encode())
        parts = orjson.loads(heard.body)["messages"][-1]["content"]
        if isinstance(parts, str):
            return completion(heard)
        place = len(fault_of)
        fault = fault_of.setdefault(parts[0]["image_url"]["url"], (*OF_A_SAMPLE, *[""] * 20)[place])
        answer: bytes | None = FAULTS[fault](heard) if fault else completion(heard)
        return answer

    with rude(reply) as server:
        built = build(source, out, server)
    assert built.returncode == 4, built.stderr
    facts = json.loads((out / "manifest.json").read_text())
    assert (facts["accepted"], facts["failed"]) == (12, 8)
    for reason in ("kills the server", "refused by the server", "413: not with"):
        assert reason in built.stdout
    search(tmp_path, out, built)


@pytest.mark.parametrize("fault", ["401", "redirect"])
def test_a_build_that_is_refused_keeps_no_key(fault: str, tmp_path: Path) -> None:
    source, out = library(tmp_path / "source", 2), tmp_path / "out"

    def reply(heard: Heard) -> bytes | None:
        answer: bytes = models("m") if heard.path == "/v1/models" else FAULTS[fault](heard)
        return answer

    with rude(reply) as server:
        built = build(source, out, server)
        listed = build(source, tmp_path / "other", server, "--set", f"server.url={server.url}/x")
    assert built.returncode == listed.returncode == 1
    assert built.stderr.strip().count("\n") < 5
    assert_nowhere(KEY, listed.stdout, listed.stderr)
    search(tmp_path, out, built)


def test_a_server_that_says_the_key_in_its_answers_gets_it_into_no_sample(tmp_path: Path) -> None:
    """In the text, in the reason why it ended, and in the name of a model."""
    source, out = library(tmp_path / "source", 3), tmp_path / "out"

    def reply(heard: Heard) -> bytes | None:
        if heard.path == "/v1/models":
            return models(f"m {KEY}", "m")
        if b"CaptionReply" in heard.body:
            text = json.dumps({"caption": f"A quiet piece, says {KEY}."})
            return completion(heard, message={"content": text})
        if b"StoryReply" in heard.body:
            return completion(heard, finish_reason=f"because of {KEY}")
        return completion(heard)

    with rude(reply) as server:
        built = build(source, out, server)
    assert built.returncode == 4, built.stderr
    search(tmp_path, out, built)


def build(source: Path, out: Path, server: Rude, *more: str) -> "subprocess.CompletedProcess[str]":
    words = ["build", "--source", str(source), "--out", str(out), "--speaker", "vllm"]
    return mmusset_with(KEY, *words, "--set", f"server.url={server.url}", *SHORT, *more)


def mmusset_with(key: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """The finished process of `mmusset WORDS`, with a key."""
    return mmusset(*words, variables={"OPENAI_API_KEY": key})


def search(tmp_path: Path, out: Path, built: "subprocess.CompletedProcess[str]") -> None:
    """Fails where the key stands in what was printed, kept, explained or exported."""
    stories = mmusset_with("", "explain", str(out), "artist 0/song 0.wav", "--json")
    status = mmusset_with("", "status", str(out), "--json")
    pages = mmusset_with("", "view", str(out), "--export", str(tmp_path / "pages"))
    for done in (built, stories, status, pages):
        assert_nowhere(KEY, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
    assert status.returncode == 0
    for path in tmp_path.rglob("*"):
        if path.is_file() and "source" not in path.relative_to(tmp_path).parts:
            assert KEY.encode() not in path.read_bytes(), path


def assert_nowhere(secret: str, *texts: str) -> None:
    for text in texts:
        assert secret not in text, text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Authorization: Bearer abcdefgh", "Authorization: ***"),
        ("{'Authorization': 'Basic bWU6cGFzcw=='}", "{'Authorization': '***'}"),
        ("no access with Bearer abc.def-ghi, sorry", "no access with Bearer ***, sorry"),
        ("Incorrect API key provided: sk-abcdefgh1234", "Incorrect API key provided: ***"),
        ("x-api-key=hidden", "x-api-key=***"),
        ("http://me:secret@here:1/v1?key=abc&b=c", "http://***@here:1/v1?***"),
        (f"it is {KEY}!", "it is ***!"),
        ("a token of love, in basic four-on-the-floor", None),
        ("maximum context length is 4096 tokens: max_tokens=640", None),
        ("log in with `hf auth login`, or set HF_TOKEN", None),
        ("there is no token for the Hub: log in", None),
    ],
)
def test_what_looks_like_a_secret_is_masked_and_words_are_left(
    text: str, shown: str | None
) -> None:
    assert masked(text) == (text if shown is None else shown)


def test_text_from_outside_is_one_short_line_without_control_characters() -> None:
    said = first_line(f"\n  \x1b[31mred\x1b[0m \u202e {KEY} and {'more ' * 99}\nsecond")
    assert said.startswith(r"\x1b[31mred\x1b[0m \u202e *** and more")
    assert len(said) == 200
    assert said.endswith("…")
    assert printable("\udc80\x00é") == r"\udc80\x00é"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("http://me:pw@here:8000/v1?key=1#x", "http://here:8000/v1"),
        ("http://here/v1", "http://here/v1"),
        ("http://[broken/v1", "an address that can't be read"),
        ("me:pw@here", "an address that can't be read"),
    ],
)
def test_an_address_is_shown_without_what_is_secret_in_it(url: str, shown: str) -> None:
    assert of_url(url) == shown
