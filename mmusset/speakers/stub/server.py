"""A server without a model that speaks the protocol as vLLM does: for tests, and to try a build.

`mmusset serve --stub` starts it. It has slots, latency, a queue, /metrics, and a plan
of what goes wrong; its replies are true, and in the schema of the request (replies.py).
"""

import asyncio
import hashlib
import signal
import socket
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import orjson
from aiohttp import web
from pydantic import BaseModel

from mmusset.speakers.agent import Agent

from .plan import PlannedFault, StubPlan
from .replies import (
    BLOCK_TOKENS,
    CHARACTERS_PER_TOKEN,
    ChatRequest,
    heard_tokens,
    parse_chat,
    picture_tokens,
    reply_to,
)

MOST_BODY_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """One request and how it ended. `status` is 0 where the connection broke."""

    number: int
    body_sha256: str
    schema: str
    sample: str
    model: str
    status: int


class Slots:
    """A number of calls at once, the others in line; counts the time that slots are busy."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self.running = 0
        self.most_running = 0
        self.waiting: deque[asyncio.Future[None]] = deque()
        self._busy_s = 0.0
        self._since_s = time.monotonic()

    @property
    def busy_s(self) -> float:
        """Slot-seconds worked so far."""
        self._count()
        return self._busy_s

    def resize(self, slots: int) -> None:
        """Have that many slots from now on; calls that run go on."""
        self.slots = slots
        self._admit()

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """A slot, when it is this call's turn."""
        turn = asyncio.get_running_loop().create_future()
        self.waiting.append(turn)
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn in self.waiting:
                self.waiting.remove(turn)
            elif turn.done() and not turn.cancelled():
                self._leave()
            raise
        try:
            yield
        finally:
            self._leave()

    def _leave(self) -> None:
        self._count()
        self.running -= 1
        self._admit()

    def _admit(self) -> None:
        while self.waiting and self.running < self.slots:
            turn = self.waiting.popleft()
            if not turn.done():
                self._count()
                self.running += 1
                self.most_running = max(self.most_running, self.running)
                turn.set_result(None)

    def _count(self) -> None:
        now = time.monotonic()
        self._busy_s += self.running * (now - self._since_s)
        self._since_s = now


class StubServer:
    """`async with StubServer(plan, agents) as stub:` serves at `stub.url`, on loopback."""

    def __init__(self, plan: StubPlan, agents: Sequence[Agent[BaseModel]], port: int = 0) -> None:
        self.plan = plan
        self.agents = agents
        self.port = port
        self.slots = Slots(plan.slots)
        self.seen: list[LoggedRequest] = []
        self.requests = 0
        self._first_s = self._last_s = time.monotonic()  # of the first request, the last answer
        self._hits = Counter[int]()
        self._cached: set[tuple[str, str]] = set()
        self._tokens = Counter[str]()
        app = web.Application(client_max_size=MOST_BODY_BYTES)
        app.add_routes(
            [
                web.post("/v1/chat/completions", self._chat),
                web.get("/v1/models", self._models),
                web.get("/health", self._health),
                web.get("/metrics", self._metrics),
            ]
        )
        # A client that goes away frees its slot.
        self._runner = web.AppRunner(app, handler_cancellation=True, access_log=None)
        self._site: web.SockSite | None = None
        self._listening: socket.socket | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def is_down(self) -> bool:
        """Whether it does not listen."""
        return self._site is None

    async def __aenter__(self) -> Self:
        await self._runner.setup()
        await self.come_back()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.go_down()
        await self._runner.cleanup()
        # One more turn, in which the broken connections are closed.
        await asyncio.sleep(0)

    async def come_back(self) -> None:
        """Listen again, on the same port as before."""
        listening = socket.create_server(("127.0.0.1", self.port), backlog=128)
        self.port = listening.getsockname()[1]
        self._site, self._listening = web.SockSite(self._runner, listening), listening
        await self._site.start()

    async def go_down(self) -> None:
        """Stop listening and break every connection, as a server that dies does."""
        if self._site and self._listening:
            # asyncio (3.11) loses what it accepted in the turn in which its server closes, and
            # never closes it: accept no more, then wait until the last are connections.
            asyncio.get_running_loop().remove_reader(self._listening)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            site, self._site = self._site, None
            await site.stop()
        server = self._runner.server
        for connection in list(server.connections) if server else ():
            if connection.transport:
                connection.transport.abort()

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        self.requests += 1
        number = self.requests
        if number == 1:
            self._first_s = time.monotonic()
        data = await request.read()
        try:
            chat = parse_chat(orjson.loads(data))
        except (orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
            return _error(400, f"this is no chat: {error!r}")
        if chat.model not in (self.plan.model, *self.plan.adapters):
            return _error(404, f"The model `{chat.model}` does not exist.")
        status = 0
        try:
            response = await self._respond(request, number, data, chat)
            status = response.status
            return response
        finally:
            self._last_s = time.monotonic()
            body_sha256 = hashlib.sha256(data).hexdigest()
            self.seen.append(
                LoggedRequest(number, body_sha256, chat.schema, chat.sample, chat.model, status)
            )

    async def _respond(
        self, request: web.Request, number: int, data: bytes, chat: ChatRequest
    ) -> web.StreamResponse:
        fault = self._fault(number, data)
        if fault and (early := await self._refuse(request, fault)):
            return early
        if self.plan.queue is not None and len(self.slots.waiting) > self.plan.queue:
            return _error(503, "too many requests wait")
        async with self.slots.one():
            await asyncio.sleep(self.plan.latency_s)
        if fault and (wrong := await self._spoil(request, fault)):
            return wrong
        text, finish_reason = reply_to(chat, self.agents, self.plan), "stop"
        if fault:
            text, finish_reason = _spoil_text(text, fault)
        return web.Response(
            body=orjson.dumps(self._completion(chat, text, finish_reason)),
            content_type="application/json",
        )

    def _fault(self, number: int, data: bytes) -> PlannedFault | None:
        for place, fault in enumerate(self.plan.faults):
            if self._hits[place] < fault.at_most and fault.hits(number, data):
                self._hits[place] += 1
                return fault
        return None

    async def _refuse(self, request: web.Request, fault: PlannedFault) -> web.StreamResponse | None:
        """What goes wrong before any work is done."""
        if fault.kind == "429":
            return _error(429, "slow down", {"Retry-After": f"{fault.retry_after_s:g}"})
        if fault.kind in {"502", "503", "500", "400"}:
            return _error(int(fault.kind), "as planned")
        if fault.kind == "hang":
            await asyncio.Event().wait()
        return None

    async def _spoil(self, request: web.Request, fault: PlannedFault) -> web.StreamResponse | None:
        """What goes wrong when the answer is due."""
        if fault.kind == "die":
            await self.go_down()
        if fault.kind == "reset" and request.transport:
            request.transport.abort()
        if fault.kind == "html":
            return web.Response(text="<html>Welcome!</html>", content_type="text/html")
        if fault.kind == "drip":
            response = web.StreamResponse()
            await response.prepare(request)
            while True:
                await response.write(b" ")
                await asyncio.sleep(0.1)
        return None

    def _completion(self, chat: ChatRequest, text: str, finish_reason: str) -> dict[str, Any]:
        written = len(text) // CHARACTERS_PER_TOKEN + 1
        prompt, cached = chat.prompt_tokens, self._cached_tokens(chat)
        if self.plan.listening == "deaf":
            prompt -= heard_tokens(chat.sound)
        self._tokens.update(prompt=prompt, hits=cached, generation=written)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "finish_reason": finish_reason,
        }
        if finish_reason == "null content":
            choice |= {"message": {"role": "assistant", "content": None}, "finish_reason": "stop"}
        return {
            "id": f"chatcmpl-{self.requests}",
            "object": "chat.completion",
            "model": chat.model,
            "choices": [] if finish_reason == "no choices" else [choice],
            "usage": {
                "prompt_tokens": prompt,
                "completion_tokens": written,
                "total_tokens": prompt + written,
                "prompt_tokens_details": {"cached_tokens": cached},
            },
        }

    def _cached_tokens(self, chat: ChatRequest) -> int:
        """What a prefix cache would hold: the system text of earlier calls, a sample's prefix."""
        shared = len(chat.system)
        known = 0
        if (chat.model, "") in self._cached:
            known = shared // CHARACTERS_PER_TOKEN
        if (chat.model, chat.sample) in self._cached:
            known = (shared + len(chat.evidence)) // CHARACTERS_PER_TOKEN
            known += picture_tokens(chat.picture)
        self._cached |= {(chat.model, ""), (chat.model, chat.sample)}
        return known // BLOCK_TOKENS * BLOCK_TOKENS

    async def _models(self, request: web.Request) -> web.Response:
        base = {"id": self.plan.model, "object": "model", "root": self.plan.model, "parent": None}
        adapters = [
            {"id": name, "object": "model", "root": name, "parent": self.plan.model}
            for name in self.plan.adapters
        ]
        return web.json_response({"object": "list", "data": [base, *adapters]})

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response()

    async def _metrics(self, request: web.Request) -> web.Response:
        if not self.plan.metrics:
            raise web.HTTPNotFound
        values = {
            "num_requests_running": self.slots.running,
            "num_requests_waiting": len(self.slots.waiting),
            "kv_cache_usage_perc": min(1.0, self.slots.running / max(self.slots.slots, 1) * 0.5),
            "prefix_cache_queries_total": self._tokens["prompt"],
            "prefix_cache_hits_total": self._tokens["hits"],
            "prompt_tokens_total": self._tokens["prompt"],
            "generation_tokens_total": self._tokens["generation"],
        }
        labels = f'{{engine="0",model_name="{self.plan.model}"}}'
        lines = [f"vllm:{name}{labels} {float(value)}" for name, value in values.items()]
        # What vLLM does not report, for benchmarks.
        lines.append(f"stub:slot_seconds_total {self.slots.busy_s}")
        lines.append(f"stub:requests_total {float(self.requests)}")
        lines.append(f"stub:first_request_seconds {self._first_s}")
        lines.append(f"stub:last_answer_seconds {self._last_s}")
        return web.Response(text="\n".join(lines) + "\n")


async def serve(
    plan: StubPlan,
    agents: Sequence[Agent[BaseModel]],
    port: int,
    ready: Callable[[str], None],
) -> None:
    """Serve until SIGINT or SIGTERM; `ready(url)` is called when calls can come."""
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with StubServer(plan, agents, port) as stub:
        ready(stub.url)
        await stop.wait()


def _spoil_text(text: str, fault: PlannedFault) -> tuple[str, str]:
    """The answer and its finish_reason, as this fault makes them."""
    if fault.kind in {"length", "abort"}:
        return text[: len(text) // 2], fault.kind
    if fault.kind in {"null content", "no choices"}:
        return text, fault.kind
    spoilt = {"no json": "Sure! Here it is.", "other schema": '{"answer": 42}', "empty": ""}
    return spoilt.get(fault.kind, text), "stop"


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    error = {"message": message, "type": "BadRequestError", "param": None, "code": status}
    return web.json_response({"error": error}, status=status, headers=headers)
