"""What long work shows: the same calls, as lines for a log, events for programs, or nothing."""

import io
import json
import os
import pty
import subprocess
import sys

import pytest

from mmusset.progress import JsonProgress, Meter, PlainProgress, Progress


def work(progress: Progress) -> None:
    with progress:
        progress.stage("reading", 3, unit="files")
        progress.step(1)
        progress.log("the server is back")
        progress.step(3, "2 % odd", event="surveyed", odd=1)
        progress.stage("sent", 2_500_000, unit="bytes")
        progress.add(2_400_000)
        progress.add(100_000)


def test_a_log_gets_a_line_at_the_end_of_each_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = iter(range(100))
    monkeypatch.setattr("time.monotonic", lambda: float(next(ticks)) / 10)
    stream = io.StringIO()
    work(PlainProgress(stream))
    lines = stream.getvalue().splitlines()
    assert lines[0] == "the server is back"
    assert lines[1] == "reading: 3 of 3 files, 2 % odd", "in a moment, whose rate says nothing"
    assert lines[2].startswith("sent: 2.5 MB of 2.5 MB, ")
    assert len(lines) == 3


def test_programs_get_an_event_for_each_call() -> None:
    stream = io.StringIO()
    work(JsonProgress(stream))
    events = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [event["event"] for event in events] == [
        *("stage", "step", "log", "surveyed", "stage", "step", "step")
    ]
    assert events[3] == {
        **{"event": "surveyed", "stage": "reading", "done": 3, "total": 3},
        **{"note": "2 % odd", "odd": 1},
    }


def test_others_than_the_first_process_show_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    work(Progress())
    assert capsys.readouterr() == ("", "")


def test_what_an_earlier_run_did_makes_no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr("time.monotonic", lambda: now_s)
    meter = Meter("training", 1000, 900, "")
    assert meter.line() == "900 of 1000, 0.0 a second, time left unknown"
    now_s, meter.done = 10.0, 950
    assert meter.line() == "950 of 1000, 5.0 a second, 10 s left"
    now_s, meter.done = 1000.0, 950
    assert meter.line() == "950 of 1000, 20.0 s each, 17 min left"


LIVE = """
from mmusset.progress import for_terminal
with for_terminal() as progress:
    progress.log("asked [bold]before[/] anything is shown")
    progress.stage("building", 40, unit="items")
    progress.step(12, "92 % accepted", below=["captioner    12 calls"])
    progress.log("the server is back")
"""


def test_a_terminal_shows_a_bar_and_what_is_said_above_it() -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", LIVE], stderr=theirs) as process:
        os.close(theirs)
        screen = b""
        while data := _read(ours):
            screen += data
        assert process.wait() == 0
    os.close(ours)
    text = screen.decode()
    assert text.startswith("asked [bold]before[/] anything is shown\r\n")
    assert "12 of 40 items" in text
    assert "92 % accepted" in text
    assert "captioner    12 calls" in text
    assert "the server is back\r\n" in text


def _read(terminal: int) -> bytes:
    """What comes next; nothing once the other side is gone, which Linux answers with an error."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""
