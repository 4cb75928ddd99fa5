"""What the encoder of texts makes of claims."""

import torch

from mmusset.musflow.encoders.bundled import ReadText


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
