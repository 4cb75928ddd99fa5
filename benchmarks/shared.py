"""What a shared build costs its driver: the plan offered, and blocks taken over, with workers that
decide nothing.

    python benchmarks/shared.py DATASET --blocks 200

DATASET was built before: each block of 512 items here is that one's first accepted item, over and
over, so rows have their true size. Prints CPU time, memory and bytes by block.
"""

import argparse
import asyncio
import multiprocessing
import resource
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from mmusset.builder.ledger.file import open_to_read, open_to_write
from mmusset.builder.ledger.segment import Rows, Segment
from mmusset.builder.progress import BuildProgress
from mmusset.builder.seal import NO_SHARD
from mmusset.builder.workers.board import Marker
from mmusset.builder.workers.driver import Driver
from mmusset.builder.workers.sharing import Sharing, board_of
from mmusset.builder.workers.starting import NoStarter
from mmusset.builder.workspace import open_workspace
from mmusset.progress import Progress
from mmusset.recipe import Recipe
from mmusset.sources.folder import FolderSource

ITEMS = 512


def learnt_rows(dataset: Path) -> dict[str, tuple[tuple[str, ...], Rows]]:
    """What the ledger of a dataset knows of its first accepted item."""
    with closing(sqlite3.connect(dataset / ".mmusset" / "ledger.db")) as db:
        idx, key = db.execute(
            "SELECT idx, key FROM item JOIN verdict USING (idx) WHERE status = 'accepted' LIMIT 1"
        ).fetchone()
        wanted = {"prepared": ("idx", idx), "verdict": ("idx", idx), "call": ("key", key)}
        found = {}
        for table, (column, value) in wanted.items():
            cursor = db.execute(f"SELECT * FROM {table} WHERE {column} = ?", (value,))
            names = [name for name, *_ in cursor.description if name != "crc"]
            rows = [list(row[: len(names)]) for row in cursor]
            found[table] = (tuple(names), rows)
        return found


def hand_in_all(out: Path, like: dict[str, tuple[tuple[str, ...], Rows]]) -> None:
    """Every block, as if it had been decided; in a process of its own."""
    board = board_of(out)
    while board.job() is None:
        time.sleep(0.05)
    for block in board.undecided():
        known = board.offered(block)
        assert known
        tables = dict(known.tables)
        items = list(zip(known.column("item", "idx"), known.column("item", "key"), strict=True))
        for table, (names, rows) in like.items():
            tables[table] = (names, [_of(row, table, *item) for item in items for row in rows])
        segment = Segment(tables)
        board.put_segment(segment)
        board.hand_in(Marker(block, NO_SHARD, segment.sha256, "stub", {}))


def _of(row: list[object], table: str, idx: int, key: str) -> list[object]:
    if table == "call":
        return [f"{key}{row[0]}"[:64], key, *row[2:]]
    return [idx, *row[1:]]


def plan(out: Path, dataset: Path, blocks: int) -> None:
    """A ledger with as many blocks of items like those of a dataset."""
    with open_to_read(dataset) as ledger:
        facts, like = ledger.job.facts(), next(ledger.plan.items()).item

    with closing(open_to_write(out)) as ledger, ledger.transaction():
        ledger.job.note(replace(facts, models={}))
        for block in range(blocks):
            ledger.plan.add_block(
                "train",
                [replace(like, key=f"{block:08d}x{place}") for place in range(ITEMS)],
                provisional=False,
            )


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def drive(out: Path, blocks: int) -> None:
    recipe = Recipe()
    async with open_workspace(FolderSource(out), out, recipe) as workspace:
        board, begun_s = board_of(out), cpu_s()
        driver = Driver(workspace, board, (), BuildProgress(Progress()))
        running = asyncio.create_task(driver.run(Sharing(board, "nowhere", NoStarter())))
        while board.job() is None:
            await asyncio.sleep(0.05)
        offered_s = cpu_s()
        offered = sum(each.size for each in board.store.objects("blocks/"))
        await running
    ledger = (out / ".mmusset" / "ledger.db").stat().st_size
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{blocks} blocks of {ITEMS} items:"
        f" offered in {1000 * (offered_s - begun_s) / blocks:.0f} CPU-ms a block"
        f" ({offered / blocks / 1000:.0f} kB),"
        f" taken over in {1000 * (cpu_s() - offered_s) / blocks:.0f} CPU-ms a block;"
        f" ledger {ledger / blocks / 1e6:.1f} MB a block; peak {peak_mb:.0f} MB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="What a shared build costs its driver.")
    parser.add_argument("dataset", type=Path)
    parser.add_argument("--blocks", type=int, default=200)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "out")
        plan(out, asked.dataset, asked.blocks)
        stub = multiprocessing.get_context("spawn").Process(
            target=hand_in_all, args=(out, learnt_rows(asked.dataset))
        )
        stub.start()
        asyncio.run(drive(out, asked.blocks))
        stub.join()


if __name__ == "__main__":
    main()
