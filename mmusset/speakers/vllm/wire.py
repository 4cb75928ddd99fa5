"""One call over the wire, in the OpenAI protocol: JSON out; a reply, or what went wrong, back.

What a failure means for the caller is in its type:

    Unusable      the server read the request and refuses it: the item's fault
    MmussetError  the server refuses every request of this kind: the user has to act
    ServerBusy    it has too much to do: try again later
    NoReply       the server may be in trouble, or this request may be what troubles it

No error holds more of what a server or the HTTP client says than a short line without secrets:
the client's own words may quote the request's headers, which hold the key. No redirect is
followed, and of no reply more than MOST_BYTES is read.
"""

import asyncio
import os
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Annotated, Any

import orjson
from pydantic import BeforeValidator, Field, ValidationError

from mmusset import safe_text
from mmusset.errors import MmussetError, Unusable
from mmusset.frozen import Frozen
from mmusset.speakers.base import Reply

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

# Our longest reply has 8192 tokens; a server that sends more than this is no model's server.
MOST_BYTES = 4 << 20
MOST_TOKENS = 1 << 40
# The variables that hold keys of servers: of the writers', and of the listener's.
KEY_VARIABLES = ("OPENAI_API_KEY", "LISTENER_API_KEY")
# What a status of HTTP says of the request. 503 is what vLLM sends when its queue has a bound.
BUSY = {408, 409, 425, 429, 503}
REFUSED = {400, 413, 422}
NOT_OURS = {401, 403, 404, 407}
LONGEST_WAIT_S = 300.0  # of a Retry-After header, which may say anything


@dataclass(frozen=True, slots=True)
class SettingNames:
    """How a user calls what the recipe and the environment say of a server."""

    url: str = "server.url"
    key: str = "OPENAI_API_KEY"


SERVER = SettingNames()


class ServerBusy(Exception):
    """The server is up and has too much to do. `retry_after_s` is what it says itself, or 0."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"busy; try again in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class NoReply(Exception):
    """No reply came. `may_be_item`: this request may be why."""

    def __init__(self, why: str, *, may_be_item: bool = True) -> None:
        super().__init__(why)
        self.may_be_item = may_be_item


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """What a server sent: its status, its body, and its Retry-After header or ""."""

    status: int
    data: bytes
    retry_after: str


def _count(value: Any) -> int:
    """A count of tokens; 0 for anything else."""
    return value if isinstance(value, int) and 0 <= value <= MOST_TOKENS else 0


Tokens = Annotated[int, BeforeValidator(_count)]


class _Message(Frozen, extra="ignore"):
    content: str | None = None


class _Choice(Frozen, extra="ignore"):
    message: _Message
    finish_reason: str | None = None


class _Details(Frozen, extra="ignore"):
    cached_tokens: Tokens = 0


class _Usage(Frozen, extra="ignore"):
    prompt_tokens: Tokens = 0
    completion_tokens: Tokens = 0
    prompt_tokens_details: _Details | None = None


class _Completion(Frozen, extra="ignore"):
    choices: tuple[_Choice, ...]
    usage: _Usage | None = Field(default=None)


async def post(
    session: "ClientSession", url: str, body: bytes, deadline_s: float, named: SettingNames = SERVER
) -> Reply:
    """The reply to a chat completion's body, within `deadline_s` from first byte to last.

    Raises Unusable, MmussetError, ServerBusy and NoReply, as the module says.
    """
    begun_s = time.monotonic()
    response = await fetch(session, url, deadline_s, body, named)
    _check_status(url, response, named)
    return _reply(response.data, time.monotonic() - begun_s)


async def fetch(
    session: "ClientSession",
    url: str,
    deadline_s: float,
    body: bytes | None = None,
    named: SettingNames = SERVER,
) -> HttpResponse:
    """The response to a POST of JSON, or to a GET where there is no body. Raises NoReply.

    Raises MmussetError where the server sends us elsewhere.
    """
    from aiohttp import ClientConnectorError, ClientError
    from aiohttp.http_exceptions import HttpProcessingError

    if body is None:
        call = session.get(url, allow_redirects=False)
    else:
        headers = {"Content-Type": "application/json"}
        call = session.post(url, data=body, headers=headers, allow_redirects=False)
    try:
        # Around all of it, because no timeout of the client's ends a body that drips in.
        async with asyncio.timeout(deadline_s), call as response:
            if 300 <= response.status < 400:
                raise _moved(url, response.status, named)
            data = await _read(response)
            return HttpResponse(response.status, data, response.headers.get("Retry-After", ""))
    except TimeoutError:
        raise NoReply(f"no answer within {deadline_s:g} s") from None
    except ClientConnectorError as error:
        printable_url = safe_text.of_url(url)
        raise NoReply(
            f"no connection to {printable_url} ({_kind(error)})", may_be_item=False
        ) from None
    except (ClientError, HttpProcessingError, OSError) as error:
        raise NoReply(f"the connection broke ({_kind(error)})") from None


def model_names(data: bytes) -> list[str]:
    """The names in the body of a reply to /models; those that nobody could print are left out."""
    try:
        body: Any = orjson.loads(data)
    except orjson.JSONDecodeError:
        return []
    listed = body.get("data") if isinstance(body, dict) else None
    models = listed if isinstance(listed, list) else []
    ids = [model.get("id") for model in models if isinstance(model, dict)]
    return [name for name in ids if isinstance(name, str) and name and _is_safe(name)]


def error_text(data: bytes) -> str:
    """What an error's body says, in whichever of the usual shapes, as a short line."""
    try:
        body: Any = orjson.loads(data)
    except orjson.JSONDecodeError:
        body = data.decode("utf-8", "replace")
    if isinstance(body, dict):
        body = body.get("error", body)
    if isinstance(body, dict):
        body = body.get("message", body)
    return safe_text.first_line(str(body))


def retry_after_s(header: str) -> float:
    """Seconds of a Retry-After header, which may be a date; 0 where it says neither."""
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, TypeError, OverflowError, OSError):
            return 0.0
    # Not a number is not more than 0 either.
    return min(seconds, LONGEST_WAIT_S) if seconds > 0 else 0.0


async def _read(response: "ClientResponse") -> bytes:
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST_BYTES:
            raise NoReply(f"an answer of over {MOST_BYTES} bytes")
    return b"".join(chunks)


def _moved(url: str, status: int, named: SettingNames) -> MmussetError:
    return MmussetError(
        f"{safe_text.of_url(url)} sends its callers elsewhere ({status}); mmusset follows no"
        f" redirect: set {named.url} to where the server itself is"
    )


def _check_status(url: str, response: HttpResponse, named: SettingNames) -> None:
    status = response.status
    if status == 200:
        return
    message, printable_url = error_text(response.data), safe_text.of_url(url)
    if status in BUSY:
        raise ServerBusy(retry_after_s(response.retry_after))
    if status in REFUSED:
        raise Unusable("refused by the server", f"{status}: {message}")
    if status in NOT_OURS:
        raise MmussetError(
            f"{printable_url} answers {status}: {message}; look at {named.url}, at the model's"
            f" name, and at the key in {named.key}"
        )
    raise NoReply(f"{printable_url} answers {status}: {message}")


def _reply(data: bytes, seconds: float) -> Reply:
    """The reply in a 200's body. An empty one is a reply too: whoever asked judges it."""
    try:
        completion = _Completion.model_validate(orjson.loads(data))
    except (orjson.JSONDecodeError, ValidationError):
        start = safe_text.first_line(data.decode("utf-8", "replace"))
        raise NoReply(f"not an answer of a model: {start or 'nothing'}") from None
    usage = completion.usage or _Usage()
    choice = completion.choices[0] if completion.choices else _Choice(message=_Message())
    # vLLM sends what it has so far, with 200 and this reason, when it gets SIGTERM.
    if choice.finish_reason == "abort":
        raise NoReply("the server broke off its answer", may_be_item=False)
    return Reply(
        text=_without_key(choice.message.content or ""),
        finish_reason=_reason(choice.finish_reason or "none given"),
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=(usage.prompt_tokens_details or _Details()).cached_tokens,
        completion_tokens=usage.completion_tokens,
        seconds=round(seconds, 3),
    )


def _reason(finish_reason: str) -> str:
    """Why a reply ended. Masking costs a little, and nearly all end by themselves."""
    return finish_reason if finish_reason == "stop" else safe_text.first_line(finish_reason, 40)


def _is_safe(name: str) -> bool:
    return safe_text.printable(safe_text.without_known(name)) == name


def _without_key(text: str) -> str:
    """A model's words as they are, unless a careless proxy wrote the key into them."""
    keys = [os.environ.get(name, "").strip() for name in KEY_VARIABLES]
    # A key that is a word, as people give servers of their own, is a word of stories too.
    is_word = any(keys) and all(key.isalpha() for key in keys if key)
    return text if is_word else safe_text.without_known(text)


def _kind(error: Exception) -> str:
    """What broke a connection, in our own words."""
    import aiohttp

    kinds: tuple[tuple[type[Exception], str], ...] = (
        (aiohttp.ClientConnectorCertificateError, "its certificate is not trusted"),
        (aiohttp.ClientSSLError, "it does not speak TLS as we do"),
        (aiohttp.ClientConnectorDNSError, "its name is not known"),
        (aiohttp.ServerDisconnectedError, "the server hung up"),
        (aiohttp.ClientPayloadError, "the answer is damaged or cut short"),
        (aiohttp.ClientResponseError, "what came is not HTTP"),
        (aiohttp.InvalidURL, "that is no address"),
    )
    known = next((words for kind, words in kinds if isinstance(error, kind)), "")
    if known:
        return known
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)
    return type(error).__name__
