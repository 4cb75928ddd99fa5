"""The ear `listener`: an audio language model on a server, which answers closed questions.

It never writes. Its agent (`agents/listener.py`) asks it about each clip, and what it answers is
worth what its calibration card says (`calibration.py`); without a card, nothing.
"""

from collections.abc import Collection, Iterator
from typing import Annotated, Literal, get_args

from pydantic import Field

from mmusset.frozen import Frozen

from .declaration import Ear, Label, Step

NAME = "listener"
MOST_INSTRUMENTS = 6

Voice = Literal["none", "one", "several", "choir", "unsure"]
YesNo = Literal["yes", "no", "unsure"]
Instrument = Literal[
    "accordion",
    "banjo",
    "bass",
    "brass",
    "cello",
    "clarinet",
    "electric piano",
    "flute",
    "guitar",
    "harmonica",
    "harp",
    "harpsichord",
    "organ",
    "piano",
    "saxophone",
    "sitar",
    "strings",
    "synthesizer",
    "trumpet",
    "violin",
    "xylophone",
]
Genre = Literal[
    "ambient",
    "blues",
    "classical",
    "country music",
    "disco",
    "electronic",
    "folk",
    "funk",
    "gospel",
    "heavy metal",
    "hip hop",
    "jazz",
    "latin",
    "orchestral",
    "pop",
    "punk",
    "reggae",
    "rock",
    "techno",
    "other",
]
Mood = Literal[
    "aggressive",
    "cheerful",
    "dreamy",
    "epic",
    "groovy",
    "melancholy",
    "mysterious",
    "peaceful",
    "playful",
    "romantic",
    "sad",
    "tense",
    "uplifting",
    "other",
]
OTHER = "other"  # none of the list, or nothing that it is sure of


class Hearing(Frozen):
    """What is heard in a clip, in the words of closed lists."""

    voice: Voice
    drums: YesNo
    instruments: Annotated[tuple[Instrument, ...], Field(max_length=MOST_INSTRUMENTS)]
    genre: Genre
    mood: Mood


# The claims that it may support: the label's name, what it is a claim about, and of what.
_CLAIMS: tuple[tuple[str, str], ...] = (
    ("vocals", "present"),
    ("vocals", "choir"),
    ("percussion", "present"),
    *(("instrument", value) for value in get_args(Instrument)),
    *(("genre", value) for value in get_args(Genre) if value != OTHER),
    *(("mood", value) for value in get_args(Mood) if value != OTHER),
)
_NAMES = {("vocals", "present"): "voice", ("percussion", "present"): "drums"}
UNKNOWN = Hearing(voice="unsure", drums="unsure", instruments=(), genre=OTHER, mood=OTHER)


def _name(attribute: str, value: str) -> str:
    return _NAMES.get((attribute, value), value.replace(" ", "_"))


# Nothing is known of a model that nobody has calibrated: nothing that it says is worth a word.
LISTENER = Ear(
    name=NAME,
    kind="listener",
    version="not calibrated",
    licences=("listener: the model on the server has a licence of its own; nobody named it here",),
    labels=tuple(
        Label(
            name=_name(attribute, value),
            attribute=attribute,
            value=value,
            steps=(Step(0.0, 0.0),),
        )
        for attribute, value in _CLAIMS
    ),
    calibrated_on="",
)


def scores_of(hearing: Hearing) -> dict[str, float]:
    """The score of each label: 1 where it is heard, 0 where not, 0.5 where it is not sure."""
    heard = set(_heard(hearing))
    scores = {label.name: float(label.name in heard) for label in LISTENER.labels}
    if hearing.voice == "unsure":
        scores |= {"voice": 0.5, "choir": 0.5}
    if hearing.drums == "unsure":
        scores["drums"] = 0.5
    return scores


def hearing_of(names: Collection[str]) -> Hearing:
    """The answer of somebody who hears the labels of these names and nothing else.

    Of several genres or moods, and of more instruments than an answer takes, the first.
    """
    values = {label.name: label.value for label in LISTENER.labels if label.name in names}
    instruments = [v for v in get_args(Instrument) if v in values.values()]
    heard: dict[str, object] = {
        "voice": "choir" if "choir" in values else "one" if "voice" in values else "none",
        "drums": "yes" if "drums" in values else "no",
        "instruments": tuple(instruments[:MOST_INSTRUMENTS]),
        "genre": next((v for v in get_args(Genre) if v in values.values()), OTHER),
        "mood": next((v for v in get_args(Mood) if v in values.values()), OTHER),
    }
    return Hearing.model_validate(heard)


def _heard(hearing: Hearing) -> Iterator[str]:
    if hearing.voice not in ("none", "unsure"):
        yield "voice"
    if hearing.voice == "choir":
        yield "choir"
    if hearing.drums == "yes":
        yield "drums"
    for value in (*hearing.instruments, hearing.genre, hearing.mood):
        yield value.replace(" ", "_")
