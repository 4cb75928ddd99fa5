"""Answers in the ledger: each is a row before anything uses it, and what they cost."""

from mmusset.shards.durable import failpoint
from mmusset.speakers.base import Answer, Request, Voice

from .ledger import Cost, Ledger


class LedgerAnswers:
    """The answers of a ledger; `costs` has a running total for each agent."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self.costs = {cost.agent: cost for cost in ledger.costs()}

    def find(self, request_sha256: str) -> Answer | None:
        """The kept answer, if there is one."""
        kept = self._ledger.answer(request_sha256)
        return Answer.model_validate_json(kept) if kept is not None else None

    def keep(self, request_sha256: str, request: Request, voice: Voice, answer: Answer) -> None:
        """Keep an answer; it is on the disk when this returns."""
        brief = request.brief
        with self._ledger.transaction():
            self._ledger.keep_answer(
                request_sha256,
                brief.key,
                brief.agent,
                brief.round,
                voice.model,
                answer.model_dump_json(),
            )
        failpoint("reply_kept")
        new = Cost(
            brief.agent,
            1,
            answer.prompt_tokens,
            answer.cached_tokens,
            answer.completion_tokens,
            answer.seconds,
        )
        before = self.costs.get(brief.agent)
        self.costs[brief.agent] = before.plus(new) if before else new
