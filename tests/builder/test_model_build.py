"""Builds with a model behind a server, run as users run them."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mmusset.recipe_parts.speaker import SpeakerPart
from mmusset.speakers.picture import data_url, fit
from mmusset.speakers.stub.plan import PlannedFault
from mmusset.speakers.stub.server import StubServer
from tests.support.command import SHORT, Process, environment, mmusset, start
from tests.support.media import library
from tests.support.serving import come_back, go_down, serving
from tests.support.thorough import slow

ROOT = Path(__file__).parents[2]
PIECES = 5


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("model") / "source", PIECES)


def words(source: Path, out: Path, stub: StubServer, *more: str) -> list[str]:
    where = f"server.url={stub.url}"
    build = ["build", "--source", str(source), "--out", str(out), "--speaker", "vllm"]
    return [*build, "--set", where, *SHORT, *more]


def wait_for(process: Process, stub: StubServer, requests: int) -> None:
    """Until the server was asked so often, or the process has ended."""
    while stub.requests < requests and process.poll() is None:
        time.sleep(0.005)


def manifest(out: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((out / "manifest.json").read_text())
    return facts


def sent_picture(source: Path, number: int) -> str:
    """A song's picture as a server is sent it."""
    song = source / f"artist {number // 2}" / f"song {number}"
    with Image.open(song.with_suffix(".png")) as image:
        return data_url(fit(image, SpeakerPart().max_pixels))


def test_a_build_through_a_server_counts_what_it_cost(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with serving(objecting=0.5) as stub:
        done = mmusset(*words(source, out, stub))
        asked = Counter(seen.schema for seen in stub.seen)
        assert done.returncode == 0, done.stderr
    facts = manifest(out)
    assert facts["accepted"] == PIECES
    assert facts["models"] == dict.fromkeys(
        ["captioner", "story_writer", "critic", "reconciler"], "stub"
    )
    agents = facts["cost"]["agents"]
    assert agents["captioner"]["calls"] == asked["CaptionReply"] == PIECES
    assert agents["reconciler"]["calls"] == asked["Mending"] > 0
    assert facts["cost"]["cached_share"] > 0.4
    assert facts["cost"]["calls_per_item"] == len(stub.seen) / PIECES
    for cost in agents.values():
        assert cost["tokens_per_s_of_a_call"] > 0
        assert 0 <= cost["cached_share"] < 1
    assert "tokens in" in done.stdout
    assert re.search(
        rf"{PIECES} of {PIECES} items.* out, \d+ a second, \d\.\d calls an item", done.stderr
    )
    assert mmusset("verify", out).returncode == 0
    again = mmusset(*words(source, out, stub))
    assert again.stdout.startswith("nothing to do"), "the server is gone, and not needed"


@pytest.mark.slow
def test_what_the_server_refuses_is_lost_alone_and_listed(tmp_path: Path) -> None:
    """Three of nine pictures are poison: six samples, three failures, exit 4."""
    source = library(tmp_path / "source", 9)
    out = tmp_path / "out"
    poison = [PlannedFault(kind="400", containing=sent_picture(source, n)) for n in (1, 4, 7)]
    with serving(*poison) as stub:
        done = mmusset(*words(source, out, stub))
    assert done.returncode == 4, done.stderr
    facts = manifest(out)
    assert (facts["accepted"], facts["failed"]) == (6, 3)
    assert facts["reasons"] == [{"status": "failed", "reason": "refused by the server", "count": 3}]
    assert all(f"song {n}.wav: refused by the server" in done.stdout for n in (1, 4, 7))
    assert mmusset("verify", out).returncode == 0


@pytest.mark.parametrize(
    "kind", ["empty", "length", *slow("null content", "no choices", "other schema")]
)
def test_nothing_is_ever_written_from_an_answer_of_no_use(
    kind: str, source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    with serving(PlannedFault.model_validate({"kind": kind})) as stub:
        done = mmusset(*words(source, out, stub))
        assert stub.requests == 2 * PIECES, "asked once more, and then it fails"
    assert done.returncode == 4
    assert manifest(out)["failed"] == PIECES
    assert not list(out.glob("data/*.tar"))


@pytest.mark.slow
def test_a_speaker_that_always_fails_stops_the_build(tmp_path: Path) -> None:
    source = library(tmp_path / "source", 24)
    with serving(PlannedFault(kind="400")) as stub:
        done = mmusset(*words(source, tmp_path / "out", stub))
    assert done.returncode == 1
    assert "20 of the last 20 items failed: refused by the server" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_kill_costs_at_most_the_calls_in_flight(tmp_path: Path) -> None:
    """SIGKILL after 18 of 36 calls, 6 in flight: at most 6 are paid twice."""
    source = library(tmp_path / "source", 12)
    with serving(slots=6, latency_s=0.1, objecting=0) as stub:
        few = ("--set", "server.max_in_flight=6")
        command = words(source, tmp_path / "out", stub, *few)
        process = start(*command)
        wait_for(process, stub, 18)
        process.kill()
        process.communicate()
        assert mmusset(*command).returncode == 0
        bodies = Counter(seen.body_sha256 for seen in stub.seen)
        assert len(bodies) == 3 * 12
        assert stub.requests <= len(bodies) + 6
    assert manifest(tmp_path / "out")["accepted"] == 12


def test_a_server_that_goes_away_stops_the_build_and_nothing_is_lost(
    source: Path, tmp_path: Path
) -> None:
    with serving(latency_s=0.05, slots=2) as stub:
        command = words(source, tmp_path / "out", stub, "--set", "server.wait_seconds=1")
        process = start(*command)
        wait_for(process, stub, 6)
        go_down(stub)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 3, errors
        assert "nothing is lost" in errors
        come_back(stub)
        assert mmusset(*command).returncode == 0
    assert manifest(tmp_path / "out")["accepted"] == PIECES


def test_ctrl_c_lets_calls_come_back_and_says_how_to_go_on(source: Path, tmp_path: Path) -> None:
    with serving(latency_s=0.2, slots=2) as stub:
        command = words(source, tmp_path / "out", stub)
        process = start(*command)
        wait_for(process, stub, 4)
        process.send_signal(signal.SIGINT)
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 130, errors
        assert "run the same command to go on" in output
        assert mmusset(*command).returncode == 0
        bodies = Counter(seen.body_sha256 for seen in stub.seen)
        assert set(bodies.values()) == {1}, "no call was paid twice"


@pytest.mark.parametrize("number", [signal.SIGTERM, *slow(signal.SIGINT)])
def test_a_stop_ends_within_ten_seconds_though_calls_hang(
    number: int, source: Path, tmp_path: Path
) -> None:
    """Each call may take 180 s; what was answered stays answered."""
    with serving(PlannedFault(kind="hang", first=6, last=8)) as stub:
        command = words(source, tmp_path / "out", stub)
        process = start(*command)
        wait_for(process, stub, 8)
        output, errors, seconds = stopped(process, number)
        assert process.returncode == 130, errors
        assert seconds < 10
        assert "run the same command to go on" in output
        assert "Traceback" not in errors
        assert mmusset(*command).returncode == 0
        bodies = Counter(seen.body_sha256 for seen in stub.seen)
        assert sum(count - 1 for count in bodies.values()) == 3, "those that hung were asked again"


@pytest.mark.slow
def test_a_stop_ends_within_ten_seconds_though_decoders_hang(tmp_path: Path) -> None:
    source = library(tmp_path / "source", 12)
    with serving() as stub:
        command = words(source, tmp_path / "out", stub)
        process = start(*command)
        wait_for(process, stub, 3)
        decoders = children_of(process.pid)
        for pid in decoders:
            os.kill(pid, signal.SIGSTOP)
        _, errors, seconds = stopped(process, signal.SIGTERM)
        assert process.returncode == 130, errors
        assert seconds < 10
        assert decoders
        assert not [pid for pid in decoders if Path(f"/proc/{pid}").exists()]
        assert mmusset(*command).returncode == 0
    assert manifest(tmp_path / "out")["accepted"] == 12


def stopped(process: Process, number: int) -> tuple[str, str, float]:
    """What a build says when it is sent a signal, and how many seconds it takes to end."""
    begun_s = time.monotonic()
    process.send_signal(number)
    output, errors = process.communicate(timeout=120)
    return output, errors, time.monotonic() - begun_s


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.slow
def test_a_changed_prompt_asks_its_agent_and_what_follows_alone(
    source: Path, tmp_path: Path
) -> None:
    copy, out = tmp_path / "changed", tmp_path / "out"
    shutil.copytree(ROOT / "mmusset", copy / "mmusset", symlinks=False)
    prompt = copy / "mmusset" / "prompts" / "critic.md"
    prompt.write_text(prompt.read_text() + "\nBe kind.\n")
    with serving() as stub:
        command = words(source, out, stub)
        assert mmusset(*command).returncode == 0
        before = len(stub.seen)

        def changed(*more: str) -> "subprocess.CompletedProcess[str]":
            return subprocess.run(
                [sys.executable, "-m", "mmusset", *command, *more],
                capture_output=True,
                text=True,
                timeout=300,
                cwd=copy,
                env=environment() | {"PYTHONPATH": str(copy)},
                check=False,
            )

        refused = changed()
        assert refused.returncode == 1
        assert "prompt of critic" in refused.stderr
        assert changed("--re-run", "critic").returncode == 0
        asked = {seen.schema for seen in stub.seen[before:]}
        assert "Judgement" in asked
        assert asked <= {"Judgement", "Mending"}
        done = len(stub.seen)
        assert changed("--re-run", "critic").stdout.startswith("nothing to do")
        assert len(stub.seen) == done
    assert mmusset("verify", out).returncode == 0


def test_trial_and_prompt_are_shown_to_those_who_tune(source: Path) -> None:
    song = source / "artist 1" / "song 3.wav"
    with serving() as stub:
        where = ("--set", f"server.url={stub.url}", "--set", "clip.seconds=2")
        tried = mmusset("try", song, "--speaker", "vllm", *where)
        assert tried.returncode == 0, tried.stderr
        for agent in ("captioner", "story_writer", "critic"):
            assert f"{agent}, round 0, vllm (stub" in tried.stdout
        shown = mmusset("prompt", source, "captioner", "--item", "4", "--json", *where[2:])
        assert shown.returncode == 0, shown.stderr
        body = json.loads(shown.stdout)
        sent = [seen for seen in stub.seen if seen.schema == "CaptionReply"]
        assert len(sent) == 1
    assert body["messages"][1]["content"][0]["image_url"]["url"].startswith("data:image/jpeg")
    assert "# Your part: the captioner" in body["messages"][1]["content"][2]["text"]


def test_serve_stub_serves_newcomers(source: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.yaml"
    plan.write_text("latency_s: 0\nadapters: [music-1]\n")
    server = start(*["serve", "--stub", "--port", "0", "--plan", str(plan)])
    assert server.stdout
    url = server.stdout.readline().strip()
    command = ["build", "--source", str(source), "--out", str(tmp_path / "out"), *SHORT]
    done = mmusset(
        *command, "--recipe", "vllm", "--set", f"server.url={url}", "--set", "speaker.model=music-1"
    )
    assert done.returncode == 0, done.stderr
    assert manifest(tmp_path / "out")["models"]["critic"] == "music-1"
    server.send_signal(signal.SIGINT)
    assert server.wait(30) == 0
    server.stdout.close()
    assert server.stderr
    assert server.stderr.read() == ""
    server.stderr.close()
