"""A colour like "#c41f07" as an eye sees it, in CIE Lab (D65): how strong, how light, how unlike.

`evidence.colour.lab` gives the same of whole pictures, by numpy, which a text is written without.
"""

from functools import lru_cache
from math import dist, hypot

Lab = tuple[float, float, float]


@lru_cache(maxsize=1024)  # a story's drafts ask for the same few colours, hundreds of times
def lab(value: str) -> Lab:
    """Lightness, 0 (black) to 100 (white), a and b."""
    x, y, z = _roots(value)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def unlikeness(value: str, other: Lab) -> float:
    """How unlike a colour is to another, where lightness counts half of what hue and chroma do: 50
    from black to white, 130 from red to green."""
    (light, *rest), (other_light, *others) = lab(value), other
    return dist((light / 2, *rest), (other_light / 2, *others))


def chroma(value: str) -> float:
    """The chroma in CIE Lab; greys have 0, pure hues 50 to 130."""
    return hypot(*lab(value)[1:])


def lightness(value: str) -> float:
    """The lightness in CIE Lab, from 0 (black) to 100 (white)."""
    return lab(value)[0]


def _roots(value: str) -> tuple[float, float, float]:
    red, green, blue = (_light(level / 255) for level in bytes.fromhex(value.removeprefix("#")))
    x = _root((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505)
    y = _root(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    return x, y, _root((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.0890)


def _light(level: float) -> float:
    """Linear light of an sRGB channel, both 0 to 1."""
    return float(level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4)


def _root(light: float) -> float:
    return float(light ** (1 / 3) if light > 216 / 24389 else (24389 / 27 * light + 16) / 116)
