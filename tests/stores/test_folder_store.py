"""A folder as a store: whole or absent, made once by one of many, timed by its own clock."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from mmusset.stores.folder import FolderStore


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


def test_objects_are_read_as_they_were_written(store: FolderStore) -> None:
    assert store.read("blocks/1") is None
    store.put("blocks/1", b"first")
    store.put("blocks/1", b"second")
    assert store.read("blocks/1") == b"second"
    assert [(o.name, o.size) for o in store.objects("blocks/")] == [("blocks/1", 6)]
    store.delete("blocks/1")
    store.delete("blocks/1")
    assert store.objects("blocks/") == []


def test_of_many_who_create_an_object_one_does(store: FolderStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda n: store.create("lease", b"%d" % n), range(32)))
    assert sum(made) == 1
    assert store.read("lease") == b"%d" % made.index(True)
    assert [path.name for path in store.root.iterdir()] == ["lease"], "nothing partial is left"


def test_a_file_goes_in_and_comes_out(store: FolderStore, tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(b"a shard")
    store.put_file("shards/1", tmp_path / "here")
    store.fetch("shards/1", tmp_path / "new" / "there")
    store.delete("shards/1")
    assert (tmp_path / "new" / "there").read_bytes() == b"a shard"
    with pytest.raises(FileNotFoundError):
        store.fetch("shards/1", tmp_path / "there")


def test_who_writes_does_not_mind_that_its_folder_is_deleted(store: FolderStore) -> None:
    def write(number: int) -> None:
        store.put(f"leases/7/{number}", b"mine")

    with ThreadPoolExecutor(2) as threads:
        writing = [threads.submit(write, number) for number in range(50)]
        while not all(each.done() for each in writing):
            store.delete_all("leases/7/")
    assert [each.exception() for each in writing] == [None] * 50


def test_what_can_t_be_deleted_is_said(store: FolderStore) -> None:
    store.delete_all("leases/")  # nothing is there: no trouble
    of_the_kernel = FolderStore(Path("/proc/self"))  # not even root deletes there
    with pytest.raises(PermissionError):
        of_the_kernel.delete_all("fdinfo/")


def test_the_clock_is_that_of_the_files(store: FolderStore) -> None:
    store.put("lease", b"")
    (lease,) = (o for o in store.objects("") if o.name == "lease")
    assert lease.written_s <= store.now_s("me") <= time.time() + 1
