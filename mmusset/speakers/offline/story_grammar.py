"""Stories of a picture's light, colours and edges, and of the mood of the clip.

What was measured without confidence is left out.
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from random import Random

from mmusset.measured import Measured
from mmusset.sample import Claim, ImageEvidence
from mmusset.text import word_count

from . import story_phrases as phrases
from .wording import expand, finish, pick, shuffled

LEAST_WORDS = 62
MOST_WORDS = 108
CERTAIN = 0.5  # confidence from which a measure of the picture is mentioned
LOW, HIGH = 0.36, 0.62  # where a measure of the picture counts as low, and as high

_COLOUR = re.compile(r"\$(first|First|second|Second|third|any)\b")


def write(image: ImageEvidence, sayable: Sequence[Claim], random: Random) -> str:
    """A story of 62 to 108 words."""
    aim = LEAST_WORDS + int(random.random() * (MOST_WORDS - LEAST_WORDS - 20))
    sentences: list[str] = []
    closing = _sentence(phrases.CLOSING, image, random)
    for sentence in _sentences(image, _energy(sayable), random):
        if word_count(" ".join([*sentences, sentence, closing])) <= MOST_WORDS:
            sentences.append(sentence)
        if word_count(" ".join([*sentences, closing])) >= aim:
            break
    return more(" ".join([*sentences, closing]), image, LEAST_WORDS, random)


def more(text: str, image: ImageEvidence, least_words: int, random: Random) -> str:
    """The text, with sentences after it that fit any story until it has `least_words`."""
    spare = shuffled([*_patterns(phrases.CLOSING), *_patterns(phrases.FEELING[""])], random)
    while word_count(text) < least_words and spare:
        text = f"{text} {_sentence(spare.pop(), image, random)}".strip()
    return text


def _sentences(image: ImageEvidence, energy: str, random: Random) -> Iterator[str]:
    """Sentences in the order of a story: light and colour, what else is seen, what is felt."""
    opening = [phrases.COLOUR if len(image.palette) > 1 else phrases.ALONE]
    if image.brightness.confidence >= CERTAIN:
        opening.append(phrases.LIGHT[_band(image.brightness)])
    middle = [
        bands[_band(measure)]
        for bands, measure in (
            (phrases.CONTRAST, image.contrast),
            (phrases.BUSYNESS, image.busyness),
            (phrases.SATURATION, image.saturation),
            (phrases.WARMTH, image.warmth),
        )
        if measure.confidence >= CERTAIN
    ]
    if len(image.palette) > 2:
        middle.append(phrases.THIRD)
    middle = shuffled(middle, random)
    kinds = (*shuffled(opening, random), *middle[:2], phrases.FEELING[energy], *middle[2:])
    return (_sentence(kind, image, random) for kind in kinds)


def _sentence(kind: str, image: ImageEvidence, random: Random) -> str:
    """One of a kind's patterns as a sentence."""
    pattern = pick(_patterns(kind), random)
    for name, words in (("@look", phrases.LOOK), ("@place", phrases.PLACE)):
        pattern = pattern.replace(name, words)
    pattern = pattern.replace("@hour", phrases.HOUR[_band(image.brightness)])
    names = [colour.name for colour in sorted(image.palette, key=lambda c: -c.share)]
    first, second, third = (names * 3)[:3]

    def colour(match: re.Match[str]) -> str:
        if match[1] == "any":
            return pick(names[:3], random)
        chosen = {"first": first, "second": second, "third": third}[match[1].lower()]
        return chosen.capitalize() if match[1][0].isupper() else chosen

    return finish(_COLOUR.sub(colour, expand(pattern, random)) + ".")


def _energy(sayable: Sequence[Claim]) -> str:
    return next((claim.value for claim in sayable if claim.attribute == "energy"), "")


def _band(measure: Measured) -> str:
    if measure.value < LOW:
        return "low"
    return "high" if measure.value > HIGH else "middle"


@cache
def _patterns(text: str) -> tuple[str, ...]:
    return tuple(" ".join(pattern.split()) for pattern in text.split("\n\n"))
