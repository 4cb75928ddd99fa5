"""Connections to the page's server: how many, and how long their first request may take."""

import asyncio
import logging
from collections.abc import Callable

from aiohttp.http_exceptions import HttpProcessingError

from mmusset.safe_text import first_line

# A browser opens six; a refused one is closed at once.
MOST_CONNECTIONS = 100
# For a request's line and headers: those of a browser come in one piece of about 1 kB.
HEADERS_S = 10.0
MOST_HEADER_BYTES = 32 * 1024
KEPT_S = 15.0  # an idle connection, after a request
_END = b"\r\n\r\n"


class ConnectionLimit:
    """Makes a protocol for each connection, as `create_server` asks for it.

    aiohttp waits for a request's headers forever. Where there are too many connections, the
    one that has waited longest without a request gives way, else the new one.
    """

    def __init__(self, make: Callable[[], asyncio.Protocol]) -> None:
        self._make = make
        self._open = 0
        self._silent: dict[LimitedConnection, None] = {}  # in the order in which they came

    def __call__(self) -> "LimitedConnection":
        return LimitedConnection(self._make(), self)

    def enter(self, connection: "LimitedConnection") -> None:
        self._open += 1
        self._silent[connection] = None
        if self._open > MOST_CONNECTIONS:
            longest = next(iter(self._silent))
            del self._silent[longest]
            longest.refuse()

    def request_received(self, connection: "LimitedConnection") -> None:
        self._silent.pop(connection, None)

    def leave(self, connection: "LimitedConnection") -> None:
        self._open -= 1
        self._silent.pop(connection, None)


class LimitedConnection(asyncio.Protocol):
    """aiohttp's protocol of one connection, with a limit on the time and size of its first
    request. What comes later, aiohttp limits itself: `KEPT_S`."""

    def __init__(self, inner: asyncio.Protocol, limit: ConnectionLimit) -> None:
        self._inner = inner
        self._limit = limit
        self._transport: asyncio.Transport | None = None
        self._late: asyncio.TimerHandle | None = None
        self._came = 0  # bytes of the headers
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._late = asyncio.get_running_loop().call_later(HEADERS_S, self.refuse)
        self._inner.connection_made(transport)
        self._limit.enter(self)

    def data_received(self, data: bytes) -> None:
        if self._late and not self._headers_go_on(data):
            return
        self._inner.data_received(data)

    def _headers_go_on(self, data: bytes) -> bool:
        """Look for the end of the first headers; false where they are too large."""
        # The mark may come in pieces.
        before, end, _ = (self._tail + data).partition(_END)
        if self._came + len(before) > MOST_HEADER_BYTES:
            self.refuse()
            return False
        if end:
            self._headers_end()
        self._tail = (self._tail + data)[-len(_END) + 1 :]
        self._came += len(data)
        return True

    def _headers_end(self) -> None:
        assert self._late
        self._late.cancel()
        self._late = None
        self._limit.request_received(self)

    def refuse(self) -> None:
        """Close the connection, whatever is in flight."""
        assert self._transport
        self._transport.abort()

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def pause_writing(self) -> None:
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._inner.resume_writing()

    def connection_lost(self, error: Exception | None) -> None:
        if self._late:
            self._late.cancel()
        self._limit.leave(self)
        self._inner.connection_lost(error)


def log_in_a_line(record: logging.LogRecord) -> bool:
    """A filter for aiohttp's log: malformed requests are one line, not its traceback."""
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError):
        why = first_line(error.message) or type(error).__name__
        record.msg, record.args = "mmusset: a malformed request was refused: %s", (why,)
        record.exc_info = None
    return True
