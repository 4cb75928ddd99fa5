"""A dataset whose place is a bucket: built, killed, looked at from another machine, damaged."""

import hashlib
import json
import os
import shutil
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from mmusset.builder.marks import save_words
from mmusset.shards.mirror import Mirror, dataset_to_change, mirror_of
from mmusset.shards.reader import raw_samples, sha256_elsewhere, shards_of
from mmusset.shards.shard_files import BucketShards, WrongBytes
from mmusset.stores.cloud import CloudStore
from tests.support.command import SHORT, environment, finished, mmusset, start, tree
from tests.support.gs import gs
from tests.support.media import library
from tests.support.s3 import BUCKET, s3

# It takes seconds to import botocore.
pytestmark = pytest.mark.slow

SMALL = (*SHORT, "--set", "limits.block_size=2", "--set", "limits.lease_seconds=3")


@pytest.fixture(scope="module")
def service() -> Iterator[dict[str, str]]:
    with s3() as variables:
        yield variables


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return library(tmp_path_factory.mktemp("bucket") / "source", 6)


@pytest.fixture(scope="module")
def expected(source: Path) -> dict[str, str]:
    """What a build writes into a folder."""
    out = source.parent / "alone"
    done = mmusset("build", "--source", source, "--out", out, *SMALL)
    assert done.returncode == 0, done.stderr
    return tree(out)


@pytest.fixture
def url(
    request: pytest.FixtureRequest,
    service: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    for name, value in (service | machine(tmp_path_factory.mktemp("cache"))).items():
        monkeypatch.setenv(name, value)
    return f"s3://{BUCKET}/{request.node.name}"


def machine(cache: Path) -> Mapping[str, str]:
    """What another machine has in common with this one: the bucket, and not the cache."""
    return {"XDG_CACHE_HOME": str(cache)}


def in_bucket(url: str) -> dict[str, str]:
    """sha256 of every object of a dataset that is published."""
    store = CloudStore(url)
    names = [each.name for each in store.objects("") if not each.name.startswith(".mmusset/")]
    return {name: hashlib.sha256(store.read(name) or b"").hexdigest() for name in names}


def kept(url: str) -> list[str]:
    """The objects beside those."""
    names = [each.name.removeprefix(".mmusset/") for each in CloudStore(url).objects(".mmusset/")]
    return sorted(name.partition("/")[0] for name in names)


def test_a_build_that_is_killed_goes_on_and_gives_the_bytes_of_a_folder(
    source: Path, expected: dict[str, str], url: str, tmp_path: Path
) -> None:
    here = machine(tmp_path / "here")
    build = ("build", "--source", source, "--out", url, *SMALL)
    for moment in ("shard_put:2", "ledger_put", "manifest_put"):
        killed = mmusset(*build, failpoint=moment, variables=here)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    elsewhere = mmusset(*build, variables=machine(tmp_path / "there"))
    assert elsewhere.returncode == 1
    assert "is being changed on" in elsewhere.stderr
    done = mmusset(*build, variables=here)
    assert done.returncode == 0, done.stderr
    assert in_bucket(url) == expected
    assert kept(url) == ["head", "ledgers"]


def test_another_machine_looks_at_it_and_goes_on(
    source: Path, expected: dict[str, str], url: str, tmp_path: Path
) -> None:
    here, there = machine(tmp_path / "here"), machine(tmp_path / "there")
    build = ("build", "--source", source, "--out", url, *SMALL)
    assert mmusset(*build, variables=here).returncode == 0
    status = json.loads(mmusset("status", url, "--json", variables=there).stdout)
    assert status["tally"]["accepted"] == 6
    verified = json.loads(mmusset("verify", url, "--json", variables=there).stdout)
    assert verified == {"samples": 6, "problems": []}
    key = next(iter(raw_samples(shards_of(url)[0])))[0]
    explained = mmusset("explain", url, key, variables=there)
    assert key in explained.stdout, explained.stderr
    pages = mmusset("view", url, "--export", tmp_path / "pages", variables=there)
    assert pages.returncode == 0, pages.stderr
    assert len(list((tmp_path / "pages").rglob("*.flac"))) == 6
    marked = mmusset("mark", url, key, "drop", variables=there)
    assert marked.returncode == 0, marked.stderr
    dropped = mmusset(*build, "--apply-marks", variables=here)
    assert dropped.returncode == 0, dropped.stderr
    told = json.loads(mmusset("status", url, "--json", variables=there).stdout)
    assert told["tally"]["accepted"] == 5
    unlicensed = mmusset("push", url, "user/music", "--dry-run", variables=there)
    assert "under which licence" in unlicensed.stderr


def test_its_words_are_carried_into_another_dataset(
    source: Path, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = machine(tmp_path / "here"), machine(tmp_path / "there")
    build = ("build", "--source", source, *SMALL)
    assert mmusset(*build, "--out", url, variables=here).returncode == 0
    key = next(iter(raw_samples(shards_of(url)[0])))[0]
    for name, value in here.items():
        monkeypatch.setenv(name, value)
    with dataset_to_change(url) as folder:
        save_words(folder, key, story="My aunt's kitchen, the year the ferry stopped.")
    other = ("--out", tmp_path / "out", "--limit", "1", "--words-from", url)
    done = mmusset(*build, *other, variables=there)
    assert f"words of 1 sample taken over from {url}" in done.stdout + done.stderr


def test_music_is_made_of_it_on_another_machine(source: Path, url: str, tmp_path: Path) -> None:
    """That machine fetches the shards, to encode them."""
    from tests.support.musflow_trained import TINY  # with torch, which nothing else here needs

    here, there = machine(tmp_path / "here"), machine(tmp_path / "there")
    shares = ("--set", "split.train=0.6", "--set", "split.validation=0.4", "--set", "split.test=0")
    built = mmusset("build", "--source", source, "--out", url, *SMALL, *shares, variables=here)
    assert built.returncode == 0, built.stderr
    run = ("train", url, "--out", tmp_path / "run", *TINY)
    trained = mmusset(*run, variables=there)
    assert trained.returncode == 0, trained.stderr
    assert "trained 8 steps" in trained.stdout
    fetched = list((tmp_path / "there").glob("mmusset/datasets/*/data/*.tar"))
    assert len(fetched) == len(shards_of(url))
    again = mmusset(*run, variables=there)
    assert again.stdout.startswith("trained 8 steps")


def test_what_a_killed_command_had_begun_to_fetch_is_deleted(url: str, tmp_path: Path) -> None:
    mirror = Mirror(url, tmp_path / "mirror")
    (mirror.folder / "data").mkdir(parents=True)
    (mirror.folder / ".mmusset" / "tmp1.partial").mkdir(parents=True)
    stray = mirror.folder / ".mmusset" / "tmp1.partial" / "train-000000.tar"
    old, new = (mirror.folder / "data" / f"train-{n}.tar.{n}.partial" for n in (1, 2))
    for path in (stray, old, new):
        path.write_bytes(b"half")
    mirror.delete_strays()
    assert stray.exists()
    assert old.exists()
    for path in (stray, stray.parent, old):
        os.utime(path, (0, 0))
    mirror.delete_strays()
    assert [path.name for path in mirror.folder.rglob("*.partial")] == [new.name]


def test_a_damaged_object_is_found_and_mended(
    source: Path, expected: dict[str, str], url: str, tmp_path: Path
) -> None:
    here, store = machine(tmp_path / "here"), CloudStore(url)
    build = ("build", "--source", source, "--out", url, *SMALL)
    assert mmusset(*build, variables=here).returncode == 0
    one, other, *_ = (name for name in expected if name.endswith(".tar"))
    whole = store.read(one)
    assert whole
    store.put(one, whole[:-1] + b"!")
    store.delete(other)
    store.put("data/stray.tar", b"")
    found = mmusset("verify", url, variables=here)
    assert found.returncode == 1
    assert f"{one}: changed since it was written" in found.stdout
    assert f"{other}: missing" in found.stdout
    assert "data/stray.tar: is not in the manifest" in found.stdout
    store.delete("data/stray.tar")
    mended = mmusset(*build, "--check", variables=here)
    assert mended.returncode == 0, mended.stderr
    assert in_bucket(url) == expected


def test_workers_share_a_build_whose_machine_is_lost(
    source: Path, expected: dict[str, str], url: str, tmp_path: Path
) -> None:
    """What they handed in is not decided again, though nobody has the ledger that took it over."""
    build = ("build", "--source", source, "--out", url, *SMALL, "--engine", "workers")
    lost = environment("block_taken_over:2") | machine(tmp_path / "lost")
    with start(*build, env=lost) as driver:
        while mmusset("worker", url).returncode == 2:
            assert driver.poll() is None, driver.communicate()
        assert finished(driver).returncode == -signal.SIGKILL
    shutil.rmtree(tmp_path / "lost")
    there = machine(tmp_path / "there")
    refused = mmusset(*build, variables=there)
    assert refused.returncode == 1
    assert f"delete {url}/.mmusset/owner" in refused.stderr
    CloudStore(url).delete(".mmusset/owner")
    done = mmusset(*build, "--log-json", variables=there)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line)["event"] for line in done.stderr.splitlines()]
    assert events.count("decided") == 0
    assert in_bucket(url) == expected
    assert kept(url) == ["head", "ledgers"]


def test_a_bucket_of_google_s_does_as_well(
    source: Path, expected: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Source and dataset in it, a worker that is killed, one that goes on, and a look at it."""
    with gs() as service:
        for name, value in (service | machine(tmp_path / "here")).items():
            monkeypatch.setenv(name, value)
        url, music = f"gs://{BUCKET}/out", CloudStore(f"gs://{BUCKET}/music")
        for path in source.rglob("*.*"):
            music.put_file(path.relative_to(source).as_posix(), path)
        build = ("build", "--source", music.url, "--out", url, *SMALL, "--engine", "workers")
        with start(*build) as driver:
            failing = environment("segment_handed_in") | machine(tmp_path / "worker")
            while (worker := mmusset("worker", url, variables=failing)).returncode == 2:
                assert driver.poll() is None, driver.communicate()
            assert worker.returncode == -signal.SIGKILL, worker.stderr
            worker = mmusset("worker", url, variables=machine(tmp_path / "worker"))
            assert worker.returncode == 0, worker.stderr
            done = finished(driver)
            assert done.returncode == 0, done.stderr
        assert in_bucket(url) == expected
        verified = mmusset("verify", url, "--json", variables=machine(tmp_path / "there"))
        assert json.loads(verified.stdout) == {"samples": 6, "problems": []}


def test_a_bucket_that_refuses_stops_the_build(source: Path, tmp_path: Path, url: str) -> None:
    done = mmusset("build", "--source", source, "--out", "s3://nobody/has/this", *SMALL)
    assert (done.returncode, "there is no such bucket" in done.stderr) == (2, True)
    both = ("--engine", "workers", "--meet", f"s3://{BUCKET}/x")
    done = mmusset("build", "--source", source, "--out", url, *both)
    assert (done.returncode, "leave --meet out" in done.stderr) == (2, True)


def test_as_many_shards_are_kept_as_fit(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    mirror = mirror_of(url)
    shards = BucketShards(mirror, most_bytes=250)
    for name in ("data/a.tar", "data/b.tar", "data/c.tar"):
        mirror.bucket.put(name, 100 * name[5:6].encode())
        shards.path(name)
    assert sorted(path.name for path in (mirror.folder / "data").iterdir()) == ["b.tar", "c.tar"]
    assert sha256_elsewhere(f"{url}/data/a.tar") == hashlib.sha256(100 * b"a").hexdigest()
    mirror.bucket.put("data/b2.tar", b"x")
    with pytest.raises(WrongBytes, match="has other bytes than the manifest says"):
        shards.path("data/b2.tar", "0")
    with pytest.raises(FileNotFoundError):
        shards.path("data/d.tar")
