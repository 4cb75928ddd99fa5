"""Whether the music goes slowly or fast, by its beat and its notes."""

import math

from mmusset import calibrated
from mmusset.measured import Measured, logit

from .declaration import Border, Evidence, Finding, Measurement, Scale
from .density import DENSITY
from .phrases import MEDIUM, PACES, TEMPO_OF, joined, stated
from .said import Trait
from .tempo import TEMPO, Tempo

# BPM; borders as in the MidiCaps captions (2024), whose "very fast" we don't part from fast.
SCALE = Scale(("slow", "moderate", "fast"), (Border(80.0, 8.0), Border(120.0, 10.0)))
# Listeners call music slow or fast by its events as much as by its beat: in MusicBench,
# clips that people call slow have a median of 107 BPM. So a word must fit both.
FITTING_ONSETS_HZ = {"slow": (0.0, 2.5), "moderate": (1.0, 6.0), "fast": (2.5, float("inf"))}
FAR_OCTAVES = 0.25  # from a border between words: farther tells no more
HEARD_BPM = (40.0, 220.0)  # half or double beyond this is not heard as the beat


def _find(evidence: Evidence) -> Finding:
    """A word that both beat and onsets fit; half or double time may fit as well."""
    tempo, onsets = evidence[TEMPO], evidence[DENSITY]
    bpm = round(tempo.bpm)  # as it is said, so that one number never has two words
    value = SCALE.word(bpm)
    others = _rivals(value, tempo, onsets)
    known = tempo.confidence > 0 and onsets.confidence > 0 and fits(value, onsets)
    return Finding(
        "pulse",
        value,
        f"{tempo.bpm:.1f} BPM, {onsets.value:.1f} onsets/s",
        calibrated.PULSE(features(tempo)) if known else 0.0,
        SCALE.near(bpm) | others,
    )


def features(tempo: Tempo) -> tuple[float, ...]:
    """What tells whether the word is right: how sure the tempo is, and how far from a border.

    A tempo near a border has its word by definition, but not if it is a little wrong.
    """
    octaves = min(abs(math.log2(tempo.bpm / border.at)) for border in SCALE.borders)
    return logit(tempo.confidence), min(FAR_OCTAVES, octaves)


def _rivals(value: str, tempo: Tempo, onsets: Measured) -> frozenset[str]:
    """The other words that half or double time would have, where the onsets fit them."""
    return frozenset(
        other
        for bpm in (tempo.half_bpm, tempo.double_bpm)
        if HEARD_BPM[0] <= bpm <= HEARD_BPM[1]
        and (other := SCALE.word(bpm)) != value
        and fits(other, onsets)
    )


def fits(value: str, onsets: Measured) -> bool:
    """Whether a word goes with so many onsets: nothing is claimed where it doesn't."""
    low, high = FITTING_ONSETS_HZ[value]
    return low <= onsets.value <= high


def _tempo(evidence: Evidence) -> Tempo:
    return evidence[TEMPO]


PULSE = Measurement(
    name="pulse",
    model=Tempo,
    derive=_tempo,
    scale=SCALE,
    find=_find,
    synonyms={
        "slow": (
            *joined(
                "slow|slow moving|slow paced|slow tempo|moves slowly|slowly moving|unhurried"
                "|leisurely|languid|sedate|sluggish|plodding|adagio|largo|larghetto|lento"
                "|takes its time|in no hurry|slowly"
            ),
            *joined("ambles|ambling|amble|strolls|strolling|stroll|dawdles|dawdling|dawdle"),
            *joined("nothing|never", "hurries|rushes|hurrying|rushing|hurry|rush"),
            *joined("takes|taking|take", "its|all its|plenty of", "time"),
            *joined("no|free of|without", "hurry|rush|haste"),
            *joined("in no", "hurry|rush"),
            *("slowly", "moving slowly", "slow going", "slow footed", "slow stepping"),
            *stated(PACES, "slow|very slow|quite slow|rather slow"),
            *joined(*TEMPO_OF, "slow|very slow"),
            *("low tempo", "slow motion tempo", "dragging tempo"),
            *(
                "crawls",
                "crawling",
                "crawls along",
                "plods",
                "plods along",
                "drags",
                "drags along",
                "slow as honey",
            ),
        ),
        "moderate": (
            *joined(
                "moderate tempo|medium tempo|mid tempo|midtempo|moderate pace|medium pace"
                "|middling pace|moderately paced|moderately fast|moderately slow|walking pace"
                "|moderate in pace|neither slow nor fast|neither fast nor slow|walking tempo"
                "|middling tempo|andante|andantino|moderato|allegretto"
            ),
            *stated(PACES, "medium to moderate|moderate to medium|mid to moderate"),
            *stated(PACES, f"{MEDIUM}|walking|medium fast|medium slow|average|normal"),
            *joined(*TEMPO_OF, f"{MEDIUM}|medium fast|medium slow"),
            *joined("strolls|ambles|strolling|ambling", "along at a walking pace"),
            *("medium fast", "medium slow", "medium fast tempo", "medium slow tempo"),
            *joined("medium|middling|mid", "paced"),
            *joined("neither slow nor", "fast|quick|hurried"),
            *("between slow and fast", "nothing drags or rushes", "nothing rushes or drags"),
        ),
        "fast": (
            *joined(
                "fast|fast moving|fast paced|fast tempo|quick|quickly|brisk|briskly|rapid|rapidly"
                "|swift|swiftly|up tempo|uptempo|hurried|racing|breakneck|allegro|vivace|presto"
                "|prestissimo"
            ),
            *joined(
                "hurries|hurrying|races|racing|speeds|speeding|rushes|rushing|hastens|hastening",
                "along|on|ahead",
            ),
            *stated(PACES, "fast|very fast|quite fast|rather fast|quick|rapid|high"),
            *joined(*TEMPO_OF, "fast|very fast"),
            *("high speed", "high tempo", "frenetic", "frenzied", "hectic"),
            *("gallops", "galloping", "sprints", "sprinting", "in a hurry", "in a rush"),
            *joined("tears|tearing|hurtles|hurtling|charges|charging|races", "along|ahead|forward"),
            *("speedy", "nippy", "speedily", "quick footed", "quick paced", "fast stepping"),
        ),
    },
    said=(
        # A beat may be any of these at any tempo, and a relaxed tempo slow or moderate.
        Trait(
            "tempo|pace|speed|pacing",
            {
                "not fast": "relaxed|gentle|easy|easygoing|laid back|calm|comfortable",
                "fast": "lively|speedy|driving|spirited|energetic",
            },
        ),
        Trait(
            r"tempo|pace|pulse|(?<!drum\s)beat|speed|pacing",
            {
                "slow": "slow|leisurely|glacial|unhurried|languid|sluggish|sedate|plodding"
                "|lethargic|crawling|funereal|stately|dragging",
                "moderate": f"{MEDIUM}|middle|mid|average|walking|in the middle",
                "fast": "fast|quick|rapid|brisk|swift|breakneck|breathless|furious|frantic"
                "|frenetic|frenzied|hurried|blistering|headlong|galloping|lightning",
            },
        ),
    ),
    rank=20,
)
