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
from mmusset.text import lowered


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
        "vocal|vocals|vocally|voice|voices|singer|singers|sing|singing|sings|sang|sung|vocalist"
        "|vocalists|rap|raps|rapped|rapper|rappers|rapping|hum|hums|humming"
        "|lyrics|falsetto|chant|chants|chanting|a cappella|acapella|acappella|soprano|mezzo soprano"
        "|tenor|baritone|contralto|yodel|yodels|yodeling|yodelling|croons|crooning|crooner"
        "|beatbox|beatboxing|beat boxing|vocalisation|vocalisations|vocalization|vocalizations"
        "|vocalise|vocables|scat|scatting|spoken word|narrator|narrates|narration|voice over"
        "|voiceover|ad libs|songstress|frontman|vocaloid",
    ),
    _synonyms("vocals", "choir", "choir|choirs|choral"),
    _synonyms(
        "vocals",
        "absent",
        "instrumental|instrumentals|voiceless|vocal less",
    ),
)

# The labels of OpenMIC-20 and other common ones. Voice, drums and cymbals stand elsewhere.
INSTRUMENTS = _names(
    "instrument",
    "piano,grand piano,pianist|electric piano,rhodes|guitar,acoustic guitar,electric guitar"
    ",guitarist,e guitar,slide guitar,steel guitar,lap steel,pedal steel,classical guitar"
    "|bass,bass guitar,bassline,bass line,e bass,electric bass,synth bass,sub bass,bassist"
    "|double bass,upright bass,contrabass"
    "|accordion,accordionist|bandoneon|banjo|bagpipe|bassoon|bell,handbell,church bell"
    "|brass,brass section|bouzouki|bugle|celesta|cello,cellist,celli|chime,wind chime"
    "|clarinet,bass clarinet|clavichord|clavinet|cornet|didgeridoo|dulcimer|english horn"
    "|erhu|fiddle,fiddler|flugelhorn|flute,flautist,flutist,bansuri,alto flute|french horn"
    "|glockenspiel|guzheng|harmonica|harmonium|harp,harpist|harpsichord,cembalo|horn,horn section"
    "|hurdy gurdy|kalimba,mbira|keyboard,keyboardist|kora|koto|lute|mallet percussion|mandolin"
    "|marimba|melodica|mellotron|music box|oboe|orchestra|organ,church organ,organist,hammond"
    "|oud|pan flute,panpipe|piccolo|pipa"
    "|plucked strings,plucked string,plucked instrument,plucked string instrument|recorder"
    "|saxophone,sax,saxes,saxophonist,tenor saxophone,tenor sax,alto saxophone,alto sax"
    ",baritone saxophone,baritone sax,soprano saxophone,soprano sax|santoor|sarod|shakuhachi"
    "|shamisen|singing bowl|sitar,zitar|steel drum,steelpan,steel pan"
    "|strings,string section,string quartet"
    "|synthesizer,synth,synthesiser,synth pad,synth lead"
    "|tanpura|theremin|tin whistle|trombone,trombonist|trumpet,trumpeter|tuba|turntable"
    "|ukulele,ukelele|veena|vibraphone,vibes|viola|violin,violinist|woodwind|xylophone|zither",
)
# Instruments that can't sound where there is no percussion.
UNTUNED = _names(
    "instrument",
    "bass drum,kick drum,kick|snare,snare drum,rimshot|tom tom,tom|cymbal,ride cymbal,crash cymbal"
    "|hi hat,hihat,high hat|tambourine|shaker|maraca|conga|bongo|tabla|djembe|cajon|timbales"
    "|timpani,kettledrum|handclap,hand clap,clap|castanet|claves|triangle"
    "|woodblock,wood block|cowbell|gong|taiko|dhol,dholak|darbuka|bodhran|mridangam|guiro",
)

GENRES = _names(
    "genre",
    "afrobeat,afrobeats|ambient,dark ambient|baroque|big band|black metal|blues,bluesy|bluegrass"
    "|bossa nova|breakbeat|celtic|chamber music|chillout|chiptune,chip music,8 bit music"
    "|dance music|easy listening|experimental|industrial|lounge music|medieval,medieval music"
    "|new wave|world music"
    "|city pop|classical|country music|disco|downtempo|drone music|drum and bass,drum n bass"
    "|dubstep|edm|electronic,electronica,electro|flamenco|folk|funk|fusion|gospel|grunge"
    "|hip hop,hiphop|house music,deep house,electro house|indie|jazz,jazzy,smooth jazz|jig"
    "|k pop|klezmer|latin|lo fi,lofi"
    "|lullaby|heavy metal,metal|minimalist|new age|opera,operatic|orchestral|polka"
    "|pop,synth pop,synthpop,soft pop|punk|quiet storm|ragtime|r&b|reggae|reggaeton"
    "|rock,soft rock,hard rock,indie rock,post rock|rumba|salsa|samba|ska|soul music|soundtrack"
    "|swing|synthwave|tango|techno|trance|trap music|trip hop|waltz",
)
MOODS = _names(
    "mood",
    "addictive|aggressive|angry|anthemic|anxious|atmospheric|bittersweet|bleak|brooding|celestial"
    "|chaotic|cheerful,cheery|chill|cinematic|contemplative|cosy,cozy"
    "|dark mood,dark atmosphere,dark feel,dark vibe,dark aura|dramatic|dreamy|dreamlike|eerie"
    "|emotional|enchanting|engaging|enigmatic|enthusiastic|epic|ethereal|euphoric|exciting|festive"
    "|fun|funky|gentle,gently|gloomy|grim|groovy|happy|haunting|heartfelt|heroic|hopeful|hypnotic"
    "|inspiring,inspirational|intense|intimate|introspective|joyful,joyous|jovial|lonely|longing"
    "|lush|magical|majestic|meditative|melancholy,melancholic|mellow|menacing|moody|mournful"
    "|mysterious|mystical|nostalgic|ominous|optimistic|passionate|peaceful|pensive|playful"
    "|plaintive|poignant|powerful|psychedelic|quirky|rebellious|reflective|relaxing|restless"
    "|romantic|sad|scary|sensual|sentimental|serene|sinister|solemn|sombre,somber|soothing"
    "|soulful|spiritual|spooky|suspenseful|tender,tenderly|tense|thoughtful|trippy|triumphant"
    "|unsettling|upbeat|uplifting|urban|vibrant|violent|warm,warmly|whimsical|wistful|yearning"
    "|youthful|bright mood,bright atmosphere,bright feel,bright vibe",
)
# All that nothing measured can settle.
UNMEASURED = (*VOCALS, *INSTRUMENTS, *UNTUNED, *GENRES, *MOODS)

# Phrases that hold one of the words above but don't mean it.
_ADJECTIVES = (
    r"bright|dark|soft|calm|quiet|warm|busy|wide|narrow|slow|fast|dense|faint|sparse|lively"
    r"|energetic|tranquil"
)
_THINGS = (
    r"lights?|sk(?:y|ies)|sun|moon|mornings?|evenings?|days?|nights?|rooms?|eyes|colou?rs?|streets?"
    r"|roads?|rivers?|seas?|waters?|oceans?|forests?|woods|clouds?|shadows?|fog|rain|smile"
    r"|city(?![-\s]+pop)|cities|lanes?|landscapes?|scenes?|places?|summers?|winters?|weather"
    r"|images?|pictures?|photo(?:graph)?s?|views?|crowds?|markets?|harbou?rs?|sunlight|faces?"
)
ASIDES = (
    rf"(?:{_ADJECTIVES})(?:[-\s]+|,\s*)(?:\w+[-\s]+)?(?:{_THINGS})",
    # "The calmness of the picture", and not of the music.
    rf"(?:{_ADJECTIVES}|energy|\w+ness)(?:ness)?\s+of\s+(?:the|this|an?)\s+(?:\w+\s+)?(?:{_THINGS})",
    r"wide[-\s]+(?:\w+[-\s]+)?(?:range|leaps?|intervals?|variety)|wide[-\s]+open|far\s+and\s+wide",
    r"narrow[-\s]+(?:\w+[-\s]+)?range",
    r"(?:slow|fast|soft|quiet)[-\s]+(?:motion|fade|attack|decay|release)|fast\s+forward",
    r"swing\s+door|high\s+volume\s+of|forte\s+of|metal\s+(?:pipe|scraping|object)s?",
    r"(?:slow|fast)[-\s]+(?:build|burn)\w*",
    r"(?:fast|quick|rapid|slow)[-\s]+(?:fills?|runs?|licks?|strums?|strumming|picking|notes?"
    r"|vibrato|tremolo|arpeggi\w+|scratch\w*|fading|fingerpicking)",
    r"(?:car|street|horse)[-\s]+racing|sound\s+quality",
    # Ranges of tempo, and of pitch.
    r"(?!(?:medium|moderate)[-\s]+to[-\s]+(?:medium|moderate|mid))"
    r"(?:slow|medium|moderate|mid)[-\s]+to[-\s]+(?:fast|up[-\s]?tempo|medium|moderate|mid|high)"
    r"\w*(?:[-\s]+tempo)?",
    r"(?:rising|rises|swelling|swells)[-\s]+and[-\s]+(?:falling|falls)"
    r"[-\s]+(?:in\s+(?:pitch|tone|velocity)|pitch|melod\w+|patterns?|sequences?|manner|notes?)",
    r"(?:synth|string|pad|cymbal|plays?|playing)[-\s]+swells|form\s+of\s+volume\s+swells",
    r"(?:tenor|alto|baritone|soprano)[-\s]+(?:banjo|ukulele|guitar|recorder)",
    r"animated\s+(?:movie|film|series|video|cartoon|character|sound)|wide\s+array",
    r"general\s+bustling|bustling\s+sounds?|slowly\s+fad\w+|dark\s+side",
    # Backing music to a voice.
    r"over\s+(?:an?|the)\s+(?:\w+\s+){0,2}instrumental",
    r"instrumental\s+(?:backing|background|accompaniment|parts?|sections?|break|bridge|intro"
    r"|introduction|outro|interlude|harmony|passages?)",
    r"(?:kicks?|kick)\s+(?:in|off)|clap\s+along",
    r"(?:turn|crank)\s+(?:it|this|that)\s[^.!?;]*|play\s+it\s+(?:loud|quietly|softly)",
    # What the music might be used for, and what it is like.
    r"(?:can|could|may|might|would|should)\s+(?:\w+\s+)?(?:be\s+(?:\w+\s+)?(?:used|played|playing"
    r"|featured|included|put|placed|running|part|suitable|suited|listened|background|ideal|perfect"
    r"|great|good|an?\s+(?:opening|theme|soundtrack|background))|(?:fit|suit|work|go)\s)[^.!?;]*",
    r"(?:good|suitable|perfect|ideal|great|fit|suited)\s+for\s[^.!?;,]*",
    r"(?:(?:^|(?<=[.!?]\s))(?:good|suitable|perfect|ideal|great|fit|suited)\s+for)\s[^.!?;]*",
    r"(?:you|one|we|listeners?|anyone)\s+(?:can|could|might|may|would)\s+(?:(?:almost|easily|well"
    r"|just|only|nearly)\s+)?(?:imagine|picture|see|drive|dance|drift|walk|run|fall|think|use|sleep"
    r"|swear|mistake|take|put)\s[^.!?;]*",
    # Other music than this.
    r"(?:(?:their|his|her|its)\s+(?:last|previous|earlier|first|next|other)|last|previous|debut)\s+"
    r"(?:\w+\s+)?(?:records?|albums?|singles?|releases?|songs?|tracks?|lps?|eps?)\s+(?:was|were|is"
    r"|are|had)\s[^.!?;]*",
    # How it goes says less than the pace that is named with it.
    r"(?:ambles?|ambling|strolls?|strolling|dawdles?|dawdling)(?:\s+along)?\s+at\s+an?",
    # Those who listen.
    r"(?:drummers|percussionists|singers|guitarists|pianists|bassists)\s+will\s[^.!?;]*",
    r"(?:like\s+something|as\s+if|reminiscent\s+of|reminds\s+(?:\w+\s+)?of|resembl\w+)\s[^.!?;,]*",
)


def find(text: str) -> Iterator[Mention]:
    """Every phrase of the lexicon in a text, the longest at each word, and every aside."""
    by_phrase = _by_phrase(tuple(MEASUREMENTS))
    beginnings = _beginnings(tuple(MEASUREMENTS))
    runs = list(_LETTERS.finditer(text))
    for number, run in enumerate(runs):
        end, phrase, longest = run.end(), run[0].casefold(), None
        for next_run in (*runs[number + 1 :], None):
            if phrase not in beginnings:
                break
            if entry := by_phrase.get(phrase):
                longest = Mention(run.start(), end, entry.attribute, entry.value)
            if next_run:
                phrase += _plain(text[end : next_run.end()])
                end = next_run.end()
        if longest:
            yield longest
    for match in _asides().finditer(lowered(text)):
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
def _beginnings(measurements: tuple[Measurement[Any], ...]) -> frozenset[str]:
    """Every phrase, and each run of letters that one begins with."""
    return frozenset(
        phrase[: run.end()]
        for phrase in _by_phrase(measurements)
        for run in _LETTERS.finditer(phrase)
    )


_LETTERS = re.compile(r"\w+")


@cache
def _asides() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(ASIDES)})\b")
