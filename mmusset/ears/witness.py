"""What the ears together say for a claim, or against it, and at which tier; a score outranks
them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mmusset.sample_parts.claims import Tier
from mmusset.sample_parts.evidence import HeardLabel, MusicEvidence
from mmusset.score import SURE
from mmusset.scores.programs import implied_by, may_be_heard

from .declaration import Ear, Label
from .listed import EARS

INSTRUMENT = "instrument"
# What follows from what is heard: a choir is a voice, a violin one of the strings.
FOLLOWS: Mapping[tuple[str, str], tuple[str, str]] = MappingProxyType(
    {
        ("vocals", "choir"): ("vocals", "present"),
        **{
            ("instrument", each): ("instrument", "plucked strings")
            for each in ("banjo", "guitar", "harp", "harpsichord", "sitar")
        },
        ("instrument", "cello"): ("instrument", "strings"),
        ("instrument", "violin"): ("instrument", "strings"),
        ("instrument", "trumpet"): ("instrument", "brass"),
    }
)


@dataclass(frozen=True, slots=True)
class Testimony:
    """What the ears say of one value of one attribute.

    `probability` is that it is there; `is_absent` means that an ear whose silence counts heard
    nothing of it. `said` names the ears and what they heard, for people.
    """

    attribute: str
    value: str
    probability: float
    is_absent: bool
    tier: Tier
    said: str


@dataclass(frozen=True, slots=True)
class _Witness:
    ear: Ear
    label: Label
    heard: HeardLabel

    @property
    def probability(self) -> float:
        return self.heard.probability

    @property
    def is_silent(self) -> bool:
        return self.heard.score < self.label.absent_below


def testimonies(music: MusicEvidence) -> tuple[Testimony, ...]:
    """What the ears say of all that they listen for and nothing measures, in the labels' order;
    the instruments of a score come first, those that play most before the others."""
    written = ((INSTRUMENT, name) for name in music.score.playing if music.score.used)
    listened_for = (
        (witness.label.attribute, witness.label.value)
        for witness in _witnesses(music)
        if witness.label.is_unmeasured
    )
    values = dict.fromkeys((*written, *listened_for))
    found = (testimony(attribute, value, music) for attribute, value in values)
    return tuple(each for each in found if each)


def testimony(attribute: str, value: str, music: MusicEvidence) -> Testimony | None:
    """What a score says of a value, or else the ears; None where none listens for it, nor for what
    it follows from.

    Two ears of one kind count as the surer one. Where two kinds agree the odds multiply: each is
    taken as if it had begun with even odds, which is more careful than their base rates allow.
    """
    if written := _written(attribute, value, music):
        return written
    own = [witness for witness in _witnesses(music) if _says(witness.label, attribute, value)]
    implying = [
        witness
        for witness in _witnesses(music)
        if FOLLOWS.get((witness.label.attribute, witness.label.value)) == (attribute, value)
    ]
    if not (own or implying):
        return None
    best: dict[str, _Witness] = {}
    for witness in (*own, *implying):
        kind = witness.ear.kind
        if kind not in best or witness.probability > best[kind].probability:
            best[kind] = witness
    agreeing = [witness for witness in best.values() if witness.probability > 0.5]
    probability = max(witness.probability for witness in best.values())
    if len(agreeing) > 1:
        probability = _together([witness.probability for witness in agreeing])
    return Testimony(
        attribute=attribute,
        value=value,
        probability=probability,
        is_absent=any(witness.is_silent for witness in own) and not agreeing,
        tier="two ears" if len(agreeing) > 1 else "one ear",
        said=", ".join(_told_of(witness) for witness in agreeing or best.values()),
    )


def _written(attribute: str, value: str, music: MusicEvidence) -> Testimony | None:
    """What a score says of an instrument: that it plays, or that nothing does that could be taken
    for it; None where it can't tell."""
    score = music.score
    if attribute != INSTRUMENT or not score.used:
        return None
    said = f"{value} by its score"
    if value in score.playing or value in implied_by(score.playing):
        return Testimony(attribute, value, SURE, False, "score", said)
    if score.all_named and not may_be_heard(value, {*score.playing, *score.playing_little}):
        return Testimony(attribute, value, 1 - SURE, True, "score", said)
    return None


def doubted(attribute: str, value: str, music: MusicEvidence) -> float:
    """How sure a measurement of this value may be, by the ears that are its second witness.

    1 where none of them misses what it should hear.
    """
    return min(
        (
            witness.probability
            for witness in _witnesses(music)
            if _says(witness.label, attribute, value) and witness.is_silent
        ),
        default=1.0,
    )


def what_was_heard(music: MusicEvidence) -> Iterator[tuple[str, Label, HeardLabel]]:
    """Each label that an ear on the list heard at all, with what it was heard as: the ear's name
    first."""
    for witness in _witnesses(music):
        if witness.heard.score > 0:
            yield witness.ear.name, witness.label, witness.heard


def _witnesses(music: MusicEvidence) -> Iterator[_Witness]:
    """What ears on the list have heard; nobody vouches for an ear that is not."""
    for ear in EARS:
        for name, heard in music.heard.get(ear.name, {}).items():
            if label := ear.label(name):
                yield _Witness(ear, label, heard)


def _says(label: Label, attribute: str, value: str) -> bool:
    return (label.attribute, label.value) == (attribute, value)


def _together(probabilities: list[float]) -> float:
    odds = 1.0
    for probability in probabilities:
        odds *= probability / max(1e-3, 1 - probability)
    return round(odds / (1 + odds), 3)


def _told_of(witness: _Witness) -> str:
    """ "choir by musicnn" """
    return f"{witness.label.thing} by {witness.ear.name}"
