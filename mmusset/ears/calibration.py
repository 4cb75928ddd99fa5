"""An ear's calibration card: what its labels are worth, counted on clips whose truth is known.

`mmusset ears calibrate NAME FOLDER` makes it, from clips in a folder with a table of what is in
them. It is a folder itself: `card.json`, and a few of the clips, by which a server is known again
before a build trusts it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Annotated

from pydantic import Field

from mmusset.bounded import MOST_TEXT, read_bounded
from mmusset.errors import UsageError
from mmusset.frozen import Frozen, Share
from mmusset.intervals import wilson

from .base_rates import base_rate
from .card_folder import card_in
from .declaration import Ear, Label, Step
from .sounds import sha256_of
from .worth import LabelWorth

HEARD = 1.0  # the score of a label that a listener names
UNSURE = 0.5  # and of one that it will not say anything of
LEAST_GATE = 0.001  # what scores 0 is not heard

Gates = Mapping[str, float]  # by the label's name, the score from which on it is heard
NO_GATES: Gates = MappingProxyType({})  # of a listener: what it names


@dataclass(frozen=True, slots=True)
class KnownClip:
    """A clip whose truth is known, and what an ear made of it.

    `there` are the labels of what is in it, `absent` those of what is not; nobody knows of others.
    """

    sha256: str
    there: frozenset[str]
    absent: frozenset[str]
    scores: Mapping[str, float]

    def heard(self, gates: Gates = NO_GATES) -> frozenset[str]:
        """The labels that score as much as their gate, or `HEARD` where they have none."""
        return frozenset(
            name for name, score in self.scores.items() if score >= gates.get(name, HEARD)
        )

    def agreement(self, gates: Gates = NO_GATES) -> float:
        """How far what was heard is what is there."""
        return agreement(self.heard(gates), self.there, self.absent)


class ProbeClip(Frozen):
    """A clip that is kept with the card: its file, the labels of what is in it and of what is not,
    and what was heard in it then."""

    file: Annotated[str, Field(pattern=r"^[0-9a-f]{64}\.wav$")]
    there: Annotated[tuple[str, ...], Field(min_length=1)]
    absent: tuple[str, ...]
    heard: tuple[str, ...]


class CalibrationCard(Frozen):
    """What an ear is worth. `right` is how far its answers agree with what is in the clip that it
    heard, `wrong` with what is in another."""

    ear: str
    model: str
    made_on: str  # a sentence, for the dataset's card
    clips: int
    right: Share
    wrong: Share
    labels: tuple[LabelWorth, ...]
    probes: tuple[ProbeClip, ...] = ()


def card_of(ear: Ear, model: str, made_on: str, clips: Sequence[KnownClip]) -> CalibrationCard:
    """The card of an ear by what it made of clips whose truth is known.

    A listener says of each label yes (1), no (0) or nothing (`UNSURE`); of one that gives degrees,
    each label has a gate of its own. Raises UsageError where it agrees with the wrong clip as much
    as with the right one.
    """
    count = worth_of if ear.says_plainly else worth_by_degrees
    labels = tuple(count(label.name, clips) for label in ear.labels)
    right, wrong = agreements(clips, {worth.label: worth.gate for worth in labels})
    if right <= wrong:
        raise UsageError(
            f"{model} does not hear: its answers agree with the clip that it was sent by"
            f" {right:.2f}, and with another clip by {wrong:.2f}; no card is made of it"
        )
    return CalibrationCard(
        ear=ear.name,
        model=model,
        made_on=made_on,
        clips=len(clips),
        right=round(right, 3),
        wrong=round(wrong, 3),
        labels=labels,
    )


def worth_by_degrees(label: str, clips: Iterable[KnownClip]) -> LabelWorth:
    """What a label is worth from the score on that tells best.

    That score is chosen on every other clip, and what it is worth is counted on the rest: where
    it was chosen, any label looks better than it is.
    """
    ordered = sorted(clips, key=lambda clip: clip.sha256)
    there = [clip for clip in ordered if label in clip.there]
    absent = [clip for clip in ordered if label in clip.absent]
    gate = best_gate(label, [*there[::2], *absent[::2]])
    return worth_of(label, [*there[1::2], *absent[1::2]], gate)


def best_gate(label: str, clips: Sequence[KnownClip]) -> float:
    """The score at which being heard tells most for a thing: the greatest ratio of how often that
    is with it and without it; the lowest of several. `HEARD` where no clip has it."""
    scores = {clip.scores[label] for clip in clips if label in clip.there}
    gates = (max(LEAST_GATE, score) for score in sorted(scores))
    return max(gates, key=lambda gate: worth_of(label, clips, gate).ratio, default=HEARD)


def worth_of(label: str, clips: Iterable[KnownClip], gate: float = HEARD) -> LabelWorth:
    """What a label is worth from the score `gate` on."""
    there = [clip.scores[label] >= gate for clip in clips if label in clip.there]
    absent = [clip.scores[label] >= gate for clip in clips if label in clip.absent]
    return LabelWorth(
        label=label,
        gate=gate,
        positives=len(there),
        found=sum(there),
        negatives=len(absent),
        false=sum(absent),
    )


def agreement(heard: Collection[str], there: Collection[str], absent: Collection[str]) -> float:
    """How far what was heard is what is there: of all that is heard or there, the share that is
    both (Jaccard). What nobody knows of does not count; 1 where nothing is left."""
    known = set(heard) & (set(there) | set(absent))
    union = known | set(there)
    return len(known & set(there)) / len(union) if union else 1.0


def agreements(clips: Sequence[KnownClip], gates: Gates = NO_GATES) -> tuple[float, float]:
    """The mean agreement of each clip's answer with its own truth, and with the truths of others.

    Others are all that hold something else.
    """
    right = [clip.agreement(gates) for clip in clips]
    wrong = [
        agreement(heard, other.there, other.absent)
        for clip, heard in [(clip, clip.heard(gates)) for clip in clips]
        for other in clips
        if other.there != clip.there
    ]
    return _mean(right), _mean(wrong)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def calibrated(ear: Ear, card: CalibrationCard, licences: tuple[str, ...] = ()) -> Ear:
    """The ear with its labels worth what the card says; those that it does not name, nothing."""
    return replace(
        worth_as_counted(ear, card.labels),
        version=card.model,
        licences=licences or ear.licences,
        calibrated_on=card.made_on,
    )


def worth_as_counted(ear: Ear, worths: Sequence[LabelWorth]) -> Ear:
    """The ear with its labels worth what was counted of them; of those that were not, nothing."""
    by_label = {worth.label: worth for worth in worths}
    return replace(
        ear,
        labels=tuple(
            _calibrated(label, by_label.get(label.name), ear.says_plainly) for label in ear.labels
        ),
        worth=tuple(worths),
    )


def _calibrated(label: Label, worth: LabelWorth | None, plainly: bool) -> Label:
    base = base_rate(label.attribute, label.value)
    if worth is None or not worth.is_enough:
        return replace(label, steps=(Step(0.0, 0.0),), absent_below=0.0)
    unheard, heard = worth.if_unheard(base), worth.if_heard(base)
    # A listener that is not sure has said nothing: what it does not name then is as usual as ever.
    between = (Step(UNSURE, round(base, 3)),) if plainly else ()
    return replace(
        label,
        steps=(Step(0.0, unheard), *between, Step(worth.gate, heard)),
        absent_below=(UNSURE if plainly else worth.gate) if worth.silence_counts else 0.0,
    )


@dataclass(frozen=True, slots=True)
class TypeWorth:
    """What an ear is worth on claims of one type: how many it made, and how many were right."""

    attribute: str
    made: int
    right: int
    there: int

    @property
    def precision(self) -> tuple[float, float]:
        """The 95 % interval of the share that is right."""
        return wilson(self.right / self.made if self.made else 0.0, self.made)


def by_type(ear: Ear, card: CalibrationCard) -> Iterator[TypeWorth]:
    """The counts of the card by what its labels are claims about."""
    attribute = {label.name: label.attribute for label in ear.labels}
    for each in dict.fromkeys(attribute.values()):
        rows = [worth for worth in card.labels if attribute.get(worth.label) == each]
        right = sum(worth.found for worth in rows)
        made = right + sum(worth.false for worth in rows)
        yield TypeWorth(each, made, right, sum(worth.positives for worth in rows))


# --- where it lies ---------------------------------------------------------------------------


def read_card(folder: Path) -> CalibrationCard | None:
    """The card in a folder; None where there is none. Raises UsageError for one that is damaged."""
    return card_in(folder, CalibrationCard, "ears")


def probes_of(folder: Path, card: CalibrationCard) -> Iterator[tuple[ProbeClip, bytes]]:
    """The clips that are kept with a card, each as a WAV. Raises UsageError for one that is not as
    it was."""
    for probe in card.probes:
        try:
            wav = read_bounded(folder / probe.file, MOST_TEXT)
        except OSError as error:
            wav, why = b"", error.strerror or "it can't be read"
        else:
            why = "" if sha256_of(wav) == probe.file.removesuffix(".wav") else "it has changed"
        if why:
            raise UsageError(
                f"a clip of the calibration card, {folder / probe.file}, can't be used ({why});"
                " make the card again with `mmusset ears calibrate`"
            )
        yield probe, wav
