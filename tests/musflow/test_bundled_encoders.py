"""What the bundled encoders make of claims, and of colours."""

import colorsys

import torch
from PIL import Image

from mmusset.musflow.encoders.bundled import TURNS, MeasuredImage, ReadText

HUES_BEGIN = 3 * 9 + 8 + 12  # after light and colours in nine places, histograms of both


def hue_features(hue: float, saturation: float, value: float) -> torch.Tensor:
    channels = tuple(round(255 * c) for c in colorsys.hsv_to_rgb(hue, saturation, value))
    (features,) = MeasuredImage()([Image.new("RGB", (80, 60), channels)])
    return features[HUES_BEGIN : HUES_BEGIN + 2 * TURNS]


def test_a_hue_is_the_same_however_strong_or_light() -> None:
    strong, pale, dark = (hue_features(0.9, s, v) for s, v in ((1.0, 0.8), (0.1, 0.8), (0.6, 0.2)))
    torch.testing.assert_close(strong, pale, atol=0.1, rtol=0)
    torch.testing.assert_close(strong, dark, atol=0.1, rtol=0)
    assert (strong - hue_features(0.93, 1.0, 0.8)).norm() > 0.3


def test_grey_has_no_hue() -> None:
    assert not hue_features(0.0, 0.0, 0.5).any()
    assert not hue_features(0.0, 1 / 128, 128 / 255).any(), "a step off grey is none either"


def test_a_range_stands_where_its_middle_does() -> None:
    read = ReadText()
    tempos = slice(0, read.width - 512)  # the rest counts words
    (between,) = read(["Between 80 and 125 BPM."])[:, tempos]
    (middle,) = read(["At 100 BPM."])[:, tempos]
    torch.testing.assert_close(between, middle)


def test_a_denied_tempo_or_key_tells_nothing() -> None:
    read = ReadText()
    denied = read(["It is not at 84 BPM.", "It is not in A minor."])
    assert not denied[:, : read.width - 512].any()


def test_words_of_a_scale_stand_in_its_order() -> None:
    quiet, medium, loud = ReadText()(["It is quiet.", "At medium volume.", "It is loud."])[:, 2]
    assert (quiet.item(), medium.item(), loud.item()) == (-1.0, 0.0, 1.0)
