"""Does `mmusset view` stay fast? The same requests at 1,000 and at 100,000 samples.

    python benchmarks/view.py [--samples 100000]
    python benchmarks/view.py --export

Sixteen built samples, repeated under other keys, titles and splits through mmusset's own
ledger and shards; then a real server, asked as the pages ask it. CPU time is the server's.
With --export, what `mmusset view --export` costs for each sample of the usual length.
The figures stand in docs/benchmarks.md.
"""

import argparse
import http.cookiejar
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from memory import make_source, resident_mb
from PIL import Image

from mmusset.builder.ledger.file import open_to_read, open_to_write
from mmusset.sample import Outcome, Prepared, Quadruple
from mmusset.sample_parts.piece import Item
from mmusset.shards.tar import Sample, read_shard, shard_name, write_shard
from mmusset.view.pages import PAGE_SIZE

SMALL = 1000
PIECES = 16
EXPORTED, SECONDS, RATE_HZ = 48, 12, 44100
BLOCK = 512
TIMES = 9
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Asked:
    """What a request took, each the median: by the clock, and of the server's CPU; ms."""

    clock_ms: float
    cpu_ms: float


class Server:
    """A running `mmusset view`, asked with the cookie that its address gives."""

    def __init__(self, process: "subprocess.Popen[str]", url: str) -> None:
        self.pid = process.pid
        self._root = url.partition("?")[0]
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(jar)
        self._opener.open(url).read()

    def get(self, path: str) -> Any:
        with self._opener.open(self._root + path) as answer:
            return json.loads(answer.read())

    def cpu_s(self) -> float:
        """CPU time so far, of all threads."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) * TICK_S

    def ask(self, path: str) -> Asked:
        """Ask many times; a clock tick is 10 ms, so CPU time is a mean over at least 0.3 s."""
        self.get(path)
        clocks, before = list[float](), self.cpu_s()
        while len(clocks) < TIMES or sum(clocks) < 0.3:
            began_s = time.perf_counter()
            self.get(path)
            clocks.append(time.perf_counter() - began_s)
        cpu_s = (self.cpu_s() - before) / len(clocks)
        return Asked(1000 * statistics.median(clocks), 1000 * cpu_s)


@contextmanager
def serving(out: Path) -> Iterator[Server]:
    command = [sys.executable, "-m", "mmusset", "view", str(out), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield Server(process, process.stdout.readline().strip())
        finally:
            process.terminate()


def build(folder: Path) -> Path:
    """A real dataset of PIECES short pieces."""
    make_source(folder / "source", PIECES)
    words = ["build", "--source", str(folder / "source"), "--out", str(folder / "built")]
    words += ["--set", "clip.seconds=2", "--set", "clip.rate_hz=8000"]
    subprocess.run([sys.executable, "-m", "mmusset", *words], check=True, capture_output=True)
    return folder / "built"


@dataclass(frozen=True)
class Original:
    """A built sample, with what the ledger knows of it."""

    sample: Sample
    item: Item
    prepared: Prepared
    outcome: Outcome


def originals(built: Path) -> list[Original]:
    """Everything that was built."""
    found = []
    with open_to_read(built) as ledger:
        for shard in sorted((built / "data").glob("*.tar")):
            for key, members in read_shard(shard):
                quadruple = Quadruple.model_validate_json(members["json"])
                sample = Sample(quadruple, members["image.jpg"], members["music.flac"])
                planned = ledger.plan.item(key)
                assert planned
                prepared = ledger.media.prepared(planned.idx)
                outcome = ledger.verdicts.outcome(planned.idx)
                assert prepared and outcome
                found.append(Original(sample, planned.item, prepared, outcome))
    return found


def renamed(original: Original, number: int) -> Original:
    """The same sample as another one."""
    key, item, quadruple = f"{number:026x}", original.item, original.sample.quadruple
    tags = item.tags.model_copy(update={"title": f"piece {number:06d}"})
    music = replace(item.piece.music, path=b"artist %05d/%06d.wav" % (number // 20, number))
    piece = replace(item.piece, tags=tags, music=music)
    item = replace(item, key=key, piece=piece, split="train")
    quadruple = quadruple.model_copy(update={"key": key, "split": "train"})
    return replace(original, item=item, sample=replace(original.sample, quadruple=quadruple))


def repeat(given: list[Original], out: Path, count: int) -> None:
    """A dataset of `count` samples."""
    ledger = open_to_write(out)
    for start in range(0, count, BLOCK):
        numbers = range(start, min(start + BLOCK, count))
        block = [renamed(given[n % len(given)], n) for n in numbers]
        shard = write_shard(out, shard_name("train", start // BLOCK), [o.sample for o in block])
        with ledger.transaction():
            ledger.plan.add_block("train", [one.item for one in block], provisional=False)
            for n, one in zip(numbers, block, strict=True):
                ledger.media.keep_prepared(n + 1, one.prepared)
                ledger.verdicts.decide(n + 1, one.outcome)
            ledger.shards.record(start // BLOCK, shard, (out / shard.name).stat().st_mtime_ns)
    ledger.close()


def requests(count: int) -> dict[str, str]:
    """What the pages ask for, by what people do."""
    last, middle = -(-count // PAGE_SIZE), f"{count // 2:026x}"
    return {
        "first page": "api/page?page=1",
        "middle page": f"api/page?page={last // 2}",
        "last page": f"api/page?page={last}",
        "filtered, middle page": f"api/page?status=accepted&page={last // 2}",
        "search, a word of one": f"api/page?q={count // 2:06d}",
        "search, a word of most": "api/page?q=the",
        "search, a word of most, middle page": f"api/page?q=the&page={last // 4}",
        "all counts, kept": "api/counts",
        "one sample": f"api/sample/{middle}",
        "its neighbours": f"api/place?key={middle}",
    }


def measure(out: Path, count: int) -> dict[str, Asked]:
    """Start a server on a dataset without an index, print how that goes, and ask."""
    began_s = time.perf_counter()
    with serving(out) as server:
        up_s = time.perf_counter() - began_s
        while not server.get("api/page?page=1")["cards"]:
            time.sleep(0.02)
        first_s = time.perf_counter() - began_s
        while server.get("api/page?page=1")["total"] < count:
            time.sleep(0.2)
        while server.get("api/state")["looked_at"] is not None:
            time.sleep(0.05)
        all_s, cpu_s = time.perf_counter() - began_s, server.cpu_s()
        print(
            f"{count} samples: address after {up_s:.2f} s, first page after {first_s:.2f} s,"
            f" index whole after {all_s:.1f} s ({1000 * cpu_s / count:.2f} CPU-s per 1,000)"
        )
        began_s = time.perf_counter()
        server.get("api/counts")
        print(f"all counts, the first time: {1000 * (time.perf_counter() - began_s):.0f} ms")
        asked = {name: server.ask(path) for name, path in requests(count).items()}
        now_mb, peak_mb = resident_mb(server.pid), resident_mb(server.pid, "VmHWM")
        print(f"memory {now_mb:.0f} MB, peak {peak_mb:.0f} MB")
        began_s = time.perf_counter()
    with serving(out) as server:
        server.get("api/page?page=1")
        print(f"again, index there: first page after {time.perf_counter() - began_s:.2f} s")
    return asked


def make_long_source(folder: Path) -> None:
    """Pieces that fill a clip, in stereo, with pictures of the size of a cover."""
    time_s, random = np.arange(SECONDS * RATE_HZ) / RATE_HZ, np.random.default_rng(0)
    folder.mkdir()
    for number in range(EXPORTED):
        tones = [np.sin(2 * np.pi * 110 * 2 ** ((number + n) % 37 / 12) * time_s) for n in (0, 4)]
        hiss = random.normal(size=(len(time_s), 2))
        sound = 0.3 * np.stack(tones, axis=1) * np.exp(-4 * (time_s % 0.5))[:, None] + 0.02 * hiss
        soundfile.write(folder / f"{number:03d}.flac", sound, RATE_HZ)
        coarse = Image.fromarray(random.integers(0, 255, (9, 12, 3), np.uint8))
        coarse.resize((1200, 900), Image.Resampling.BICUBIC).save(folder / f"{number:03d}.jpg")


def measure_export(folder: Path) -> None:
    """Print what an export of EXPORTED samples takes, the start of Python in it."""
    make_long_source(folder / "source")
    command = [sys.executable, "-m", "mmusset"]
    words = ["build", "--source", str(folder / "source"), "--out", str(folder / "out")]
    subprocess.run([*command, *words], check=True, capture_output=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    words = ["view", str(folder / "out"), "--export", str(folder / "pages")]
    done = subprocess.run([*command, *words], check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(done.stderr, end="")
    print(f"{cpu_s:.2f} CPU-s for {EXPORTED} samples: {cpu_s / EXPORTED:.3f} each")


def main() -> None:
    """Make both datasets, measure, print ratios."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--samples", type=int, default=100_000)
    options.add_argument("--export", action="store_true")
    asked = options.parse_args()
    count = asked.samples
    if asked.export:
        with tempfile.TemporaryDirectory() as folder:
            measure_export(Path(folder))
        return
    with tempfile.TemporaryDirectory() as folder:
        given = originals(build(Path(folder)))
        results = []
        for size in (SMALL, count):
            repeat(given, Path(folder) / str(size), size)
            results.append(measure(Path(folder) / str(size), size))
    print(f"| ms | {SMALL}: clock, CPU | {count}: clock, CPU | ratio of CPU |\n|---|---|---|---|")
    for name, small in results[0].items():
        large = results[1][name]
        ratio = large.cpu_ms / max(small.cpu_ms, 0.1)
        print(
            f"| {name} | {small.clock_ms:.1f}, {small.cpu_ms:.1f}"
            f" | {large.clock_ms:.1f}, {large.cpu_ms:.1f} | {ratio:.1f} |"
        )


if __name__ == "__main__":
    main()
