"""`build --apply-marks`: people's marks change verdicts, which makes a new version of the dataset.

    drop   an accepted sample leaves: rejected, "dropped by hand"
    keep   a sample that the model's judgement rejected comes back: accepted, "kept by hand".
           It is refused where a rule rejected the sample: people can't overrule rules
    fix    the agents revise the sample's texts, with the note as a fault that stands until a
           text has changed; the same critic then accepts or rejects the sample ("not mended as
           asked" where no text was changed)
    none   a mark that was taken away: the agents' own verdict holds again

A mark changes the agents' own outcome (`Applied.own`), so the last mark counts, whatever was
applied before. Only a fix is not undone: later marks apply to the revised texts. The blocks
whose samples change are sealed again, under new names.
"""

import hashlib
import json

from mmusset.files import failpoint
from mmusset.sample import PERSON, RULES, Outcome, Revision, Turn, Verdict

from .ledger.ledger import Ledger
from .ledger.marks import Applied, Mark


def apply_marks(ledger: Ledger) -> int:
    """Apply the marks set since the last time, all of them or none; returns how many.

    A sample to fix is then undecided, and the build decides it as any other. The mark of an item
    that is still undecided waits for the next time.
    """
    with ledger.transaction():
        done = sum(_apply(ledger, idx) for idx in ledger.marks.waiting())
        failpoint("marks_written")
    failpoint("marks_applied")
    return done


def revision(ledger: Ledger, idx: int) -> Revision | None:
    """What to revise in an item, if it is undecided because a person marked it `fix`."""
    applied = ledger.marks.applied(idx)
    if applied is None or applied.mark.verdict != "fix" or applied.refused:
        return None
    return Revision(before=applied.own, note=applied.mark.note)


def _apply(ledger: Ledger, idx: int) -> bool:
    """Apply the mark of one item; False where that has to wait."""
    mark, before = ledger.marks.of(idx), ledger.verdicts.outcome(idx)
    own = _own(before, ledger.marks.applied(idx))
    if own is None:
        return False
    refused = _refused(own, mark)
    after = own if refused else _outcome_under(own, mark)
    ledger.marks.set_applied(idx, Applied(mark, refused, own) if mark else None)
    if after != before:
        ledger.verdicts.replace(idx, after)
        if _is_accepted(before) or after is None or _is_accepted(after):
            ledger.shards.reopen(idx)
    return True


def _own(now: Outcome | None, last: Applied | None) -> Outcome | None:
    """The agents' own outcome of an item, with the texts as revised where a fix was accepted."""
    if last is None:
        return now
    revised = last.mark.verdict == "fix" and not last.refused and _is_accepted(now)
    return now if revised else last.own


def _outcome_under(own: Outcome, mark: Mark | None) -> Outcome | None:
    """The outcome of an item under a mark that is not refused; None: undecided, to be revised."""
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
    texts = json.dumps([own.caption.text, own.story.text])
    return Turn(
        agent="critic",
        round=own.turns[-1].round,
        speaker=PERSON,
        model=PERSON,
        prompt_sha256=own.turns[-1].prompt_sha256,
        request_sha256=hashlib.sha256(texts.encode()).hexdigest(),
        said="",
        faults="",
    )


def _is_accepted(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.verdict.status == "accepted"
