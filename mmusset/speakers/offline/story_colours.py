"""Which of a picture's colours a story names: the main ones, those that strike, their places."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean

from mmusset.sample_parts.evidence import Colour, ImageEvidence

from .cielab import Lab, chroma, lab, lightness, unlikeness
from .story_book import phrase, story_phrases
from .wording import listed, pick

FAR_LIGHTNESS = 50.0  # steps from the picture's mean: what is light in a dark picture
IN_PLACE = 0.7  # share of a colour that lies in a place, from which it is said to be there
# Share of a colour's pixels that go by its name, or the colour has none; of a striking one's.
PURE, STRIKING_PURE = 0.7, 0.5
ALL, MOST, CLOSE, MUCH, SOME = 0.9, 0.57, 0.75, 0.15, 0.06
NEEDED = 0.12  # share from which a colour is not left out
SMALL = 0.03  # so small a colour is measured where it stands out, and is not left out either
NEARLY_AS_MUCH = 0.5  # of the largest colour's share: may be one of several main colours
SEVERAL = 3  # colours that are the main ones together, where none of them leads
LARGE = 0.3  # share that is called a large part
LEAD = 1.25  # times the share of any other colour and its like: the main colour
FAMILY_LEAD = 1.7  # the same for the shades of one colour together
FILLED = 0.6  # share of a half that is of a colour, from which the half is said to be of it
OPPOSITE = {"top": "bottom", "bottom": "top", "left": "right", "right": "left"}
SPREAD = ("all over", "scattered")
GREY = "grey"  # the family that is no colour
DARK_GREYS, BLUISH_GREYS = {"charcoal", "dark slate"}, {"slate", "dark slate"}
STRIKING_WEIGHT = 5  # how much more what strikes counts where not all can be named
TWICE_AS_UNLIKE = 25.0  # from the whole picture's mean: at so much a colour counts twice
MOST_OF_FAMILY = 2  # colours of one family that a story names beside the main ones
COLOURLESS = 0.12  # saturation under which a picture of that family is called grey
VIVID_CHROMA = 30.0  # in CIE Lab: a picture with such a colour is not muted
STRONG_CHROMA = 38.0  # a colour that is named whatever its name


@dataclass(frozen=True, slots=True)
class MainColours:
    """The sentence on a picture's main colours, those that it names, and those that it leaves."""

    kind: str
    sentence: str
    said: tuple[Colour, ...]
    left: tuple[Colour, ...]
    family: str = ""  # where it speaks of the shades of one colour

    @property
    def of_one(self) -> bool:
        """Whether it says that the picture is of one colour and its shades."""
        return self.kind.endswith((" all", " most"))


def main_colours(image: ImageEvidence, random: Random) -> MainColours:
    """What the picture is mostly, of the ways to say it that hold."""
    named = tuple(colour for colour in image.palette if is_named(colour))
    first, *others = named or image.palette[:1]

    def main(kind: str, *said: Colour, **where: str) -> MainColours:
        left = tuple(colour for colour in others if colour not in said)
        slots = {"c": called(first)} | where
        if said:
            slots["d"] = called(said[0])
        text = phrase("main", kind, random=random, **slots)
        return MainColours(kind, text, (first, *said), left)

    of_family = _family_main(image, random)
    if of_family:
        return of_family
    if first.share >= MOST:
        return main("one all" if first.share >= ALL else "one most")
    for second in others:
        opposite = OPPOSITE.get(first.place.where) == second.place.where
        if opposite and min(first.place.filled, second.place.filled) >= FILLED:
            places = {"where": place_words(first, random), "there": place_words(second, random)}
            halves = [story_phrases()["half"][each.place.where] for each in (first, second)]
            return main("opposite", second, half=halves[0], other=halves[1], **places)
    ways = [
        main("two first", second)
        for second in others
        if second.share >= CLOSE * first.share and first.share + second.share >= MOST
    ]
    if first == image.palette[0] and _leads(first, image.palette):
        ways.append(main("one largest"))
        placed = is_in_place(first) and first.place.where not in SPREAD
        where = {"where": place_words(first, random)} if placed else {}
        ways.append(main("one placed" if placed else "one first", **where))
    if first.share >= LARGE:
        ways.append(main("one part"))
    if ways:
        return pick(ways, random)
    large = [c for c in (first, *others) if c.share >= max(SOME, NEARLY_AS_MUCH * first.share)]
    usual = _usual(image)
    foremost = sorted(large, key=lambda colour: -_weight(colour, usual))[:SEVERAL]
    several = [colour for colour in large if colour in foremost]
    if len(several) == SEVERAL and first == image.palette[0]:
        every = listed([called(colour) for colour in several])
        left = tuple(colour for colour in (first, *others) if colour not in several)
        text = phrase("main", "several", random=random, every=every)
        several_main = MainColours("several", text, tuple(several), left)
        return _leading_family(image, random) or several_main
    return _leading_family(image, random) or main("one of several")


def is_named(colour: Colour) -> bool:
    """Whether enough of its pixels go by its name for a story to use that."""
    return colour.purity >= (STRIKING_PURE if _strikes(colour) else PURE)


def _strikes(colour: Colour) -> bool:
    return colour.name in story_phrases()["striking"]


def is_vivid(colour: Colour) -> bool:
    """Whether a picture with it is not called muted: by its name, or by its chroma in CIE Lab."""
    return _strikes(colour) or chroma(colour.hex) >= VIVID_CHROMA


def _leads(first: Colour, palette: Sequence[Colour]) -> bool:
    """Whether a colour covers clearly more than any other, and than any other's family."""
    others = [colour for colour in palette if colour != first]
    shares = [colour.share for colour in others]
    for members in story_phrases()["families"].values():
        if first.name not in members:
            shares.append(sum(colour.share for colour in others if colour.name in members))
    return first.share >= LEAD * max(shares, default=0.0)


def _family_main(image: ImageEvidence, random: Random) -> MainColours | None:
    """Where most of a picture is in shades of one colour."""
    palette = image.palette
    for family, members in story_phrases()["families"].items():
        if family == GREY and image.saturation.value > COLOURLESS:
            continue
        inside = [colour for colour in palette if colour.name in members]
        share = sum(colour.share for colour in inside)
        if len(inside) < 2 or share < MOST or inside[0].share >= ALL:
            continue
        much = "all" if share >= ALL else "most"
        greys = _greys(palette, inside) if family == GREY else []
        if family == GREY and not greys:
            continue
        kind = f"greys {much}" if len(greys) > 1 else f"family {much}"
        called = listed(greys) if len(greys) > 1 else family
        left = tuple(c for c in palette if c not in inside and is_named(c))
        return MainColours(kind, phrase("main", kind, random=random, c=called), (), left, family)
    return None


def _leading_family(image: ImageEvidence, random: Random) -> MainColours | None:
    """Where no colour leads and the shades of one together do, clearly."""
    shares = {
        family: sum(colour.share for colour in image.palette if colour.name in members)
        for family, members in story_phrases()["families"].items()
    }
    family = max(shares, key=lambda family: shares[family])
    inside = story_phrases()["families"][family]
    others = [share for other, share in shares.items() if other != family]
    others += [colour.share for colour in image.palette if colour.name not in inside]
    if family == GREY or shares[family] < max(LARGE, FAMILY_LEAD * max(others)):
        return None
    left = tuple(c for c in image.palette if is_named(c) and c.name != family)
    text = phrase("main", "family largest", random=random, c=family)
    return MainColours("family largest", text, (), left)


def _greys(palette: Sequence[Colour], inside: Sequence[Colour]) -> list[str]:
    """Black and white where they are among them, and dark grey or grey for all others: those of
    which there is as much as of any other colour, or nothing where that is one."""
    shares = dict.fromkeys(("black", "white", GREY), 0.0)
    for colour in inside:
        shares[colour.name if colour.name in shares else GREY] += colour.share
    others = max((colour.share for colour in palette if colour not in inside), default=0.0)
    words = [word for word, share in shares.items() if share and share >= others]
    others_inside = [colour for colour in inside if colour.name not in ("black", "white")]
    bluish = sum(colour.share for colour in others_inside if colour.name in BLUISH_GREYS)
    if GREY in words and bluish > shares[GREY] / 2:
        words[words.index(GREY)] = "bluish grey"
    elif GREY in words and {colour.name for colour in others_inside} <= DARK_GREYS:
        words[words.index(GREY)] = "dark grey"
    return words if len(words) > 1 or others == 0 else []


def other_colours(
    main: MainColours, image: ImageEvidence, most_needed: int
) -> tuple[list[Colour], list[Colour], list[Colour]]:
    """Of what the main sentence leaves: what strikes or is large, so many of it at most; what has a
    place; and the rest.

    Of colours whose names are alike one, but for those of which there is much: "sky blue" is named
    beside a little blue.
    """
    usual = _usual(image)
    named = list[Colour]()
    for colour in sorted(main.left, key=lambda c: (not _strikes(c), -c.share * _plainness(c))):
        # Orange strikes beside pale orange; dark orange beside orange is no other colour.
        others = named if _strikes(colour) else [*main.said, *named]
        if colour.share >= NEEDED or not any(alike_names(colour, other) for other in others):
            named.append(colour)
    named = _few_of_a_family(sorted(named, key=lambda colour: -_salience(colour, usual)))
    named.sort(key=lambda colour: -colour.share)
    needed = [
        colour for colour in named if _is_needed(colour, image) or _leads_family(colour, named)
    ]
    # What lies in the place of one that is needed is named with it.
    places = {stated_place(colour) for colour in needed} - {None}
    needed = [colour for colour in named if colour in needed or stated_place(colour) in places]
    quiet = [colour for colour in named if colour not in needed]
    foremost = sorted(needed, key=lambda colour: -_salience(colour, usual))
    needed = [colour for colour in needed if colour in foremost[:most_needed]]
    needed = _for_their_families(needed, [c for c in main.left if c not in (*needed, *quiet)])
    quiet.sort(key=lambda colour: -_salience(colour, usual))
    placed = [colour for colour in quiet if is_in_place(colour)]
    return needed, placed, [colour for colour in quiet if colour not in placed]


def _salience(colour: Colour, usual: Lab) -> float:
    """How much it counts where not all can be named: as much more where it strikes."""
    return _weight(colour, usual) * (STRIKING_WEIGHT if _strikes(colour) else 1)


def _weight(colour: Colour, usual: Lab) -> float:
    """Its share, and more the less it is like the whole picture: grey on red."""
    return colour.share * (1 + unlikeness(colour.hex, usual) / TWICE_AS_UNLIKE)


def _usual(image: ImageEvidence) -> Lab:
    """The mean colour of the picture, as far as its palette tells."""
    values = [lab(colour.hex) for colour in image.palette]
    shares = [colour.share for colour in image.palette]
    light, a, b = (fmean(axis, shares) for axis in zip(*values, strict=True))
    return light, a, b


def _plainness(colour: Colour) -> int:
    """How much less of a colour of one word may be there than of a shade of it: red curtains whose
    folds are dark red are red."""
    return 1 if " " in called(colour) else 2


def _for_their_families(named: list[Colour], left_out: Sequence[Colour]) -> list[Colour]:
    """Those that are named, each with the shares of those of its family that are left out: an eye
    takes leaves in three greens for a lot of green."""
    shares = [colour.share for colour in named]
    for other in left_out:
        alike = [i for i, colour in enumerate(named) if _are_one_family(colour, other)]
        for i in alike[:1]:
            shares[i] += other.share
    return [
        colour.model_copy(update={"share": share})
        for colour, share in zip(named, shares, strict=True)
    ]


def _are_one_family(one: Colour, other: Colour) -> bool:
    families = story_phrases()["families"].values()
    return any({one.name, other.name} <= set(members) for members in families)


def _is_needed(colour: Colour, image: ImageEvidence) -> bool:
    """Whether a story names it: it strikes, there is much of it, or it stands out as a patch or
    by its lightness."""
    is_patch = colour.place.shape == "spot" and is_in_place(colour)
    is_strong = _strikes(colour) or chroma(colour.hex) >= STRONG_CHROMA
    is_far = abs(lightness(colour.hex) - 100 * image.brightness.value) >= FAR_LIGHTNESS
    return is_strong or is_patch or is_far or not SMALL < colour.share < NEEDED


def _leads_family(colour: Colour, named: Sequence[Colour]) -> bool:
    """Whether it is the largest of the shades of one colour of which there is much together."""
    for members in story_phrases()["families"].values():
        shares = [other.share for other in named if other.name in members]
        if colour.name in members and colour.share == max(shares) and sum(shares) >= NEEDED:
            return True
    return False


def _few_of_a_family(colours: list[Colour]) -> list[Colour]:
    """Without the last ones where there are more than two shades of one colour."""
    few = list[Colour]()
    for colour in colours:
        families = [each for each in story_phrases()["families"].values() if colour.name in each]
        named = [sum(other.name in members for other in few) for members in families]
        if colour.share >= NEEDED or max(named, default=0) < MOST_OF_FAMILY:
            few.append(colour)
    return few


def stated_place(colour: Colour) -> tuple[str, ...] | None:
    """What stands for the words for a colour's place, the same for a spot and an area there."""
    if not is_in_place(colour):
        return None
    words = story_phrases()["place"][colour.place.shape].get(colour.place.where, ())
    is_band = colour.place.shape not in ("area", "spot")
    return (colour.place.where, *(words if is_band else ()))


def alike_names(one: Colour, other: Colour) -> bool:
    """Whether a name has all the words of the other, as "dark bluish grey" has of "dark grey"."""
    words, others = set(called(one).split()), set(called(other).split())
    return words <= others or others <= words


def is_in_place(colour: Colour) -> bool:
    """Whether it is worth saying where a colour lies; a lot of it all about is nowhere."""
    everywhere = colour.place.where in SPREAD and colour.share >= MUCH
    return colour.place.confidence >= IN_PLACE and not everywhere


def called(colour: Colour) -> str:
    """A colour's name in a story."""
    return str(story_phrases()["called"].get(colour.name, colour.name))


def place_words(colour: Colour, random: Random) -> str:
    """Words for where a colour lies."""
    place = colour.place
    dotted = place.where == "all over" and colour.share < SOME
    return phrase("place", place.shape, "dotted" if dotted else place.where, random=random)
