"""The server without a model, as a server."""

import asyncio
import gc
import socket

from mmusset.agents import AGENTS
from mmusset.speakers.stub.plan import StubPlan
from mmusset.speakers.stub.server import StubServer


def test_who_connects_while_it_goes_down_is_hung_up_on() -> None:
    asyncio.run(_connect_and_go_down())
    gc.collect()  # a connection that was lost would warn here


async def _connect_and_go_down() -> None:
    """Each wait ends at another point of the connection's beginning."""
    async with StubServer(StubPlan(), AGENTS) as stub:
        for turns in range(4):
            client = socket.create_connection(("127.0.0.1", stub.port))
            client.settimeout(30)
            for _ in range(turns):
                await asyncio.sleep(0)
            await stub.go_down()
            await asyncio.sleep(0)
            with client:
                assert _hung_up(client)
            await stub.come_back()


def _hung_up(client: socket.socket) -> bool:
    """Whether the other side has closed."""
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True
