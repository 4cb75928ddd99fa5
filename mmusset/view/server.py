"""Listening on a port, and ending in order: for `mmusset view` and other pages of this machine."""

import asyncio
import logging
import secrets
import signal
import socket
from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

from aiohttp import web

from mmusset.errors import MmussetError

from .connections import KEPT_S, ConnectionLimit, log_in_a_line
from .guard import Guard, is_loopback
from .index import Index, index_path
from .open_dataset import open_dataset
from .viewer import Viewer


async def serve(out: Path, host: str, port: int, ready: Callable[[str], None]) -> None:
    """Serve a dataset until Ctrl-C or a SIGTERM; `ready` hears the address, token and all.

    Raises MmussetError where there is no dataset, or the port can't be listened on.
    """
    dataset = open_dataset(out)
    with ExitStack() as stack:
        viewer = Viewer(dataset, Index(index_path(out, stack)))
        await serve_app(viewer.app, host, port, ready)


async def serve_app(
    app: Callable[[Guard], web.Application], host: str, port: int, ready: Callable[[str], None]
) -> None:
    """Serve what `app` makes, behind a guard whose token nobody else knows, until Ctrl-C or a
    SIGTERM; `ready` hears the address, token and all.

    Raises MmussetError where the port can't be listened on.
    """
    token = secrets.token_urlsafe(24)
    # aiohttp logs every request that is cut short.
    runner = web.AppRunner(app(Guard(token, host)), access_log=None, keepalive_timeout=KEPT_S)
    log = logging.getLogger("aiohttp.server")
    log.setLevel(logging.ERROR)
    log.addFilter(log_in_a_line)
    await runner.setup()
    try:
        listening = _listen(host, port)
        assert runner.server
        listener = await asyncio.get_running_loop().create_server(
            ConnectionLimit(runner.server), sock=listening
        )
        ending = _ending()
        name = host if is_loopback(host) else socket.gethostname()
        host_text = f"[{name}]" if ":" in name else name
        with closing(listener):
            ready(f"http://{host_text}:{listening.getsockname()[1]}/{token}/")
            await ending.wait()
    finally:
        await runner.cleanup()


def _ending() -> asyncio.Event:
    """Set by Ctrl-C and by a SIGTERM."""
    ending = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ending.set)
    return ending


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
