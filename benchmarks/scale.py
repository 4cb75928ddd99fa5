"""How much memory and CPU a plan takes, and what reads a whole ledger, with so many pieces.

    python benchmarks/scale.py 100000 [--fingerprints]
    python benchmarks/scale.py 100000 tell plan merge manifest status view [--like DATASET]

The source has no files: albums of ten pieces with a cover each, four albums by an artist, of which
the ledger has been told before what surveys would say. With `--fingerprints` each piece has random
words of 45 s. In `merge` another process decides every block, as a worker that rejects all of it,
or accepts it as the first accepted item of DATASET; what comes after reads the whole ledger.
Prints for each stage its CPU seconds, the greatest resident size in it, and the disk that is taken
at its end. With `--folder` the ledger stays there, so that stages can be run one by one; with a
small `--block-size` few pieces make as many blocks as a large library has.
"""

import argparse
import asyncio
import hashlib
import multiprocessing
import os
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

import numpy as np

if str(ROOT := Path(__file__).parents[1]) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.shared import hand_in_all, learnt_rows
from mmusset.builder.decoding.tasks import Survey
from mmusset.builder.ledger.segment import Rows
from mmusset.builder.manifest import write_manifest
from mmusset.builder.planning.inventory import take_inventory
from mmusset.builder.planning.plan import freeze
from mmusset.builder.progress import BuildProgress
from mmusset.builder.report import status
from mmusset.builder.workers.driver import Driver
from mmusset.builder.workers.sharing import Sharing, board_of
from mmusset.builder.workers.starting import NoStarter
from mmusset.builder.workspace import Workspace, open_workspace
from mmusset.progress import Progress
from mmusset.recipe import Recipe
from mmusset.recipe_parts.media import LimitsPart
from mmusset.sample import Outcome, Verdict
from mmusset.sample_parts.piece import Tags
from mmusset.sources.folder import FolderSource
from mmusset.sources.source import Entry
from mmusset.view.built import LedgerReading
from mmusset.view.index import Index

T = TypeVar("T")

PIECES, ALBUMS = 10, 4  # of an album, of an artist
WORDS = 703  # of a fingerprint: 45 s at 64 ms a word
STAGES = ("tell", "plan", "merge", "manifest", "status", "view")


@dataclass(frozen=True, slots=True)
class StubSource:
    """Albums that are nowhere: what `entries` lists can't be opened."""

    pieces: int

    def entries(self, out: Path | None = None) -> Iterator[Entry]:
        for number in range(self.pieces):
            album, track = divmod(number, PIECES)
            folder = f"artists/name {album // ALBUMS:08d}/an album {album % ALBUMS:02d}"
            path = f"{folder}/{track + 1:02d} - a track of it.mp3"
            yield Entry(path.encode(), "music", 4_000_000 + number, 1_700_000_000_000_000_000)
            if track == PIECES - 1 or number == self.pieces - 1:
                path = f"{folder}/cover.jpg"
                yield Entry(path.encode(), "image", 100_000 + number, 1_700_000_000_000_000_000)

    def open(self, path: bytes) -> AbstractAsyncContextManager[Path]:
        raise NotImplementedError("a benchmark's source has no files")

    def check(self) -> None:
        """It is always there."""

    def groups(self, path: bytes) -> tuple[bytes, ...]:
        return FolderSource(Path()).groups(path)


def survey_of(entry: Entry, with_fingerprint: bool, random: np.random.Generator) -> Survey:
    """What a file would say of itself."""
    sha256 = hashlib.sha256(entry.path).hexdigest()
    if entry.kind == "image":
        return Survey(sha256=sha256, pixels_sha256=hashlib.sha256(sha256.encode()).hexdigest())
    artist, album, title = (part.decode() for part in entry.path.split(b"/")[1:])
    words = random.integers(1, 1 << 32, WORDS, np.uint32).tobytes() if with_fingerprint else b""
    return Survey(
        sha256=sha256,
        duration_s=60 + random.integers(2400) / 10,
        sound_sha256=hashlib.sha256(sha256.encode()).hexdigest(),
        fingerprint=b64encode(words).decode(),
        tags=Tags(title=title, artist=artist, album=album, genre="rock, folk", license="CC BY 4.0"),
    )


def tell(source: StubSource, workspace: Workspace, with_fingerprints: bool) -> None:
    """Tell the ledger what surveys of all files would say."""
    random, media = np.random.default_rng(1), workspace.ledger.media
    for batch in batches(source.entries()):
        with workspace.ledger.transaction():
            for entry in batch:
                survey = survey_of(entry, with_fingerprints, random)
                media.keep_survey(entry.path, entry.size, entry.mtime_ns, survey)


def rejected() -> dict[str, tuple[tuple[str, ...], Rows]]:
    """What a worker that decides nothing hands in for each item."""
    outcome = Outcome(
        verdict=Verdict(status="rejected", reason="by a benchmark", detail=""),
        caption=None,
        story=None,
        turns=(),
    )
    names = ("idx", "status", "reason", "outcome")
    return {"verdict": (names, [[0, "rejected", "by a benchmark", outcome.model_dump_json()]])}


async def share(workspace: Workspace, like: Path | None) -> None:
    """Have a process decide every block, and take over what it hands in."""
    board = board_of(workspace.out)
    rows = learnt_rows(like) if like else rejected()
    worker = multiprocessing.get_context("spawn").Process(
        target=hand_in_all, args=(workspace.out, rows)
    )
    worker.start()
    driver = Driver(workspace, board, (), BuildProgress(Progress()))
    await driver.run(Sharing(board, "nowhere", NoStarter()))
    worker.join()


def batches(values: Iterable[T]) -> Iterator[list[T]]:
    """As many at once as one transaction takes."""
    left = iter(values)
    while batch := list(islice(left, 10_000)):
        yield batch


@contextmanager
def measured(name: str, pieces: int, folder: Path) -> Iterator[None]:
    """Print what a stage takes."""
    print(
        f"{time.strftime('%H:%M:%S')} {name} begins, {disk_mb(folder):.0f} MB on disk", flush=True
    )
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before_mb, begun_s = resident_mb("VmRSS"), time.process_time()
    yield
    used_s, peak_mb = time.process_time() - begun_s, resident_mb("VmHWM")
    print(
        f"{time.strftime('%H:%M:%S')} {name:20s} {used_s:8.1f} CPU-s"
        f" ({1e6 * used_s / pieces:6.0f} us a piece),"
        f" peak {peak_mb:7.0f} MB ({1000 * (peak_mb - before_mb) / pieces:6.2f} kB a piece more),"
        f" {disk_mb(folder):.0f} MB on disk",
        flush=True,
    )


def disk_mb(folder: Path) -> float:
    """What the files of a folder take, and the temporary ones of this process, which have no
    name."""
    found = [os.lstat(Path(place, name)) for place, _, names in os.walk(folder) for name in names]
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found.append(os.fstat(int(each.name)))
    blocks = {(stat.st_dev, stat.st_ino): stat.st_blocks for stat in found}
    return 512 * sum(blocks.values()) / 1e6


def resident_mb(field: str) -> float:
    """This process's memory in MB."""
    rows = Path("/proc/self/status").read_text().splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith(field))


async def simulate(folder: Path, asked: argparse.Namespace) -> None:
    """Plan, and read all of the ledger."""
    source = StubSource(asked.pieces)
    limits = LimitsPart(block_size=asked.block_size)
    async with open_workspace(source, folder / "out", Recipe(limits=limits)) as workspace:
        for stage in asked.stages:
            if stage == "plan":
                await plan(source, workspace)
                continue
            with measured(stage, asked.pieces, workspace.out):
                await run(stage, source, workspace, asked)
    ledger = folder / "out" / ".mmusset" / "ledger.db"
    print(f"ledger {ledger.stat().st_size / asked.pieces / 1000:.2f} kB a piece")


async def run(
    stage: str, source: StubSource, workspace: Workspace, asked: argparse.Namespace
) -> None:
    """One stage but the plan."""
    out, ledger = workspace.out, workspace.ledger
    if stage == "tell":
        tell(source, workspace, asked.fingerprints)
    elif stage == "merge":
        await share(workspace, asked.like)
    elif stage == "manifest":
        write_manifest(out, ledger)
    elif stage == "status":
        status(ledger)
    else:
        Index(out / "view.db").refresh(LedgerReading(ledger))


async def plan(source: StubSource, workspace: Workspace) -> None:
    """The plan, frozen."""
    with measured("list, survey, pair", source.pieces, workspace.out):
        inventory = await take_inventory(workspace, source.entries(), lambda done, total: None)
    with measured("freeze", source.pieces, workspace.out):
        freeze(inventory, workspace, None)
    print(f"{workspace.ledger.plan.item_count()} items", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="What a plan of so many pieces takes.")
    parser.add_argument("pieces", type=int)
    parser.add_argument(
        "stages", nargs="*", default=["tell", "plan"], metavar="STAGE", help=", ".join(STAGES)
    )
    parser.add_argument("--fingerprints", action="store_true")
    parser.add_argument("--block-size", type=int, default=LimitsPart().block_size)
    parser.add_argument("--like", type=Path, help="a dataset, built before")
    parser.add_argument("--folder", type=Path, help="where the ledger stays")
    asked = parser.parse_args()
    with nullcontext(asked.folder) if asked.folder else tempfile.TemporaryDirectory() as folder:
        asyncio.run(simulate(Path(folder), asked))


if __name__ == "__main__":
    main()
