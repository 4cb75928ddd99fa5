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

from mmusset.sample import Attribute

from . import bands
from .plain_words import PLAIN


@dataclass(frozen=True, slots=True)
class Mention:
    """Words from `start` to `end` of a text and what they claim; None where nothing."""

    start: int
    end: int
    attribute: Attribute | None
    value: str


@dataclass(frozen=True, slots=True)
class Entry:
    """All phrases that give one attribute one value. A space also stands for a hyphen."""

    attribute: Attribute
    value: str
    phrases: tuple[str, ...]


def _entry(attribute: Attribute, value: str, phrases: str) -> Entry:
    return Entry(attribute, value, tuple(phrases.split("|")))


def _each(first: str, second: str) -> str:
    """Every phrase of the first list followed by every phrase of the second."""
    return "|".join(f"{one} {other}" for one in first.split("|") for other in second.split("|"))


def _names(attribute: Attribute, names: str) -> tuple[Entry, ...]:
    """Entries of one value each: "violin,violins" is violin. A plural in s is added."""
    groups = (tuple(group.split(",")) for group in names.split("|"))
    return tuple(
        Entry(attribute, group[0], (*group, *(f"{name}s" for name in group))) for group in groups
    )


# Attributes that are measured on a scale, by their own name: "density steady", "slow pulse".
SCALES: dict[Attribute, bands.Scale] = {
    "pulse": bands.PULSE,
    "loudness": bands.LOUDNESS,
    "dynamics": bands.DYNAMICS,
    "brightness": bands.BRIGHTNESS,
    "density": bands.DENSITY,
    "percussion": bands.PERCUSSION,
    "width": bands.WIDTH,
    "energy": bands.ENERGY,
}
BY_NAME = tuple(
    Entry(attribute, value, (f"{attribute} {value}", f"{value} {attribute}"))
    for attribute, scale in SCALES.items()
    for value in scale.words
)

MEASURED = (
    _entry(
        "pulse",
        "slow",
        "slow|slow moving|slow paced|slow tempo|moves slowly|slowly moving|unhurried|leisurely"
        "|languid|sedate|sluggish|plodding|adagio|largo|larghetto|lento|takes its time"
        "|in no hurry|slowly",
    ),
    _entry(
        "pulse",
        "moderate",
        "moderate tempo|medium tempo|mid tempo|midtempo|moderate pace|medium pace|middling pace"
        "|moderately paced|moderately fast|moderately slow|walking pace|moderate in pace"
        "|neither slow nor fast|neither fast nor slow|walking tempo|middling tempo"
        "|andante|andantino|moderato|allegretto",
    ),
    _entry(
        "pulse",
        "fast",
        "fast|fast moving|fast paced|fast tempo|quick|quickly|brisk|briskly|rapid|rapidly|swift"
        "|swiftly|up tempo|uptempo|hurried|racing|breakneck|allegro|vivace|presto|prestissimo",
    ),
    _entry(
        "loudness",
        "quiet",
        "quiet|quietly|soft|softly|hushed|faint|faintly|low in volume|low volume|low in level"
        "|volume is low|level is low|pianissimo",
    ),
    _entry(
        "loudness",
        "medium",
        "medium volume|moderate volume|moderate in loudness|moderate loudness|medium level"
        "|moderate level"
        "|moderate in level|moderate in volume|moderately loud|average loudness|middling volume"
        "|neither loud nor quiet|neither quiet nor loud|neither loud nor soft"
        "|neither soft nor loud|mezzo forte|mezzo piano",
    ),
    _entry(
        "loudness",
        "loud",
        "loud|loudly|thunderous|deafening|booming|blaring|high in volume|high volume"
        "|full volume|volume is high|level is high|fortissimo|forte",
    ),
    _entry(
        "dynamics",
        "even",
        "steady in level|even in level|constant in level|steady level|even level|constant level"
        "|same level|one level|steady volume|even volume|constant volume|steady in volume"
        "|even in volume|constant in volume|steady in loudness|even in loudness"
        "|constant in loudness|dynamics are even|little dynamic change"
        "|little dynamic range|little dynamic variation|flat dynamics|steady dynamics"
        "|narrow dynamic range|small dynamic range|"
        + _each(
            "level|volume|loudness|dynamics",
            "hardly moves|hardly changes|hardly shifts|hardly varies|barely moves|barely changes"
            "|barely shifts|barely varies|scarcely moves|scarcely changes|scarcely shifts"
            "|scarcely varies|hardly change|barely change|stays even|stays steady|holds even"
            "|holds steady|keeps even|keeps steady|remains even|remains steady|is even|is steady"
            "|never changes|never moves",
        )
        + "|"
        + _each(
            "little change in|little changes in|hardly any change in|no change in",
            "level|volume|loudness",
        ),
    ),
    _entry(
        "dynamics",
        "varied",
        "swells|swells and falls|swells and fades|rises and falls|swelling and falling"
        "|rising and falling|ebbs and flows|wide dynamics|wide dynamic range|large dynamic range"
        "|from quiet to loud|from loud to quiet|from soft to loud|from loud to soft"
        "|loud and quiet|quiet and loud|loud and soft|soft and loud|crescendo|crescendos"
        "|diminuendo|decrescendo|dynamics vary|dynamics are varied|"
        + _each(
            "level|volume|loudness",
            "varies|changes|moves|shifts|comes and goes|goes up and down|rises and falls|swells",
        )
        + "|"
        + _each("changes in|varies in|varied in|changing|shifting|varying", "level|volume|loudness")
        + "|"
        + _each("varying|changing", "dynamics"),
    ),
    _entry(
        "brightness",
        "dark",
        "dark|dark in tone|dark toned|dark sound|dark sounding|dark tone|dark timbre|muffled"
        "|dark in timbre|dark in sound|"
        + _each("tone is|timbre is|sound is", "dark")
        + "|"
        + _each("little", "treble|top end|high end")
        + "|low in the spectrum|leans on the low end|low end outweighs the high|"
        + _each("weighted|leaning|tilted", "towards the low end"),
    ),
    _entry(
        "brightness",
        "balanced",
        "balanced in tone|balanced tone|balanced timbre|balanced sound|balanced in timbre"
        "|balanced between dark and bright|neither dark nor bright|neither bright nor dark"
        "|moderately bright|balanced in brightness|balances low end and high end"
        "|weighs up low end and high end|low end and high end are balanced|"
        + _each("tone is|timbre is|sound is", "balanced"),
    ),
    _entry(
        "brightness",
        "bright",
        "bright|bright in tone|bright toned|bright sound|bright sounding|bright tone"
        "|bright timbre|bright in timbre|bright in sound|trebly|"
        + _each("plenty of", "treble|top end|high end")
        + "|high in the spectrum|leans on the high end|"
        + _each("weighted|leaning|tilted", "towards the high end"),
    ),
    _entry(
        "density",
        "sparse",
        "sparse|sparsely|low density|few notes|few onsets|notes are few|spare|thinly scored"
        "|uncluttered|sparsely scored|sparsely filled",
    ),
    _entry(
        "density",
        "steady",
        "steady stream of notes|steady flow of notes|even stream of notes|even flow of notes"
        "|notes come steadily|moderately busy|moderately dense|neither sparse nor busy"
        "|neither busy nor sparse|neither sparse nor dense|notes come steadily",
    ),
    _entry(
        "density",
        "busy",
        "busy|busily|high density|dense|densely|many notes|packed with notes|full of notes"
        "|flurry of notes|crowded|note packed",
    ),
    _entry(
        "percussion",
        "present",
        "drum|drums|drum kit|drum set|drum beat|drumbeat|drum beats|drumming|drummer"
        "|drum machine|percussion|percussive|percussionist|backbeat",
    ),
    _entry(
        "percussion",
        "absent",
        "drumless|beatless|unpercussive",
    ),
    _entry(
        "width",
        "mono",
        "mono|in mono|single channel|monaural",
    ),
    _entry(
        "width",
        "narrow",
        "narrow|narrow stereo|narrow stereo field|narrow stereo image|narrow in stereo"
        "|near the centre|near the center|close to the centre|close to the center"
        "|stereo field is narrow|stereo image is narrow|nearly the same sound",
    ),
    _entry(
        "width",
        "wide",
        "wide|spread wide|wide stereo|wide stereo field|wide stereo image|wide in stereo"
        "|spread across the stereo field|spread wide across the stereo field"
        "|across the whole stereo field|broad stereo field|broad stereo image"
        "|stereo field is wide|stereo image is wide|spread wide from left to right"
        "|spread wide between the speakers",
    ),
    _entry(
        "width",
        "not mono",
        "in stereo",
    ),
    _entry(
        "energy",
        "calm",
        "calm|calmly|calm in energy|tranquil|relaxed|low energy|low in energy|energy is low"
        "|little energy|laid back|placid",
    ),
    _entry(
        "energy",
        "moderate",
        "medium energy|moderately energetic|moderate in energy|mid energy|middling energy"
        "|neither calm nor energetic|neither energetic nor calm|moderately lively",
    ),
    _entry(
        "energy",
        "energetic",
        "energetic|energetically|high energy|high in energy|energy is high|full of energy"
        "|lively|driving|vigorous|vigorously",
    ),
)

VOCALS = (
    _entry(
        "vocals",
        "present",
        "vocal|vocals|voice|voices|singer|singers|singing|sings|sung|vocalist|vocalists|choir"
        "|choirs|choral|rap|raps|rapper|rapping|humming|lyrics|falsetto|chant|chanting"
        "|a cappella",
    ),
    _entry(
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
LEXICON = (
    *(Entry(*row) for row in PLAIN),
    *(*BY_NAME, *MEASURED, *VOCALS, *INSTRUMENTS, *UNTUNED, *GENRES, *MOODS),
)

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
    by_phrase = _by_phrase()
    for match in _pattern().finditer(text):
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


@cache
def _by_phrase() -> dict[str, Entry]:
    return {phrase: entry for entry in LEXICON for phrase in entry.phrases}


@cache
def _pattern() -> re.Pattern[str]:
    # Looking ahead without moving on finds phrases that begin inside another.
    return re.compile(f"(?=({phrase_pattern(list(_by_phrase()))}))", re.IGNORECASE)


@cache
def _asides() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(ASIDES)})\b", re.IGNORECASE)
