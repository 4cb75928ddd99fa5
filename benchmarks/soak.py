"""A soak: thousands of items under faults, kills and outages; then failing calls to the system.

    python benchmarks/soak.py [--items N] [--minutes M] [--seed S]

1. A clean build of N items through the stub server, watched: is its memory flat?
2. The same build with a server that refuses, resets and hangs; for twenty minutes it also goes away
   again and again, and the build is killed every minute or so: is each item accounted for, and is
   every shard the clean one's, byte for byte?
3. For what is left of M minutes, builds in which one call to the system fails
   (tests/faults/injection.py): does each stop or leave the item undecided, and is the next run's
   dataset the clean one's? Says how many calls there are, and what share of all failures was tried.

Exit code 1 where anything did not hold. The figures stand in docs/benchmarks.md.
"""

import argparse
import json
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.memory import make_source, resident_mb  # noqa: E402
from mmusset.speakers.stub.plan import PlannedFault  # noqa: E402
from tests.support.command import Process, start, tree  # noqa: E402
from tests.support.serving import come_back, go_down, serving  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mmusset.speakers.stub.server import StubServer

# What may grow after the warm-up, which ends when so many items are decided by one process.
MOST_GROWTH_MB, WARM_UP = 20.0, 1000
# Seconds from the first item that a process decides to its end, between outages, and of an outage:
# at random, at least and most. From its start, one that is slow to start would get nowhere.
KILL_S, OUTAGE_S, AWAY_S = (20.0, 70.0), (15.0, 60.0), (0.5, 4.0)
# For how long there are kills and outages: a slow machine would spend hours on starting again.
TROUBLE_S = 1200.0
CALL_SECONDS = 10
NO_SERVER = "no server at"
IN_FLIGHT = 32
AT_ONCE = 2  # builds with failing calls
# What goes wrong with every so-manieth request. None of it changes an answer that comes in the end.
FAULTS = (
    PlannedFault(kind="503", every=23),
    PlannedFault(kind="429", every=37, retry_after_s=0.2),
    PlannedFault(kind="abort", every=61),
    PlannedFault(kind="500", every=211),
    PlannedFault(kind="reset", every=199),
    PlannedFault(kind="html", every=401),
    PlannedFault(kind="drip", every=1499),
    PlannedFault(kind="hang", every=1999),
)


@dataclass
class Run:
    """A build to its end, by one process or by many of which all but the last were killed."""

    seconds: float = 0.0
    kills: int = 0
    turned_away: int = 0
    outages: int = 0
    exit_code: int = 0
    said: str = ""
    growth_mb: list[float] = field(default_factory=list)
    most_mb: float = 0.0


def words(source: Path, out: Path, url: str) -> list[str]:
    """The words of a build of short clips through that server."""
    settings = {
        "clip.seconds": 2,
        "clip.rate_hz": 16000,
        "limits.block_size": 128,
        "server.url": url,
        "server.max_in_flight": IN_FLIGHT,
        "server.call_seconds": CALL_SECONDS,
    }
    sets = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    build = ["build", "--source", str(source), "--out", str(out), "--speaker", "vllm"]
    return [*build, "--log-json", *sets]


def watched(process: Process, run: Run, warm_up: int, kill_after_s: float | None = None) -> int:
    """One build, to its end or until it is killed so long after its first decision; its exit
    code. Notes what its memory does."""
    assert process.stderr and process.stdout
    timer = threading.Timer(kill_after_s or 1e6, process.kill)
    decided, warm_mb, most_mb, last = 0, 0.0, 0.0, ""
    try:
        for line in process.stderr:
            last = line
            if '"event": "decided"' in line:
                decided += 1
                if decided == 1:
                    timer.start()
            if decided >= warm_up and decided % 50 == 0:
                now_mb = resident_mb(process.pid)
                warm_mb, most_mb = warm_mb or now_mb, max(most_mb, now_mb)
        code = process.wait()
    finally:
        timer.cancel()
        process.stdout.close()
        process.stderr.close()
    if warm_mb:
        run.growth_mb.append(most_mb - warm_mb)
    run.most_mb = max(run.most_mb, most_mb)
    if code not in (0, -signal.SIGKILL):
        run.said = last.strip()
    return code


def clean_build(source: Path, out: Path, warm_up: int) -> Run:
    """One process, and a server that does as it should."""
    run, begun_s = Run(), time.monotonic()
    with serving(slots=IN_FLIGHT) as stub:
        build = start(*words(source, out, stub.url), cold=True)
        run.exit_code = watched(build, run, warm_up)
    run.seconds = time.monotonic() - begun_s
    return run


def troubled_build(
    source: Path, out: Path, warm_up: int, seed: int, hurry: float = 1.0, cold: bool = True
) -> Run:
    """The same with faults, outages, and a kill again and again; `hurry` makes them more frequent.
    Its processes are `cold`, or forked as those of tests are.

    A process that ends before its first item, as no server is there, is not killed.
    """
    run, begun_s, moments = Run(), time.monotonic(), random.Random(seed)
    with serving(*FAULTS, slots=IN_FLIGHT) as stub, outages(stub, run, seed, hurry):
        while True:
            is_trouble = time.monotonic() - begun_s < TROUBLE_S
            kill_s = moments.uniform(*KILL_S) / hurry if is_trouble else None
            build = start(*words(source, out, stub.url), cold=cold)
            code = watched(build, run, warm_up, kill_s)
            if code == -signal.SIGKILL:
                run.kills += 1
            elif NO_SERVER in run.said:  # away when a build began, which says so and ends
                run.turned_away += 1
                run.said = ""
            else:
                break
    run.exit_code, run.seconds = code, time.monotonic() - begun_s
    return run


@contextmanager
def outages(stub: "StubServer", run: Run, seed: int, hurry: float) -> "Iterator[None]":
    """The server goes away and comes back, again and again, for TROUBLE_S or until the end."""
    over, moments = threading.Event(), random.Random(seed + 1)
    last_s = time.monotonic() + TROUBLE_S

    def trouble() -> None:
        while time.monotonic() < last_s and not over.wait(moments.uniform(*OUTAGE_S) / hurry):
            go_down(stub)
            over.wait(moments.uniform(*AWAY_S))
            come_back(stub)
            run.outages += 1

    thread = threading.Thread(target=trouble)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def differences(clean: Path, troubled: Path, items: int) -> list[str]:
    """What does not hold of the troubled dataset."""
    problems = []
    expected, found = tree(clean), tree(troubled)
    # It tells what was paid, which repeats make more.
    for unequal in ("manifest.json",):
        expected.pop(unequal), found.pop(unequal, None)
    if wrong := sorted(
        k for k in expected.keys() | found.keys() if expected.get(k) != found.get(k)
    ):
        problems.append(f"other bytes than the clean build's: {', '.join(wrong)}")
    facts, clean_facts = manifest(troubled), manifest(clean)
    if facts | {"cost": 0} != clean_facts | {"cost": 0}:
        problems.append("the manifest says other than the clean build's, and not of the cost alone")
    fates = [facts[name] for name in ("accepted", "rejected", "failed", "skipped")]
    if facts["found"] != sum(fates) or facts["found"] != items:
        problems.append(f"{items} items, {facts['found']} found, {fates} decided")
    if twice := calls_twice(troubled):
        problems.append(f"{twice} answers stand twice in the ledger")
    return problems


def manifest(out: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((out / "manifest.json").read_text())
    return facts


def calls_twice(out: Path) -> int:
    """How many calls of the same agent in the same round of one item the ledger holds too many."""
    with sqlite3.connect(out / ".mmusset" / "ledger.db") as db:
        rows = db.execute("SELECT COUNT(*) - COUNT(DISTINCT key || agent || round) FROM call")
        (more,) = rows.fetchone()
    return int(more)


def soak(folder: Path, items: int, warm_up: int, seed: int, hurry: float = 1.0) -> list[str]:
    """Both builds of so many items; prints their figures, gives what did not hold."""
    source = folder / "source"
    make_source(source, items)
    clean = clean_build(source, folder / "clean", warm_up)
    print(f"clean build of {items} items: {describe(clean)}", flush=True)
    if clean.exit_code != 0:
        return [f"the clean build ends with {clean.exit_code}: {clean.said}"]
    troubled = troubled_build(source, folder / "troubled", warm_up, seed, hurry)
    print(f"troubled build: {describe(troubled)}", flush=True)
    if troubled.exit_code != 0:
        return [f"the troubled build ends with {troubled.exit_code}: {troubled.said}"]
    problems = differences(folder / "clean", folder / "troubled", items)
    for name, run in (("clean", clean), ("troubled", troubled)):
        if (growth := max(run.growth_mb, default=0.0)) > MOST_GROWTH_MB:
            problems.append(f"the {name} build's memory grows by {growth:.0f} MB")
    return problems


def describe(run: Run) -> str:
    growth = f"{max(run.growth_mb):+.1f} MB after warm-up" if run.growth_mb else "too short to say"
    return (
        f"{run.seconds / 60:.1f} min, {run.kills} kills, {run.outages} outages, exit code"
        f" {run.exit_code}; memory {growth}, at most {run.most_mb:.0f} MB"
    )


def inject(folder: Path, seconds: float, seed: int) -> list[str]:
    """Fail calls for so long; prints counts and the share tried, gives what did not hold."""
    from tests.faults.injection import Injector, all_faults, compiler, in_fair_order

    if compiler() is None:
        print("no C compiler here: no call to the system was made to fail")
        return []
    end_s, problems, tried = time.monotonic() + seconds, [], Counter[str]()
    places = [folder / str(number) for number in range(AT_ONCE)]
    for place in places:
        place.mkdir()
    with ExitStack() as opened, ThreadPoolExecutor(AT_ONCE) as threads:
        injectors = [opened.enter_context(Injector(place)) for place in places]
        counts = injectors[0].count()
        faults = list(in_fair_order(counts, seed))

        def work(number: int) -> None:
            for fault in faults[number::AT_ONCE]:
                if time.monotonic() > end_s:
                    break
                tried[str(fault.stratum)] += 1
                if problem := injectors[number].problem_of(fault):
                    problems.append(f"{fault}: {problem}")
                    print(f"  {problems[-1]}", flush=True)

        list(threads.map(work, range(AT_ONCE)))
        not_reached = sum(injector.not_reached for injector in injectors)
    print("\n| calls | in a build | failures tried | share |")
    print("|---|---|---|---|")
    for stratum, count in sorted(counts.items()):
        done, all_of_it = tried[str(stratum)], all_faults({stratum: count})
        print(f"| {stratum} | {count} | {done} | {done / all_of_it:.0%} |")
    total, whole = tried.total(), all_faults(counts)
    print(f"| all | {sum(counts.values())} | {total} of {whole} | {total / whole:.0%} |")
    print(f"\n{len(problems)} of {total} did not hold; {not_reached} calls were not reached")
    return problems


def main() -> None:
    """Soak, inject, say what did not hold."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("--items", type=int, default=20_000, help="0: only failing calls")
    asked.add_argument("--minutes", type=float, default=60)
    asked.add_argument("--seed", type=int, default=12)
    given = asked.parse_args()
    begun_s, problems = time.monotonic(), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.items:
            warm_up = min(WARM_UP, given.items // 4)
            hurry = min(4.0, max(1.0, 8000 / given.items))
            problems += soak(folder, given.items, warm_up, given.seed, hurry)
            shutil.rmtree(folder / "source", ignore_errors=True)
        left_s = given.minutes * 60 - (time.monotonic() - begun_s)
        if left_s > 0:
            (folder / "inject").mkdir()
            problems += inject(folder / "inject", left_s, given.seed)
    for problem in problems:
        print(f"did not hold: {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
