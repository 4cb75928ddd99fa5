"""The copy of the ledger: made while the build writes, whole at any moment, and soon given up."""

import asyncio
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from mmusset.builder.decoding.tasks import Survey
from mmusset.builder.ledger import copy as ledger_copy
from mmusset.builder.ledger.copy import LedgerCopy
from mmusset.builder.ledger.file import connect, open_to_write
from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.ledger.rows import NotWhole, check_rows, watch


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def path_of(out: Path) -> Path:
    return out / ".mmusset" / "ledger.copy.db"


def told(line: str) -> None:
    raise AssertionError(line)


async def write(ledger: Ledger, count: int) -> None:
    """Rows as a build writes them, each with a commit of its own."""
    for number in range(count):
        with ledger.transaction():
            ledger.media.keep_survey(b"%d" % number, 1, 1, Survey(sha256="x" * 20_000))
        await asyncio.sleep(0)


def test_copies_are_made_while_a_build_writes(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_copy, "LEAST_S", 0.01)
    monkeypatch.setattr(ledger_copy, "SHARE", 1.0)

    async def build(ledger: Ledger) -> None:
        async with LedgerCopy(out, ledger, told) as copy:
            await write(ledger, 400)
            await copy.make()

    ledger = open_to_write(out)
    asyncio.run(build(ledger))
    ledger.close()
    with closing(connect(path_of(out), out, "mode=ro&immutable=1")) as copy:
        assert copy.execute("SELECT COUNT(*) FROM file").fetchone() == (400,)
        (copies,) = copy.execute("SELECT value FROM meta WHERE name = 'copies'").fetchone()
        assert int(copies) > 1, "not only the last"
        watch(copy)
        check_rows(copy)
    open_to_write(out).close()


def test_a_copy_that_is_newer_than_its_ledger_is_noticed(out: Path) -> None:
    async def build(ledger: Ledger) -> None:
        async with LedgerCopy(out, ledger, told) as copy:
            await write(ledger, 1)
            await copy.make()

    open_to_write(out).close()
    before = path_of(out).with_name("ledger.db").read_bytes()
    ledger = open_to_write(out)
    asyncio.run(build(ledger))
    ledger.close()
    path_of(out).with_name("ledger.db").write_bytes(before)
    with pytest.raises(NotWhole, match="its copy has come further"):
        open_to_write(out)


def test_a_build_that_is_over_does_not_wait_for_the_next_copy(out: Path) -> None:
    async def build(ledger: Ledger) -> None:
        async with LedgerCopy(out, ledger, told):
            await write(ledger, 3)

    ledger = open_to_write(out)
    begun_s = time.monotonic()
    asyncio.run(build(ledger))
    assert time.monotonic() - begun_s < ledger_copy.LEAST_S
    ledger.close()
    assert not path_of(out).exists()


def test_a_copy_that_can_not_be_made_is_told_and_stops_nothing(out: Path) -> None:
    lines: list[str] = []

    async def build(ledger: Ledger) -> None:
        async with LedgerCopy(out, ledger, lines.append) as copy:
            path_of(out).mkdir()  # nothing can be renamed to it
            await write(ledger, 1)
            await copy.make()

    ledger = open_to_write(out)
    asyncio.run(build(ledger))
    assert len(lines) == 1 and lines[0].startswith("no copy of the ledger could be kept")
    ledger.close()
    with closing(sqlite3.connect(path_of(out).with_name("ledger.db"))) as db:
        assert db.execute("SELECT COUNT(*) FROM file").fetchone() == (1,)
