"""Mending by the grammar: what no fault quotes stays word for word."""

import re
from random import Random

from mmusset.sample_parts.claims import Claim
from mmusset.sample_parts.turns import Fault
from mmusset.speakers.agent import Notes
from mmusset.text import sentences, within, word_count
from mmusset.truth.extract import extract

from . import caption_grammar, story_grammar

OTHER_STORIES = 16  # that are written at most, to fill one up or to have another


def caption(notes: Notes, random: Random) -> str:
    """The caption without the sentences at fault; one is added for what else these claimed and may
    be said, or where too little is left. "" where no fault is in it.
    """
    faults = [fault for fault in notes.draft.faults if fault.where == "caption"]
    if not faults:
        return ""
    rest = _without(notes.draft.caption, faults)
    if lost := _lost(notes, rest, faults):
        rest = f"{rest} {caption_grammar.write(lost, random)}".strip()
    if word_count(rest) >= caption_grammar.LEAST_WORDS:
        return rest
    added = caption_grammar.write(notes.sayable, random)
    return f"{rest} {added}".strip()


def _lost(notes: Notes, rest: str, faults: list[Fault]) -> list[Claim]:
    """What may be said and the caption said, but `rest` does not, and no fault quotes."""
    said = {
        (claim.attribute, claim.value)
        for claim in extract(notes.draft.caption)
        if not any(claim.text in fault.quote or fault.quote in claim.text for fault in faults)
    }
    said -= {(claim.attribute, claim.value) for claim in extract(rest)}
    return [claim for claim in notes.sayable if (claim.attribute, claim.value) in said]


def story(notes: Notes, random: Random) -> str:
    """The story without the sentences at fault, and no longer than it may be.

    A fault of length quotes the whole story, of which all that fits is rest. Where too little of
    it is left, sentences of another story come after it. "" where no fault is in it.
    """
    faults = [fault for fault in notes.draft.faults if fault.where == "story"]
    if not faults:
        return ""
    named = [fault for fault in faults if fault.rule != "length"]
    rest = _without(notes.draft.story, named)
    rest = within(rest, notes.story_words[1])
    if word_count(rest) > notes.story_words[1] or not rest:
        return _another(notes, random)
    return _filled_up(rest, notes, named, random)


def _another(notes: Notes, random: Random) -> str:
    """Another story than the one at fault; the same only where a picture gives no other."""
    for _ in range(OTHER_STORIES):
        other = story_grammar.write(notes.image, "", random, notes.story_words)
        if other != notes.draft.story:
            break
    return other


def _filled_up(rest: str, notes: Notes, faults: list[Fault], random: Random) -> str:
    """A story that is long enough: what others that tell of the picture say, and no fault names."""
    for _ in range(OTHER_STORIES):
        for sentence in sentences(story_grammar.write(notes.image, "", random)):
            if word_count(rest) >= notes.story_words[0]:
                return rest
            is_new = _statement(sentence) not in _statement(rest)
            if is_new and not any(_touches(sentence, f.quote) for f in faults):
                rest = f"{rest} {sentence.strip()}"
    return rest


def _statement(text: str) -> str:
    """A text with the picture as "it", whatever a story calls it."""
    return re.sub(r"\bthe (picture|image)\b", "it", text.strip().casefold())


def _without(text: str, faults: list[Fault]) -> str:
    """The text less each sentence that holds a fault's quote, or is a part of it."""
    pieces = sentences(text)
    rest = [s for s in pieces if not any(_touches(s, fault.quote) for fault in faults)]
    return "".join(rest).strip() if len(rest) < len(pieces) else text


def _touches(sentence: str, quote: str) -> bool:
    return quote in sentence or sentence.strip() in quote
