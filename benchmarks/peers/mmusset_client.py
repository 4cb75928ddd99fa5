"""mmusset: the agents, rules, ledger and client of a build, and the loop around them, with media
that were measured before.

Its critic objects to every second sample or so, which takes 5 calls, as the others take 3.
"""

import asyncio
import pickle
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from mmusset import recipe_file
from mmusset.agents import AGENTS
from mmusset.agents.graph import Annotate, build_graph
from mmusset.builder.ledger.file import open_to_write
from mmusset.builder.ledger.ledger import Ledger
from mmusset.builder.process import calm_the_collector, use_one_malloc_arena
from mmusset.builder.reply_store import LedgerReplies
from mmusset.recipe import Recipe
from mmusset.sample import Material
from mmusset.sample_parts.piece import Item
from mmusset.speakers.asking import Asker
from mmusset.speakers.vllm.speaker import VllmSpeaker


@dataclass(frozen=True)
class Given:
    """What the agents are given of each piece, and an item that all are planned like."""

    item: Item
    materials: list[Material]


async def decide_all(
    ledger: Ledger, asker: Asker, annotate: Annotate, given: Given, at_once: int
) -> None:
    """Give each undecided item its verdict, as a build's loop does."""
    last = 0

    async def work() -> None:
        nonlocal last
        while planned := ledger.verdicts.next_undecided(last):
            last = planned.idx
            piece = given.materials[planned.idx % len(given.materials)]
            outcome = await annotate(replace(piece, key=planned.item.key))
            with ledger.quick_transaction():
                ledger.media.keep_heard(planned.idx, outcome.heard)
                ledger.verdicts.decide(planned.idx, outcome)
            await ledger.on_disk()
            asker.left -= 1

    await asyncio.gather(*(work() for _ in range(at_once)))


async def main(folder: Path, samples: int, url: str, out: Path) -> None:
    given: Given = pickle.loads((folder / "given.pickle").read_bytes())
    recipe = recipe_file.load(Recipe, "vllm", (f"server.url={url}",), AGENTS)
    ledger = open_to_write(out)
    if not ledger.plan.blocks():
        with ledger.transaction():
            items = [replace(given.item, key=f"k{n}") for n in range(samples)]
            ledger.plan.add_block("train", items, provisional=False)
    async with VllmSpeaker(recipe.speaker, recipe.server) as speaker:
        asker = Asker(speaker, LedgerReplies(ledger))
        asker.left = ledger.verdicts.undecided_count()
        annotate = build_graph(asker, recipe, AGENTS)
        calm_the_collector()
        use_one_malloc_arena()
        await decide_all(
            ledger, asker, annotate, given, 2 * recipe.limits.workers + speaker.in_flight
        )
    calls = sum(cost.calls for cost in ledger.calls.costs())
    out.with_suffix(".calls").write_text(str(calls))
    ledger.close()


if __name__ == "__main__":
    words = sys.argv[1:]
    asyncio.run(main(Path(words[0]), int(words[1]), words[2], Path(words[3])))
