"""Does a build cost more CPU than one of another checkout, and at which stage?

    python benchmarks/turns.py OLD NEW --source MUSIC [--turns 5] [--set clip.per_track=2]

Runs `mmusset scan` and `mmusset build` of MUSIC with the code of each checkout by turns: old, new,
old, new. Prints medians of CPU seconds, the commands' own processes and their decoders together,
with the least and the most; and where the time went by `stage_times.py`.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median

STAGES = Path(__file__).with_name("stage_times.py")
Times = Mapping[str, float]  # CPU seconds by what they were spent on


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", type=Path, help="a checkout")
    parser.add_argument("new", type=Path, help="another")
    parser.add_argument("--source", type=Path, required=True, help="a folder of music")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--set", dest="settings", action="append", default=[], metavar="KEY=VALUE")
    options = parser.parse_args()
    settings = [word for setting in options.settings for word in ("--set", setting)]
    runs: dict[Path, list[Times]] = {options.old: [], options.new: []}
    for turn in range(options.turns):
        for checkout, times in runs.items():
            times.append(_run(checkout.resolve(), options.source.resolve(), settings))
            print(f"{turn + 1}: {checkout}: {_line(times[-1])}", file=sys.stderr, flush=True)
    _print_table(*runs.values())
    return 0


def _run(checkout: Path, source: Path, settings: Sequence[str]) -> Times:
    """One scan and one build of a source, in a folder that is left empty."""
    with tempfile.TemporaryDirectory() as folder:
        scan = ("scan", str(source), *settings)
        times = {"scan": _cpu_s(checkout, Path(folder), Path(folder, "scan"), scan)}
        stages = Path(folder, "build")
        build = ("build", "--source", str(source), "--out", f"{folder}/dataset", *settings)
        times["build"] = _cpu_s(checkout, Path(folder), stages, build)
        return times | {f"build: {stage}": s for stage, s in _stages(stages, times["build"])}


def _cpu_s(checkout: Path, folder: Path, stages: Path, command: Sequence[str]) -> float:
    """What a command and all processes that it waited for used."""
    stages.mkdir()
    (stages / "sitecustomize.py").symlink_to(STAGES)
    environment = {
        **os.environ,
        "PYTHONDONTWRITEBYTECODE": "",
        "PYTHONPATH": os.pathsep.join((str(checkout), str(stages))),
        "STAGE_TIMES": str(stages),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    before = _used_s()
    subprocess.run(
        [sys.executable, "-m", "mmusset", *command],
        check=True,
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return _used_s() - before


def _used_s() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _stages(folder: Path, total_s: float) -> Iterable[tuple[str, float]]:
    """The seconds of each stage, of all processes; what no stage has is the rest."""
    stages: Counter[str] = Counter()
    for file in folder.glob("*.json"):
        stages.update(json.loads(file.read_text()))
    yield from sorted(stages.items())
    yield "the rest", total_s - sum(stages.values())


def _line(times: Times) -> str:
    return f"scan {times['scan']:.2f}, build {times['build']:.2f} CPU-s"


def _print_table(old: Sequence[Times], new: Sequence[Times]) -> None:
    print("| CPU seconds | old | new | new / old |\n|---|---|---|---|")
    for what in dict.fromkeys(name for times in (*old, *new) for name in times):
        before, now = ([times.get(what, 0.0) for times in each] for each in (old, new))
        ratio = f"{median(now) / median(before):.2f}" if median(before) else ""
        print(f"| {what} | {_spread(before)} | {_spread(now)} | {ratio} |")


def _spread(values: Sequence[float]) -> str:
    return f"{median(values):.2f} ({min(values):.2f}-{max(values):.2f})"


if __name__ == "__main__":
    sys.exit(main())
