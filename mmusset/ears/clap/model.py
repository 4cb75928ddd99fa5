"""A CLAP model opened: what gives each label a score for a sound."""

import math
from typing import TYPE_CHECKING

import numpy as np

from mmusset.ears.declaration import Floats, Listen
from mmusset.ears.listener import LISTENER
from mmusset.errors import MmussetError

from .prompts import NULL, prompts_of

if TYPE_CHECKING:
    from torch import Tensor

RATE_HZ = 48000
SHARPNESS = 10.0  # a cosine of 0.1 above the null sentences' scores 0.73, one below them 0.27


def open_clap(folder: str) -> Listen:
    """What listens with the model of a folder, on one thread of the CPU.

    A label's score is 0.5 where the sound comes no nearer to its sentences than to the null ones,
    and goes to 1 (0) the nearer (farther) it is. Raises MmussetError where the model can't be
    loaded, gives all texts one vector, or takes sound of another rate.
    """
    import torch

    from mmusset.pretrained.embedding import ClapSound, PretrainedText

    torch.set_num_threads(1)  # the order of a sum is the same on any number of cores
    texts = PretrainedText("clap", folder, "cpu")
    names = [label.name for label in LISTENER.labels]
    things = torch.stack([_direction(texts(prompts_of(label))) for label in LISTENER.labels])
    null = _direction(texts(NULL))
    del texts  # half of the memory
    sounds = ClapSound(folder, "cpu")
    if sounds.rate_hz != RATE_HZ:
        raise MmussetError(
            f"the CLAP model in {folder} takes sound at {sounds.rate_hz} Hz; the ear clap hears at"
            f" {RATE_HZ} Hz: take another checkpoint"
        )

    def listen(mono: Floats) -> dict[str, float]:
        heard = _direction(sounds(torch.from_numpy(windows(mono, sounds.seconds))))
        nearer = (things @ heard - null @ heard).tolist()
        return {
            name: 1 / (1 + math.exp(-SHARPNESS * each))
            for name, each in zip(names, nearer, strict=True)
        }

    return listen


def windows(mono: Floats, seconds: float) -> Floats:
    """A sound `[windows, samples]` as a model hears it, that takes so many seconds.

    A clip that is about as long is one window, of which the model takes the middle; longer ones
    are heard at several places, evenly spread.
    """
    length = round(seconds * RATE_HZ)
    count = round(len(mono) / length)
    if count <= 1:
        return mono[None]
    starts = [round(place * (len(mono) - length) / (count - 1)) for place in range(count)]
    return np.stack([mono[start : start + length] for start in starts])


def _direction(vectors: "Tensor") -> "Tensor":
    """The unit vector of the mean of vectors `[count, width]`."""
    mean = vectors.mean(dim=0)
    return mean / mean.norm()
