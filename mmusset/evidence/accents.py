"""What is small in a picture and catches the eye: accents in one place, and specks all over."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mmusset.sample import Colour

from .colour import GREYISH_CHROMA, STRIKING, cells_of, hex_of, lab, name
from .places import place_of

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOST_ACCENTS = 2
STRIKING_WEIGHT = 5  # of a colour that strikes by its name
# Shares of the pixels: all accents of one colour, those that strike by their name, and one piece.
LEAST_ACCENT, LEAST_STRIKING, LEAST_PIECE = 0.0012, 0.0006, 0.0003
NEW = 26.0  # Lab units from all colours that the picture is made of
# A colour is vivid from so much more chroma than the picture's mean, and from no less and no more
# than these; it strikes where it is not nearly black.
MORE_CHROMA, LEAST_CHROMA, VIVID_CHROMA, LEAST_LIGHTNESS = 20.0, 25.0, 45.0, 25.0
LIGHT, LIGHTER = 70.0, 35.0  # steps of lightness, and more than the picture's mean: lit, or white
AROUND_PX, FROM_AROUND = 20.0, 25.0  # radius of what lies around a pixel; Lab units from it
JOINED_PX = 2  # letters of a word so near each other are one piece
ALIKE = 30.0  # Lab units about the mean of a small thing that an eye takes for its colour
MOST_FAR = 0.5  # share of a thing's pixels farther from it, from which it is of several colours
HUE_STEP = 45.0  # degrees: the parts of such a thing
LEAST_SPECKS, FEWEST_SPECKS = 0.0015, 3  # share of a hue in small things; how many there are
STRONG_CHROMA = 35.0  # of the hues of small things
# Those hues, each to an angle in Lab: its least lightness and chroma, under which an eye sees
# brown, olive or skin.
HUES = (
    (15.0, "pink", 0.0, STRONG_CHROMA),
    (52.0, "red", 0.0, STRONG_CHROMA),
    (82.0, "orange", 55.0, 55.0),
    (115.0, "yellow", 60.0, 55.0),
    (170.0, "green", 0.0, STRONG_CHROMA),
    (225.0, "turquoise", 0.0, STRONG_CHROMA),
    (309.0, "blue", 0.0, STRONG_CHROMA),
    (335.0, "purple", 0.0, STRONG_CHROMA),
    (360.0, "pink", 0.0, STRONG_CHROMA),
)


def accents(
    rgb: NDArray[np.uint8], pixels_lab: Doubles, main: tuple[Colour, ...]
) -> tuple[Colour, ...]:
    """Up to two colours of small things that stand out, of which `main` says nothing, the larger
    first: a glow, a red dot on grey, white letters on black.

    Such a thing is vivid or much lighter than the picture, unlike what lies around it, and unlike
    each colour of `main`. It is named by the half of its pixels that are least like those, since
    edges are blended.
    """
    unlike = _distance(pixels_lab, main)
    found: dict[str, list[Bools]] = {}
    for piece in _pieces(pixels_lab, unlike):
        heart = piece & (unlike >= np.median(unlike[piece]))
        found.setdefault(_hue(pixels_lab[heart].mean(axis=0), is_small=False), []).append(piece)
    known = {colour.name for colour in main}
    colours = list[tuple[float, Colour]]()
    for pieces in found.values():
        inside = np.any(pieces, axis=0)
        accent = _accent(inside, inside & (unlike >= np.median(unlike[inside])), rgb, pixels_lab)
        is_told = accent.name in known or accent.place.where == "all over"
        least = LEAST_STRIKING if accent.name in STRIKING else LEAST_ACCENT
        if accent.share >= least and not is_told:
            colours.append((_weight(accent, unlike[inside]), accent))
    colours.sort(key=lambda each: (-each[0], each[1].name))
    return tuple(sorted((c for _, c in colours[:MOST_ACCENTS]), key=lambda c: -c.share))


def _pieces(pixels_lab: Doubles, unlike: Doubles) -> Iterator[Bools]:
    """Each thing that stands out; of a thing in several colours, each part that is of one."""
    from scipy import ndimage

    stands_out = _stands_out(pixels_lab, unlike)
    near, _ = ndimage.label(ndimage.binary_dilation(stands_out, iterations=JOINED_PX))
    near[unlike <= NEW] = 0
    shares = np.bincount(near.ravel()) / near.size
    for each in np.flatnonzero(shares[1:] >= LEAST_PIECE) + 1:
        whole = near == each
        if _is_of_one_colour(pixels_lab[whole]):
            yield whole
            continue
        hues = (np.degrees(np.arctan2(pixels_lab[..., 2], pixels_lab[..., 1])) % 360) // HUE_STEP
        for hue in np.unique(hues[whole]):
            part = whole & (hues == hue)
            if part.mean() >= LEAST_PIECE:
                yield part


def _is_of_one_colour(pixels_lab: Doubles) -> bool:
    far = ((pixels_lab - pixels_lab.mean(axis=0)) ** 2).sum(axis=-1) > ALIKE**2
    return bool(far.mean() <= MOST_FAR)


def _stands_out(pixels_lab: Doubles, unlike: Doubles) -> Bools:
    from scipy import ndimage

    lightness = pixels_lab[..., 0]
    chroma = np.hypot(pixels_lab[..., 1], pixels_lab[..., 2])
    around = [ndimage.uniform_filter(pixels_lab[..., axis], 2 * AROUND_PX) for axis in range(3)]
    from_around = np.sqrt(((pixels_lab - np.stack(around, axis=-1)) ** 2).sum(axis=-1))
    vivid = np.clip(chroma.mean() + MORE_CHROMA, LEAST_CHROMA, VIVID_CHROMA)
    is_vivid = (chroma >= vivid) & (lightness >= LEAST_LIGHTNESS)
    is_lit = (lightness >= LIGHT) & (lightness >= lightness.mean() + LIGHTER)
    return np.asarray((unlike > NEW) & (from_around > FROM_AROUND) & (is_vivid | is_lit))


def _distance(pixels_lab: Doubles, colours: tuple[Colour, ...]) -> Doubles:
    """How far each pixel is from the nearest of some colours, in Lab."""
    values = [lab(np.frombuffer(bytes.fromhex(colour.hex[1:]), np.uint8)) for colour in colours]
    products = pixels_lab @ np.stack(values, axis=1)
    squares = (pixels_lab**2).sum(axis=-1)[..., None] - 2 * products
    nearest = (squares + np.array([(value**2).sum() for value in values])).min(axis=-1)
    return np.asarray(np.sqrt(np.maximum(nearest, 0.0)))


def _weight(accent: Colour, unlike: Doubles) -> float:
    """How much an accent strikes: its pixels, by how unlike they are, and by what it is called."""
    return float(unlike.sum()) * (STRIKING_WEIGHT if accent.name in STRIKING else 1)


def _accent(inside: Bools, heart: Bools, rgb: NDArray[np.uint8], pixels_lab: Doubles) -> Colour:
    middle = pixels_lab[heart].mean(axis=0)
    near = ((pixels_lab[heart] - middle) ** 2).sum(axis=1) <= ALIKE**2
    return Colour(
        name=name(middle),
        hex=hex_of(rgb[heart].mean(axis=0, dtype=np.float64)),
        share=float(inside.mean()),
        purity=float(near.mean()),
        place=place_of(inside),
    )


def specks(pixels_lab: Doubles, main: tuple[Colour, ...]) -> tuple[str, ...]:
    """The hues of small things in a picture of which its palette `main` has none: three and more,
    the most frequent first, or nothing."""
    pixels = pixels_lab.reshape(-1, 3)
    values = (np.frombuffer(bytes.fromhex(each.hex[1:]), np.uint8) for each in main)
    known = {_hue(lab(value), is_small=False) for value in values}
    cells, _, weight = cells_of(pixels)
    shares: dict[str, float] = {}
    for cell, count in zip(cells, weight, strict=True):
        hue = _hue(cell)
        shares[hue] = shares.get(hue, 0.0) + float(count) / len(pixels)
    some = [hue for hue in shares if hue not in ("", *known) and shares[hue] >= LEAST_SPECKS]
    some.sort(key=lambda hue: (-shares[hue], hue))
    return tuple(some) if len(some) >= FEWEST_SPECKS else ()


def _hue(colour_lab: Doubles, is_small: bool = True) -> str:
    """The hue of a colour in Lab, of a strong one where it is of a small thing; else ""."""
    lightness, a, b = colour_lab
    angle = float(np.degrees(np.arctan2(b, a))) % 360
    word, lightest, strong = next(hue[1:] for hue in HUES if angle <= hue[0])
    if not is_small:
        lightest, strong = 0.0, GREYISH_CHROMA
    return word if lightness >= lightest and np.hypot(a, b) >= strong else ""
