"""What a build costs beside tools that people would take instead of it.

    python benchmarks/peers.py [--turns 3] [--samples 256 2048] [--write]

Each peer takes the same samples through four calls that depend on each other, against mmusset's
stub server in a process of its own: 64 slots, 0.5 s a call. All run by turns, the bare client
among them, with which the others are compared. Prints a table; --write puts it into
docs/benchmarks.md.
A peer is a runner in `peers/`, with an environment of its own in .venv-peers, which
`make bench-peers` makes.
"""

import argparse
import asyncio
import json
import os
import pickle
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from urllib.request import urlopen

from flow import SLOTS, SOURCE, materials, served
from pydantic import BaseModel

from mmusset import recipe_file
from mmusset.agents import AGENTS
from mmusset.agents.critic import CRITIC
from mmusset.agents.state import GraphAgent, begin_by, brief
from mmusset.builder.trial import trial_of_source
from mmusset.recipe import Recipe
from mmusset.sample import Material
from mmusset.sample_parts.turns import Fault
from mmusset.sources.folder import FolderSource
from mmusset.speakers import chat
from mmusset.speakers.base import Request

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "peers"))
from mmusset_client import Given  # noqa: E402
from work import CAPTION, STEPS, STORY  # noqa: E402

ENVIRONMENTS = HERE.parent / ".venv-peers"
BEGIN, END = "<!-- peers.py --write -->", "<!-- end of peers.py -->"
LATENCY_S = 0.5
CALLS = len(STEPS)
LONGEST_S = 900.0
BARE, OURS = "aiohttp", "mmusset"
# By turns, the bare client first and ours last; what each is called, and its environment.
PEERS = {
    BARE: "bare client (aiohttp)",
    "datatrove": "datatrove",
    "langgraph": "LangGraph with aiohttp",
    "distilabel": "distilabel",
    "data_designer": "Data Designer (NeMo)",
    "curator": "Curator (bespokelabs)",
    OURS: "mmusset",
}


@dataclass(frozen=True)
class Run:
    """One peer's work on so many samples. `why` says why there are no figures."""

    busy: float = 0.0  # share of the server's slots, from the first call to the last answer
    calls: int = 0
    cpu_s: float = 0.0  # of all its processes, the start included
    wall_s: float = 0.0
    why: str = ""


@dataclass(frozen=True)
class Moment:
    """What the server says of the calls so far; times are of its own clock."""

    slot_s: float
    requests: int
    first_s: float
    last_s: float

    @classmethod
    def of(cls, url: str) -> "Moment":
        with urlopen(url.removesuffix("/v1") + "/metrics") as response:
            text = response.read().decode()
        told = dict(re.findall(r"^stub:(\w+) (\S+)$", text, re.MULTILINE))
        return cls(
            float(told["slot_seconds_total"]),
            int(float(told["requests_total"])),
            float(told["first_request_seconds"]),
            float(told["last_answer_seconds"]),
        )


async def make_work(folder: Path) -> None:
    """What runners read: pictures, evidence and tasks as mmusset's own calls have them."""
    folder.mkdir(exist_ok=True)
    loaded = recipe_file.load(Recipe, "vllm", ("server.url=http://127.0.0.1/v1",), AGENTS)
    given = await materials(folder)
    async with trial_of_source(FolderSource(SOURCE), 1, loaded) as trial:
        (folder / "given.pickle").write_bytes(pickle.dumps(Given(trial.item, given)))
    requests = [_request(given[0], agent, loaded) for agent in AGENTS]
    pieces = [(each.image_file.name, begin_by(each, loaded)["evidence"]) for each in given]
    work = {
        "system": requests[0].brief.prompt.system,
        "steps": [_step(request, loaded) for request in requests],
        "pieces": [{"picture": name, "evidence": evidence} for name, evidence in pieces],
    }
    (folder / "work.json").write_text(json.dumps(work))


def _request(material: Material, agent: GraphAgent[BaseModel], recipe: Recipe) -> Request:
    """What an agent asks where the texts are not written yet, and the critic has one fault."""
    state = begin_by(material, recipe)
    assert CRITIC.objection
    faults = tuple(Fault(**each.model_dump()) for each in CRITIC.objection.faults)
    if agent.place != "write":
        state = {**state, "caption": CAPTION, "story": STORY}
    if agent.place == "mend":
        state = {**state, "faults": faults}
    return Request(brief(state, agent))


def _step(request: Request, recipe: Recipe) -> dict[str, object]:
    """A call's task, and its body without the chat."""
    body = chat.body(request, recipe.speaker, "stub")
    return {"task": chat.task(request), "settings": {k: body[k] for k in body if k != "messages"}}


def python_of(peer: str) -> Path:
    return Path(sys.executable) if peer == OURS else ENVIRONMENTS / peer / "bin" / "python"


def start(peer: str, work: Path, samples: int, url: str, out: Path) -> subprocess.Popen[bytes]:
    """A peer at work, in a process group of its own; what it says lies beside `out`."""
    command = [python_of(peer), HERE / "peers" / f"{peer}_client.py", work, samples, url, out]
    environment = {
        **os.environ,
        "OMP_NUM_THREADS": "1",
        "HF_HUB_OFFLINE": "1",
        "OPENAI_API_KEY": "none",
        "PYTHONPATH": str(HERE.parent) if peer == OURS else "",
        "PEER_CACHE": str(out),
    }
    with out.with_suffix(".log").open("ab") as log:
        return subprocess.Popen(
            [str(word) for word in command],
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )


def run(peer: str, work: Path, samples: int, out: Path) -> Run:
    """One run; where it fails, the end of what it said."""
    if not python_of(peer).exists():
        return Run(why="not installed: run `make bench-peers`")
    with served(slots=SLOTS, latency_s=LATENCY_S, objecting=0.5) as url:
        cpu_s, begun_s = _children_s(), time.monotonic()
        process = start(peer, work, samples, url, out)
        try:
            code = process.wait(LONGEST_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return Run(why=f"not done after {LONGEST_S:g} s")
        cpu_s, wall_s = _children_s() - cpu_s, time.monotonic() - begun_s
        end = Moment.of(url)
    if code:
        log = out.with_suffix(".log").read_text(errors="replace").strip().splitlines() or [""]
        return Run(why=f"ended with {code}: {log[-1][:120]}")
    busy = end.slot_s / (end.last_s - end.first_s) / SLOTS
    return Run(busy, end.requests, cpu_s, wall_s)


def resume_tax(peer: str, work: Path, samples: int, out: Path) -> str:
    """Calls asked more than needed where SIGKILL comes at 60 % and the same is run again."""
    with served(slots=SLOTS, latency_s=LATENCY_S, objecting=0.5) as url:
        process = start(peer, work, samples, url, out)
        while Moment.of(url).requests < 0.6 * CALLS * samples and process.poll() is None:
            time.sleep(0.1)
        with suppress(ProcessLookupError):  # it has ended by itself
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        time.sleep(2 * LATENCY_S)
        before = Moment.of(url).requests
        process = start(peer, work, samples, url, out)
        try:
            process.wait(LONGEST_S / 5)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return f"never done: {Moment.of(url).requests - before} calls in {LONGEST_S / 5:g} s"
        needed = _needed(out) if peer == OURS else CALLS * samples
        return f"{Moment.of(url).requests - needed} of {before}"


def _needed(out: Path) -> int:
    """How many calls the samples of ours took: their critics don't all object."""
    return int(out.with_suffix(".calls").read_text())


def _children_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def spread(values: Sequence[float], form: str) -> str:
    if len(values) == 1:
        return f"{values[0]:{form}}"
    return f"{median(values):{form}} ({min(values):{form}}-{max(values):{form}})"


def table(runs: dict[tuple[str, int], list[Run]], taxes: dict[str, str], sizes: list[int]) -> str:
    """One row for each peer."""
    head = [f"busy, {n}" for n in sizes] + [f"of the bare client's, {n}" for n in sizes]
    head += [f"CPU-ms a call, {n}" for n in sizes] + ["asked again after SIGKILL"]
    lines = [f"| | {' | '.join(head)} |", "|---" * (len(head) + 1) + "|"]
    for peer, called in PEERS.items():
        cells = [_cell(runs[peer, n], [r.busy for r in runs[peer, n]], ".3f") for n in sizes]
        cells += [_cell(runs[peer, n], _ratios(runs, peer, n), ".3f") for n in sizes]
        cells += [
            _cell(
                runs[peer, n], [1000 * r.cpu_s / r.calls for r in runs[peer, n] if r.calls], ".2f"
            )
            for n in sizes
        ]
        lines.append(f"| {called} | {' | '.join([*cells, taxes.get(peer, '-')])} |")
    return "\n".join(lines)


def _ratios(runs: dict[tuple[str, int], list[Run]], peer: str, n: int) -> list[float]:
    return [
        own.busy / bare.busy
        for own, bare in zip(runs[peer, n], runs[BARE, n], strict=False)
        if bare.busy
    ]


def _cell(runs: list[Run], values: Sequence[float], form: str) -> str:
    if not runs:
        return "-"
    if whys := [each.why for each in runs if each.why]:
        return whys[0]
    return spread(values, form)


def write(page: Path, text: str) -> None:
    """Put the table between the two comments that say where it stands."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--samples", type=int, nargs="*", default=[256, 2048])
    parser.add_argument("--peers", nargs="*", default=list(PEERS))
    parser.add_argument("--no-resume", action="store_true")
    parser.add_argument("--work", type=Path, help="where the work lies, or is to lie")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    runs: dict[tuple[str, int], list[Run]] = defaultdict(list)
    taxes: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        work = asked.work or folder / "work"
        if not (work / "work.json").exists():
            asyncio.run(make_work(work))
        for turn in range(asked.turns):
            for samples in asked.samples:
                for peer in asked.peers:
                    done = run(peer, work, samples, folder / f"{peer}-{samples}-{turn}")
                    runs[peer, samples].append(done)
                    print(turn, samples, peer, done, file=sys.stderr, flush=True)
        for peer in asked.peers if not asked.no_resume else ():
            taxes[peer] = resume_tax(peer, work, 128, folder / f"{peer}-killed")
            print("killed", peer, taxes[peer], file=sys.stderr, flush=True)
    text = table(runs, taxes, asked.samples)
    print(text)
    if asked.write:
        write(HERE.parent / "docs/benchmarks.md", text)


if __name__ == "__main__":
    main()
