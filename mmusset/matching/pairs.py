"""Who goes with whom: one assignment of pictures to music that is best for all together.

Nearest neighbours would give a few songs to most pictures; an assignment uses each once, and each
picture as often as is asked. What it leaves below the 95th percentile of random pairs goes with
nothing: a pair that is no better than most says nothing of its picture.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .affect import Affect

Doubles = NDArray[np.float64]
Places = NDArray[np.intp]

# What is solved whole: the time grows with the longer side and with the square of the shorter.
BLOCK = 1000
MOST_CELLS = 4 * BLOCK**2
RANDOM_PAIRS = 40_000
LEAST_SCORE = 0.95
SEED = 0
MOST_OTHERS = 2  # pictures that stand by for a piece, should its own be refused
# Arousal is measured better than valence, in music and in pictures.
AROUSAL_WEIGHT = 2.0
PROFILE_WEIGHT = 0.5  # of themes that models tell
THEME_WEIGHT = 0.5  # a theme that is the same makes up for half of all the distance there is


@dataclass(frozen=True, slots=True)
class Single:
    """A picture or a piece of music that waits for its other half."""

    name: bytes
    affect: Affect
    words: frozenset[str] = frozenset()
    uses: int = 1  # of a picture: how many pieces may have it
    themes: tuple[float, ...] = ()  # how near it comes to each; for all singles, or for none


@dataclass(frozen=True, slots=True)
class MatchedPair:
    """A picture and its music. `score` is the share of random pairs that go together less well,
    `best` that of the picture which goes with the music best, whoever has it."""

    picture: bytes
    music: bytes
    score: float
    best: float


@dataclass(frozen=True, slots=True)
class Matches:
    """The pairs, and the scores of those that were given each other and are no better than most:
    by the names of both. Whoever is in neither had nobody left.

    `others` are the next best pictures of a piece, the better first, among those that no piece was
    given: each stands by for one piece alone.
    """

    pairs: tuple[MatchedPair, ...]
    refused: dict[bytes, float]
    others: dict[bytes, tuple[MatchedPair, ...]] = field(default_factory=dict)


def match(pictures: Sequence[Single], music: Sequence[Single]) -> Matches:
    """Pair pictures and music, in the order of the music; a piece has one picture at most.

    The same inputs give the same pairs.
    """
    if not pictures or not music:
        return Matches((), {})
    fit = _Fit(pictures, music)
    uses = [min(each.uses, len(music)) for each in pictures]
    rows = np.repeat(np.arange(len(pictures)), uses)
    pairs, refused = [], dict[bytes, float]()
    for pair in fit.assigned(rows, np.arange(len(music))):
        if pair.score >= LEAST_SCORE:
            pairs.append(pair)
        else:
            refused |= dict.fromkeys((pair.picture, pair.music), pair.score)
    matched = {pair.picture for pair in pairs}
    refused = {name: score for name, score in refused.items() if name not in matched}
    songs = {pair.music for pair in pairs}
    others = _next_best(
        fit,
        [place for place, each in enumerate(pictures) if each.name not in matched],
        [place for place, each in enumerate(music) if each.name in songs],
    )
    return Matches(tuple(pairs), refused, others)


def _next_best(
    fit: "_Fit", free: Sequence[int], songs: Sequence[int]
) -> dict[bytes, tuple[MatchedPair, ...]]:
    """What matched pieces would be given next, of the pictures that are free."""
    others: dict[bytes, tuple[MatchedPair, ...]] = {}
    for _ in range(MOST_OTHERS):
        taken = set()
        for pair in fit.assigned(np.array(free, dtype=np.intp), np.array(songs, dtype=np.intp)):
            if pair.score >= LEAST_SCORE:
                others[pair.music] = (*others.get(pair.music, ()), pair)
                taken.add(pair.picture)
        free = [place for place in free if fit.pictures[place].name not in taken]
    return others


class _Fit:
    """How well each picture goes with each piece of music; more is better."""

    def __init__(self, pictures: Sequence[Single], music: Sequence[Single]) -> None:
        self.pictures, self.music = pictures, music
        self._pictures, self._music = _ranks(pictures), _ranks(music)
        words = [each.words for each in (*pictures, *music)]
        known = Counter(word for each in words for word in each)
        # A word tells more the fewer have it; of a word that one side alone has, nothing comes.
        shared = {w for s in pictures for w in s.words} & {w for s in music for w in s.words}
        self._weights = {word: math.log(len(words) / known[word]) for word in sorted(shared)}
        self._columns = {word: n for n, word in enumerate(self._weights)}
        self._picture_words = [self._of_theme(each) for each in pictures]
        self._music_words = [self._of_theme(each) for each in music]
        seen, heard = (_profiles([each.themes for each in side]) for side in (pictures, music))
        self._profiles = (seen, heard) if seen is not None and heard is not None else None
        self._chance = np.sort(self._random_pairs())

    def of(self, picture: int, song: int) -> float:
        """The fit of one pair."""
        return float(self.matrix(np.array([picture]), np.array([song]))[0, 0])

    def matrix(self, pictures: Places, music: Places) -> Doubles:
        """The fit of each of these pictures with each of these pieces, `[pictures, music]`."""
        apart = self._pictures[pictures][:, None, :] - self._music[music][None, :, :]
        distance = np.sqrt(
            (AROUSAL_WEIGHT * apart[..., 1] ** 2 + apart[..., 0] ** 2) / (AROUSAL_WEIGHT + 1)
        )
        fit = THEME_WEIGHT * self._themes(pictures, music) - distance
        if self._profiles is None:
            return fit
        return fit + PROFILE_WEIGHT * self._profiles[0][pictures] @ self._profiles[1][music].T

    def _random_pairs(self) -> Doubles:
        """The fit of pairs drawn at random: of all there are, where these are few."""
        count, other = len(self._pictures), len(self._music)
        if count * other <= RANDOM_PAIRS:
            return self.matrix(np.arange(count), np.arange(other)).ravel()
        side = math.isqrt(RANDOM_PAIRS)
        rng = np.random.default_rng(SEED)
        drawn = [
            self.matrix(rng.integers(count, size=1), rng.integers(other, size=side))[0]
            for _ in range(side)
        ]
        return np.concatenate(drawn)

    def assigned(self, pictures: Places, music: Places) -> list[MatchedPair]:
        """The pairs of the best assignment, in the order of the music."""
        pairs = sorted(self._assigned(pictures, music), key=lambda pair: pair[1])
        best = dict(zip(music.tolist(), self._best(music).tolist(), strict=True))
        return [
            MatchedPair(
                self.pictures[picture].name,
                self.music[song].name,
                self._score(self.of(picture, song)),
                self._score(best[song]),
            )
            for picture, song in pairs
        ]

    def _best(self, music: Places) -> Doubles:
        """How well each of these pieces goes with the picture that goes with it best."""
        best = np.full(len(music), -np.inf)
        for rows in np.array_split(np.arange(len(self.pictures)), -(-len(self.pictures) // BLOCK)):
            for start in range(0, len(music), BLOCK):
                part = slice(start, start + BLOCK)
                best[part] = np.maximum(best[part], self.matrix(rows, music[part]).max(axis=0))
        return best

    def _score(self, fit: float) -> float:
        """The share of random pairs that go together less well."""
        place = np.searchsorted(self._chance, fit, side="left")
        # Down to four digits, so that nothing is rounded into what it is not.
        return math.floor(1e4 * place / len(self._chance)) / 1e4

    def _assigned(self, pictures: Places, music: Places) -> Iterator[tuple[int, int]]:
        """The best assignment's places, blocks of like ones solved one by one."""
        from scipy.optimize import linear_sum_assignment

        for rows, columns in self._blocks(pictures, music, axis=1):
            chosen = linear_sum_assignment(self.matrix(rows, columns), maximize=True)
            yield from zip(rows[chosen[0]].tolist(), columns[chosen[1]].tolist(), strict=True)

    def _blocks(
        self, pictures: Places, music: Places, axis: int
    ) -> Iterator[tuple[Places, Places]]:
        """Both sides halved by turns along arousal and valence, until a block can be solved."""
        short, long = sorted((len(pictures), len(music)))
        if short < 2 or (short**2 * long <= BLOCK**3 and short * long <= MOST_CELLS):
            yield pictures, music
            return
        low, high = zip(
            _halves(pictures, self._pictures[:, axis]),
            _halves(music, self._music[:, axis]),
            strict=True,
        )
        yield from self._blocks(*low, axis=1 - axis)
        yield from self._blocks(*high, axis=1 - axis)

    def _of_theme(self, single: Single) -> dict[int, float]:
        """The weights of a single's shared words, by column, as a unit vector."""
        own = {self._columns[w]: self._weights[w] for w in single.words if w in self._columns}
        length = math.sqrt(sum(weight**2 for weight in own.values()))
        return {column: weight / length for column, weight in own.items()} if length else {}

    def _themes(self, pictures: Places, music: Places) -> Doubles:
        """The cosine of the words of each pair."""
        from scipy.sparse import csr_array

        def rows(vectors: list[dict[int, float]], places: Places) -> "csr_array":
            chosen = [vectors[place] for place in places]
            counts = np.cumsum([0, *(len(each) for each in chosen)])
            values = [value for each in chosen for value in each.values()]
            columns = [column for each in chosen for column in each]
            shape = (len(places), max(1, len(self._columns)))
            return csr_array((values, columns, counts), shape=shape, dtype=np.float64)

        product = rows(self._picture_words, pictures) @ rows(self._music_words, music).T
        return np.asarray(product.toarray())


def _profiles(themes: Sequence[tuple[float, ...]]) -> Doubles | None:
    """How far each stands out in each theme among its like, as unit vectors `[singles, themes]`;
    None where nothing is known of themes."""
    if not all(themes):
        return None
    nearness = np.array(themes)
    apart = nearness - nearness.mean(axis=0)
    apart = apart / np.maximum(nearness.std(axis=0), 1e-9)
    length = np.linalg.norm(apart, axis=1, keepdims=True)
    return np.asarray(apart / np.maximum(length, 1e-9))


def _ranks(singles: Sequence[Single]) -> Doubles:
    """Valence and arousal as ranks from 0 to 1, `[singles, 2]`; equals share theirs."""
    values = np.array([(each.affect.valence, each.affect.arousal) for each in singles])
    return np.column_stack([_rank(column) for column in values.T])


def _rank(values: Doubles) -> Doubles:
    _, places, counts = np.unique(values, return_inverse=True, return_counts=True)
    middles = np.cumsum(counts) - counts / 2
    return np.asarray(middles[places] / len(values))


def _halves(places: Places, along: Doubles) -> tuple[Places, Places]:
    ordered = places[np.argsort(along[places], kind="stable")]
    middle = len(ordered) // 2
    return ordered[:middle], ordered[middle:]
