"""Pairs of singles: best for all together, better than chance, each piece once."""

import random

import pytest

from mmusset.matching.affect import Affect
from mmusset.matching.pairs import LEAST_SCORE, Single, match


def singles(count: int, seed: str, uses: int = 1, words: str = "") -> list[Single]:
    """Singles of random affects."""
    rng = random.Random(seed)
    return [
        Single(
            f"{seed} {n}".encode(),
            Affect(valence=rng.random(), arousal=rng.random()),
            frozenset({words} if words else ()),
            uses,
        )
        for n in range(count)
    ]


def test_like_goes_with_like_and_each_once() -> None:
    """Music measures on other scales than pictures: their order is what counts."""
    pictures = singles(100, "picture")
    music = [
        Single(each.name.replace(b"picture", b"music"),
               Affect(valence=each.affect.valence / 2, arousal=0.4 + each.affect.arousal / 3))
        for each in pictures
    ]  # fmt: skip
    random.Random(1).shuffle(music)
    matches = match(pictures, music)
    assert {(pair.picture, pair.music) for pair in matches.pairs} == {
        (f"picture {n}".encode(), f"music {n}".encode()) for n in range(100)
    }
    assert all(pair.score >= LEAST_SCORE for pair in matches.pairs)
    assert [pair.music for pair in matches.pairs] == [each.name for each in music]


@pytest.mark.slow
@pytest.mark.parametrize(("pictures", "music"), [(40, 300), (300, 40), (1, 50), (2500, 2500)])
def test_more_of_one_side(pictures: int, music: int) -> None:
    matches = match(singles(pictures, "p"), singles(music, "m"))
    assert len({pair.music for pair in matches.pairs}) == len(matches.pairs)
    assert len({pair.picture for pair in matches.pairs}) == len(matches.pairs)
    assert len(matches.pairs) + len(matches.refused) / 2 == min(pictures, music)
    assert len(matches.pairs) > 0.8 * min(pictures, music)


def test_a_picture_may_have_as_many_pieces_as_it_is_asked_for() -> None:
    matches = match(singles(20, "p", uses=3), singles(60, "m"))
    chosen = [pair.picture for pair in matches.pairs]
    assert max(chosen.count(each) for each in chosen) == 3
    assert len({pair.music for pair in matches.pairs}) == len(matches.pairs) > 20


def test_what_is_no_better_than_most_pairs_goes_with_nothing() -> None:
    """Three pictures and three pieces have nine pairs: the best is better than eight, and 8/9 is
    not 95 %."""
    matches = match(singles(3, "p"), singles(3, "m"))
    assert matches.pairs == ()
    assert len(matches.refused) == 6
    assert max(matches.refused.values()) < LEAST_SCORE
    nobody = match([], singles(3, "m"))
    assert (nobody.pairs, nobody.refused) == ((), {})


def test_equal_singles_are_no_match() -> None:
    """Where all is alike no pair is better than any other."""
    grey = Affect(valence=0.5, arousal=0.5)
    pictures = [Single(b"p%d" % n, grey) for n in range(30)]
    music = [Single(b"m%d" % n, grey) for n in range(30)]
    assert match(pictures, music).pairs == ()


def test_a_word_in_common_counts_as_well() -> None:
    pictures, music = singles(60, "p"), singles(60, "m")
    sea = frozenset({"sea"})
    pictures[7] = Single(b"sea.jpg", pictures[7].affect, sea)
    music[41] = Single(b"the sea.mp3", music[41].affect, sea)
    chosen = {pair.music: pair.picture for pair in match(pictures, music).pairs}
    assert chosen[b"the sea.mp3"] == b"sea.jpg"


def test_the_same_singles_give_the_same_pairs() -> None:
    assert match(singles(50, "p"), singles(70, "m")) == match(singles(50, "p"), singles(70, "m"))
