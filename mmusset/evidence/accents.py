"""What is small in a picture and catches the eye: accents in one place, and specks all over."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from mmusset.sample_parts.evidence import Colour

from .colour import (
    GREYISH_CHROMA,
    STRIKING,
    Cells,
    hex_of,
    hue_degrees,
    lab,
    name,
    squared_lengths,
)
from .places import place_of
from .regions import grown, means_around, regions_of

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
AROUND_PX, FROM_AROUND = 20, 25.0  # radius of what lies around a pixel; Lab units from it
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
    near = regions_of(grown(_stands_out(pixels_lab, unlike), JOINED_PX))
    near[unlike <= NEW] = 0
    shares = np.bincount(near.ravel()) / near.size
    for each in np.flatnonzero(shares[1:] >= LEAST_PIECE) + 1:
        whole = near == each
        if _is_of_one_colour(pixels_lab[whole]):
            yield whole
            continue
        hues = hue_degrees(pixels_lab) // HUE_STEP
        for hue in np.unique(hues[whole]):
            part = whole & (hues == hue)
            if part.mean() >= LEAST_PIECE:
                yield part


def _is_of_one_colour(pixels_lab: Doubles) -> bool:
    far = squared_lengths(pixels_lab - pixels_lab.mean(axis=0)) > ALIKE**2
    return bool(far.mean() <= MOST_FAR)


def _stands_out(pixels_lab: Doubles, unlike: Doubles) -> Bools:
    lightness = pixels_lab[..., 0]
    chroma = np.hypot(pixels_lab[..., 1], pixels_lab[..., 2])
    vivid = np.clip(chroma.mean() + MORE_CHROMA, LEAST_CHROMA, VIVID_CHROMA)
    is_vivid = (chroma >= vivid) & (lightness >= LEAST_LIGHTNESS)
    is_lit = (lightness >= LIGHT) & (lightness >= lightness.mean() + LIGHTER)
    strikes: Bools = (unlike > NEW) & (is_vivid | is_lit)
    if strikes.any():
        around = means_around(pixels_lab, 2 * AROUND_PX)
        strikes &= np.sqrt(squared_lengths(pixels_lab - around)) > FROM_AROUND
    return strikes


def _distance(pixels_lab: Doubles, colours: tuple[Colour, ...]) -> Doubles:
    """How far each pixel is from the nearest of some colours, in Lab."""
    values = [lab(np.frombuffer(bytes.fromhex(colour.hex[1:]), np.uint8)) for colour in colours]
    # Row by row of all pixels: a minimum over a last axis of a few takes ten times as long.
    distances = np.stack(values) @ pixels_lab.reshape(-1, 3).T
    distances *= -2
    distances += np.array([[(value**2).sum()] for value in values])
    squares = squared_lengths(pixels_lab)
    squares += distances.min(axis=0).reshape(squares.shape)
    return np.asarray(np.sqrt(np.maximum(squares, 0.0, out=squares), out=squares))


def _weight(accent: Colour, unlike: Doubles) -> float:
    """How much an accent strikes: its pixels, by how unlike they are, and by what it is called."""
    return float(unlike.sum()) * (STRIKING_WEIGHT if accent.name in STRIKING else 1)


def _accent(inside: Bools, heart: Bools, rgb: NDArray[np.uint8], pixels_lab: Doubles) -> Colour:
    middle = pixels_lab[heart].mean(axis=0)
    near = squared_lengths(pixels_lab[heart] - middle) <= ALIKE**2
    return Colour(
        name=name(middle),
        hex=hex_of(rgb[heart].mean(axis=0, dtype=np.float64)),
        share=float(inside.mean()),
        purity=float(near.mean()),
        place=place_of(inside),
    )


def specks(cells: Cells, main: tuple[Colour, ...]) -> tuple[str, ...]:
    """The hues of small things in a picture of which its palette `main` has none: three and more,
    the most frequent first, or nothing."""
    values = np.array([lab(np.frombuffer(bytes.fromhex(c.hex[1:]), np.uint8)) for c in main])
    known = set(_hues(values, is_small=False))
    hues = _hues(cells.means)
    shares = {
        hue: float(cells.pixels[hues == hue].sum() / cells.pixels.sum())
        for hue in dict.fromkeys(hues.tolist())
    }
    some = [hue for hue in shares if hue not in ("", *known) and shares[hue] >= LEAST_SPECKS]
    some.sort(key=lambda hue: (-shares[hue], hue))
    return tuple(some) if len(some) >= FEWEST_SPECKS else ()


def _hue(colour_lab: Doubles, is_small: bool = True) -> str:
    """The hue of a colour `[3]` in Lab, of a strong one where it is of a small thing; else ""."""
    return str(_hues(colour_lab[None], is_small)[0])


def _hues(colours_lab: Doubles, is_small: bool = True) -> NDArray[np.str_]:
    """The same of several colours `[n, 3]`."""
    lightness, a, b = colours_lab.T
    up_to, words, lightest, strong = (np.array(column) for column in zip(*HUES, strict=True))
    hue = np.searchsorted(up_to, hue_degrees(colours_lab))
    if is_small:
        is_strong = (lightness >= lightest[hue]) & (np.hypot(a, b) >= strong[hue])
    else:
        is_strong = np.hypot(a, b) >= GREYISH_CHROMA
    return np.where(is_strong, words[hue], "")
