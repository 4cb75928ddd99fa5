"""Pushing to the Hub of `tests/support/hub_writing.py` as users do: a process of its own."""

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from mmusset.shards.manifest import MANIFEST
from mmusset.shards.tar import Sample, shard_name, write_shard
from tests.support.command import core, start_python
from tests.support.hub_repos import Hub
from tests.support.hub_writing import TOKEN
from tests.support.manifests import manifest_of
from tests.support.samples import sample

LICENCE = "license: cc-by-4.0"
# Several commands in one process. Client and pushes wait between tries: here that costs nothing.
COMMANDS = """
import contextlib, io, json, sys, time
time.sleep = lambda seconds: None
from mmusset.cli.main import main
for words in json.loads(sys.argv[1]):
    sys.argv, out, err = ["mmusset", *words], io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code
    print(json.dumps([code, out.getvalue(), err.getvalue()]), flush=True)
"""


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it said."""

    code: int
    out: str
    err: str


def dataset(out: Path, *counts: int) -> Path:
    """A finished dataset: shards of so many samples each, of one split, and a card."""
    shards, number, samples = [], 0, list[Sample]()
    for block, count in enumerate(counts):
        name = shard_name("train", block)
        samples = [sample(n) for n in range(number, number + count)]
        shards.append(write_shard(out, name, samples))
        number += count
    manifest = manifest_of(shards, recipe={"tags": {"use": [], "keep": []}})
    (out / MANIFEST).write_bytes(manifest.to_bytes())
    (out / "README.md").write_text(card(samples[0].quadruple.model_dump(mode="json")))
    (out / ".mmusset").mkdir(exist_ok=True)
    (out / ".mmusset" / "ledger.db").write_bytes(b"private")
    return out


def card(sample: dict[str, Any]) -> str:
    """A card whose front matter has a licence, and the types of all members by a sample's JSON."""
    media = {"image.jpg": "image", "music.flac": "audio"}
    texts = dict.fromkeys(("story.txt", "caption.txt", "__key__", "__url__"), "string")
    features = [{"name": name, "dtype": dtype} for name, dtype in (media | texts).items()]
    info = {"dataset_info": {"features": [*features, {"name": "json", **typed(sample)}]}}
    return f"---\n{LICENCE}\n{yaml.safe_dump(info)}---\n# Music\n"


def typed(value: Any) -> dict[str, Any]:
    """The type of a column that holds such values."""
    if isinstance(value, dict):
        return {"struct": [{"name": name, **typed(inner)} for name, inner in value.items()]}
    if isinstance(value, list):
        inner = typed(value[0] if value else "")
        return {"list": inner.get("dtype") or inner["struct"]}
    return {"dtype": {str: "string", bool: "bool", int: "int64", float: "float64"}[type(value)]}


def published(out: Path, *more: str) -> dict[str, bytes]:
    """The files of a dataset that belong on the Hub, and more of them by name."""
    shards = (f"data/{path.name}" for path in (out / "data").glob("*"))
    names = ["README.md", "manifest.json", *shards, *more]
    return {name: (out / name).read_bytes() for name in names}


def told(hub: Hub, failpoint: str = "", xet: bool = False, token: str = TOKEN) -> dict[str, str]:
    """This environment, with the stub for a Hub."""
    return os.environ | {
        "HF_ENDPOINT": hub.endpoint,
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "0" if xet else "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_XET_TELEMETRY_ENABLED": "0",
        "HF_XET_XORB_COMPRESSION_POLICY": "none",
        "HF_XET_CLIENT_RETRY_BASE_DELAY": "1ms",
        "HF_TOKEN_PATH": os.devnull,
        "HF_TOKEN": token,
        "MMUSSET_FAILPOINT": failpoint,
    }


def on_hub(
    hub: Hub,
    *commands: tuple[str | Path, ...],
    failpoint: str = "",
    xet: bool = False,
    token: str = TOKEN,
    stdin: int = subprocess.DEVNULL,
) -> list[Done]:
    """What became of each `mmusset COMMAND`, its Hub the stub; one process does them in turn.

    A process that is killed gives what it did before.
    """
    words = json.dumps([[str(word) for word in command] for command in commands])
    with TemporaryDirectory() as home:
        process = start_python(
            *("-c", COMMANDS, words),
            server=core,
            stdin=stdin,
            env=told(hub, failpoint, xet, token) | {"HF_HOME": home},
        )
        hub.victim = process.pid
        out, err = process.communicate(timeout=900)
    assert process.returncode in (0, -signal.SIGKILL), err
    return [Done(*json.loads(line)) for line in out.splitlines()]


def push(out: Path, *options: str, name: str = "user/name") -> tuple[str | Path, ...]:
    """The words of `mmusset push OUT NAME --yes`."""
    return ("push", out, name, "--yes", *options)
