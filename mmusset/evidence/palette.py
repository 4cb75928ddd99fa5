"""The colours that a picture is made of, each with the share that it covers and its place."""

import numpy as np
from numpy.typing import NDArray

from mmusset.sample_parts.evidence import Colour

from .colour import STRIKING, Cells, hex_of, name, squared_lengths
from .places import place_of

Doubles = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOST_COLOURS, MOST_STRIKING = 6, 2  # as many, and so many more of those that strike
CLUSTERS = 12  # of k-means; those that share a name are one colour
LEAST_SHARE, LEAST_STRIKING = 0.03, 0.015  # a smaller patch is no colour of the whole picture
MUCH = 0.4  # share from which a colour is the ground that the others are seen on
LEAST_BESIDE = 0.5  # of the least shares, however much that ground is
# For the choice of the foremost: how many times what strikes counts, and the unlikeness to the
# whole picture's mean at which a colour counts twice.
STRIKING_WEIGHT, TWICE_AS_UNLIKE = 3, 25.0
ROUNDS = 12  # of k-means; centres move less than the naming can see after that
ALIKE = 20.0  # Lab units about a colour that go by its name
STRONG_CHROMA = 35.0  # of a colour that is looked for where its cluster's mean is not ALIKE
LEAST_HIDDEN, MOST_HIDDEN = 0.004, 3  # share of such colours, and clusters of them
STANDS_OUT = 30.0  # Lab units of hue and chroma from those of the whole picture
FAR_LIGHTNESS = 50.0  # steps of lightness from the picture's mean: black on white


def palette(rgb: NDArray[np.uint8], pixels_lab: Doubles, cells: Cells) -> tuple[Colour, ...]:
    """The one to nine colours that a picture `[height, width, 3]` is made of, largest first;
    `cells` are those that it fills.

    k-means in Lab from deterministic starts; clusters that share a name are one colour. One under
    3 % of the pixels is left out, a striking one under half of that; where one colour covers much,
    of the pixels beside it, but no less than half as much. A colour counts for more the less it is
    like the whole picture, and a striking one three times: one that strikes by its name, is strong
    and far from the rest, or much lighter or darker. A strong colour that a cluster's mean hides, a
    red leaf among brown ones, is one of its own.
    """
    weight = cells.pixels
    clusters = _with_hidden(cells.means, weight, _k_means(cells.means, weight, CLUSTERS))
    means, counts = _means(cells.means, weight, clusters)
    words = [name(mean) for mean in means]
    by_name = [words.index(word) for word in words]  # the first cluster of the same name
    named_means, named_counts = _means(means, counts, np.array(by_name))
    usual = np.average(means, axis=0, weights=counts)
    shares = {
        words[first]: float(named_counts[first] / weight.sum()) for first in dict.fromkeys(by_name)
    }
    striking = {word for word in shares if _stands_out(named_means[words.index(word)], usual)}
    unlike = {word: _unlikeness(named_means[words.index(word)], usual) for word in shares}
    nearest = clusters[cells.cell_of]
    near = squared_lengths(pixels_lab.reshape(-1, 3) - means[nearest]) <= ALIKE**2
    painted = _Painted(np.array(by_name)[nearest], near, rgb)
    return tuple(
        painted.colour(word, shares[word], words.index(word))
        for word in _foremost(shares, unlike, striking | set(STRIKING))
    )


class _Painted:
    """Which of the named colours each pixel is of, and whether it is `near` its cluster's mean:
    both `[pixels]`."""

    def __init__(self, named: NDArray[np.intp], near: Bools, rgb: NDArray[np.uint8]) -> None:
        self._named = named.reshape(rgb.shape[:2])
        self._pixels = np.bincount(named)
        self._near = np.bincount(named, near)
        channels = rgb.reshape(-1, 3).T
        self._sums = np.stack([np.bincount(named, channel) for channel in channels], axis=1)

    def colour(self, word: str, share: float, number: int) -> Colour:
        pixels = self._pixels[number]
        return Colour(
            name=word,
            hex=hex_of(self._sums[number] / pixels),
            share=share,
            purity=float(self._near[number] / pixels),
            place=place_of(self._named == number),
        )


def _means(points: Doubles, weight: Doubles, group: NDArray[np.intp]) -> tuple[Doubles, Doubles]:
    """The mean `[groups, 3]` of the points in each group, and its weight; of none it is 0."""
    counts: Doubles = np.bincount(group, weight).astype(np.float64)
    sums = [np.bincount(group, weight * points[:, axis]) for axis in range(3)]
    return np.stack(sums, axis=1) / np.maximum(counts, 1e-9)[:, None], counts


def _unlikeness(mean: Doubles, usual: Doubles) -> float:
    """Of two colours in Lab, where lightness counts half of what hue and chroma do."""
    return float(np.linalg.norm((mean - usual) * (0.5, 1, 1)))


def _stands_out(mean: Doubles, usual: Doubles) -> bool:
    """Whether a colour is strong and far from the picture's mean hue and chroma, or far from its
    mean lightness."""
    lightness, *hue_and_chroma = mean - usual
    is_strong = np.hypot(*mean[1:]) >= STRONG_CHROMA
    is_far = np.hypot(*hue_and_chroma) >= STANDS_OUT
    return bool(is_strong and is_far) or abs(float(lightness)) >= FAR_LIGHTNESS


def _foremost(share: dict[str, float], unlike: dict[str, float], striking: set[str]) -> list[str]:
    """The names of the colours that a picture is made of, largest first."""
    largest = sorted(share, key=lambda word: (-share[word], word))
    beside = float(np.clip((1 - share[largest[0]]) / (1 - MUCH), LEAST_BESIDE, 1.0))
    least = {word: LEAST_STRIKING if word in striking else LEAST_SHARE for word in share}
    enough = [word for word in largest if share[word] >= least[word] * beside]

    def weight(word: str) -> float:
        times = STRIKING_WEIGHT if word in striking else 1
        return share[word] * (1 + unlike[word] / TWICE_AS_UNLIKE) * times

    weighed = sorted(enough, key=lambda word: -weight(word))
    foremost = weighed[:MOST_COLOURS]
    more = [word for word in weighed[MOST_COLOURS:] if word in striking]
    return [word for word in enough if word in (largest[0], *foremost, *more[:MOST_STRIKING])]


def _with_hidden(cells: Doubles, weight: Doubles, clusters: NDArray[np.intp]) -> NDArray[np.intp]:
    """The clusters, and those of strong colours far from their cluster's mean."""
    means, _ = _means(cells, weight, clusters)
    strong = np.hypot(cells[:, 1], cells[:, 2]) >= STRONG_CHROMA
    hidden = strong & (squared_lengths(cells - means[clusters]) > ALIKE**2)
    if weight[hidden].sum() < LEAST_HIDDEN * weight.sum():
        return clusters
    found = clusters.copy()
    found[hidden] = len(means) + _k_means(cells[hidden], weight[hidden], MOST_HIDDEN)
    return found


def _k_means(points: Doubles, weight: Doubles, most: int) -> NDArray[np.intp]:
    """Cluster of each point `[n, 3]`; each start is the heaviest and farthest point left."""
    centres = points[[int(np.argmax(weight))]]
    while len(centres) < min(most, len(points)):
        reach = _distances(points, centres).min(axis=1)
        centres = np.vstack([centres, points[int(np.argmax(weight * reach))]])
    for _ in range(ROUNDS):
        nearest = _distances(points, centres).argmin(axis=1)
        means, counts = _means(points, weight, nearest)
        filled = np.flatnonzero(counts)
        centres[filled] = means[filled]
    return np.asarray(_distances(points, centres).argmin(axis=1))


def _distances(points: Doubles, centres: Doubles) -> Doubles:
    return squared_lengths(points[:, None] - centres[None])
