"""A vLLM server: found, checked, started in a process group of its own, and stopped whole.

`/health` answers 200 before the engine works, so a server counts as ready when it has answered
a small picture in a schema.
"""

import asyncio
import contextlib
import json
import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
from pydantic import BaseModel

from mmusset import safe_text
from mmusset.errors import MmussetError, Unusable, UsageError
from mmusset.speakers.adapter import LoraAdapter, check_adapter, read_adapter
from mmusset.speakers.agent import Agent
from mmusset.tracing import without_tracing

from .wire import NoReply, ServerBusy, post

DEFAULT_MODEL = "Qwen/Qwen2-VL-7B-Instruct"
START_S = 1200.0  # a first start downloads the weights
WARM_UP_S = 300.0  # the first picture compiles what compiles lazily
STOP_S = 10.0
LOG_LINES = 12
LOG_BYTES = 64_000  # of its end, in which those lines are

# Sets PR_SET_PDEATHSIG (1) and becomes the server: however this process ends, even by SIGKILL,
# the kernel sends the server SIGTERM.
_WITH_US = (
    "import ctypes, os, signal, sys; libc = ctypes.CDLL(None);"
    " hasattr(libc, 'prctl') and libc.prctl(1, signal.SIGTERM);"
    " os.execv(sys.argv[1], sys.argv[1:])"
)

# In the checkout, not in the current folder, which may be a stranger's.
MADE_BY_MAKE = Path(__file__).parents[3] / ".venv-vllm" / "bin" / "python"
# Nor is anything imported from there. (An option, -P, would be refused by a Python before 3.11.)
SAFE_PATH = {"PYTHONSAFEPATH": "1"}

Notify = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """What to serve, where, and with which interpreter."""

    python: Path
    model: str = DEFAULT_MODEL
    adapter: LoraAdapter | None = None
    agents: tuple[str, ...] = ()
    port: int = 8000
    on_cpu: bool = False

    @property
    def name(self) -> str:
        """The model that all agents should name: the adapter, if there is one."""
        return self.adapter.name if self.adapter else self.model

    @property
    def url(self) -> str:
        """Where it will answer."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def settings(self) -> tuple[str, ...]:
        """What a recipe must say for all agents to speak through it."""
        settings = [f"server.url={self.url}", f"speaker.model={self.model}"]
        if self.adapter:
            settings += [f"speaker.adapters.{agent}={self.adapter.name}" for agent in self.agents]
        return tuple(settings)

    @property
    def build(self) -> str:
        """The command that builds with it, all agents through the adapter."""
        words = ["mmusset", "build", "--source", "DIR", "--speaker", "vllm"]
        return shlex.join(
            [*words, *(word for setting in self.settings for word in ("--set", setting))]
        )


def to_serve(
    model: str,
    adapter: Path | None,
    python: Path | None,
    port: int,
    agents: Iterable[Agent[BaseModel]],
) -> ServerSpec:
    """What to serve for `agents` to speak through, checked; port 0 takes a free one.

    Raises UsageError without a vLLM, MmussetError for an adapter that can't be served.
    """
    lora = None
    if adapter:
        lora = read_adapter(adapter)
        check_adapter(lora, model)
    interpreter = find_vllm(python)
    on_cpu = not _runs(interpreter, "import torch, sys; sys.exit(not torch.cuda.is_available())")
    names = tuple(agent.name for agent in agents)
    return ServerSpec(interpreter, model, lora, names, port or _free_port(), on_cpu)


def find_vllm(python: Path | None) -> Path:
    """The interpreter that has vLLM: the one named, this one, or that which `make vllm` made.

    Raises UsageError that says how to get it.
    """
    for candidate in [python] if python else [Path(sys.executable), MADE_BY_MAKE]:
        if candidate.exists() and _has_vllm(candidate):
            return candidate
    where = f"{python} has no vLLM" if python else "vLLM is not installed here"
    raise UsageError(
        f"{where}: pip install 'mmusset[vllm]' on a machine with a GPU, or `make vllm` in a"
        " checkout for a slow server on a CPU; --python names the interpreter that has it;"
        " `mmusset serve --stub` needs none"
    )


def command(served: ServerSpec) -> list[str]:
    """The server's command line.

    Replies keep to their schema by llguidance, with no free whitespace. vLLM's default, xgrammar,
    lets a model write blanks up to max_tokens (all of six greedy tries with a tiny model), and
    raw control characters into strings of bounded length.
    """
    words = [
        *(str(served.python), "-m", "vllm.entrypoints.openai.api_server"),
        *("--model", served.model, "--served-model-name", served.model),
        *("--host", "127.0.0.1", "--port", str(served.port)),
        *("--max-model-len", "4096", "--limit-mm-per-prompt", '{"image":1}'),
        *("--enable-prefix-caching", "--enable-prompt-tokens-details"),
        "--structured-outputs-config",
        '{"backend":"guidance","disable_any_whitespace":true}',
    ]
    if served.adapter:
        rank = str(served.adapter.served_rank)
        words += ["--enable-lora", "--max-loras", "1", "--max-lora-rank", rank]
        words += ["--lora-modules", f"{served.adapter.name}={served.adapter.folder.resolve()}"]
    if served.on_cpu:
        # On a CPU: no compiled graphs, and no more sequences than its small KV cache holds.
        words += ["--dtype", "float32", "--enforce-eager", "--max-num-seqs", "32"]
    return words


class VllmServer:
    """A running vLLM server: `async with VllmServer(served, log, notify):`, and it answers."""

    def __init__(self, served: ServerSpec, log: Path, notify: Notify = lambda _: None) -> None:
        self.served = served
        self._log = log
        self._notify = notify
        self._process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        """Start it, and wait until it answers. Raises MmussetError with its last words."""
        if await _listens(self.served.port):
            raise MmussetError(f"port {self.served.port} is taken; give another with --port")
        await self._start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process:
            await self._stop(self._process)

    async def keep_up(self) -> None:
        """Start it again whenever it ends. Raises MmussetError where it can't be started."""
        while process := self._process:
            await self._end_of(process)
            self._notify("the server ended by itself; starting it again")
            await self._stop(process)
            await self._start()

    async def _end_of(self, process: "subprocess.Popen[bytes]") -> None:
        """Return when it has ended, or has not listened for STOP_S seconds.

        vLLM that gets SIGTERM while calls are in flight may wait for its dead engine for ever.
        """
        alive_s = time.monotonic()
        while process.poll() is None and time.monotonic() - alive_s < STOP_S:
            await asyncio.sleep(0.5)
            if await _listens(self.served.port):
                alive_s = time.monotonic()

    async def _start(self) -> None:
        environment = without_tracing(os.environ)
        environment |= {"VLLM_NO_USAGE_STATS": "1", "DO_NOT_TRACK": "1"} | SAFE_PATH
        if self.served.on_cpu:
            environment |= {"VLLM_CPU_KVCACHE_SPACE": "2", "TORCHDYNAMO_DISABLE": "1"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-c", _WITH_US, *command(self.served)],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                env=environment,
            )
        try:
            await self._wait_until_ready(self._process)
        except BaseException:
            await self._stop(self._process)
            raise

    async def _wait_until_ready(self, process: "subprocess.Popen[bytes]") -> None:
        from aiohttp import ClientSession

        begun_s = notified_s = time.monotonic()
        async with ClientSession() as session:
            while not await _is_healthy(session, self.served.url):
                if process.poll() is not None:
                    raise MmussetError(f"vLLM ended while it started:\n{self._last_words()}")
                now_s = time.monotonic()
                if now_s - begun_s > START_S:
                    raise MmussetError(f"vLLM was not ready in {START_S:g} s; see {self._log}")
                if now_s - notified_s >= 5:
                    notified_s = now_s
                    self._notify(f"starting {self.served.model}: {now_s - begun_s:.0f} s")
                await asyncio.sleep(0.5)
            self._notify("warming up with a picture")
            await _warm_up(session, self.served.url, self.served.name)

    async def _stop(self, process: "subprocess.Popen[bytes]") -> None:
        """End the whole group: the engine's processes outlive the server that started them."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            deadline_s = time.monotonic() + STOP_S
            while _group_lives(process) and time.monotonic() < deadline_s:
                await asyncio.sleep(0.05)
            if not _group_lives(process):
                return

    def _last_words(self) -> str:
        with self._log.open("rb") as file:
            file.seek(max(0, self._log.stat().st_size - LOG_BYTES))
            lines = file.read(LOG_BYTES).decode(errors="replace").splitlines()
        last = [safe_text.first_line(line) for line in lines[-LOG_LINES:]]
        return "\n".join([*last, f"(all of it is in {self._log})"])


async def serve(served: ServerSpec, ready: Callable[[str], None], notify: Notify) -> None:
    """Serve until SIGINT or SIGTERM; `ready(url)` is called when it answers."""
    main = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, main.cancel if main else loop.stop)
    with contextlib.suppress(asyncio.CancelledError):
        async with VllmServer(served, log_file(), notify) as server:
            notify(f"{served.name} answers; Ctrl-C stops it. To build with it:\n  {served.build}")
            ready(served.url)
            await server.keep_up()


def log_file() -> Path:
    """A new file for a server's output, which stays when the server is gone."""
    handle, name = tempfile.mkstemp(prefix="mmusset-vllm-", suffix=".log")
    os.close(handle)
    return Path(name)


def _has_vllm(python: Path) -> bool:
    return _runs(
        python, "import importlib.util, sys; sys.exit(importlib.util.find_spec('vllm') is None)"
    )


def _runs(python: Path, code: str) -> bool:
    """Whether an interpreter runs a line of code and exits with 0."""
    done = subprocess.run(
        [python, "-c", code], check=False, capture_output=True, env=os.environ | SAFE_PATH
    )
    return done.returncode == 0


def _group_lives(process: "subprocess.Popen[bytes]") -> bool:
    process.poll()
    try:
        os.killpg(process.pid, 0)
    except ProcessLookupError:
        return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def _listens(port: int) -> bool:
    """Whether a server listens on this port of the machine; one too busy to accept does too."""
    try:
        async with asyncio.timeout(STOP_S):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
    except TimeoutError:
        return True
    except OSError:
        return False
    writer.close()
    return True


async def _is_healthy(session: Any, url: str) -> bool:
    from aiohttp import ClientError, ClientTimeout

    health = url.removesuffix("/v1") + "/health"
    try:
        limit = ClientTimeout(total=5)
        async with session.get(health, timeout=limit, allow_redirects=False) as response:
            return bool(response.status == 200)
    except (ClientError, OSError, TimeoutError):
        return False


async def _warm_up(session: Any, url: str, model: str) -> None:
    """One small picture and one word of a schema. Raises MmussetError if it is not answered."""
    body = orjson.dumps(_warm_up_body(model))
    try:
        answer = await post(session, f"{url}/chat/completions", body, WARM_UP_S)
        json.loads(answer.text)
    except (ServerBusy, NoReply, Unusable, ValueError) as error:
        raise MmussetError(f"the server started, but could not answer: {error}") from None


def _warm_up_body(model: str) -> dict[str, Any]:
    from PIL import Image

    from mmusset.speakers.picture import MIN_PIXELS, data_url, fit

    url = data_url(fit(Image.new("RGB", (56, 56), "white"), MIN_PIXELS))
    content = [
        {"type": "image_url", "image_url": {"url": url}},
        {"type": "text", "text": "Is this picture white?"},
    ]
    schema = {
        "type": "object",
        "properties": {"white": {"enum": ["yes", "no"]}},
        "required": ["white"],
        "additionalProperties": False,
    }
    return {
        "model": model,
        "messages": [{"role": "user", "content": content}],
        "max_tokens": 32,
        "temperature": 0,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "White", "schema": schema, "strict": True},
        },
    }
