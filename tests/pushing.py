"""Pushing to the Hub of `tests/hub_writing.py` as users do: a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

from mmusset.sample import Split
from mmusset.shards.tar import shard_name, write_shard
from tests.hub_writing import NAME, TOKEN, Hub
from tests.samples import sample

CARD = "---\nlicense: cc-by-4.0\n---\n# Music\n"
# Both the client and we wait between tries; what is waited for is here at once.
NO_WAITING = """
import time
time.sleep = lambda seconds: None
from mmusset.__main__ import main
main()
"""


def dataset(out: Path, *counts: int, split: Split = "train", first: int = 0) -> Path:
    """A finished dataset: shards of so many samples each, numbered from `first`, and a card."""
    rows, number = [], first
    for block, count in enumerate(counts):
        name = shard_name(split, block)
        samples = [sample(n, split) for n in range(number, number + count)]
        shard = write_shard(out, name, samples)
        number += count
        facts = {"samples": count, "bytes": shard.size, "sha256": shard.sha256}
        rows.append({"name": name, **facts})
    accepted = sum(counts)
    fates = {"found": accepted, "accepted": accepted, "rejected": 0, "failed": 0, "skipped": 0}
    manifest = {"format": "mmusset/1", **fates, "shards": rows, "recipe": {"keep_tags": []}}
    (out / "manifest.json").write_text(json.dumps(manifest))
    (out / "README.md").write_text(CARD)
    (out / ".mmusset").mkdir(exist_ok=True)
    (out / ".mmusset" / "ledger.db").write_bytes(b"private")
    return out


def published(out: Path) -> dict[str, bytes]:
    """The files of a dataset that belong on the Hub."""
    names = ["README.md", "manifest.json", *(f"data/{p.name}" for p in (out / "data").glob("*"))]
    names += [f"assets/{p.name}" for p in (out / "assets").glob("*")]
    return {name: (out / name).read_bytes() for name in names}


def on_hub(
    hub: Hub,
    *words: str | Path,
    failpoint: str = "",
    xet: bool = False,
    token: str = TOKEN,
    stdin: str = "",
) -> "subprocess.CompletedProcess[str]":
    """The finished process of `mmusset WORDS`, its Hub the stub."""
    home = Path(os.environ["HF_HOME"])
    told = {
        "HF_ENDPOINT": hub.endpoint,
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "0" if xet else "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_XET_TELEMETRY_ENABLED": "0",
        "HF_XET_XORB_COMPRESSION_POLICY": "none",
        "HF_XET_CLIENT_RETRY_BASE_DELAY": "1ms",
        "HF_TOKEN_PATH": str(home / "no-token"),
        "HF_TOKEN": token,
        "MMUSSET_FAILPOINT": failpoint,
    }
    return subprocess.run(
        [sys.executable, "-c", NO_WAITING, *map(str, words)],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | told,
        check=False,
        input=stdin,
    )


def push(hub: Hub, out: Path, *options: str, **how: object) -> "subprocess.CompletedProcess[str]":
    """The finished process of `mmusset push OUT user/name --yes`."""
    return on_hub(hub, "push", out, NAME, "--yes", *options, **how)  # type: ignore[arg-type]
