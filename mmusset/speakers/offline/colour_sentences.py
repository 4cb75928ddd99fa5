"""Sentences on the colours that a story names: how much there is of each, and where."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from random import Random

from mmusset.sample_parts.evidence import Colour, ImageEvidence

from .story_book import phrase
from .story_colours import (
    MUCH,
    SOME,
    SPREAD,
    MainColours,
    alike_names,
    called,
    is_in_place,
    is_named,
    place_words,
    stated_place,
)
from .wording import listed

SMALL_PATCH = 0.015  # share under which a patch is called small
NAMED_SPECKS = 3
MAY_GO_ON = " +"
IN_PAIRS = 0.7  # of colours that can stand in one sentence do
MOST_IN_SENTENCE = 3  # of different amounts in one place
MOST_IN_PLACE = 4  # colours in one sentence: "a touch of red, green and blue in several places"
GO_ON = 0.75  # of the sentences that may go on with another colour do


def colour_sentences(
    main: MainColours, needed: list[Colour], placed: list[Colour], random: Random
) -> Iterator[str]:
    """The sentence on the main colours, and those on the ones that are needed. The first may go on
    with one of the others, which is then taken from its list.
    """
    sentence = main.sentence.removesuffix(MAY_GO_ON)
    others = needed or placed
    if others and sentence != main.sentence and random.random() < GO_ON:
        now = _next(others, random)
        sentence = _with_places("with ", now, random, a=sentence)
    yield sentence
    yield from sentences_on(needed, random)


def sentences_on(colours: list[Colour], random: Random) -> Iterator[str]:
    """Sentences on other colours, at most two of them in each."""
    while colours:
        yield _with_places("", _next(colours, random), random)


def speck_sentences(image: ImageEvidence, random: Random) -> Iterator[str]:
    """On small things of many colours, of which none is in the palette."""
    hues = image.specks
    if hues:
        many = "many" if len(hues) > NAMED_SPECKS else "few"
        yield phrase("specks", many, random=random, c=listed(hues[:NAMED_SPECKS]))


def shade_sentences(image: ImageEvidence, main: MainColours, random: Random) -> list[str]:
    """From the darkest to the lightest, where a picture is said to be in shades of one colour."""
    if not main.kind.startswith("family") or not main.of_one:
        return []
    shades = [c for c in image.palette if c not in main.left and is_named(c)]
    shades.sort(key=lambda colour: sum(bytes.fromhex(colour.hex[1:])))
    if len(shades) < 2 or alike_names(shades[0], shades[-1]):
        return []
    ends = {"c": called(shades[0]), "d": called(shades[-1]), "shades": main.family}
    return [phrase("rest", "shades", random=random, **ends)]


def _next(colours: list[Colour], random: Random) -> list[Colour]:
    """The next colour, or some that stand well side by side, taken from the list."""
    first = colours[0]
    now = [colour for colour in colours if _is_like(colour, first)][:MOST_IN_PLACE]
    if len(now) < 2 and stated_place(first):
        now = [colour for colour in colours if stated_place(colour) == stated_place(first)]
        now = now[:MOST_IN_SENTENCE]
    if len(now) < 2:
        paired = _fit_one_sentence(colours[:2]) and random.random() < IN_PAIRS
        now = colours[: 2 if paired else 1]
    colours[:] = [colour for colour in colours if colour not in now]
    return now


def _is_like(one: Colour, other: Colour) -> bool:
    """Whether there is as much of one as of the other, in the same place."""
    return _amount_kind(one) == _amount_kind(other) and stated_place(one) == stated_place(other)


def _fit_one_sentence(pair: list[Colour]) -> bool:
    """Whether there is a pair, both have places or none has, and their names are not alike."""
    if len(pair) < 2:
        return False
    return not alike_names(*pair) and is_in_place(pair[0]) == is_in_place(pair[1])


def _with_places(kind: str, colours: Sequence[Colour], random: Random, **slots: str) -> str:
    """A sentence on one colour or two and their places, or on more that lie in the same."""
    first, last = colours[0], colours[-1]
    slots |= {"n": _amounts(colours, random), "where": place_words(first, random)}
    if stated_place(first) == stated_place(last):
        how_many = "one" if is_in_place(first) else "one unplaced"
        if how_many == "one" and first.place.where in SPREAD:
            how_many = "one spread"
    else:
        alike = first.place.shape == "spot" and _amount_kind(first) == _amount_kind(last)
        how_many = f"two {_amount_kind(first)}s" if alike else "two"
        slots |= {"n": _amount(first, random), "m": _amount(last, random)}
        slots |= {"c": called(first), "d": called(last), "there": place_words(last, random)}
    return phrase("rest", f"{kind}{how_many}", random=random, **slots)


def _amounts(colours: Sequence[Colour], random: Random) -> str:
    """ "some blue", "some blue and a touch of red and grey"."""
    kinds = groupby(colours, key=_amount_kind)
    named = [(kind, listed([called(colour) for colour in alike])) for kind, alike in kinds]
    return listed([phrase("amount", kind, random=random, c=names) for kind, names in named])


def _amount(colour: Colour, random: Random) -> str:
    return phrase("amount", _amount_kind(colour), random=random, c=called(colour))


def _amount_kind(colour: Colour) -> str:
    shape = colour.place.shape
    if shape == "area":
        return "little" if colour.share < SOME else "some" if colour.share < MUCH else "much"
    if shape == "spot":
        return "small spot" if colour.share < SMALL_PATCH else "spot"
    return "band"
