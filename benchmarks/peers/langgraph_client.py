"""LangGraph with aiohttp, as one would write it: four nodes in a row, one graph, 64 at a time.

Installs: langgraph==1.2.24 aiohttp==3.14.5 orjson
No checkpointer: what is kept is lost with it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise
from typing import Any, TypedDict

import aiohttp
import orjson
from langgraph.graph import END, START, StateGraph
from work import IN_FLIGHT, STEPS, Asked, Sample, asked, text_of


class State(TypedDict):
    sample: Sample
    said: list[str]


def node(session: aiohttp.ClientSession, job: Asked, n: int) -> Callable[[State], Awaitable[Any]]:
    async def speak(state: State) -> dict[str, list[str]]:
        body = orjson.dumps(job.work.body(state["sample"], n, state["said"]))
        headers = {"Content-Type": "application/json"}
        url = f"{job.url}/chat/completions"
        async with session.post(url, data=body, headers=headers) as response:
            return {"said": [*state["said"], text_of(orjson.loads(await response.read()))]}

    return speak


async def main(job: Asked) -> None:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        graph = StateGraph(State)
        for n, name in enumerate(STEPS):
            graph.add_node(name, node(session, job, n))
        for before, after in pairwise((START, *STEPS, END)):
            graph.add_edge(before, after)
        compiled = graph.compile()
        left = iter(job.work.samples)

        async def worker(left: Iterator[Sample]) -> None:
            for sample in left:
                await compiled.ainvoke(State(sample=sample, said=[]))

        await asyncio.gather(*(worker(left) for _ in range(IN_FLIGHT)))


asyncio.run(main(asked()))
