"""Images of sound: log-mel spectrograms, one above the other."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from .geometry import Geometry
from .mel import FLOOR, log_mel

if TYPE_CHECKING:
    from PIL.Image import Image

RANGE = 9.2  # of natural logs of magnitude: 80 dB
ROW_PX, GAP_PX = 160, 6
# From silence to loud; lightness rises evenly through these colours.
COLOURS = np.array([[8, 6, 28], [74, 22, 110], [170, 46, 98], [238, 118, 56], [252, 244, 190]])


def spectrogram(sounds: Sequence[Tensor], rate_hz: int) -> "Image":
    """A row for each sound `[channels, samples]`: time to the right, pitch upwards, 80 dB."""
    from PIL import Image

    rows = [_row(sound.mean(dim=0), rate_hz) for sound in sounds]
    width = max(row.width for row in rows)
    whole = Image.new("RGB", (width, len(rows) * (ROW_PX + GAP_PX) - GAP_PX), "white")
    for number, row in enumerate(rows):
        whole.paste(row, (0, number * (ROW_PX + GAP_PX)))
    return whole


def _row(sound: Tensor, rate_hz: int) -> "Image":
    from PIL import Image

    hop = rate_hz // 62
    geometry = Geometry(
        rate_hz, len(sound) / rate_hz, 2 ** (4 * hop - 1).bit_length(), hop, 80, 1, 1
    )
    mel = log_mel(sound[None, : geometry.samples], geometry)[0]
    loudest = max(float(mel.max()), math.log(FLOOR) + RANGE)  # silence stays dark
    light = ((mel - loudest) / RANGE + 1).clamp(0, 1).T.flip(0).numpy()
    places = np.linspace(0, 1, len(COLOURS))
    pixels = np.stack([np.interp(light, places, COLOURS[:, c]) for c in range(3)], axis=-1)
    picture = Image.fromarray(pixels.astype(np.uint8))
    return picture.resize((picture.width, ROW_PX), Image.Resampling.BICUBIC)
