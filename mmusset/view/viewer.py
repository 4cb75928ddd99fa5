"""A dataset as a web application: pages, facts as JSON, media by Range, and marks to be kept."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from functools import lru_cache
from typing import Literal, cast

import orjson
from aiohttp import web
from pydantic import BaseModel, ValidationError

from mmusset.builder.ledger.marks import MarkVerdict
from mmusset.builder.marks import (
    MOST_CAPTION_CHARACTERS,
    Mark,
    forget_mark,
    forget_words,
    read_claims,
    save_mark,
    save_words,
)
from mmusset.errors import MmussetError, Unread, Unusable
from mmusset.shards.frames import MEMBER as FRAMES
from mmusset.shards.reader import BadSample

from .card import words_of
from .dataset import ViewedDataset
from .detail import detail_of
from .facets import facets
from .filters import Filter
from .guard import Guard, honest
from .index import Index
from .members import Span
from .pages import PAGE_SIZE, PAGES, STATIC, PageName, Settings, render, static_file
from .pictures import KINDS, Kind, picture
from .skipped_pictures import NAME, SkippedPicture, SkippedPictures, why_not

# About 10 kB each.
COUNTS_KEPT = 200
MOST_BYTES_SENT = 64 * 1024
# How often a running build is looked at; a pass takes at most a tenth of the time.
MADE_WITHIN_S = 5.0  # a first page waits so long for the index, rather than show half of it
EVERY_S = 2.0
# About 20 kB each.
PICTURES_KEPT = 1000
MAKERS = 2  # pictures that are made at a time
_TYPES = {".webp": "image/webp", ".png": "image/png", ".jpg": "image/jpeg", ".flac": "audio/flac"}
_TYPES |= {".svg": "image/svg+xml", ".css": "text/css", ".js": "text/javascript"}


class SentMark(BaseModel):
    """A mark as a page sends it."""

    verdict: MarkVerdict
    note: str


class SentWords(BaseModel):
    """A person's words as a page sends them; None for a text that stays as it is."""

    caption: str | None = None
    story: str | None = None


class Viewer:
    """One dataset as a web application."""

    def __init__(self, dataset: ViewedDataset, index: Index) -> None:
        self._dataset = dataset
        self._index = index
        self._settings = Settings("server", dataset.takes_marks)
        self._looked_at: int | None = None  # how far the pass that runs is
        self._trouble = ""
        self._ending = False
        self._made = asyncio.Event()  # the index, once since the server began
        self._counted = lru_cache(COUNTS_KEPT)(self._count)
        self._makers = asyncio.Semaphore(MAKERS)
        self._picture = lru_cache(PICTURES_KEPT)(_drawn)
        self._skipped_pictures = SkippedPictures()

    def app(self, guard: Guard) -> web.Application:
        app = web.Application(
            middlewares=[guard.middleware, honest], client_max_size=MOST_BYTES_SENT
        )
        app.cleanup_ctx.append(self._kept_up)
        app.cleanup_ctx.append(self._decoding)
        # Everything is below the token, which the guard has looked at: pages' links are relative.
        below = "/{token}"
        app.add_routes(
            [
                web.get(below, _with_slash),
                web.get(f"{below}/", self._page),
                *(web.get(f"{below}/{name}", self._page) for name in PAGES),
                web.get(f"{below}/static/{{name}}", self._static),
                web.get(f"{below}/api/page", self._cards),
                web.get(f"{below}/api/counts", self._counts),
                web.get(f"{below}/api/place", self._place),
                web.get(f"{below}/api/state", self._state),
                web.get(f"{below}/api/sample/{{key}}", self._sample),
                web.get(f"{below}/api/picture/{{key}}", self._skipped_state),
                web.put(f"{below}/api/mark/{{key}}", self._mark),
                web.delete(f"{below}/api/mark/{{key}}", self._unmark),
                web.put(f"{below}/api/words/{{key}}", self._write),
                web.delete(f"{below}/api/words/{{key}}/{{text:caption|story}}", self._unwrite),
                web.post(f"{below}/api/claims/{{key}}", self._claims),
                web.get(f"{below}/media/{{key}}/image.jpg", self._member),
                web.get(f"{below}/media/{{key}}/music.flac", self._member),
                web.get(f"{below}/media/{{key}}/{FRAMES}", self._member),
                web.get(f"{below}/media/{{key}}/{NAME}", self._skipped),
                *(web.get(f"{below}/media/{{key}}/{kind}", self._made_picture) for kind in KINDS),
            ]
        )
        return app

    # --- pages and facts ------------------------------------------------------------------

    async def _page(self, request: web.Request) -> web.Response:
        name = cast(PageName, request.path.rpartition("/")[2] or "index.html")
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
        if len(number) > 10 or not number.isdecimal() or not 1 <= int(number) < 1 << 32:
            raise web.HTTPBadRequest(text="page is a number from 1")
        with suppress(TimeoutError):  # of a large dataset, what there is by then
            await asyncio.wait_for(self._made.wait(), MADE_WITHIN_S)
        page = await asyncio.to_thread(self._index.page, _filter(request), int(number), PAGE_SIZE)
        cards = b",".join(page.cards)
        return _json(b'{"total":%d,"cards":[%b]}' % (page.total, cards))

    async def _counts(self, request: web.Request) -> web.Response:
        query = _filter(request)
        return _json(await asyncio.to_thread(lambda: self._counted(query, self._index.version)))

    def _count(self, query: Filter, version: int) -> bytes:
        """The counts of the index in one of its versions."""
        return orjson.dumps(self._index.counts(query))

    async def _place(self, request: web.Request) -> web.Response:
        key = request.query.get("key", "")
        place = await asyncio.to_thread(self._index.place, _filter(request), key)
        return _json(orjson.dumps(place))

    async def _state(self, request: web.Request) -> web.Response:
        """What has changed: pages ask from time to time."""
        state = {
            "version": await asyncio.to_thread(lambda: self._index.version),
            "looked_at": self._looked_at,
            "trouble": self._trouble,
        }
        return _json(orjson.dumps(state))

    async def _sample(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        data = await asyncio.to_thread(self._sample_json, key)
        if data is None:
            raise web.HTTPNotFound(text="there is no such sample")
        return _json(data)

    def _sample_json(self, key: str) -> bytes | None:
        with self._dataset.reading() as reading:
            story = reading.story(key)
            if story:
                return orjson.dumps(detail_of(story, reading.answer))
        card = self._index.card(key)
        return b'{"card":%b}' % card if card else None

    # --- marks ----------------------------------------------------------------------------

    async def _mark(self, request: web.Request) -> web.Response:
        try:
            sent = SentMark.model_validate_json(await request.read())
        except ValidationError:
            raise web.HTTPBadRequest(text="a mark is keep, drop or fix, and a note") from None
        key = request.match_info["key"]
        mark = Mark(key, sent.verdict, sent.note)
        return await self._marking(key, lambda: save_mark(self._dataset.out, mark))

    async def _unmark(self, request: web.Request) -> web.Response:
        key = request.match_info["key"]
        return await self._marking(key, lambda: forget_mark(self._dataset.out, key))

    async def _write(self, request: web.Request) -> web.Response:
        """Keep a person's words."""
        sent, key = await _sent_words(request), request.match_info["key"]
        out = self._dataset.out
        return await self._marking(key, lambda: save_words(out, key, sent.caption, sent.story))

    async def _unwrite(self, request: web.Request) -> web.Response:
        """Take a person's words for one text away."""
        key = request.match_info["key"]
        text = cast(Literal["caption", "story"], request.match_info["text"])
        return await self._marking(key, lambda: forget_words(self._dataset.out, key, text))

    async def _claims(self, request: web.Request) -> web.Response:
        """What a caption that somebody is writing claims, cut where each claim's words are."""
        sent, key = await _sent_words(request), request.match_info["key"]
        text = sent.caption or ""
        if len(text) > MOST_CAPTION_CHARACTERS or not self._dataset.takes_marks:
            raise web.HTTPBadRequest(text=f"at most {MOST_CAPTION_CHARACTERS} characters are read")
        claims = await asyncio.to_thread(read_claims, self._dataset.out, key, text)
        judged = [claim.model_dump(mode="json") for claim in claims]
        return _json(orjson.dumps({"words": words_of(text, claims), "claims": judged}))

    async def _marking(self, key: str, change: Callable[[], None]) -> web.Response:
        """Carry a change out; it is on the disk when this answers."""
        if not self._dataset.takes_marks:
            raise web.HTTPConflict(text="a dataset without its ledger takes no marks")

        def carry_out() -> bytes:
            change()
            with self._dataset.reading() as reading:
                self._index.refresh_one(reading, key)
            return self._sample_json(key) or b"null"

        return _json(await asyncio.to_thread(carry_out))

    # --- media ----------------------------------------------------------------------------

    async def _member(self, request: web.Request) -> web.Response:
        key, name = request.match_info["key"], request.path.rpartition("/")[2]
        span = await self._span(key, name)
        headers = {"Accept-Ranges": "bytes", "Cache-Control": "private, max-age=600"}
        start, stop, status = 0, span.size, 200
        # What is not understood is ignored, as RFC 9110, section 14.2, has it.
        with suppress(ValueError):
            if "Range" in request.headers:
                byte_range = request.http_range
                start, stop, _ = slice(byte_range.start, byte_range.stop).indices(span.size)
                status = 206
        if status == 206 and start >= stop:
            raise web.HTTPRequestRangeNotSatisfiable(
                headers={"Content-Range": f"bytes */{span.size}"}
            )
        if status == 206:
            headers["Content-Range"] = f"bytes {start}-{stop - 1}/{span.size}"
        try:
            data = await asyncio.to_thread(span.read, start, stop)
        except OSError:
            raise web.HTTPNotFound(text="its media are gone") from None
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

    async def _skipped_state(self, request: web.Request) -> web.Response:
        """Why a picture that no sample was made of can't be shown; "" where it can."""
        why, picture = "", await self._skipped_picture(request)
        try:
            await self._skipped_pictures.thumbnail(picture)
        except (Unusable, Unread) as error:
            why = why_not(error)
        return _json(orjson.dumps({"why": why}))

    async def _skipped(self, request: web.Request) -> web.Response:
        """A picture that no sample was made of."""
        try:
            data = await self._skipped_pictures.thumbnail(await self._skipped_picture(request))
        except (Unusable, Unread) as error:
            raise web.HTTPNotFound(text=why_not(error)) from None
        return _bytes(data, NAME, "no-cache")

    async def _skipped_picture(self, request: web.Request) -> SkippedPicture:
        picture = await asyncio.to_thread(self._dataset.skipped_picture, request.match_info["key"])
        if picture is None:
            raise web.HTTPNotFound(text="there is no such picture")
        return picture

    async def _decoding(self, app: web.Application) -> AsyncIterator[None]:
        """Hold what decodes while the server runs."""
        async with self._skipped_pictures:
            yield

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
        self._ending = True
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
                self._made.set()
            took_s = time.monotonic() - began_s
            await asyncio.sleep(max(EVERY_S, 10 * took_s))

    def _refresh(self) -> None:
        def looked_at(done: int) -> None:
            if self._ending:  # nobody waits for a pass over a large dataset
                raise MmussetError("the server ends")
            self._looked_at = done

        try:
            with self._dataset.reading() as reading:
                self._index.refresh(reading, looked_at)
        finally:
            self._looked_at = None


async def _sent_words(request: web.Request) -> SentWords:
    try:
        return SentWords.model_validate_json(await request.read())
    except ValidationError:
        raise web.HTTPBadRequest(text="words are a caption, a story, or both") from None


async def _with_slash(request: web.Request) -> web.Response:
    """The address without its last letter: relative links would lead elsewhere."""
    return web.Response(status=303, headers={"Location": f"{request.path}/"})


def _drawn(kind: Kind, span: Span) -> bytes:
    return picture(kind, span.read())


def _filter(request: web.Request) -> Filter:
    """The filter that a request's query asks for. Facets that there are not are an error."""
    labels = {name: value for name, value in request.query.items() if name not in _OTHERS}
    if unknown := labels.keys() - {facet.name for facet in facets()}:
        raise web.HTTPBadRequest(text=f"no facet is called {', '.join(sorted(unknown))}")
    sort = request.query.get("sort", "")
    if sort and sort.removeprefix("-") not in {facet.name for facet in facets() if facet.sorted}:
        raise web.HTTPBadRequest(text=f"nothing can be sorted by {sort}")
    return Filter(request.query.get("q", ""), tuple(sorted(labels.items())), sort)


_OTHERS = ("q", "page", "key", "sort")


def _json(data: bytes) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=data, content_type="application/json", headers=headers)


def _bytes(data: bytes, name: str, keeping: str) -> web.Response:
    headers = {"Cache-Control": keeping}
    return web.Response(body=data, content_type=_type(name), headers=headers)


def _type(name: str) -> str:
    return _TYPES[f".{name.rpartition('.')[2]}"]
