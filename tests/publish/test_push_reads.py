"""What was pushed is read back by those who will: `datasets`, and MusFlow's own reader."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmusset.publish.card import write_card
from mmusset.publish.licence import Licence
from mmusset.shards.reader import Members, raw_samples
from tests.musflow.test_train import settings
from tests.support.command import SHORT, mmusset
from tests.support.hub_repos import Hub
from tests.support.hub_writing import hub
from tests.support.media import library
from tests.support.pushing import on_hub, push, told

LOAD = """
import json
import datasets

for streaming in (False, True):
    loaded = datasets.load_dataset("user/name", streaming=streaming)
    rows = {}
    for split, part in loaded.items():
        part = part.cast_column("image.jpg", datasets.Image(decode=False))
        part = part.cast_column("music.flac", datasets.Audio(decode=False))
        for row in part:
            media = {n: row[n]["bytes"].hex() for n in ("image.jpg", "music.flac")}
            texts = {n: row[n] for n in ("story.txt", "caption.txt", "json")}
            rows[f"{split} {row['__key__']}"] = media | texts
    print(json.dumps(rows))
"""


def run(script: str, there: Hub, home: Path) -> list[str]:
    """The lines that a script prints, its Hub the stub."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=told(there) | {"HF_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four samples in two shards, as a build makes them, and a card."""
    folder = tmp_path_factory.mktemp("reads")
    words = (*SHORT, "--set", "limits.block_size=2", "--set", "clip.rate_hz=8000")
    out = folder / "out"
    built = mmusset("build", "--source", library(folder / "source", 4), "--out", out, *words)
    assert built.returncode == 0, built.stderr
    write_card(out, Licence("cc-by-4.0"))
    return out


def samples_of(out: Path) -> Iterator[tuple[str, Members]]:
    for shard in sorted((out / "data").glob("*.tar")):
        yield from raw_samples(str(shard))


@pytest.mark.slow
def test_datasets_reads_every_sample_bit_for_bit(out: Path, tmp_path: Path) -> None:
    expected = dict[str, dict[str, object]]()
    for key, members in samples_of(out):
        media = {n: members[n].hex() for n in ("image.jpg", "music.flac")}
        texts = {n: members[n].decode() for n in ("story.txt", "caption.txt")}
        expected[f"train {key}"] = media | texts | {"json": json.loads(members["json"])}
    with hub() as there:
        (done,) = on_hub(there, push(out))
        assert done.code == 0
        whole, streamed = (json.loads(line) for line in run(LOAD, there, tmp_path))
    assert len(expected) == 4
    assert whole == expected
    assert streamed == expected


@pytest.mark.slow
def test_musflow_is_trained_on_it_where_it_is(out: Path, tmp_path: Path) -> None:
    few = settings(
        {"train.steps": 2, "codec.steps": 2, "codec.head_steps": 0, "codec.rate_hz": 8000}
    )
    words = ("train", "hf://user/name", "--out", tmp_path / "run", *few)
    with hub() as there:
        on_hub(there, push(out))
        there.asked.clear()
        (done,) = on_hub(there, words)
        tars = {asked for asked in there.asked if asked.endswith(".tar")}
    assert done.code == 0, done.err
    assert "cache: 4 train clips (4 encoded now), 0 unusable" in done.err
    assert "trained 2 steps" in done.out
    place = "GET /datasets/user/name/resolve/main/data/train-00000"
    assert tars == {f"{place}0.tar", f"{place}1.tar"}
