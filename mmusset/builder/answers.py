"""Answers in the ledger: each is a row before anything uses it, and what they cost."""

import asyncio
from dataclasses import dataclass

from mmusset.errors import MmussetError
from mmusset.files import failpoint
from mmusset.speakers.base import ModelId, Reply, Request

from .accounting import Cost
from .ledger.calls import Call
from .ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class _Keeping:
    """An answer on its way to the disk, and who waits for it to be there."""

    request_sha256: str
    request: Request
    model: ModelId
    answer: Reply
    kept: asyncio.Future[None]


class LedgerAnswers:
    """The answers of a ledger; `costs` has a running total for each agent.

    Answers that come in the same turn of the event loop share a commit: a busy server
    sends hundreds a second, and each commit waits for the disk.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._batch: list[_Keeping] = []
        self.costs = {cost.agent: cost for cost in ledger.calls.costs()}

    def find(self, request_sha256: str) -> Reply | None:
        """The kept answer, if there is one."""
        return self._ledger.calls.find(request_sha256)

    async def keep(
        self, request_sha256: str, request: Request, model: ModelId, reply: Reply
    ) -> None:
        """Keep an answer; it is on the disk when this returns."""
        loop = asyncio.get_running_loop()
        if not self._batch:
            loop.call_soon(self._commit)
        kept = loop.create_future()
        self._batch.append(_Keeping(request_sha256, request, model, reply, kept))
        await kept

    def _commit(self) -> None:
        batch, self._batch = self._batch, []
        try:
            with self._ledger.transaction():
                for one in batch:
                    brief = one.request.brief
                    draft, name = brief.draft, brief.agent.name
                    call = Call(brief.material.key, name, draft.round, one.model.name)
                    self._ledger.calls.keep(one.request_sha256, call, one.answer)
        except MmussetError as error:
            for one in batch:
                if not one.kept.done():
                    one.kept.set_exception(error)
            return
        failpoint("reply_kept")
        for one in batch:
            self._count(one.request.brief.agent.name, one.answer)
            if not one.kept.done():
                one.kept.set_result(None)

    def _count(self, agent: str, answer: Reply) -> None:
        new = Cost(
            agent,
            1,
            answer.prompt_tokens,
            answer.cached_tokens,
            answer.completion_tokens,
            answer.seconds,
        )
        before = self.costs.get(agent)
        self.costs[agent] = before.plus(new) if before else new
