"""What marks come to, when `build --apply-marks` applies them: a new version of the dataset.

    drop   an accepted sample leaves: rejected, "dropped by hand"
    keep   a sample that the model's judgement rejected comes back: accepted, "kept by hand".
           What a rule stands against is refused: a person can't outvote rules either
    fix    a sample with texts goes back to the agents, from the texts that it has, with the
           note as a fault that stands until a text has changed; it is accepted by the same
           critic as ever, or rejected, "not mended as asked" where nobody could
    none   a mark that was taken away: what the agents made of the sample holds again

Marks change verdicts, over what the agents made (`Applied.own`), so the last mark counts,
whatever was applied before. Only mending is not undone: later marks see the mended texts.
The blocks whose samples change are sealed anew, under new names.
"""

import hashlib
import json

from mmusset.files import failpoint
from mmusset.sample import PERSON, RULES, Outcome, Revision, Turn, Verdict

from .ledger.ledger import Ledger
from .ledger.marks import Applied, Mark


def apply_marks(ledger: Ledger) -> int:
    """Apply what people marked since the last time, all of it or nothing; gives how many marks.

    What is to be mended has no verdict then, and is decided as everything else is. The mark of
    an item that no agent has decided yet waits for the next time.
    """
    with ledger.transaction():
        done = sum(_apply(ledger, idx) for idx in ledger.marks.waiting())
        failpoint("marks_written")
    failpoint("marks_applied")
    return done


def revision(ledger: Ledger, idx: int) -> Revision | None:
    """What is to be mended of an item, if it is undecided because a person wants that."""
    applied = ledger.marks.applied(idx)
    if applied is None or applied.mark.verdict != "fix" or applied.refused:
        return None
    return Revision(before=applied.own, note=applied.mark.note)


def _apply(ledger: Ledger, idx: int) -> bool:
    """Apply the mark of one item; False where that has to wait."""
    mark, now = ledger.marks.of(idx), ledger.verdicts.outcome(idx)
    own = _own(now, ledger.marks.applied(idx))
    if own is None:
        return False
    refused = _refused(own, mark)
    wanted = own if refused else _wanted(own, mark)
    ledger.marks.set_applied(idx, Applied(mark, refused, own) if mark else None)
    if wanted != now:
        ledger.verdicts.replace(idx, wanted)
        if _is_accepted(now) or wanted is None or _is_accepted(wanted):
            ledger.shards.reopen(idx)
    return True


def _own(now: Outcome | None, before: Applied | None) -> Outcome | None:
    """What the agents made of an item. Where they mended it as a person asked, that."""
    if before is None:
        return now
    mended = before.mark.verdict == "fix" and not before.refused and _is_accepted(now)
    return now if mended else before.own


def _wanted(own: Outcome, mark: Mark | None) -> Outcome | None:
    """What becomes of an item under a mark that is not refused. None: it is to be mended."""
    if mark and mark.verdict == "fix":
        return None
    if mark and mark.verdict == "drop" and _is_accepted(own):
        verdict = Verdict(status="rejected", reason="dropped by hand", detail=mark.note)
        return own.model_copy(update={"verdict": verdict})
    if mark and mark.verdict == "keep" and not _is_accepted(own):
        verdict = Verdict(status="accepted", reason="kept by hand", detail=mark.note)
        return own.model_copy(update={"verdict": verdict, "turns": (*own.turns, _kept(own))})
    return own


def _refused(own: Outcome, mark: Mark | None) -> str:
    """Why a mark can't be honoured; "" if it can."""
    if mark is None or mark.verdict == "drop" or (mark.verdict == "keep" and _is_accepted(own)):
        return ""
    verdict = own.verdict
    if not own.caption or not own.story:
        return f"there are no texts; it {_FATES[verdict.status]}: {verdict.reason}"
    if mark.verdict == "keep" and own.turns[-1].speaker == RULES:
        return f"a rule stands against it: {verdict.reason}: {verdict.detail}"
    return ""


_FATES = {"accepted": "was accepted", "rejected": "was rejected", "failed": "failed"}


def _kept(own: Outcome) -> Turn:
    """The critic's turn in which a person had the last word; the note is not for readers."""
    assert own.caption and own.story
    said = json.dumps([own.caption.text, own.story.text])
    return Turn(
        agent="critic",
        round=own.turns[-1].round,
        speaker=PERSON,
        model=PERSON,
        prompt_sha256=own.turns[-1].prompt_sha256,
        request_sha256=hashlib.sha256(said.encode()).hexdigest(),
        said="",
        faults="",
    )


def _is_accepted(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.verdict.status == "accepted"
