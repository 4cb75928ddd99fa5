"""The bare client: 64 coroutines, each of which takes a sample through its four calls.

Installs: aiohttp==3.14.5 orjson
It keeps nothing: what is kept is lost with it.
"""

import asyncio
from collections.abc import Iterator

import aiohttp
import orjson
from work import IN_FLIGHT, STEPS, Asked, Sample, asked, text_of


async def call(
    session: aiohttp.ClientSession, job: Asked, sample: Sample, n: int, said: list[str]
) -> str:
    body = orjson.dumps(job.work.body(sample, n, said))
    headers = {"Content-Type": "application/json"}
    async with session.post(f"{job.url}/chat/completions", data=body, headers=headers) as response:
        return text_of(orjson.loads(await response.read()))


async def worker(session: aiohttp.ClientSession, job: Asked, left: Iterator[Sample]) -> None:
    for sample in left:
        said: list[str] = []
        for n in range(len(STEPS)):
            said.append(await call(session, job, sample, n, said))


async def main(job: Asked) -> None:
    left = iter(job.work.samples)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(worker(session, job, left) for _ in range(IN_FLIGHT)))


asyncio.run(main(asked()))
