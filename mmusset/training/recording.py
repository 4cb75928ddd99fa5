"""A recording that a user gives, decoded as a build would."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmusset.errors import Unread, Unusable
from mmusset.evidence.media_file import MediaFile
from mmusset.evidence.sound import open_sound
from mmusset.shards.reader import BadSample


@dataclass(frozen=True, slots=True)
class Recording:
    """The first seconds of a recording, `[frames, channels]` in -1 to 1 at a rate, and how long all
    of it lasts."""

    sound: NDArray[np.float32]
    rate_hz: int
    lasts_s: float


def decode_recording(path: Path, most_s: float) -> Recording:
    """The first `most_s` seconds of a recording. Raises BadSample for what is none."""
    try:
        with MediaFile(path) as media:
            sound = open_sound(media)
            first = sound.window(0.0, min(most_s, sound.duration_s))
    except (Unread, Unusable) as error:
        raise BadSample(f"its sound can't be heard ({error})") from None
    return Recording(first, sound.rate_hz, sound.duration_s)
