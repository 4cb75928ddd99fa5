"""Stories of a picture: two to four plain sentences on its light, its colours and their places.

The sentences are in `story_phrases.yaml`. What was measured without confidence is left out, and
so is what is neither high nor low: it is not worth a word.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from random import Random

from mmusset.measured import Measured
from mmusset.recipe_parts.texts import STORY_WORDS
from mmusset.sample_parts.evidence import ImageEvidence
from mmusset.text import within, word_count

from .colour_sentences import colour_sentences, sentences_on, shade_sentences, speck_sentences
from .story_book import phrase, story_phrases
from .story_colours import (
    COLOURLESS,
    SPREAD,
    MainColours,
    is_vivid,
    main_colours,
    other_colours,
)
from .wording import expand, finish, pick, shuffled

SENTENCES = (2, 4)
MOST_ON_COLOURS = 3  # sentences, unless more of them are needed
MOST_NEEDED = 5  # colours beside the main ones that a story has to name
DRAFTS = 10
TWICE = 3  # how much worse than two like beginnings is a turn that comes again
OTHERS_FIRST = 0.35  # of the stories do not begin with the main colours
CERTAIN = 0.6  # confidence from which a measure of the picture is mentioned
STRONG_LIGHT = 0.3  # of the way from black to white: what is so much lighter is always told
EVEN = 0.95  # that it is equally light everywhere, from which that is said
LIGHTER = 0.8  # chance that it is lighter there than elsewhere, from which that is said
# Below the first number is the first word, above the second the second; between them is none.
LOOKS = (
    ("brightness", 0.28, 0.72, "dark", "bright"),
    ("sharpness", 0.18, 0.99, "soft", "sharp"),
    ("busyness", 0.02, 0.45, "empty", "crowded"),
    ("contrast", 0.2, 0.6, "low contrast", "high contrast"),
    ("saturation", 0.15, 0.75, "muted colours", "strong colours"),
    ("warmth", 0.25, 0.8, "cool", "warm"),
)
WIDE, NEARLY_SQUARE = 1.9, 0.02  # width by height
_PICTURE = re.compile(r"\$(its|it)\b")
_OF_PICTURE = re.compile(r"(?:(?:(?:almost|nearly) all|most|much|a large part) of )?\$its?\b")


def write(
    image: ImageEvidence, title: str, random: Random, words: tuple[int, int] = STORY_WORDS
) -> str:
    """A story of a picture; it names the piece's title where one is given.

    `words` are the fewest and the most; there are fewer where nothing is left to say. Of a few
    drafts, the one whose sentences begin least alike.
    """
    drafts = [_draft(image, title, random, words[0]) for _ in range(DRAFTS)]
    return within(_told(min(drafts, key=_alike), random), words[1])


def _draft(image: ImageEvidence, title: str, random: Random, least: int) -> list[str]:
    """Sentences on the main colours, on what strikes, and on what is drawn of the rest.

    Where what strikes would take more sentences than a story has, the least of it is left out.
    """
    main = main_colours(image, random)
    light = _lightest(image, random)
    ending = []
    if light and _is_strong_light(image) and main.kind != "opposite":
        ending.append(light.pop())
    if title:
        ending.append(phrase("title", random=random, c=title))
    most = SENTENCES[1] - len(ending)
    for most_needed in range(MOST_NEEDED, -1, -1):
        needed, placed, rest = other_colours(main, image, most_needed)
        draft = [*colour_sentences(main, needed, placed, random), *speck_sentences(image, random)]
        if len(draft) <= most:
            break
    more = list(sentences_on(placed, random))
    if len(draft) < min(MOST_ON_COLOURS, most):
        draft += more[:1]
        more = more[1:]
    looks = list(_looks(image, main, random))
    others = shuffled([*looks[:2], *light], random)
    if others and len(draft) < most and random.random() < OTHERS_FIRST:
        draft.insert(0, others.pop())
    draft += ending
    spare = [*shuffled([*more, *others], random), *looks[2:]]
    target = SENTENCES[0] + int(random.random() * (SENTENCES[1] - SENTENCES[0] + 1))
    count = max(0, target - len(draft))
    draft, spare = draft + spare[:count], spare[count:]
    # Of any picture something can be said that is hardly worth it.
    spare += sentences_on(rest, random)
    spare += shade_sentences(image, main, random)
    spare += [phrase("look", word, random=random) for word in _last_words(image, main)]
    while spare and (len(draft) < SENTENCES[0] or word_count(" ".join(draft)) < least):
        draft.append(spare.pop(0))
    return draft


def _alike(draft: Sequence[str]) -> int:
    """How often a sentence begins as another does, and a run of two words comes again."""
    words = " ".join(draft).split()
    heads = [(sentence.split()[0], " ".join(sentence.split()[:2])) for sentence in draft]
    runs = list(pairwise(words))
    lists = ([first for first, _ in heads], [both for _, both in heads], runs)
    again = sum(max(0, len(re.findall(turn, " ".join(draft))) - 1) for turn in _turns())
    return sum(len(each) - len(set(each)) for each in lists) + TWICE * again


def _turns() -> Iterator[str]:
    """Patterns of what should not come twice: the words for one place, and worn ones."""
    yield from (r"\balso\b", r"\ba touch of\b", r"\bpatch of\b", r"\b(several|various) places\b")
    yield from (r"\ba lot of\b", r"\ba good deal of\b", r"\bit has\b")
    for place, names in story_phrases()["place"]["area"].items():
        if place not in SPREAD and " " not in place:
            yield "|".join(rf"{name}\b" for name in names)


def _told(sentences: Sequence[str], random: Random) -> str:
    """The sentences as a text, in which the picture is named once and is "it" from then on.

    A sentence names it again after one that is of something else: in "White covers most of it. It
    also has red" the white would have it.
    """
    noun = pick(story_phrases()["picture"], random)
    named = False
    texts = list[str]()
    for before, sentence in pairwise(["", *sentences]):
        parts = _PICTURE.split(sentence.replace("$in", "" if named else " in $it"))
        is_of_another = bool(before) and not _OF_PICTURE.match(before)
        for i in range(1, len(parts), 2):
            again = is_of_another and i == 1
            possessive = parts[i] == "its"
            if named and not again:
                continue
            parts[i] = f"{noun}'s" if possessive else noun
            named = True
        texts.append("".join(parts))
    return finish(" ".join(f"{text}." for text in texts))


def _lightest(image: ImageEvidence, random: Random) -> list[str]:
    place = image.lightest
    if place.where in ("all over", "scattered") or place.confidence < LIGHTER:
        return []
    return [phrase("lightest", place.where, random=random)]


def _is_strong_light(image: ImageEvidence) -> bool:
    """Whether light strikes: not where a thing in the middle is darker than the ground."""
    return image.lightest.where != "edges" and image.lightest.filled >= STRONG_LIGHT


def _looks(image: ImageEvidence, main: MainColours, random: Random) -> Iterator[str]:
    """Sentences on what stands out of how the picture looks; two of a kind make one."""
    words = shuffled(list(_look_words(image, main)), random)
    words.sort(key=lambda word: word == "sharp")  # of what can be said it tells least
    for pair, phrases in story_phrases()["pairs"].items():
        if set(pair.split(", ")) <= set(words):
            words = [word for word in words if word not in pair.split(", ")]
            yield expand(pick(phrases, random), random)
    for word in words:
        yield phrase("look", word, random=random)


def _look_words(image: ImageEvidence, main: MainColours) -> Iterator[str]:
    """What is low enough or high enough to be worth a word, and not said by the colours."""
    for name, low, high, low_word, high_word in LOOKS:
        word = _look(image, name, low, high, low_word, high_word)
        said = (
            (name == "brightness" and main.kind.startswith("one") and _is_light_itself(image))
            or (name == "saturation" and (main.kind.endswith(" all") or not _has_colour(image)))
            or (word == "muted colours" and _has_vivid(image))
            or (name == "warmth" and (main.of_one or not _has_colour(image)))
        )
        if word and not said:
            yield word


def _has_vivid(image: ImageEvidence) -> bool:
    return bool(image.specks) or any(is_vivid(colour) for colour in image.palette)


def _is_light_itself(image: ImageEvidence) -> bool:
    """Whether the largest colour is black or white, which says how light the picture is."""
    return image.palette[0].name in ("black", "white")


def _look(
    image: ImageEvidence, name: str, low: float, high: float, low_word: str, high_word: str
) -> str:
    measure: Measured = getattr(image, name)
    if measure.confidence < CERTAIN or low <= measure.value <= high:
        return ""
    return low_word if measure.value < low else high_word


def _has_colour(image: ImageEvidence) -> bool:
    return image.saturation.value > COLOURLESS / 2 and image.brightness.value >= LOOKS[0][1]


def _last_words(image: ImageEvidence, main: MainColours) -> Iterator[str]:
    """What is true and hardly worth a word."""
    if main.kind == "one all" and not main.left:
        yield "no other colour"
    is_even = image.lightest.where in SPREAD and image.lightest.confidence >= EVEN
    if is_even and image.contrast.value < LOOKS[3][1]:
        yield "even"
    _, dark, bright, *_ = LOOKS[0]
    if image.brightness.confidence >= CERTAIN and dark <= image.brightness.value <= bright:
        yield "neither dark nor bright"
    yield from _shape(image)
    yield "at first sight"


def _shape(image: ImageEvidence) -> Iterator[str]:
    ratio = image.width_px / image.height_px
    if abs(ratio - 1) <= NEARLY_SQUARE:
        yield "square"
    elif ratio < 1:
        yield "tall"
    elif ratio >= WIDE:
        yield "wide"
