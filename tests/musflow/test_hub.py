"""Shards on the Hub, read by its own client from a server that answers as the Hub does."""

from pathlib import Path

import pytest

from tests.support.command import core, environment, python
from tests.support.hub_stub import hub
from tests.support.musflow_parts import dataset, tone

STRICT = """
import warnings
warnings.simplefilter("error")
"""

ENCODE = """
import sys
from pathlib import Path
from mmusset.errors import MmussetError
from mmusset.musflow.data.encode import encode_shards, finish_cache
from tests.support.musflow_parts import codec, encoders

for source in sys.argv[2:]:
    try:
        args = source, Path(sys.argv[1]), codec(), encoders()
        made = encode_shards(*args, lambda done, total: None)
        print(made, finish_cache(*args).clips)
    except MmussetError as error:
        print(error)
"""

ASK = """
import sys
from mmusset.errors import MmussetError
from mmusset.shards.reader import listed_samples, opened, raw_samples, sha256_elsewhere

for ask in (sha256_elsewhere, opened, listed_samples, lambda shard: list(raw_samples(shard))):
    try:
        print(ask(sys.argv[1]))
    except MmussetError as error:
        print(error)
"""

# The client waits between its many tries.
LOSE = """
import shutil, sys, time
from mmusset.errors import MmussetError
from mmusset.shards.reader import raw_samples, shards_of

time.sleep = lambda seconds: None
(shard,) = shards_of("hf://datasets/user/name")
shutil.rmtree(sys.argv[1])
try:
    list(raw_samples(shard))
except MmussetError as error:
    print(error)
"""


def encode(endpoint: str, folder: Path, *sources: str) -> list[str]:
    """What became of each source, encoded one after the other into one cache."""
    return run(ENCODE, endpoint, folder, str(folder / "cache"), *sources)


def run(script: str, endpoint: str, folder: Path, *words: str) -> list[str]:
    """The lines that a script prints, its Hub at an endpoint."""
    told = {"HF_ENDPOINT": endpoint, "HF_HOME": str(folder / "home"), "HF_HUB_OFFLINE": "0"}
    # Forked from where nobody has imported the Hub's client, which reads these variables then.
    done = python("-c", STRICT + script, *words, server=core, env=environment() | told)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.slow
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


@pytest.mark.slow
def test_a_shard_that_lost_samples_on_the_hub_is_known(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[tone(1), tone(2)])
    (out / "manifest.json").write_text(
        (out / "manifest.json").read_text().replace('"samples": 2', '"samples": 3')
    )
    with hub(out) as (endpoint, _):
        assert "it holds 2 of 3 samples" in encode(endpoint, tmp_path, "hf://datasets/user/name")[0]


@pytest.mark.slow
def test_no_hub_is_said(tmp_path: Path) -> None:
    with hub(tmp_path) as (endpoint, _):
        pass
    assert "the Hub can't be asked" in encode(endpoint, tmp_path, "hf://datasets/user/name")[0]


@pytest.mark.slow
def test_whatever_is_asked_of_a_hub_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    with hub(tmp_path) as (endpoint, _):
        pass
    folder = "hf://datasets/user/name"
    tar, manifest = f"{folder}/data/train-000000.tar", f"{folder}/manifest.json"
    found = run(ASK, endpoint, tmp_path, tar)
    assert [line.partition(" (")[0] for line in found] == [
        f"the Hub can't be asked for {path}" for path in (tar, tar, manifest, tar)
    ]
    assert all(line.endswith("); try again") for line in found)


@pytest.mark.slow
def test_a_file_that_is_not_on_the_hub_is_gone(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[tone(1)])
    (out / "manifest.json").unlink()
    with hub(out) as (endpoint, _):
        found = run(ASK, endpoint, tmp_path, "hf://datasets/user/name/data/train-000007.tar")
    assert found[2] == "None", "no manifest is no error"
    assert all("train-000007.tar is gone" in found[n] for n in (0, 1, 3))


@pytest.mark.slow
def test_a_hub_that_fails_while_a_shard_is_read_is_one_line(tmp_path: Path) -> None:
    out = dataset(tmp_path / "out", train_0=[tone(1)])
    with hub(out) as (endpoint, _):
        (said,) = run(LOSE, endpoint, tmp_path, str(out / "data"))
    assert said.startswith("the Hub can't be asked for hf://datasets/user/name/data/train-000000")
    assert said.endswith("); try again")
    assert " @ " not in said
