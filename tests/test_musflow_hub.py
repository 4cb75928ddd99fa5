"""Shards on the Hub, read by its own client from a server that answers as the Hub does."""

import os
import subprocess
import sys
from pathlib import Path

from tests.hub_stub import hub
from tests.musflow_parts import dataset, tone

ENCODE = """
import sys
from pathlib import Path
from mmusset.errors import MmussetError
from mmusset.musflow.encode import encode_shards, finish_cache
from tests.musflow_parts import codec, encoders

for source in sys.argv[2:]:
    try:
        args = source, Path(sys.argv[1]), codec(), encoders()
        made = encode_shards(*args, lambda done, total: None)
        print(made, finish_cache(*args).clips)
    except MmussetError as error:
        print(error)
"""


def encode(endpoint: str, folder: Path, *sources: str) -> list[str]:
    """What became of each source, encoded one after the other into one cache."""
    told = {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder / "home"), "HF_HUB_OFFLINE": "0"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ENCODE, folder / "cache", *sources],
        env=os.environ | told,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return done.stdout.splitlines()


def test_shards_on_the_hub_are_encoded_and_fetched_once(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[tone(1), tone(2)], validation_0=[tone(3)])
    source = "hf://datasets/user/name"
    with hub(out) as (endpoint, fetched):
        found = encode(endpoint, tmp_path, source, f"{source}/data/*.tar", "hf://datasets/no/one")
        assert found[:2] == [
            "3 {'train': 2, 'validation': 1}",
            "0 {'train': 2, 'validation': 1}",
        ]
        assert "no shards in hf://datasets/no/one" in found[2]
        tars = [name for name in fetched if name.endswith(".tar")]
        assert tars == ["data/train-000000.tar", "data/validation-000000.tar"]


def test_a_shard_that_lost_samples_on_the_hub_is_known(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[tone(1), tone(2)])
    (out / "manifest.json").write_text(
        (out / "manifest.json").read_text().replace('"samples": 2', '"samples": 3')
    )
    with hub(out) as (endpoint, _):
        assert "it holds 2 of 3 samples" in encode(endpoint, tmp_path, "hf://datasets/user/name")[0]


def test_no_hub_is_said(tmp_path: Path) -> None:
    with hub(tmp_path) as (endpoint, _):
        pass
    assert "the Hub can't be asked" in encode(endpoint, tmp_path, "hf://datasets/user/name")[0]
