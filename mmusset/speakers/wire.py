"""One call over the wire, in the OpenAI protocol: JSON out; an answer, or what went wrong, back.

What a failure means for the caller is in its type:

    Unusable      the server read the request and won't have it: the item's fault
    MmussetError  the server won't have any request of this kind: the user's to mend
    Busy          it has too much to do: come again later
    Lost          no answer: the server may be in trouble, or this request may be its trouble
"""

import asyncio
import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import orjson
from pydantic import Field, ValidationError

from mmusset.errors import MmussetError, Unusable
from mmusset.sample import Frozen

from .base import Answer

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

# No answer of ours is longer; a server that sends more is not one.
MOST_BYTES = 4 << 20
BUSY = {408, 409, 425, 429, 503}
REFUSED = {400, 413, 422}
NOT_OURS = {401, 403, 404}


class Busy(Exception):
    """The server is there and has too much to do. `retry_after_s` is its own word, or 0."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"busy, to be asked again in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s


class Lost(Exception):
    """No answer came. `blames`: this request may be why."""

    def __init__(self, why: str, *, blames: bool = True) -> None:
        super().__init__(why)
        self.blames = blames


class _Message(Frozen, extra="ignore"):
    content: str | None = None


class _Choice(Frozen, extra="ignore"):
    message: _Message
    finish_reason: str | None = None


class _Details(Frozen, extra="ignore"):
    cached_tokens: int | None = None


class _Usage(Frozen, extra="ignore"):
    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: _Details | None = None


class _Completion(Frozen, extra="ignore"):
    choices: tuple[_Choice, ...]
    usage: _Usage | None = Field(default=None)


async def post(session: "ClientSession", url: str, body: bytes, deadline_s: float) -> Answer:
    """The answer to a chat completion's body, within `deadline_s` from first byte to last.

    Raises Unusable, MmussetError, Busy and Lost, as the module says.
    """
    from aiohttp import ClientConnectorError, ClientError, ClientPayloadError

    begun_s = time.monotonic()
    try:
        async with (
            asyncio.timeout(deadline_s),
            session.post(url, data=body, headers={"Content-Type": "application/json"}) as response,
        ):
            data = await _read(response)
            _check_status(response, data)
    except TimeoutError:
        raise Lost(f"no answer within {deadline_s:g} s") from None
    except ClientConnectorError as error:
        raise Lost(f"no connection to {url} ({error.os_error})", blames=False) from None
    except (ClientPayloadError, ClientError, ConnectionError) as error:
        raise Lost(f"the connection broke ({error!r})") from None
    return _answer(data, time.monotonic() - begun_s)


async def _read(response: "ClientResponse") -> bytes:
    chunks, size = [], 0
    async for chunk in response.content.iter_any():
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST_BYTES:
            raise Lost(f"an answer of over {MOST_BYTES} bytes")
    return b"".join(chunks)


def _check_status(response: "ClientResponse", data: bytes) -> None:
    status = response.status
    if status == 200:
        return
    said = _error_text(data)
    if status in BUSY:
        raise Busy(retry_after_s(response.headers.get("Retry-After", "")))
    if status in REFUSED:
        raise Unusable("refused by the server", f"{status}: {said}")
    if status in NOT_OURS:
        raise MmussetError(
            f"{response.url} answers {status}: {said}; look at server.url, at the model's"
            " name, and at the key in OPENAI_API_KEY"
        )
    raise Lost(f"{response.url} answers {status}: {said}")


def _answer(data: bytes, seconds: float) -> Answer:
    """The answer in a 200's body. An empty one is an answer too: the asker judges it."""
    try:
        completion = _Completion.model_validate(orjson.loads(data))
    except (orjson.JSONDecodeError, ValidationError):
        raise Lost(f"not an answer of a model: {data[:200]!r}") from None
    usage = completion.usage or _Usage()
    choice = completion.choices[0] if completion.choices else _Choice(message=_Message())
    # vLLM ends what it was writing so when it is told to stop: not an answer.
    if choice.finish_reason == "abort":
        raise Lost("the server broke off its answer", blames=False)
    return Answer(
        text=choice.message.content or "",
        finish_reason=choice.finish_reason or "none given",
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=(usage.prompt_tokens_details or _Details()).cached_tokens or 0,
        completion_tokens=usage.completion_tokens,
        seconds=round(seconds, 3),
    )


def _error_text(data: bytes) -> str:
    """What an error's body says, in whichever of the usual shapes, cut to a line."""
    try:
        body: Any = orjson.loads(data)
    except orjson.JSONDecodeError:
        body = data.decode("utf-8", "replace")
    if isinstance(body, dict):
        body = body.get("error", body)
    if isinstance(body, dict):
        body = body.get("message", body)
    return " ".join(str(body).split())[:300]


def retry_after_s(header: str) -> float:
    """Seconds of a Retry-After header, which may be a date; 0 where it says neither."""
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - time.time()
        except ValueError:
            return 0.0
    return max(0.0, min(seconds, 300.0))
