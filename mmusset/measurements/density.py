"""How many notes begin in a second."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mmusset import calibrated
from mmusset.measured import Measured
from mmusset.text import lowered

from .declaration import Measurement, Mention, Scale, borders, number_line
from .phrases import MEDIUM, joined, stated
from .said import Amount, Trait

if TYPE_CHECKING:
    from mmusset.dsp.clip_signal import ClipSignal


def _measure(signal: "ClipSignal") -> Measured:
    """Note onsets per second; notes that begin together are one."""
    return signal.onsets.density


_NUMBERS = "|".join(("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"))
_RATE = re.compile(
    rf"\b(?P<low>\d+(?:\.\d+)?|{_NUMBERS})(?:\s*(?:-|–|to|or)\s*(?P<high>\d+(?:\.\d+)?"
    rf"|{_NUMBERS}))?"
    r"\s+(?:notes?|onsets?)\s+(?:per|a|each|every)\s+second\b"
)
# Onsets per second: quavers at 54 and at 114 BPM.
_SCALE = Scale(
    ("sparse", "steady", "busy"), borders((1.8, 3.8), (0.4, 0.5), calibrated.DENSITY_ERRORS)
)


def _mentions(text: str) -> Iterator[Mention]:
    """Where a text counts the notes of a second."""
    small = lowered(text)
    for match in _RATE.finditer(small) if "second" in small else ():
        counts = [_count(number) for number in match.groups() if number]
        yield Mention(*match.span(), "density", _SCALE.word(sum(counts) / len(counts)))


def _count(number: str) -> float:
    words = _NUMBERS.split("|")
    return float(number) if number[0].isdigit() else words.index(number) + 1.0


DENSITY = Measurement(
    name="density",
    model=Measured,
    field="onset_density_hz",
    measure=_measure,
    scale=_SCALE,
    form="{:.1f} onsets/s",
    synonyms={
        "sparse": (
            *joined(
                "sparse|sparsely|low density|few notes|few onsets|notes are few|spare"
                "|thinly scored|uncluttered|sparsely scored|sparsely filled"
            ),
            *joined("room|space|gaps", "between", "notes|its notes|the notes"),
            *joined("sparing|thrifty", "with", "notes|its notes"),
            *joined("spares|sparing|rations|rationing", "its notes"),
            *joined("hardly any|barely any|scarcely any|very few|not many", "notes"),
            *stated("note density|onset density|density", "low|small"),
            *joined("minimally|sparingly|thinly|sparsely", "arranged|orchestrated|textured"),
            *joined("stripped", "back|down|bare"),
            *("skeletal", "bare bones", "threadbare", "pared back", "spartan"),
            *("uncrowded", "pared down", "thinly filled", "short on notes", "light on notes"),
        ),
        "steady": (
            *joined(
                "steady stream of notes|steady flow of notes|even stream of notes"
                "|even flow of notes|notes come steadily|moderately busy|moderately dense"
                "|neither sparse nor busy|neither busy nor sparse|neither sparse nor dense"
                "|notes come steadily"
            ),
            *stated("density|note density|onset density", MEDIUM),
            *joined("steady|moderate", "flow|stream|run|supply", "of notes"),
            *joined("steady|moderate|even", "note flow|note rate"),
            *joined("in a", "steady|moderate", "flow|stream|run|supply"),
            *joined("moderate|middling", "number of notes"),
            "between sparse and busy",
        ),
        "busy": (
            *joined(
                "busy|busily|high density|dense|densely|many notes|packed with notes"
                "|full of notes|flurry of notes|crowded|note packed"
            ),
            *joined("plenty of|lots of|rich in|crammed with|thick with|crowd of", "notes"),
            *joined("teems|teeming|bristles|bristling|brims|brimming", "with notes"),
            *stated("note density|onset density|density", "high|large"),
            *("bustling", "teeming", "tightly packed", "notes are plentiful", "notes crowd in"),
            *joined("rapid|quick|fast", "succession|successions|stream|flow|series", "of notes"),
            *joined(
                "densely|thickly", "layered|packed|arranged|scored|woven|orchestrated|textured"
            ),
            *("note filled", "crammed", "jam packed", "cluttered", "overstuffed", "overcrowded"),
        ),
    },
    mentions=_mentions,
    said=(
        Trait(
            "texture|arrangement|scoring|note density|onset density|density|mix",
            {
                "sparse": "sparse|thin|minimal|minimalist|minimalistic|bare|spare|skeletal|spartan"
                "|uncluttered|stripped (?:back|down)|pared (?:back|down|to the bone)|airy|lean"
                "|economical",
                "steady": f"(?:moderately|fairly) (?:dense|busy)|{MEDIUM}",
                "busy": "busy|dense|thick|crowded|cluttered|packed|crammed|congested|stuffed"
                "|overloaded|densely (?:layered|packed|woven)|thickly (?:layered|woven)",
            },
        ),
        Trait(
            "(?:number of )?(?:notes|onsets) (?:per|a|each) second|number of notes"
            "|density of (?:the )?notes"
            "|(?:(?:note|onset|rhythmic) )?density|(?:rhythmic|note) activity|note (?:rate|flow)",
            {
                "sparse": "low|small|limited",
                "steady": f"{MEDIUM}|average",
                "busy": "high|large|great|considerable",
            },
        ),
        Trait(
            "instrumentation|orchestration",
            {
                "sparse": "sparse|thin|spare",
                "busy": "busy|dense|thick|crowded|densely (?:layered|packed|woven)",
            },
        ),
        Trait(
            "notes",
            verbs={
                "sparse": r"(?:\w+ ){0,2}(?:now and then|occasionally|rarely|seldom|sparingly)"
                r"|(?:\w+ ){0,3}at an? (?:low|slow) (?:rate|pace)"
                "|few and far between|few|sparse|scarce|(?:spaced )?far apart"
                r"|(?:widely |(?<!ly[-\s]))spaced(?: out)?",
                "steady": r"(?:\w+ ){0,3}(?:at|in|with) an? (?:steady|even|regular|moderate)"
                r"(?:,? \w+)? (?:rate|stream|flow|clip|pace|succession)",
                "busy": r"(?:\w+ ){0,3}at an? (?:high|fast|rapid|quick) (?:rate|pace|speed)"
                "|(?:closely|tightly|densely) (?:spaced|packed)"
                "|crowd|jostle|tumble|pile up|overlap|cascade"
                "|(?:come |follow )?thick and fast|without pause|plentiful"
                "|(?:come )?in (?:rapid|quick) (?:succession|bursts)",
            },
        ),
        Trait("texture|arrangement", verbs={"sparse": "thins(?: out)?", "busy": "thickens|teems"}),
        Amount("empty space|space(?=\\s*(?:[.,;]|$))", much="sparse", little="busy"),
        Amount("notes?", much="busy", little="sparse", counted=True),
        Amount(
            "(?:space|room|gaps?|silences?|air|pauses?|breathing (?:space|room))"
            " (?:between|around|among)(?: each| every| individual| the| its)?"
            " (?:notes?|phrases|chords|sounds|them|it)",
            much="sparse",
            little="busy",
        ),
    ),
    notable=frozenset({"sparse", "busy"}),
    rank=30,
    prompt=", {{ music.onset_density_hz.value | round(1) }} onsets per second",
    line=number_line("onsets", "{:.1f} a second"),
)
