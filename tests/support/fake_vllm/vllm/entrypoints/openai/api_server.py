"""vLLM's command line in front of our stub server, with an engine process that outlives it.

The last word of the model's name says what goes wrong. What was started is written
to `started.jsonl` in the folder that FAKE_VLLM names.
"""

import argparse
import asyncio
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmusset.speakers.stub.plan import StubPlan


async def serve(plan: "StubPlan", port: int, deaf: asyncio.Event) -> None:
    from mmusset.agents import AGENTS
    from mmusset.speakers.stub.server import StubServer

    async with StubServer(plan, AGENTS, port) as server:
        while plan.model.endswith("frail"):
            await asyncio.sleep(0.01)
            if server.requests > 4:
                os._exit(1)
        await deaf.wait()
        await server.go_down()
        await asyncio.Event().wait()


async def main(asked: argparse.Namespace) -> None:
    from mmusset.speakers.stub.plan import PlannedFault, StubPlan

    faults = (PlannedFault(kind="no json"),) if asked.model.endswith("mad") else ()
    adapters = tuple(pair.partition("=")[0] for pair in asked.lora_modules)
    plan = StubPlan(model=asked.model, adapters=adapters, latency_s=0.01, faults=faults)
    deaf = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, deaf.set)
    await serve(plan, asked.port, deaf)


parser = argparse.ArgumentParser()
parser.add_argument("--model")
parser.add_argument("--port", type=int)
parser.add_argument("--lora-modules", nargs="*", default=[])
asked, _ = parser.parse_known_args()
# Engines that are busy take no notice of a SIGTERM.
deafness = "trap '' TERM;" if asked.model.endswith("stubborn") else ""
engine = subprocess.Popen(["sh", "-c", f"{deafness} exec sleep 1000"])
path = Path(os.environ["FAKE_VLLM"]) / "started.jsonl"
first = not path.exists()
with path.open("a") as file:
    told = {"words": sys.argv[1:], "server": os.getpid(), "engine": engine.pid}
    print(json.dumps(told), file=file)
if asked.model.endswith("broken") or (asked.model.endswith("frail") and not first):
    sys.exit("no CUDA-capable device is detected")
if asked.model.endswith("slow"):
    signal.pause()
asyncio.run(main(asked))
