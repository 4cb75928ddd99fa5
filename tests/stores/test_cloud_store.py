"""A bucket as a store: what the service keeps, whose clock counts, and what is said of trouble."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from mmusset.errors import MmussetError, UsageError
from mmusset.stores.choose import store_of
from mmusset.stores.cloud import CloudStore
from mmusset.stores.folder import FolderStore
from tests.support.clocks import AN_HOUR_AHEAD, needs_faketime
from tests.support.gs import gs
from tests.support.s3 import BUCKET, s3

# It takes seconds to import botocore.
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=["s3", "gs"])
def service(request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    with {"s3": s3, "gs": gs}[request.param]() as variables:
        yield variables


@pytest.fixture
def store(service: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CloudStore:
    for name, value in service.items():
        monkeypatch.setenv(name, value)
    scheme = "gs" if "GOOGLE_BASE_URL" in service else "s3"
    return CloudStore(f"{scheme}://{BUCKET}/{tmp_path.name}")


def test_objects_are_read_as_they_were_written(store: CloudStore) -> None:
    assert store.read("blocks/1") is None
    store.put("blocks/1", b"first")
    store.put("blocks/1", b"second")
    store.put("blocks2", b"")
    assert store.read("blocks/1") == b"second"
    assert [(o.name, o.size) for o in store.objects("blocks/")] == [("blocks/1", 6)]
    store.delete("blocks/1")
    store.delete("blocks/1")
    store.delete_all("blocks/")
    assert [o.name for o in store.objects("")] == ["blocks2"]


def test_of_many_who_create_an_object_one_does(store: CloudStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda n: store.create("lease", b"%d" % n), range(16)))
    assert sum(made) == 1
    assert store.read("lease") == b"%d" % made.index(True)
    assert store.create("lease", store.read("lease") or b""), "a put whose reply was lost is ours"


def test_a_large_file_goes_in_and_comes_out(store: CloudStore, tmp_path: Path) -> None:
    (tmp_path / "here").write_bytes(os.urandom(12_000_000))
    store.put_file("shards/1", tmp_path / "here")
    store.fetch("shards/1", tmp_path / "new" / "there")
    assert (tmp_path / "new" / "there").read_bytes() == (tmp_path / "here").read_bytes()
    with pytest.raises(FileNotFoundError):
        store.fetch("shards/2", tmp_path / "there")
    assert not (tmp_path / "there").exists()


def test_a_bucket_that_is_not_there(store: CloudStore) -> None:
    scheme = store.url.partition("://")[0]
    with pytest.raises(UsageError, match="there is no such bucket"):
        CloudStore(f"{scheme}://nobody/has/this").put("job", b"")
    with pytest.raises(UsageError, match=f"{scheme}:///x"):
        CloudStore(f"{scheme}:///x").put("job", b"")


class Refusing(BaseHTTPRequestHandler):
    """A service that lets nobody in."""

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def test_a_put_that_is_refused_says_by_whom(
    service: dict[str, str], store: CloudStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusing) as server:
        Thread(target=server.serve_forever).start()
        named_by = next(name for name in service if name.endswith(("ENDPOINT_URL", "BASE_URL")))
        monkeypatch.setenv(named_by, f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(MmussetError, match=rf"{store} can't be used: .*run the same"):
            store.create("job", b"")
        server.shutdown()
    with pytest.raises(MmussetError, match=f"another service is named by {named_by}"):
        CloudStore(store.url, retry_s=0.1).put("job", b"")


@needs_faketime
@pytest.mark.parametrize("kind", ["bucket", "folder"])
def test_the_clock_is_the_store_s_own(
    kind: str, service: dict[str, str], store: CloudStore, tmp_path: Path
) -> None:
    """Of a process whose own clock is an hour ahead."""
    place = store.url if kind == "bucket" else str(tmp_path)
    said = subprocess.run(
        [
            *(sys.executable, "-c"),
            "import sys, time; from mmusset.stores.choose import store_of;"
            "print(store_of(sys.argv[1]).now_s('me'), time.time())",
            place,
        ],
        env=os.environ | service | AN_HOUR_AHEAD,
        capture_output=True,
        text=True,
        check=True,
    )
    store_s, own_s = map(float, said.stdout.split())
    assert abs(store_s - time.time()) < 600
    assert own_s - time.time() > 3000


def test_places_by_their_names(tmp_path: Path) -> None:
    assert store_of(str(tmp_path), ".mmusset/shared") == FolderStore(tmp_path / ".mmusset/shared")
    assert store_of("gs://b/out/", "shared") == CloudStore("gs://b/out/shared")
