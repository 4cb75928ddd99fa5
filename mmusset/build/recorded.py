"""A speaker whose every reply is in the ledger before anything uses it."""

from mmusset.shards.durable import failpoint
from mmusset.speakers.base import Brief, R, Speaker, request_sha256

from .ledger import Ledger


class RecordedSpeaker:
    """Asks `speaker` only what the ledger holds no reply to."""

    def __init__(self, speaker: Speaker, ledger: Ledger) -> None:
        self.name = speaker.name
        self.model = speaker.model
        self._speaker = speaker
        self._ledger = ledger

    async def speak(self, brief: Brief, reply: type[R]) -> R:
        """The kept reply, or a new one, kept first."""
        request = request_sha256(brief, self.model, reply)
        kept = self._ledger.reply(request)
        if kept is not None:
            return reply.model_validate_json(kept)
        answer = await self._speaker.speak(brief, reply)
        with self._ledger.transaction():
            self._ledger.keep_reply(
                request, brief.key, brief.agent, brief.round, self.model, answer.model_dump_json()
            )
        failpoint("reply_kept")
        return answer
