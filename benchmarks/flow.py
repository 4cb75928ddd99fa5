"""Does a build keep a server busy, at what CPU, and what does an outage cost?

    python benchmarks/flow.py

Prints a table for each. Real agents, rules, ledger and client against the stub server
in a process of its own; the media of the example source are measured before, and
stand for a thousand samples. The figures stand in docs/benchmarks.md.
"""

import asyncio
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import yaml
from aiohttp import ClientSession

from mmusset import recipe_file
from mmusset.agents import AGENTS
from mmusset.agents.captioner import CAPTIONER
from mmusset.agents.graph import build_graph
from mmusset.agents.preview import preview
from mmusset.builder.ledger.file import open_to_write
from mmusset.builder.process import calm_the_collector
from mmusset.builder.reply_store import LedgerReplies
from mmusset.builder.trial import trial_of_source
from mmusset.recipe import Recipe
from mmusset.sample import Material
from mmusset.sources.folder import FolderSource
from mmusset.speakers.asking import Asker
from mmusset.speakers.stub.plan import StubPlan
from mmusset.speakers.stub.server import StubServer
from mmusset.speakers.vllm.speaker import VllmSpeaker

SOURCE = Path(__file__).parents[1] / "examples" / "source"
PIECES = 13
SAMPLES, SLOTS, LATENCY_S = 1000, 64, 0.2
EARLY = 200
# Twice as many samples as slots are begun at once: some are always between two calls.
BEGUN = 2 * SLOTS


@dataclass
class Progress:
    """How many samples are done, and whether all are."""

    samples: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class Moment:
    """What the server and this process have done until then."""

    s: float
    cpu_s: float
    slot_s: float
    requests: float
    samples: int
    resident_mb: float


@contextmanager
def served(**plan: object) -> Iterator[str]:
    """A stub server in a process of its own; gives its URL."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        yaml.safe_dump(plan, file)
        file.flush()
        command = [sys.executable, "-m", "mmusset", "serve", "--stub", "--port", "0"]
        process = subprocess.Popen(
            [*command, "--plan", file.name], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()
            process.communicate()


async def materials(folder: Path) -> list[Material]:
    """What the agents are given of each piece of the example source."""
    loaded, found = recipe_file.load(Recipe, "vllm", agents=AGENTS), []
    for place in range(1, PIECES + 1):
        async with trial_of_source(FolderSource(SOURCE), place, loaded) as trial:
            picture = folder / f"{place}.jpg"
            picture.write_bytes(trial.material.image_file.read_bytes())
            none = {"given_story": "", "given_caption": ""}
            anew = trial.material.prepared.model_copy(update=none)
            found.append(replace(trial.material, image_file=picture, prepared=anew))
    return found


async def annotate(
    given: Sequence[Material],
    samples: int,
    begun: int,
    url: str,
    folder: Path,
    meanwhile: Callable[[Progress], Awaitable[None]],
) -> int:
    """Take so many samples through the agents; gives how many calls were answered.

    `meanwhile` is run beside, and told how far it is.
    """
    loaded = recipe_file.load(Recipe, "vllm", (f"server.url={url}",), AGENTS)
    ledger = open_to_write(folder)
    numbers, progress = iter(range(samples)), Progress()
    async with VllmSpeaker(loaded.speaker, loaded.server) as speaker:
        graph = build_graph(Asker(speaker, LedgerReplies(ledger)), loaded, AGENTS)
        calm_the_collector()

        async def work() -> None:
            for number in numbers:
                await graph(replace(given[number % len(given)], key=f"k{number}"))
                progress.samples += 1

        beside = asyncio.ensure_future(meanwhile(progress))
        await asyncio.gather(*(work() for _ in range(begun)))
        progress.over.set()
        await beside
    calls = sum(cost.calls for cost in ledger.calls.costs())
    ledger.close()
    return calls


async def throughput(given: Sequence[Material], folder: Path) -> None:
    moments: list[Moment] = []
    with served(slots=SLOTS, latency_s=LATENCY_S, objecting=0.5) as url:

        async def watch(progress: Progress) -> None:
            async with ClientSession() as session:
                while not progress.over.is_set():
                    moments.append(await moment(session, url, progress.samples))
                    with suppress(TimeoutError):
                        await asyncio.wait_for(progress.over.wait(), 0.1)
                moments.append(await moment(session, url, progress.samples))

        calls = await annotate(given, SAMPLES, BEGUN, url, folder, watch)
    first = next(m for m in moments if m.requests)
    last = moments[-1]
    early = next(m for m in moments if m.samples >= EARLY)
    late = next(m for m in moments if m.samples >= SAMPLES - EARLY)
    cpu_s = last.cpu_s - first.cpu_s
    print(f"{SAMPLES} samples, {calls} calls, {last.requests:.0f} requests")
    print(f"slots busy, in all                 {busy(first, last):.3f}")
    print(f"slots busy, samples {EARLY} to {SAMPLES - EARLY}     {busy(early, late):.3f}")
    print(f"CPU-ms a sample                    {1000 * cpu_s / SAMPLES:.1f}")
    print(f"CPU-ms a call                      {1000 * cpu_s / calls:.2f}")
    print(f"share of one core                  {cpu_s / (last.s - first.s):.2f}")
    print(f"resident MB at {EARLY}, at the end     {early.resident_mb:.0f}, {last.resident_mb:.0f}")


def busy(start: Moment, end: Moment) -> float:
    return (end.slot_s - start.slot_s) / (end.s - start.s) / SLOTS


async def moment(session: ClientSession, url: str, samples: int) -> Moment:
    async with session.get(url.removesuffix("/v1") + "/metrics") as response:
        text = await response.text()
    told = dict(re.findall(r"^stub:(\w+) (\S+)$", text, re.MULTILINE))
    status = Path("/proc/self/status").read_text()
    resident = re.search(r"VmRSS:\s+(\d+)", status)
    return Moment(
        time.monotonic(),
        time.process_time(),
        float(told["slot_seconds_total"]),
        float(told["requests_total"]),
        samples,
        int(resident[1]) / 1024 if resident else 0.0,
    )


async def client(given: Sequence[Material], calls: int = 3000) -> None:
    """The client alone: body, flow, HTTP, answer. No agents, no ledger."""
    with served(slots=SLOTS, latency_s=LATENCY_S) as url:
        loaded = recipe_file.load(Recipe, "vllm", (f"server.url={url}",), AGENTS)
        request = await preview(given[0], CAPTIONER, loaded, AGENTS)
        left = iter(range(calls))
        async with VllmSpeaker(loaded.speaker, loaded.server) as speaker:

            async def work() -> None:
                for _ in left:
                    await speaker.answer(request)

            calm_the_collector()
            cpu_s = time.process_time()
            await asyncio.gather(*(work() for _ in range(BEGUN)))
            cpu_s = time.process_time() - cpu_s
    print(f"CPU-ms a call, the client alone    {1000 * cpu_s / calls:.2f}")


async def outage(given: Sequence[Material], folder: Path, *, metrics: bool) -> None:
    """Capacity 40, dead for 5 s, 8 for 5 s, 40 again; 1,500 calls are due."""
    plan = StubPlan(slots=40, latency_s=LATENCY_S, objecting=0, metrics=metrics)
    async with StubServer(plan, AGENTS) as stub:

        async def trouble(progress: Progress) -> None:
            while progress.samples < 150:
                await asyncio.sleep(0.05)
            await stub.go_down()
            await asyncio.sleep(5)
            stub.slots.resize(8)
            await stub.come_back()
            await asyncio.sleep(5)
            stub.slots.resize(40)

        calls = await annotate(given, 500, BEGUN, stub.url, folder, trouble)
        more = stub.requests / calls - 1
        told = "with" if metrics else "without"
        print(f"{told} /metrics: {calls} calls answered, {stub.requests} requests, {more:+.1%}")


async def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        given = await materials(folder)
        print(f"server of {SLOTS} slots, {1000 * LATENCY_S:g} ms a call")
        await throughput(given, folder / "throughput")
        await client(given)
        print("\nserver of 40 slots that is dead for 5 s, then has 8 for 5 s")
        for metrics in (True, False):
            await outage(given, folder / f"outage {metrics}", metrics=metrics)


if __name__ == "__main__":
    asyncio.run(main())
