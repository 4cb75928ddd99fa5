"""Whether a clip is in major or in minor."""

from collections.abc import Iterator

from . import spoken_key
from .declaration import Evidence, Finding, Line, Measurement, Mention
from .key import KEY, MusicalKey
from .phrases import Phrases


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
    phrases={
        "": Phrases(
            adjective="{$value-key|$value-mode}",
            predicate="in a $value {key|mode}|{set|grounded|at home} in a $value key",
            noun="a $value {key|mode|tonality|scale}",
            verb="{stay|sit|rest|remain|move|stand}~ in a $value {key|mode|tonality}"
            "|{keep|hold}~ to a $value {key|scale|mode}|use~ a $value scale",
            clause="$it {is|sits|stays|moves|rests} in a $value {key|mode|tonality}|a "
            "$value {key|mode} {underlies|carries} it",
            adverbial="in a $value {key|mode|tonality}|in the $value mode",
        ),
    },
    kind=True,
    line=Line("mode", lambda k: k.mode, lambda k: k.mode_confidence),
)
