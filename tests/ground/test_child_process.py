"""What lies in the current folder is never run by a child, whatever it is called."""

import asyncio
from pathlib import Path

import pytest

from mmusset.builder.decoding.sandbox import Sandbox
from mmusset.recipe_parts.media import LimitsPart
from mmusset.shards.check_child import CheckChild
from mmusset.shards.manifest import read_manifest
from mmusset.sources.parquet_rows import rows_of
from tests.shards.test_shards import write_folder
from tests.support.samples import sample

HOSTILE = "open(%r, 'w')\nraise SystemExit\n"


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that is there once a module of the current folder has run."""
    here, ran = tmp_path / "here", tmp_path / "ran"
    here.mkdir()
    for name in ("json", "resource", "soundfile", "numpy", "PIL", "pyarrow", "mmusset"):
        (here / f"{name}.py").write_text(HOSTILE % str(ran))
    monkeypatch.chdir(here)
    return ran


def test_verify_runs_nothing_of_the_dataset(tmp_path: Path, ran: Path) -> None:
    write_folder(tmp_path, {"data/train-000000.tar": [sample(1)]})
    child, shard = CheckChild(), read_manifest(tmp_path).shards[0]
    assert not child.check(tmp_path / shard.name, shard).broken
    child.close()
    assert not ran.exists()


def test_a_table_is_read_by_nothing_of_its_folder(tmp_path: Path, ran: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "t.parquet")
    assert list(rows_of(tmp_path / "t.parquet")) == [{"a": 1}]
    assert not ran.exists()


def test_media_are_decoded_by_nothing_of_their_folder(tmp_path: Path, ran: Path) -> None:
    picture = tmp_path / "a.jpg"
    picture.write_bytes(sample(1).image_jpeg)

    async def survey() -> None:
        async with Sandbox(LimitsPart(workers=1)) as sandbox:
            await sandbox.survey(picture, "image", 100)

    asyncio.run(survey())
    assert not ran.exists()
