"""Fuzzing: whatever strangers send, only documented errors, in bounded time and memory.

    python benchmarks/fuzz.py [--minutes N] [--only TARGET] [--seed S]

Runs the targets of tests/support/fuzz_targets.py one by one, each in a process of its own, under
atheris, which is guided by the branches that mmusset and tinytag take. Prints a table for
docs/benchmarks.md. What is found lies in out/fuzz/findings; a corpus that grows in
out/fuzz/corpus is begun with again. Made small, findings go into tests/fuzz_corpus/TARGET.
Exit code 1 where anything was found. Needs `pip install .[fuzz]`.
"""

import argparse
import mmap
import os
import resource
import struct
import subprocess
import sys
import tempfile
import time
import traceback
from pathlib import Path

ROOT = Path(__file__).parents[1]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
FINDINGS, CORPUS = ROOT / "out/fuzz/findings", ROOT / "out/fuzz/corpus"
KEPT = ROOT / "tests/fuzz_corpus"
MEMORY_MB = 2048
# One input that takes longer is a finding: decoders are ended after 20 s, tasks of both kinds.
INPUT_SECONDS = 60
GUIDED_BY = ["mmusset", "tinytag"]


class Counts:
    """How far a target's process is, in a file that outlives it: runs, findings, slowest input."""

    LAYOUT = struct.Struct("<QQQd")

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(bytes(self.LAYOUT.size))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), self.LAYOUT.size)
        self.runs, self.contained, self.found, self.slowest_s = self.LAYOUT.unpack(self._map[:])

    def note(self, seconds: float, contained: int = 0, found: int = 0) -> None:
        self.runs += 1
        self.contained += contained
        self.found += found
        self.slowest_s = max(self.slowest_s, seconds)
        self._map[:] = self.LAYOUT.pack(self.runs, self.contained, self.found, self.slowest_s)


def fuzz(name: str, seconds: int, seed: int, counts: Counts) -> None:
    """Fuzz one target in this process, which libFuzzer ends."""
    import atheris

    with atheris.instrument_imports(include=GUIDED_BY):
        import mmusset.builder.decoding.sandbox
        import mmusset.builder.ledger.file
        import mmusset.builder.recovery.recover
        import mmusset.musflow.generate.requests
        import mmusset.recipe_file
        import mmusset.shards.reader
        import mmusset.shards.verify
        import mmusset.sources.tags
        import mmusset.speakers.vllm.speaker
        import mmusset.truth.extract
        import mmusset.truth.leaks  # noqa: F401 - imported to be guided by
        from tests.support.fuzz_targets import TARGETS, Contained, bench
    target = TARGETS[name]
    corpus, kept = CORPUS / name, KEPT / name
    corpus.mkdir(parents=True, exist_ok=True)
    FINDINGS.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for number, data in enumerate(target.seeds(Path(folder))):
            (corpus / f"seed-{number}").write_bytes(data)
    memory = MEMORY_MB << 20
    resource.setrlimit(resource.RLIMIT_AS, (2 * memory, 2 * memory))
    known: set[str] = set()
    with bench() as place:

        def check(data: bytes) -> None:
            begun_s, contained, found = time.monotonic(), 0, 0
            try:
                target.check(data, place)
            except Contained as error:
                contained = keep(name, str(error), "contained", data, known)
            except Exception as error:  # noqa: BLE001 - each is a finding
                found = keep(name, where(error), traceback.format_exc(), data, known)
            counts.note(time.monotonic() - begun_s, contained, found)

        options = {
            "max_total_time": seconds,
            "timeout": INPUT_SECONDS,
            "rss_limit_mb": MEMORY_MB,
            "max_len": target.most_bytes,
            "seed": seed,
            "artifact_prefix": f"{FINDINGS}/{name}-",
            "verbosity": 0,
        }
        folders = [str(corpus), *([str(kept)] if kept.is_dir() else [])]
        words = [sys.argv[0], *(f"-{key}={value}" for key, value in options.items()), *folders]
        atheris.Setup(words, check)
        atheris.Fuzz()


def where(error: Exception) -> str:
    """What it is and the last line of ours that it came through: one finding has one such name."""
    ours = [f for f in traceback.extract_tb(error.__traceback__) if "mmusset" in f.filename]
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "elsewhere"
    return f"{type(error).__name__} at {place}"


def keep(name: str, title: str, text: str, data: bytes, known: set[str]) -> int:
    """Keep the first input of its kind; 1 if it was that, else 0."""
    if title in known:
        return 0
    known.add(title)
    stem = FINDINGS / f"{name}-{''.join(c if c.isalnum() else '-' for c in title)[:80]}"
    stem.with_suffix(".input").write_bytes(data)
    stem.with_suffix(".txt").write_text(f"{title}\n{text}\n")
    return 1


def fuzz_for(name: str, seconds: float, seed: int, folder: Path) -> tuple[Counts, int, float]:
    """Fuzz in a process of its own, begun again if it dies: counts, deaths, most memory in MB."""
    end_s, deaths, most_mb = time.monotonic() + seconds, 0, 0.0
    counts = folder / name
    while (left_s := int(end_s - time.monotonic())) > 0:
        words = ["--process", name, "--seconds", str(left_s), "--seed", str(seed + deaths)]
        command = [sys.executable, __file__, *words, "--counts", str(counts)]
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        assert child.stderr
        said = child.stderr.read()
        _, status, used = os.wait4(child.pid, 0)
        most_mb = max(most_mb, used.ru_maxrss / 1024)
        if status:
            deaths += 1
            FINDINGS.mkdir(parents=True, exist_ok=True)
            (FINDINGS / f"{name}-death-{deaths}.log").write_bytes(said[-20000:])
            if deaths > 20:
                break
    return Counts(counts), deaths, most_mb


def main() -> None:
    """Fuzz all targets, print the table."""
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--minutes", type=float, default=10)
    words.add_argument("--only", default="")
    words.add_argument("--seed", type=int, default=12)
    words.add_argument("--process", help=argparse.SUPPRESS)
    words.add_argument("--seconds", type=int, help=argparse.SUPPRESS)
    words.add_argument("--counts", type=Path, help=argparse.SUPPRESS)
    given = words.parse_args()
    if given.process:
        fuzz(given.process, given.seconds, given.seed, Counts(given.counts))
        return
    from tests.support.fuzz_targets import TARGETS

    names = [name for name in TARGETS if given.only in ("", name)]
    print("| target | inputs | a second | slowest input | memory | contained | findings |")
    print("|---|---|---|---|---|---|---|")
    total = findings = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            begun_s = time.monotonic()
            seconds = given.minutes * 60 / len(names)
            counts, deaths, most_mb = fuzz_for(name, seconds, given.seed, Path(folder))
            rate = counts.runs / (time.monotonic() - begun_s)
            total, findings = total + counts.runs, findings + counts.found + deaths
            print(
                f"| {name} | {counts.runs:,} | {rate:,.0f} | {counts.slowest_s:.2f} s"
                f" | {most_mb:.0f} MB | {counts.contained} | {counts.found + deaths} |",
                flush=True,
            )
    print(f"\n{total:,} inputs in {given.minutes:g} minutes; {findings} findings in {FINDINGS}")
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
