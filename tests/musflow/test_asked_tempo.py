"""The tempo that a caption asks for."""

import pytest

from mmusset.musflow.generate.asked_tempo import tempo_bounds_bpm


@pytest.mark.parametrize(
    ("caption", "bounds"),
    [
        ("A waltz at 84 BPM, in A minor.", (84, 84)),
        ("Between 80 and 90 BPM, with drums.", (80, 90)),
        ("A fast piece at 124 BPM.", (124, 124)),
        ("A fast, loud piece with drums.", (120, 240)),
        ("The tempo is slow.", (40, 80)),
        ("It goes at a moderate pace.", (80, 120)),
        ("The music is not fast.", (40, 120)),
        ("It is not slow.", (80, 240)),
        ("Loud, with a violin.", None),
        ("", None),
    ],
)
def test_numbers_count_before_words(caption: str, bounds: tuple[float, float] | None) -> None:
    assert tempo_bounds_bpm(caption) == bounds
