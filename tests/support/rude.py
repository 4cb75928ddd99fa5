"""A server on loopback that answers whatever a test wants, byte by byte."""

import socketserver
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import orjson

from mmusset.agents import AGENTS
from mmusset.speakers.stub.plan import StubPlan
from mmusset.speakers.stub.replies import parse_chat, reply_to

MOST_SENT = 64 << 20


@dataclass(frozen=True, slots=True)
class Heard:
    """A request as it came: `head` has its first line and headers."""

    head: str
    body: bytes

    @property
    def path(self) -> str:
        return self.head.split(" ")[1]


Answer = Callable[[Heard], bytes | Iterable[bytes] | None]
"""The bytes to send before the connection is closed, many or few; None resets it."""


@dataclass
class Rude:
    """Where it is, what it heard, and how much it has sent."""

    url: str
    heard: list[Heard] = field(default_factory=list)
    sent: int = 0


def http(status: str, body: bytes, *headers: str) -> bytes:
    """A reply; it says how long its body is, unless `headers` do."""
    lines = [f"HTTP/1.1 {status}", *headers, "Connection: close"]
    if not any(h.lower().startswith(("content-length", "transfer-encoding")) for h in headers):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body


def models(*names: str) -> bytes:
    """What /models says of these."""
    return http("200 OK", orjson.dumps({"data": [{"id": name} for name in names]}))


def completion(heard: Heard, **changes: object) -> bytes:
    """The right answer to a chat; `changes` are of its choice."""
    text = reply_to(parse_chat(orjson.loads(heard.body)), AGENTS, StubPlan(objecting=0))
    choice = {"message": {"content": text}, "finish_reason": "stop"} | changes
    return http("200 OK", orjson.dumps({"choices": [choice]}))


@contextmanager
def rude(answer: Answer, tls: Path | None = None) -> Iterator[Rude]:
    """A running server; with `tls`, the file of its key and certificate, it speaks that."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            # What breaks a connection is part of the play.
            with suppress(OSError, ssl.SSLError):
                self._handle()

        def _handle(self) -> None:
            heard = self._hear()
            if heard is None:
                return
            here.heard.append(heard)
            said = answer(heard)
            if said is None:
                # Closing with unread data, or at once by this option, resets the connection.
                self.connection.setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")
                self.connection.close()
                return
            for piece in [said] if isinstance(said, bytes) else said:
                self.wfile.write(piece)
                here.sent += len(piece)
                if here.sent > MOST_SENT:
                    return

        def _hear(self) -> Heard | None:
            lines = []
            while (line := self.rfile.readline()) not in (b"\r\n", b""):
                lines.append(line.decode("latin-1"))
            if not lines:
                return None
            head = "".join(lines)
            sizes = [line.split(":")[1] for line in lines if line.lower().startswith("content-len")]
            return Heard(head, self.rfile.read(int(sizes[0]) if sizes else 0))

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, request: object, client_address: object) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        scheme = "https" if tls else "http"
        here = Rude(f"{scheme}://127.0.0.1:{server.server_address[1]}/v1")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield here
        finally:
            server.shutdown()
            thread.join(30)
