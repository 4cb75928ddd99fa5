"""What others read our shards with: webdataset, and datasets, streaming and not."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import soundfile
from PIL import Image

from mmusset.shards.tar import write_shard
from tests.support.samples import RATE_HZ, sample

COUNT = 12
# Both leave it to the garbage collector to close the tars that they opened.
pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning"
)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("readers")
    write_shard(out, "data/train-000000.tar", [sample(n) for n in range(COUNT // 2)])
    write_shard(out, "data/train-000001.tar", [sample(n) for n in range(COUNT // 2, COUNT)])
    return out


def test_webdataset_reads_them(dataset: Path) -> None:
    import webdataset

    urls = sorted(str(path) for path in (dataset / "data").glob("*.tar"))
    read = list(webdataset.WebDataset(urls, shardshuffle=False))
    assert [found["__key__"] for found in read] == [f"k{n:05d}" for n in range(COUNT)]
    for found in read:
        assert json.loads(found["json"])["caption"]["text"].encode() == found["caption.txt"]
        assert Image.open(io.BytesIO(found["image.jpg"])).size == (64, 64)
        sound, rate_hz = soundfile.read(io.BytesIO(found["music.flac"]))
        assert (len(sound), rate_hz) == (RATE_HZ // 2, RATE_HZ)


@pytest.mark.parametrize("streaming", [False, True])
def test_datasets_reads_them(dataset: Path, streaming: bool, tmp_path: Path) -> None:
    import datasets

    loaded = datasets.load_dataset(
        "webdataset",
        data_files={"train": str(dataset / "data" / "train-*.tar")},
        split="train",
        streaming=streaming,
        cache_dir=str(tmp_path),
    )
    rows: list[dict[str, Any]] = list(loaded)
    assert [row["__key__"] for row in rows] == [f"k{n:05d}" for n in range(COUNT)]
    for number, row in enumerate(rows):
        assert row["caption.txt"] == f"A quiet piece, number {number}."
        assert row["json"]["caption"]["claims"][0]["verdict"] == "supported"
        assert row["json"]["music_evidence"]["tempo"]["bpm"] == 84.0
        assert row["image.jpg"].size == (64, 64)
        sound = row["music.flac"].get_all_samples()
        assert (sound.sample_rate, sound.data.shape) == (RATE_HZ, (1, RATE_HZ // 2))
