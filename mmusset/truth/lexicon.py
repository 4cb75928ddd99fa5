"""The words of captions, and what each claims.

A word that can mean several things in a caption stands here only in phrases that
settle it: "steady in level" is even, "a steady stream of notes" is steady, and
"steady" alone claims nothing. Comparatives (louder, brighter) claim nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from typing import Any

from mmusset.measurements.declaration import Measurement, Mention
from mmusset.measurements.listed import MEASUREMENTS


@dataclass(frozen=True, slots=True)
class Synonyms:
    """All phrases that give one attribute one value. A space also stands for a hyphen."""

    attribute: str
    value: str
    phrases: tuple[str, ...]


def _synonyms(attribute: str, value: str, phrases: str) -> Synonyms:
    return Synonyms(attribute, value, tuple(phrases.split("|")))


def _names(attribute: str, names: str) -> tuple[Synonyms, ...]:
    """Synonyms of one value each: "violin,violins" is violin. A plural in s is added."""
    groups = (tuple(group.split(",")) for group in names.split("|"))
    return tuple(
        Synonyms(attribute, group[0], (*group, *(f"{name}s" for name in group))) for group in groups
    )


VOCALS = (
    _synonyms(
        "vocals",
        "present",
        "vocal|vocals|voice|voices|singer|singers|singing|sings|sung|vocalist|vocalists|choir"
        "|choirs|choral|rap|raps|rapper|rapping|humming|lyrics|falsetto|chant|chanting"
        "|a cappella",
    ),
    _synonyms(
        "vocals",
        "absent",
        "instrumental|instrumentals",
    ),
)

# The labels of OpenMIC-20 and other common ones. Voice, drums and cymbals stand elsewhere.
INSTRUMENTS = _names(
    "instrument",
    "piano,grand piano,pianist|electric piano,rhodes|guitar,acoustic guitar,electric guitar"
    ",guitarist|bass,bass guitar,bassline,bass line|double bass,upright bass,contrabass"
    "|accordion|banjo|bagpipe|bassoon|bell|brass,brass section|bouzouki|celesta"
    "|cello,cellist|clarinet|clavichord|didgeridoo|erhu|fiddle|flute,flautist|french horn"
    "|glockenspiel|guzheng|harmonica|harmonium|harp|harpsichord|horn,horn section"
    "|hurdy gurdy|kalimba|keyboard|koto|lute|mallet percussion|mandolin|marimba|music box"
    "|oboe|orchestra|organ,church organ|oud|pan flute,panpipe|piccolo|pipa|recorder"
    "|saxophone,sax,saxes,saxophonist|shakuhachi|shamisen|sitar|steel drum,steelpan"
    "|strings,string section,string quartet|synthesizer,synth,synthesiser,synth pad,synth lead"
    "|theremin|trombone|trumpet,trumpeter|tuba|ukulele|vibraphone|viola|violin,violinist"
    "|woodwind|xylophone|zither",
)
# Instruments that can't sound where there is no percussion.
UNTUNED = _names(
    "instrument",
    "bass drum,kick drum|snare,snare drum|tom tom|cymbal|hi hat|tambourine|shaker|maraca"
    "|conga|bongo|tabla|djembe|cajon|timpani,kettledrum|handclap,hand clap|castanet"
    "|woodblock,wood block|cowbell|gong|taiko",
)

GENRES = _names(
    "genre",
    "ambient,dark ambient|baroque|black metal|blues|bluegrass|bossa nova|chamber music|chillout"
    "|celtic|chiptune,chip music,8 bit music|dance music|easy listening|experimental|industrial"
    "|lounge music|medieval,medieval music|new wave|world music|breakbeat"
    "|city pop|classical|country music|disco|downtempo|drone music|drum and bass,drum n bass"
    "|dubstep|edm|electronic,electronica|flamenco|folk|funk,funky|fusion|gospel|grunge"
    "|hip hop|house music,deep house|indie|jazz,jazzy,smooth jazz|jig|klezmer|latin|lo fi,lofi"
    "|lullaby|heavy metal,metal|minimalist|new age|opera,operatic|orchestral|polka"
    "|pop,synth pop,synthpop|punk|quiet storm|ragtime|r&b|reggae|reggaeton"
    "|rock,soft rock,hard rock,indie rock,post rock|rumba|salsa|samba|ska|soul music|soundtrack"
    "|swing|synthwave|tango|techno|trance|trap music|trip hop|waltz",
)
MOODS = _names(
    "mood",
    "aggressive|angry|anthemic|anxious|bittersweet|bleak|brooding|cheerful|cinematic|contemplative"
    "|dark mood,dark atmosphere|dramatic|dreamy|dreamlike|eerie|emotional|epic|ethereal|euphoric"
    "|festive|gentle,gently|gloomy|groovy|happy|haunting|heroic|hopeful|hypnotic|intense"
    "|intimate|introspective|joyful,joyous|lonely|longing|majestic|meditative"
    "|melancholy,melancholic|menacing|moody|mournful|mysterious|mystical|nostalgic|ominous"
    "|optimistic|peaceful|playful|plaintive|powerful|quirky|reflective|relaxing|restless"
    "|romantic|sad|sentimental|serene|sinister|solemn|sombre,somber|soothing|spooky"
    "|suspenseful|tender,tenderly|tense|thoughtful|triumphant|uplifting|warm,warmly|whimsical"
    "|wistful|yearning",
)
# All that nothing measured can settle.
UNMEASURED = (*VOCALS, *INSTRUMENTS, *UNTUNED, *GENRES, *MOODS)

# Phrases that hold one of the words above but don't mean it.
_ADJECTIVES = r"bright|dark|soft|calm|quiet|warm|busy|wide|narrow|slow|fast|dense|faint"
_THINGS = (
    r"lights?|sk(?:y|ies)|sun|moon|mornings?|evenings?|days?|nights?|rooms?|eyes|colou?rs?|streets?"
    r"|roads?|rivers?|seas?|waters?|oceans?|forests?|woods|clouds?|shadows?|fog|rain|smile"
    r"|city|cities|lanes?"
)
ASIDES = (
    rf"(?:{_ADJECTIVES})[-\s]+(?:{_THINGS})",
    r"wide[-\s]+(?:\w+[-\s]+)?(?:range|leaps?|intervals?|variety|open)|far\s+and\s+wide",
    r"narrow[-\s]+(?:\w+[-\s]+)?range",
    r"(?:slow|fast|soft|quiet)[-\s]+(?:motion|fade|attack|decay|release)|fast\s+forward",
    r"swing\s+door|high\s+volume\s+of|forte\s+of",
    r"(?:slow|fast)[-\s]+(?:build|burn)\w*",
)


def find(text: str) -> Iterator[Mention]:
    """Every phrase of the lexicon in a text, overlapping ones too, and every aside."""
    measurements = tuple(MEASUREMENTS)
    by_phrase = _by_phrase(measurements)
    for match in _pattern(measurements).finditer(text):
        entry = by_phrase.get(_plain(match[1]))  # none where a foreign letter passed for ours
        if entry:
            yield Mention(match.start(1), match.end(1), entry.attribute, entry.value)
    for match in _asides().finditer(text):
        yield Mention(match.start(), match.end(), None, "")


def phrase_pattern(phrases: list[str]) -> str:
    """A regular expression for whole phrases, the longest of each first letter first.

    What begins alike stands together, so that at most words all but a few are passed over.
    """
    longest_first = sorted(set(phrases), key=lambda phrase: (phrase[0], -len(phrase), phrase))
    rests = (
        f"{re.escape(first)}(?:{'|'.join(_spaced(phrase[1:]) for phrase in same)})"
        for first, same in groupby(longest_first, key=lambda phrase: phrase[0])
    )
    return rf"(?<!\w)(?:{'|'.join(rests)})(?!\w)"


def _spaced(phrase: str) -> str:
    return re.escape(phrase).replace(r"\ ", r"[-\s]+")


def _plain(words: str) -> str:
    return re.sub(r"[-\s]+", " ", words.casefold())


def lexicon() -> tuple[Synonyms, ...]:
    """All phrases that are recognised: those of the measurements on the list, and the others."""
    return _lexicon(tuple(MEASUREMENTS))


@cache
def _lexicon(measurements: tuple[Measurement[Any], ...]) -> tuple[Synonyms, ...]:
    measured = [
        Synonyms(each.name, value, phrases)
        for each in measurements
        for value, phrases in each.synonyms.items()
    ]
    # What is measured on a scale, by its own name: "density steady", "slow pulse".
    by_name = [
        Synonyms(each.name, value, (f"{each.name} {value}", f"{value} {each.name}"))
        for each in measurements
        if each.scale
        for value in each.values
    ]
    return (*measured, *by_name, *UNMEASURED)


@cache
def _by_phrase(measurements: tuple[Measurement[Any], ...]) -> dict[str, Synonyms]:
    return {phrase: entry for entry in _lexicon(measurements) for phrase in entry.phrases}


@cache
def _pattern(measurements: tuple[Measurement[Any], ...]) -> re.Pattern[str]:
    # Looking ahead without moving on finds phrases that begin inside another.
    phrases = phrase_pattern(list(_by_phrase(measurements)))
    return re.compile(f"(?=({phrases}))", re.IGNORECASE)


@cache
def _asides() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(ASIDES)})\b", re.IGNORECASE)
