"""Near-duplicate texts: what is counted, what never is, and what a build says of it."""

import itertools
import json
import shutil
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmusset.builder.near_duplicates import ALIKE, count_repeats, likeness, shingles
from tests.support.command import SHORT, mmusset
from tests.support.marking import manifest
from tests.support.media import library

WORDS = [f"word{n}" for n in range(300)]
TEXT = "The picture is mostly green, with some dark grey at the top and a patch of red on the left."


def repeats(texts: list[str]) -> int:
    return count_repeats(enumerate(texts), texts.__getitem__)


texts_of_words = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)


@given(texts=st.lists(texts_of_words, min_size=1, max_size=12), seed=st.integers(0, 2**32))
def test_identical_texts_are_always_found_whatever_stands_between(
    texts: list[str], seed: int
) -> None:
    twice = [*texts, *(text.upper() for text in texts)]
    order = sorted(range(len(twice)), key=lambda _: Random(seed).random())
    assert repeats([twice[n] for n in order]) >= len(twice) - len(set(texts))


@given(texts=st.lists(texts_of_words, max_size=12))
def test_what_is_counted_is_alike_and_what_is_unlike_never_counted(texts: list[str]) -> None:
    alike = sum(
        any(likeness(shingles(text), shingles(other)) >= ALIKE for other in texts[:place])
        for place, text in enumerate(texts)
    )
    assert repeats(texts) <= alike


def test_a_text_with_a_word_changed_is_found_and_one_about_something_else_is_not() -> None:
    assert repeats([TEXT, TEXT.replace("mostly", "largely")]) == 1
    assert repeats([TEXT, "There is little light in it, and the outlines are soft."]) == 0
    assert repeats(["", "", "a", "A.", "夜の海", "夜の山"]) == 2


def test_nearly_all_pairs_above_the_border_are_found_among_many_texts() -> None:
    random = Random(7)
    texts = []
    for _ in range(150):
        words = [WORDS[int(random.random() * 300)] for _ in range(30)]
        texts.append(" ".join(words))
        words[int(random.random() * 30)] = "another"  # 27 of 31 runs of two stay: .87
        texts.append(" ".join(words))
    assert repeats(texts) >= 145
    assert repeats(texts) == repeats(list(texts)), "the same each time"


def test_hundreds_of_equal_texts_take_no_time() -> None:
    texts = list(itertools.repeat(TEXT, 5000))
    assert count_repeats(enumerate(texts), lambda _: 1 / 0) == 4999, "none had to be read again"


@pytest.mark.slow
def test_a_build_counts_them_and_says_where_they_are_too_many(tmp_path: Path) -> None:
    source = library(tmp_path / "source", 4)
    story = "The ferry left at dawn, and nobody on the pier looked up from what they were doing."
    for number, ending in enumerate(("", " Not one.", "")):
        (source / f"artist {number // 2}" / f"song {number}.txt").write_text(story + ending)
    out = tmp_path / "out"
    done = mmusset("build", "--source", source, "--out", out, *SHORT)
    assert done.returncode == 0, done.stderr
    assert manifest(out)["near_duplicates"]["stories"] == 2
    assert "2 of 4 (50%) stories say nearly what an earlier one says" in done.stdout
    assert "more than critic.max_near_duplicates, 10%" in done.stdout
    card = " ".join((out / "README.md").read_text().split())
    assert "stories (50.0 %) say nearly what an earlier one says" in card
    assert "more than the recipe allows" in card
    again = mmusset("build", "--source", source, "--out", out, *SHORT, "--json")
    assert json.loads(again.stdout)["near_duplicates"]["stories"] == 2
    shutil.rmtree(out)
    most = ("--set", "critic.max_near_duplicates=0.6")
    done = mmusset("build", "--source", source, "--out", out, *SHORT, *most)
    assert "say nearly" in done.stdout and "more than critic" not in done.stdout
