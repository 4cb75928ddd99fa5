"""Lyrics as sources give them: the LRC format, and texts that are verses and no stories."""

from pathlib import Path

import pytest

from mmusset.sources.lyrics import is_verse, lines_of, text_of, within

LRC = """[ti:Rain]
[ar:Nobody]
[offset:500]
[00:12.50]The rain comes down
[00:17.00][01:05.20]And <00:17.90>nobody <00:18.40>minds
[00:20.00]
[00:22.10]Down on the sill
"""
VERSES = """The rain comes down on the windowsill
And nobody minds at all
I lie awake and it rains here still
The night is a paper wall

The lamp goes out in the house next door
And somebody hums a tune
"""
HARD_WRAPPED = """Three strangers walk home through the
rain at dusk, and for a moment they
share one street. The red umbrella leads,
the yellow one keeps close behind, and a
small blue one is nearly at the corner.
Lamps shine along both sides and lie
again on the wet stones.
"""
SENTENCES = """The lamp is lit.
Somebody waits at the window.
It has rained all day.
The street is empty now.
A dog barks, far away.
Soon there will be soup.
"""


def test_lines_come_at_their_times() -> None:
    lines = lines_of(LRC)
    assert [(line.at_s, line.text) for line in lines if line.text] == [
        (12.0, "The rain comes down"),
        (16.5, "And nobody minds"),
        (21.6, "Down on the sill"),
        (64.7, "And nobody minds"),
    ]


def test_what_begins_in_a_clip_is_its_own() -> None:
    assert within(lines_of(LRC), 15.0, 25.0) == "And nobody minds\n\nDown on the sill"
    assert within(lines_of(VERSES), 0.0, 60.0) == ""


def test_words_without_times_stay_in_their_order() -> None:
    assert text_of(lines_of(VERSES)) == VERSES.strip()


def test_what_is_no_text_is_cleaned() -> None:
    assert text_of(lines_of("[00:01.0]la\x1b[31m\u202e la\n[xx")) == "la [31m la"


@pytest.mark.parametrize(
    "text",
    [
        LRC,
        VERSES,
        VERSES.lower() + VERSES.lower(),  # a refrain comes again
        "[Verse 1]\nit rains\nit rains\n[Chorus]\nla la la",
        "Chorus:\nIt rains. It rains.\nNobody minds.",
    ],
)
def test_verses_are_told(text: str) -> None:
    assert is_verse(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        HARD_WRAPPED,
        HARD_WRAPPED.upper(),
        SENTENCES,
        "It rains.",
        "A long winter.\n\nThen the meadow opened, white and yellow and pink.",
        "He sang the chorus twice.\nThen he went home.",
    ],
)
def test_prose_is_no_verse(text: str) -> None:
    assert not is_verse(text)


def test_no_story_of_the_example_source_is_taken_for_verses() -> None:
    source = Path(__file__).parents[2] / "examples" / "source"
    stories = list(source.rglob("*.txt"))
    assert stories
    assert not [path.name for path in stories if is_verse(path.read_text())]
