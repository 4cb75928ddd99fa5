"""A video that a user gives: so much of it as is asked for, decoded once."""

from pathlib import Path

import pytest
from PIL import Image

from mmusset.shards.reader import BadSample
from mmusset.training.moving_picture import decode_video
from tests.support.cards import card, is_card
from tests.support.films import damage, film


def test_only_the_seconds_that_are_asked_for_are_looked_at(tmp_path: Path) -> None:
    noise = Image.effect_noise((160, 120), 90).convert("RGB")  # the sharpest
    path = film(tmp_path / "x.mkv", [card((160, 120))] * 20 + [noise] * 20)
    some, whole = decode_video(path, 2.0), decode_video(path, 600.0)
    assert (some.seconds, len(some.frames)) == (2.0, 2)
    assert is_card(some.image, error=12)
    assert (round(whole.seconds), len(whole.frames)) == (4, 4)
    assert not is_card(whole.image, error=12)


def test_it_is_decoded_once_until_the_file_is_another(tmp_path: Path) -> None:
    path = film(tmp_path / "x.mkv", [card((64, 48))] * 10)
    first = decode_video(path, 1.0)
    assert decode_video(path, 1.0) is first
    film(path, [card((64, 48)).rotate(180)] * 10)
    assert not is_card(decode_video(path, 1.0).image, error=12)
    with pytest.raises(BadSample, match="its video does not decode"):
        decode_video(damage(path, 0.0, 9.0), 1.0)
