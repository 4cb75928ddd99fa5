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

from mmusset.measured import Measured
from mmusset.sample import Colour, ImageEvidence
from mmusset.text import word_count
from mmusset.yaml_text import read_yaml

from .wording import expand, finish, listed, pick, shuffled

LEAST_WORDS = 20
SENTENCES = (2, 4)
DRAFTS = 4
OTHERS_FIRST = 0.35  # of the stories do not begin with the main colours
CERTAIN = 0.6  # confidence from which a measure of the picture is mentioned
IN_PLACE = 0.7  # share of a colour that lies in a place, from which it is said to be there
LIGHTER = 0.8  # chance that it is lighter there than elsewhere, from which that is said
# Share of a colour's pixels that go by its name, or the colour has none; of a vivid one's.
PURE, VIVID_PURE = 0.7, 0.5
ALL, MOST, CLOSE, MUCH, SOME = 0.87, 0.57, 0.75, 0.2, 0.07
LARGE = 0.3  # share that is called a large part
LEAD = 1.25  # times the share of any other colour and its like: the main colour
STRIKING = 0.08  # share from which a vivid colour is not left out
FILLED = 0.6  # share of a half that is of a colour, from which the half is said to be of it
# Below the first number is the first word, above the second the second; between them is none.
LOOKS = (
    ("brightness", 0.28, 0.72, "dark", "bright"),
    ("sharpness", 0.18, 0.99, "soft", "sharp"),
    ("busyness", 0.02, 0.45, "empty", "crowded"),
    ("contrast", 0.2, 0.6, "low contrast", "high contrast"),
    ("saturation", 0.15, 0.75, "muted colours", "strong colours"),
    ("warmth", 0.25, 0.8, "cool", "warm"),
)
MODERATE = {
    "busyness": "some detail",
    "contrast": "some contrast",
    "brightness": "neither dark nor bright",
}
WIDE, NEARLY_SQUARE = 1.9, 0.02  # width by height
OPPOSITE = {"top": "bottom", "bottom": "top", "left": "right", "right": "left"}
SPREAD = ("all over", "scattered")
GREY = "grey"  # the family that is no colour
COLOURLESS = 0.12  # saturation under which a picture of that family is called grey
MAY_GO_ON = " +"

_SLOT = re.compile(r"\$([a-z]+)")


@dataclass(frozen=True, slots=True)
class _Main:
    """The sentence on a picture's main colours, and the colours that it leaves to others."""

    kind: str
    sentence: str
    left: tuple[Colour, ...]

    @property
    def of_one(self) -> bool:
        """Whether it says that the picture is of one colour and its shades."""
        return self.kind.endswith((" all", " most"))


def write(image: ImageEvidence, title: str, random: Random) -> str:
    """A story of a picture in 20 words or more; it names the piece's title where one is given.

    Of a few drafts, the one whose sentences begin least alike.
    """
    drafts = [_draft(image, title, random) for _ in range(DRAFTS)]
    return _told(min(drafts, key=_alike), random)


def _draft(image: ImageEvidence, title: str, random: Random) -> list[str]:
    """Sentences on the main colours, on what strikes, and on what is drawn of the rest."""
    main = _main(image, random)
    striking, quiet = _others(main)
    draft = list(_colours(main, striking, random))
    more = list(_sentences(quiet, random))
    if len(draft) == 1:
        draft += more[:1]
        more = more[1:]
    looks = list(_looks(image, main, random))
    others = shuffled([*looks[:2], *_lightest(image, random)], random)
    if others and random.random() < OTHERS_FIRST:
        draft.insert(0, others.pop())
    if title:
        draft.append(_phrase("title", random=random, c=title))
    spare = [*shuffled([*more, *others], random), *looks[2:]]
    wanted = SENTENCES[0] + int(random.random() * (SENTENCES[1] - SENTENCES[0] + 1))
    count = max(0, wanted - len(draft))
    draft, spare = draft + spare[:count], spare[count:]
    # Of any picture something can be said that is hardly worth it.
    spare += _shades(image, main, random)
    spare += [_phrase("look", word, random=random) for word in _last_words(image, main)]
    while spare and (len(draft) < SENTENCES[0] or word_count(" ".join(draft)) < LEAST_WORDS):
        draft.append(spare.pop(0))
    return draft


def _alike(draft: Sequence[str]) -> int:
    """How many sentences begin as another does, and how many runs of three words come again."""
    heads = [" ".join(sentence.split()[:2]) for sentence in draft]
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
    named = tuple(colour for colour in image.palette if _is_named(colour))
    first, *others = named or image.palette[:1]

    def main(kind: str, *said: Colour, **where: str) -> _Main:
        left = tuple(colour for colour in others if colour not in said)
        slots = {"c": _called(first)} | where
        if said:
            slots["d"] = _called(said[0])
        return _Main(kind, _phrase("main", kind, random=random, **slots), left)

    of_family = _family_main(image, random)
    if of_family:
        return of_family
    if first.share >= MOST:
        return main("one all" if first.share >= ALL else "one most")
    for second in others:
        opposite = OPPOSITE.get(first.place.where) == second.place.where
        if opposite and min(first.place.filled, second.place.filled) >= FILLED:
            places = {"where": _where(first, random), "there": _where(second, random)}
            return main("opposite", second, **places)
    ways = [
        main("two first", second)
        for second in others
        if second.share >= CLOSE * first.share and first.share + second.share >= MOST
    ]
    if _leads(first, image.palette):
        placed = _is_in_place(first) and first.place.where not in SPREAD
        where = {"where": _where(first, random)} if placed else {}
        ways.append(main("one placed" if placed else "one first", **where))
    if not ways:
        largest = "one largest" if first == image.palette[0] else "one of several"
        ways.append(main("one part" if first.share >= LARGE else largest))
    return pick(ways, random)


def _is_named(colour: Colour) -> bool:
    return colour.purity >= (VIVID_PURE if colour.name in _phrases()["vivid"] else PURE)


def _leads(first: Colour, palette: Sequence[Colour]) -> bool:
    """Whether a colour covers clearly more than any other, and than any other's family."""
    others = [colour for colour in palette if colour != first]
    shares = [colour.share for colour in others]
    for members in _phrases()["families"].values():
        if first.name not in members:
            shares.append(sum(colour.share for colour in others if colour.name in members))
    return first.share >= LEAD * max(shares, default=0.0)


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
        greys = _greys(inside) if family == GREY else []
        kind = f"greys {much}" if len(greys) > 1 else f"family {much}"
        called = listed(greys) if len(greys) > 1 else family
        left = tuple(c for c in palette if c not in inside and _is_named(c))
        return _Main(kind, _phrase("main", kind, random=random, c=called), left)
    return None


def _greys(colours: Sequence[Colour]) -> list[str]:
    """Black and white where they are among them, and grey for all others."""
    names = [c.name if c.name in ("black", "white") else GREY for c in colours]
    return [word for word in ("black", "white", GREY) if word in names]


def _others(main: _Main) -> tuple[list[Colour], list[Colour]]:
    """Of what the main sentence leaves: what strikes, and what covers much or has a place."""
    vivid = _phrases()["vivid"]
    striking = [c for c in main.left if c.name in vivid and c.share >= STRIKING]
    quiet = [c for c in main.left if c not in striking]
    return striking, [c for c in quiet if c.share >= MUCH or _is_in_place(c)]


def _colours(main: _Main, striking: list[Colour], random: Random) -> Iterator[str]:
    """The sentence on the main colours, and those on the ones that strike."""
    sentence = main.sentence.removesuffix(MAY_GO_ON)
    if striking and sentence != main.sentence and random.random() < 0.5:
        now = _next(striking, random)
        sentence = _with_places("with ", now, random, a=sentence)
    yield sentence
    yield from _sentences(striking, random)


def _sentences(colours: list[Colour], random: Random) -> Iterator[str]:
    """Sentences on other colours, at most two of them in each."""
    while colours:
        yield _with_places("", _next(colours, random), random)


def _shades(image: ImageEvidence, main: _Main, random: Random) -> list[str]:
    """From the darkest to the lightest, where a picture is said to be in shades of one colour."""
    if not main.kind.startswith("family"):
        return []
    shades = [c for c in image.palette if c not in main.left and _is_named(c)]
    shades.sort(key=lambda colour: sum(bytes.fromhex(colour.hex[1:])))
    if len(shades) < 2:
        return []
    ends = {"c": _called(shades[0]), "d": _called(shades[-1])}
    return [_phrase("rest", "shades", random=random, **ends)]


def _next(colours: list[Colour], random: Random) -> list[Colour]:
    """The next colour, or two that have places, taken from the list."""
    count = 2 if random.random() < 0.7 and _fit_one_sentence(colours[:2]) else 1
    now, colours[:] = colours[:count], colours[count:]
    return now


def _fit_one_sentence(pair: list[Colour]) -> bool:
    """Whether all have places and none's name holds another's, as "grey and dark grey"."""
    names = [_called(colour) for colour in pair]
    alike = any(one in other for one in names for other in names if one != other)
    return not alike and all(_is_in_place(colour) for colour in pair)


def _with_places(kind: str, colours: Sequence[Colour], random: Random, **slots: str) -> str:
    """A sentence on one colour or two and their places."""
    first, last = colours[0], colours[-1]
    slots |= {"n": _amount(first, random), "where": _where(first, random)}
    slots |= {"m": _amount(last, random), "there": _where(last, random)}
    if len(colours) == 1:
        how_many = "one" if _is_in_place(first) else "one unplaced"
        if how_many == "one" and first.place.where in SPREAD:
            how_many = "one spread"
    elif (first.place.where, first.place.shape) == (last.place.where, last.place.shape):
        how_many = "same place"
        if _amount_kind(first) == _amount_kind(last):
            slots["m"] = _called(last)  # "some red and blue"
    else:
        how_many = "two"
    return _phrase("rest", f"{kind}{how_many}", random=random, **slots)


def _is_in_place(colour: Colour) -> bool:
    """Whether it is worth saying where a colour lies; a lot of it all about is nowhere."""
    everywhere = colour.place.where in SPREAD and colour.share >= MUCH
    return colour.place.confidence >= IN_PLACE and not everywhere


def _amount(colour: Colour, random: Random) -> str:
    return _phrase("amount", _amount_kind(colour), random=random, c=_called(colour))


def _amount_kind(colour: Colour) -> str:
    shape = colour.place.shape
    if shape == "area":
        return "little" if colour.share < SOME else "some" if colour.share < MUCH else "much"
    return "spot" if shape == "spot" else "band"


def _called(colour: Colour) -> str:
    return str(_phrases()["called"].get(colour.name, colour.name))


def _where(colour: Colour, random: Random) -> str:
    place = colour.place
    shape = "area" if place.shape == "spot" else place.shape
    dotted = place.where == "all over" and colour.share < SOME
    return _phrase("place", shape, "dotted" if dotted else place.where, random=random)


# --- light and looks ----------------------------------------------------------------------------


def _lightest(image: ImageEvidence, random: Random) -> list[str]:
    place = image.lightest
    if place.where in ("all over", "scattered") or place.confidence < LIGHTER:
        return []
    return [_phrase("lightest", place.where, random=random)]


def _looks(image: ImageEvidence, main: _Main, random: Random) -> Iterator[str]:
    """Sentences on what stands out of how the picture looks; two of a kind make one."""
    words = shuffled(list(_look_words(image, main)), random)
    words.sort(key=lambda word: word == "sharp")  # of what can be said it tells least
    for pair, phrases in _phrases()["pairs"].items():
        if set(pair.split(", ")) <= set(words):
            words = [word for word in words if word not in pair.split(", ")]
            yield expand(pick(phrases, random), random)
    for word in words:
        yield _phrase("look", word, random=random)


def _look_words(image: ImageEvidence, main: _Main) -> Iterator[str]:
    """What is low enough or high enough to be worth a word, and not said by the colours."""
    for name, low, high, low_word, high_word in LOOKS:
        word = _look(image, name, low, high, low_word, high_word)
        said = (
            (name == "brightness" and main.kind.startswith("one") and _is_light_itself(image))
            or (name == "saturation" and (main.kind.endswith(" all") or not _has_colour(image)))
            or (name == "warmth" and (main.of_one or not _has_colour(image)))
        )
        if word and not said:
            yield word


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


def _last_words(image: ImageEvidence, main: _Main) -> Iterator[str]:
    """What is true and hardly worth a word."""
    if main.kind == "one all" and not main.left:
        yield "no other colour"
    if image.lightest.where in SPREAD and image.contrast.value < LOOKS[3][1]:
        yield "even"
    yield from _shape(image)
    for name, word in MODERATE.items():
        _, low, high, *_ = next(look for look in LOOKS if look[0] == name)
        measure: Measured = getattr(image, name)
        if measure.confidence >= CERTAIN and low <= measure.value <= high:
            yield word
    yield "at first sight"


def _shape(image: ImageEvidence) -> Iterator[str]:
    ratio = image.width_px / image.height_px
    if abs(ratio - 1) <= NEARLY_SQUARE:
        yield "square"
    elif ratio < 1:
        yield "tall"
    elif ratio >= WIDE:
        yield "wide"


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
