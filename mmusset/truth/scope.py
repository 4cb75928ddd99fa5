"""What a phrase describes: the music as a whole, or only a part of it.

"A soft piano piece" is soft; "soft hi-hats", "the drums are loud" and "a voice sings softly"
say nothing of the clip's loudness. "A sad, dark song" names a mood, "a dark, soft sound" a tone.

Texts are in small letters here (`text.lowered`).
"""

import re
from collections.abc import Iterable

from mmusset.measurements.declaration import Mention
from mmusset.measurements.phrases import WORKS
from mmusset.sample_parts.claims import OF_A_PIECE

from . import head_noun

# Spelt-out values hold for the whole, whatever they stand beside: "a piano in A minor".
_WHOLE = frozenset({"tempo", "key", "mode", "dynamics", *OF_A_PIECE})
_PACE = frozenset({"pulse"})
_THINGS = frozenset({"instrument", "vocals", "percussion"})

# Words that no noun phrase goes on over.
_ENDS = (
    r"and|or|but|yet|nor|with|without|of|in|on|at|to|for|by|from|over|under|through|across|into"
    r"|as|than|while|when|where|that|which|who|then|so|also|is|are|was|were|be|the|an?|its?|this"
    r"|these|those|there|their|his|her|no|not|any|features?|featuring|contains?|has|have"
    r"|plays?|playing|sings?|singing|can|could|may"
    r"|piece|track|song|tune|music|number|ballad|composition|recording|clip|excerpt|tempo|sound"
    r"|rhythms|grooves?|texture|mood|atmosphere|feel|style|mix|production|dynamics|volume|level"
    r"|loudness|pace|beats?|energy|tone|timbre|harmony|harmonies|melody|melodies|themes?|flow"
    r"|field|stereo|key|vibe|air|manner|character|arrangement|performance|passage"
)
_WORD = rf"(?!(?:{_ENDS})\b)\w[\w'’&]{{0,20}}"
_AND = r"(?:[-\s]+|\s?[,/]\s*|\s*,?\s(?:and|but|yet)\s+)"
_TO_THE_NOUN = re.compile(rf"(?:{_AND}{_WORD}){{0,5}}[-\s]+")
# Sounds that are always a part, and never listed as instruments.
_PARTS = re.compile(
    rf"(?:(?:[-\s]+|\s?,\s*){_WORD}){{0,3}}[-\s]+(?:effects|noises?|risers?|chords?|hiss"
    r"|crackl\w+|bangs?|pads?|impacts?|crash(?:es)?|licks?|strums?|strumming|picking"
    r"|reverb|vibrato|tremolo|footsteps|gunshots?|sirens?|screams|chatter|laughter|siren"
    r"|explosions?|wind|scratch\w*|static|sounds?\s+of|line\s+sound)\b",
)
_WHOLE_NOUN = re.compile(rf"[-\s]+(?:\w+[-\s]+)?(?:{WORKS})s?\b")
# A slow drum beat is a slow beat.
_BEAT_NOUN = re.compile(
    rf"(?:[-\s]+(?:\w+[-\s]+)?(?:(?:{WORKS})s?|beats?|grooves?|rhythms?|tempo|pulse|pace"
    r"|melody|tune|line|solo))\b",
)
_SAID_OF = re.compile(
    rf"(?:\s+{_WORD}){{0,2}}(?:['’]s|['’]re|\s+(?:is|are|was|were|sounds?|feels?|stays?"
    rf"|remains?|gets?|sits?|comes?))\s+"
    r"(?:(?!(?:and|but|while)\s+(?:the|its?|an?|this)\b)(?:\w+\s+|\w+,\s*)){0,4}",
)
_DONE_BY = re.compile(
    r"\s+(?:(?:(?:is|are|being|was)\s+)?\w+(?:s|ing|ed|t)\s+)?(?:(?!(?:the|an?|its"
    r"|this)\b)\w+\s+)?",
)
# What has a verb of its own says all that it says: "the volume is low, strings play".
_STATED = re.compile(r"\b(?:is|are|was|were|stays?|remains?|seems?|appears?)\b|:")
# A part's sound: "a harp which has a bright sound", "a harp with a bright sound plays".
_ITS_OWN = re.compile(
    r"(?:\s+in\s+the\s+background)?(?:\s+(?:which|that))?(?:\s+(?:has|have|had|having)\s+an?"
    r"|\s+(?P<with>with)\s+an?)\s+(?:\w+ly\s+|very\s+)*",
)
_GOES_ON = re.compile(r"\s+(?:plays?|playing|carr\w+|leads?|leading|sings?|takes?|is)\b")
# What belongs to somebody belongs to a part: "the cello's tone is dark".
# "It's slow" is no possessive.
_POSSESSIVE = re.compile(
    r"(?<!\bit)(?<!hat)(?<!here)(?<!music)(?<!piece)(?<!track)(?<!song)['’]s\s$"
)
# "A high level of reverb", "the bright tones of the harpsichord".
_OF_A_PART = re.compile(
    r"(?<=volume|.level|..tone|.sound)s?\s+of\s+(?!(?:(?:the|this|its|a)\s+)?(?:(?:whole"
    r"|entire)\s+)?"
    rf"(?:(?:{WORKS})s?\b|it\b|all\b|this\b))\w",
)
_SPOKEN = re.compile(
    r"\b(?:speak|talk|whisper|say|mutter|murmur|laugh|cough|breath|cr(?:y|ie)|chat)\w*\s+$"
)
# "The timbre is warm and dark" speaks of no mood.
_OF_THE_TONE = re.compile(
    r"\b(?:tones?|timbres?|tone\s+colou?r|sonority|spectrum|palette)\s+(?:is|are|stays?|remains?)"
    r"[\w\s,-]*$",
)
_BESIDE = r"(?:\s*[,/]\s*(?:(?:and|yet)\s+)?|\s+(?:and|yet)\s+)"
_LIST_BEFORE = re.compile(rf"(?:[\w-]+{_BESIDE}){{1,12}}$")
_LIST_AFTER = re.compile(rf"(?:{_BESIDE}[\w-]+){{1,12}}")


def of_a_part(text: str, mention: Mention, others: Iterable[Mention]) -> bool:
    """Whether an adjective or adverb describes only one part of the music.

    `others` are all mentions of the text; those of what sounds are the parts.
    """
    if mention.attribute is None or mention.attribute in _WHOLE or mention.attribute in _THINGS:
        return False
    if mention.attribute == "brightness" and _beside_a_mood(text, mention, others):
        return True
    if not head_noun.is_the_musics(text, mention, others):
        return True
    if _POSSESSIVE.search(text, max(0, mention.start - 9), mention.start):
        return True
    if mention.attribute in ("loudness", "brightness") and _OF_A_PART.match(text, mention.end):
        return True
    if mention.attribute == "loudness" and _SPOKEN.search(text, 0, mention.start):
        return True
    if mention.attribute not in _PACE and _PARTS.match(text, mention.end):
        return True
    parts = [each for each in others if sounds(each)]
    after = next((each for each in parts if each.start >= mention.end), None)
    before = next((each for each in reversed(parts) if each.end <= mention.start), None)
    return (after is not None and _stands_before(text, mention, after)) or (
        before is not None and _is_said_of(text, before, mention)
    )


def sounds(mention: Mention) -> bool:
    """Whether it names something that sounds: an instrument, a voice, drums."""
    return mention.attribute in _THINGS and mention.value != "absent"


def _stands_before(text: str, mention: Mention, part: Mention) -> bool:
    """Whether a phrase stands before a part as its adjective, and no more follows."""
    if not 0 < part.start - mention.end <= 60 or _STATED.search(text, mention.start, mention.end):
        return False
    if not _TO_THE_NOUN.fullmatch(text, mention.end, part.start):
        return False
    if mention.attribute in _PACE:
        return part.attribute != "percussion" and not _BEAT_NOUN.match(text, part.end)
    return not _WHOLE_NOUN.match(text, part.end)


def _is_said_of(text: str, part: Mention, mention: Mention) -> bool:
    """Whether a part is a sentence's subject and the phrase what is said of it."""
    if not 0 < mention.start - part.end <= 60:
        return False
    stated = _STATED.search(text, mention.start, mention.end)
    if stated and text[part.end : mention.start].isspace() and mention.attribute not in _PACE:
        return True  # "the guitar tone is bright"
    own = _ITS_OWN.fullmatch(text, part.end, mention.start)
    if own and (not own["with"] or _GOES_ON.match(text, mention.end)):
        return True
    if mention.attribute not in _PACE and _SAID_OF.fullmatch(text, part.end, mention.start):
        return True
    words = text[mention.start : mention.end].casefold()
    adverb = words.endswith("ly") or words in ("loud", "soft", "fast", "blaring", "booming")
    if mention.attribute in _PACE and part.attribute == "percussion":
        adverb = False
    return adverb and bool(_DONE_BY.fullmatch(text, part.end, mention.start))


def _beside_a_mood(text: str, mention: Mention, others: Iterable[Mention]) -> bool:
    """Whether "dark" or "bright" is one of a list of moods."""
    if text[mention.start : mention.end].casefold() not in ("dark", "bright"):
        return False
    if _OF_THE_TONE.search(text, max(0, mention.start - 90), mention.start):
        return False
    before = _LIST_BEFORE.search(text, max(0, mention.start - 160), mention.start)
    after = _LIST_AFTER.match(text, mention.end)
    start = before.start() if before else mention.start
    end = after.end() if after else mention.end
    return any(each.attribute == "mood" and start <= each.start < end for each in others)
