"""What else may be looked at: shards without a ledger, and folders that nobody may write to."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from mmusset.shards.tar import read_shard, write_shard
from tests.support.command import core, python
from tests.support.samples import filmed, sample
from tests.support.viewing import ITEMS, viewing


@pytest.fixture
def pulled(built_to_view: Path, tmp_path: Path) -> Path:
    """What others get of a dataset: its shards, without the ledger."""
    shutil.copytree(built_to_view / "data", tmp_path / "pulled" / "data")
    return tmp_path / "pulled"


def test_shards_without_a_ledger_tell_what_is_in_them(pulled: Path) -> None:
    shards = sorted((pulled / "data").glob("*.tar"))
    members = dict(sample for shard in shards for sample in read_shard(shard))
    with viewing(pulled) as viewed:
        viewed.wait_for(lambda: viewed.page()["total"] == len(members))
        assert viewed.counts()["status"] == {"accepted": len(members)}
        for key, sample in members.items():
            detail, facts = viewed.sample(key), json.loads(sample["json"])
            shown = [{k: v for k, v in c.items() if k != "right"} for c in detail["claims"]]
            assert shown == facts["caption"]["claims"]
            assert detail["card"]["story"] == sample["story.txt"].decode()
            assert len(detail["turns"]) == len(facts["turns"])
            assert viewed.ask(f"/media/{key}/music.flac").body == sample["music.flac"]
        for method, body in (("PUT", {"verdict": "keep", "note": ""}), ("DELETE", None)):
            reply = viewed.ask(f"/api/mark/{key}", method, body)
            assert (reply.status, reply.text) == (
                409,
                "a dataset without its ledger takes no marks",
            )
        assert "came without its ledger" in viewed.ask("/").text
    assert [path.name for path in pulled.iterdir()] == ["data"], "nothing is written into it"


def test_a_video_s_frames_are_shown(tmp_path: Path) -> None:
    moving, still = filmed(sample(1)), sample(2)
    write_shard(tmp_path, "data/train-000000.tar", [moving, still])
    with viewing(tmp_path) as viewed:
        viewed.wait_for(lambda: viewed.page()["total"] == 2)
        assert [viewed.sample(f"k0000{n}")["frames"] for n in (1, 2)] == [3, 0]
        strip = viewed.ask("/media/k00001/frames.jpg")
        assert (strip.body, strip.headers["content-type"]) == (moving.frames_jpeg, "image/jpeg")
        assert viewed.ask("/media/k00002/frames.jpg").status == 404


def test_a_shard_that_is_damaged_is_told(pulled: Path) -> None:
    damaged, *whole = sorted((pulled / "data").glob("*.tar"))
    os.truncate(damaged, 5000)
    count = sum(1 for shard in whole for _ in read_shard(shard))
    with viewing(pulled) as viewed:
        viewed.wait_for(lambda: viewed.page()["total"] == count + 1)
        (skipped,) = viewed.page(reason="damaged shard")["cards"].values()
        assert skipped["path"] == f"data/{damaged.name}"
        assert skipped["detail"] == "`mmusset verify` says why"


def test_shards_of_others_are_told(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    shutil.make_archive(
        str(tmp_path / "data" / "foreign"),
        "tar",
        Path(__file__).parents[1] / "support" / "fake_vllm",
    )
    with viewing(tmp_path) as viewed:
        viewed.wait_for(lambda: viewed.ask("/api/state").json["trouble"] != "")
        trouble = viewed.ask("/api/state").json["trouble"]
    assert trouble.startswith(
        f"{tmp_path}/data/foreign.tar holds a sample whose JSON is not mmusset's"
    )


LOOKER = """
import os, sys
from contextlib import ExitStack
from pathlib import Path
from mmusset.builder.marks import Mark, save_mark
from mmusset.errors import MmussetError
from mmusset.view.open_dataset import open_dataset
from mmusset.view.filters import Filter
from mmusset.view.index import Index, index_path
if os.geteuid() == 0:
    os.setgid(65534)
    os.setuid(65534)
out = Path(sys.argv[1])
with ExitStack() as stack:
    index = Index(index_path(out, stack))
    with open_dataset(out).reading() as reading:
        index.refresh(reading)
    print(index.page(Filter(), 1, 24).total)
try:
    save_mark(out, Mark(sys.argv[2], "keep", ""))
except MmussetError as error:
    print(error)
"""


@pytest.fixture
def read_only(built_to_view: Path) -> Iterator[Path]:
    """A copy that anybody may read and nobody write to."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(shutil.copytree(built_to_view, Path(folder) / "out"))
        for name in ("view.db", "ledger.db-wal", "ledger.db-shm"):
            (out / ".mmusset" / name).unlink(missing_ok=True)
        Path(folder).chmod(0o755)
        paths = [out, *out.rglob("*")]
        for path in paths:
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield out
        for path in paths:
            path.chmod(0o755)


def test_a_folder_that_can_only_be_read_is_shown_and_takes_no_mark(
    read_only: Path, built_to_view: Path
) -> None:
    key, _ = next(read_shard(sorted((built_to_view / "data").glob("*.tar"))[0]))
    before = sorted(path.name for path in (read_only / ".mmusset").iterdir())
    done = python("-c", LOOKER, read_only, key, server=core)
    assert done.returncode == 0, done.stderr
    total, refusal = done.stdout.splitlines()
    assert int(total) == ITEMS
    assert refusal.startswith(f"the ledger of {read_only} can't be used: ")
    assert sorted(path.name for path in (read_only / ".mmusset").iterdir()) == before
