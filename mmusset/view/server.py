"""The server of `mmusset view`: pages, facts as JSON, media by Range, and marks to be kept."""

import asyncio
import logging
import secrets
import signal
import socket
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, suppress
from functools import lru_cache
from pathlib import Path
from typing import cast

import orjson
from aiohttp import web

from mmusset.build.ledger_file import FOLDER
from mmusset.build.marks import Mark, forget_mark, save_mark
from mmusset.errors import MmussetError, UsageError
from mmusset.shards.reader import BadSample

from .dataset import Dataset, dataset_at
from .facets import FACETS
from .facts import detail_of
from .guard import Guard, is_loopback
from .index import Filter, Index
from .members import Span
from .pages import PAGE_SIZE, PAGES, STATIC, PageName, Settings, render, static_file
from .pictures import KINDS, Kind, picture

# How often a running build is looked at; a pass takes at most a tenth of the time.
EVERY_S = 2.0
# About 20 kB each.
PICTURES_KEPT = 1000
MAKERS = 2  # pictures that are made at a time
_TYPES = {".webp": "image/webp", ".png": "image/png", ".jpg": "image/jpeg", ".flac": "audio/flac"}
_TYPES |= {".svg": "image/svg+xml", ".css": "text/css", ".js": "text/javascript"}


class Viewer:
    """One dataset as a web application."""

    def __init__(self, dataset: Dataset, index: Index) -> None:
        self._dataset = dataset
        self._index = index
        self._settings = Settings("server", "music.flac", dataset.takes_marks)
        self._looked_at: int | None = None  # how far the pass that runs is
        self._trouble = ""
        self._counted: tuple[int, dict[Filter, bytes]] = (-1, {})
        self._makers = asyncio.Semaphore(MAKERS)
        self._picture = lru_cache(PICTURES_KEPT)(_made)

    def app(self, guard: Guard) -> web.Application:
        app = web.Application(middlewares=[guard.middleware], client_max_size=64 * 1024)
        app.cleanup_ctx.append(self._kept_up)
        app.add_routes(
            [
                web.get("/", self._page),
                *(web.get(f"/{name}", self._page) for name in PAGES),
                web.get("/static/{name}", self._static),
                web.get("/api/page", self._cards),
                web.get("/api/counts", self._counts),
                web.get("/api/place", self._place),
                web.get("/api/state", self._state),
                web.get("/api/sample/{key}", self._sample),
                web.put("/api/mark/{key}", self._mark),
                web.delete("/api/mark/{key}", self._unmark),
                web.get("/media/{key}/image.jpg", self._member),
                web.get("/media/{key}/music.flac", self._member),
                *(web.get(f"/media/{{key}}/{kind}", self._made_picture) for kind in KINDS),
            ]
        )
        return app

    # --- pages and facts ------------------------------------------------------------------

    async def _page(self, request: web.Request) -> web.Response:
        name = cast(PageName, request.path.strip("/") or "index.html")
        title = self._dataset.out.resolve().name
        return web.Response(
            text=render(name, title, self._settings),
            content_type="text/html",
            headers={"Cache-Control": "no-store"},
        )

    async def _static(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in STATIC:
            raise web.HTTPNotFound
        return _bytes(static_file(name), name, "no-cache")

    async def _cards(self, request: web.Request) -> web.Response:
        number = request.query.get("page", "1")
        if not number.isdigit() or not 1 <= int(number) < 1 << 32:
            raise web.HTTPBadRequest(text="page is a number from 1")
        page = await asyncio.to_thread(self._index.page, _filter(request), int(number), PAGE_SIZE)
        cards = b",".join(page.cards)
        return _json(b'{"total":%d,"cards":[%b]}' % (page.total, cards))

    async def _counts(self, request: web.Request) -> web.Response:
        wanted, version = _filter(request), self._index.version
        if self._counted[0] != version:
            self._counted = (version, {})
        kept = self._counted[1]
        if wanted not in kept:
            kept[wanted] = orjson.dumps(await asyncio.to_thread(self._index.counts, wanted))
        return _json(kept[wanted])

    async def _place(self, request: web.Request) -> web.Response:
        key = request.query.get("key", "")
        place = await asyncio.to_thread(self._index.place, _filter(request), key)
        return _json(orjson.dumps(place))

    async def _state(self, request: web.Request) -> web.Response:
        """What has changed: pages ask from time to time."""
        told = {
            "version": self._index.version,
            "looked_at": self._looked_at,
            "trouble": self._trouble,
        }
        return _json(orjson.dumps(told))

    async def _sample(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        told = await asyncio.to_thread(self._told, key)
        if told is None:
            raise web.HTTPNotFound(text="there is no such sample")
        return _json(told)

    def _told(self, key: str) -> bytes | None:
        with self._dataset.reading() as reading:
            story = reading.story(key)
            if story:
                return orjson.dumps(detail_of(story, reading.answer))
        card = self._index.card(key)
        return b'{"card":%b}' % card if card else None

    # --- marks ----------------------------------------------------------------------------

    async def _mark(self, request: web.Request) -> web.Response:
        if not self._dataset.takes_marks:
            raise web.HTTPConflict(text="a dataset without its ledger takes no marks")
        try:
            wanted = orjson.loads(await request.read())
            mark = Mark(request.match_info["key"], wanted["verdict"], wanted["note"])
        except (ValueError, TypeError, KeyError):
            raise web.HTTPBadRequest(text="a mark is a verdict and a note") from None
        return await self._marking(request, lambda: save_mark(self._dataset.out, mark))

    async def _unmark(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        return await self._marking(request, lambda: forget_mark(self._dataset.out, key))

    async def _marking(self, request: web.Request, change: Callable[[], None]) -> web.Response:
        """Carry a change out; it is on the disk when this answers."""
        key = request.match_info["key"]

        def carry_out() -> bytes:
            change()
            with self._dataset.reading() as reading:
                self._index.refresh_one(reading, key)
            return self._told(key) or b"null"

        try:
            return _json(await asyncio.to_thread(carry_out))
        except UsageError as error:
            raise web.HTTPBadRequest(text=str(error)) from None
        except MmussetError as error:
            raise web.HTTPConflict(text=str(error)) from None

    # --- media ----------------------------------------------------------------------------

    async def _member(self, request: web.Request) -> web.Response:
        key, name = request.match_info["key"], request.path.rpartition("/")[2]
        span = await self._span(key, name)
        headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, max-age=600"}
        try:
            wanted = request.http_range
            start, stop, _ = slice(wanted.start, wanted.stop).indices(span.size)
        except ValueError:
            start = stop = span.size
        asked = "Range" in request.headers
        if asked and start >= stop:
            raise web.HTTPRequestRangeNotSatisfiable(
                headers={"Content-Range": f"bytes */{span.size}"}
            )
        if asked:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{span.size}"
        try:
            data = await asyncio.to_thread(span.read, start, stop)
        except OSError:
            raise web.HTTPNotFound(text="its media are gone") from None
        status = 206 if asked else 200
        return web.Response(body=data, status=status, headers=headers, content_type=_type(name))

    async def _made_picture(self, request: web.Request) -> web.Response:
        key, kind = request.match_info["key"], cast(Kind, request.path.rpartition("/")[2])
        span = await self._span(key, "image.jpg" if kind == "thumb.webp" else "music.flac")
        try:
            async with self._makers:
                data = await asyncio.to_thread(self._picture, kind, span)
        except (OSError, BadSample):
            raise web.HTTPNotFound(text="its media can't be read") from None
        return _bytes(data, kind, "private, max-age=600")

    async def _span(self, key: str, name: str) -> Span:
        span = await asyncio.to_thread(self._dataset.member, key, name)
        if span is None:
            raise web.HTTPNotFound(text="its media are not kept")
        return span

    # --- a build that goes on ---------------------------------------------------------------

    async def _kept_up(self, app: web.Application) -> AsyncIterator[None]:
        """Keep the index up with the dataset while the server runs."""
        task = asyncio.create_task(self._keep_up())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _keep_up(self) -> None:
        seen: object = None
        while True:
            began_s = time.monotonic()
            stamp = self._dataset.stamp()
            if stamp != seen:
                try:
                    await asyncio.to_thread(self._refresh)
                    seen, self._trouble = stamp, ""
                except MmussetError as error:
                    self._trouble = str(error)
            took_s = time.monotonic() - began_s
            await asyncio.sleep(max(EVERY_S, 10 * took_s))

    def _refresh(self) -> None:
        def looked_at(done: int) -> None:
            self._looked_at = done

        try:
            with self._dataset.reading() as reading:
                self._index.refresh(reading, looked_at)
        finally:
            self._looked_at = None


async def serve(out: Path, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve a dataset until Ctrl-C or a polite kill; `ready` hears the address, token and all.

    Raises MmussetError where there is no dataset, or nobody may listen there.
    """
    dataset = dataset_at(out)
    token = secrets.token_urlsafe(24)
    with ExitStack() as stack:
        viewer = Viewer(dataset, Index(index_path(out, stack)))
        # aiohttp logs every request that is cut short.
        runner = web.AppRunner(viewer.app(Guard(token, host)), access_log=None)
        logging.getLogger("aiohttp.server").setLevel(logging.ERROR)
        await runner.setup()
        try:
            listening = _listen(host, port)
            await web.SockSite(runner, listening).start()
            name = host if is_loopback(host) else socket.gethostname()
            shown = f"[{name}]" if ":" in name else name
            ready(f"http://{shown}:{listening.getsockname()[1]}/?token={token}")
            await _told_to_end()
        finally:
            await runner.cleanup()


def index_path(out: Path, stack: ExitStack) -> Path:
    """Where a dataset's index is: beside its ledger, or, where nobody may write there or there is
    no ledger, in a folder that goes with `stack`."""
    folder = out / FOLDER
    try:
        with tempfile.TemporaryFile(dir=folder):
            return folder / "view.db"
    except OSError:
        return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mmusset-"))) / "view.db"


async def _told_to_end() -> None:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(128)
            listening.setblocking(False)
        except OSError:
            listening.close()
            raise
        return listening
    except OSError as error:
        raise MmussetError(
            f"can't listen on {host}, port {port} ({error.strerror}); take another --port,"
            " or 0 for any that is free"
        ) from None


def _made(kind: Kind, span: Span) -> bytes:
    return picture(kind, span.read())


def _filter(request: web.Request) -> Filter:
    """The filter that a request's query asks for. Facets that there are not are an error."""
    wanted = {name: value for name, value in request.query.items() if name not in _OTHERS}
    if unknown := wanted.keys() - {facet.name for facet in FACETS}:
        raise web.HTTPBadRequest(text=f"no facet is called {', '.join(sorted(unknown))}")
    return Filter(request.query.get("q", ""), tuple(sorted(wanted.items())))


_OTHERS = ("q", "page", "key", "token")


def _json(data: bytes) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=data, content_type="application/json", headers=headers)


def _bytes(data: bytes, name: str, keeping: str) -> web.Response:
    headers = {"Cache-Control": keeping}
    return web.Response(body=data, content_type=_type(name), headers=headers)


def _type(name: str) -> str:
    return _TYPES[f".{name.rpartition('.')[2]}"]
