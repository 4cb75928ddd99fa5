"""Words that don't belong where they stand: rules over a caption's or a story's text.

Each rule gives a fault for every different wording that it finds.
"""

import re
from collections.abc import Iterable
from functools import cache
from typing import Literal

from mmusset.measurements.listed import MEASUREMENTS
from mmusset.sample_parts.piece import Tags
from mmusset.sample_parts.turns import Fault
from mmusset.text import has_any, lowered, sentences

from . import orders
from .lexicon import INSTRUMENTS, UNTUNED, phrase_pattern

Where = Literal["caption", "story"]

# Terms of music that a story could only mean as such. Words with an everyday sense (key,
# note, pitch, beat, voice, sing, light) are left to ordinary prose.
MUSIC_TERMS = (
    r"tempos?|tempi|bpm|metronomes?|melod(?:y|ies|ic|ious)|rhythms?|rhythmic(?:ally)?|chords?"
    r"|basslines?|bass(?:\s+(?:line|notes?|drums?))?|octaves?|arpeggios?|riffs?|treble|timbres?"
    r"|reverb|crescendos?|diminuendos?|staccato|legato|pizzicato|fortissimo|pianissimo|adagio"
    r"|allegro|andante|syncopat\w+|downbeats?|backbeats?|drumbeats?|drum\s+(?:kit|machine|beat)s?"
    r"|drums|drummers?|percussi(?:on|ve|onists?)|synths?|synthesi[sz]ers?|stereo|monaural|lufs"
    r"|decibels?|harmonies|harmonic(?:ally|s)?|tonalit(?:y|ies)|time\s+signature|musics?|musical"
    r"(?:ly)?|musicians?|songs?|(?:the|a|this|that)\s+tunes?|soundtracks?|lyrics?|symphon(?:y|ies)"
    r"|orchestras?|major\s+keys?|minor[-\s]+keys?|major\s+scales?|minor\s+scales?|spectral|onsets?"
)
# Instruments whose names have another everyday sense: a fault only where they are played.
EVERYDAY = frozenset(
    {
        *("bell", "bells", "horn", "horns", "organ", "organs", "string", "strings", "brass"),
        *("keyboard", "keyboards", "recorders", "lute", "fiddle", "fiddles"),
        *("harp", "gong", "gongs", "shaker", "shakers", "music box", "recorder", "viola"),
        *("kick", "kicks", "clap", "claps", "hand clap", "hand claps", "chime", "chimes"),
        *("wind chime", "wind chimes", "triangle", "triangles", "tom", "toms", "vibes"),
        *("singing bowl", "singing bowls", "church bell", "church bells", "bugle", "cornet"),
        *("cornets", "turntable", "turntables", "hammond", "claves"),
    }
)
# Genres that are not everyday words of their own.
GENRE_TERMS = frozenset(
    {
        *("jazz", "jazzy", "techno", "dubstep", "reggae", "hip hop", "bossa nova", "synthwave"),
        *("house music", "country music", "waltz", "waltzes", "lullaby", "disco", "ragtime"),
    }
)
_PLAYED = r"play(?:s|ed|ing)?|strum(?:s|med|ming)?|swell(?:s|ed|ing)?|soloing|solos?"

PICTURE_TERMS = (
    r"(?<!stereo\s)(?<!sound\s)(?<!sonic\s)images?|imagery|pictures?|pictured|photos?"
    r"|photographs?|photography|paintings?|painted|album\s+covers?|cover\s+art|artwork|visuals?"
    r"|visible|visibly|depict(?:s|ed|ing)?|scenes?|scenery|landscapes?"
    r"|(?<!tone\s)(?<!tonal\s)colou?rs?"
    r"|colou?red|hues?|palette|pixels?|camera|sk(?:y|ies)|skyline|horizon|sunsets?|sunrise"
    r"|sunlight|sunlit|moonlight|moonlit|sun|moon|seas?|seaside|oceans?|beach(?:es)?|shores?"
    r"|mountains?|hills?|forests?|trees?|rivers?|lakes?|meadows?|gardens?|flowers?|clouds?|snow"
    r"|snowy|deserts?|harbou?rs?|streets?|city(?!\s+pop)|cities|windows?|lamps?|lanterns?|lights"
    r"|candlelight|lamplight|shadows?|wearing"
    r"|(?:bright|dark|soft|dim|warm|pale)\s+(?:light|day|night|morning|evening|room|eyes|water)s?"
)
COLOURS = (
    r"red|orange|yellow|(?:sky|steel|midnight|pale|dark|light|navy)\s+blue|blue(?!\s+notes?\b)"
    r"|green|purple|violet|indigo|turquoise|teal|(?:black|white|pink|brown|grey|gray)"
    r"(?!\s+(?:metal|noise)\b)|beige|ochre|golden|crimson|maroon|magenta|lavender|navy|olive"
    r"|amber|scarlet|ivory|taupe|silvery|gold|coral|peach|charcoal"
)

INJECTIONS = (
    r"https?://\S+|\bwww\.\S+|\b[\w.+-]{1,64}@[\w-]{1,64}\.\w{2,}\b"
    r"|\b(?:ignore|disregard|forget)\s+(?:\w+\s+){0,4}(?:instructions?|prompts?|rules)\b"
    r"|\b(?:ignore|disregard)\s+(?:\w+\s+){0,2}(?:previous|above|prior|preceding)\b"
    r"|\b(?:system|developer)\s+(?:prompts?|messages?|instructions?)\b"
    r"|\byou\s+are\s+now\s+(?:an?\s+)?(?:ai|assistant|model|bot)\b|\bnew\s+instructions?\b"
    r"|\bas\s+an?\s+(?:ai|(?:large\s+)?language\s+model)\b"
    r"|\bi['’]m\s+sorry,?\s+(?:but\s+)?i\s+can(?:not|['’]t)\b"
    r"|\bi\s+can(?:not|['’]t)\s+(?:assist|help\s+with)\b"
    r"|^[ \t]*(?:system|user|assistant|human|developer)\s*:"
    # What a program would read, not a person.
    r"|[\"'](?:role|content|verdict|faults|caption|story|system|assistant)[\"']\s*:"
    r"|\brole\s*[:=]\s*[\"']?(?:system|developer|assistant|user)\b"
    r"|```|~~~|<\|[^|>]{0,40}\|>|\[/?inst\]|</?\s*[a-z][^<>]{0,80}>|\{\{|\}\}|\{%|%\}"
)
# Control characters, and those that hide or turn the text around them.
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")
# One of these stands in each of INJECTIONS, but for the one below them.
_TELLING = (
    *("www.", "@", "ignor", "disregard", "forget", "system", "developer", "now", "instruction"),
    *("role", "language", "sorry", "assist", "help", ":", "```", "~~~", "<", "[", "{", "}", "%"),
)
_SELF_NAMED = re.compile(r"\bas\s+an?\s+ai\b")
RUN_WORDS = 5  # that two texts have in common by more than chance
LEAST_LETTERS = 4  # a shorter name in a tag is too likely an ordinary word


def music_in_story(text: str) -> tuple[Fault, ...]:
    """Terms of music in a story: tempo, key, melody, chords, instruments, song."""
    quotes = [text[slice(*m.span())] for m in _music_terms().finditer(lowered(text))]
    quotes += [
        text[mention.start : mention.end]
        for measurement in MEASUREMENTS
        if measurement.mentions
        for mention in measurement.mentions(text)
    ]
    return _faults(
        quotes,
        "story",
        "term of music",
        "a story tells of the picture and uses no term of music",
        "tell it without this term",
    )


def picture_in_caption(text: str) -> tuple[Fault, ...]:
    """Colours, scenery and talk of the picture in a caption. A bright or dark tone is fine."""
    return _faults(
        (text[slice(*match.span())] for match in _picture_terms().finditer(lowered(text))),
        "caption",
        "picture in caption",
        "a caption tells only what is heard",
        "leave out what is seen",
    )


def injection(text: str, where: Where) -> tuple[Fault, ...]:
    """Links, orders to a model, its refusals, markup, and characters that can't be seen."""
    return _faults(
        (text[start:end] for start, end in _injected(text)),
        where,
        "not prose",
        "this is no plain prose: a link, markup, or words to a machine",
        "leave it out",
    )


def repeated_order(text: str, where: Where, sources: Iterable[str]) -> tuple[Fault, ...]:
    """What a text repeats of a sentence of `sources` that holds an order to a model.

    Five words that follow each other in both are a repetition, or all of a shorter sentence.
    """
    repeated = [
        places
        for source in sources
        for sentence in _with_orders(source)
        for places in _runs(text, min(RUN_WORDS, len(sentence.split())))
        if (run := orders.folded(text[slice(*places)])) and run in orders.folded(sentence)
    ]
    return _faults(
        (text[start:end] for start, end in _joined(repeated)),
        where,
        "repeats an order",
        "the source gave it words to a machine, and this repeats them",
        "leave it out",
    )


def tag_leak(text: str, where: Where, tags: Tags) -> tuple[Fault, ...]:
    """The music's title, artist or album named in a text.

    A name of several words counts in any case of letters; a single one, and each
    word of an artist's name, only with a capital and not as the first of a sentence.
    """
    quotes = [
        match[0]
        for pattern in _tag_patterns(tags, text)
        for match in pattern.finditer(text)
        if len(match[0].split()) > 1 or not _begins_sentence(text, match.start())
    ]
    return _faults(
        quotes,
        where,
        "name from tags",
        "the music's title, artist and album are not to be named",
        "leave the name out",
    )


def lengths(text: str, where: Where, bounds: tuple[int, int]) -> tuple[Fault, ...]:
    """A text with fewer or more words than `bounds` allow. It is quoted whole."""
    least, most = bounds
    words = len(text.split())
    if least <= words <= most:
        return ()
    mend = f"write at least {least} words" if words < least else f"keep to {most} words"
    return _faults([text], where, "length", f"it has {words} words", mend)


def _injected(text: str) -> list[tuple[int, int]]:
    """The places of what is no prose, in order; of orders, those that no other place holds."""
    small = lowered(text)
    is_told = has_any(small, _TELLING) or _SELF_NAMED.search(small)
    pattern = _injections() if is_told else _CONTROLS
    places = [match.span() for match in pattern.finditer(small)]
    places += [
        (start, end)
        for start, end in orders.find(text)
        if not any(a < end and start < b for a, b in places)
    ]
    return sorted(places)


def _with_orders(text: str) -> list[str]:
    """The sentences of a text that hold an order to a model, or a part of one."""
    with_orders, start = list[str](), 0
    places = orders.find(text)
    for sentence in sentences(text) if places else ():
        end = start + len(sentence)
        if any(a < end and start < b for a, b in places):
            with_orders.append(sentence)
        start = end
    return with_orders


def _runs(text: str, count: int) -> list[tuple[int, int]]:
    """Start and end of each run of so many words."""
    words = [match.span() for match in re.finditer(r"\S+", text)]
    ends = words[count - 1 :]
    return [(first[0], last[1]) for first, last in zip(words, ends, strict=False)]


def _joined(places: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Places of which none touch each other, that cover the same."""
    joined = list[tuple[int, int]]()
    for start, end in sorted(places):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def _faults(
    quotes: Iterable[str], where: Where, rule: str, why: str, mend: str
) -> tuple[Fault, ...]:
    return tuple(
        Fault(where=where, rule=rule, quote=quote, why=why, mend=mend)
        for quote in dict.fromkeys(quotes)
    )


def _tag_patterns(tags: Tags, text: str) -> list[re.Pattern[str]]:
    """What names a music's tags: of that, what a text may hold."""
    patterns, small = [], lowered(text)
    for name in (tags.title, tags.artist, tags.album):
        words = name.split()
        if len(words) > 1 and lowered(words[0]) in small and _letters(name) >= LEAST_LETTERS:
            whole = r"\s+".join(re.escape(word) for word in words)
            patterns.append(re.compile(rf"(?<!\w){whole}(?!\w)", re.IGNORECASE))
    single = [name for name in (tags.title, tags.album) if len(name.split()) == 1]
    for word in (*single, *tags.artist.split()):
        capital = word[0].upper() + word[1:]
        if capital in text and _letters(word) >= LEAST_LETTERS:
            patterns.append(re.compile(rf"(?<!\w){re.escape(capital)}(?!\w)"))
    return patterns


def _letters(name: str) -> int:
    return sum(character.isalpha() for character in name)


def _begins_sentence(text: str, start: int) -> bool:
    before = text[:start].rstrip(" \t\n\"'“‘(")
    return not before or before[-1] in ".!?:…"


@cache
def _music_terms() -> re.Pattern[str]:
    names = {phrase for entry in (*INSTRUMENTS, *UNTUNED) for phrase in entry.phrases}
    always = phrase_pattern(sorted(names - EVERYDAY | GENRE_TERMS))
    everyday = phrase_pattern(sorted(EVERYDAY))
    played = rf"{everyday}\s+(?:{_PLAYED})\b|\b(?:{_PLAYED})\s+(?:\w+\s+)?{everyday}"
    # Every term begins a word: asked first, that passes over most of a text at once.
    return re.compile(rf"\b(?=\w)(?:(?:{MUSIC_TERMS})\b|{always}|{played})")


@cache
def _picture_terms() -> re.Pattern[str]:
    return re.compile(rf"\b(?:{PICTURE_TERMS}|{COLOURS})\b")


@cache
def _injections() -> re.Pattern[str]:
    return re.compile(f"{INJECTIONS}|{_CONTROLS.pattern}", re.MULTILINE)
