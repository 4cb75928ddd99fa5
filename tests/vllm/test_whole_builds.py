"""The whole path with a model that works, and with a server that is killed."""

import asyncio
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import time
import urllib.request
from collections import defaultdict
from contextlib import closing
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from mmusset import recipe_file
from mmusset.agents import AGENTS
from mmusset.agents.captioner import CAPTIONER
from mmusset.agents.graph import build_graph
from mmusset.agents.preview import preview
from mmusset.builder.trial import trial_of_source
from mmusset.recipe import Recipe
from mmusset.sources.folder import FolderSource
from mmusset.speakers import chat
from mmusset.speakers.asking import Asker, InMemoryReplies
from mmusset.speakers.base import Reply, Request
from mmusset.speakers.local.speaker import TransformersSpeaker
from mmusset.speakers.picture import tokens
from mmusset.speakers.vllm.speaker import VllmSpeaker
from tests.vllm.conftest import ITEMS, RECITING, SOURCE, Running, settings, started

Call = tuple[Request, Reply]


def build(out: Path, *words: str) -> "subprocess.Popen[str]":
    limit = ("--limit", str(ITEMS))
    return started(
        "build", "--source", str(SOURCE), "--out", str(out), *limit, *settings(*RECITING), *words
    )


def finished(process: "subprocess.Popen[str]") -> str:
    """What it printed; it must have ended well."""
    output, errors = process.communicate(timeout=900)
    assert process.returncode == 0, errors
    return output


def through(server: Running, *overrides: str) -> list[str]:
    where = f"server.url={server.url}", f"speaker.model={server.model}"
    return ["--speaker", "vllm", *settings(*where, *overrides)]


def manifest(out: Path) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads((out / "manifest.json").read_text())
    return facts


def metrics(server: Running) -> str:
    with urllib.request.urlopen(server.url.removesuffix("/v1") + "/metrics") as response:
        return str(response.read().decode())


def metric(text: str, name: str) -> float:
    """The sum over all labels."""
    found = re.findall(rf"^{re.escape(name)}(?:\{{.*?\}})? (\S+)$", text, re.MULTILINE)
    assert found, name
    return sum(map(float, found))


def test_a_taught_model_in_process_writes_samples_that_are_accepted(
    taught: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    words = ["--speaker", "transformers", *settings(f"speaker.model={taught}")]
    finished(build(out, *words))
    assert manifest(out)["accepted"] >= ITEMS - 1
    finished(started("verify", str(out)))


def test_a_taught_model_behind_vllm_writes_samples_that_are_accepted(
    server: Running, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    finished(build(out, *through(server)))
    facts = manifest(out)
    assert facts["accepted"] >= ITEMS - 1
    assert facts["cost"]["cached_share"] > 0.3
    finished(started("verify", str(out)))


def test_agents_speak_through_the_adapter_that_is_named(server: Running, tmp_path: Path) -> None:
    out = tmp_path / "out"
    names = [
        f"speaker.adapters.{agent}={server.adapter}" for agent in ("captioner", "story_writer")
    ]
    finished(build(out, *through(server, *names)))
    facts = manifest(out)
    assert facts["failed"] == 0, "every call was answered in schema"
    models = facts["models"]
    assert models["captioner"] == models["story_writer"] == server.adapter
    assert models["critic"] == models["reconciler"] == server.model


def test_what_was_fine_tuned_says_served_what_it_says_in_process(
    server: Running, taught: Path, adapter: Path
) -> None:
    def loaded(kind: str, *overrides: str) -> Recipe:
        return recipe_file.load(Recipe, kind, (*RECITING, *overrides), AGENTS)

    where = f"server.url={server.url}", f"speaker.model={server.model}"
    served = loaded("vllm", *where, f"speaker.adapters.captioner={server.adapter}")
    plain = loaded("vllm", *where)
    own = f"speaker.model={taught}", f"speaker.adapters.captioner={adapter}"
    here = loaded("transformers", *own)

    async def captions(place: int) -> tuple[str, str, str]:
        async with (
            trial_of_source(FolderSource(SOURCE), place, served) as trial,
            VllmSpeaker(served.speaker, served.server) as one,
            VllmSpeaker(plain.speaker, plain.server) as two,
            TransformersSpeaker(here.speaker) as three,
        ):
            request = await preview(trial.material, CAPTIONER, served, AGENTS)
            said = [(await speaker.answer(request)).text for speaker in (one, two, three)]
            first, second, third = (json.loads(text)["caption"] for text in said)
            return first, second, third

    found = [asyncio.run(captions(place)) for place in range(1, 13, 2)]
    assert any(adapted != before for adapted, before, _ in found), "it says other words now"
    assert all(adapted == in_process for adapted, _, in_process in found)


class Listening(VllmSpeaker):
    """The vLLM speaker, with all that was asked and answered."""

    calls: list[Call]

    async def answer(self, request: Request) -> Reply:
        answer = await super().answer(request)
        self.calls.append((request, answer))
        return answer


def test_a_sample_is_read_once_and_not_for_each_agent(server: Running, taught: Path) -> None:
    """Of the whole cache blocks of the prefix that a sample's calls share, the later ones
    find 95 % cached, by their own count and by the server's."""
    overrides = (*RECITING, f"server.url={server.url}", f"speaker.model={server.model}")
    loaded = recipe_file.load(Recipe, "vllm", overrides, AGENTS)

    async def listen() -> list[Call]:
        async with Listening(loaded.speaker, loaded.server) as speaker:
            speaker.calls = []
            graph = build_graph(Asker(speaker, InMemoryReplies()), loaded, AGENTS)
            for place in range(1, ITEMS + 1):
                async with trial_of_source(FolderSource(SOURCE), place, loaded) as trial:
                    await graph(trial.material)
            return speaker.calls

    before = metrics(server)
    calls = asyncio.run(listen())
    after = metrics(server)
    hits = "vllm:prefix_cache_hits_total"
    counted = metric(after, hits) - metric(before, hits)
    assert counted >= sum(answer.cached_tokens for _, answer in calls) > 0

    found = re.search(r'vllm:cache_config_info\{.*?block_size="(\d+)"', after)
    assert found
    block = int(found[1])
    asked, cached = 0, 0
    for sample in by_sample(calls).values():
        whole = shared_tokens(taught, [request for request, _ in sample]) // block * block
        assert whole >= 2 * block
        asked += whole * (len(sample) - 1)
        cached += sum(min(whole, answer.cached_tokens) for _, answer in sample[1:])
    assert cached >= 0.95 * asked


def test_the_server_sees_a_picture_in_the_patches_that_it_was_fitted_to(server: Running) -> None:
    async def tokens_of_text(patches: int) -> int:
        where = (f"server.url={server.url}", f"speaker.model={server.model}")
        size = (f"speaker.max_pixels={patches * 784}", "speaker.sampling.captioner.max_tokens=16")
        loaded = recipe_file.load(Recipe, "vllm", (*where, *size), AGENTS)
        async with (
            trial_of_source(FolderSource(SOURCE), 1, loaded) as trial,
            VllmSpeaker(loaded.speaker, loaded.server) as speaker,
        ):
            answer = await speaker.answer(await preview(trial.material, CAPTIONER, loaded, AGENTS))
            with Image.open(trial.material.image_file) as image:
                return answer.prompt_tokens - tokens(*image.size)

    assert len({asyncio.run(tokens_of_text(patches)) for patches in (4, 64, 256)}) == 1


def by_sample(calls: list[Call]) -> dict[str, list[Call]]:
    samples: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        samples[call[0].brief.material.key].append(call)
    return samples


def shared_tokens(taught: Path, requests: list[Request]) -> int:
    """How many tokens all the prompts begin with alike, the picture's among them."""
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(taught)
    picture = Image.new("RGB", (56, 56))
    prompts = [
        processor(
            text=[processor.apply_chat_template(chat.messages(request, {"type": "image"}))],
            images=[picture],
        )["input_ids"][0]
        for request in requests
    ]
    return len(list(takewhile(lambda tokens: len(set(tokens)) == 1, zip(*prompts, strict=False))))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_that_is_killed_costs_time_and_nothing_else(
    number: signal.Signals, server: Running, tmp_path: Path
) -> None:
    """`mmusset serve` starts it again, and the build waits for it."""
    out = tmp_path / "out"
    process = build(out, *through(server), "--set", "server.max_in_flight=2")
    wait_for_answers(out, 6, process)
    os.kill(server_below(server.process.pid), number)
    finished(process)
    facts = manifest(out)
    assert facts["failed"] == 0
    assert facts["accepted"] >= ITEMS - 1
    finished(started("verify", str(out)))


def test_build_with_serve_brings_its_own_server_and_takes_it_away(
    taught: Path, tmp_path: Path
) -> None:
    out, model = tmp_path / "out", tmp_path / "a model of its own"
    shutil.copytree(taught, model)
    finished(build(out, "--speaker", "vllm", "--serve", "--model", str(model)))
    assert manifest(out)["accepted"] >= ITEMS - 1
    assert not [pid for pid in all_pids() if str(model) in words_of(pid)]


def wait_for_answers(out: Path, count: int, process: "subprocess.Popen[str]") -> None:
    """Until so many answers are in the ledger, or the build has ended."""
    while process.poll() is None and answers_kept(out / ".mmusset" / "ledger.db") < count:
        time.sleep(0.05)


def answers_kept(ledger: Path) -> int:
    if not ledger.exists():
        return 0
    with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as read:
        try:
            return int(read.execute("SELECT count(*) FROM call").fetchone()[0])
        except sqlite3.OperationalError:
            return 0  # its tables are not made yet


def server_below(pid: int) -> int:
    """The process of vLLM's API server that `mmusset serve` started."""
    return next(p for p in all_pids() if parent_of(p) == pid and "vllm" in words_of(p))


def all_pids() -> list[int]:
    return [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]


def parent_of(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0


def words_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (FileNotFoundError, ProcessLookupError):
        return ""
