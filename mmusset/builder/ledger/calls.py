"""The part of a ledger that holds replies: what was asked of a speaker, what came back, and what
it has cost."""

import json
import sqlite3
from dataclasses import dataclass

from mmusset.builder.accounting import Cost
from mmusset.speakers.base import Reply

from .schema import read_meta, set_meta

_STRIKES = "strikes"


@dataclass(frozen=True, slots=True)
class Call:
    """Who was asked, and about which item. `round` counts an agent's turns on it, from 0."""

    key: str
    agent: str
    round: int
    model: str


class LedgerCalls:
    """The calls of one open ledger. Nothing here commits by itself."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def find(self, request_sha256: str) -> Reply | None:
        """The reply to the request of this hash, if there was one."""
        row = self._db.execute(
            "SELECT reply FROM sound_call WHERE request = ?", (request_sha256,)
        ).fetchone()
        return Reply.model_validate_json(row[0]) if row else None

    def keep(self, request_sha256: str, call: Call, reply: Reply) -> None:
        """Keep the reply to a request."""
        self._db.execute(
            "INSERT OR REPLACE INTO call (request, key, agent, round, model, reply)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                *(request_sha256, call.key, call.agent, call.round, call.model),
                reply.model_dump_json(),
            ),
        )

    def costs(self) -> list[Cost]:
        """What each agent's replies have cost."""
        names = ("prompt_tokens", "cached_tokens", "completion_tokens", "seconds")
        sums = ", ".join(f"SUM(json_extract(reply, '$.{name}'))" for name in names)
        rows = self._db.execute(
            f"SELECT agent, COUNT(*), {sums} FROM call GROUP BY agent ORDER BY agent"
        )
        return [Cost(*row) for row in rows]

    def strikes(self) -> dict[str, int]:
        """How often the calls on each item were lost with their server (`Speaker.strikes`)."""
        strikes: dict[str, int] = json.loads(read_meta(self._db, _STRIKES) or "{}")
        return strikes

    def keep_strikes(self, strikes: dict[str, int]) -> None:
        """Keep the strikes for the next run."""
        set_meta(self._db, {_STRIKES: json.dumps(strikes)})
