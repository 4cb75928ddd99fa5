"""Colours as the eye orders them (CIE Lab), their everyday names, and palettes."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

from mmusset.sample import Colour

from .places import place_of

Doubles = NDArray[np.float64]

MOST_COLOURS = 5
LEAST_SHARE = 0.03  # a smaller patch is not part of the palette
ROUNDS = 12  # of k-means; centres move less than the naming can see after that
ALIKE = 20.0  # Lab units about a colour that go by its name
CELL = 6.0  # Lab units: pixels in one cell count as one colour

# Everyday words that a reader pictures at once; the values are ours. A word that spans
# much of Lab space stands twice.
NAMES = (
    ("black", "#0b0b0d"),
    ("charcoal", "#36383b"),
    ("grey", "#808285"),
    ("silver", "#b9bcc0"),
    ("white", "#fbfbfa"),
    ("ivory", "#f5efdc"),
    ("cream", "#f2e3b8"),
    ("beige", "#d9c7a3"),
    ("sand", "#cdb27a"),
    ("ochre", "#c08a2e"),
    ("gold", "#e0ad1f"),
    ("yellow", "#f7e12b"),
    ("amber", "#f59e16"),
    ("orange", "#ee6f1b"),
    ("rust", "#a8481f"),
    ("tan", "#b08a62"),
    ("brown", "#6b4226"),
    ("brown", "#9c6a4c"),
    ("chocolate", "#3d2417"),
    ("taupe", "#8b7a6a"),
    ("peach", "#f7bd98"),
    ("coral", "#f2705d"),
    ("red", "#d81f26"),
    ("crimson", "#9c1230"),
    ("maroon", "#561421"),
    ("maroon", "#780c0c"),
    ("rose", "#d9798c"),
    ("pink", "#f4b3c4"),
    ("magenta", "#c81d84"),
    ("magenta", "#fa14f5"),
    ("plum", "#6b2b5e"),
    ("lavender", "#b9a5da"),
    ("violet", "#7a3fbf"),
    ("purple", "#6b4f9e"),
    ("purple", "#482f62"),
    ("indigo", "#37207a"),
    ("midnight blue", "#15193f"),
    ("navy", "#1c2c63"),
    ("navy", "#000078"),
    ("blue", "#2356c9"),
    ("blue", "#1414f0"),
    ("steel blue", "#56789c"),
    ("slate", "#51606e"),
    ("slate", "#6f8c94"),
    ("sky blue", "#84bfe8"),
    ("pale blue", "#c6dcec"),
    ("turquoise", "#35c4c1"),
    ("teal", "#17717a"),
    ("mint", "#a8e3c4"),
    ("sage", "#98aa86"),
    ("green", "#2e9b45"),
    ("green", "#128212"),
    ("green", "#22cc44"),
    ("forest green", "#1d4a2a"),
    ("olive", "#6e6a28"),
    ("moss", "#59703a"),
    ("lime", "#a3d92f"),
    ("lime", "#5cf02d"),
)


def lab(rgb: NDArray[np.uint8]) -> Doubles:
    """CIE Lab (D65) of sRGB pixels `[..., 3]`: L 0 to 100, a and b around 0 (IEC 61966-2-1)."""
    light = _linear_light()[rgb]
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = light @ (to_xyz / to_xyz.sum(axis=1, keepdims=True)).T
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def name(colour_lab: Doubles) -> str:
    """The everyday name nearest to a colour `[3]` in Lab (CIE76 distance)."""
    words, values = _named()
    return words[int(np.argmin(((values - colour_lab) ** 2).sum(axis=1)))]


def palette(rgb: NDArray[np.uint8], pixels_lab: Doubles) -> tuple[Colour, ...]:
    """The one to five colours that cover most of a picture `[height, width, 3]`, largest first.

    k-means in Lab from deterministic starts; clusters that share a name are one
    colour, and those under 3 % of the pixels are left out.
    """
    cells, cell_of, weight = _cells(pixels_lab.reshape(-1, 3))
    nearest = _k_means(cells, weight)[cell_of].reshape(rgb.shape[:2])
    masks: dict[str, NDArray[np.bool_]] = {}
    for cluster in range(int(nearest.max()) + 1):
        inside = nearest == cluster
        if inside.any():
            word = name(pixels_lab[inside].mean(axis=0))
            masks[word] = masks[word] | inside if word in masks else inside
    largest = sorted(masks.items(), key=lambda entry: (-int(entry[1].sum()), entry[0]))
    return tuple(
        _colour(word, mask, rgb, pixels_lab) for word, mask in largest if mask.mean() >= LEAST_SHARE
    )


def _colour(
    word: str, mask: NDArray[np.bool_], rgb: NDArray[np.uint8], pixels_lab: Doubles
) -> Colour:
    pixels = pixels_lab[mask]
    mean = pixels.mean(axis=0)
    near = ((pixels - mean) ** 2).sum(axis=1) <= ALIKE**2
    return Colour(
        name=word,
        hex=_hex(rgb[mask].mean(axis=0, dtype=np.float64)),
        share=float(mask.mean()),
        purity=float(near.mean()),
        place=place_of(mask),
    )


def _cells(pixels_lab: Doubles) -> tuple[Doubles, NDArray[np.intp], Doubles]:
    """Mean colour of each filled cell of Lab space, each pixel's cell, pixels per cell."""
    grid = np.floor(pixels_lab / CELL).astype(np.int64) + 64
    code = (grid[:, 0] * 128 + grid[:, 1]) * 128 + grid[:, 2]
    _, cell_of, count = np.unique(code, return_inverse=True, return_counts=True)
    weight = count.astype(np.float64)
    sums = [np.bincount(cell_of, pixels_lab[:, axis]) for axis in range(3)]
    return np.stack(sums, axis=1) / weight[:, None], cell_of, weight


def _k_means(points: Doubles, weight: Doubles) -> NDArray[np.intp]:
    """Cluster of each point `[n, 3]`; each start is the heaviest and farthest point left."""
    centres = points[[int(np.argmax(weight))]]
    while len(centres) < min(MOST_COLOURS, len(points)):
        reach = _distances(points, centres).min(axis=1)
        centres = np.vstack([centres, points[int(np.argmax(weight * reach))]])
    for _ in range(ROUNDS):
        nearest = _distances(points, centres).argmin(axis=1)
        for index in range(len(centres)):
            inside = nearest == index
            if inside.any():
                centres[index] = np.average(points[inside], axis=0, weights=weight[inside])
    return np.asarray(_distances(points, centres).argmin(axis=1))


def _distances(points: Doubles, centres: Doubles) -> Doubles:
    return np.asarray(((points[:, None] - centres[None]) ** 2).sum(axis=2))


def _hex(rgb: Doubles) -> str:
    return "#" + "".join(f"{round(float(channel)):02x}" for channel in rgb)


@cache
def _linear_light() -> Doubles:
    level = np.arange(256) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


@cache
def _named() -> tuple[tuple[str, ...], Doubles]:
    rgb = np.array([list(bytes.fromhex(value[1:])) for _, value in NAMES], dtype=np.uint8)
    return tuple(word for word, _ in NAMES), lab(rgb)
