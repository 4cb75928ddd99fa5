"""What a person wants fixed, as faults: they stand until the text that they are about has changed.

Only the reconciler gets to read the person's note: a critic's turn, which becomes part of a
published sample, names the fault without it.
"""

import re
from typing import Literal

from mmusset.sample import Outcome, Revision
from mmusset.sample_parts.texts import GIVEN
from mmusset.sample_parts.turns import Fault

NOT_MENDED = "not mended as asked"
_QUOTED = re.compile(r'"([^"]+)"|\u201c([^\u201d]+)\u201d')


def unmended(revision: Revision, caption: str, story: str) -> list[Fault]:
    """The faults that a note names, as long as every text that they are in is unchanged.

    Those in a given text count only where the note finds fault with nothing else.
    """
    before, was = revision.before, dict[str, str]()
    # A person's own words are nobody's to mend.
    if before and before.caption and not revision.caption:
        was["caption"] = before.caption.text
    if before and before.story and not revision.story:
        was["story"] = before.story.text
    named = faults_of(revision.note, was.get("caption", ""), was.get("story", ""))
    faults = [fault for fault in named if fault.where in was]
    given = _given(before) & was.keys()
    faults = [f for f in faults if f.where not in given] or [_never_changed(f) for f in faults]
    now = {"caption": caption, "story": story}
    return faults if all(now[f.where] == was[f.where] for f in faults) else []


def faults_of(note: str, caption: str, story: str) -> list[Fault]:
    """A note as faults: at the words that it quotes from a text; else in the whole text that it
    names, caption or story; else in both texts."""
    quotes = ["".join(words) for words in _QUOTED.findall(note)]
    at_words = [
        *(_fault("caption", quote, note) for quote in quotes if quote in caption),
        *(_fault("story", quote, note) for quote in quotes if quote in story),
    ]
    if at_words:
        return at_words
    in_all = [_fault("caption", caption, note), _fault("story", story, note)]
    return [fault for fault in in_all if _names(note, fault.where)] or in_all


def _given(before: Outcome | None) -> set[str]:
    """The texts that are the source's own."""
    texts = {"caption": before.caption, "story": before.story} if before else {}
    return {where for where, text in texts.items() if text and text.writer == GIVEN}


def _never_changed(fault: Fault) -> Fault:
    why = f"{fault.why}, but a given {fault.where} is never changed: change its file"
    return fault.model_copy(update={"why": why})


def _names(note: str, where: str) -> bool:
    return re.search(rf"\b{where}\b", note, re.IGNORECASE) is not None


def _fault(where: Literal["caption", "story"], quote: str, note: str) -> Fault:
    return Fault(where=where, rule=NOT_MENDED, quote=quote, why="a person asks for it", mend=note)
