"""The parts of a ledger take and give typed values."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmusset.builder.accounting import Cost
from mmusset.builder.decoding.tasks import Survey
from mmusset.builder.ledger.calls import Call
from mmusset.builder.ledger.file import open_to_read, open_to_write
from mmusset.builder.ledger.job import JobFacts
from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.ledger.left_out import LeftOut
from mmusset.errors import MmussetError
from mmusset.sample_parts.piece import Tags
from mmusset.speakers.base import Reply


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    ledger = open_to_write(tmp_path / "out")
    yield ledger
    ledger.close()


def test_the_job_is_known_once_it_was_noted(ledger: Ledger) -> None:
    assert ledger.job.facts() == JobFacts({}, "", "", "")
    facts = JobFacts(
        {"clip": {"seconds": 5.0}},
        "1.0",
        "vllm",
        "",
        {"critic": "ab"},
        {"critic": "q"},
        model_licences={"quality.aesthetics": "cc-by-4.0"},
    )
    with ledger.transaction():
        ledger.job.note(facts)
    assert ledger.job.facts() == facts
    assert ledger.job.generation == 1


def test_what_is_written_quickly_is_on_the_disk_once_that_was_waited_for(
    ledger: Ledger, tmp_path: Path
) -> None:
    """Another process sees it at once; only after a power cut would it be gone before."""
    log = tmp_path / "out" / ".mmusset" / "ledger.db-wal"

    async def write(number: int) -> None:
        with ledger.quick_transaction():
            ledger.calls.keep(
                f"{number}", Call(f"k{number}", "captioner", 0, "m"), Reply(text="{}")
            )
        await ledger.on_disk()
        with open_to_read(tmp_path / "out") as other:
            assert other.calls.find(f"{number}")

    async def write_all() -> None:
        await asyncio.gather(*map(write, range(20)))

    asyncio.run(write_all())
    assert log.stat().st_size


def test_a_reply_is_found_by_its_request(ledger: Ledger) -> None:
    reply = Reply(text="{}", prompt_tokens=7, cached_tokens=3, completion_tokens=2, seconds=0.5)
    with ledger.transaction():
        ledger.calls.keep("a" * 64, Call("k1", "critic", 0, "qwen"), reply)
        ledger.calls.keep("b" * 64, Call("k1", "critic", 1, "qwen"), reply)
        ledger.calls.keep_strikes({"k1": 2})
    assert ledger.calls.find("a" * 64) == reply
    assert ledger.calls.find("c" * 64) is None
    assert ledger.calls.costs() == [Cost("critic", 2, 14, 6, 4, 1.0)]
    assert ledger.calls.strikes() == {"k1": 2}


def test_a_file_is_surveyed_again_when_its_size_or_time_has_changed(ledger: Ledger) -> None:
    survey = Survey(sha256="0" * 64, duration_s=12.5, tags=Tags(artist="Ann"))
    with ledger.transaction():
        ledger.media.keep_survey(b"a.wav", 100, 7, survey)
        ledger.media.keep_generated("night", survey)
    assert ledger.media.survey(b"a.wav", 100, 7) == survey
    assert ledger.media.survey(b"a.wav", 101, 7) is None
    assert ledger.media.survey(b"a.wav", 100, 8) is None
    assert ledger.media.generated("night") == survey
    assert ledger.media.generated("day") is None
    assert ledger.media.generated_name("0" * 64) == "night"


def test_what_is_left_out_is_counted_and_listed_by_path(ledger: Ledger) -> None:
    """What could not be read is undecided; in the third run it has failed."""
    skipped = LeftOut(b"b.txt", "skipped", "not media", "")
    for status, undecided in (("undecided", 1), ("undecided", 1), ("failed", 0)):
        with ledger.transaction():
            ledger.left_out.replace_skipped([skipped])
            ledger.left_out.replace_unread_files({b"a.wav": "Input/output error"})
        unread = LeftOut(b"a.wav", status, "could not be read", "Input/output error")  # type: ignore[arg-type]
        assert ledger.left_out.all() == [unread, skipped]
        tally = ledger.verdicts.tally()
        assert (tally.skipped, tally.undecided, tally.failed) == (1, undecided, 1 - undecided)
    assert not ledger.left_out.has_undecided_files()
    with ledger.transaction():
        ledger.left_out.retry_unread_files()
    assert ledger.left_out.all() == [skipped]


def test_a_transaction_is_all_or_nothing_also_within_another(ledger: Ledger) -> None:
    with pytest.raises(MmussetError), ledger.transaction():
        ledger.calls.keep_strikes({"k1": 1})
        with ledger.transaction():
            ledger.calls.keep_strikes({"k1": 2})
        raise MmussetError("the disk is full")
    assert ledger.calls.strikes() == {}
