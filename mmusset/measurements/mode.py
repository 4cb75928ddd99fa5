"""Whether a clip is in major or in minor."""

from collections.abc import Iterator

from . import spoken_key
from .declaration import Evidence, Finding, Line, Measurement, Mention
from .key import KEY, MusicalKey
from .said import Trait


# The mode that a key names goes with its tonic: "F sharp minor".
_NO_TONIC = r"(?<!(?-i:[A-G])[-\s])(?<![#♯♭])(?<![#♯♭]\s)(?<!sharp\s)(?<!flat\s)"


def _find(evidence: Evidence) -> Finding:
    key = evidence[KEY]
    return Finding("mode", key.mode, key.name, key.mode_confidence, frozenset())


def _mentions(text: str) -> Iterator[Mention]:
    """Every mode that a text names without its tonic."""
    for start, end, mode in spoken_key.find_modes(text):
        yield Mention(start, end, "mode", mode)


def _key(evidence: Evidence) -> MusicalKey:
    return evidence[KEY]


MODE = Measurement(
    name="mode",
    model=MusicalKey,
    derive=_key,
    values=("minor", "major"),
    find=_find,
    mentions=_mentions,
    said=(
        Trait(
            "key|mode|tonality|tonal cent(?:er|re)|harmony|harmonies|harmonically|tonally|scales?"
            "|chord progressions?|progressions?|feel|sonority|tonal quality",
            {value: rf"{_NO_TONIC}{value}" for value in ("minor", "major")},
        ),
    ),
    rank=41,
    line=Line("mode", lambda k: k.mode, lambda k: k.mode_confidence),
)
