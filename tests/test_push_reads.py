"""What was pushed is read back by those who will: `datasets`, and MusFlow's own reader."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from mmusset.shards.reader import raw_samples
from tests.hub_repos import Hub
from tests.hub_writing import hub
from tests.pushing import dataset, on_hub, push, told

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

READ = """
import json
from mmusset.shards.reader import listed_samples, raw_samples, shards_of

for shard in shards_of("hf://user/name"):
    print(json.dumps([shard, listed_samples(shard), [key for key, _ in raw_samples(shard)]]))
assert shards_of("hf://user/name@v1") and shards_of("hf://datasets/user/name")
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
    return dataset(tmp_path_factory.mktemp("reads") / "out", 4, 3)


def test_datasets_reads_every_sample_bit_for_bit(out: Path, tmp_path: Path) -> None:
    expected = dict[str, dict[str, object]]()
    for shard in sorted((out / "data").glob("*.tar")):
        for key, members in raw_samples(str(shard)):
            media = {n: members[n].hex() for n in ("image.jpg", "music.flac")}
            texts = {n: members[n].decode() for n in ("story.txt", "caption.txt")}
            row = media | texts | {"json": json.loads(members["json"])}
            expected[f"train {key}"] = row
    with hub() as there:
        (done,) = on_hub(there, push(out))
        assert done.code == 0
        whole, streamed = (json.loads(line) for line in run(LOAD, there, tmp_path))
    assert len(expected) == 7
    assert whole == expected
    assert streamed == expected


def test_training_reads_it_where_it_is(out: Path, tmp_path: Path) -> None:
    with hub() as there:
        on_hub(there, push(out, "--tag", "v1"))
        found = [json.loads(line) for line in run(READ, there, tmp_path)]
    place = "hf://datasets/user/name/data/train-00000"
    assert found == [
        [f"{place}0.tar", 4, [f"k{n:05d}" for n in range(4)]],
        [f"{place}1.tar", 3, [f"k{n:05d}" for n in range(4, 7)]],
    ]
