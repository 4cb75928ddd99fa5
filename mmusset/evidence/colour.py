"""Colours as the eye orders them (CIE Lab), and their everyday names."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Everyday words that a reader pictures at once; the values are ours. A word that spans
# much of Lab space stands more than once.
NAMES = (
    ("black", "#0b0b0d"),
    ("charcoal", "#36383b"),
    ("charcoal", "#1f2021"),
    ("charcoal", "#4b4c4e"),
    ("charcoal", "#40453e"),
    ("grey", "#808285"),
    ("grey", "#68696b"),
    ("grey", "#9a9b9d"),
    ("silver", "#b9bcc0"),
    ("silver", "#d6d7d9"),
    ("white", "#fbfbfa"),
    ("white", "#e9ebee"),
    ("ivory", "#f5efdc"),
    ("cream", "#f2e3b8"),
    ("pale yellow", "#f7f3a6"),
    ("beige", "#d9c7a3"),
    ("beige", "#b4ab92"),
    ("beige", "#cdbcb6"),
    ("sand", "#cdb27a"),
    ("ochre", "#c08a2e"),
    ("ochre", "#b08f4a"),
    ("ochre", "#ad9a3e"),
    ("gold", "#e0ad1f"),
    ("yellow", "#f7e12b"),
    ("yellow", "#efe06a"),
    ("yellow", "#fdf410"),
    ("amber", "#f59e16"),
    ("orange", "#ee6f1b"),
    ("orange", "#fb8d00"),
    ("orange", "#db7e51"),
    ("orange", "#cd7e5e"),
    ("orange", "#f0a060"),
    ("dark orange", "#b8620f"),
    ("dark orange", "#b06a20"),
    ("rust", "#a8481f"),
    ("rust", "#b5613f"),
    ("tan", "#b08a62"),
    ("tan", "#bf8060"),
    ("brown", "#6b4226"),
    ("brown", "#9c6a4c"),
    ("brown", "#8a5a1c"),
    ("brown", "#665242"),
    ("brown", "#652404"),
    ("brown", "#7d6849"),
    ("reddish brown", "#80514b"),
    ("reddish brown", "#7a4038"),
    ("chocolate", "#3d2417"),
    ("chocolate", "#231509"),
    ("chocolate", "#42291a"),
    ("chocolate", "#544126"),
    ("taupe", "#8b7a6a"),
    ("taupe", "#5d544c"),
    ("taupe", "#a59c90"),
    ("taupe", "#3f3a33"),
    ("peach", "#f7bd98"),
    ("peach", "#f6d3bb"),
    ("coral", "#f2705d"),
    ("salmon", "#dd9080"),
    ("red", "#d81f26"),
    ("red", "#ff0000"),
    ("crimson", "#9c1230"),
    ("crimson", "#a83a48"),
    ("maroon", "#561421"),
    ("maroon", "#780c0c"),
    ("maroon", "#2e0a10"),
    ("brick", "#9a4a42"),
    ("brick", "#a15958"),
    ("brick", "#a56560"),
    ("dull red", "#9c7470"),
    ("dull red", "#a27777"),
    ("rose", "#d9798c"),
    ("rose", "#b88890"),
    ("rose", "#d0b0b6"),
    ("pink", "#f4b3c4"),
    ("pink", "#f06aa0"),
    ("pink", "#e58fd0"),
    ("pink", "#ff70d8"),
    ("pale pink", "#f6dfe2"),
    ("dark pink", "#bc4070"),
    ("pinkish red", "#ed3a65"),
    ("pinkish red", "#e02a58"),
    ("pinkish red", "#da1f6e"),
    ("magenta", "#c81d84"),
    ("magenta", "#fa14f5"),
    ("magenta", "#ee1166"),
    ("magenta", "#f03cc8"),
    ("magenta", "#b818a8"),
    ("plum", "#6b2b5e"),
    ("plum", "#7a4a6a"),
    ("plum", "#2c1230"),
    ("plum", "#480840"),
    ("lavender", "#b9a5da"),
    ("lavender", "#d9cdea"),
    ("lavender", "#a58ab8"),
    ("lavender", "#c0b8fa"),
    ("mauve", "#7d7487"),
    ("mauve", "#a79fae"),
    ("dark mauve", "#3d3846"),
    ("dark mauve", "#4f4a5c"),
    ("violet", "#7a3fbf"),
    ("violet", "#b468e0"),
    ("pinkish purple", "#bb67d3"),
    ("pinkish purple", "#c070cc"),
    ("violet", "#9a1ad0"),
    ("violet", "#7a0cf0"),
    ("violet", "#9a60ff"),
    ("purple", "#6b4f9e"),
    ("purple", "#482f62"),
    ("purple", "#8a1a90"),
    ("purple", "#766090"),
    ("purple", "#5f2785"),
    ("indigo", "#37207a"),
    ("indigo", "#33108f"),
    ("indigo", "#251850"),
    ("midnight blue", "#15193f"),
    ("midnight blue", "#0c1226"),
    ("navy", "#1c2c63"),
    ("navy", "#000078"),
    ("navy", "#191f5c"),
    ("navy", "#010241"),
    ("dark blue", "#29318c"),
    ("dark blue", "#0a0a90"),
    ("dark blue", "#123a6a"),
    ("dark blue", "#1b2f4c"),
    ("dark blue", "#0b2238"),
    ("dark blue", "#083347"),
    ("dark blue", "#103a50"),
    ("blue", "#2356c9"),
    ("blue", "#3d419c"),
    ("blue", "#1414f0"),
    ("blue", "#0f46e6"),
    ("blue", "#405cff"),
    ("blue", "#1424b0"),
    ("blue", "#05719e"),
    ("blue", "#1c68a8"),
    ("blue", "#2a94dc"),
    ("blue", "#5a7fe0"),
    ("blue", "#4a70b4"),
    ("steel blue", "#56789c"),
    ("steel blue", "#3e566e"),
    ("steel blue", "#7d9bb5"),
    ("steel blue", "#75a4af"),
    ("slate", "#51606e"),
    ("dark slate", "#26363e"),
    ("dark slate", "#343f50"),
    ("dark slate", "#3b465b"),
    ("dark slate", "#1c242c"),
    ("slate", "#6f8c94"),
    ("slate", "#8d9cab"),
    ("slate", "#4f5567"),
    ("slate", "#a4a8b7"),
    ("slate", "#6f768e"),
    ("sky blue", "#84bfe8"),
    ("sky blue", "#8fb8d4"),
    ("sky blue", "#62c8f4"),
    ("sky blue", "#a2b8ee"),
    ("pale blue", "#c6dcec"),
    ("pale blue", "#d6dcf4"),
    ("pale blue", "#9bc0ca"),
    ("pale turquoise", "#c4ecea"),
    ("pale turquoise", "#92c7cf"),
    ("turquoise", "#35c4c1"),
    ("turquoise", "#2ae0f0"),
    ("turquoise", "#84d8d4"),
    ("turquoise", "#2ae8b4"),
    ("teal", "#17717a"),
    ("teal", "#1d9088"),
    ("teal", "#4a7f84"),
    ("teal", "#5fa09f"),
    ("teal", "#2e5f66"),
    ("dark teal", "#05475c"),
    ("dark teal", "#0a4a4e"),
    ("dark teal", "#06272c"),
    ("mint", "#a8e3c4"),
    ("pale green", "#dcefd4"),
    ("light green", "#b6dc98"),
    ("light green", "#8fc98a"),
    ("light green", "#7fe08a"),
    ("grey green", "#98a596"),
    ("grey green", "#66736a"),
    ("sage", "#98aa86"),
    ("sage", "#a9b79a"),
    ("sage", "#8fb09a"),
    ("green", "#2e9b45"),
    ("green", "#128212"),
    ("green", "#22cc44"),
    ("green", "#22945f"),
    ("green", "#5fa860"),
    ("green", "#4f7f5a"),
    ("green", "#18dc84"),
    ("green", "#10f010"),
    ("forest green", "#1d4a2a"),
    ("forest green", "#0c5a1c"),
    ("forest green", "#006400"),
    ("dark green", "#123018"),
    ("dark green", "#1d5244"),
    ("dark green", "#2c4030"),
    ("dark green", "#0c1c10"),
    ("dark green", "#38442e"),
    ("dark green", "#26301a"),
    ("olive", "#6e6a28"),
    ("olive", "#7d7a4e"),
    ("olive", "#8f8a1a"),
    ("dark olive", "#211f03"),
    ("dark olive", "#3c3a14"),
    ("dark olive", "#4a4830"),
    ("moss", "#59703a"),
    ("moss", "#5c6a50"),
    ("moss", "#4a6a10"),
    ("yellow green", "#a8ac3e"),
    ("yellow green", "#b8c070"),
    ("yellow green", "#c8cc2a"),
    ("yellow green", "#82a84a"),
    ("lime", "#a3d92f"),
    ("lime", "#5cf02d"),
    ("lime", "#d8f02d"),
)
# A colour of more chroma in Lab than the first bound is no plain grey, of more than the second no
# greyish colour; one of less than the third has no vivid name.
GREYS = ("charcoal", "grey", "silver")
GREYS_CHROMA = 9.0
GREYISH = (*GREYS, "slate", "dark slate", "taupe", "mauve", "dark mauve", "grey green")
GREYISH_CHROMA = 12.0
BLUISH_CHROMA = 15.5  # the same for blue, which an eye takes for grey the longest
# The chroma from which an eye sees a tint in what is nearly grey; purple needs the most.
TINTS = {"taupe": 5.0, "grey green": 5.0, "mauve": 8.0, "dark mauve": 8.0}
VIVID = (
    *("red", "pinkish red", "crimson", "coral", "orange", "dark orange", "amber", "gold", "yellow"),
    *("lime", "green", "turquoise", "blue", "violet", "purple", "pinkish purple", "magenta"),
    *("pink", "dark pink"),
)
VIVID_CHROMA = 25.0
CELL = 6.0  # Lab units: pixels in one cell count as one colour
MOST_CELLS = 64  # from green to red, and from blue to yellow: colours of sRGB fill 36
DARKEST = 8.0  # steps of lightness under which an eye sees black, unless the chroma is high
STRIKING = (*VIVID, "maroon", "brick", "indigo")  # what catches the eye where there is little of it
STEPS = 1024.0  # to a Lab unit, which is about the least difference that an eye sees


def lab(rgb: NDArray[np.uint8]) -> Doubles:
    """CIE Lab (D65) of sRGB pixels `[..., 3]`: L 0 to 100, a and b around 0 (IEC 61966-2-1).

    In whole `STEPS`, so that it does not depend on the processor: powers, roots and products of
    matrices differ in their last digits from one to another, a grey's a and b lie on either side of
    0 then, and what is counted by cells, or goes to the nearer of two centres, comes out otherwise.
    """
    light = _linear_light()[rgb]
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    xyz = light @ (to_xyz / to_xyz.sum(axis=1, keepdims=True)).T
    is_dark = xyz <= 216 / 24389
    f = np.cbrt(xyz)
    f[is_dark] = (24389 / 27 * xyz[is_dark] + 16) / 116
    x, y, z = f[..., 0], f[..., 1], f[..., 2]
    values = np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)
    return np.asarray(np.rint(values * STEPS) / STEPS + 0.0)  # a zero without a sign


def hue_degrees(colours_lab: Doubles) -> Doubles:
    """The angle of colours `[..., 3]` in Lab, 0 of red and of grey, 90 of yellow, to under 360.

    To a millionth, so that an angle that is a border is on the same side of it everywhere.
    """
    angle = np.degrees(np.arctan2(colours_lab[..., 2], colours_lab[..., 1]))
    return np.asarray(np.round(angle, 6) % 360)


def name(colour_lab: Doubles) -> str:
    """The everyday name nearest to a colour `[3]` in Lab (CIE76), among those its chroma allows."""
    chroma = float(np.hypot(colour_lab[1], colour_lab[2]))
    if colour_lab[0] < DARKEST and chroma < GREYISH_CHROMA:
        return "black"
    words, values, greys, greyish, vivid = _named()
    distance = ((values - colour_lab) ** 2).sum(axis=1)
    if chroma > GREYS_CHROMA:
        distance[greys] = np.inf
    is_blue = -colour_lab[2] > abs(colour_lab[1])
    if chroma > (BLUISH_CHROMA if is_blue else GREYISH_CHROMA):
        distance[greyish] = np.inf
    if chroma < VIVID_CHROMA:
        distance[vivid] = np.inf
    for word, least in TINTS.items():
        if chroma < least:
            distance[[word == other for other in words]] = np.inf
    return words[int(np.argmin(distance))]


@dataclass(frozen=True, slots=True)
class Cells:
    """The filled cells of Lab space: their mean colours `[cells, 3]` and how many `pixels` each
    has; and which of them each pixel of the picture is in."""

    means: Doubles
    pixels: Doubles
    cell_of: NDArray[np.intp]


def cells_of(pixels_lab: Doubles) -> Cells:
    """The cells that pixels `[n, 3]` fill, in the order of their lightness."""
    lightness, a, b = np.floor(pixels_lab / CELL).astype(np.intp).T
    middle = MOST_CELLS // 2
    code = ((lightness + 1) * MOST_CELLS + a + middle) * MOST_CELLS + b + middle
    count = np.bincount(code)
    filled = np.flatnonzero(count)
    number = np.zeros(len(count), np.intp)
    number[filled] = np.arange(len(filled))
    cell_of, pixels = number[code], count[filled].astype(np.float64)
    sums = [np.bincount(cell_of, pixels_lab[:, axis]) for axis in range(3)]
    return Cells(np.stack(sums, axis=1) / pixels[:, None], pixels, cell_of)


def squared_lengths(vectors: Doubles) -> Doubles:
    """Of vectors `[..., 3]`; three times as fast as a sum over the last axis."""
    return np.asarray(vectors[..., 0] ** 2 + vectors[..., 1] ** 2 + vectors[..., 2] ** 2)


def hex_of(rgb: Doubles) -> str:
    """The mean of some sRGB pixels as `#rrggbb`."""
    return "#" + "".join(f"{round(float(channel)):02x}" for channel in rgb)


@cache
def _linear_light() -> Doubles:
    level = np.arange(256) / 255
    return np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)


@cache
def _named() -> tuple[tuple[str, ...], Doubles, Bools, Bools, Bools]:
    """The words, their values in Lab, and which of them are greys, greyish and vivid."""
    words = tuple(word for word, _ in NAMES)
    rgb = np.array([list(bytes.fromhex(value[1:])) for _, value in NAMES], dtype=np.uint8)
    greys, greyish, vivid = (np.isin(words, some) for some in (GREYS, GREYISH, VIVID))
    return words, lab(rgb), greys, greyish, vivid
