"""Whether a clip is in major or in minor."""

from collections.abc import Iterator

from . import spoken_key
from .declaration import Evidence, Finding, Line, Measurement, Mention
from .key import KEY, MusicalKey
from .said import Trait


def _find(evidence: Evidence) -> Finding:
    key = evidence[KEY]
    return Finding("mode", key.mode, key.name, key.mode_confidence, frozenset())


def _mentions(text: str) -> Iterator[Mention]:
    """Every mode that a text names without its tonic."""
    for start, end, mode in spoken_key.find_modes(text):
        yield Mention(start, end, "mode", mode)


def _key(evidence: Evidence) -> MusicalKey:
    return evidence[KEY]


_WORDS = {
    value: rf"{spoken_key.NO_TONIC}{value}(?!\s*\?)(?!\s+(?:and|or|to)\s+{other})"
    for value, other in (("minor", "major"), ("major", "minor"))
}

MODE = Measurement(
    name="mode",
    model=MusicalKey,
    derive=_key,
    values=("minor", "major"),
    find=_find,
    mentions=_mentions,
    said=(
        Trait(
            "key|mode|third|tonic(?: chord)?|chords|tonality|tonal cent(?:er|re)|tonally|scales?"
            "|harmony|harmonies|harmonically|harmonic (?:language|character|colou?r)"
            "|(?:chord )?progressions?|feel|sonority|tonal quality",
            words=_WORDS,
            verbs=_WORDS,  # "harmony minor"
        ),
    ),
    rank=41,
    line=Line("mode", lambda k: k.mode, lambda k: k.mode_confidence),
)
