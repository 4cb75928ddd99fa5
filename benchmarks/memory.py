"""Does a build's memory stay flat? 2,000 generated items, watched from outside.

    python benchmarks/memory.py [ITEMS]

Prints the memory of the build's own process, and of it with its decoders, once 200
items are decided and at the end. The figures stand in docs/benchmarks.md.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from PIL import Image

EARLY = 200
RATE_HZ = 16000
SECONDS = 2.2


def make_source(folder: Path, count: int) -> None:
    """`count` short pieces that differ, each with a picture of its own name."""
    time_s = np.arange(round(SECONDS * RATE_HZ)) / RATE_HZ
    for number in range(count):
        place = folder / f"artist {number // 10:04d}"
        place.mkdir(parents=True, exist_ok=True)
        hz = 110 * 2 ** (number % 37 / 12)
        beat = np.exp(-8 * (time_s * (1 + number % 3) % 0.5))
        sound = 0.4 * beat * np.sin(2 * np.pi * (hz + number / 1000) * time_s)
        soundfile.write(place / f"{number:05d}.wav", sound, RATE_HZ)
        picture = np.full((96, 96, 3), (number % 256, number // 256 * 20, 120), np.uint8)
        picture[20:70, 10 : 20 + number % 60] = 240
        Image.fromarray(picture).save(place / f"{number:05d}.png")


def resident_mb(pid: int, field: str = "VmRSS") -> float:
    """A process's memory in MB; 0 once it is gone."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0.0
    return next((int(row.split()[1]) / 1024 for row in status.splitlines() if field in row), 0.0)


def children(pid: int) -> list[int]:
    """The processes that `pid` started."""
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in listed.split()]


def watch(source: Path, out: Path, count: int) -> None:
    """Build, and print the memory after EARLY items and after the last."""
    words = ["build", "--source", str(source), "--out", str(out), "--log-json"]
    words += ["--set", "clip.seconds=2", "--set", "clip.rate_hz=16000"]
    command = [sys.executable, "-m", "mmusset", *words]
    decided = 0
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        assert process.stderr
        for line in process.stderr:
            decided += json.loads(line)["event"] == "decided"
            if decided in (EARLY, count) and json.loads(line)["event"] == "decided":
                own = resident_mb(process.pid)
                all_of_it = own + sum(resident_mb(child) for child in children(process.pid))
                peak = resident_mb(process.pid, "VmHWM")
                print(
                    f"after {decided:5d} items: build {own:6.1f} MB (peak {peak:6.1f}),"
                    f" with decoders {all_of_it:6.1f} MB"
                )


def main() -> None:
    """Make the source, build it, print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    with tempfile.TemporaryDirectory() as folder:
        make_source(Path(folder) / "source", count)
        watch(Path(folder) / "source", Path(folder) / "out", count)


if __name__ == "__main__":
    main()
