"""Several channels as one."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def to_mono(sound: Floats) -> Floats:
    """The mean of the channels of `sound` `[frames, channels]`, `[frames]`.

    The same as `sound.mean(axis=1)`, which takes many times as long: numpy goes through the few
    channels of one frame after the other.
    """
    if sound.shape[1] == 1:
        return sound[:, 0].copy()
    mean = sound[:, 0] + sound[:, 1]
    for n in range(2, sound.shape[1]):
        mean += sound[:, n]
    mean /= np.float32(sound.shape[1])
    return mean
