"""`build --apply-marks`: people's marks change verdicts, which makes a new version of the dataset.

    drop   an accepted sample leaves: rejected, "dropped by hand"
    keep   a sample that the model's judgement rejected comes back: accepted, "kept by hand".
           It is refused where a rule rejected the sample: people can't overrule rules
    fix    the agents revise the sample's texts, with the note as a fault that stands until a
           text has changed; the same critic then accepts or rejects the sample ("not mended as
           asked" where no text was changed)
    words  a person's own caption or story takes the place of the agents': rules judge its claims
           and find no fault in it, and no model is asked about the sample any more
    none   a mark that was taken away: the agents' own verdict and texts hold again

A mark changes the agents' own outcome (`Applied.own`), so the last mark counts, whatever was
applied before. Only a fix is not undone: later marks apply to the revised texts. The blocks
whose samples change are sealed again, under new names.

Where all is decided again by other agents, marks wait to be applied once more, but a person's
words stay: the agents write what is left to write.
"""

import hashlib
import json

from mmusset.files import failpoint
from mmusset.sample import Outcome, Revision, Verdict
from mmusset.sample_parts.turns import PERSON, RULES, Turn

from .ledger.ledger import Ledger
from .ledger.marks import Applied, Mark


def apply_marks(ledger: Ledger) -> int:
    """Apply the marks set since the last time, all of them or none; returns how many.

    A sample to fix, or with a person's words, is then undecided, and the build decides it as any
    other. The mark of an item that is still undecided waits until it is decided.
    """
    with ledger.transaction():
        done = sum(apply_mark(ledger, idx) for idx in ledger.marks.waiting())
        failpoint("marks_written")
    failpoint("marks_applied")
    return done


def revision(ledger: Ledger, idx: int) -> Revision | None:
    """What to revise in an item, if it is undecided because of a person's mark."""
    applied = ledger.marks.applied(idx)
    if applied is None or applied.refused or not _revises(applied.mark):
        return None
    mark = applied.mark
    note = mark.note if mark.verdict == "fix" and applied.own else ""
    return Revision(before=applied.own, note=note, caption=mark.caption, story=mark.story)


def apply_mark(ledger: Ledger, idx: int) -> bool:
    """Apply the mark of one item; False where that has to wait. Nothing here commits."""
    mark, before = ledger.marks.of(idx), ledger.verdicts.outcome(idx)
    last = ledger.marks.applied(idx)
    if last and last.own is None:
        applied, after = _applied_anew(before, mark)
    else:
        own = _own(before, last)
        if own is None:
            return False
        refused = _refused(own, mark, ledger.media.prepared(idx) is not None)
        applied = Applied(mark, refused, own) if mark else None
        after = own if refused else _outcome_under(own, mark)
    ledger.marks.set_applied(idx, applied)
    if after != before:
        ledger.verdicts.replace(idx, after)
        if _is_accepted(before) or after is None or _is_accepted(after):
            ledger.shards.reopen(idx)
    return True


def _applied_anew(
    before: Outcome | None, mark: Mark | None
) -> tuple[Applied | None, Outcome | None]:
    """How a mark is applied where the agents' own outcome is not known: they decide the item again,
    but for what a person wrote. Without any words, the mark waits for that."""
    applied = Applied(mark, "", None) if mark and mark.has_words else None
    if before and applied and applied.mark.verdict == "drop":
        return applied, _outcome_under(before, mark)
    return applied, None


def _own(now: Outcome | None, last: Applied | None) -> Outcome | None:
    """The agents' own outcome of an item, with the texts as revised where a fix was accepted."""
    if last is None:
        return now
    revised = last.mark.verdict == "fix" and not last.refused and _is_accepted(now)
    return _as_agents_wrote(now, last) if now and revised else last.own


def _as_agents_wrote(now: Outcome, last: Applied) -> Outcome:
    """A fixed outcome without the words of the person who had it fixed."""
    assert last.own
    caption = last.own.caption if last.mark.caption else now.caption
    story = last.own.story if last.mark.story else now.story
    return now.model_copy(update={"caption": caption, "story": story})


def _revises(mark: Mark) -> bool:
    """Whether a sample under this mark has other texts than the agents gave it."""
    return mark.verdict == "fix" or (mark.has_words and mark.verdict != "drop")


def _outcome_under(own: Outcome, mark: Mark | None) -> Outcome | None:
    """The outcome of an item under a mark that is not refused; None: undecided, to be revised."""
    if mark and _revises(mark):
        return None
    if mark and mark.verdict == "drop" and _is_accepted(own):
        verdict = Verdict(status="rejected", reason="dropped by hand", detail=mark.note)
        return own.model_copy(update={"verdict": verdict})
    if mark and mark.verdict == "keep" and not _is_accepted(own):
        verdict = Verdict(status="accepted", reason="kept by hand", detail=mark.note)
        return own.model_copy(update={"verdict": verdict, "turns": (*own.turns, _kept(own))})
    return own


def _refused(own: Outcome, mark: Mark | None, is_measured: bool) -> str:
    """Why a mark can't be honoured; "" if it can."""
    if mark is None or mark.verdict == "drop":
        return ""
    if mark.verdict == "keep" and not mark.has_words and _is_accepted(own):
        return ""
    verdict = own.verdict
    if not is_measured or not (mark.caption or own.caption) or not (mark.story or own.story):
        return f"there are no texts; it {_FATES[verdict.status]}: {verdict.reason}"
    if mark.verdict == "keep" and not mark.has_words and own.turns[-1].speaker == RULES:
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
