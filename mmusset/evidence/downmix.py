"""Surround to stereo: by where each channel's loudspeaker stands, as ITU-R BS.775-4 adds them."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

HALF_POWER = 0.5**0.5
# What a channel adds to the left and to the right one. BS.775 names the front, the surrounds and
# a single surround; channels above and beside them are taken as their neighbours. It leaves the
# low-frequency channel to whoever mixes: nothing is dropped, so it is heard as the centre is.
LEVELS: dict[str, tuple[float, float]] = {
    **dict.fromkeys(("FL", "FLC", "DL"), (1.0, 0.0)),
    **dict.fromkeys(("FR", "FRC", "DR"), (0.0, 1.0)),
    **dict.fromkeys(("FC", "LFE", "LFE2"), (HALF_POWER, HALF_POWER)),
    **dict.fromkeys(("BL", "SL", "WL", "TFL", "TBL", "TSL", "BFL", "SDL"), (HALF_POWER, 0.0)),
    **dict.fromkeys(("BR", "SR", "WR", "TFR", "TBR", "TSR", "BFR", "SDR"), (0.0, HALF_POWER)),
    **dict.fromkeys(("BC", "TC", "TFC", "TBC", "BFC"), (0.5, 0.5)),
}
# Where a file does not say where its channels stand: as FLAC orders as many (RFC 9639, 9.1.3).
USUAL: dict[int, tuple[str, ...]] = {
    3: ("FL", "FR", "FC"),
    4: ("FL", "FR", "BL", "BR"),
    5: ("FL", "FR", "FC", "BL", "BR"),
    6: ("FL", "FR", "FC", "LFE", "BL", "BR"),
    7: ("FL", "FR", "FC", "LFE", "BC", "SL", "SR"),
    8: ("FL", "FR", "FC", "LFE", "BL", "BR", "SL", "SR"),
}


def to_stereo(samples: Samples, places: Sequence[str]) -> Samples:
    """`[frames, 2]` of `[frames, channels]`, whose loudspeakers stand at `places` ("FL", "FC").

    Places that no table has are heard equally on both sides. It may exceed full scale: see
    `within_full_scale`.
    """
    if not all(place in LEVELS for place in places) or len(places) != samples.shape[1]:
        places = USUAL.get(samples.shape[1], ("BC",) * samples.shape[1])
    levels = np.array([LEVELS[place] for place in places], np.float32)
    return np.asarray(samples @ levels, np.float32)


def within_full_scale(samples: Samples) -> Samples:
    """What was mixed down, turned down as a whole where its sum exceeds full scale."""
    peak = float(np.abs(samples).max(initial=0.0))
    return samples / np.float32(peak) if peak > 1.0 else samples
