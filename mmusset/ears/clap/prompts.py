"""The sentences that stand for each label, and those that stand for none.

A sound comes near to all that is said of music. What tells is how much nearer it comes to a
label's sentences than to the null ones, which name nothing in particular.
"""

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from mmusset.ears.declaration import Label
from mmusset.json_text import canonical_json

NULL = ("music", "a recording of music", "a piece of music", "a sound")

_FORMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "instrument": ("the sound of {}", "music with {}", "{} playing"),
        "genre": ("{} music", "a piece of {} music", "music in the style of {}"),
        "mood": ("{} music", "music that sounds {}", "a piece of music in a {} mood"),
    }
)
_WHOLE: Mapping[tuple[str, str], tuple[str, ...]] = MappingProxyType(
    {
        ("vocals", "present"): ("somebody sings", "a song with vocals", "a singing voice"),
        ("vocals", "choir"): ("a choir sings", "choral music", "many voices sing together"),
        ("percussion", "present"): ("drums playing", "music with a drum kit", "a drum beat"),
    }
)
_CALLED: Mapping[str, str] = MappingProxyType(
    {"bass": "a bass guitar", "brass": "brass instruments", "strings": "a string section"}
)


def prompts_of(label: Label) -> tuple[str, ...]:
    """The sentences that stand for a label."""
    claim = (label.attribute, label.value)
    if whole := _WHOLE.get(claim):
        return whole
    called = label.value.removesuffix(" music")
    if label.attribute == "instrument":
        article = "an" if called[0] in "aeiou" else "a"
        called = _CALLED.get(called, f"{article} {called}")
    return tuple(form.format(called) for form in _FORMS[label.attribute])


def fingerprint(labels: Sequence[Label]) -> str:
    """Eight hex digits that change with the sentences: other ones are another ear."""
    sentences = [NULL, *(prompts_of(label) for label in labels)]
    return hashlib.sha256(canonical_json(sentences).encode()).hexdigest()[:8]
