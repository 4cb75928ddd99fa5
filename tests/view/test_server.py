"""The server of `mmusset view`: who gets in, and what it answers."""

import asyncio
import io
import json
import re
import signal
import socket
import time
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
from PIL import Image

from mmusset.errors import MmussetError
from mmusset.shards.tar import read_shard
from mmusset.view.connections import HEADERS_S, MOST_CONNECTIONS
from mmusset.view.pages import PAGES, STATIC, Settings, render
from mmusset.view.server import serve
from tests.support.command import mmusset, tree
from tests.support.viewing import (
    HOSTILE_NAME,
    HOSTILE_TITLE,
    ITEMS,
    Viewing,
    external,
    viewing,
    viewing_all,
)


def accepted(viewed: Viewing) -> str:
    """The key of an accepted sample."""
    return next(iter(viewed.page(status="accepted")["cards"]))


# --- who gets in ---------------------------------------------------------------------------


def test_nothing_is_shown_without_the_token(viewed: Viewing) -> None:
    key = accepted(viewed)
    stranger = Viewing(viewed.process, viewed.port, "")
    for path in (
        "/",
        "/index.html",
        "/static/grid.js",
        "/api/page",
        "/api/state",
        f"/api/sample/{key}",
        f"/media/{key}/image.jpg",
        "/guessed/",
        f"/?token={viewed.token}",
        f"/guessed/{viewed.token}/",
        f"/{viewed.token[:-1]}/",
        f"/{viewed.token}x/",
        "//",
        "/nowhere",
    ):
        reply = stranger.ask(path)
        assert reply.status == 403, path
        assert reply.text == "403: open the address that the command printed: it holds the token\n"
    assert stranger.ask(f"/api/mark/{key}", "PUT", {"verdict": "drop", "note": ""}).status == 403


def test_the_token_is_in_the_path_and_nowhere_else(viewed: Viewing) -> None:
    """Cookies go to every port of a machine, so to other servers."""
    stranger = Viewing(viewed.process, viewed.port, "")
    reply = stranger.ask(f"/{viewed.token}")
    assert (reply.status, reply.headers["location"]) == (303, f"/{viewed.token}/")
    for path in ("/", "/index.html", "/api/state", "/static/grid.js"):
        reply = viewed.ask(path)
        assert "set-cookie" not in reply.headers
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert viewed.token not in reply.text


def test_foreign_names_and_pages_are_refused(viewed: Viewing) -> None:
    """A page elsewhere may have its own name lead here (DNS rebinding), or send what it likes."""
    key = accepted(viewed)
    for host in (
        "evil.example",
        f"evil.example:{viewed.port}",
        "192.0.2.7",
        "localhost.evil.example",
    ):
        assert viewed.ask("/", Host=host).status == 403, host
    for host in (f"localhost:{viewed.port}", f"127.0.0.1:{viewed.port}"):
        assert viewed.ask("/", Host=host).status == 200, host
    mark = {"verdict": "drop", "note": ""}
    for origin in (
        "https://evil.example",
        "null",
        f"http://localhost:{viewed.port + 1}",
        "http://[::1",
    ):
        assert viewed.ask(f"/api/mark/{key}", "PUT", mark, Origin=origin).status == 403, origin
    assert viewed.sample(key)["card"]["mark"] is None


def test_other_machines_are_let_in_only_where_told_and_with_the_token(built_to_view: Path) -> None:
    with viewing(built_to_view, "--host", "0.0.0.0") as viewed:
        for host in ("192.0.2.7:80", f"{socket.gethostname()}:{viewed.port}", "LOCALHOST:80"):
            stranger = Viewing(viewed.process, viewed.port, "")
            assert stranger.ask("/", Host=host).status == 403
            assert viewed.ask("/", Host=host).status == 200, host
        assert viewed.ask("/", Host="evil.example").status == 403


def test_pages_may_load_from_their_own_server_alone(viewed: Viewing) -> None:
    for path in ("/", "/api/page", "/static/style.css", "/nowhere"):
        headers = viewed.ask(path).headers
        assert headers["content-security-policy"].startswith(
            "default-src 'none'; script-src 'self'"
        )
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
    for name in (*PAGES, *(f"static/{name}" for name in STATIC)):
        reply = viewed.ask(f"/{name}")
        assert reply.status == 200, name
        assert not external(reply.text), name
    for path in ("/static/nothing.js", "/static/..%2fpages.py", "/media/x/image.jpg", "/data"):
        assert viewed.ask(path).status == 404, path


# --- strangers' connections -----------------------------------------------------------------


def test_slow_connections_keep_nobody_out_and_are_closed(built_to_view: Path) -> None:
    """600 that send a letter a second; aiohttp would wait for the rest of it for ever."""
    with viewing(built_to_view) as viewed, ExitStack() as stack:
        begun_s = time.monotonic()
        slow = list[socket.socket]()
        for _ in range(600):
            slow.append(stack.enter_context(socket.create_connection(("127.0.0.1", viewed.port))))
            slow[-1].sendall(b"GET / HTTP/1.1\r\nHo")
        assert viewed.ask("/").status == 200
        assert established(viewed) <= MOST_CONNECTIONS
        while established(viewed):
            with suppress(OSError):
                slow[-1].sendall(b"s")
            assert viewed.ask("/api/state").status == 200
            time.sleep(0.5)
        assert time.monotonic() - begun_s >= HEADERS_S - 1, "they were given their time"
        assert viewed.process.poll() is None


def established(viewed: Viewing) -> int:
    """How many connections the server holds open."""
    links = list[str]()
    for link in Path(f"/proc/{viewed.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            links.append(str(link.readlink()))
    # The one that it listens on, and asyncio's own pair, stay.
    return sum(link.startswith("socket:") for link in links) - 3


def test_headers_without_end_are_not_kept(viewed: Viewing) -> None:
    line = b"X-Long: " + 1000 * b"x" + b"\r\n"
    with socket.create_connection(("127.0.0.1", viewed.port)) as connection:
        connection.settimeout(60)
        with suppress(OSError):
            connection.sendall(b"GET / HTTP/1.1\r\n")
            for _ in range(1000):
                connection.sendall(line)
            while connection.recv(65536):
                pass
    assert viewed.ask("/api/state").status == 200


def test_a_request_that_comes_in_pieces_is_answered(viewed: Viewing) -> None:
    with socket.create_connection(("127.0.0.1", viewed.port)) as connection:
        for letter in f"GET /{viewed.token}/api/state HTTP/1.1\r\nHost: localhost\r\n\r\n":
            connection.sendall(letter.encode())
            time.sleep(0.001)
        assert connection.recv(100).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",  # TLS
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nA\x1b[31mB: x\r\n\r\n",
        b"GET /\x1b[2J HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"GET / HTTP/1.1\r\nHost: \xff\xfe\r\nHost: y\r\nX-\xe2\x80\xae: x\r\n\r\n",
        b"GET http://[::1 HTTP/1.1\r\nHost: [::1\r\n\r\n",
        b"GET //[ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A" * 9000 + b": x\r\n\r\n",
    ],
)
def test_a_malformed_request_is_a_line_at_most(built_to_view: Path, sent: bytes) -> None:
    with viewing(built_to_view) as viewed:
        with socket.create_connection(("127.0.0.1", viewed.port)) as connection:
            connection.settimeout(60)
            connection.sendall(sent)
            with suppress(OSError):
                connection.recv(65536)
        assert viewed.ask("/api/state").status == 200
        viewed.process.send_signal(signal.SIGTERM)
        out, err = viewed.process.communicate()
    assert (out, viewed.process.returncode) == ("", 0)
    assert err == "" or re.fullmatch(r"mmusset: a malformed request was refused: .*\n", err)
    assert err.replace("\n", "").isprintable()


# --- facts ---------------------------------------------------------------------------------


def test_text_from_sources_stays_text(viewed: Viewing) -> None:
    """It is in no page: pages ask for it as JSON, and their scripts set textContent alone."""
    titles = {card["title"] for card in viewed.page()["cards"].values()}
    assert {HOSTILE_TITLE, HOSTILE_NAME} <= titles
    for page in PAGES:
        assert "alert" not in viewed.ask(f"/{page}").text
    assert viewed.ask("/api/page").headers["content-type"] == "application/json"
    for name in STATIC:
        script = viewed.ask(f"/static/{name}").text
        assert not any(
            word in script for word in ("innerHTML", "outerHTML", "insertAdjacent", "eval(")
        )


def test_a_datasets_name_is_escaped() -> None:
    page = render("index.html", "<b>music & more", Settings("server", True))
    assert "&lt;b&gt;music &amp; more" in page
    assert "<b>" not in page


def test_every_item_is_counted_and_found_by_its_fate(viewed: Viewing, built_to_view: Path) -> None:
    counts = viewed.counts()
    assert counts["status"] == {"accepted": 10, "rejected": 1, "failed": 1, "skipped": 1}
    told = json.loads(mmusset("status", built_to_view, "--json").stdout)
    losses = {reason: count for _, reason, count in told["reasons"]}
    assert losses.items() <= counts["reason"].items(), "the accounting of `mmusset status`"
    for reason, count in losses.items():
        page = viewed.page(reason=reason)
        assert page["total"] == len(page["cards"]) == count
    assert [c["title"] for c in viewed.page(status="failed")["cards"].values()] == ["song 3.wav"]
    (silent,) = viewed.page(status="rejected")["cards"].values()
    assert (silent["path"], silent["reason"], silent["media"]) == ("silence.flac", "silent", False)
    (skipped,) = viewed.page(status="skipped")["cards"].values()
    assert skipped["path"] == "lonely/song.wav"
    assert "no picture" in viewed.sample(skipped["key"])["card"]["reason"]


def test_every_bar_leads_to_as_many_samples_as_it_says(viewed: Viewing) -> None:
    for facet, values in viewed.counts().items():
        for value, count in values.items():
            assert viewed.page(**{facet: value})["total"] == count, (facet, value)


def test_filters_hold_together_and_do_not_narrow_themselves(viewed: Viewing) -> None:
    counts = viewed.counts(status="accepted", folder="artist 2")
    assert sum(counts["status"].values()) == 2
    assert counts["folder"]["artist 0"] == 2, "other folders can be chosen still"
    assert counts["folder"].keys().isdisjoint({"lonely"}), "but only where something is accepted"


def test_search_finds_words_by_their_beginnings(viewed: Viewing) -> None:
    cards = viewed.page(q="story")["cards"]
    texts = {
        key: json.dumps([c["title"], c["path"], c["story"], *(run["text"] for run in c["caption"])])
        for key, c in viewed.page()["cards"].items()
    }
    assert viewed.page(q="ALERT rai")["cards"].keys() == {
        key for key, text in texts.items() if HOSTILE_TITLE in json.loads(text)
    }
    one = next(c for c in viewed.page(status="accepted")["cards"].values())
    word = one["story"].split()[3].strip(".,").lower()
    found = viewed.page(q=word)["cards"].keys()
    assert one["key"] in found
    assert all(word in texts[key].lower() for key in found)
    assert not cards.keys() - texts.keys()
    for nothing in ("zzzz", '" OR 1 zz', "NEAR(zz b)", "\x00zz", "* -zz"):
        assert viewed.page(q=nothing)["total"] == 0, nothing


def test_pages_follow_each_other_without_a_gap(viewed: Viewing) -> None:
    keys = list(viewed.page()["cards"])
    assert len(keys) == ITEMS
    assert viewed.page(page="2") == {"total": ITEMS, "cards": {}}
    place = viewed.ask(f"/api/place?key={keys[4]}").json
    assert place == {"number": 5, "total": ITEMS, "before": keys[3], "after": keys[5]}
    kept = list(viewed.page(status="accepted")["cards"])
    assert viewed.ask(f"/api/place?key={kept[0]}&status=accepted").json == {
        "number": 1,
        "total": 10,
        "before": "",
        "after": kept[1],
    }


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("page=0", "page is a number from 1"),
        ("page=x", "page is a number from 1"),
        ("page=%C2%B2", "page is a number from 1"),
        ("page=99999999999999999999", "page is a number from 1"),
        (f"page={5000 * '9'}", "page is a number from 1"),
        ("flavour=sweet", "no facet is called flavour"),
    ],
)
def test_what_can_not_be_asked_gets_one_clear_line(
    viewed: Viewing, query: str, message: str
) -> None:
    reply = viewed.ask(f"/api/page?{query}")
    assert (reply.status, reply.text) == (400, message)


# --- media ---------------------------------------------------------------------------------


def test_media_are_those_of_the_shards(viewed: Viewing, built_to_view: Path) -> None:
    for shard in sorted((built_to_view / "data").glob("*.tar")):
        for key, members in read_shard(shard):
            for name, kind in (("image.jpg", "image/jpeg"), ("music.flac", "audio/flac")):
                reply = viewed.ask(f"/media/{key}/{name}")
                assert reply.body == members[name]
                assert reply.headers["content-type"] == kind
                assert reply.headers["accept-ranges"] == "bytes"


def test_a_part_of_the_sound_can_be_asked_for(viewed: Viewing) -> None:
    """Without it browsers can't seek."""
    path = f"/media/{accepted(viewed)}/music.flac"
    flac = viewed.ask(path).body
    size = len(flac)
    for asked, start, stop in (
        ("bytes=0-99", 0, 100),
        ("bytes=100-100", 100, 101),
        ("bytes=500-", 500, size),
        ("bytes=-7", size - 7, size),
        (f"bytes={size - 1}-{size + 500}", size - 1, size),
        (f"bytes=-{size + 1}", 0, size),
    ):
        reply = viewed.ask(path, Range=asked)
        assert reply.status == 206, asked
        assert reply.body == flac[start:stop], asked
        assert reply.headers["content-range"] == f"bytes {start}-{stop - 1}/{size}"
        assert reply.headers["content-length"] == str(stop - start)
    for beyond in (f"bytes={size}-", f"bytes={size + 5}-{size + 9}"):
        reply = viewed.ask(path, Range=beyond)
        assert (reply.status, reply.headers["content-range"]) == (416, f"bytes */{size}"), beyond
    for other in ("lines=1-2", "bytes=9-3", "bytes=0-1,5-6", "bytes=x"):
        reply = viewed.ask(path, Range=other)
        assert (reply.status, reply.body) == (200, flac), "what is not understood is ignored"
    assert viewed.ask(path, "HEAD").headers["content-length"] == str(size)


def test_pictures_are_made_of_what_is_heard_and_seen(viewed: Viewing) -> None:
    key = accepted(viewed)
    for kind, form, size in (
        ("thumb.webp", "WEBP", (96, 72)),
        ("waveform.png", "PNG", (480, 56)),
        ("spectrogram.webp", "WEBP", (480, 80)),
    ):
        reply = viewed.ask(f"/media/{key}/{kind}")
        with Image.open(io.BytesIO(reply.body)) as image:
            assert (image.format, image.size) == (form, size)
    (rejected,) = viewed.page(status="rejected")["cards"]
    assert viewed.ask(f"/media/{rejected}/thumb.webp").status == 404


# --- beginning and end -----------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_looking_changes_nothing_and_ends_in_order(
    built_to_view: Path, number: signal.Signals
) -> None:
    before = tree(built_to_view)
    with viewing_all(built_to_view) as viewed:
        viewed.process.send_signal(number)
        assert viewed.process.communicate() == ("", "")
        assert viewed.process.returncode == 0
    assert tree(built_to_view) == before


def test_a_port_in_use_is_one_clear_line(built_to_view: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = mmusset("view", built_to_view, "--port", str(port))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"mmusset: can't listen on 127.0.0.1, port {port} (Address already in use);"
        " take another --port, or 0 for any that is free\n"
    )


def test_a_folder_that_is_no_dataset_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"")
    done = mmusset("view", tmp_path, "--export", tmp_path / "pages")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"mmusset: {tmp_path} is not a dataset of mmusset")
    for folder in (tmp_path, tmp_path / "nowhere", tmp_path / "photo.jpg"):
        with pytest.raises(MmussetError, match="is not a dataset of mmusset"):
            asyncio.run(serve(folder, "127.0.0.1", 0, print))
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]
