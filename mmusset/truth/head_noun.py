"""The noun that an adjective belongs to, and whether that noun is the music.

"A soft, slow piece" is soft and slow. "A quiet sorrow", "slow goodbyes", "a booming note" and
"the high tone is loud" say nothing of the music as a whole, whatever else the noun may be: so
the nouns that do count are listed, and not those that don't.

Texts are in small letters here (`text.lowered`).
"""

import re
from collections.abc import Iterable

from mmusset.measurements.declaration import Mention
from mmusset.measurements.phrases import WORKS

# Words over which no noun phrase goes on.
_FUNCTION = (
    r"and|or|but|yet|nor|with|without|of|in|on|at|to|for|by|from|over|under|through|across"
    r"|into|as|than|while|when|where|that|which|who|then|so|also|is|are|was|were|be|the|an?"
    r"|its?|this|these|those|there|their|his|her|no|not|any|can|could|may|like|if|because"
    r"|since|until|till|before|after|during|between|within|against|above|below|about|around"
    r"|along|still|perhaps|maybe|more|less|much|very|both|every|each|some|you|we|they|he|she|i"
    r"|what|how|why|will|would|has|have|had|do|does|did|throughout|overall|here|now|enough"
    r"|indeed|always|all|too|again|almost|alike|even|rather|quite|just|plus|featuring|\w+ly"
)
_MUSIC = (
    rf"(?:{WORKS})s?|records?|pressings?|albums?|musical|march|hymn|cue|jingle|underscore"
    r"|backdrop|interlude|carol|theme|medley|remix|mix|production|version|rendition|interpretation|take"
    r"|reading|opening|opener|movement|section|cut|stuff|thing|affair|burner|playback"
    r"|background|ambience|ambiance|soundscape|vamp|mastering|master|playing|players"
    r"|crawl|paces|instrumentation|harmony|harmonies|texture|sound|sounding|volume"
    r"|level|loudness|dynamics|manner|fashion|way|style|feel|one|side|end|it|this"
    r"|everything|result|impression|whole|rest|band|players|ensemble|orchestra|group"
)
_PACED = (
    r"tempos?|tempi|pace|paced|pacing|pulse|beats?|grooves?|rhythms?|rhythmic|speed|moving"
    r"|going|stepping|footed|burning|melody|tunes?|lines?|solos?|motifs?|riffs?|patterns?"
    r"|drum\w*|percussi\w+|progressions?|build\w*|swing|strumming|fingerpicking"
)
_FEELING = r"atmosphere|mood|vibe|aura|energy|character"
# Adjectives of these attributes only; others are left to what else is known of parts.
_NOUNS = {
    "loudness": re.compile(rf"(?:{_MUSIC}|{_FEELING}|dance)"),
    "brightness": re.compile(rf"(?:{_MUSIC}|timbres?|toned?|palette|spectrum)"),
    "pulse": re.compile(rf"(?:{_MUSIC}|{_FEELING}|{_PACED}|dance)"),
}
# What a part has too: "the vocal production is loud".
_SOUND = re.compile(r"\b(?:production|sounds?|tones?|timbres?|volume|level|mix)\s*$")
_EFFECTS = re.compile(r"\bsound[-\s]+effects?\b")
_CONTENT = rf"(?!(?:{_FUNCTION})\b)[^\W\d_][\w'’&]*"
_RUN = re.compile(rf"(?:[-\s]+{_CONTENT}){{1,6}}")
_LISTED = re.compile(
    rf"(?:\s*,\s*(?:(?:and|but|yet)\s+)?|\s+(?:and|but|yet)\s+){_CONTENT}"
    rf"(?:(?:\s*,\s*|\s+and\s+|[-\s]+){_CONTENT}){{0,6}}",
)
_WORD = re.compile(r"[^\W\d_][\w'’&]*")
# "Quietly insistent" says how insistent, "quietly played" how it is played.
_HOW_IT_IS = re.compile(
    rf"\s+{_CONTENT}(?<!ed)(?<!ing)(?<!ung)(?<!en)(?<!wn)(?<!ck)(?=[\s.,;:!?)]|$)"
)
_ADVERBS = r"(?:(?:\w+ly|very|rather|quite|so|too|a\s+bit|a\s+little|almost)\s+)*"
# An article or the like ahead of the adjective, with no verb in between.
_ARTICLE = re.compile(
    rf"\b(?:an?|the|its|this|another|such|some|with|by|(?<!kind\s)(?<!sort\s)of|over)\s+{_ADVERBS}"
    rf"(?:{_CONTENT}(?:\s*,\s*(?:and\s+)?|\s+(?:and|but|yet)\s+|[-\s]+)){{0,3}}$",
)
_SUBJECT = re.compile(
    r"(?:^|[.!?;:,]\s*|\b(?:and|but|while|as|when|where|that)\s+)"
    r"(?:the|an?|its|her|his|their|our|every|each"
    r"|some)\s+(?P<subject>[\w'’-]+(?:\s+[\w'’-]+){0,2}?)"
    r"(?:\s+(?:of|in|on|from|for)\s+(?:the\s+|this\s+)?[\w'’-]+(?:\s+[\w'’-]+)?)?"
    r"\s+(?:(?:is|are|was|were|(?:has|have)\s+been|sounds?|feels?|stays?|remains?|gets?"
    r"|becomes?)\s+)"
    rf"{_ADVERBS}(?:[\w-]+(?:\s*,\s*|\s+and\s+)){{0,6}}$",
)
# "The first one is loud", "its side is quiet".
_ONE_OF_THEM = re.compile(r"\b(?:one|side|end|way)$")
_CLAUSE = re.compile(r"(?:(?!\b(?:with|while|as|where)\b)[^.!?;:,])*$")
_PLAYED = re.compile(
    r"(?:they|we|it|this|all|everything|everyone|everybody|nobody|nothing|instruments?|musicians?"
    r"|players|band|ensemble|orchestra|group|whole|pieces?|tracks?|songs?|tunes?|music|numbers?"
    r"|ballads?|compositions?|instrumentals?|recording|performance|arrangement|mix)",
)
# "The attack is fast, the decay slow."
_SUBJECT_ALONE = re.compile(r"(?:,|\band)\s+(?:the|its|her|his|their)\s+(?P<subject>[\w'’-]+)\s+$")


def is_the_musics(text: str, mention: Mention, others: Iterable[Mention]) -> bool:
    """Whether an adjective stands at a noun of the music, or at none; `others` are all mentions."""
    nouns = _NOUNS.get(mention.attribute or "")
    words = text[mention.start : mention.end]
    if nouns is None or re.search(r"[-\s]", words):
        return True
    if words.casefold().endswith("ly"):
        return mention.attribute != "loudness" or _is_how_it_sounds(text, mention)
    run = _noun_phrase(text, mention)
    if run is not None:
        return _holds(nouns, text, *run) or any(
            each.attribute == "genre" and each.start < run[1] and run[0] < each.end
            for each in others
        )
    ahead = max(0, mention.start - 90)
    subject = _SUBJECT.search(text, ahead, mention.start) or _SUBJECT_ALONE.search(
        text, ahead, mention.start
    )
    if subject is None:
        return True
    start, end = subject.span("subject")
    if _ONE_OF_THEM.search(text, start, end):
        return False
    of_a_part = any(
        each.attribute in ("instrument", "vocals", "percussion") and start <= each.start < end
        for each in others
    )
    of_sound = text[start:end].casefold().endswith("sounds")
    return (of_sound or _holds(nouns, text, start, end)) and not (
        of_a_part and _SOUND.search(text, start, end)
    )


def _is_how_it_sounds(text: str, mention: Mention) -> bool:
    """Whether an adverb says how the music is played, and not how a bird sings or a cello plays."""
    clause = _CLAUSE.search(text, max(0, mention.start - 90), mention.start)
    before = clause[0] if clause else ""
    played = len(before.split()) < 2 or any(
        _PLAYED.fullmatch(word) for word in _WORD.findall(before)
    )
    return played and not _HOW_IT_IS.match(text, mention.end)


def _noun_phrase(text: str, mention: Mention) -> tuple[int, int] | None:
    """Where the words stand that the adjective is an adjective of; None where it has none."""
    if match := _RUN.match(text, mention.end):
        return match.span()
    before = _ARTICLE.search(text, max(0, mention.start - 60), mention.start)
    match = _LISTED.match(text, mention.end) if before else None
    return match.span() if match else None


def _holds(nouns: re.Pattern[str], text: str, start: int, end: int) -> bool:
    words = _WORD.findall(_EFFECTS.sub(" ", text[start:end]).replace("-", " "))
    return any(nouns.fullmatch(word) for word in words)
