"""What the tags of a music file tell of the music, as claims, and whether they may be believed.

Nobody checked a tag, and anybody can write one: only values of closed vocabularies count, and of
those only what nothing measured contradicts may be said.
"""

import re
from collections.abc import Iterator, Sequence

from mmusset.measurements.key import KEYS
from mmusset.sample_parts.claims import Claim, JudgedClaim
from mmusset.sample_parts.evidence import MusicEvidence
from mmusset.sample_parts.piece import Tags

from .judge import judge_told
from .lexicon import GENRES, INSTRUMENTS, MOODS, UNTUNED

# What each tag is a claim about.
ATTRIBUTES = {
    "genre": "genre",
    "mood": "mood",
    "bpm": "tempo",
    "key": "key",
    "instruments": "instrument",
}
_BPM = re.compile(r"[1-9]\d{1,2}")
_VALUES = {
    "genre": frozenset(entry.value for entry in GENRES),
    "mood": frozenset(entry.value for entry in MOODS),
    "key": frozenset(KEYS),
    "instruments": frozenset(entry.value for entry in (*INSTRUMENTS, *UNTUNED)),
}


def told(
    tags: Tags, use: Sequence[str], music: MusicEvidence, certainty: float
) -> tuple[JudgedClaim, ...]:
    """The claims of the tags named in `use`, each told, supported or contradicted."""
    return judge_told(claims_of(tags, use), music, certainty)


def claims_of(tags: Tags, use: Sequence[str]) -> tuple[Claim, ...]:
    """The claims of the tags named in `use`, in the order of `ATTRIBUTES`.

    Words of no vocabulary claim nothing, whatever read the tags.
    """
    return tuple(
        Claim(attribute=attribute, value=value, text=f"{name} {value}", basis="told")
        for name, attribute in ATTRIBUTES.items()
        if name in use
        for value in _values(name, getattr(tags, name))
    )


def _values(name: str, text: str) -> Iterator[str]:
    for value in text.split(", "):
        if _BPM.fullmatch(value) if name == "bpm" else value in _VALUES[name]:
            yield value
