"""The speaker for a vLLM server, or for any other that speaks the OpenAI protocol."""

import asyncio
import os
import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self
from urllib.parse import urlsplit

import orjson

from mmusset import safe_text
from mmusset.errors import MmussetError, Stopped, Unusable, UsageError
from mmusset.json_text import canonical_json
from mmusset.recipe_parts.speaker import OneServerPart, SpeakerPart
from mmusset.speakers import chat
from mmusset.speakers.base import ModelId, Reply, Request

from . import gauges
from .blame import Blame
from .breaker import Breaker, RetryWindow
from .dispatch import Dispatcher
from .throttle import LatencyThrottle, QueueThrottle
from .wire import SERVER, NoReply, ServerBusy, SettingNames, error_text, fetch, model_names, post

if TYPE_CHECKING:
    from aiohttp import ClientSession

# vLLM closes a connection that idles for 5 s; one that is reused at that moment breaks.
KEEP_ALIVE_S = 3.0
# How often the server's queue is looked at: while its size is searched for, and later.
SEARCH_S, WATCH_S = 0.1, 0.5
# The deadline of a probe, and of what is asked before the build begins.
PROBE_S = 30.0
# A build is at its end where so many samples for each call at once have no verdict: simulated, the
# server is then as busy as if all of the build went so, 0.96 for 0.84 of 256 samples at 64 calls.
AT_THE_END = 3
# The longest pause after refusals of a server that does not say when to come again.
LONGEST_PAUSE_S = 5.0


class VllmSpeaker:
    """Speaks through a server. `notify` gets a line when the server goes or comes back; one of
    several is given up after `leave_s` without an answer."""

    name = "vllm"
    named = SERVER

    def __init__(
        self,
        part: SpeakerPart,
        server: OneServerPart,
        notify: Callable[[str], None] = lambda _: None,
        strikes: dict[str, int] | None = None,
        leave_s: float | None = None,
    ) -> None:
        self.in_flight = server.max_in_flight
        self.strikes: dict[str, int] = {} if strikes is None else strikes
        self.throttle: QueueThrottle | LatencyThrottle = LatencyThrottle(server.max_in_flight)
        self.dispatcher = Dispatcher(self.throttle)
        self._part = part
        self.server = server
        self._url = server.url.rstrip("/")
        self._printable_url = safe_text.of_url(self._url)
        self._model = part.model
        self._blame = Blame(self.strikes)
        window = RetryWindow(self._printable_url, server.wait_seconds, leave_s)
        self._breaker = Breaker(self.dispatcher, self.probe, window, notify)
        self._refusals, self._refused_s = 0, 0.0
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Find the server and its models.

        Raises MmussetError where there is no server, or it lacks a model that the recipe names;
        UsageError where the address or the key can't be used.
        """
        self._session = self.session()
        try:
            await self._check_models()
            if await self._gauges():
                self.throttle = QueueThrottle(self.server.max_in_flight)
                self.dispatcher.throttle = self.throttle
                self._watch = asyncio.create_task(self._follow(self.throttle))
        except BaseException:
            await self._session.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        await self._breaker.close()
        await self._session.close()

    def model_id(self, agent: str) -> ModelId:
        """The agent's adapter, else the model; and all settings that its replies depend on."""
        name = self._part.adapters[agent] or self._model
        sampling = self._part.sampling[agent]
        settings = sampling.model_dump() | {"max_pixels": self._part.max_pixels}
        revision = f"@{self._part.revision}" if self._part.revision else ""
        return ModelId(f"{name}{revision}", canonical_json(settings))

    async def answer(self, request: Request) -> Reply:
        """The server's reply, however long it takes to get one.

        Raises Unusable where the server refuses the request or crashes on it, ServerGone
        where it stays away, MmussetError where it refuses every request of ours.
        """
        brief = request.brief
        body = chat.body(request, self._part, self._model)
        return await self._answer(
            body, brief.material.key, _priority(request, self.dispatcher.throttle.limit)
        )

    async def _answer(self, body: chat.Body, key: str, priority: int) -> Reply:
        """The reply to a body; calls that are lost count against `key`."""
        data = orjson.dumps(body)
        while True:
            answer = await self._try(data, key, priority)
            if answer:
                return answer

    def stop(self) -> None:
        """Send nothing more."""
        self.dispatcher.stop(Stopped())

    def session(self) -> "ClientSession":
        """A client that sends the server's key, if there is one. Raises UsageError for one, or for
        an address, that can't be used."""
        key = _checked_key(self._url, self.named)
        from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

        return ClientSession(
            connector=TCPConnector(limit=0, keepalive_timeout=KEEP_ALIVE_S),
            timeout=ClientTimeout(total=None),
            headers={"Authorization": f"Bearer {key}"} if key else None,
            cookie_jar=DummyCookieJar(),
        )

    async def _try(self, body: bytes, key: str, priority: int) -> Reply | None:
        """Send it once, when its turn comes; None if it has to be sent again."""
        alone = self._blame.is_suspect(key)
        await self.dispatcher.acquire(priority, alone=alone)
        self._blame.settle()
        begun_s = time.monotonic()
        try:
            if alone and not await self._probes_answered():
                return None
            begun_s = time.monotonic()
            answer = await self._post(body, self.server.call_seconds)
        except ServerBusy as busy:
            self._back_off(begun_s, busy.retry_after_s)
            return None
        except NoReply as lost:
            self._count_loss(key, lost, begun_s, alone)
            return None
        except Unusable:
            self._answered(key, alone)
            raise
        finally:
            self.dispatcher.release()
        self._answered(key, alone)
        self.throttle.answered(begun_s, time.monotonic())
        return answer

    async def _post(self, body: bytes, deadline_s: float) -> Reply:
        url = f"{self._url}/chat/completions"
        return await post(self._session, url, body, deadline_s, self.named)

    async def _probes_answered(self) -> bool:
        """Whether the server answers as many probes as are due before a suspect's call."""
        for _ in range(self._blame.probes_due):
            fault = await self.probe()
            self._blame.probed(lost=bool(fault))
            if fault:
                self._breaker.lost(fault)
                return False
        return True

    def _answered(self, key: str, alone: bool) -> None:
        self._refusals = 0
        self._breaker.answered()
        self._blame.answered(key, alone=alone)

    def _back_off(self, begun_s: float, retry_after_s: float) -> None:
        self._breaker.busy()
        self.throttle.refused(begun_s, time.monotonic())
        # What was sent before the last refusal was seen belongs to the same refusal.
        if begun_s >= self._refused_s:
            self._refusals += 1
            self._refused_s = time.monotonic()
        self.dispatcher.pause(
            retry_after_s or min(0.05 * 2 ** min(self._refusals, 10), LONGEST_PAUSE_S)
        )

    def _count_loss(self, key: str, lost: NoReply, begun_s: float, alone: bool) -> None:
        self.throttle.refused(begun_s, time.monotonic())
        why = self._blame.lost(key, alone=alone) if lost.may_be_item else ""
        if why:
            # The item was to blame, so the outage is not the server's.
            self._breaker.answered()
        self._breaker.lost(str(lost))
        if why:
            raise Unusable("kills the server", f"{why}: {lost}")

    async def _check_models(self) -> None:
        listed = await self._models()
        self._model = self._model or listed[0]
        names = {adapter or self._model for adapter in self._part.adapters.values()}
        if missing := sorted(names - set(listed)):
            raise MmussetError(
                f"{self._printable_url} does not serve {', '.join(missing)};"
                f" it serves {', '.join(listed)}"
            )

    async def _models(self) -> list[str]:
        try:
            reply = await fetch(self._session, f"{self._url}/models", PROBE_S, named=self.named)
        except NoReply as lost:
            raise self._absent(lost) from None
        if reply.status != 200:
            raise MmussetError(
                f"{self._printable_url} answers {reply.status}: {error_text(reply.data)}; look at"
                f" {self.named.url}, and at the key in {self.named.key}"
            )
        if names := model_names(reply.data):
            return names
        raise MmussetError(
            f"{self._printable_url} lists no model as OpenAI's protocol has it; look at"
            f" {self.named.url}"
        )

    def _absent(self, lost: NoReply) -> MmussetError:
        return MmussetError(
            f"no server at {self._printable_url} ({lost}); start one with"
            " `mmusset serve`, or set server.url"
        )

    async def probe(self) -> str:
        """Ask for one token; "" if it comes, else why not.

        Not /health, which vLLM answers with 200 while its engine hangs.
        """
        message = {"role": "user", "content": "Say yes."}
        body = {"model": self._model, "messages": [message], "max_tokens": 1, "temperature": 0}
        deadline_s = min(PROBE_S, self.server.call_seconds)
        try:
            await self._post(orjson.dumps(body), deadline_s)
        except ServerBusy:
            return ""
        except (NoReply, Unusable, MmussetError) as error:
            return str(error)
        return ""

    async def _gauges(self) -> gauges.Gauges | None:
        try:
            url = self._url.removesuffix("/v1") + "/metrics"
            reply = await fetch(self._session, url, PROBE_S)
        except (NoReply, MmussetError):
            return None
        return gauges.read(reply.data) if reply.status == 200 else None

    async def _follow(self, throttle: QueueThrottle) -> None:
        while True:
            await asyncio.sleep(SEARCH_S if throttle.searching else WATCH_S)
            if now := await self._gauges():
                in_flight = self.dispatcher.in_flight
                throttle.observe(now.running, now.waiting, now.kv_share, in_flight)
                self.dispatcher.admit()


def _priority(request: Request, at_once: int) -> int:
    """Which of the waiting calls leaves first: the lowest.

    Calls on samples that have begun go before new ones, because their prefix is still in the
    server's cache, and the nearer a sample is to its verdict the sooner: so few are unfinished
    at a time. At the end of a build, where the server answers `at_once` calls, it is the other way
    round, or the last samples to begin would go on alone, call after call, with most of it idle.
    """
    draft, place = request.brief.draft, request.brief.agent.place
    begun = bool(draft.caption or draft.story)
    if request.left <= AT_THE_END * at_once:
        return {"listen": 5, "write": 7 if begun else 6, "mend": 8, "judge": 9}[place]
    return {"mend": 0, "judge": 1, "write": 2 if begun else 3, "listen": 4}[place]


def _checked_key(url: str, named: SettingNames) -> str:
    """The key to send, "" for none. Raises UsageError where it or the address can't be used."""
    key = os.environ.get(named.key, "").strip()
    if not key.isprintable():
        raise UsageError(f"the key in {named.key} holds a character that no key can")
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
    if not is_address:
        raise UsageError(f"{named.url} is no address: it should look like http://127.0.0.1:8000/v1")
    safe_text.remember_url(url)
    if key and "@" in parts.netloc:
        raise UsageError(
            f"{named.url} holds a user, and {named.key} a key: a server takes one or the other,"
            " not both; take the user out of the address, or unset the variable"
        )
    return key
