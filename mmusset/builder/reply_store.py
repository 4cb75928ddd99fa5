"""Replies in the ledger: each is a row before anything uses it."""

import asyncio
from dataclasses import dataclass

from mmusset.errors import MmussetError
from mmusset.files import failpoint
from mmusset.speakers.base import ModelId, Reply, Request

from .accounting import Cost
from .ledger.calls import Call
from .ledger.ledger import Ledger


@dataclass(frozen=True, slots=True)
class _Pending:
    """A reply that is about to be committed; `committed` is done when it is."""

    request_sha256: str
    call: Call
    reply: Reply
    committed: asyncio.Future[None]


class LedgerReplies:
    """The replies of a ledger; `costs` has a running total for each agent.

    Replies that arrive in the same turn of the event loop share a commit, and what is committed
    while the disk is busy shares the next wait for it (a group commit): a busy server sends
    hundreds a second.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._batch: list[_Pending] = []
        self.costs = {cost.agent: cost for cost in ledger.calls.costs()}

    def find(self, request_sha256: str) -> Reply | None:
        """The reply to an earlier request of this hash, if there was one."""
        return self._ledger.calls.find(request_sha256)

    async def keep(
        self, request_sha256: str, request: Request, model: ModelId, reply: Reply
    ) -> None:
        """Keep a reply; it is on the disk when this returns. Raises MmussetError."""
        loop = asyncio.get_running_loop()
        if not self._batch:
            loop.call_soon(self._commit)
        committed = loop.create_future()
        self._batch.append(_Pending(request_sha256, _call(request, model), reply, committed))
        await committed
        await self._ledger.on_disk()

    def _commit(self) -> None:
        batch, self._batch = self._batch, []
        try:
            with self._ledger.quick_transaction():
                for pending in batch:
                    self._ledger.calls.keep(pending.request_sha256, pending.call, pending.reply)
        except MmussetError as error:
            for pending in batch:
                if not pending.committed.done():  # who waited may be cancelled
                    pending.committed.set_exception(error)
            return
        failpoint("reply_kept")
        for pending in batch:
            self._count(pending.call.agent, pending.reply)
            if not pending.committed.done():
                pending.committed.set_result(None)

    def _count(self, agent: str, reply: Reply) -> None:
        new = Cost(
            agent,
            1,
            reply.prompt_tokens,
            reply.cached_tokens,
            reply.completion_tokens,
            reply.seconds,
        )
        before = self.costs.get(agent)
        self.costs[agent] = before.plus(new) if before else new


def _call(request: Request, model: ModelId) -> Call:
    brief = request.brief
    return Call(brief.material.key, brief.agent.name, brief.draft.round, model.name)
