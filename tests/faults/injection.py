"""Builds in which one call to the system fails, as SQLite's I/O error tests do it.

    with Injector(tmp_path) as injector:
        counts = injector.count()                  # how many calls of each kind a build makes
        problem = injector.problem_of(Fault(...))  # fail one of them; "" where all held

interposer.c is loaded into the build and its decoders. What must hold of every failure: the build
stops (exit code not 0) or leaves the item undecided (4), or ends with the very bytes of a clean
build; no traceback; and the same command, run again, ends with 0 and those bytes.
"""

import ctypes
import errno
import itertools
import json
import mmap
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from tests.faults import warm
from tests.support.command import mmusset, tree
from tests.support.media import library

ROOT = Path(__file__).parents[2]
ROLES = ("build", "decoder")
KINDS = (
    *("open", "pread", "pwrite", "read", "write"),
    *("fsync", "fdatasync", "ftruncate", "rename", "stat"),
)
PLACES = ("source", "output", "ledger")
ERRORS = ("EIO", "ENOSPC", "EACCES", "ETIMEDOUT", "EREMOTEIO", "ENXIO", "ENOMEM", "EROFS")
SIGNALS = ("SIGSEGV", "SIGKILL", "SIGSTOP")  # what a decoder may get besides
PIECES = 2
SECONDS = 60  # a build of two pieces takes two; one that takes longer hangs
WORDS = (
    *("--set", "clip.seconds=2", "--set", "limits.block_size=3"),
    *("--set", "limits.workers=1", "--set", "limits.decode_seconds=8"),
)


class Table(ctypes.Structure):
    """What the interposer shares with us; `interposer.c` says what the fields mean."""

    _fields_ = (
        ("role", ctypes.c_int32),
        ("kind", ctypes.c_int32),
        ("place", ctypes.c_int32),
        ("error", ctypes.c_int32),
        ("lasting", ctypes.c_int32),
        ("hits", ctypes.c_int32),
        ("nth", ctypes.c_int64),
        ("counts", ctypes.c_uint64 * len(PLACES) * len(KINDS) * len(ROLES)),
        ("source", ctypes.c_char * 1024),
        ("output", ctypes.c_char * 1024),
        ("only", ctypes.c_char * 1024),
    )


@dataclass(frozen=True, order=True)
class Stratum:
    """Calls of one kind, that one role makes on one place."""

    role: str
    kind: str
    place: str

    def __str__(self) -> str:
        return f"{self.role}: {self.kind} on the {self.place}"


@dataclass(frozen=True)
class Fault:
    """Call `nth` (from 0) of a stratum fails; with `lasting`, all from there on.

    `error` is the name of an errno, or of a signal that the process gets instead. With `only`,
    just calls on paths that hold it are counted, and fail.
    """

    stratum: Stratum
    nth: int
    error: str
    lasting: bool = False
    only: str = ""

    def __str__(self) -> str:
        lasting = " and all after it" if self.lasting else ""
        return f"{self.stratum}: call {self.nth}{lasting}, {self.error}"


def compiler() -> str | None:
    """A C compiler, if this machine has one."""
    return shutil.which("cc") or shutil.which("gcc")


def interposer(folder: Path) -> Path:
    """interposer.c as a library, compiled into a folder."""
    shared = folder / "interposer.so"
    code = Path(__file__).with_name("interposer.c")
    words = [compiler() or "cc", "-shared", "-fPIC", "-O2", "-o", str(shared), str(code), "-ldl"]
    subprocess.run(words, check=True)
    return shared


class Injector:
    """Builds of a small source, one at a time, in processes forked from one that is warm.

    `hits` is how many calls the last build with a fault saw fail, `not_reached` how many such
    builds saw none.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.source = library(self.folder / "source", PIECES)
        self.hits = self.not_reached = 0
        self._runs = itertools.count()

    def __enter__(self) -> Self:
        shared, table = interposer(self.folder), self.folder / "table"
        table.write_bytes(bytes(ctypes.sizeof(Table)))
        with table.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._table = Table.from_buffer(self._map)
        self._warm = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.warm", *self._words(self.folder / "warm")],
            cwd=ROOT,
            env=os.environ
            | {"LD_PRELOAD": str(shared), "FAULT_TABLE": str(table), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.clean = self.folder / "clean"
        code, said = self.build(self.clean, None)
        assert code == 0, said
        self.expected = tree(self.clean)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._warm.stdin and self._warm.stdout
        self._warm.stdin.close()
        self._warm.wait()
        self._warm.stdout.close()
        del self._table
        self._map.close()

    def count(self) -> dict[Stratum, int]:
        """How many calls of each kind a build and its decoders make on each place."""
        out = self.folder / "counted"
        code, said = self.build(out, None)
        assert code == 0, said
        shutil.rmtree(out)
        return {
            Stratum(role, kind, place): int(self._table.counts[r][k][p])
            for r, role in enumerate(ROLES)
            for k, kind in enumerate(KINDS)
            for p, place in enumerate(PLACES)
            if self._table.counts[r][k][p]
        }

    def problem_of(self, fault: Fault) -> str:
        """What did not hold when this call failed, or "". Counts calls that were never made."""
        out = self.folder / f"out{next(self._runs)}"
        try:
            code, said = self.build(out, fault)
            self.not_reached += not self.hits
            if wrong := self._wrong(out, code, said):
                return wrong
            if code == 0:
                return ""
            again, said_again = self.build(out, None)
            if again != 0:
                return f"the next run ends with {again}: {last_line(said_again)}"
            if tree(out) != self.expected:
                return f"after exit code {code} the next run ends with 0 and other bytes"
            return ""
        finally:
            shutil.rmtree(out, ignore_errors=True)

    def tally(self, out: Path) -> tuple[int, int, int]:
        """How many of a dataset's items are accepted, undecided and failed."""
        tally = json.loads(mmusset("status", out, "--json").stdout)["tally"]
        return tally["accepted"], tally["undecided"], tally["failed"]

    def _wrong(self, out: Path, code: int, said: str) -> str:
        if code == warm.HANGS:
            return f"hangs for over {SECONDS} s"
        if code < 0:
            return f"dies of signal {-code}"
        if "Traceback" in said:
            return f"a traceback: {last_line(said)}"
        if code == 0 and tree(out) != self.expected:
            return "exit code 0 with other bytes"
        return ""

    def build(self, out: Path, fault: Fault | None) -> tuple[int, str]:
        """The exit code of a build, in which that call fails, and what it said."""
        self._arm(out, fault)
        assert self._warm.stdin and self._warm.stdout
        asked = {"words": self._words(out), "seconds": SECONDS}
        self._warm.stdin.write(json.dumps(asked) + "\n")
        self._warm.stdin.flush()
        answer: dict[str, Any] = json.loads(self._warm.stdout.readline())
        if fault:
            self.hits = int(self._table.hits)
        return answer["code"], answer["said"]

    def _words(self, out: Path) -> list[str]:
        return ["build", "--source", str(self.source), "--out", str(out), *WORDS]

    def _arm(self, out: Path, fault: Fault | None) -> None:
        ctypes.memset(ctypes.addressof(self._table), 0, ctypes.sizeof(Table))
        self._table.source = os.fsencode(self.source)
        self._table.output = os.fsencode(out)
        if fault:
            self._table.role = ROLES.index(fault.stratum.role)
            self._table.kind = KINDS.index(fault.stratum.kind)
            self._table.place = PLACES.index(fault.stratum.place)
            self._table.lasting = fault.lasting
            self._table.nth = fault.nth
            self._table.only = os.fsencode(fault.only)
            self._table.error = number_of(fault.error)


def number_of(error: str) -> int:
    """The number of an errno; of a signal, the number below 0."""
    return -signal.Signals[error] if error.startswith("SIG") else int(getattr(errno, error))


def last_line(said: str) -> str:
    """The last line that a build printed."""
    return next((line for line in reversed(said.splitlines()) if line.strip()), "nothing is said")


def all_faults(counts: dict[Stratum, int]) -> int:
    """How many failures there are to try: each call, with each error."""
    return sum(counts.values()) * len(ERRORS)


def in_fair_order(counts: dict[Stratum, int], seed: int) -> Iterator[Fault]:
    """All failures in an order that takes from each stratum in turn; the same for the same seed."""
    moments = random.Random(seed)
    queues = []
    for stratum, count in sorted(counts.items()):
        faults = [Fault(stratum, n, error) for n in range(count) for error in ERRORS]
        moments.shuffle(faults)
        queues.append(iter(faults))
    while queues:
        for queue in list(queues):
            fault = next(queue, None)
            if fault is None:
                queues.remove(queue)
            else:
                yield fault
