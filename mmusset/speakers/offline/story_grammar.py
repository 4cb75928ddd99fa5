"""Stories of a picture: two to four plain sentences on its light, its colours and their places.

The sentences are in `story_phrases.yaml`. What was measured without confidence is left out, and
so is what is neither high nor low: it is not worth a word.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from random import Random
from typing import Any

from mmusset.sample import Colour, ImageEvidence
from mmusset.text import word_count
from mmusset.yaml_text import read_yaml

from .wording import expand, finish, pick, shuffled

LEAST_WORDS = 20
SENTENCES = (2, 4)
DRAFTS = 4
OTHERS_FIRST = 0.35  # of the stories do not begin with the main colours
CERTAIN = 0.6  # confidence from which a measure of the picture is mentioned
IN_PLACE = 0.7  # share of a colour that lies in a place, from which it is said to be there
LIGHTER = 0.8  # chance that it is lighter there than elsewhere, from which that is said
PURE = 0.7  # share of a colour's pixels that go by its name, or the colour has none
ALL, MOST, CLOSE, MUCH, SOME = 0.87, 0.57, 0.75, 0.2, 0.07
FILLED = 0.6  # share of a half that is of a colour, from which the half is said to be of it
# Below the first number is the first word, above the second the second; between them is none.
LOOKS = (
    ("brightness", 0.28, 0.72, "dark", "bright"),
    ("sharpness", 0.18, 0.7, "soft", "sharp"),
    ("busyness", 0.05, 0.4, "empty", "crowded"),
    ("contrast", 0.2, 0.6, "low contrast", "high contrast"),
    ("saturation", 0.15, 0.75, "muted colours", "strong colours"),
    ("warmth", 0.25, 0.8, "cool", "warm"),
)
WIDE, NEARLY_SQUARE = 1.9, 0.02  # width by height
OPPOSITE = {"top": "bottom", "bottom": "top", "left": "right", "right": "left"}
GREY = "grey"  # the family that is no colour
COLOURLESS = 0.12  # saturation under which a picture of that family is called grey
MAY_GO_ON = " +"

_SLOT = re.compile(r"\$([a-z]+)")


@dataclass(frozen=True, slots=True)
class _Main:
    """The sentence on a picture's main colours, and the colours that it leaves to others."""

    sentence: str
    left: tuple[Colour, ...]


def write(image: ImageEvidence, title: str, random: Random) -> str:
    """A story of a picture in 20 words or more; it names the piece's title where one is given.

    Of a few drafts, the one whose sentences begin least alike.
    """
    drafts = [_draft(image, title, random) for _ in range(DRAFTS)]
    return _told(min(drafts, key=_alike), random)


def _draft(image: ImageEvidence, title: str, random: Random) -> list[str]:
    """Sentences on the main colours and on what is drawn of the rest, until there are enough."""
    colours = list(_colours(_main(image, random), random))
    looks = list(_looks(image, random))
    others = shuffled([*looks[:2], *_lightest(image, random)], random)
    draft = colours[:2]
    if others and random.random() < OTHERS_FIRST:
        draft.insert(0, others.pop())
    if title:
        draft.append(_phrase("title", random=random, c=title))
    spare = [*shuffled([*colours[2:], *others], random), *looks[2:]]
    wanted = SENTENCES[0] + int(random.random() * (SENTENCES[1] - SENTENCES[0] + 1))
    draft += spare[: max(0, wanted - len(draft))]
    # Of any picture something can be said that is hardly worth it.
    spare = [s for s in spare if s not in draft]
    spare.append(_phrase("look", _shape(image), random=random))
    spare.append(_phrase("rest", "none", random=random))
    while spare and (len(draft) < SENTENCES[0] or word_count(" ".join(draft)) < LEAST_WORDS):
        draft.append(spare.pop(0))
    return draft


def _alike(draft: Sequence[str]) -> int:
    """How many sentences begin as another does, and how many runs of three words come again."""
    heads = [_head(sentence) for sentence in draft]
    words = " ".join(draft).split()
    runs = list(zip(words, words[1:], words[2:], strict=False))
    return 2 * (len(heads) - len(set(heads))) + len(runs) - len(set(runs))


def _told(sentences: Sequence[str], random: Random) -> str:
    """The sentences as a text: the picture is named once, and is "it" from then on."""
    text = " ".join(f"{sentence}." for sentence in sentences)
    first, noun = True, pick(_phrases()["picture"], random)

    def name(match: re.Match[str]) -> str:
        nonlocal first
        was_first, first = first, False
        if match[1] == "its":
            return f"{noun}'s" if was_first else "its"
        return noun if was_first else "it"

    return finish(re.sub(r"\$(its|it)\b", name, text))


# --- colours ------------------------------------------------------------------------------------


def _main(image: ImageEvidence, random: Random) -> _Main:
    """What the picture is mostly, of the ways to say it that hold."""
    named = tuple(colour for colour in image.palette if colour.purity >= PURE)
    colours = named or image.palette[:1]
    first, *others = colours
    of_family = _family_main(image, random)
    if of_family:
        return of_family
    if first.share >= MOST:
        kind = "one all" if first.share >= ALL else "one most"
        return _Main(_phrase("main", kind, random=random, c=_called(first)), tuple(others))
    ways = []
    if _is_in_place(first) and first.place.where not in ("all over", "scattered"):
        where = _where(first, random)
        sentence = _phrase("main", "one placed", random=random, c=_called(first), where=where)
        ways.append(_Main(sentence, tuple(others)))
    else:
        ways.append(
            _Main(_phrase("main", "one first", random=random, c=_called(first)), tuple(others))
        )
    for second in others:
        opposite = OPPOSITE.get(first.place.where) == second.place.where
        slots = {"c": _called(first), "d": _called(second)}
        left = tuple(colour for colour in others if colour != second)
        if opposite and min(first.place.filled, second.place.filled) >= FILLED:
            slots |= {"where": _where(first, random), "there": _where(second, random)}
            return _Main(_phrase("main", "opposite", random=random, **slots), left)
        if second.share >= CLOSE * first.share and first.share + second.share >= MOST:
            ways.append(_Main(_phrase("main", "two first", random=random, **slots), left))
    return pick(ways, random)


def _family_main(image: ImageEvidence, random: Random) -> _Main | None:
    """Where most of a picture is in shades of one colour."""
    palette = image.palette
    for family, members in _phrases()["families"].items():
        if family == GREY and image.saturation.value > COLOURLESS:
            continue
        inside = [colour for colour in palette if colour.name in members]
        share = sum(colour.share for colour in inside)
        if len(inside) < 2 or share < MOST or inside[0].share >= ALL:
            continue
        much = "all" if share >= ALL else "most"
        kind = f"greys {much}" if family == GREY else f"family {much}"
        left = tuple(c for c in palette if c not in inside and c.purity >= PURE)
        return _Main(_phrase("main", kind, random=random, c=family), left)
    return None


def _colours(main: _Main, random: Random) -> Iterator[str]:
    """The sentence on the main colours, and those on the others: at most two colours in each."""
    placed = [colour for colour in main.left if _is_in_place(colour)]
    sentence = main.sentence.removesuffix(MAY_GO_ON)
    if placed and sentence != main.sentence and random.random() < 0.5:
        now = _next(placed, random)
        sentence = _with_places("with ", now, random, a=sentence)
    yield sentence
    while placed:
        yield _with_places("", _next(placed, random), random)


def _next(placed: list[Colour], random: Random) -> list[Colour]:
    """The next colour or two, taken from the list."""
    count = 2 if random.random() < 0.7 else 1
    now, placed[:] = placed[:count], placed[count:]
    return now


def _with_places(kind: str, colours: Sequence[Colour], random: Random, **slots: str) -> str:
    """A sentence on one colour or two and their places."""
    first, last = colours[0], colours[-1]
    slots |= {"n": _amount(first, random), "where": _where(first, random)}
    slots |= {"m": _amount(last, random), "there": _where(last, random)}
    if len(colours) == 1:
        how_many = "one"
    elif (first.place.where, first.place.shape) == (last.place.where, last.place.shape):
        how_many = "same place"
    else:
        how_many = "two"
    return _phrase("rest", f"{kind}{how_many}", random=random, **slots)


def _is_in_place(colour: Colour) -> bool:
    return colour.place.confidence >= IN_PLACE


def _amount(colour: Colour, random: Random) -> str:
    shape = colour.place.shape
    if shape == "area":
        kind = "little" if colour.share < SOME else "some" if colour.share < MUCH else "much"
    else:
        kind = "spot" if shape == "spot" else "band"
    return _phrase("amount", kind, random=random, c=_called(colour))


def _called(colour: Colour) -> str:
    return str(_phrases()["called"].get(colour.name, colour.name))


def _where(colour: Colour, random: Random) -> str:
    place = colour.place
    shape = "area" if place.shape == "spot" else place.shape
    return _phrase("place", shape, place.where, random=random)


# --- light and looks ----------------------------------------------------------------------------


def _lightest(image: ImageEvidence, random: Random) -> list[str]:
    place = image.lightest
    if place.where in ("all over", "scattered") or place.confidence < LIGHTER:
        return []
    return [_phrase("lightest", place.where, random=random)]


def _looks(image: ImageEvidence, random: Random) -> Iterator[str]:
    """Sentences on what stands out of how the picture looks, of one clause or two."""
    clauses = [_phrase("look", word, random=random) for word in _look_words(image)]
    clauses = shuffled(clauses, random)
    while clauses:
        first = clauses.pop(0)
        fitting = [other for other in clauses if _head(other) != _head(first)]
        if fitting and random.random() < 0.6:
            clauses.remove(fitting[0])
            first = _phrase("two clauses", random=random, a=first, b=fitting[0])
        yield first


def _look_words(image: ImageEvidence) -> Iterator[str]:
    """What is low enough or high enough to be worth a word."""
    for name, low, high, low_word, high_word in LOOKS:
        measure = getattr(image, name)
        if measure.confidence < CERTAIN or low <= measure.value <= high:
            continue
        word = low_word if measure.value < low else high_word
        if name not in ("saturation", "warmth") or _has_colour(image):
            yield word


def _has_colour(image: ImageEvidence) -> bool:
    return image.saturation.value > COLOURLESS / 2 and image.brightness.value >= LOOKS[0][1]


def _head(clause: str) -> str:
    return " ".join(clause.split()[:2])


def _shape(image: ImageEvidence) -> str:
    ratio = image.width_px / image.height_px
    if abs(ratio - 1) <= NEARLY_SQUARE:
        return "square"
    if ratio < 1:
        return "tall"
    return "wide" if ratio >= WIDE else "wider"


# --- phrases ------------------------------------------------------------------------------------


def _phrase(*names: str, random: Random, **slots: str) -> str:
    """One of the phrases of that name, its slots filled but for $it and $its."""
    phrases: Any = _phrases()
    for name in names:
        phrases = phrases[name]
    text = expand(pick(phrases, random), random)
    return _SLOT.sub(lambda match: slots.get(match[1], match[0]), text)


@cache
def _phrases() -> dict[str, Any]:
    text = (resources.files(__package__) / "story_phrases.yaml").read_text(encoding="utf-8")
    phrases: dict[str, Any] = read_yaml(text)
    return phrases
