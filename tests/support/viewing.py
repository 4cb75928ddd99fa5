"""`mmusset view` as a process of its own, and a dataset to look at that has one of each fate."""

import http.client
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from mmusset.speakers.stub.plan import PlannedFault
from tests.builder.test_model_build import sent_picture
from tests.sources.test_tags import tagged_mp3, text
from tests.support.command import SHORT, Process, mmusset, start
from tests.support.hostile import silent_flac
from tests.support.media import library, picture, piece
from tests.support.serving import serving

# What a file says its title is.
HOSTILE_TITLE = '</script><script>alert("1")</script> & Rain'
HOSTILE_NAME = '<img src=x onerror="alert(2)">.wav'
POISON = 3


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server answered; names of headers are in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Any:
        assert self.status == 200, self.text
        return json.loads(self.body)


@dataclass(slots=True)
class Viewing:
    """A running `mmusset view`, and the token in its address; "" for a stranger."""

    process: Process
    port: int
    token: str

    def ask(self, path: str, method: str = "GET", body: object = None, **headers: str) -> Reply:
        """One request below the token; `_` in a header's name stands for `-`."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"/{self.token}{path}" if self.token else path
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            told = {name.lower(): value for name, value in response.getheaders()}
            return Reply(response.status, told, response.read())
        finally:
            connection.close()

    def page(self, **wanted: str) -> dict[str, Any]:
        """A page of the grid: `total`, and `cards` by key."""
        told: dict[str, Any] = self.ask(f"/api/page?{urlencode(wanted)}").json
        return told | {"cards": {card["key"]: card for card in told["cards"]}}

    def counts(self, **wanted: str) -> dict[str, dict[str, int]]:
        """How many items have each value, by facet."""
        told = self.ask(f"/api/counts?{urlencode(wanted)}").json
        return {facet["name"]: dict(facet["values"]) for facet in told}

    def sample(self, key: str) -> dict[str, Any]:
        detail: dict[str, Any] = self.ask(f"/api/sample/{key}").json
        return detail

    def wait_for(self, there: Callable[[], bool]) -> None:
        """Wait until the index, which follows the dataset while pages are shown, is so far."""
        while not there():
            assert self.process.poll() is None, "the server has ended"
            time.sleep(0.1)


@contextmanager
def viewing(out: Path, *words: str) -> Iterator[Viewing]:
    """`mmusset view OUT` at a free port, opened; ended afterwards."""
    process = start("view", out, "--port", "0", *words)
    try:
        assert process.stdout and process.stderr
        url = process.stdout.readline().strip()
        assert url, process.stderr.read()
        parts = urlsplit(url)
        assert parts.port
        assert re.fullmatch(r"/[\w-]{32}/", parts.path)
        yield Viewing(process, parts.port, parts.path.strip("/"))
    finally:
        process.terminate()
        process.communicate()


ITEMS = 13


@contextmanager
def viewing_all(out: Path) -> Iterator[Viewing]:
    """`viewing`, once all of what `dataset` makes is in the index."""
    with viewing(out) as viewed:
        viewed.wait_for(lambda: viewed.page()["total"] == ITEMS)
        yield viewed


def dataset(folder: Path) -> Path:
    """A dataset of a stub server's words, with one of each fate: its source and `out` in `folder`.

    Ten are accepted, some after a mending; one failed (the server refused its picture); one is
    silent, one has no picture. Names and a title mean harm.
    """
    source, out = library(folder / "source", 9), folder / "out"
    song = tagged_mp3(
        source / "artist 9" / "x.mp3", text(b"TIT2", HOSTILE_TITLE), text(b"TCOP", "CC BY 4.0")
    )
    picture(song.with_suffix(".png"), 10)
    piece(source / HOSTILE_NAME, 11)
    picture((source / HOSTILE_NAME).with_suffix(".png"), 11)
    silent_flac(source / "silence.flac", seconds=60)
    picture(source / "silence.png", 12)
    piece(source / "lonely" / "song.wav", 13)
    with serving(
        PlannedFault(kind="400", containing=sent_picture(source, POISON)), objecting=0.6
    ) as stub:
        url = f"server.url={stub.url}"
        done = mmusset(
            *("build", "--source", source, "--out", out, "--speaker", "vllm", "--set", url, *SHORT),
            *("--set", "tags.keep=[title, license]"),
        )
    assert done.returncode == 4, done.stderr
    return out


def external(text: str) -> list[str]:
    """What a page, style or script loads, or links to, from elsewhere."""
    found = re.findall(r"""(?:https?:|["'(=]\s*)//[^\s"')<>]+""", text)
    return [one for one in found if "www.w3.org/2000/svg" not in one]
