"""Words that were heard beside words that are given: the word error rate of the nearest stretch."""

import pytest

from mmusset.ears.whisper.comparison import compare, words_of

SONG = """[Verse 1]
The rain comes down on the window sill
And nobody minds, no, nobody minds
[Chorus] (x2)
Oh, let it rain; don't let it end
The night is long and the lights are low
"""


@pytest.mark.parametrize(
    ("heard", "words", "wrong"),
    [
        ("Nobody minds no nobody minds", 5, 0),
        ("no body minds no nobody minds", 6, 2),  # one word heard as two, after "and"
        ("let it rain, don’t let it end", 7, 0),
        ("let it train don't let end", 7, 2),
        ("end the night is long", 5, 0),  # across lines
        ("thank you for watching", 1, 4),
        ("", 0, 0),
    ],
)
def test_the_nearest_stretch_counts(heard: str, words: int, wrong: int) -> None:
    found = compare(SONG, heard)
    assert found.wrong == wrong
    if heard and wrong < 4:
        assert found.words == words


def test_what_is_not_sung_is_no_word() -> None:
    assert words_of("[Chorus] (x2)\nNa-na, l'été (oh)") == ["na", "na", "l'été", "oh"]


def test_characters_count_where_there_are_no_spaces() -> None:
    assert words_of("夜は 長い") == ["夜", "は", "長", "い"]
    assert compare("夜は長い", "夜は短い").error_rate == 0.25


def test_all_is_wrong_where_nothing_agrees() -> None:
    assert compare("rain", "thank you for watching").error_rate == 1.0
    assert compare("", "rain").error_rate == 1.0
