"""Captions out of claims: which are said, in which sentences, and how they are joined."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from mmusset.errors import Unusable
from mmusset.measurements.declaration import Measurement
from mmusset.measurements.key import KEY
from mmusset.measurements.listed import MEASUREMENTS, named
from mmusset.measurements.mode import MODE
from mmusset.measurements.phrases import Form
from mmusset.sample import Claim
from mmusset.text import word_count

from . import spoken_values
from .caption_plans import (
    FOLLOWING,
    HEADS,
    LATER_SUBJECTS,
    LINKS,
    OPENING,
    SUBJECTS,
    CaptionPlan,
    Slot,
    plans,
)
from .wording import VerbForm, conjugate, expand, finish, listed, pick, shuffled

SENTENCE_SIZES = (1, 2, 2, 3, 3, 3, 4, 4)  # claims in a sentence
LEAST_WORDS = 8
MOST_SAID = 8  # of the claims; more would make a list of it
TRIES = 3  # wordings of a slot, of which the one that repeats least is taken
ASIDE_SHARE = 0.2  # of captions that may compare, those that do
TIMED_SHARE = 0.08  # of captions, those that tell the clip's length

FORMS: dict[str, Form] = {
    "A": "adjective",
    "P": "predicate",
    "N": "noun",
    "H": "noun",
    "V": "verb",
    "G": "verb",
    "C": "clause",
    "D": "adverbial",
}
VERB_FORMS: dict[str, VerbForm] = {"V": "third", "G": "gerund"}

_COMMON = frozenset({"a", "an", "the", "of", "is", "are", "and", "to", "it", "its", "in", "at"})
_WORD = re.compile(r"[\w'-]+")
_NAME = re.compile(r"\$(?:head|subject|its|it)\b")


@dataclass(frozen=True, slots=True)
class Unit:
    """Something to be said: a claim, or a comparison of two (`measurement` None)."""

    measurement: Measurement[Any] | None
    value: str
    pole: int
    forms: dict[Form, str]


@dataclass(slots=True)
class CaptionDraft:
    """A caption being written: its noun for the clip, "ten-second " or "", the words used."""

    random: Random
    head: str
    length: str
    used: set[str]
    first: bool = True


def write(sayable: Sequence[Claim], duration_s: float, random: Random) -> str:
    """A caption of 8 to 80 words that says some of the claims, and nothing else.

    Of more than four, one or two may be left out, and all past the eighth are; of key and
    mode one is. Raises Unusable where the grammar has words for none of them.
    """
    units = [unit for claim in sayable if (unit := _unit(claim))]
    if not units:
        raise Unusable("nothing measurable to say", "no measured value is certain enough")
    while True:
        draft = CaptionDraft(random, expand(HEADS, random), _length(duration_s, random), set())
        chosen = shuffled(_chosen(units, random), random)
        sentences = [_sentence(draft, group) for group in _groups(chosen, random)]
        text = finish(". ".join(sentences) + ".")
        if word_count(text) >= LEAST_WORDS:
            return text


def _chosen(units: list[Unit], random: Random) -> list[Unit]:
    """Some of the units: never key and mode both, at times a comparison more."""
    rest = shuffled(units, random)
    if {KEY, MODE} <= {unit.measurement for unit in rest}:
        left_out = pick((KEY, MODE, MODE), random)
        rest = [unit for unit in rest if unit.measurement is not left_out]
    most = min(len(rest), MOST_SAID)
    least = min(most, max(4, len(rest) - 2))
    chosen = rest[: least + int(random.random() * (most - least + 1))]
    comparisons = list(_comparisons(units))
    if comparisons and len(chosen) > 2 and random.random() < ASIDE_SHARE:
        chosen[-1] = pick(comparisons, random)
    return chosen


def _groups(units: list[Unit], random: Random) -> Iterator[list[Unit]]:
    """The units of each sentence: one to four, fewer where more sentences follow."""
    while units:
        size = min(len(units), 4 if len(units) > 6 else pick(SENTENCE_SIZES, random))
        yield units[:size]
        units = units[size:]


def _sentence(draft: CaptionDraft, units: list[Unit]) -> str:
    options = plans(OPENING if draft.first else FOLLOWING)[len(units)]
    comparisons_first = sorted(units, key=lambda unit: unit.measurement is not None)
    slots = None
    while slots is None:
        plan = pick(options, draft.random)
        slots = _filled(plan, comparisons_first)
    parts = [expand(part, draft.random) if isinstance(part, str) else part for part in plan.parts]
    draft.used |= _content(" ".join(part for part in parts if isinstance(part, str)))
    texts = "".join(
        part if isinstance(part, str) else _worded(draft, part, slots[part]) for part in parts
    )
    if texts.startswith("$it "):
        texts = expand(LINKS, draft.random) + texts
    text = _named(draft, texts)
    draft.first = False
    return text


def _filled(plan: CaptionPlan, units: list[Unit]) -> dict[Slot, list[Unit]] | None:
    """The units of each slot; None where a unit has not the form that is left for it."""
    left = list(units)
    filled = {}
    for slot in plan.slots:
        fitting = [unit for unit in left if _fits(unit, slot)][: slot.count]
        if len(fitting) < slot.count:
            return None
        left = [unit for unit in left if unit not in fitting]
        filled[slot] = fitting
    return filled


def _fits(unit: Unit, slot: Slot) -> bool:
    if slot.letter == "H" and unit.measurement and not unit.measurement.alone:
        return False
    return FORMS[slot.letter] in unit.forms


def _worded(draft: CaptionDraft, slot: Slot, units: list[Unit]) -> str:
    """A slot's units in words, joined as its form asks."""
    units = sorted(units, key=lambda unit: _place(slot, unit))
    texts = [_freshest(draft, unit, FORMS[slot.letter]) for unit in units]
    if slot.letter in VERB_FORMS:
        texts = [conjugate(text, VERB_FORMS[slot.letter]) for text in texts]
    if len(units) == 1:
        return texts[0]
    apart = len(units) == 2 and units[0].pole * units[1].pole < 0
    if slot.letter == "A":
        return _adjectives(texts, units, apart, draft.random)
    if slot.letter == "C":
        return _clauses(texts, apart, draft.random)
    if apart and slot.letter not in "NH":
        return f"{texts[0]} {pick(('but', 'but', 'yet'), draft.random)} {texts[1]}"
    return listed(texts)


def _place(slot: Slot, unit: Unit) -> int:
    """Where a unit stands in its slot: kinds next to the noun, comparisons last."""
    if unit.measurement is None:
        return 9
    if slot.letter == "A" and unit.measurement and unit.measurement.kind:
        return 1 + MEASUREMENTS.index(unit.measurement)
    return 0


def _is_kind(unit: Unit) -> bool:
    return unit.measurement is not None and unit.measurement.kind


def _adjectives(texts: list[str], units: list[Unit], apart: bool, random: Random) -> str:
    plain = [text for text, unit in zip(texts, units, strict=True) if not _is_kind(unit)]
    if apart:
        return f"{texts[0]} {pick(('but', 'yet'), random)} {texts[1]}"
    joined = pick((", ", ", ", " and "), random).join(plain) if len(plain) < 3 else ", ".join(plain)
    return " ".join(filter(None, [joined, *texts[len(plain) :]]))


def _clauses(texts: list[str], apart: bool, random: Random) -> str:
    if len(texts) > 2:
        return listed(texts, pick((", and", ", and", " and"), random))
    if apart:
        return pick((", but ", ", yet ", "; still, "), random).join(texts)
    return pick((", and ", ", and ", " and ", " while ", "; "), random).join(texts)


def _freshest(draft: CaptionDraft, unit: Unit, form: Form) -> str:
    """The wording that repeats fewest words of the caption so far."""
    wordings = [expand(unit.forms[form], draft.random) for _ in range(TRIES)]
    chosen = min(wordings, key=lambda wording: len(_content(wording) & draft.used))
    draft.used |= _content(chosen)
    return _valued(chosen, unit.value, draft.random)


def _valued(text: str, value: str, random: Random) -> str:
    for placeholder, spell in spoken_values.SPELT_OUT.items():
        if placeholder in text:
            text = text.replace(placeholder, spell(value, random))
    return text.replace("$value", value)


def _named(draft: CaptionDraft, text: str) -> str:
    """The text with each `$name` replaced: by a noun first, then by a pronoun."""
    named = False

    def name(match: re.Match[str]) -> str:
        nonlocal named
        if match[0] == "$head":
            return (draft.length if draft.first else "") + draft.head
        if match[0] == "$its":
            return "the" if draft.first else pick(("the", "its", "its"), draft.random)
        if named:
            return "it"
        named = True
        words = SUBJECTS if draft.first or match[0] == "$subject" else LATER_SUBJECTS
        return expand(words, draft.random).replace("$head", draft.head)

    return _NAME.sub(name, text)


def _length(duration_s: float, random: Random) -> str:
    """The clip's length ahead of its noun, at times: "ten-second "."""
    seconds = round(duration_s)
    is_timed = 2 <= seconds < 100 and random.random() < TIMED_SHARE
    return f"{spoken_values.in_words(seconds)}-second " if is_timed else ""


def _content(text: str) -> set[str]:
    return set(_WORD.findall(text)) - _COMMON


def _comparisons(units: list[Unit]) -> Iterator[Unit]:
    """What is true of two units at once: "busier than it is loud"."""
    for high in units:
        for low in units:
            of_high = high.measurement.comparative if high.measurement else None
            of_low = low.measurement.comparative if low.measurement else None
            if high.pole > 0 and low.pole < 0 and of_high and of_low:
                more, much = of_high
                _, less = of_low
                pattern = f"{{{more} than it is {less}|more {much} than {less}}}"
                yield Unit(None, "", 0, {"predicate": pattern})


def _unit(claim: Claim) -> Unit | None:
    measurement = named(claim.attribute)
    if measurement is None:
        return None
    phrases = measurement.phrases.get(claim.value) or measurement.phrases.get("")
    if phrases is None:
        return None
    return Unit(measurement, claim.value, measurement.pole(claim.value), phrases.forms())
